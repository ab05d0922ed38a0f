"""What a file is, found from its bytes; the sender's word counts for nothing. And a name that harms nobody.

Signatures: https://www.iana.org/assignments/media-types and the formats' own specifications. Office files are told apart by the
parts in their zip directory, which is read without unpacking anything.
"""

import io
import re
import struct
import unicodedata
import zipfile

from omni_app.infra.errors import Invalid

MOST_PIXELS = 50_000_000
MOST_NAME = 120
MOST_ENTRIES = 10_000
MOST_DIRECTORY = 2 * 1024 * 1024

_OFFICE = "application/vnd.openxmlformats-officedocument."

EXTENSIONS: dict[str, tuple[str, ...]] = {
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg"),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "application/pdf": ("pdf",),
    "text/plain": ("txt", "csv", "md", "markdown", "log"),
    f"{_OFFICE}wordprocessingml.document": ("docx",),
    f"{_OFFICE}spreadsheetml.sheet": ("xlsx",),
    f"{_OFFICE}presentationml.presentation": ("pptx",),
    "application/vnd.oasis.opendocument.text": ("odt",),
    "audio/mpeg": ("mp3",),
    "audio/ogg": ("ogg", "oga", "opus"),
    "audio/mp4": ("m4a",),
    "audio/wav": ("wav",),
    "video/mp4": ("mp4", "m4v"),
}
"""Media types that may be sent, with the endings a name may keep; the first is given to a name with another."""

MEDIA_TYPES = tuple(EXTENSIONS)

ACCEPTED = (
    *MEDIA_TYPES,
    "text/csv",
    "text/markdown",
    *(f".{one}" for one in ("md", "log", "m4a", "docx", "xlsx", "pptx", "odt")),
)
"""What a file chooser should offer (`accept`): browsers know some of these by their ending only."""

# Text that a program or a browser would run; nobody sends it in a chat with a business.
RUNNABLE = frozenset(
    (
        *("html", "htm", "xhtml", "shtml", "svg", "xml", "css", "js", "mjs", "cjs", "jsx", "ts", "wasm", "php", "phtml", "asp"),
        *("aspx", "jsp", "jar", "vbs", "vbe", "wsf", "wsh", "hta", "bat", "cmd", "ps1", "psm1", "sh", "bash", "zsh", "command"),
        *("py", "rb", "pl", "com", "exe", "scr", "msi", "dll", "lnk", "url", "webloc", "desktop", "reg", "inf", "scf"),
    )
)
# All of C0 but tab, line feed, form feed and carriage return.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_MARKUP = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype|html|head|body|script|svg|\?xml|\?php|iframe|style|meta)", re.I | re.S)
_PARTS = (
    ("word/document.xml", f"{_OFFICE}wordprocessingml.document"),
    ("xl/workbook.xml", f"{_OFFICE}spreadsheetml.sheet"),
    ("ppt/presentation.xml", f"{_OFFICE}presentationml.presentation"),
)
_WORDS = "Send a picture, a PDF, a text or office document, a sound or an MP4 video."


def find_media_type(data: bytes, name: str) -> str:
    """One of `MEDIA_TYPES`. Raises `Invalid` (field `file`): empty, a type that may not be sent, too many pixels."""
    if not data:
        raise Invalid("This file is empty.", "file")
    kind = _by_signature(data)
    if kind is None and data[:4] == b"PK\x03\x04":
        kind = office_type(data)
    if kind is None and _is_text(data) and _ending(name) not in RUNNABLE:
        kind = "text/plain"
    if kind is None:
        raise Invalid(f"Files of this type cannot be sent. {_WORDS}", "file")
    if kind.startswith("image/"):
        size = picture_size(data, kind)
        if size is None or 0 in size:
            raise Invalid("This picture is damaged.", "file")
        if size[0] * size[1] > MOST_PIXELS:
            raise Invalid(f"This picture has {size[0]:,} × {size[1]:,} pixels; 50 million are the most.", "file")
    return kind


def _by_signature(data: bytes) -> str | None:
    head = data[:16]
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if head.startswith(b"RIFF"):
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12])
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head.startswith(b"OggS"):
        return "audio/ogg"
    if head.startswith(b"ID3") or (head[0] == 0xFF and len(head) > 2 and _is_mpeg_audio(head)):
        return "audio/mpeg"
    if head[4:8] == b"ftyp":
        return _mp4(head[8:12])
    return None


def _is_mpeg_audio(head: bytes) -> bool:
    """An MPEG audio frame of layer III: eleven set bits, no reserved version, bit rate or sampling rate (ISO 11172-3)."""
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    return head[1] >= 0xE0 and version != 1 and layer == 1 and head[2] >> 4 not in (0, 15) and head[2] >> 2 & 3 != 3


def _mp4(brand: bytes) -> str | None:
    if brand in (b"M4A ", b"M4B "):
        return "audio/mp4"
    known = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash", b"3gp4", b"3gp5")
    return "video/mp4" if brand in known else None


