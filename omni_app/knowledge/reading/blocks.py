"""What reading a file makes: one text, and the blocks it consists of."""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Literal

from omni_app.knowledge.reading.bounds import MAX_CHARACTERS

Form = Literal["prose", "row"]

# Control characters but tab and newline: PostgreSQL keeps no zero byte, and the others are never meant.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\ufffe\uffff]")
_HEADING_CHARACTERS = 200


class Unreadable(Exception):
    """The file cannot be read; the message says why and what to do, in the reader's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One paragraph, list item or table row at `start`..`end` of the text, below the headings `path` (outermost first).

    A `row` stands for itself; prose may be joined with its neighbours. `page` is 1-based, None where there are no pages.
    """

    path: tuple[str, ...]
    start: int
    end: int
    page: int | None = None
    form: Form = "prose"


@dataclass(slots=True)
class Text:
    """The text of a document and its blocks in order. `pages`: how many the file has, None where there are none."""

    text: str = ""
    blocks: list[Block] = field(default_factory=list)
    pages: int | None = None


class Writer:
    """Writes blocks one after the other, so that each is a span of the text exactly."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []
        self._path: list[tuple[int, str]] = []

    def head(self, level: int, text: str) -> None:
        """A heading: what follows stands below it. `level` 1 is the outermost."""
        title = " ".join(clean(text).split())
        if not title:
            return
        self._path = [known for known in self._path if known[0] < level] + [(level, title[:_HEADING_CHARACTERS])]
        self._write(title)

    def add(self, text: str, form: Form = "prose", page: int | None = None) -> None:
        """A block; one without letters or digits is left out."""
        plain = "\n".join(" ".join(line.split()) for line in clean(text).split("\n")).strip()
        plain = re.sub(r"\n{2,}", "\n", plain)
        if not any(sign.isalnum() for sign in plain):
            return
        start = self._write(plain)
        path = tuple(title for _, title in self._path)
        self._blocks.append(Block(path=path, start=start, end=start + len(plain), page=page, form=form))

    def finish(self, pages: int | None = None) -> Text:
        """Everything written. Raises `Unreadable` when there is nothing."""
        if not self._blocks:
            raise Unreadable("There is no text in this file.")
        return Text(text="".join(self._parts), blocks=self._blocks, pages=pages)

    def _write(self, text: str) -> int:
        if self._parts:
            self._parts.append("\n\n")
            self._length += 2
        start = self._length
        self._parts.append(text)
        self._length += len(text)
        if self._length > MAX_CHARACTERS:
            raise Unreadable(f"This holds more than {MAX_CHARACTERS:,} characters of text. Split it into smaller documents.")
        return start


def clean(text: str) -> str:
    """`text` as it can be stored: no control characters, one kind of line end, composed letters, nothing half a character."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n").replace("\u2028", "\n").replace("\xad", "")
    return unicodedata.normalize("NFC", _CONTROLS.sub("", text).encode("utf-8", "replace").decode())
