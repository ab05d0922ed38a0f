"""Files as people upload them, and documents of a business, for tests."""

import io
import zipfile
from collections.abc import Sequence

import docx
from fpdf import FPDF

from omni_app.infra.database import open_db
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope
from omni_app.knowledge.documents import DocumentText, DocumentView, add_document, load_document, prepare_text
from omni_app.knowledge.jobs import ReadDocument
from workers.documents import read_document

VISIT = """# Your visit

Welcome to the clinic. Come ten minutes before your appointment and bring your insurance card.

## After an extraction

Do not rinse your mouth for twenty-four hours. Bite on the gauze for thirty minutes. Eat soft food such as yoghurt and soup
for two days. Do not smoke.

## Whitening

Whitening takes about one hour. The result holds for two years. Coffee and red wine stain the teeth again.

| Treatment | Price |
|---|---|
| Whitening | $350 |
| Night guard | $420 |

## Parking

The garage on Salter Street is free for patients for two hours. Bring the ticket to the desk.
"""


def make_pdf(pages: Sequence[Sequence[tuple[str, str]]], header: str = "", encrypted: str = "") -> bytes:
    """A PDF; each page is a list of (heading, text)."""
    pdf = FPDF()
    for number, page in enumerate(pages, start=1):
        pdf.add_page()
        if header:
            pdf.set_font("Helvetica", size=9)
            pdf.cell(0, 5, f"{header} - {number}", new_x="LMARGIN", new_y="NEXT")
        for heading, text in page:
            pdf.set_font("Helvetica", "B", 16)
            pdf.cell(0, 12, heading, new_x="LMARGIN", new_y="NEXT")
            pdf.set_font("Helvetica", size=11)
            pdf.multi_cell(0, 6, text, new_x="LMARGIN", new_y="NEXT")
    if encrypted:
        pdf.set_encryption(owner_password=encrypted, user_password=encrypted)
    return bytes(pdf.output())


def make_scan() -> bytes:
    """A PDF that holds a drawing and no text."""
    pdf = FPDF()
    pdf.add_page()
    pdf.rect(20, 20, 100, 60, style="F")
    return bytes(pdf.output())


def make_docx() -> bytes:
    document = docx.Document()
    document.add_heading("Price list", 0)
    document.add_heading("Whitening", 1)
    document.add_paragraph("Whitening takes one hour.")
    document.add_paragraph("Bring a friend", style="List Bullet")
    table = document.add_table(rows=3, cols=2)
    for row, cells in zip(table.rows, (("Treatment", "Price"), ("Crown", "$900"), ("Filling", "$150")), strict=True):
        for cell, value in zip(row.cells, cells, strict=True):
            cell.text = value
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def make_zip(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def make_bomb() -> bytes:
    """A DOCX of a few kilobytes that unpacks to 210 MB."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("word/document.xml", "w") as member:
            for _ in range(210):
                member.write(bytes(2**20))
    return file.getvalue()


async def add_text(scope: Scope, text: str = VISIT, title: str = "Your visit") -> DocumentView:
    """A pasted document, waiting to be read."""
    return await add_document(scope, prepare_text(title, text))


async def work(scope: Scope, view: DocumentView) -> DocumentText:
    """Do what the worker does for a document, and look at it afterwards."""
    await read_document(scope.business_id, ReadDocument(document_id=view.id))
    async with open_db(scope) as db:
        return await load_document(db, view.id)


async def add_ready(scope: Scope, text: str = VISIT, title: str = "Your visit") -> DocumentText:
    """A pasted document that answers."""
    return await work(scope, await add_text(scope, text, title))


def other_id() -> object:
    return new_id()
