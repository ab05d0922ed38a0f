"""The open conversation: its messages, who has it, and what a person does with it."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import reflex as rx

from omni_app.conversations.handling import close_conversation, hand_back, mark_read, reopen_conversation, take_over
from omni_app.conversations.reading import ConversationView, MessageView, list_messages, load_conversation
from omni_app.conversations.sending import send_reply
from omni_app.customers.profiles import load_customer
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, Invalid
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, current_viewer, form_text, handler, loader, parse_id, viewer_db
from omni_app.ui.components import told
from omni_app.ui.live import watch
from omni_app.ui.pages.inbox.lines import Line, Row, lines_of, mark_days, row_of
from omni_app.ui.pages.inbox.profile_state import ProfileState
from omni_app.ui.pages.inbox.queue_state import QueueState
from omni_app.ui.words import zone_of

PAGE = 50
MOST = 300
"""Messages kept on an open page; a page open for days must not grow with every message."""


class ThreadState(ViewerState, rx.State):
    """`conversation_id` is empty while none is open; `last_seq` is the newest message shown, `read_seq` the newest one seen."""

    conversation_id: str = ""
    head: Row = Row()
    lines: list[Line] = []
    has_earlier: bool = False
    last_seq: int = 0
    read_seq: int = 0

    _zone: str = "UTC"
    _assignee_id: str = ""

    @loader
    async def load(self) -> None:
        """Open the conversation the address names."""
        await watch(self, ThreadState.on_live, ("message", "conversation"))
        wanted = str(self.router.url.query_parameters.get("conversation", ""))
        if not wanted:
            await self._forget()
            return
        try:
            await self._open(parse_id(wanted, "conversation"))
        except Exception:
            await self._forget()
            raise

    @handler
    async def on_live(self, note: dict) -> Any:
        if not self.conversation_id:
            return
        if note.get("kind") == "resync":
            await self._open(self._open_id())
            return
        if (note.get("ids") or {}).get("conversation_id") != self.conversation_id:
            return
        await self._catch_up()
        # The message first; the customer's figures may follow.
        yield
        await (await self.get_state(ProfileState))._read(self._zone)

    @handler
    async def earlier(self) -> None:
        """Show the messages before the first one on the screen."""
        lines = self.get_value("lines")
        if not lines:
            return
        async with viewer_db(self) as db:
            messages = await list_messages(db, self._open_id(), before=lines[0].seq, limit=PAGE)
        self.lines = mark_days([*self._show(messages), *lines])
        self.has_earlier = len(messages) == PAGE

    @handler
    async def seen(self) -> None:
        """The thread is open and the window visible: what it shows is read."""
        if not self.conversation_id or self.read_seq >= self.last_seq:
            return
        async with viewer_db(self) as db:
            await mark_read(db, self._open_id(), self.last_seq)
        self.read_seq = self.last_seq
        (await self.get_state(QueueState))._mark_seen(self.conversation_id)

    @handler
    async def send(self, form: dict[str, Any]) -> Any:
        """Send what the composer holds. Its draft id makes a second click the same message."""
        self.busy = "send"
        yield
        conversation_id = parse_id(form_text(form, "conversation"), "conversation")
        try:
            draft = str(UUID(form_text(form, "draft")))
        except ValueError:
            raise Invalid("This page is too old to send. Load it again.") from None
        try:
            async with viewer_db(self) as db:
                await send_reply(db, conversation_id, form_text(form, "text"), client_id=draft)
        except Conflict as error:
            await self._catch_up()
            yield told(str(error))
            return
        if str(conversation_id) == self.conversation_id:
            await self._catch_up()
        yield rx.call_script(f"window.omniInbox && omniInbox.sent({json.dumps(draft)})")

    @handler
    async def take(self) -> Any:
        """Take the conversation over, from the colleague the screen shows if there is one."""
        from_member = UUID(self._assignee_id) if self._assignee_id else None

        async def take_this(db: Db, conversation_id: UUID) -> None:
            await take_over(db, conversation_id, from_member)

        self.busy = "take"
        yield
        yield await self._change(take_this)

    @handler
    async def give_back(self) -> Any:
        self.busy = "give_back"
        yield
        yield await self._change(hand_back)

    @handler
    async def close(self) -> Any:
        self.busy = "close"
        yield
        yield await self._change(close_conversation)

    @handler
    async def reopen(self) -> Any:
        self.busy = "reopen"
        yield
        yield await self._change(reopen_conversation)

    async def _change(self, change: Callable[[Db, UUID], Awaitable[None]]) -> Any:
        try:
            async with viewer_db(self) as db:
                await change(db, self._open_id())
        except Conflict as error:
            await self._catch_up()
            return told(str(error))
        await self._catch_up()
        return None

    def _open_id(self) -> UUID:
        return parse_id(self.conversation_id, "conversation")

    async def _open(self, conversation_id: UUID) -> None:
        async with viewer_db(self) as db:
            view = await load_conversation(db, conversation_id)
            messages = await list_messages(db, conversation_id, limit=PAGE)
            customer = await load_customer(db, view.customer_id)
            self._zone = (await load_business(db)).timezone
        await self._show_head(view)
        if self.conversation_id != str(conversation_id):
            self.conversation_id, self.read_seq = str(conversation_id), 0
        self.lines = mark_days(self._show(messages))
        self.last_seq = messages[-1].seq if messages else 0
        self.has_earlier = len(messages) == PAGE
        profile = await self.get_state(ProfileState)
        profile._show(customer, self._zone)

    async def _catch_up(self) -> None:
        """Read what is new in the open conversation, and nothing else."""
        conversation_id = self._open_id()
        async with viewer_db(self) as db:
            messages = await list_messages(db, conversation_id, after=self.last_seq, limit=PAGE)
            view = await load_conversation(db, conversation_id)
        if len(messages) == PAGE:
            # More than a page is new: between what is shown and this page some may lie.
            await self._open(conversation_id)
            return
        await self._show_head(view)
        if messages:
            lines = [*self.get_value("lines"), *self._show(messages)]
            if len(lines) > MOST:
                lines, self.has_earlier = lines[-PAGE:], True
            self.lines, self.last_seq = mark_days(lines), messages[-1].seq

    def _show(self, messages: list[MessageView]) -> list[Line]:
        return lines_of(messages, zone_of(self._zone), now())

    async def _show_head(self, view: ConversationView) -> None:
        viewer = await current_viewer(self)
        head = row_of(view, viewer.member_id)
        if head != self.get_value("head"):
            self.head = head
        self._assignee_id = str(view.assignee_id) if head.holder == "member" else ""

    async def _forget(self) -> None:
        self.conversation_id, self.lines, self.head, self.has_earlier = "", [], Row(), False
        self.last_seq = self.read_seq = 0
        (await self.get_state(ProfileState))._forget()
