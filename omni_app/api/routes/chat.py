"""The chat gateway: the widget's configuration and its WebSocket.

Frames are JSON objects with a type `t`. A message is acknowledged after its commit; a message sent again with the same id is the
same message. The socket replays what came after the last number the widget has seen, so a lost connection loses nothing.
"""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, WebSocket
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.websockets import WebSocketDisconnect, WebSocketState

from omni_app.api.chat_hub import Visitor, hub
from omni_app.conversations.receiving import Facts, Inbound, Received, check_text
from omni_app.conversations.visitor_thread import VisitorThread, load_visitor_thread, mark_seen_by_visitor
from omni_app.customers.addresses import Address
from omni_app.infra.background import start_task
from omni_app.infra.crypto import sign, verify
from omni_app.infra.database import is_database_away, open_db
from omni_app.infra.errors import Invalid, NotFound, OmniError, SignedOut, TooMany
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Scope, system_scope
from omni_app.orchestrator.brain import Stopwatch
from omni_app.orchestrator.turn import answer_open, continue_conversation, receive
from omni_app.tenancy.businesses import BusinessView, find_business_by_widget_key
from omni_app.tenancy.widget_look import DEFAULT_COLORS, DEFAULT_GREETING

router = APIRouter(tags=["Website chat"])
log = get_logger(__name__)

SESSION = "widget"
SESSION_SECONDS = 180 * 24 * 3600
MAX_FRAME = 64 * 1024
WANTS_PERSON = "I would like to talk to a person."
_RTL = ("ar", "he", "fa", "ur")


@router.get("/chat/{widget_key}/config", summary="What the widget shows", include_in_schema=False)
async def config(widget_key: str) -> JSONResponse:
    """Name, texts and colours of a business, for anyone who has its public widget key. Raises `NotFound`."""
    business = await find_business_by_widget_key(widget_key)
    if business is None:
        raise NotFound("widget")
    language = business.locale or "en"
    body = {
        "name": business.name,
        "greeting": business.greeting or business.name.join(DEFAULT_GREETING),
        "suggestions": list(business.suggestions),
        "colors": {**DEFAULT_COLORS, **business.colors},
        "status_line": "Answers in seconds",
        "foot": "Answers by an AI assistant and our team",
        "lang": language,
        "dir": "rtl" if language.split("-")[0] in _RTL else "ltr",
    }
    return JSONResponse(body, headers={"Cache-Control": "public, max-age=60"})


@router.websocket("/chat/ws")
async def socket(websocket: WebSocket, business: str = "") -> None:
    """One open widget, until it leaves."""
    await websocket.accept()
    known = await find_business_by_widget_key(business)
    if known is None:
        await _send(websocket, {"t": "error", "id": None, "code": "gone", "message": "This chat does not exist.", "retry": False})
        await websocket.close(4404)
        return
    visitor: Visitor | None = None
    pump: asyncio.Task[None] | None = None
    try:
        visitor = await _hello(websocket, known)
        if visitor is None:
            return
        pump = asyncio.create_task(_pump(websocket, visitor))
        while True:
            frame = await _read(websocket)
            if frame is None:
                return
            await _handle(websocket, known, visitor, frame)
    except WebSocketDisconnect:
        pass
    finally:
        if visitor is not None:
            hub.remove(visitor)
        if pump is not None:
            pump.cancel()


async def _read(websocket: WebSocket) -> dict[str, Any] | None:
    """The next frame, or None when the connection is over. Frames of the wrong shape are answered and passed over."""
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            return None
        text = message.get("text")
        if text is None:
            await websocket.close(1003)
            return None
        if len(text.encode("utf-8", "replace")) > MAX_FRAME:
            await _refuse(websocket, None, Invalid("This message is too long.", "text"))
            continue
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):  # ValueError: also a number of more than 4,300 digits
            frame = None
        if isinstance(frame, dict) and isinstance(frame.get("t"), str):
            return frame
        await _refuse(websocket, None, Invalid("A frame is a JSON object with a type `t`.", "t"))


