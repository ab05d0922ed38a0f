"""Stored answers: search, pages, remove one, remove those that fit a pattern, remove all."""

from typing import Any

import reflex as rx

from omni_app.cache.stored import clear, list_entries
from omni_app.insights.cache_figures import count_served
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, form_text, handler, loader, parse_id, viewer_db
from omni_app.ui.components import said
from omni_app.ui.live import watch
from omni_app.ui.pages.cache.showing import EntryLine, entry_line
from omni_app.ui.pages.knowledge.listing import MAX_SEARCH, plain_text
from omni_app.ui.words import count, zone_of

PAGE_SIZE = 10


class EntriesState(ViewerState, rx.State):
    lines: list[EntryLine] = []
    search: str = ""
    cleared: int = 0
    """Grows when the search box is emptied from outside, so that it shows it."""
    total: int = 0
    total_words: str = ""
    page: int = 1
    pages: int = 1
    asks: str = ""
    """What is asked about: one (`asked_question`), pattern, all; empty: nothing."""
    asked_id: str = ""
    asked_question: str = ""
    form: int = 0

    @loader
    async def load(self) -> None:
        await watch(self, EntriesState.on_live, ("cache",), every=2.0)
        await self._read()

    @handler
    async def on_live(self, note: dict) -> None:
        await self._read()

    @handler
    async def find(self, text: str) -> None:
        self.search, self.page = plain_text(text, MAX_SEARCH), 1
        await self._read()

    @handler
    async def clear_search(self) -> None:
        self.search, self.page, self.cleared = "", 1, self.cleared + 1
        await self._read()

    @handler
    async def go(self, page: int) -> None:
        self.page = max(1, min(page, self.pages)) if isinstance(page, int) else 1
        await self._read()

    @handler
    async def ask_one(self, entry_id: str) -> None:
        line = next((line for line in self.lines if line.id == entry_id), None)
        if line is not None:
            self.asks, self.asked_id, self.asked_question = "one", line.id, line.question

    @handler
    async def ask_all(self) -> None:
        self.asks = "all"

    @handler
    async def ask_pattern(self) -> None:
        self.asks, self.form = "pattern", self.form + 1

    @handler
    async def keep(self, is_open: bool = False) -> None:
        self.asks = ""

    @handler
    async def remove(self) -> Any:
        """Remove what was asked about: one answer or all."""
        self.busy = "remove"
        yield
        what, self.asks = self.asks, ""
        async with viewer_db(self) as db:
            entry_id = parse_id(self.asked_id, "stored answer") if what == "one" else None
            gone = await clear(db, entry_id=entry_id) if what in ("one", "all") else 0
        await self._read()
        yield said(f"{count(gone, 'stored answer')} removed")

    @handler
    async def remove_pattern(self, form: dict[str, Any]) -> Any:
        self.busy = "pattern"
        yield
        async with viewer_db(self) as db:
            gone = await clear(db, pattern=form_text(form, "pattern"))
        self.asks = ""
        await self._read()
        yield said(f"{count(gone, 'stored answer')} removed" if gone else "No stored question fits that.")

    async def _read(self) -> None:
        async with viewer_db(self) as db:
            zone = zone_of((await load_business(db)).timezone)
            found, total = await list_entries(db, self.search, self.page, PAGE_SIZE)
            if not found and total:
                # What this page showed was removed.
                self.page = -(-total // PAGE_SIZE)
                found, total = await list_entries(db, self.search, self.page, PAGE_SIZE)
            oldest = min((view.created_at for view in found), default=None)
            served = await count_served(db, [view.id for view in found], oldest) if oldest else {}
        self.total, self.pages = total, max(1, -(-total // PAGE_SIZE))
        self.total_words = count(total, "answer") if not self.search else f"{count(total, 'answer')} found"
        self.lines = [entry_line(view, served.get(view.id, 0), zone) for view in found]
