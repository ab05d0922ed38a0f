"""Say that two customers are one person: by a suggestion, or by searching the other one."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from omni_app.conversations.joining import accept_suggestion, are_two_people, join_by_staff
from omni_app.customers.listing import CustomerFilter, list_customers
from omni_app.customers.profiles import load_customer
from omni_app.customers.suggesting import dismiss_suggestion
from omni_app.infra.errors import Invalid
from omni_app.infra.scope import Permission
from omni_app.ui.access import ViewerState, current_viewer, form_text, handler, parse_id, viewer_db
from omni_app.ui.components import said
from omni_app.ui.pages.customers.profile_state import CustomerState
from omni_app.ui.pages.customers.showing import name_of
from omni_app.ui.words import count

SHOWN = 6


@dataclass
class Candidate:
    """Somebody the search found."""

    id: str
    name: str
    about: str


class JoinState(ViewerState, rx.State):
    is_open: bool = False
    into_id: str = ""
    into_name: str = ""
    found: list[Candidate] = []
    is_searched: bool = False
    chosen_id: str = ""
    chosen_name: str = ""
    differs: bool = False
    """Both have proven addresses that differ: more likely two people than one."""
    evidence: str = ""
    """Why a suggestion says so; empty when somebody was searched for."""
    suggestion_id: str = ""
    form: int = 0
    """Grows when the dialog starts over."""

    @handler
    async def open_for(self, customer_id: str, name: str) -> None:
        (await current_viewer(self)).scope().require(Permission.REPLY)
        self.into_id, self.into_name = str(parse_id(customer_id, "customer")), str(name)[:200]
        self.found, self.is_searched = [], False
        self.chosen_id = self.chosen_name = self.suggestion_id = self.evidence = ""
        self.is_open, self.form = True, self.form + 1

    @handler
    async def open_suggested(self, customer_id: str, name: str, suggestion_id: str) -> None:
        page = await self.get_state(CustomerState)
        line = next((one for one in page.suggestions if one.id == suggestion_id), None)
        if line is None:
            raise Invalid("This was decided already.")
        self.into_id, self.into_name = str(parse_id(customer_id, "customer")), str(name)[:200]
        self.suggestion_id, self.evidence = line.id, line.evidence
        await self._choose(line.customer_id, line.name)
        self.is_open, self.form = True, self.form + 1

    @handler
    async def set_open(self, is_open: bool) -> None:
        self.is_open = bool(is_open)

    @handler
    async def find(self, form: dict[str, Any]) -> None:
        wanted = form_text(form, "search")
        if not wanted:
            raise Invalid("Write a name, an address or a number.", "search")
        async with viewer_db(self) as db:
            rows, _ = await list_customers(db, CustomerFilter(search=wanted), "seen", 1, SHOWN + 1)
        self.found = [
            Candidate(
                id=str(row.id),
                name=name_of(row.name, row.id),
                about=", ".join([count(row.conversations, "conversation"), *row.channels]),
            )
            for row in rows
            if str(row.id) != self.into_id
        ][:SHOWN]
        self.is_searched, self.chosen_id = True, ""

    @handler
    async def choose(self, customer_id: str) -> None:
        async with viewer_db(self) as db:
            view = await load_customer(db, parse_id(customer_id, "customer"))
        await self._choose(str(view.id), name_of(view.name, view.id))

    async def _choose(self, customer_id: str, name: str) -> None:
        async with viewer_db(self) as db:
            self.differs = await are_two_people(db, parse_id(customer_id, "customer"), parse_id(self.into_id, "customer"))
        self.chosen_id, self.chosen_name = customer_id, name

    @handler
    async def join(self, form: dict[str, Any]) -> Any:
        self.busy = "join"
        yield
        into_id = parse_id(self.into_id, "customer")
        async with viewer_db(self) as db:
            if self.suggestion_id:
                await accept_suggestion(db, parse_id(self.suggestion_id, "suggestion"), into_id)
            else:
                await join_by_staff(db, parse_id(self.chosen_id, "customer"), into_id, form_text(form, "reason"))
        self.is_open = False
        yield CustomerState.refresh
        yield said(f"{self.chosen_name} is joined into {self.into_name}")

    @handler
    async def dismiss(self, suggestion_id: str) -> Any:
        async with viewer_db(self) as db:
            await dismiss_suggestion(db, parse_id(suggestion_id, "suggestion"))
        yield CustomerState.refresh
        yield said("Noted: they are two people")