def check_directory(data: bytes) -> None:
    """Raise `Invalid` (field `file`) when a zip archive names more entries than are worth reading.

    The directory itself can be the bomb: 25 MB hold half a million empty entries. Its size stands in its end record (APPNOTE.TXT
    4.3.14 and 4.3.16, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT), found as Python's zipfile finds it.
    """
    at_end = len(data) - 22
    for place in {at_end, data.rfind(b"PK\x05\x06", max(0, at_end - 0xFFFF))}:
        if place < 0 or place > at_end or data[place : place + 4] != b"PK\x05\x06":
            continue
        entries, size = struct.unpack_from("<HI", data, place + 10)
        if place >= 76 and data[place - 20 : place - 16] == b"PK\x06\x07":
            entries, size = struct.unpack_from("<QQ", data, place - 76 + 32)
        if entries > MOST_ENTRIES or size > MOST_DIRECTORY:
            raise Invalid("This archive holds too many files.", "file")


def office_type(data: bytes) -> str | None:
    """The media type of an office document, None for any other archive. Raises `Invalid` for one with macros."""
    check_directory(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = {entry.filename for entry in archive.infolist()}
            if any(name.lower().endswith("vbaproject.bin") for name in names):
                raise Invalid("Documents with macros cannot be sent. Save it without them, or as a PDF.", "file")
            first = archive.infolist()[0] if names else None
            if first is not None and first.filename == "mimetype" and first.file_size < 100:
                odt = "application/vnd.oasis.opendocument.text"
                return odt if archive.read(first).strip() == odt.encode() else None
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        return None
    if "[Content_Types].xml" not in names:
        return None
    return next((kind for part, kind in _PARTS if part in names), None)


def _is_text(data: bytes) -> bool:
    """Text without markup a browser would run."""
    start = data[3:4096] if data.startswith(b"\xef\xbb\xbf") else data[:4096]
    return _MARKUP.match(start) is None and looks_like_text(data)


def looks_like_text(data: bytes) -> bool:
    """UTF-8 (or a single-byte code that is mostly readable) without control characters."""
    if any(sign in data for sign in (b"\x00", b"\x1b")):
        return False
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        high = sum(byte >= 0x80 for byte in data[:65536])
        if high > len(data[:65536]) * 0.3:
            return False
        text = data.decode("cp1252", "replace")
    return _CONTROL.search(text) is None


def picture_size(data: bytes, media_type: str) -> tuple[int, int] | None:
    """(width, height) in pixels from the header alone; None when there is none."""
    try:
        if media_type == "image/png":
            return struct.unpack(">II", data[16:24]) if data[12:16] == b"IHDR" else None
        if media_type == "image/gif":
            return struct.unpack("<HH", data[6:10])
        if media_type == "image/webp":
            return _webp_size(data)
        return _jpeg_size(data)
    except (struct.error, IndexError):
        return None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """https://developers.google.com/speed/webp/docs/riff_container"""
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L" and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """The first frame header (ITU T.81, B.2.2); markers are walked, never searched, so a thumbnail inside cannot mislead."""
    place = 2
    while place + 4 <= len(data):
        if data[place] != 0xFF:
            return None
        marker = data[place + 1]
        if marker == 0xFF:
            place += 1
        elif 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return width, height
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            place += 2
        elif marker in {0xD9, 0xDA}:
            return None
        else:
            length = struct.unpack(">H", data[place + 2 : place + 4])[0]
            if length < 2:
                return None
            place += 2 + length
    return None


def _ending(name: str) -> str:
    return name.rpartition(".")[2].strip().lower() if "." in name else ""


def _split(name: str) -> tuple[str, str]:
    """(what stands before, ending in lower case); no ending when it does not look like one, as in `Version 2. Final draft`."""
    stem, dot, ending = name.rpartition(".")
    return (stem, ending.lower()) if dot and re.fullmatch(r"[A-Za-z0-9]{1,8}", ending) else (name, "")


def clean_name(name: str, media_type: str) -> str:
    """The last part of a path, without signs that steer or disguise, at most 120 characters, with an ending of its true type."""
    name = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode("utf-8"))
    name = re.split(r"[/\\]", name)[-1]
    # Cc and Cf hold control and direction marks, Cs lone surrogates, Co and Cn what no font shows.
    name = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in name)
    name = re.sub(r'[<>:"|?*]', "_", " ".join(name.split())).strip(". ")
    endings = EXTENSIONS[media_type]
    stem, ending = _split(name)
    if ending not in endings and ending:
        # `photo.png.exe` of a picture: the wrong ending goes, a right one before it stays.
        name, (stem, ending) = stem, _split(stem)
    if ending in endings:
        name = stem
    else:
        ending = endings[0]
    name = name.strip(". ") or "file"
    return f"{name[: MOST_NAME - len(ending) - 1].rstrip('. ')}.{ending}"
