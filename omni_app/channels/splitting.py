"""Cut a long text into messages a channel takes: between paragraphs, else lines, sentences, words, and last between characters
as readers see them.

Nothing is lost or moved: the parts put together again are the text, but for the white space where it was cut.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from omni_app.channels.contract import TextLimit

# Each pattern matches up to where a text may be cut; what it matches at the end is white space that goes.
_PLACES = (
    re.compile(r"\n[^\S\n]*\n\s*"),
    re.compile(r"\n\s*"),
    re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+|(?<=[。！？])\s*"),
    re.compile(r"\s+"),
)

_ZWJ = "\u200d"
_HANGUL = range(0x1100, 0x1200)
_FLAGS = range(0x1F1E6, 0x1F200)
_SKINS = range(0x1F3FB, 0x1F400)
_TAGS = range(0xE0020, 0xE0080)

_SIZES: dict[str, Callable[[str], int]] = {
    "characters": len,
    "bytes": lambda text: len(text.encode("utf-8", "surrogatepass")),
    "utf16": lambda text: len(text.encode("utf-16-le", "surrogatepass")) // 2,
}


def size_of(text: str, limit: TextLimit) -> int:
    """How much of `limit` a text takes, in the limit's unit."""
    return _SIZES[limit.unit](text)


def split_text(text: str, limit: TextLimit) -> list[str]:
    """The text in parts of at most `limit.most`, each without white space around it; [] for one that is nothing else.

    A part is cut as late as the best kind of place allows: the last paragraph that fits, else the last line, sentence or word,
    as long as the part is at least a third full. Raises ValueError when the limit holds no single character.
    """
    parts: list[str] = []
    rest = text.strip()
    while rest:
        if size_of(rest, limit) <= limit.most:
            parts.append(rest)
            break
        room = _fitting(rest, limit)
        if not room:
            raise ValueError(f"a part of {limit.most} {limit.unit} holds nothing")
        at = _place(rest, room)
        parts.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return parts


def _fitting(text: str, limit: TextLimit) -> int:
    """How many characters from the start fit."""
    if limit.unit == "characters":
        return min(limit.most, len(text))
    used = 0
    for count, character in enumerate(text[: limit.most]):
        used += size_of(character, limit)
        if used > limit.most:
            return count
    return min(limit.most, len(text))


def _place(text: str, room: int) -> int:
    """Where to cut so that at most `room` characters stand before it."""
    for pattern in _PLACES:
        if at := _last_cut(pattern.finditer(text, 0, _end_of_gap(text, room)), room):
            return at
    return _between_graphemes(text, room)


def _end_of_gap(text: str, room: int) -> int:
    """White space right behind the room may be cut away, so places may reach over it; one sign more shows that it ends there."""
    end = room
    while end < len(text) and text[end].isspace():
        end += 1
    return end


def _last_cut(places: Iterable[re.Match[str]], room: int) -> int:
    best = 0
    for found in places:
        mark = found.group().rstrip()
        at = found.start() + len(mark)
        if found.start() and at <= room and at >= room // 3:
            best = at
    return best


def _between_graphemes(text: str, room: int) -> int:
    at = room
    while at > 0 and not _may_cut(text, at):
        at -= 1
    # A cluster longer than a whole part has to be cut somewhere.
    return at or room


def _may_cut(text: str, at: int) -> bool:
    """Whether a reader sees two characters on both sides (the main rules of Unicode Standard Annex #29)."""
    before, after = text[at - 1], text[at]
    code = ord(after)
    if before == "\r" and after == "\n":
        return False
    if _ZWJ in (before, after) or unicodedata.category(after).startswith("M") or code in _SKINS or code in _TAGS:
        return False
    if ord(before) in _HANGUL and code in _HANGUL:
        return False
    if code in _FLAGS and ord(before) in _FLAGS:
        return _flags_before(text, at) % 2 == 0
    return True


def _flags_before(text: str, at: int) -> int:
    return sum(1 for _ in _run_back(text, at))


def _run_back(text: str, at: int) -> Iterator[str]:
    while at > 0 and ord(text[at - 1]) in _FLAGS:
        at -= 1
        yield text[at]
