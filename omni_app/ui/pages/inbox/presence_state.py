"""Who is here: the visitor, colleagues who look at or write in the open conversation, and the answer that is being written.

Everything comes from live notes and from Redis. Nothing here reads a row, beside the session that every event proves.
"""

from dataclasses import dataclass
from uuid import UUID

import reflex as rx

from omni_app.conversations.presence import are_here, mark_viewing, show_typing, viewers
from omni_app.infra.scope import Permission
from omni_app.ui.access import ViewerState, current_viewer, handler
from omni_app.ui.components import avatar_tone, initials
from omni_app.ui.live import watch

KINDS = ("message.streaming", "message.created", "typing.changed", "viewing.changed")


@dataclass
class Viewer:
    """A colleague who has the conversation open."""

    name: str = ""
    first: str = ""
    letters: str = ""
    tone: str = ""
    is_typing: bool = False


class PresenceState(ViewerState, rx.State):
    """`typing` is who writes to us now (customer, assistant); `tick` grows with each sign, so that the mark's life starts anew.

    `stream` is the whole text so far of the answer `stream_id`; the message of that id takes its place.
    """

    typing: str = ""
    tick: int = 0
    stream_id: str = ""
    stream: str = ""
    is_here: bool = False
    viewers: list[Viewer] = []

    _conversation_id: str = ""
    _shown_id: str = ""

    @handler
    async def on_live(self, note: dict) -> None:
        ids = note.get("ids") or {}
        kind = note.get("kind")
        if not self._conversation_id or (kind != "resync" and ids.get("conversation_id") != self._conversation_id):
            return
        if kind == "message.streaming":
            if ids.get("message_id") not in ("", self._shown_id):
                self.stream_id, self.stream, self.typing = str(ids.get("message_id")), str(ids.get("text", "")), ""
        elif kind == "message.created":
            if ids.get("role") == "customer" and self.typing == "customer":
                self.typing = ""
        elif kind == "typing.changed" and ids.get("who") != "staff":
            self._sign(str(ids.get("who")), ids.get("on") == "1")
        else:
            await self._look()

    @handler
    async def beat(self) -> None:
        """The thread is open in a visible window: say so, every ten seconds."""
        await self._mark(True)
        await self._look()

    @handler
    async def write(self, is_writing: bool) -> None:
        """The member writes a reply (or stopped)."""
        viewer = await current_viewer(self)
        if self._conversation_id and Permission.REPLY in viewer.permissions:
            await show_typing(
                viewer.business_id, UUID(self._conversation_id), "staff", viewer.name, bool(is_writing), viewer.member_id
            )

    @handler
    async def leave(self) -> None:
        """The inbox is left."""
        await self._mark(False)
        self._clear("")

    def _sign(self, who: str, is_on: bool) -> None:
        if is_on:
            self.typing, self.tick = who, self.tick + 1
        elif self.typing == who:
            self.typing = ""

    async def _enter(self, conversation_id: str) -> None:
        """Another conversation is open now; empty for none."""
        if conversation_id != self._conversation_id:
            await self._mark(False)
            self._clear(conversation_id)
        if conversation_id:
            await watch(self, PresenceState.on_live, KINDS, about=conversation_id)
            await self._mark(True)
            await self._look()

    def _arrived(self, message_ids: set[str]) -> None:
        """These messages stand in the thread now: what streamed as one of them goes."""
        if self.stream_id and self.stream_id in message_ids:
            self._shown_id, self.stream_id, self.stream = self.stream_id, "", ""
        if self.typing == "assistant":
            self.typing = ""

    def _clear(self, conversation_id: str) -> None:
        self._conversation_id, self.typing, self.stream_id, self.stream = conversation_id, "", "", ""
        self.is_here, self.viewers = False, []

    async def _mark(self, is_on: bool) -> None:
        if self._conversation_id:
            viewer = await current_viewer(self)
            await mark_viewing(viewer.business_id, UUID(self._conversation_id), viewer.member_id, viewer.name, is_on)

    async def _look(self) -> None:
        if not self._conversation_id:
            return
        viewer, conversation_id = await current_viewer(self), UUID(self._conversation_id)
        others = [item for item in await viewers(viewer.business_id, conversation_id) if item.member_id != viewer.member_id]
        shown = [
            Viewer(
                name=item.name,
                first=item.name.split(" ")[0],
                letters=initials(item.name),
                tone=avatar_tone(item.name),
                is_typing=item.is_typing,
            )
            for item in others
        ]
        if shown != self.get_value("viewers"):
            self.viewers = shown
        is_here = conversation_id in await are_here(viewer.business_id, [conversation_id])
        if is_here != self.is_here:
            self.is_here = is_here