async def _hello(websocket: WebSocket, business: BusinessView) -> Visitor | None:
    while True:
        frame = await _read(websocket)
        if frame is None:
            return None
        if frame["t"] == "hello":
            break
        await _refuse(websocket, None, Invalid("Say hello first.", "t"))
    visitor_id = _visitor_id(business, frame.get("session"))
    seen = frame.get("seen")
    known = seen if type(seen) is int and 0 <= seen < 2**31 else 0
    visitor = Visitor(business_id=business.id, visitor_id=visitor_id, seen=known)
    hub.add(visitor)
    try:
        return await _welcome(websocket, business, visitor)
    except BaseException:
        hub.remove(visitor)
        raise


async def _welcome(websocket: WebSocket, business: BusinessView, visitor: Visitor) -> Visitor | None:
    try:
        thread = await _load(visitor)
    except (SQLAlchemyError, OSError):
        # The widget comes back by itself; better late than with half a history.
        hub.remove(visitor)
        await _send(websocket, _unavailable(None))
        await websocket.close(1013)
        return None
    session = sign(SESSION, {"business": str(business.id), "visitor": visitor.visitor_id})
    visitor.seen = max([visitor.seen, *(int(message["seq"]) for message in thread.messages)])
    visitor.conversation_id = thread.conversation_id
    welcome = {"t": "welcome", "session": session, "conversation": _conversation(thread), "messages": _messages(thread)}
    await _send(websocket, welcome)
    # What was committed after the read above and before this visitor could be found by its conversation would be missed.
    visitor.wake.set()
    return visitor


def _visitor_id(business: BusinessView, session: object) -> str:
    if isinstance(session, str) and session:
        try:
            payload = verify(SESSION, session, SESSION_SECONDS)
        except SignedOut:
            return uuid4().hex
        if payload.get("business") == str(business.id) and payload.get("visitor"):
            return payload["visitor"]
    return uuid4().hex


def _address(visitor: Visitor) -> Address:
    return Address(kind="external", channel="chat", value=visitor.visitor_id)


def _scope(visitor: Visitor) -> Scope:
    return system_scope(visitor.business_id)


async def _load(visitor: Visitor) -> VisitorThread:
    async with open_db(_scope(visitor)) as db:
        return await load_visitor_thread(db, _address(visitor).index, visitor.conversation_id, visitor.seen)


async def _handle(websocket: WebSocket, business: BusinessView, visitor: Visitor, frame: dict[str, Any]) -> None:
    kind = frame["t"]
    given_id = frame.get("id")
    # An id of other signs is none of ours, and a lone surrogate in it could not be sent back.
    frame_id = given_id if isinstance(given_id, str) and given_id.isascii() else None
    try:
        if kind == "say":
            await _say(websocket, visitor, frame_id, frame.get("text"), business.locale)
        elif kind == "person":
            await _say(websocket, visitor, frame_id, WANTS_PERSON, business.locale)
        elif kind == "read":
            seq = frame.get("seq")
            if visitor.conversation_id is not None and type(seq) is int and 0 < seq < 2**31:
                async with open_db(_scope(visitor)) as db:
                    await mark_seen_by_visitor(db, visitor.conversation_id, seq)
        elif kind == "ping":
            await _send(websocket, {"t": "pong"})
        else:
            raise Invalid("There is no such frame.", "t")
    except OmniError as error:
        await _refuse(websocket, frame_id, error)
    except (SQLAlchemyError, OSError) as error:
        if not is_database_away(error):
            log.error("chat frame failed", frame=kind, exc_info=error)
        await _send(websocket, _unavailable(frame_id))


