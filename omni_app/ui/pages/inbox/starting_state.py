"""A message that staff begin with: by which account, to whom, and what."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import reflex as rx

from omni_app.channels.templates import list_templates
from omni_app.conversations.starting import start_conversation
from omni_app.conversations.templates import start_with_template
from omni_app.conversations.ways import list_ways
from omni_app.customers.listing import CustomerFilter, list_customers
from omni_app.infra.errors import FieldError, Invalid
from omni_app.ui.access import ViewerState, form_text, handler, parse_id, viewer_db
from omni_app.ui.components import avatar_tone, channel_name, initials
from omni_app.ui.pages.inbox.lines import name_of
from omni_app.ui.pages.inbox.template_shapes import Template, in_use_first, template_of, typed_into, use_of

_FOUND = 6
_LONGEST = 120


@dataclass
class WayShown:
    """An account one may begin with."""

    id: str = ""
    label: str = ""
    channel: str = ""
    has_subject: bool = False
    needs_template: bool = False


@dataclass
class Known:
    """A customer the search found."""

    id: str = ""
    name: str = ""
    letters: str = ""
    tone: str = ""
    about: str = ""


class StartingState(ViewerState, rx.State):
    """`to` is the chosen customer; without one the message goes to what is `typed`, an address."""

    open: bool = False
    ways: list[WayShown] = []
    way: WayShown = WayShown()
    typed: str = ""
    found: list[Known] = []
    to: Known = Known()
    templates: list[Template] = []
    template: Template = Template()

    _draft: str = ""

    @handler
    async def set_open(self, is_open: bool) -> None:
        self.open = bool(is_open)
        if not self.open:
            return
        self.typed, self.found, self.to, self._draft = "", [], Known(), str(uuid4())
        async with viewer_db(self) as db:
            ways = await list_ways(db)
        self.ways = [
            WayShown(
                id=str(way.id),
                label=f"{channel_name(way.channel)} · {way.name}{' (sandbox)' if way.is_sandbox else ''}",
                channel=way.channel,
                has_subject=way.has_subject,
                needs_template=way.needs_template,
            )
            for way in ways
        ]
        await self._choose(self.ways[0].id if self.ways else "")

    @handler
    async def pick_way(self, way_id: str) -> None:
        await self._choose(str(way_id))

    @handler
    async def search(self, sought: str) -> None:
        """Find customers by name, address or number; what is typed may also be a new address."""
        self.typed = sought.strip()[:_LONGEST]
        self.found = []
        if len(self.typed) < 2:
            return
        async with viewer_db(self) as db:
            rows, _ = await list_customers(db, CustomerFilter(search=self.typed), limit=_FOUND)
        self.found = [
            Known(
                id=str(row.id),
                name=(name := name_of(row.name, row.id)),
                letters=initials(name),
                tone=avatar_tone(str(row.id)),
                about=", ".join(str(channel_name(channel)) for channel in row.channels),
            )
            for row in rows
        ]

    @handler
    async def pick_customer(self, customer_id: str) -> None:
        """Write to one of those found; an empty id takes the choice back."""
        self.to = next((known for known in self.get_value("found") if known.id == customer_id), Known())

    @handler
    async def pick_template(self, key: str) -> None:
        self.template = next((item for item in self.get_value("templates") if item.key == key), Template())

    @handler
    async def start(self, form: dict[str, Any]) -> Any:
        """Send it, and open the conversation it began. One dialog starts one conversation, however often it is pressed."""
        self.busy = "start"
        yield
        way, customer_id = self.get_value("way"), self.to.id
        connection_id = parse_id(way.id, "channel")
        # The search waits until somebody stops typing; who sends at once means what stands in the field.
        self.typed = form_text(form, "address").strip()[:_LONGEST] or self.typed
        if not customer_id and not self.typed:
            raise Invalid("Say who gets it.", "address")
        if way.needs_template:
            conversation_id = await self._start_with_template(connection_id, form)
        else:
            async with viewer_db(self) as db:
                conversation_id = await start_conversation(
                    db,
                    connection_id,
                    form_text(form, "text"),
                    customer_id=UUID(customer_id) if customer_id else None,
                    address="" if customer_id else self.typed,
                    name=form_text(form, "name"),
                    subject=form_text(form, "subject"),
                    cc=[form_text(form, "cc")],
                    client_id=self._draft,
                )
        self.open = False
        yield rx.redirect(f"/inbox?conversation={conversation_id}")

    async def _start_with_template(self, connection_id: UUID, form: dict[str, Any]) -> UUID:
        template = self.get_value("template")
        if not template.key:
            raise Invalid("Choose a template.", "template")
        typed = typed_into(template, form)
        if empty := [name for name, text in typed.items() if not text]:
            raise Invalid("Fill in every variable.", fields=[FieldError(field=name, message="This is empty.") for name in empty])
        async with viewer_db(self) as db:
            started = await start_with_template(
                db,
                UUID(self.to.id) if self.to.id else None,
                connection_id,
                use_of(template, typed),
                client_id=self._draft,
                number="" if self.to.id else self.typed,
                name=form_text(form, "name"),
            )
        return started.conversation_id

    async def _choose(self, way_id: str) -> None:
        self.way = next((way for way in self.get_value("ways") if way.id == way_id), WayShown())
        self.templates, self.template = [], Template()
        if self.way.needs_template:
            async with viewer_db(self) as db:
                found = await list_templates(db, UUID(way_id), usable_only=True)
            self.templates = in_use_first([template_of(info) for info in found])
