"""The chat gateway: the widget's configuration and its WebSocket.

Frames are JSON objects with a type `t`. A message is acknowledged after its commit; a message sent again with the same id is the
same message. The socket replays what came after the last number the widget has seen, so a lost connection loses nothing.
"""

import asyncio
import json
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, WebSocket
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.websockets import WebSocketDisconnect

from omni_app.api.chat import limits, shapes
from omni_app.api.chat.frames import handle, joined, language_of, look_who, note_page, recognise
from omni_app.api.chat.hub import Visitor, hub
from omni_app.api.chat.marks import marks
from omni_app.api.chat.sending import load_thread, note_delivered, send_news, state_of
from omni_app.api.chat.session import keep_session, new_visitor_id, read_session
from omni_app.conversations.attachments import MAX_BYTES
from omni_app.conversations.presence import visitor_has_left
from omni_app.conversations.sniffing import ACCEPTED
from omni_app.infra.background import start_task
from omni_app.infra.errors import Invalid, NotFound, TooMany
from omni_app.tenancy.businesses import BusinessView, find_business_by_widget_key
from omni_app.tenancy.widget_look import DEFAULT_COLORS, DEFAULT_GREETING

router = APIRouter(tags=["Website chat"])

MAX_FRAME = 64 * 1024
# The server reads a frame whole before anybody sees its size, up to its own 16 MiB: who sends one like this is no widget.
MAX_READ = 1024 * 1024
HELLO_SECONDS = 30.0
_RTL = ("ar", "he", "fa", "ur")
_addresses = limits.AddressWindows()

hub.send_with(send_news, look_who)


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
        "pre_chat": _pre_chat(business.pre_chat),
        "sounds": False,
        "attachments": {"max_bytes": MAX_BYTES, "types": list(ACCEPTED)},
        **shapes.availability(business),
    }
    return JSONResponse(body, headers={"Cache-Control": "public, max-age=60"})


def _pre_chat(form: dict[str, Any]) -> dict[str, Any]:
    fields = [name for name in ("name", "email", "phone") if name in form.get("fields", ())]
    is_enabled = bool(form.get("enabled")) and bool(fields)
    return {"enabled": is_enabled, "required": bool(form.get("required")), "fields": fields}


@router.websocket("/chat/ws")
async def socket(websocket: WebSocket, business: str = "") -> None:
    """One open widget, until it leaves."""
    await websocket.accept()
    known = await find_business_by_widget_key(business)
    if known is None:
        await websocket.send_text(shapes.frame("error", id=None, code="gone", message="This chat does not exist.", retry=False))
        await websocket.close(4404)
        return
    visitor: Visitor | None = None
    try:
        visitor = await _hello(websocket, known)
        while visitor is not None:
            frame = await _next(websocket, visitor)
            if frame is None:
                return
            await handle(visitor, frame)
    except asyncio.CancelledError:
        if visitor is None or not visitor.is_let_go:
            raise
        await websocket.close(1001)
    except (WebSocketDisconnect, TimeoutError):
        pass
    except RuntimeError:
        # Starlette's word for a frame sent to a connection that is closed already.
        pass
    finally:
        if visitor is not None:
            leave(visitor)


def leave(visitor: Visitor) -> None:
    conversation_id = visitor.conversation_id
    if hub.remove(visitor) and conversation_id is not None:
        start_task(visitor_has_left(visitor.business_id, conversation_id), "visitor has left")


async def _next(websocket: WebSocket, visitor: Visitor) -> dict[str, Any] | None:
    """The next frame that is not too many, or None when the connection is over."""
    while True:
        frame = await _read(websocket)
        if frame is None:
            return None
        visitor.heard_at = at = asyncio.get_running_loop().time()
        try:
            limits.check(visitor.frames, _addresses, visitor.address, at)
        except TooMany as error:
            if visitor.frames.count > limits.PATIENCE:
                await websocket.close(1008)
                return None
            given_id = frame.get("id")
            frame_id = given_id if isinstance(given_id, str) and given_id.isascii() else None
            await websocket.send_text(shapes.refusal(frame_id, error, retry=True))
            continue
        return frame


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
        if len(text) > MAX_READ:
            await websocket.close(1009)
            return None
        if len(text) > MAX_FRAME or len(text.encode("utf-8", "replace")) > MAX_FRAME:
            await _refuse(websocket, "This message is too long.", "text")
            continue
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):  # ValueError: also a number of more than 4,300 digits
            frame = None
        if isinstance(frame, dict) and isinstance(frame.get("t"), str):
            return frame
        await _refuse(websocket, "A frame is a JSON object with a type `t`.", "t")


async def _refuse(websocket: WebSocket, message: str, field: str) -> None:
    await websocket.send_text(shapes.refusal(None, Invalid(message, field)))


async def _hello(websocket: WebSocket, business: BusinessView) -> Visitor | None:
    async with asyncio.timeout(HELLO_SECONDS):
        while True:
            frame = await _read(websocket)
            if frame is None:
                return None
            if frame["t"] == "hello":
                break
            await _refuse(websocket, "Say hello first.", "t")
    seen = frame.get("seen")
    visitor = Visitor(
        socket=websocket,
        business=business,
        visitor_id=read_session(business.id, frame.get("session")) or new_visitor_id(),
        language=language_of(frame.get("lang")),
        address=limits.public_address(websocket.client.host if websocket.client else None),
        host=websocket.client.host if websocket.client else "",
        seen=seen if type(seen) is int and 0 <= seen < 2**31 else 0,
        heard_at=asyncio.get_running_loop().time(),
        task=asyncio.current_task(),
    )
    note_page(visitor, frame.get("page"))
    try:
        return await _welcome(visitor, frame)
    except BaseException:
        leave(visitor)
        raise


async def _welcome(visitor: Visitor, hello: dict[str, Any]) -> Visitor | None:
    # Nothing may be sent before the welcome.
    visitor.is_sending = True
    try:
        refusal = await recognise(visitor, hello.get("user"), hello.get("user_hash"))
        session = keep_session(visitor.business_id, visitor.visitor_id, hello.get("session"))
        if session != hello.get("session"):
            # What the widget held under another token it has forgotten, and its numbers mean nothing here.
            visitor.seen = 0
        hub.add(visitor)
        thread = await load_thread(visitor)
    except (SQLAlchemyError, OSError):
        # The widget comes back by itself; better late than with half a history.
        leave(visitor)
        with suppress(RuntimeError):
            await visitor.socket.send_text(shapes.unavailable(None))
            await visitor.socket.close(1013)
        return None
    visitor.seen = max([visitor.seen, *(int(message["seq"]) for message in thread.messages)])
    if thread.conversation_id is not None and visitor.conversation_id is None:
        joined(visitor, thread.conversation_id)
    visitor.shown = state_of(visitor, thread)
    welcome = shapes.frame(
        "welcome",
        session=session,
        conversation=shapes.conversation(thread),
        messages=shapes.messages(thread, visitor.business_id),
        identity=shapes.identity(visitor.identity),
        **shapes.availability(visitor.business),
    )
    await visitor.socket.send_text(welcome)
    if refusal is not None:
        await visitor.socket.send_text(shapes.refusal(None, refusal))
    note_delivered(visitor, thread)
    if visitor.page is not None and visitor.conversation_id is not None:
        marks.page(visitor.business_id, visitor.conversation_id, visitor.page)
    visitor.is_sending = False
    # What was committed after the read above and before this visitor could be found by its conversation would be missed.
    hub.wake(visitor)
    return visitor
