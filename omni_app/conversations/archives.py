"""Zip archives, judged by their directory alone; nothing is unpacked here."""

import io
import struct
import zipfile

from omni_app.conversations.sniffing import RUNNABLE, check_directory, office_type
from omni_app.infra.errors import Invalid

MOST_UNPACKED = 1024 * 1024 * 1024
MOST_RATIO = 200

_TEXT_ENDINGS = frozenset(("html", "htm", "xhtml", "shtml", "svg", "xml", "css", "ts", "inf", "url", "py", "rb", "pl", "sh"))
# A folder of a web page or of sources is no attack; what starts by a double click is.
_STARTS = RUNNABLE - _TEXT_ENDINGS - {"js", "mjs", "cjs", "jsx", "wasm", "php", "phtml", "asp", "aspx", "jsp", "bash", "zsh"}


def look_into(data: bytes) -> str:
    """`application/zip` or the office type inside. Raises `Invalid` (field `file`): a bomb, a program inside, macros."""
    check_directory(data)
    try:
        entries = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, OverflowError, RuntimeError, EOFError, struct.error):
        return "application/octet-stream"
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MOST_UNPACKED or unpacked > MOST_RATIO * max(len(data), 4096):
        raise Invalid(f"This archive would unpack to {unpacked / 1_000_000:,.0f} MB. It was not kept.", "file")
    names = [entry.filename for entry in entries]
    if "META-INF/MANIFEST.MF" in names or "AndroidManifest.xml" in names:
        raise Invalid("This file is a program. Programs are not kept.", "file")
    for name in names:
        if name.rpartition(".")[2].strip().lower() in _STARTS and "." in name:
            raise Invalid("This archive holds a program. It was not kept.", "file")
    return office_type(data) or "application/zip"
