"""What sorts a conversation: its labels, who has it, how pressing it is, until when it sleeps, and whether it stays at all."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import reflex as rx

from omni_app.conversations.handling import delete_conversation, set_priority, snooze, transfer_conversation, wake
from omni_app.conversations.labels import PALETTE, create_label, list_labels, set_label
from omni_app.infra.clock import now
from omni_app.infra.errors import Invalid
from omni_app.infra.scope import Permission
from omni_app.tenancy.businesses import load_business
from omni_app.tenancy.members import list_members
from omni_app.tenancy.roles import permissions_of
from omni_app.ui.access import ViewerState, form_text, handler, parse_id, viewer_db
from omni_app.ui.components import avatar_tone, initials, said
from omni_app.ui.pages.inbox.lines import Mark
from omni_app.ui.words import zone_of

PRIORITIES = {"urgent": "Urgent", "high": "High", "normal": "Normal", "low": "Low"}
SNOOZES = {"hour": "One hour", "later": "Three hours", "tomorrow": "Tomorrow, 9:00", "monday": "Monday, 9:00"}


@dataclass
class Person:
    """A member who may get a conversation."""

    id: str = ""
    name: str = ""
    letters: str = ""
    tone: str = ""
    is_me: bool = False
    may_reply: bool = True


class SortingState(ViewerState, rx.State):
    """`labels` and `people` are the business's; the marks on the open conversation are in `ThreadState.head`."""

    labels: list[Mark] = []
    people: list[Person] = []
    label_text: str = ""
    transfer_open: bool = False
    delete_open: bool = False

    _conversation_id: str = ""
    _deleted_id: str = ""
    """What this tab deleted itself, so that it is not told again."""

    @rx.var
    def shown_labels(self) -> list[Mark]:
        """The labels that fit what is typed into the picker."""
        typed = self.label_text.strip().casefold()
        return [label for label in self.labels if typed in label.name.casefold()]

    @rx.var
    def may_create(self) -> bool:
        typed = " ".join(self.label_text.split()).casefold()
        return bool(typed) and all(label.name.casefold() != typed for label in self.labels)

    @handler
    async def type_label(self, text: str) -> None:
        self.label_text = str(text)[:60]

    @handler
    async def toggle_label(self, label_id: str) -> None:
        known = next((label for label in self.get_value("labels") if label.id == label_id), None)
        async with viewer_db(self) as db:
            is_on = not (known and known.is_on)
            await set_label(db, self._open_id(), parse_id(label_id, "label"), is_on)
        self.labels = [replace(label, is_on=is_on) if label.id == label_id else label for label in self.get_value("labels")]

    @handler
    async def add_label(self) -> None:
        """Create the label typed into the picker and put it on; a new one gets the next colour."""
        labels = self.get_value("labels")
        async with viewer_db(self) as db:
            made = await create_label(db, self.label_text, PALETTE[1 + len(labels) % (len(PALETTE) - 1)])
            await set_label(db, self._open_id(), made.id, True)
        mark = Mark(id=str(made.id), name=made.name, color=made.color, is_on=True)
        self.labels = sorted([*labels, mark], key=lambda label: label.name.casefold())
        self.label_text = ""

    @handler
    async def prioritise(self, priority: str) -> None:
        async with viewer_db(self) as db:
            await set_priority(db, self._open_id(), str(priority))

    @handler
    async def put_aside(self, choice: str) -> Any:
        """Snooze until one of `SNOOZES`, in the business's own time."""
        async with viewer_db(self) as db:
            until = snooze_end(str(choice), now(), (await load_business(db)).timezone)
            await snooze(db, self._open_id(), until)
        return said("Snoozed. It comes back by itself, or when the customer writes.")

    @handler
    async def wake_up(self) -> None:
        async with viewer_db(self) as db:
            await wake(db, self._open_id())

    @handler
    async def set_transfer_open(self, is_open: bool) -> None:
        self.transfer_open = bool(is_open)

    @handler
    async def transfer(self, form: dict[str, Any]) -> Any:
        self.busy = "transfer"
        yield
        to = form_text(form, "member_id")
        member_id = None if to == "none" else parse_id(to, "member")
        async with viewer_db(self) as db:
            await transfer_conversation(db, self._open_id(), member_id, form_text(form, "reason"))
        self.transfer_open = False
        name = next((person.name for person in self.get_value("people") if person.id == to), "the team")
        yield said(f"{name} has it now" if member_id else "The team has it now")

    @handler
    async def set_delete_open(self, is_open: bool) -> None:
        self.delete_open = bool(is_open)

    @handler
    async def delete(self, form: dict[str, Any]) -> Any:
        """Delete the open conversation, once its customer's name was typed as it stands in the title."""
        self.busy = "delete"
        yield
        conversation_id = self._open_id()
        self._deleted_id = str(conversation_id)
        if form_text(form, "name").casefold() != form_text(form, "expected").casefold():
            raise Invalid("This is not the name above. Nothing was deleted.", "name")
        async with viewer_db(self) as db:
            await delete_conversation(db, conversation_id)
        self.delete_open = False
        yield said("Conversation deleted")
        yield rx.redirect("/inbox")

    async def _read(self) -> None:
        """The business's labels and people; read when the inbox opens."""
        async with viewer_db(self) as db:
            labels, members = await list_labels(db), await list_members(db)
        worn = {label.id for label in self.get_value("labels") if label.is_on}
        self.labels = [
            Mark(id=str(label.id), name=label.name, color=label.color, is_on=str(label.id) in worn) for label in labels
        ]
        self.people = [
            Person(
                id=str(member.id),
                name=member.name,
                letters=initials(member.name),
                tone=avatar_tone(member.name),
                is_me=member.is_me,
                may_reply=Permission.REPLY in permissions_of(member.role),
            )
            for member in members
        ]

    def _show(self, conversation_id: str, worn: list[Mark]) -> None:
        """Another conversation is open, or its labels changed; one made meanwhile joins the list."""
        if conversation_id != self._conversation_id:
            self._conversation_id, self.label_text, self.transfer_open, self.delete_open = conversation_id, "", False, False
        ids, known = {mark.id for mark in worn}, self.get_value("labels")
        new = [mark for mark in worn if all(mark.id != label.id for label in known)]
        labels = sorted(
            [*(replace(label, is_on=label.id in ids) for label in known), *new], key=lambda label: label.name.casefold()
        )
        if labels != known:
            self.labels = labels

    def _names(self) -> list[str]:
        return [person.name for person in self.get_value("people")]

    def _open_id(self) -> UUID:
        return parse_id(self._conversation_id, "conversation")


def snooze_end(choice: str, at: datetime, timezone: str) -> datetime:
    """When a snooze of this choice ends. Raise `Invalid` (field `until`) for a choice there is not."""
    if choice == "hour":
        return at + timedelta(hours=1)
    if choice == "later":
        return at + timedelta(hours=3)
    here = at.astimezone(zone_of(timezone))
    morning = here.replace(hour=9, minute=0, second=0, microsecond=0)
    if choice == "tomorrow":
        return morning + timedelta(days=1)
    if choice == "monday":
        return morning + timedelta(days=7 - here.weekday())
    raise Invalid("Choose until when.", "until")
