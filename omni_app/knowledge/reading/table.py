"""Tables: each row becomes lines "column: value", so that a row makes sense by itself."""

import csv
import io
import re
from collections.abc import Sequence

from omni_app.knowledge.reading.blocks import Text, Unreadable, Writer

_DELIMITERS = ",;\t|"
_SAMPLE = 20_000
_MOST_ROWS = 20_000
_NUMBER = re.compile(r"[\d\s.,:%/+\-$€£¥]+")


def read_csv(text: str) -> Text:
    """One block a row. The first row names the columns when it looks like it. Raises `Unreadable`."""
    text = text.lstrip("\ufeff")
    try:
        dialect: type[csv.Dialect] | csv.Dialect = csv.Sniffer().sniff(text[:_SAMPLE], _DELIMITERS)
    except csv.Error:
        dialect = csv.excel
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), dialect) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise Unreadable("This table cannot be read: a cell is too long or a quotation mark is missing.") from error
    if len(rows) > _MOST_ROWS:
        raise Unreadable(f"This table has more than {_MOST_ROWS:,} rows. Split it into smaller ones.")
    writer = Writer()
    write_rows(writer, rows, form_of_row=True)
    return writer.finish()


def write_rows(writer: Writer, rows: Sequence[Sequence[str]], form_of_row: bool = True) -> None:
    """Write the rows of one table below their column names; a table of one row or column is written as it is."""
    filled = [[" ".join(cell.split()) for cell in row] for row in rows if any(cell.strip() for cell in row)]
    if not filled:
        return
    widest = max(map(len, filled))
    if len(filled) == 1 or widest == 1:
        for row in filled:
            writer.add(" · ".join(cell for cell in row if cell))
        return
    names, body = (filled[0], filled[1:]) if _is_head(filled[0]) else ([], filled)
    for row in body:
        lines = [
            f"{names[place]}: {cell}" if place < len(names) and names[place] else cell for place, cell in enumerate(row) if cell
        ]
        writer.add("\n".join(lines), form="row" if form_of_row else "prose")


def _is_head(row: Sequence[str]) -> bool:
    filled = [cell for cell in row if cell]
    has_words = all(any(sign.isalpha() for sign in cell) and not _NUMBER.fullmatch(cell) for cell in filled)
    return len(filled) >= 2 and has_words and all(len(cell) <= 60 for cell in filled) and len(set(filled)) == len(filled)
