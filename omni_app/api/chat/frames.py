"""What a widget may ask for: one function a frame type, each taking the frame as it came."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from omni_app.api.chat import shapes
from omni_app.api.chat.hub import NOBODY, Visitor, hub
from omni_app.api.chat.marks import marks
from omni_app.api.chat.sending import tell_state
from omni_app.api.chat.session import new_visitor_id
from omni_app.conversations import identity, presence
from omni_app.conversations.attachments import MOST_FILES, sign_link
from omni_app.conversations.facts import Facts, Inbound
from omni_app.conversations.identity import IdentityState
from omni_app.conversations.marks import Page
from omni_app.conversations.receiving import Received, check_text
from omni_app.conversations.visitor_thread import VisitorThread
from omni_app.infra.background import start_task
from omni_app.infra.database import is_database_away, open_db
from omni_app.infra.errors import Forbidden, Invalid, NotFound, OmniError
from omni_app.infra.log import get_logger
from omni_app.infra.scope import system_scope
from omni_app.orchestrator.deciding import Stopwatch
from omni_app.orchestrator.turn import answer_open, continue_conversation, receive

log = get_logger(__name__)

Frame = dict[str, Any]

WANTS_PERSON = "I would like to talk to a person."
MAX_URL = 500
# More messages at once than this wait in line: those that were taken need connections to be answered, and the more are under way
# the longer each takes.
_TAKERS = asyncio.Semaphore(3)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")


async def handle(visitor: Visitor, frame: Frame) -> None:
    """Do what one frame asks for, or say why not; the socket stays open."""
    given_id = frame.get("id")
    # An id of other signs is none of ours, and a lone surrogate in it could not be sent back.
    frame_id = given_id if isinstance(given_id, str) and given_id.isascii() and len(given_id) <= 100 else None
    try:
        act = _ACTS.get(frame["t"])
        if act is None:
            raise Invalid("There is no such frame.", "t")
        await act(visitor, frame, frame_id)
    except OmniError as error:
        await visitor.socket.send_text(shapes.refusal(frame_id, error))
    except (SQLAlchemyError, OSError) as error:
        if not is_database_away(error):
            log.error("chat frame failed", frame=frame["t"], exc_info=error)
        await visitor.socket.send_text(shapes.unavailable(frame_id))


async def _ping(visitor: Visitor, frame: Frame, frame_id: str | None) -> None:
    await visitor.socket.send_text('{"t":"pong"}')


async def _say(visitor: Visitor, frame: Frame, frame_id: str | None) -> None:
    given, files = frame.get("text"), _file_ids(frame.get("attachments"))
    if not isinstance(given, str):
        raise Invalid("Write a message.", "text")
    # A file may come without a word.
    await _take(visitor, frame_id, check_text(given, with_attachments=bool(files)), files)


async def _person(visitor: Visitor, frame: Frame, frame_id: str | None) -> None:
    await _take(visitor, frame_id, WANTS_PERSON, ())


def _file_ids(value: object) -> tuple[UUID, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MOST_FILES:
        raise Invalid(f"A message takes up to {MOST_FILES} files.", "attachments")
    try:
        return tuple(UUID(item) for item in value)
    except (ValueError, TypeError, AttributeError) as error:
        raise Invalid("Attach the file again.", "attachments") from error


async def _take(visitor: Visitor, frame_id: str | None, text: str, files: tuple[UUID, ...]) -> None:
    try:
        client_id = str(UUID(frame_id or ""))
    except ValueError as error:
        raise Invalid("A message needs an id, a UUID.", "id") from error
    inbound = Inbound(
        channel="chat",
        address=visitor.contact,
        text=text,
        client_id=client_id,
        language=visitor.language or visitor.business.locale,
        attachments=files,
        page=visitor.page.values if visitor.page is not None else None,
        network_address=visitor.host,
    )
    async with _TAKERS:
        received, facts = await receive(visitor.scope, inbound)
    _follow(visitor, received, facts, bool(files))
    if received.turn_id is not None:
        start_task(_answer(visitor.business_id, received, facts, inbound.text), "chat answer")
    await visitor.socket.send_text(shapes.frame("ack", id=frame_id, seq=received.seq))


def _follow(visitor: Visitor, received: Received, facts: Facts, has_files: bool) -> None:
    """Let the tabs show the conversation this message went to, without asking for what this tab has anyway."""
    conversation_id = received.conversation_id
    is_new = visitor.conversation_id != conversation_id
    if received.seq == visitor.seen + 1 and not has_files and (not is_new or visitor.conversation_id is None):
        visitor.seen = received.seq
    # A conversation that this message began holds nothing else.
    is_begun = is_new and visitor.seen == received.seq == 1 and not received.is_repeat and not visitor.must_read
    if is_new:
        joined(visitor, conversation_id, holds_all=is_begun)
        if is_begun:
            begun = VisitorThread(conversation_id=conversation_id, status=received.status, speaker=received.speaker, last_seq=1)
            tell_state(visitor, begun)
    elif (facts.status, facts.speaker) != (received.status, received.speaker):
        hub.wake(visitor)


def joined(visitor: Visitor, conversation_id: UUID, *, holds_all: bool = False) -> None:
    """All tabs of the visitor show this conversation; the inbox learns that its customer is here."""
    if hub.joined(visitor, conversation_id, holds_all=holds_all):
        start_task(presence.visitor_is_here(visitor.business_id, conversation_id), "visitor is here")


async def _answer(business_id: UUID, received: Received, facts: Facts, text: str) -> None:
    """Answer beside the socket: the visitor may leave, the answer is stored all the same."""
    scope = system_scope(business_id)
    assert received.turn_id is not None
    answered = await answer_open(scope, facts, received.turn_id, received.fence, received.seq, text, Stopwatch())
    if answered is None:
        return
    answer, recorded = answered
    # A hand-over changes more than one message: the widgets read it like everybody else.
    if answer.handover_reason is None and hub.hand_out(
        received.conversation_id, recorded.seq, shapes.frame("message", message=shapes.answer(answer, recorded))
    ):
        marks.delivered(business_id, received.conversation_id, recorded.seq)
    if recorded.has_more:
        await continue_conversation(scope, received.conversation_id)


async def _read(visitor: Visitor, frame: Frame, frame_id: str | None) -> None:
    seq = frame.get("seq")
    if visitor.conversation_id is not None and type(seq) is int and 0 < seq < 2**31:
        marks.read(visitor.business_id, visitor.conversation_id, seq)


async def _typing(visitor: Visitor, frame: Frame, frame_id: str | None) -> None:
    if visitor.conversation_id is None:
        return
    shown = presence.show_typing(
        visitor.business_id, visitor.conversation_id, "customer", visitor.identity.name, frame.get("on") is True
    )
    # Beside the socket: a Redis that hangs must not hold up the message that follows.
    start_task(shown, "visitor typing")


async def _page(visitor: Visitor, frame: Frame, frame_id: str | None) -> None:
    note_page(visitor, frame)
    if visitor.page is not None and visitor.conversation_id is not None:
        marks.page(visitor.business_id, visitor.conversation_id, visitor.page)


def note_page(visitor: Visitor, page: object) -> None:
    """Remember where a visitor is; an address that is none of the web is left out, not refused: it is the page's, not theirs."""
    given = page if isinstance(page, dict) else {}
    url, title = given.get("url"), given.get("title")
    visitor.page = Page(url=_address(url), title=_clean(title)[:200] if isinstance(title, str) else "", language=visitor.language)


