"""The list of customers: search, filters, order, pages, and the file of it."""

from dataclasses import replace
from typing import Any

import reflex as rx

from omni_app.customers.listing import MAX_SEARCH, CustomerFilter, export_list, list_customers, list_tags, searchable
from omni_app.infra.clock import now
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, handler, loader, viewer_db
from omni_app.ui.components import CHANNELS
from omni_app.ui.live import watch
from omni_app.ui.pages.customers.showing import CustomerLine, Tag, line_of
from omni_app.ui.words import count, zone_of

PAGE_SIZE = 25
SORTS = [("seen", "Last seen"), ("created", "Newest"), ("name", "Name"), ("messages", "Most messages")]
MARKS = [("", "Everybody"), ("verified", "Verified"), ("claims", "With a claim"), ("blocked", "Blocked")]
_MARKED: dict[str, CustomerFilter] = {
    "": CustomerFilter(),
    "verified": CustomerFilter(verified=True),
    "claims": CustomerFilter(has_claims=True),
    "blocked": CustomerFilter(blocked=True),
}


class CustomersState(ViewerState, rx.State):
    lines: list[CustomerLine] = []
    tags: list[Tag] = []
    search: str = ""
    cleared: int = 0
    """Grows when the search box is emptied from outside, so that it shows it."""
    mark: str = ""
    tag: str = ""
    channel: str = ""
    sort: str = "seen"
    total: int = 0
    total_words: str = ""
    page: int = 1
    pages: int = 1

    @rx.var
    def is_narrowed(self) -> bool:
        return bool(self.search or self.mark or self.tag or self.channel)

    @loader
    async def load(self) -> None:
        await watch(self, CustomersState.on_live, ("customer", "message.created"), every=2.0)
        await self._read()

    @handler
    async def on_live(self, note: dict) -> None:
        await self._read()

    @handler
    async def find(self, text: str) -> None:
        self.search, self.page = searchable(text)[:MAX_SEARCH] if isinstance(text, str) else "", 1
        await self._read()

    @handler
    async def set_mark(self, mark: str) -> None:
        self.mark, self.page = mark if mark in _MARKED else "", 1
        await self._read()

    @handler
    async def set_tag(self, tag: str) -> None:
        self.tag, self.page = searchable(tag)[:100] if isinstance(tag, str) else "", 1
        await self._read()

    @handler
    async def set_channel(self, channel: str) -> None:
        self.channel, self.page = channel if channel in CHANNELS else "", 1
        await self._read()

    @handler
    async def set_sort(self, sort: str) -> None:
        self.sort, self.page = sort if sort in dict(SORTS) else "seen", 1
        await self._read()

    @handler
    async def clear(self) -> None:
        self.search = self.mark = self.tag = self.channel = ""
        self.page, self.cleared = 1, self.cleared + 1
        await self._read()

    @handler
    async def go(self, page: int) -> None:
        self.page = max(1, min(page, self.pages)) if isinstance(page, int) else 1
        await self._read()

    def _wanted(self) -> CustomerFilter:
        return replace(_MARKED[self.mark], search=self.search, tag=self.tag, channel=self.channel)

    async def _read(self) -> None:
        async with viewer_db(self) as db:
            zone = zone_of((await load_business(db)).timezone)
            tags = await list_tags(db)
            found, total = await list_customers(db, self._wanted(), self.sort, self.page, PAGE_SIZE)
            if not found and total:
                # Those this page showed are gone.
                self.page = -(-total // PAGE_SIZE)
                found, total = await list_customers(db, self._wanted(), self.sort, self.page, PAGE_SIZE)
        at = now()
        self.total, self.pages = total, max(1, -(-total // PAGE_SIZE))
        self.total_words = count(total, "customer") + (" found" if self.is_narrowed else "")
        self.tags = [Tag(name=name, count=f"{number:,}") for name, number in tags[:50]]
        self.lines = [line_of(row, zone, at) for row in found]

    @handler
    async def export(self) -> Any:
        async with viewer_db(self) as db:
            business, file = await load_business(db), await export_list(db, self._wanted(), self.sort)
        name = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in business.name.lower()).strip("-")
        return rx.download(data=file, filename=f"customers-{name or 'omni'}.csv", mime_type="text/csv")
