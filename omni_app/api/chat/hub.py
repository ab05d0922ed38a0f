"""Open widgets of this process: who is connected, and what waits to be sent to them.

Found by conversation and by visitor, never by walking over a business's widgets. A widget at rest has no task and no event:
news start one.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from starlette.websockets import WebSocket

from omni_app.api.chat import shapes
from omni_app.api.chat.limits import Window
from omni_app.conversations.identity import IdentityState
from omni_app.conversations.marks import Page
from omni_app.customers.addresses import Address
from omni_app.infra.background import start_task
from omni_app.infra.live import RESYNC, Note, subscribe
from omni_app.infra.log import get_logger
from omni_app.infra.metrics import SOCKETS
from omni_app.infra.scope import Scope, system_scope
from omni_app.tenancy.businesses import BusinessView

log = get_logger(__name__)

NOBODY = IdentityState()
Work = Callable[["Visitor"], Coroutine[Any, Any, None]]


@dataclass(eq=False, slots=True)
class Visitor:
    """One open socket of one visitor.

    `seen` is the number up to which this widget holds every message. `news` are ready frames by what they are about: a newer
    one of the same kind takes the place of one not yet sent. `must_read`: the conversation may hold more. `task` reads the
    socket; `is_let_go`: it was ended because nothing was heard for long. `host` is the network address as the socket names it,
    `address` whom to count it as, None for a private one.
    """

    socket: WebSocket
    business: BusinessView
    visitor_id: str
    language: str = ""
    address: str | None = None
    host: str = ""
    conversation_id: UUID | None = None
    seen: int = 0
    heard_at: float = 0.0
    frames: Window = field(default_factory=Window)
    identity: IdentityState = NOBODY
    page: Page | None = None
    shown: tuple[Any, ...] = ()
    news: dict[str, str] = field(default_factory=dict)
    must_read: bool = False
    is_sending: bool = False
    task: asyncio.Task[Any] | None = None
    is_let_go: bool = False

    @property
    def business_id(self) -> UUID:
        return self.business.id

    @property
    def scope(self) -> Scope:
        return system_scope(self.business.id)

    @property
    def contact(self) -> Address:
        """The contact point under which this visitor is known."""
        return Address(kind="external", channel="chat", value=self.visitor_id)


class ChatHub:
    """All open widgets of this process."""

    def __init__(self) -> None:
        self._all: set[Visitor] = set()
        self._tabs: defaultdict[tuple[UUID, str], set[Visitor]] = defaultdict(set)
        self._listening: defaultdict[UUID, set[Visitor]] = defaultdict(set)
        self._send_news: Work | None = None
        self._look_who: Work | None = None

    def send_with(self, send_news: Work, look_who: Work) -> None:
        """Who writes a widget's news to its socket, and who finds out that its visitor became somebody else."""
        self._send_news, self._look_who = send_news, look_who

    def __iter__(self) -> Iterator[Visitor]:
        return iter(list(self._all))

    def add(self, visitor: Visitor) -> None:
        self._all.add(visitor)
        self._tabs[visitor.business_id, visitor.visitor_id].add(visitor)
        SOCKETS.inc()

    def remove(self, visitor: Visitor) -> bool:
        """Forget a socket; whether it was the last one on its conversation. Doing it twice does it once."""
        if visitor not in self._all:
            return False
        self._all.discard(visitor)
        _leave(self._tabs, (visitor.business_id, visitor.visitor_id), visitor)
        SOCKETS.dec()
        conversation_id = visitor.conversation_id
        return conversation_id is not None and _leave(self._listening, conversation_id, visitor)

    def tabs(self, visitor: Visitor) -> list[Visitor]:
        """All sockets of the same visitor, this one too."""
        return list(self._tabs.get((visitor.business_id, visitor.visitor_id), ()))

    def conversations(self) -> list[tuple[UUID, UUID]]:
        """(business id, conversation id) of every conversation with an open widget."""
        return [(next(iter(tabs)).business_id, conversation_id) for conversation_id, tabs in self._listening.items()]

    def listen(self, visitor: Visitor, conversation_id: UUID | None) -> bool:
        """This socket shows that conversation from now on; whether it is the first one that does."""
        if visitor.conversation_id is not None:
            _leave(self._listening, visitor.conversation_id, visitor)
        visitor.conversation_id = conversation_id
        if conversation_id is None or visitor not in self._all:
            return False
        tabs = self._listening[conversation_id]
        tabs.add(visitor)
        return len(tabs) == 1

    def joined(self, visitor: Visitor, conversation_id: UUID | None, *, holds_all: bool = False) -> bool:
        """Every tab of the visitor shows that conversation, from its beginning; whether they are the first to do so.

        With `holds_all` this tab has what is in it: only the others look.
        """
        is_first = False
        for tab in self.tabs(visitor):
            if tab.conversation_id == conversation_id:
                continue
            if tab.conversation_id is not None:
                tab.seen = 0
            is_first = self.listen(tab, conversation_id) or is_first
            if not (holds_all and tab is visitor):
                self.wake(tab)
        return is_first

    def wake(self, visitor: Visitor) -> None:
        """There may be something new in the conversation of this widget."""
        visitor.must_read = True
        self._start(visitor)

    def tell(self, visitor: Visitor, about: str, frame: str) -> None:
        """Send a ready frame to this widget; a later one about the same thing takes its place."""
        visitor.news.pop(about, None)
        visitor.news[about] = frame
        self._start(visitor)

    def hand_out(self, conversation_id: UUID, seq: int, frame: str) -> bool:
        """Send a message just recorded to the widgets that hold everything before it, which spares each a read; whether there was
        one. The others are woken by its live note."""
        ready = [tab for tab in self._listening.get(conversation_id, ()) if tab.seen == seq - 1 and not tab.must_read]
        for visitor in ready:
            visitor.seen = seq
            self.tell(visitor, f"message {seq}", frame)
        return bool(ready)

    def _start(self, visitor: Visitor) -> None:
        if not visitor.is_sending and self._send_news is not None and visitor in self._all:
            visitor.is_sending = True
            start_task(self._send(visitor, self._send_news), "widget news")

    async def _send(self, visitor: Visitor, send_news: Work) -> None:
        try:
            await send_news(visitor)
        finally:
            visitor.is_sending = False

    def hear(self, note: Note) -> None:
        """Pass one live note on to the widgets it concerns."""
        if note.kind == RESYNC:
            for visitor in self._all:
                self.wake(visitor)
            return
        if note.kind == "identity.changed" and note.business_id is not None and self._look_who is not None:
            for visitor in list(self._tabs.get((note.business_id, note.ids.get("visitor_id", "")), ()))[:1]:
                start_task(self._look_who(visitor), "look who the visitor is")
            return
        try:
            conversation_id = UUID(note.ids.get("conversation_id", ""))
        except ValueError:
            return
        tabs = self._listening.get(conversation_id)
        if not tabs:
            return
        told = shapes.from_note(note)
        for visitor in list(tabs):
            if visitor.business_id != note.business_id:
                continue
            if told is not None:
                self.tell(visitor, *told)
            elif note.kind == "conversation.changed" or (
                # A widget that has this message already need not look again.
                note.kind == "message.created" and int(note.ids.get("seq", 2**31)) > visitor.seen
            ):
                self.wake(visitor)

    async def run(self) -> None:
        """Hear live notes, for ever; after a lost subscription all widgets look again."""
        async for note in subscribe():
            try:
                self.hear(note)
            except Exception:
                # One strange note must not make every widget deaf.
                log.exception("live note not passed on", kind=note.kind)
            await asyncio.sleep(0)


def _leave(index: dict[Any, set[Visitor]], name: Any, visitor: Visitor) -> bool:
    """Take a visitor out of an index; whether nobody is left there."""
    visitors = index.get(name)
    if visitors is None:
        return False
    visitors.discard(visitor)
    if not visitors:
        del index[name]
    return not visitors


hub = ChatHub()
