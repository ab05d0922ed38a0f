"""What a file is, told by what is in it. The name decides only between kinds of plain text, where the content cannot."""

import io
import re
import zipfile

import puremagic

from omni_app.knowledge.reading.blocks import Unreadable
from omni_app.knowledge.reading.bounds import MAX_MEMBERS, MAX_RATIO, MAX_UNPACKED

KINDS = ("text", "markdown", "html", "pdf", "docx", "csv")
TAKEN = "Omni reads PDF, Word (.docx), HTML, Markdown, CSV and plain text."

_HTML = re.compile(rb"^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_HTML_PARTS = re.compile(rb"</(?:p|div|h[1-6]|li|td|table|section|article|span|a)>", re.IGNORECASE)
_MARKDOWN = re.compile(
    r"^(?:#{1,6} \S|[-*+] \S|\d{1,3}[.)] \S|> \S|```|\|.+\|\s*$)|\[[^\]\n]+\]\([^)\s]+\)|\*\*\S[^*\n]*\*\*", re.MULTILINE
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_FAMILIES = {
    "image": "This is a picture.",
    "video": "This is a film.",
    "audio": "This is a sound recording.",
    "font": "This is a font.",
}


def sniff(data: bytes, name: str = "") -> str:
    """One of `KINDS`. Raises `Unreadable` for anything else, and for what is encrypted, damaged or a trap at first sight."""
    if not data.strip(b"\x00 \t\r\n"):
        raise Unreadable("This file is empty.")
    head = data[:4096]
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _sniff_zip(data)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        raise Unreadable("This is an old or password-protected Office file. Open it, then save it as .docx without a password.")
    if head.startswith(b"{\\rtf"):
        raise Unreadable("This is an RTF file. Open it in a word processor, then save it as .docx.")
    if is_binary(data):
        raise Unreadable(f"{_foreign(head)} {TAKEN}")
    if _HTML.match(head) or len(_HTML_PARTS.findall(data[:100_000])) >= 5:
        return "html"
    return _sniff_text(name.lower())


def _sniff_text(name: str) -> str:
    if name.endswith((".csv", ".tsv")):
        return "csv"
    if name.endswith((".html", ".htm", ".xhtml")):
        return "html"
    return "markdown" if name.endswith((".md", ".markdown")) else "text"


def looks_like_markdown(text: str) -> bool:
    """Whether pasted text carries marks of Markdown; without any it is read as plain text."""
    return len(_MARKDOWN.findall(text[:100_000])) >= 2 or bool(re.search(r"^#{1,6} \S", text, re.MULTILINE))


def is_binary(data: bytes) -> bool:
    """Whether these bytes are no text in any charset."""
    if data.startswith(_UTF16):
        return False
    sample = data[:65_536]
    odd = sum(sample.count(bytes((code,))) for code in (*range(9), *range(14, 27), *range(28, 32), 127))
    return odd > len(sample) / 100


def _foreign(head: bytes) -> str:
    try:
        found = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        found = []
    family = found[0].mime_type.split("/")[0] if found else ""
    return _FAMILIES.get(family, "This is no document Omni can read.")


def _sniff_zip(data: bytes) -> str:
    try:
        members = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError) as error:
        raise Unreadable("This file is damaged. Open it, save it again, then upload the new file.") from error
    unpacked = sum(member.file_size for member in members)
    if len(members) > MAX_MEMBERS or unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * max(len(data), 4096):
        raise Unreadable("This file would unpack to far more than a document holds. It was not opened.")
    names = {member.filename for member in members}
    if "word/document.xml" in names:
        return "docx"
    if "xl/workbook.xml" in names:
        raise Unreadable("This is a spreadsheet. Save it as CSV, then upload that.")
    if "ppt/presentation.xml" in names:
        raise Unreadable("This is a presentation. Save it as PDF, then upload that.")
    if "content.xml" in names and "mimetype" in names:
        raise Unreadable("This is an OpenDocument file. Save it as .docx or PDF, then upload that.")
    raise Unreadable(f"This is an archive. Unpack it, then upload the documents in it. {TAKEN}")
