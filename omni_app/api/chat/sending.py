"""Write to one widget what is new for it: ready frames first, then what its conversation holds beyond what it has."""

import asyncio

from sqlalchemy.exc import SQLAlchemyError
from starlette.websockets import WebSocketDisconnect

from omni_app.api.chat import shapes
from omni_app.api.chat.hub import Visitor, hub
from omni_app.api.chat.marks import marks
from omni_app.conversations.visitor_thread import VisitorThread, load_visitor_thread
from omni_app.infra.database import open_db
from omni_app.infra.log import get_logger

log = get_logger(__name__)

# Widgets that look again, all of them at once after a lost subscription, leave connections for messages that arrive.
_READERS = asyncio.Semaphore(3)
_AGAIN_SECONDS = 1.0


async def load_thread(visitor: Visitor) -> VisitorThread:
    async with _READERS, open_db(visitor.scope) as db:
        return await load_visitor_thread(db, visitor.contact.index, visitor.conversation_id, visitor.seen)


async def send_news(visitor: Visitor) -> None:
    """Until nothing is new. A database that is away is asked again by itself; a socket that is gone ends it."""
    while visitor.news or visitor.must_read:
        try:
            news, visitor.news = visitor.news, {}
            for frame in news.values():
                await visitor.socket.send_text(frame)
            if visitor.must_read:
                visitor.must_read = False
                await _send_thread(visitor)
        except (SQLAlchemyError, OSError) as error:
            log.warning("widget not updated, trying again", error=type(error).__name__)
            visitor.must_read = True
            await asyncio.sleep(_AGAIN_SECONDS)
        except (WebSocketDisconnect, RuntimeError):
            hub.remove(visitor)
            return


async def _send_thread(visitor: Visitor) -> None:
    had = visitor.conversation_id
    thread = await load_thread(visitor)
    if visitor.conversation_id != had:
        visitor.must_read = True  # another tab's news came in between
        return
    is_other = thread.conversation_id != had
    if is_other:
        hub.joined(visitor, thread.conversation_id)
        visitor.must_read = False
    state = state_of(visitor, thread)
    # The numbers of another conversation mean nothing: the widget hears of it before its messages.
    if is_other and had is not None:
        await _send_state(visitor, thread, state)
    for message in shapes.messages(thread, visitor.business_id):
        if message["seq"] <= visitor.seen:
            continue  # handed out while the thread was read
        await visitor.socket.send_text(shapes.frame("message", message=message))
        visitor.seen = max(visitor.seen, message["seq"])
    note_delivered(visitor, thread)
    if state != visitor.shown:
        await _send_state(visitor, thread, state)


def note_delivered(visitor: Visitor, thread: VisitorThread) -> None:
    """What the team wrote in this thread has come to the visitor."""
    team = [message["seq"] for message in thread.messages if message["role"] in ("assistant", "staff")]
    waits = any(message["status"] in ("queued", "sent") for message in thread.messages if message["seq"] in team)
    if waits and thread.conversation_id is not None:
        marks.delivered(visitor.business_id, thread.conversation_id, max(team))


def state_of(visitor: Visitor, thread: VisitorThread) -> tuple[object, ...]:
    """What a state frame tells; one is sent when this changes."""
    online = shapes.availability(visitor.business)["online"]
    return thread.conversation_id, thread.status, thread.speaker, thread.agent, online


async def _send_state(visitor: Visitor, thread: VisitorThread, state: tuple[object, ...]) -> None:
    visitor.shown = state
    await visitor.socket.send_text(_state_frame(visitor, thread))


def tell_state(visitor: Visitor, thread: VisitorThread) -> None:
    """Send what is known of a conversation without reading it."""
    visitor.shown = state_of(visitor, thread)
    hub.tell(visitor, "state", _state_frame(visitor, thread))


def _state_frame(visitor: Visitor, thread: VisitorThread) -> str:
    return shapes.frame(
        "state",
        conversation=shapes.conversation(thread),
        identity=shapes.identity(visitor.identity),
        **shapes.availability(visitor.business),
    )
