"""The open conversation: its messages, who has it, and what a person does with it."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import reflex as rx

from omni_app.conversations.attachments import sign_link, sign_thumbnail_link
from omni_app.conversations.copies import NextMail, load_next_mail, send_mail_reply
from omni_app.conversations.drafts import load_drafts
from omni_app.conversations.handling import close_conversation, hand_back, mark_read, reopen_conversation, take_over
from omni_app.conversations.notes import NoteView, add_note, delete_note, list_notes
from omni_app.conversations.reading import (
    ConversationView,
    MessageView,
    list_messages,
    list_past,
    list_statuses,
    load_conversation,
)
from omni_app.conversations.sending import send_reply
from omni_app.conversations.windows import ReplyWindow, load_window
from omni_app.customers.profiles import load_customer
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, Invalid, NotFound
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, current_viewer, form_text, handler, loader, parse_id, viewer_db
from omni_app.ui.components import said, told
from omni_app.ui.live import watch
from omni_app.ui.pages.inbox.copies_state import CopiesState
from omni_app.ui.pages.inbox.lines import Line, Row, keep_links, lines_of, merge, note_lines, row_of
from omni_app.ui.pages.inbox.presence_state import PresenceState
from omni_app.ui.pages.inbox.profile_state import ProfileState
from omni_app.ui.pages.inbox.queue_state import QueueState
from omni_app.ui.pages.inbox.sorting_state import SortingState
from omni_app.ui.pages.inbox.window_state import WindowState
from omni_app.ui.pages.inbox.writing_state import WritingState
from omni_app.ui.words import zone_of

KINDS = ("message.created", "message.status", "message.changed", "conversation", "channel")
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
    _business_id: str = ""
    _notes: list[Line] = []

    @loader
    async def load(self) -> None:
        """Open the conversation the address names."""
        await watch(self, ThreadState.on_live, KINDS)
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
        ids, kind = note.get("ids") or {}, note.get("kind")
        if kind == "channel.changed" and ids.get("connection_id") == self.get_value("head").connection_id:
            await self._read_head()
        if ids.get("conversation_id") != self.conversation_id:
            return
        if kind == "message.status":
            await self._read_statuses()
            return
        if kind == "message.changed":
            await self._reread(seq=int(ids.get("seq") or 0))
            return
        try:
            await self._catch_up(with_notes="note" in ids or ids.get("role") == "system")
        except NotFound:
            was_here = (await self.get_state(SortingState))._deleted_id == self.conversation_id
            await self._forget()
            if not was_here:
                yield rx.redirect("/inbox")
                yield told("A colleague deleted this conversation.")
            return
        # The message first; the customer's figures may follow.
        yield
        await (await self.get_state(ProfileState))._read(self._zone)

    @handler
    async def earlier(self) -> None:
        """Show the messages before the first one on the screen."""
        lines = self.get_value("lines")
        first = next((line for line in lines if line.kind != "note"), None)
        if first is None:
            return
        async with viewer_db(self) as db:
            messages = await list_messages(db, self._open_id(), before=first.seq, limit=PAGE)
        shown = [line for line in lines if line.kind != "note"]
        self.lines = merge([*self._show(messages), *shown], self._notes)
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
        """Send what the composer holds to the customer, or (kind note) to the team. One draft id sends one reply."""
        self.busy = "send"
        yield
        conversation_id = parse_id(form_text(form, "conversation"), "conversation")
        try:
            draft = str(UUID(form_text(form, "draft")))
        except ValueError:
            raise Invalid("This page is too old to send. Load it again.") from None
        is_note, writing = form_text(form, "kind") == "note", await self.get_state(WritingState)
        try:
            async with viewer_db(self) as db:
                if is_note:
                    await add_note(db, conversation_id, form_text(form, "text"))
                elif "cc" in form:
                    files, copies = writing._files_for(conversation_id), [form_text(form, "cc")]
                    await send_mail_reply(db, conversation_id, form_text(form, "text"), copies, draft, files)
                else:
                    files = writing._files_for(conversation_id)
                    await send_reply(db, conversation_id, form_text(form, "text"), client_id=draft, attachments=files)
        except Conflict as error:
            await self._catch_up()
            yield told(str(error))
            return
        writing._sent("note" if is_note else "reply")
        (await self.get_state(QueueState))._mark_draft(str(conversation_id), False)
        if str(conversation_id) == self.conversation_id:
            await self._catch_up(with_notes=is_note)
        yield rx.call_script(f"window.omniInbox && omniInbox.sent({json.dumps(draft)})")

    @handler
    async def remove_note(self, note_id: str) -> Any:
        async with viewer_db(self) as db:
            await delete_note(db, parse_id(note_id, "note"))
        await self._catch_up(with_notes=True)
        return said("Note deleted")

    @handler
    async def open_file(self, file_id: str) -> Any:
        """Show an attachment in a tab of its own, under a link that works for five minutes."""
        if not any(file.id == file_id for line in self.get_value("lines") for file in line.files):
            raise NotFound("file")
        viewer = await current_viewer(self)
        return rx.redirect(sign_link(parse_id(file_id, "file"), viewer.business_id), is_external=True)

    @handler
    async def play(self, file_id: str) -> None:
        """Put a fresh link into a sound or a film, which begins to play."""
        lines = self.get_value("lines")
        if not any(file.id == file_id for line in lines for file in line.files):
            raise NotFound("file")
        for line in lines:
            line.files = [replace(file, url=self._link(file.id)) if file.id == file_id else file for file in line.files]
        self.lines = lines

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
        # The button that was pressed is gone, and with it the focus.
        return rx.call_script("window.omniInbox && omniInbox.refocus()")

    def _open_id(self) -> UUID:
        return parse_id(self.conversation_id, "conversation")

    async def _open(self, conversation_id: UUID) -> None:
        async with viewer_db(self) as db:
            view = await load_conversation(db, conversation_id)
            messages = await list_messages(db, conversation_id, limit=PAGE)
            notes = await list_notes(db, conversation_id)
            drafts = await load_drafts(db, conversation_id)
            customer = await load_customer(db, view.customer_id)
            past = await list_past(db, view.customer_id, conversation_id)
            window, mail = await self._read_way(db, view)
            self._zone = (await load_business(db)).timezone
        sorting = await self.get_state(SortingState)
        if not sorting.people:
            await sorting._read()
        if self.conversation_id != str(conversation_id):
            self.conversation_id, self.read_seq = str(conversation_id), 0
        (await self.get_state(WritingState))._show(self.conversation_id, drafts)
        await self._show_way(window, mail)
        await self._show_head(view)
        await self._show_notes(notes)
        self.lines = merge(self._show(messages), self._notes)
        self.last_seq = messages[-1].seq if messages else 0
        self.has_earlier = len(messages) == PAGE
        profile = await self.get_state(ProfileState)
        profile._show(customer, self._zone, past)
        presence = await self.get_state(PresenceState)
        await presence._enter(self.conversation_id)
        presence._arrived({str(message.id) for message in messages})

    async def _catch_up(self, with_notes: bool = False) -> None:
        """Read what is new in the open conversation, and nothing else."""
        conversation_id = self._open_id()
        async with viewer_db(self) as db:
            messages = await list_messages(db, conversation_id, after=self.last_seq, limit=PAGE)
            view = await load_conversation(db, conversation_id)
            notes = await list_notes(db, conversation_id) if with_notes else None
            # A customer who wrote may be answered freely again, and may have put somebody in copy.
            wrote = any(message.role == "customer" for message in messages)
            way = await self._read_way(db, view) if wrote and view.connection else None
        if len(messages) == PAGE:
            # More than a page is new: between what is shown and this page some may lie.
            await self._open(conversation_id)
            return
        await self._show_head(view)
        if way is not None:
            await self._show_way(*way)
        if notes is not None:
            await self._show_notes(notes)
        if messages or notes is not None:
            lines = [line for line in [*self.get_value("lines"), *self._show(messages)] if line.kind != "note"]
            if len(lines) > MOST:
                lines, self.has_earlier = lines[-PAGE:], True
            self.lines = merge(lines, self._notes)
        if messages:
            self.last_seq = messages[-1].seq
            (await self.get_state(PresenceState))._arrived({str(message.id) for message in messages})

    async def _read_statuses(self) -> None:
        """How far our messages on the screen got."""
        lines = self.get_value("lines")
        ours = [line.seq for line in lines if line.status and line.status != "read"]
        if not ours:
            return
        async with viewer_db(self) as db:
            reached = await list_statuses(db, self._open_id(), after=min(ours) - 1)
        self.lines = [replace(line, status=reached.get(line.seq, line.status)) if line.status else line for line in lines]

    async def _reread(self, message_id: str = "", seq: int = 0) -> None:
        """Read one message on the screen again: where it got to, what was done to it, the files that came."""
        lines = self.get_value("lines")
        old = next((line for line in lines if line.kind != "note" and (line.id == message_id or line.seq == seq)), None)
        if old is None:
            return
        async with viewer_db(self) as db:
            found = await list_messages(db, self._open_id(), after=old.seq - 1, before=old.seq + 1, limit=1)
        if found:
            (new,) = self._show(found)
            keep_links(new, old)
            self.lines = merge([new if line is old else line for line in lines], self._notes)

    def _line(self, message_id: str) -> Line:
        """A message on the screen. Raise `NotFound` for any other."""
        found = next((line for line in self.get_value("lines") if line.id == message_id and line.kind != "note"), None)
        if found is None:
            raise NotFound("message")
        return found

    async def _read_way(self, db: Db, view: ConversationView) -> tuple[ReplyWindow | None, NextMail | None]:
        """What a reply over the conversation's account is bound to: its window, and a mail's head."""
        if view.connection is None:
            return None, None
        mail = await load_next_mail(db, view.id) if view.channel == "email" else None
        return await load_window(db, view.id), mail

    async def _show_way(self, window: ReplyWindow | None, mail: NextMail | None) -> None:
        (await self.get_state(WindowState))._show(self.conversation_id if window else "", window)
        (await self.get_state(CopiesState))._show(mail)

    async def _read_head(self) -> None:
        async with viewer_db(self) as db:
            view = await load_conversation(db, self._open_id())
        await self._show_head(view)

    async def _show_notes(self, notes: list[NoteView]) -> None:
        viewer, sorting = await current_viewer(self), await self.get_state(SortingState)
        if not {str(member_id) for note in notes for member_id in note.mentions} <= {person.id for person in sorting.people}:
            # Somebody joined the team after this page was opened.
            await sorting._read()
        names = sorting._names()
        self._notes = note_lines(notes, names, viewer.member_id, zone_of(self._zone), now())

    def _show(self, messages: list[MessageView]) -> list[Line]:
        lines = lines_of(messages, zone_of(self._zone), now())
        business_id = UUID(self._business_id)
        for file in (file for line in lines for file in line.files if file.status == "stored"):
            if file.has_thumb:
                file.thumb = sign_thumbnail_link(UUID(file.id), business_id)
            elif file.kind == "image":
                file.url = sign_link(UUID(file.id), business_id)
        return lines

    def _link(self, file_id: str) -> str:
        return sign_link(UUID(file_id), UUID(self._business_id))

    async def _show_head(self, view: ConversationView) -> None:
        viewer = await current_viewer(self)
        self._business_id = str(viewer.business_id)
        head = row_of(view, viewer.member_id)
        if head != self.get_value("head"):
            self.head = head
        self._assignee_id = str(view.assignee_id) if head.holder == "member" else ""
        (await self.get_state(SortingState))._show(str(view.id), head.labels)
        (await self.get_state(WritingState))._goes_by(head.channel, head.connection_kind)

    async def _forget(self) -> None:
        self.conversation_id, self.lines, self.head, self.has_earlier = "", [], Row(), False
        self.last_seq, self.read_seq, self._notes = 0, 0, []
        await (await self.get_state(PresenceState))._enter("")
        (await self.get_state(WritingState))._show("", {})
        await self._show_way(None, None)
        (await self.get_state(ProfileState))._forget()
