"""All FAQs as one file for a spreadsheet."""

import csv
import io

from omni_app.infra.database import Db
from omni_app.knowledge.faqs import list_faqs

COLUMNS = ("id", "question", "answer", "phrasings")
_PAGE = 500
# A spreadsheet runs a cell that begins like this as a formula; an apostrophe before it makes it text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _cell(value: str) -> str:
    return "'" + value if value.startswith(_FORMULA) else value


async def export_faqs(db: Db) -> str:
    """CSV with a head line; the phrasings of an FAQ stand in one cell, one to a line. Raises `Forbidden`."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    page = 1
    while True:
        faqs, _ = await list_faqs(db, page=page, limit=_PAGE)
        writer.writerows((faq.id, _cell(faq.question), _cell(faq.answer), _cell("\n".join(faq.phrasings))) for faq in faqs)
        if len(faqs) < _PAGE:
            return file.getvalue()
        page += 1
