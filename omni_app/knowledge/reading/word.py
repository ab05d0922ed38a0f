"""Word (.docx): headings by their styles, paragraphs, lists, tables."""

import io
import re
import zipfile

import docx
from docx.document import Document
from docx.table import Table
from docx.text.paragraph import Paragraph
from lxml import etree

from omni_app.knowledge.reading.blocks import Text, Unreadable, Writer
from omni_app.knowledge.reading.table import write_rows

_HEADING = re.compile(r"heading\s*(\d)", re.IGNORECASE)
_DAMAGED = "This Word file is damaged. Open it, save it again, then upload the new file."


def read_docx(data: bytes) -> Text:
    """Raises `Unreadable`. The ZIP was checked by `sniffing` before."""
    try:
        document = docx.Document(io.BytesIO(data))
        writer = Writer()
        _write(writer, document)
    except Unreadable:
        raise
    except (KeyError, ValueError, AttributeError, zipfile.BadZipFile, etree.XMLSyntaxError, OSError) as error:
        raise Unreadable(_DAMAGED) from error
    except Exception as error:
        # python-docx raises whatever its XML classes meet; all of it means the same here.
        if type(error).__module__.startswith(("docx.", "zlib", "lxml.")):
            raise Unreadable(_DAMAGED) from error
        raise
    return writer.finish()


def _write(writer: Writer, document: Document) -> None:
    for part in document.iter_inner_content():
        if isinstance(part, Table):
            write_rows(writer, [_cells(row) for row in part.rows])
            continue
        _paragraph(writer, part)


def _paragraph(writer: Writer, part: Paragraph) -> None:
    text = part.text
    style = (part.style.name if part.style is not None else "") or ""
    if style == "Title":
        writer.head(1, text)
    elif found := _HEADING.match(style):
        writer.head(1 + int(found.group(1)), text)
    elif _looks_like_heading(part, text):
        writer.head(8, text)
    elif style.startswith("List") or (part._p.pPr is not None and part._p.pPr.numPr is not None):
        writer.add(f"- {text}")
    else:
        writer.add(text)


def _looks_like_heading(part: Paragraph, text: str) -> bool:
    """People make headings by hand: a short paragraph that is bold from end to end."""
    runs = [run for run in part.runs if run.text.strip()]
    return (
        2 < len(text) <= 70
        and not text.rstrip().endswith((".", "!", "?", ",", ";"))
        and bool(runs)
        and all(run.bold for run in runs)
    )


def _cells(row: object) -> list[str]:
    # A merged cell is given once for each column it spans.
    cells: list[str] = []
    last = None
    for cell in row.cells:  # type: ignore[attr-defined]
        if cell._tc is not last:
            cells.append(cell.text)
        last = cell._tc
    return cells
