"""Open widgets of this process: who is connected, and waking them when their conversation changed."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from uuid import UUID

from omni_app.infra.live import RESYNC, subscribe
from omni_app.infra.log import get_logger
from omni_app.infra.metrics import SOCKETS

log = get_logger(__name__)


@dataclass(eq=False, slots=True)
class Visitor:
    """One open socket. `wake` is set when there may be something to send; `typing` is the wish last heard."""

    business_id: UUID
    visitor_id: str
    conversation_id: UUID | None = None
    seen: int = 0
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    typing: bool = False


class ChatHub:
    """All open widgets of this process by business."""

    def __init__(self) -> None:
        self._visitors: defaultdict[UUID, set[Visitor]] = defaultdict(set)

    def add(self, visitor: Visitor) -> None:
        self._visitors[visitor.business_id].add(visitor)
        SOCKETS.inc()

    def remove(self, visitor: Visitor) -> None:
        visitors = self._visitors.get(visitor.business_id)
        if visitors is None or visitor not in visitors:
            return
        visitors.discard(visitor)
        if not visitors:
            del self._visitors[visitor.business_id]
        SOCKETS.dec()

    def joined(self, visitor: Visitor, conversation_id: UUID) -> None:
        """Tell every tab of one visitor which conversation is theirs, and wake them."""
        for other in self._visitors.get(visitor.business_id, ()):
            if other.visitor_id == visitor.visitor_id:
                other.conversation_id = conversation_id
                other.wake.set()

    def typing(self, business_id: UUID, conversation_id: UUID, is_typing: bool) -> None:
        for visitor in self._visitors.get(business_id, ()):
            if visitor.conversation_id == conversation_id:
                visitor.typing = is_typing
                visitor.wake.set()

    async def run(self) -> None:
        """Wake widgets on live notes, for ever; after a lost subscription all of them look again."""
        async for note in subscribe():
            if note.kind == RESYNC:
                for visitors in list(self._visitors.values()):
                    for visitor in visitors:
                        visitor.wake.set()
            elif note.business_id is not None and (conversation := note.ids.get("conversation_id")):
                for visitor in self._visitors.get(note.business_id, ()):
                    if str(visitor.conversation_id) == conversation:
                        visitor.wake.set()


hub = ChatHub()
