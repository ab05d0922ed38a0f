"""The list of FAQs: search, pages, delete, export."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from omni_app.infra.errors import Invalid
from omni_app.knowledge.exporting import export_faqs
from omni_app.knowledge.faqs import FaqView, delete_faq, list_faqs
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, handler, loader, parse_id, viewer_db
from omni_app.ui.components import said
from omni_app.ui.live import watch
from omni_app.ui.words import count, when, zone_of

PAGE_SIZE = 25
MAX_SEARCH = 200


@dataclass
class FaqLine:
    id: str
    question: str
    answer: str
    ways: str
    changed: str


def first_line(text: str, longest: int = 140) -> str:
    """The first line of an answer, cut at `longest` characters."""
    lines = text.strip().splitlines()
    line = lines[0].strip() if lines else ""
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def plain_text(value: object, longest: int) -> str:
    """What the browser sent as one line that PostgreSQL can take; empty when it is no text."""
    if not isinstance(value, str):
        return ""
    return " ".join(value.replace("\x00", "").encode("utf-8", "replace").decode().split())[:longest]


class KnowledgeState(ViewerState, rx.State):
    lines: list[FaqLine] = []
    search: str = ""
    cleared: int = 0
    """Grows when the search box is emptied from outside, so that it shows it."""
    total: int = 0
    total_words: str = ""
    page: int = 1
    pages: int = 1
    deleting_id: str = ""
    deleting_question: str = ""

    @loader
    async def load(self) -> None:
        await watch(self, KnowledgeState.on_live, ("faq",))
        await self._read()

    @handler
    async def on_live(self, note: dict) -> None:
        await self._read()

    @handler
    async def refresh(self) -> None:
        await self._read()

    @handler
    async def find(self, text: str) -> None:
        self.search, self.page = plain_text(text, MAX_SEARCH), 1
        await self._read()

    @handler
    async def clear(self) -> None:
        self.search, self.page, self.cleared = "", 1, self.cleared + 1
        await self._read()

    @handler
    async def go(self, page: int) -> None:
        self.page = max(1, min(page, self.pages)) if isinstance(page, int) else 1
        await self._read()

    async def _read(self) -> None:
        async with viewer_db(self) as db:
            zone = zone_of((await load_business(db)).timezone)
            faqs, total = await list_faqs(db, self.search, self.page, PAGE_SIZE)
            if not faqs and total:
                # Somebody deleted what this page showed.
                self.page = -(-total // PAGE_SIZE)
                faqs, total = await list_faqs(db, self.search, self.page, PAGE_SIZE)
        self.total, self.pages = total, max(1, -(-total // PAGE_SIZE))
        self.total_words = count(total, "FAQ") if not self.search else f"{count(total, 'FAQ')} found"
        self.lines = [_line(faq, zone) for faq in faqs]

    @handler
    async def ask_delete(self, faq_id: str) -> None:
        line = next((line for line in self.lines if line.id == faq_id), None)
        if line is None:
            raise Invalid("This FAQ is not on the list any more.")
        self.deleting_id, self.deleting_question = line.id, line.question

    @handler
    async def keep(self, is_open: bool = False) -> None:
        self.deleting_id = ""

    @handler
    async def delete(self) -> Any:
        self.busy = "delete"
        yield
        faq_id, self.deleting_id = parse_id(self.deleting_id, "FAQ"), ""
        try:
            async with viewer_db(self) as db:
                await delete_faq(db, faq_id)
        finally:
            await self._read()
        yield said("FAQ deleted")

    @handler
    async def export(self) -> Any:
        async with viewer_db(self) as db:
            business, file = await load_business(db), await export_faqs(db)
        name = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in business.name.lower()).strip("-")
        return rx.download(data=file, filename=f"faqs-{name or 'omni'}.csv", mime_type="text/csv")


def _line(faq: FaqView, zone: Any) -> FaqLine:
    return FaqLine(
        id=str(faq.id),
        question=faq.question,
        answer=first_line(faq.answer),
        ways=f"{1 + len(faq.phrasings)}",
        changed=when(faq.updated_at, zone),
    )
