"""The ledger under the costs: every charge, newest first, narrowed by filters, and as a file."""

from datetime import date
from typing import Any
from uuid import UUID

import reflex as rx

from omni_app.infra import money
from omni_app.infra.clock import now
from omni_app.infra.errors import Invalid
from omni_app.insights.costs import load_zone
from omni_app.insights.ledger import LedgerFilter, list_choices, list_ledger
from omni_app.insights.ledger_links import sign_export
from omni_app.ui.access import ViewerState, form_text, handler, loader, viewer_db
from omni_app.ui.live import watch
from omni_app.ui.pages.costs.showing import LedgerLine, ledger_line
from omni_app.ui.words import count

PAGE_SIZE = 25


class LedgerState(ViewerState, rx.State):
    lines: list[LedgerLine] = []
    total: int = 0
    total_words: str = ""
    page: int = 1
    pages: int = 1
    search: str = ""
    service: str = ""
    channel: str = ""
    model: str = ""
    note: str = ""
    since: str = ""
    until: str = ""
    least: str = ""
    about_id: str = ""
    """A customer's or conversation's id that the list is narrowed to."""
    about_kind: str = ""
    about_name: str = ""
    services: list[str] = []
    channels: list[str] = []
    models: list[str] = []
    model_options: list[tuple[str, str]] = []
    more_open: bool = False
    cleared: int = 0

    @rx.var
    def is_narrowed(self) -> bool:
        return bool(
            self.search or self.service or self.channel or self.model or self.note or self.since or self.until or self.least
        ) or bool(self.about_id)

    @loader
    async def load(self) -> None:
        await watch(self, LedgerState.on_live, ("budget", "message.created"), every=3.0)
        await self._read_choices()
        await self._read()

    @handler
    async def on_live(self, note: dict) -> None:
        # Rows never move under the pointer on later pages.
        if self.page == 1:
            await self._read()

    @handler
    async def find(self, text: str) -> None:
        self.search, self.page = text[:200] if isinstance(text, str) else "", 1
        await self._read()

    @handler
    async def set_service(self, service: str) -> None:
        self.service, self.page = service if service in self.services else "", 1
        await self._read()

    @handler
    async def set_channel(self, channel: str) -> None:
        self.channel, self.page = channel if channel in (*self.channels, "none") else "", 1
        await self._read()

    @handler
    async def narrow(self, form: dict[str, Any]) -> None:
        """The filters that are needed less often."""
        chosen = form_text(form, "model")
        read_day(form_text(form, "since"), "since")
        read_day(form_text(form, "until"), "until")
        read_least(form_text(form, "least"))
        self.model = chosen if chosen in self.models else ""
        self.since, self.until = form_text(form, "since"), form_text(form, "until")
        self.least, self.note, self.page = form_text(form, "least"), form_text(form, "note")[:200], 1
        self.more_open = False
        await self._read()

    @handler
    async def show_only(self, kind: str, key: str, name: str) -> Any:
        """Narrow the list to one line of a breakdown."""
        self.page = 1
        if kind == "service":
            self.service = key if key in self.services else ""
        elif kind == "channel":
            self.channel = key if key in self.channels else "none"
        elif kind == "model":
            self.model = key.rpartition("/")[2]
        elif kind in ("customer", "conversation"):
            self.about_kind, self.about_id, self.about_name = kind, str(UUID(str(key))), str(name)[:200]
        await self._read()
        return rx.call_script("document.getElementById('ledger')?.scrollIntoView({block: 'start'})")

    @handler
    async def set_more_open(self, is_open: bool) -> None:
        self.more_open = bool(is_open)

    @handler
    async def clear(self) -> None:
        self.search = self.service = self.channel = self.model = self.note = self.since = self.until = self.least = ""
        self.about_id = self.about_kind = self.about_name = ""
        self.page, self.cleared = 1, self.cleared + 1
        await self._read()

    @handler
    async def go(self, page: int) -> None:
        self.page = max(1, min(page, self.pages)) if isinstance(page, int) else 1
        await self._read()

    @handler
    async def export(self) -> Any:
        async with viewer_db(self) as db:
            path = sign_export(db.scope, self._wanted())
        return rx.call_script(f"window.location.assign({path!r})")

    def _wanted(self) -> LedgerFilter:
        about = UUID(self.about_id) if self.about_id else None
        return LedgerFilter(
            service=self.service,
            channel=self.channel,
            model=self.model,
            customer_id=about if self.about_kind == "customer" else None,
            conversation_id=about if self.about_kind == "conversation" else None,
            since=read_day(self.since, "since"),
            until=read_day(self.until, "until"),
            least_nusd=read_least(self.least),
            note=self.note,
            search=self.search,
        )

    async def _read_choices(self) -> None:
        async with viewer_db(self) as db:
            choices = await list_choices(db)
        self.services, self.channels, self.models = list(choices.services), list(choices.channels), list(choices.models)
        self.model_options = [("", "Every model"), *((name, name) for name in choices.models)]

    async def _read(self) -> None:
        async with viewer_db(self) as db:
            zone = await load_zone(db)
            found, total = await list_ledger(db, self._wanted(), self.page, PAGE_SIZE)
        if any(row.service not in self.services or row.model not in self.models for row in found):
            await self._read_choices()
        at = now()
        self.total, self.pages = total, max(1, -(-total // PAGE_SIZE))
        first = (self.page - 1) * PAGE_SIZE + 1
        self.total_words = f"{first:,}–{first + len(found) - 1:,} of {total:,}" if found else count(total, "line")
        self.lines = [ledger_line(row, zone, at) for row in found]


def read_day(text: str, field: str) -> date | None:
    """The day a browser's date field sent; None for an empty one. Raise `Invalid`."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Invalid("Choose a day.", field=field) from None
    if not 2000 <= day.year <= 2200:
        raise Invalid("Choose a day of this century.", field=field)
    return day


def read_least(text: str) -> int:
    """Nano-dollars of "0.01"; 0 for an empty field. Raise `Invalid`."""
    text = text.strip().removeprefix("$").replace(",", "")
    if not text:
        return 0
    try:
        amount = money.to_nusd(text)
    except ValueError:
        raise Invalid("Write an amount in dollars, like 0.01.", field="least") from None
    if not 0 <= amount <= 1_000_000 * money.NUSD:
        raise Invalid("Write an amount from 0 to 1,000,000.", field="least")
    return amount
