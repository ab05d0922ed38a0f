"""Read multipart/form-data (RFC 7578) as bytes: each field may be in a charset of its own, and a form may end early."""

import re
from dataclasses import dataclass

MOST_PARTS = 500
_BOUNDARY = re.compile(rb'boundary\s*=\s*(?:"([^"\r\n]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
_DISPOSITION = re.compile(rb"^content-disposition\s*:\s*form-data\b(.*)$", re.IGNORECASE | re.MULTILINE)
_NAME = re.compile(rb';\s*name\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))', re.IGNORECASE)
_FILENAME = re.compile(rb';\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))', re.IGNORECASE)
_TYPE = re.compile(rb"^content-type\s*:\s*([^;\r\n]+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One field. `file_name` is None for a plain field; an empty one is still a file."""

    data: bytes
    file_name: bytes | None = None
    media_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The fields by name (the first of a name counts); `is_whole` is False when the end is missing."""

    parts: dict[str, Part]
    is_whole: bool

    def raw(self, name: str) -> bytes:
        """The bytes of a field, b"" when it is not there."""
        part = self.parts.get(name)
        return b"" if part is None else part.data

    def text(self, name: str) -> str:
        """A field that is ASCII by its nature (addresses, JSON); other bytes are read as UTF-8 as far as they are."""
        return self.raw(name).decode("utf-8", "replace").strip()


def read_form(body: bytes, content_type: str) -> Form | None:
    """The form in `body`; None when it is none. A field cut off in the middle is there as far as it came."""
    found = _BOUNDARY.search(content_type.encode("latin-1", "replace"))
    if found is None or b"multipart/form-data" not in content_type.encode("latin-1", "replace").lower():
        return None
    delimiter = b"\r\n--" + (found[1] or found[2])
    pieces = (b"\r\n" + body).split(delimiter, MOST_PARTS + 1)
    parts: dict[str, Part] = {}
    is_whole = False
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            is_whole = True
            break
        head, _, data = piece.partition(b"\r\n\r\n")
        if (disposition := _DISPOSITION.search(head)) is None or (name := _value(_NAME, disposition[1])) is None:
            continue
        kind = _TYPE.search(head)
        part = Part(
            data=data,
            file_name=_value(_FILENAME, disposition[1]),
            media_type=kind[1].strip().decode("ascii", "replace").lower() if kind else "",
        )
        parts.setdefault(name.decode("utf-8", "replace"), part)
    return Form(parts=parts, is_whole=is_whole) if parts else None


def _value(pattern: re.Pattern[bytes], text: bytes) -> bytes | None:
    found = pattern.search(text)
    if found is None:
        return None
    return re.sub(rb"\\(.)", rb"\1", found[1]) if found[1] is not None else found[2] or b""
