"""Which reader reads what."""

from omni_app.knowledge.reading.blocks import Text, Unreadable
from omni_app.knowledge.reading.bounds import MAX_BYTES
from omni_app.knowledge.reading.markup import read_html, read_markdown
from omni_app.knowledge.reading.pdf import read_pdf
from omni_app.knowledge.reading.plain import decode, read_text
from omni_app.knowledge.reading.sniffing import looks_like_markdown, sniff
from omni_app.knowledge.reading.table import read_csv
from omni_app.knowledge.reading.word import read_docx


def read_file(data: bytes, name: str = "") -> tuple[str, Text]:
    """The kind of a file and its text. Raises `Unreadable` with words for the reader.

    A stranger's file belongs into a process of its own (`apart.read_apart`): this may take long and much memory.
    """
    if len(data) > MAX_BYTES:
        raise Unreadable(f"This file is larger than {MAX_BYTES // 2**20} MB.")
    kind = sniff(data, name)
    if kind == "pdf":
        return kind, read_pdf(data)
    if kind == "docx":
        return kind, read_docx(data)
    text = decode(data)
    if kind == "text" and looks_like_markdown(text):
        kind = "markdown"
    readers = {"html": read_html, "markdown": read_markdown, "csv": read_csv, "text": read_text}
    return kind, readers[kind](text)
