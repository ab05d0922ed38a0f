"""PDF: lines by page, headings by the size of their letters, without what repeats on every page."""

import io
import logging
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from omni_app.knowledge.reading.blocks import Text, Unreadable, Writer
from omni_app.knowledge.reading.bounds import MAX_PAGES
from omni_app.knowledge.reading.plain import join_lines

SCANNED = (
    "This PDF holds pictures of pages, no text. Save it from the program it was written in, or let a scanner program recognise "
    "the text, then upload it again."
)
ENCRYPTED = "This PDF is protected with a password. Save it without the password, then upload it again."
_DAMAGED = "This PDF is damaged. Open it, save it again, then upload the new file."

# Letters this much larger than the body's are a heading's.
_LARGER = 1.12
_LONGEST_HEADING = 120
_BORDER_LINES = 2


@dataclass(slots=True)
class _Line:
    text: str
    size: float
    is_bold: bool = False
    gap: float = 0.0
    """Distance to the line above in the size of its own letters; 0 where unknown."""


def read_pdf(data: bytes) -> Text:
    """Raises `Unreadable` for a scanned, encrypted or damaged file."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable(ENCRYPTED)
        count = len(reader.pages)
        if count > MAX_PAGES:
            raise Unreadable(f"This PDF has more than {MAX_PAGES:,} pages. Split it into smaller documents.")
        pages = [_lines(page) for page in reader.pages]
    except Unreadable:
        raise
    except (NotImplementedError, ImportError) as error:
        raise Unreadable(ENCRYPTED) from error
    except (
        PyPdfError,
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        AssertionError,
        OSError,
        RecursionError,
    ) as error:
        # What pypdf raises depends on where the file is broken.
        raise Unreadable(_DAMAGED) from error
    if not any(sign.isalnum() for lines in pages for line in lines for sign in line.text):
        raise Unreadable(SCANNED if count else _DAMAGED)
    body = _body_size(pages)
    return _write(_without_repeats(pages, body), body, count)


def _lines(page: Any) -> list[_Line]:
    pieces: list[tuple[str, float, bool, float]] = []

    def visit(text: str, matrix: Any, text_matrix: Any, font: Any, size: float) -> None:
        scale = abs(text_matrix[3] or text_matrix[1] or 1.0) * abs(matrix[3] or matrix[1] or 1.0)
        name = str((font or {}).get("/BaseFont", "")).lower()
        height = text_matrix[5] * (matrix[3] or 1.0) + matrix[5]
        pieces.append((text, float(size or 0) * scale, "bold" in name or "black" in name, height))

    page.extract_text(visitor_text=visit)
    lines: list[_Line] = []
    text, size, bold, all_bold, height, last_height = "", 0.0, False, True, None, None
    for piece, piece_size, piece_bold, at in [*pieces, ("\n", 0.0, False, 0.0)]:
        for index, part in enumerate(piece.split("\n")):
            if index:
                if text.strip():
                    gap = (last_height - height) / size if size and height is not None and last_height is not None else 0.0
                    lines.append(_Line(" ".join(text.split()), round(size, 1), bold and all_bold, gap))
                    last_height = height
                text, size, bold, all_bold, height = "", 0.0, False, True, None
            if part.strip():
                size, height = max(size, piece_size), at if height is None else height
                bold, all_bold = bold or piece_bold, all_bold and piece_bold
            text += part
    return lines


def _body_size(pages: list[list[_Line]]) -> float:
    """The size most letters have; 0 where there is no text."""
    weights: Counter[float] = Counter()
    for lines in pages:
        for line in lines:
            weights[line.size] += len(line.text)
    return weights.most_common(1)[0][0] if weights else 0.0


def _without_repeats(pages: list[list[_Line]], body: float) -> list[list[_Line]]:
    """Drop page numbers, and lines that stand at the top or bottom of most pages; headings ("Chapter 2") stay."""
    seen: Counter[str] = Counter()
    for lines in pages:
        borders = [*lines[:_BORDER_LINES], *lines[-_BORDER_LINES:]]
        seen.update({_shape(line.text) for line in borders if line.size < body * _LARGER})
    filled = sum(bool(lines) for lines in pages)
    repeated = {shape for shape, times in seen.items() if times >= 3 and times >= 0.6 * filled}
    kept = []
    for lines in pages:
        last = len(lines) - _BORDER_LINES
        kept.append(
            [
                line
                for place, line in enumerate(lines)
                if not (
                    (place < _BORDER_LINES or place >= last) and (_shape(line.text) in repeated or _is_page_number(line.text))
                )
            ]
        )
    return kept


def _shape(text: str) -> str:
    """A line without the page number at its beginning or end."""
    return re.sub(r"^\W*\d{1,4}\W+|\W+\d{1,4}(?:\s*(?:/|of|von|de|di)\s*\d{1,4})?\W*$", "", text.casefold())


def _is_page_number(text: str) -> bool:
    return bool(
        re.fullmatch(
            r"(?:page|seite|página|pagina)?\s*[-–]?\s*\d{1,4}\s*[-–]?(?:\s*(?:/|of|von|de|sur|di)\s*\d{1,4})?", text, re.I
        )
    )


def _write(pages: list[list[_Line]], body: float, count: int) -> Text:
    larger = sorted({line.size for lines in pages for line in lines if body and line.size >= body * _LARGER}, reverse=True)[:5]
    writer = Writer()
    for number, lines in enumerate(pages, start=1):
        paragraph: list[str] = []
        for line in lines:
            level = _level(line, body, larger)
            if level or line.gap > 1.7:
                _add(writer, paragraph, number)
                paragraph = []
            if level:
                writer.head(level, line.text)
            else:
                paragraph.append(line.text)
        _add(writer, paragraph, number)
    return writer.finish(pages=count)


def _level(line: _Line, body: float, larger: list[float]) -> int:
    if len(line.text) > _LONGEST_HEADING or not any(sign.isalpha() for sign in line.text):
        return 0
    if line.size in larger:
        return 1 + larger.index(line.size)
    is_closed = line.text.endswith((".", "!", ",", ";", ":"))
    return 7 if line.is_bold and len(line.text) <= 70 and not is_closed else 0


def _add(writer: Writer, lines: list[str], page: int) -> None:
    for paragraph in join_lines(lines):
        writer.add(paragraph, page=page)
