"""The customer beside the open conversation."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from omni_app.conversations.reading import PastConversation
from omni_app.customers.blocking import block_customer, unblock_customer
from omni_app.customers.profiles import CustomerView, load_customer
from omni_app.infra.clock import now
from omni_app.ui.access import ViewerState, form_text, handler, parse_id, viewer_db
from omni_app.ui.components import said
from omni_app.ui.pages.inbox.profile_shapes import Past, Profile, profile_of
from omni_app.ui.words import zone_of


class ProfileState(ViewerState, rx.State):
    """Filled by the thread when it opens a conversation."""

    profile: Profile = Profile()
    block_open: bool = False

    _zone: str = "UTC"

    @handler
    async def set_block_open(self, is_open: bool) -> None:
        self.block_open = bool(is_open)

    @handler
    async def block(self, form: dict[str, Any]) -> Any:
        self.busy = "block"
        yield
        customer_id = parse_id(self.profile.id, "customer")
        async with viewer_db(self) as db:
            await block_customer(db, customer_id, form_text(form, "reason"))
        self.block_open = False
        await self._read(self._zone)
        yield said(f"{self.profile.name} is blocked")

    @handler
    async def unblock(self) -> Any:
        self.busy = "unblock"
        yield
        async with viewer_db(self) as db:
            await unblock_customer(db, parse_id(self.profile.id, "customer"))
        await self._read(self._zone)
        yield said(f"{self.profile.name} can write again")

    async def _read(self, zone: str) -> None:
        async with viewer_db(self) as db:
            customer = await load_customer(db, parse_id(self.profile.id, "customer"))
        self._show(customer, zone)

    def _show(self, customer: CustomerView, zone: str, past: Sequence[PastConversation] | None = None) -> None:
        """`past` is None when only the customer was read again: then the earlier conversations stay as shown."""
        self._zone = zone
        profile = profile_of(customer, zone_of(zone), now(), past or ())
        if past is None:
            shown: list[Past] = self.get_value("profile").past
            profile.past = shown
        if profile != self.get_value("profile"):
            self.profile = profile

    def _forget(self) -> None:
        self.profile, self.block_open = Profile(), False