def language_of(value: object) -> str:
    """A BCP 47 tag as a page names it, or nothing."""
    return value if isinstance(value, str) and _LANGUAGE.fullmatch(value) else ""


def _address(url: object) -> str:
    if not isinstance(url, str) or len(url) > MAX_URL or url != _clean(url):
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.netloc else ""


def _clean(text: str) -> str:
    """Without what PostgreSQL or UTF-8 cannot hold."""
    return "".join(sign for sign in text if sign >= " " and not "\ud800" <= sign <= "\udfff").strip()


async def _claim(visitor: Visitor, frame: Frame, frame_id: str | None) -> None:
    values = {name: _short(frame.get(name), name) for name in ("name", "email", "phone")}
    state = await identity.claim(visitor.scope, visitor.contact, **values)
    await became(visitor, state, frame_id)


async def _code(visitor: Visitor, frame: Frame, frame_id: str | None) -> None:
    if frame.get("send") is True:
        await identity.send_code(visitor.scope, visitor.contact)
        await visitor.socket.send_text(shapes.frame("ack", id=frame_id, seq=0))
        return
    code = frame.get("code")
    if not isinstance(code, str) or not code.strip():
        raise Invalid("Write the six digits from the e-mail.", "code")
    state = await identity.prove_by_code(visitor.scope, visitor.contact, code.strip()[:20])
    await became(visitor, state, frame_id)


