"""What was refused and what looked like abuse: read, narrowed, judged, lifted."""

from datetime import timedelta
from typing import Any

import reflex as rx

from omni_app.customers.blocking import block_customer
from omni_app.infra.clock import now
from omni_app.limits.abuse import AbuseFilter, figures, lift, list_events, load_event, review
from omni_app.limits.refusals import list_refusals, refusal_figures
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, handler, loader, parse_id, viewer_db
from omni_app.ui.components import said
from omni_app.ui.live import watch
from omni_app.ui.pages.limits.showing import (
    KINDS,
    PERIODS,
    STATES,
    EventLine,
    LimitLine,
    RefusalLine,
    event_line,
    limit_lines,
    name_of,
    refusal_line,
    words_of_evidence,
)
from omni_app.ui.words import count, zone_of

PAGE_SIZE = 10


class AbuseState(ViewerState, rx.State):
    events: list[EventLine] = []
    total: int = 0
    total_words: str = ""
    page: int = 1
    pages: int = 1
    kind: str = ""
    state: str = ""
    period: str = "30"

    seen: str = "0"
    seen_note: str = ""
    held: str = "0"
    wrong: str = "0"
    wrong_note: str = ""
    refused: str = "0"
    refused_note: str = ""

    by_limit: list[LimitLine] = []
    refusals: list[RefusalLine] = []
    limit: str = ""
    """The limit whose refusals are listed; empty: of every limit."""
    refusals_page: int = 1
    refusals_pages: int = 1

    blocking: str = ""
    """The event whose customer is about to be blocked for good."""
    blocking_name: str = ""

    @rx.var
    def is_narrowed(self) -> bool:
        return bool(self.kind or self.state)

    @loader
    async def load(self) -> None:
        await watch(self, AbuseState.on_live, ("limits", "customer.changed"), every=1.0)
        await self._read()

    @handler
    async def on_live(self, note: dict) -> None:
        await self._read()

    @handler
    async def set_kind(self, kind: str) -> None:
        self.kind, self.page = kind if kind in KINDS else "", 1
        await self._read()

    @handler
    async def set_state(self, state: str) -> None:
        self.state, self.page = state if state in STATES else "", 1
        await self._read()

    @handler
    async def set_period(self, period: str) -> None:
        self.period = period if period in PERIODS else "30"
        self.page = self.refusals_page = 1
        await self._read()

    @handler
    async def set_limit(self, name: str) -> None:
        self.limit, self.refusals_page = str(name)[:100].replace("\x00", ""), 1
        await self._read()

    @handler
    async def clear(self) -> None:
        self.kind = self.state = ""
        self.page = 1
        await self._read()

    @handler
    async def go(self, page: int) -> None:
        self.page = max(1, min(page, self.pages)) if isinstance(page, int) else 1
        await self._read()

    @handler
    async def go_refusals(self, page: int) -> None:
        self.refusals_page = max(1, min(page, self.refusals_pages)) if isinstance(page, int) else 1
        await self._read()

    @handler
    async def judge(self, event_id: str, verdict: str) -> Any:
        wanted = parse_id(event_id, "sign of abuse")
        async with viewer_db(self) as db:
            judged = await review(db, wanted, str(verdict))
        await self._read()
        name = name_of(judged.customer_name, judged.customer_id)
        return said("Noted as right" if judged.verdict == "right" else f"Noted as wrong. It no longer counts against {name}")

    @handler
    async def let_go(self, event_id: str) -> Any:
        wanted = parse_id(event_id, "sign of abuse")
        async with viewer_db(self) as db:
            lifted = await lift(db, wanted)
        await self._read()
        return said(f"{name_of(lifted.customer_name, lifted.customer_id)} may write again")

    @handler
    async def ask_block(self, event_id: str) -> None:
        async with viewer_db(self) as db:
            event = await load_event(db, parse_id(event_id, "sign of abuse"))
        self.blocking, self.blocking_name = str(event.id), name_of(event.customer_name, event.customer_id)

    @handler
    async def keep(self, _open: bool = False) -> None:
        self.blocking = ""

    @handler
    async def block(self) -> Any:
        async with viewer_db(self) as db:
            event = await load_event(db, parse_id(self.blocking, "sign of abuse"))
            reason = f"{KINDS.get(event.kind, event.kind)}: {words_of_evidence(event.kind, event.evidence)}"
            await review(db, event.id, "right")
            await block_customer(db, event.customer_id, reason[:300])
        name, self.blocking = self.blocking_name, ""
        await self._read()
        return said(f"{name} is blocked")

    async def _read(self) -> None:
        at = now()
        since = at - timedelta(days=int(self.period))
        async with viewer_db(self) as db:
            zone = zone_of((await load_business(db)).timezone)
            seen = await figures(db, since, at + timedelta(minutes=1))
            wanted = AbuseFilter(kind=self.kind, state=self.state, since=since)
            events, total = await list_events(db, wanted, self.page, PAGE_SIZE)
            if not events and total:
                self.page = -(-total // PAGE_SIZE)
                events, total = await list_events(db, wanted, self.page, PAGE_SIZE)
            refused = await refusal_figures(db, since)
            # What a period does not hold cannot be picked in it.
            if self.limit not in {one.limit_name for one in refused.by_limit}:
                self.limit = ""
            refusals, refusals_total = await list_refusals(db, since, self.refusals_page, PAGE_SIZE, self.limit)
        self.events = [event_line(event, zone) for event in events]
        self.total, self.pages = total, max(1, -(-total // PAGE_SIZE))
        self.total_words = count(total, "sign")
        self.seen, self.seen_note = f"{seen.events:,}", f"from {count(seen.customers, 'customer')}"
        self.held = f"{seen.restricted:,}"
        self.wrong, self.wrong_note = f"{seen.wrong:,}", f"of {seen.judged:,} judged"
        self.refused, self.refused_note = f"{refused.refused:,}", f"{count(refused.subjects, 'sender')} met a limit"
        self.by_limit = limit_lines(refused.by_limit)
        self.refusals = [refusal_line(row, zone) for row in refusals]
        self.refusals_pages = max(1, -(-refusals_total // PAGE_SIZE))
