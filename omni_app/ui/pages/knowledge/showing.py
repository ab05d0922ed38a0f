"""How documents are shown: kinds, sizes, states, and a text with one span of it marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from omni_app.knowledge.documents import DocumentText, DocumentView
from omni_app.ui.words import count, when

KINDS = {"text": "Text", "markdown": "Markdown", "html": "HTML", "pdf": "PDF", "docx": "Word", "csv": "Table"}
# What the page shows at once: a browser takes a hundred thousand characters in paragraphs without stopping.
PART = 40_000


@dataclass
class DocumentLine:
    id: str
    title: str
    kind: str
    kind_name: str
    about: str
    status: str
    problem: str
    is_serving: bool
    progress: str
    percent: str
    changed: str


@dataclass
class Piece:
    """One paragraph: what stands before, in, and after the marked span. `form`: h for a heading, p otherwise."""

    form: str
    before: str
    marked: str
    after: str
    label: str


def size_words(size: int) -> str:
    """ "812 bytes", "14 kB", "3.2 MB"."""
    if size < 1000:
        return count(size, "byte")
    return f"{size / 1000:.0f} kB" if size < 950_000 else f"{size / 1e6:.1f} MB"


def line_of(view: DocumentView, zone: Any) -> DocumentLine:
    pages = f" · {count(view.pages, 'page')}" if view.pages else ""
    return DocumentLine(
        id=str(view.id),
        title=view.title,
        kind=view.kind,
        kind_name=KINDS.get(view.kind, "File"),
        about=f"{KINDS.get(view.kind, 'File')} · {size_words(view.size)}{pages}",
        status=view.status,
        problem=view.problem,
        is_serving=view.is_serving,
        progress=f"{view.passages_done:,} of {count(view.passages, 'passage')}",
        percent=str(round(100 * view.passages_done / view.passages)) if view.passages else "0",
        changed=when(view.updated_at, zone),
    )


def split_text(text: str) -> list[tuple[int, int]]:
    """Spans of the parts of a long text, each of at most `PART` characters and a paragraph more, cut between paragraphs."""
    parts, start = [], 0
    while start < len(text):
        end = len(text) if len(text) - start <= PART else text.find("\n\n", start + PART)
        end = len(text) if end < 0 else end
        parts.append((start, end))
        start = end + 2
    return parts or [(0, 0)]


def part_of(parts: Sequence[tuple[int, int]], place: int) -> int:
    """Which part holds the character at `place`."""
    return next((number for number, (_, end) in enumerate(parts) if place <= end), len(parts) - 1)


def pieces_of(document: DocumentText, span: tuple[int, int], mark: tuple[int, int]) -> list[Piece]:
    """The paragraphs of the part `span` of a text, with `mark` (start, end) marked in them."""
    starts = {passage.start: (number, passage.page) for number, passage in enumerate(document.passages, start=1)}
    covered = _cover(document)
    pieces: list[Piece] = []
    start, page = span[0], None
    while start < span[1]:
        end = document.text.find("\n\n", start, span[1])
        end = span[1] if end < 0 else end
        label = ""
        for place, (_, on_page) in starts.items():
            if start <= place < end and on_page is not None and on_page != page:
                page, label = on_page, f"Page {on_page}"
        first, last = max(start, min(mark[0], end)), max(start, min(mark[1], end))
        pieces.append(
            Piece(
                form="p" if _is_in(covered, start) else "h",
                before=document.text[start:first],
                marked=document.text[first:last],
                after=document.text[last:end],
                label=label,
            )
        )
        start = end + 2
    return pieces


def _cover(document: DocumentText) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for passage in document.passages:
        if merged and passage.start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(passage.end, merged[-1][1]))
        else:
            merged.append((passage.start, passage.end))
    return merged


def _is_in(covered: Sequence[tuple[int, int]], place: int) -> bool:
    # Before anything is cut, all of it is plain text.
    return not covered or any(start <= place < end for start, end in covered)
