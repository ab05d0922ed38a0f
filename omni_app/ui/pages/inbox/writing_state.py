"""What the composer needs beside the text itself: which kind of text, kept drafts, canned answers, the AI's draft, files."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import reflex as rx

from omni_app.conversations.attachments import MAX_BYTES, MOST_FILES, keep_upload
from omni_app.conversations.canned import list_rendered
from omni_app.conversations.drafts import save_draft
from omni_app.conversations.sniffing import find_media_type
from omni_app.infra import money
from omni_app.infra.errors import Invalid
from omni_app.orchestrator.drafting import DraftedReply, draft_reply
from omni_app.ui.access import ViewerState, current_viewer, form_text, handler, parse_id, viewer_db
from omni_app.ui.pages.inbox.file_shapes import File, size_words
from omni_app.ui.pages.inbox.queue_state import QueueState
from omni_app.ui.pages.inbox.taking import refusal_of
from omni_app.ui.words import count

UPLOAD = "reply-files"


@dataclass
class Canned:
    """One canned answer with its variables filled in for the open conversation."""

    id: str
    shortcut: str
    title: str
    text: str


class WritingState(ViewerState, rx.State):
    """`kind`: reply or note. `saved_…` is what was kept of each when the conversation was opened; `inbox.js` puts it in."""

    kind: str = "reply"
    saved_reply: str = ""
    saved_note: str = ""
    opened: int = 0
    """Grows each time a conversation is opened, so that `inbox-writing.js` looks at what was kept."""
    canned: list[Canned] = []
    canned_loaded: bool = False
    files: list[File] = []
    draft_made: str = ""
    """What the AI's draft was made from and what it cost; empty when there is none."""

    _conversation_id: str = ""
    _channel: str = ""
    _connection_kind: str = ""

    @handler
    async def pick(self, kind: str) -> None:
        self.kind = "note" if kind == "note" else "reply"

    @handler
    async def keep(self, text: str) -> None:
        """Keep what was typed so far, as `inbox.js` tells it: {conversation, kind, text} in JSON."""
        told = read_told(text)
        conversation_id = parse_id(told.get("conversation"), "conversation")
        async with viewer_db(self) as db:
            await save_draft(db, conversation_id, form_text(told, "kind"), str(told.get("text", "")))
        if self._conversation_id == str(conversation_id):
            self._keep(form_text(told, "kind"), str(told.get("text", "")))
        (await self.get_state(QueueState))._mark_draft(str(conversation_id), bool(form_text(told, "text")))

    @handler
    async def load_canned(self) -> None:
        if self._conversation_id and not self.canned_loaded:
            async with viewer_db(self) as db:
                found = await list_rendered(db, self._open_id())
            self.canned = [Canned(str(item.id), item.shortcut, item.title, item.text) for item in found]
            self.canned_loaded = True

    @handler
    async def upload(self, files: list[rx.UploadFile]) -> Any:
        """Store what was picked, dropped or pasted; it leaves with the next reply."""
        viewer, conversation_id = await current_viewer(self), self._open_id()
        self.busy = "upload"
        yield
        for file in files:
            if len(self.get_value("files")) >= MOST_FILES:
                raise Invalid(f"A message takes at most {MOST_FILES} files.", "file")
            data = await file.read(MAX_BYTES + 1)
            await self._check_channel(file.name or "file", data)
            kept = await keep_upload(
                viewer.scope(),
                data,
                file.name or "file",
                uploaded_by=f"member:{viewer.member_id}",
                conversation_id=conversation_id,
            )
            if self._conversation_id == str(conversation_id):
                shown = File(id=str(kept.id), name=kept.name, size=size_words(kept.size))
                self.files = [*self.get_value("files"), shown]
                yield

    @handler
    async def remove_file(self, file_id: str) -> None:
        self.files = [file for file in self.get_value("files") if file.id != file_id]

    @handler
    async def discard_draft(self) -> Any:
        self.draft_made = ""
        return rx.call_script("window.omniInbox && omniInbox.setText('')")

    @handler
    async def draft_with_ai(self, text: str) -> Any:
        """Let the AI propose a reply, or change the one in the composer: {conversation, style, text} in JSON. Nothing is sent."""
        told = read_told(text)
        viewer, conversation_id = await current_viewer(self), parse_id(told.get("conversation"), "conversation")
        self.busy = "draft"
        yield
        made = await draft_reply(viewer.scope(), conversation_id, form_text(told, "style"), str(told.get("text", "")))
        if self._conversation_id != str(conversation_id):
            return
        self.draft_made = made_from(made)
        yield rx.call_script(f"window.omniInbox && omniInbox.setText({json.dumps(made.text)})")

    def _show(self, conversation_id: str, drafts: dict[str, str]) -> None:
        """A conversation was opened, with what the member had begun to write in it."""
        if conversation_id != self._conversation_id:
            opened = self.opened
            self.reset()
            self._conversation_id, self.opened = conversation_id, opened
        self.opened += 1
        self.saved_reply, self.saved_note = drafts.get("reply", ""), drafts.get("note", "")

    def _goes_by(self, channel: str, connection_kind: str) -> None:
        """Over which channel, and by which kind of account ("" for none), a reply is sent."""
        self._channel, self._connection_kind = channel, connection_kind

    def _files_for(self, conversation_id: UUID) -> list[UUID]:
        """What goes with a reply to that conversation; nothing when another one is open by now."""
        return [UUID(file.id) for file in self.get_value("files")] if self._conversation_id == str(conversation_id) else []

    def _sent(self, kind: str) -> None:
        self._keep(kind, "")
        if kind == "reply":
            self.files, self.draft_made = [], ""

    async def _check_channel(self, name: str, data: bytes) -> None:
        """Raise `Invalid` (field `file`) for a file the conversation's channel would refuse when it is sent."""
        if self._connection_kind and len(data) <= MAX_BYTES:
            media_type = await asyncio.to_thread(find_media_type, data, name)
            if reason := refusal_of(self._connection_kind, self._channel, name, media_type, len(data)):
                raise Invalid(reason, "file")

    def _keep(self, kind: str, text: str) -> None:
        # A page that is loaded again is first drawn from this state, before it reads anything.
        if kind == "note":
            self.saved_note = text
        else:
            self.saved_reply = text

    def _open_id(self) -> UUID:
        return parse_id(self._conversation_id, "conversation")


def read_told(text: str) -> dict[str, Any]:
    """What `inbox.js` tells through a hidden field. Raise `Invalid` when it is not an object in JSON."""
    try:
        told = json.loads(str(text))
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Invalid("This page is too old. Load it again.")
    return told


def made_from(made: DraftedReply) -> str:
    """ "Draft from 2 sources · $0.0082": where a draft comes from and what it cost."""
    sources = f"from {count(len(made.sources), 'source')}" if made.sources else "without a source: check it"
    return f"Draft {sources} · {money.show(made.cost_nusd, 4)}"
