"""Plain text: charset, paragraphs from wrapped lines, headings by their look."""

import re
from collections.abc import Sequence

import charset_normalizer

from omni_app.knowledge.reading.blocks import Text, Unreadable, Writer, clean

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_SAMPLE = 100_000
# What Western European text holds beyond ASCII. Detectors guess wildly on few such letters; most old files are of this kind.
_WESTERN = frozenset("äöüÄÖÜßéèêëàâáçñóòôíìîïúùûæøåœÉÈÀÁÇÑÓÍÚÆØÅŒ€£§°²³½¼«»“”„‘’–—…•·©®™¿¡ªº\xa0´×±")
_CLOSED = re.compile(r"[.!?:;…。！？][\"'”’)\]]*$")
_ITEM = re.compile(r"^\s*(?:[-*•–·‣▪●○+]|\d{1,3}[.)]|[a-zA-Z][.)])\s+")
# A line at least this long, and about as long as its neighbours, was wrapped by an editor, not ended by the writer.
_WRAPPED = 40
_ABOUT_AS_LONG = 0.7
_MOST_HEADING = 70


def decode(data: bytes) -> str:
    """The text in these bytes. Raises `Unreadable` when no charset fits."""
    for mark, charset in _BOMS:
        if data.startswith(mark):
            return data.decode(charset, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        if (western := _as_western(data)) is not None:
            return western
        best = charset_normalizer.from_bytes(data[:_SAMPLE]).best()
    if best is None or best.encoding == "ascii":
        raise Unreadable("Omni cannot tell in which charset this text is written. Save it as UTF-8, then upload it again.")
    return data.decode(best.encoding, "replace")


def _as_western(data: bytes) -> str | None:
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    foreign = [sign for sign in text[:_SAMPLE] if sign > "\x7f"]
    return text if sum(sign in _WESTERN for sign in foreign) >= 0.9 * len(foreign) else None


def read_text(text: str) -> Text:
    """Paragraphs are split by empty lines; a short line by itself is a heading."""
    writer = Writer()
    pieces = [piece.strip("\n") for piece in re.split(r"\n[ \t]*\n+", clean(text)) if piece.strip()]
    for index, piece in enumerate(pieces):
        lines = [line for line in piece.split("\n") if line.strip()]
        if is_heading(lines) and index + 1 < len(pieces):
            writer.head(1, lines[0].strip().strip("#=* ").rstrip(":"))
            continue
        if (
            len(lines) > 1
            and is_heading(lines[:1])
            and len(lines[0]) + 25 < max(map(len, lines[1:]))
            and not _ITEM.match(lines[1])
        ):
            writer.head(1, lines[0].strip())
            lines = lines[1:]
        for paragraph in join_lines(lines):
            writer.add(paragraph)
    return writer.finish()


def is_heading(lines: Sequence[str]) -> bool:
    """Whether these lines look like a heading: one short line without a full stop that is no list item."""
    if len(lines) != 1:
        return False
    line = lines[0].strip()
    if not 2 <= len(line) <= _MOST_HEADING or (_ITEM.match(line) and not line[0].isdigit()):
        return False
    ended = _CLOSED.search(line)
    return any(sign.isalpha() for sign in line) and (ended is None or line.endswith(":")) and len(line.split()) <= 10


def join_lines(lines: Sequence[str]) -> list[str]:
    """Paragraphs from lines: lines an editor or a page wrapped are joined, list items and short lines stay lines of theirs.

    A word broken by a hyphen at the line's end is joined again.
    """
    paragraphs: list[str] = []
    before = ""
    wrapped = max(_WRAPPED, _ABOUT_AS_LONG * max((len(line) for line in lines), default=0))
    for line in (one.strip() for one in lines):
        if not line:
            continue
        is_broken = len(before) > 2 and before.endswith(("-", "‐")) and before[-2].isalpha() and line[:1].islower()
        if paragraphs and is_broken:
            paragraphs[-1] = paragraphs[-1].rstrip("-‐") + line
        elif paragraphs and not _ITEM.match(line) and _goes_on(before, line, wrapped):
            paragraphs[-1] += " " + line
        elif paragraphs:
            paragraphs[-1] += "\n" + line
        else:
            paragraphs.append(line)
        before = line
    return paragraphs


def _goes_on(before: str, line: str, wrapped: float) -> bool:
    if line[:1].islower():
        return True
    return len(before) >= wrapped and (not _CLOSED.search(before) or len(before) >= 70)
