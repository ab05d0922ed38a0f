"""Cut a text into passages along its structure, each a span of the text exactly.

A passage has 60 to 180 words where the text allows, never reaches across a heading, and ends where a sentence ends. Where a
section is longer than one passage, the next one begins with the last sentence of the one before, so that an answer that
needs two neighbouring sentences stands whole in one of them.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from omni_app.knowledge.reading import Block, Text

LEAST_WORDS = 60
MOST_WORDS = 180
# A sentence without an end (a table pasted as text, a language without spaces) is cut at this many characters.
MOST_CHARACTERS = 1_400

_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？]+[”」』）]*|\n+")
_SHORT = re.compile(
    r"(?:\b(?:dr|mr|mrs|ms|prof|st|no|nr|vs|approx|ca|inc|ltd|e\.g|i\.e|z\.b|d\.h|bzw|etc|fig|art|tel|ext|min|max|sra?|mme|m)"
    r"|\b[A-Z])\.$",
    re.IGNORECASE,
)
_NO_SPACES = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One passage: `start`..`end` are characters of the text, `heading` the headings above it, outermost first."""

    heading: str
    start: int
    end: int
    page: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is in a file: its kind (sniffed), text, number of pages (None without pages) and passages."""

    kind: str
    text: str
    pages: int | None
    passages: list[Cut]


def read_and_cut(data: bytes, name: str = "") -> Reading:
    """Read a file in this process, for files of our own; a stranger's goes through `reading.apart`. Raises `Unreadable`."""
    # The readers of PDF and Word are a fifth of a process's start, and files are read in processes of their own.
    from omni_app.knowledge.reading.choosing import read_file

    kind, text = read_file(data, name)
    return Reading(kind=kind, text=text.text, pages=text.pages, passages=cut(text))


def sentences(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Spans of the sentences in `text[start:end]`, in order, without the white space between them."""
    end = len(text) if end is None else end
    found: list[tuple[int, int]] = []
    begin = start
    for match in _END.finditer(text, start, end):
        is_line = match.group().startswith("\n")
        stop = match.start() if is_line else match.end()
        if not is_line and match.group().startswith(".") and _is_inside(text, begin, match.start(), stop, end):
            continue
        if text[begin:stop].strip():
            found.append(_trim(text, begin, stop))
        begin = match.end()
    if text[begin:end].strip():
        found.append(_trim(text, begin, end))
    return found


def _is_inside(text: str, begin: int, dot: int, stop: int, end: int) -> bool:
    """Whether this full stop ends an abbreviation, an initial or the number of a list item, not a sentence."""
    if _SHORT.search(text[max(begin, dot - 8) : dot + 1]):
        return True
    if text[begin:dot].strip().isdigit():
        return True
    after = text[stop:end].lstrip()
    return after[:1].islower()


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def weigh(text: str) -> int:
    """How many words a text has. Of scripts without spaces two characters count as one, of endless words ten."""
    return max(len(text.split()), len(text) // 10) + len(_NO_SPACES.findall(text)) // 2


def cut(read: Text) -> list[Cut]:
    """The passages of a text, in order."""
    cuts: list[Cut] = []
    section: list[Block] = []
    for block in read.blocks:
        if section and (block.path != section[0].path or block.form != section[0].form):
            cuts += _cut_section(read.text, section)
            section = []
        section.append(block)
    return cuts + (_cut_section(read.text, section) if section else [])


def _cut_section(text: str, blocks: Sequence[Block]) -> list[Cut]:
    heading = " › ".join(blocks[0].path)
    if blocks[0].form == "row":
        return [Cut(heading=heading, start=block.start, end=block.end, page=block.page) for block in blocks]
    return [Cut(heading=heading, start=start, end=end, page=_page_of(blocks, start)) for start, end in _spans(text, blocks)]


def _page_of(blocks: Sequence[Block], start: int) -> int | None:
    return blocks[max(0, bisect_right(blocks, start, key=lambda block: block.start) - 1)].page


def _spans(text: str, blocks: Sequence[Block]) -> list[tuple[int, int]]:
    parts = [part for block in blocks for part in _parts(text, block)]
    if sum(weigh(text[start:end]) for start, end in parts) <= MOST_WORDS:
        return [(parts[0][0], parts[-1][1])]
    borders = {block.end for block in blocks}
    spans: list[tuple[int, int]] = []
    first, words = 0, 0
    place = 0
    while place < len(parts):
        size = weigh(text[slice(*parts[place])])
        is_full = words + size > MOST_WORDS and place > first
        # A paragraph's end is the better place once there is enough.
        is_enough = words >= LEAST_WORDS and place > first and parts[place - 1][1] in borders and words + size > 2 * LEAST_WORDS
        if is_full or is_enough:
            spans.append((parts[first][0], parts[place - 1][1]))
            # The last sentence again, unless that alone fills much of the next passage.
            overlap = place - 1 if place - 1 > first and weigh(text[slice(*parts[place - 1])]) <= LEAST_WORDS else place
            first = overlap
            words = sum(weigh(text[slice(*part)]) for part in parts[first:place])
            if words + size > MOST_WORDS:
                first, words = place, 0
        words += size
        place += 1
    # A few words at the end belong to the passage before them.
    if spans and words < LEAST_WORDS // 2 and weigh(text[spans[-1][0] : parts[-1][1]]) <= MOST_WORDS + LEAST_WORDS:
        spans[-1] = (spans[-1][0], parts[-1][1])
    else:
        spans.append((parts[first][0], parts[-1][1]))
    return spans


def _parts(text: str, block: Block) -> list[tuple[int, int]]:
    """The sentences of a block; one that never ends is cut at white space, or anywhere."""
    parts: list[tuple[int, int]] = []
    for start, end in sentences(text, block.start, block.end):
        while end - start > MOST_CHARACTERS or weigh(text[start:end]) > MOST_WORDS:
            stop = text.rfind(" ", start + MOST_CHARACTERS // 3, start + MOST_CHARACTERS // 2)
            stop = start + MOST_CHARACTERS // 2 if stop < 0 else stop
            if stop >= end:
                break
            parts.append(_trim(text, start, stop))
            start, _ = _trim(text, stop, end)
        parts.append((start, end))
    return [part for part in parts if part[0] < part[1]]