async def _say(websocket: WebSocket, visitor: Visitor, frame_id: str | None, text: object, locale: str) -> None:
    try:
        client_id = str(UUID(frame_id or ""))
    except ValueError as error:
        raise Invalid("A message needs an id, a UUID.", "id") from error
    if not isinstance(text, str):
        raise Invalid("Write a message.", "text")
    inbound = Inbound(channel="chat", address=_address(visitor), text=check_text(text), client_id=client_id, language=locale)
    received, facts = await receive(_scope(visitor), inbound)
    if visitor.conversation_id != received.conversation_id:
        hub.joined(visitor, received.conversation_id)
    await _send(websocket, {"t": "ack", "id": frame_id, "seq": received.seq})
    if received.turn_id is not None:
        start_task(_answer(visitor.business_id, received, facts, inbound.text), "chat answer")


async def _answer(business_id: UUID, received: Received, facts: Facts, text: str) -> None:
    """Answer beside the socket: the visitor may leave, the answer is stored all the same."""
    scope, conversation_id = system_scope(business_id), received.conversation_id
    assert received.turn_id is not None

    def show_typing(is_typing: bool) -> None:
        hub.typing(business_id, conversation_id, is_typing)

    recorded = await answer_open(scope, facts, received.turn_id, received.fence, received.seq, text, Stopwatch(), show_typing)
    if recorded is not None and recorded.has_more:
        await continue_conversation(scope, conversation_id, show_typing)


async def _pump(websocket: WebSocket, visitor: Visitor) -> None:
    """Send what is new whenever the hub wakes this visitor."""
    shown: tuple[Any, ...] = ()
    was_typing = False
    while websocket.application_state == WebSocketState.CONNECTED:
        await visitor.wake.wait()
        visitor.wake.clear()
        try:
            thread = await _load(visitor)
            for message in _messages(thread):
                await _send(websocket, {"t": "message", "message": message})
                visitor.seen = max(visitor.seen, message["seq"])
            if visitor.typing != was_typing:
                was_typing = visitor.typing
                await _send(websocket, {"t": "typing", "who": "assistant", "on": was_typing})
            state = (thread.status, thread.speaker, thread.agent)
            if state != shown and thread.conversation_id is not None:
                shown = state
                await _send(websocket, {"t": "state", "conversation": _conversation(thread)})
        except (SQLAlchemyError, OSError) as error:
            log.warning("widget not updated, trying again", error=type(error).__name__)
            await asyncio.sleep(1)
            visitor.wake.set()
        except (WebSocketDisconnect, RuntimeError):
            return


def _conversation(thread: VisitorThread) -> dict[str, Any]:
    agent = None
    if thread.agent:
        initials = "".join(word[0] for word in thread.agent.split()[:2]).upper()
        agent = {"name": thread.agent, "initials": initials}
    return {
        "id": str(thread.conversation_id) if thread.conversation_id else None,
        "status": thread.status,
        "speaker": thread.speaker,
        "agent": agent,
        "seq": thread.last_seq,
    }


def _messages(thread: VisitorThread) -> list[dict[str, Any]]:
    return [
        {
            **message,
            "sources": [
                {name: source.get(name, "") for name in ("kind", "id", "title", "quote")} for source in message["sources"]
            ],
        }
        for message in thread.messages
    ]


def _unavailable(frame_id: str | None) -> dict[str, Any]:
    message = "We cannot take messages for a moment. Yours is sent again by itself."
    return {"t": "error", "id": frame_id, "code": "unavailable", "message": message, "retry": True, "retry_after": 2}


async def _refuse(websocket: WebSocket, frame_id: str | None, error: OmniError) -> None:
    body: dict[str, Any] = {"t": "error", "id": frame_id, "code": error.code, "message": str(error), "retry": False}
    if isinstance(error, Invalid) and error.fields:
        body["field"] = error.fields[0].field
    if isinstance(error, TooMany):
        body["retry_after"] = max(1, round(error.retry_after.total_seconds()))
    await _send(websocket, body)


async def _send(websocket: WebSocket, body: dict[str, Any]) -> None:
    await websocket.send_text(json.dumps(body, ensure_ascii=False, separators=(",", ":")))