def _short(value: object, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Invalid("Write a text.", name)
    text = _clean(value)
    if len(text) > 320:
        raise Invalid("This is too long.", name)
    return text


async def became(visitor: Visitor, state: IdentityState, frame_id: str | None = None) -> None:
    """Tell every tab who the visitor is now; a joined conversation is shown in all of them."""
    for tab in hub.tabs(visitor):
        tab.identity = state
        if tab is not visitor:
            hub.tell(tab, "identity", shapes.frame("identity", identity=shapes.identity(state)))
    await visitor.socket.send_text(shapes.frame("identity", identity=shapes.identity(state), id=frame_id))
    _show(visitor, state.conversation_id)


def _show(visitor: Visitor, conversation_id: UUID | None) -> None:
    if conversation_id is not None:
        joined(visitor, conversation_id)
    elif visitor.conversation_id is not None:
        hub.joined(visitor, None)


async def look_who(visitor: Visitor) -> None:
    """Another tab, maybe of another process, proved who the visitor is: show it in the tabs of this one."""
    state = await identity.identity_of(visitor.scope, visitor.contact)
    for tab in hub.tabs(visitor):
        if tab.identity != state:
            tab.identity = state
            hub.tell(tab, "identity", shapes.frame("identity", identity=shapes.identity(state)))
    _show(visitor, state.conversation_id)


async def recognise(visitor: Visitor, user: object, user_hash: object) -> OmniError | None:
    """Who comes: whom the page vouches for, or whom the session belongs to.

    A forged hash is told and changes nothing: they chat as a stranger. A browser that a page vouched for and that comes without
    a user was logged out: it becomes another visitor.
    """
    refusal: OmniError | None = None
    if user is not None or user_hash is not None:
        try:
            if not isinstance(user, str) or not isinstance(user_hash, str):
                raise Forbidden("This page's signature is not valid.")
            visitor.identity = await identity.prove_by_page(visitor.scope, visitor.contact, user[:1000], user_hash[:200])
        except OmniError as error:
            refusal = error
        else:
            return None
    visitor.identity = await identity.identity_of(visitor.scope, visitor.contact)
    if visitor.identity.is_by_page:
        visitor.visitor_id, visitor.seen, visitor.identity = new_visitor_id(), 0, NOBODY
    return refusal


async def _link(visitor: Visitor, frame: Frame, frame_id: str | None) -> None:
    """A fresh link to a file of this conversation: links last five minutes."""
    (file_id,) = _file_ids([frame.get("attachment")])
    async with open_db(visitor.scope) as db:
        found = await db.execute(
            "select 1 from attachments where id = :id and conversation_id = :conversation_id and message_id is not null",
            {"id": file_id, "conversation_id": visitor.conversation_id},
        )
        if found.one_or_none() is None:
            raise NotFound("file")
    url = sign_link(file_id, visitor.business_id)
    await visitor.socket.send_text(shapes.frame("link", id=frame_id, attachment=str(file_id), url=url))


_ACTS: dict[str, Callable[[Visitor, Frame, str | None], Awaitable[None]]] = {
    "say": _say,
    "person": _person,
    "read": _read,
    "typing": _typing,
    "page": _page,
    "claim": _claim,
    "code": _code,
    "link": _link,
    "ping": _ping,
}
