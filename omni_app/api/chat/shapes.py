"""What goes over the wire to a widget, as JSON text or the parts of it."""

import json
import math
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from omni_app.conversations.answering import Answer, Recorded
from omni_app.conversations.attachments import with_links
from omni_app.conversations.identity import IdentityState
from omni_app.conversations.visitor_thread import VisitorThread
from omni_app.infra.clock import now
from omni_app.infra.errors import Invalid, OmniError, TooMany
from omni_app.infra.live import Note
from omni_app.tenancy.businesses import BusinessView
from omni_app.tenancy.opening_hours import is_open, next_opening


def frame(kind: str, **values: Any) -> str:
    return json.dumps({"t": kind, **values}, ensure_ascii=False, separators=(",", ":"), default=str)


def conversation(thread: VisitorThread) -> dict[str, Any]:
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


def messages(thread: VisitorThread, business_id: UUID) -> list[dict[str, Any]]:
    return [
        {
            **message,
            "sources": [_source(source) for source in message["sources"]],
            "attachments": with_links(message["attachments"] or (), business_id),
        }
        for message in thread.messages
    ]


def answer(said: Answer, recorded: Recorded) -> dict[str, Any]:
    """The assistant's message as `messages` gives it, without reading it back."""
    return {
        "id": str(said.message_id),
        "seq": recorded.seq,
        "role": "assistant",
        "text": said.text,
        "at": recorded.at.isoformat(),
        "client_id": None,
        "author": None,
        "sources": [_source(source) for source in said.sources],
        "offer_person": said.offers_person,
        "attachments": [],
        "status": "sent",
    }


def _source(source: dict[str, Any]) -> dict[str, Any]:
    return {name: source.get(name, "") for name in ("kind", "id", "title", "quote")}


def identity(state: IdentityState) -> dict[str, str]:
    return {"proof": state.proof, "name": state.name, "claimed": state.claimed}


def from_note(note: Note) -> tuple[str, str] | None:
    """What a live note says by itself, without a look at the database: (what it is about, the frame)."""
    ids = note.ids
    if note.kind == "message.streaming":
        return "delta", frame("delta", message_id=ids.get("message_id"), text=ids.get("text", ""))
    if note.kind == "typing.changed" and ids.get("who") in ("assistant", "staff"):
        who = ids["who"]
        return f"typing {who}", frame("typing", who=who, name=ids.get("name") or None, on=ids.get("on") == "1")
    if note.kind == "message.status" and ids.get("role") == "customer":
        status = ids.get("status", "")
        return f"status {status}", frame("status", seq=int(ids.get("seq", 0)), status=status)
    return None


def availability(business: BusinessView, at: datetime | None = None) -> dict[str, Any]:
    """`online`: the team is there by its opening hours (a business without hours says nothing: online). `away` says when it is
    back in English, `back_at` (ISO 8601) the same for a widget that speaks another language."""
    return dict(_availability(business.id, _frozen(business.opening_hours), business.timezone, _minute(at or now())))


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _frozen(hours: dict[str, list[list[str]]]) -> str:
    return json.dumps(hours)


@lru_cache(maxsize=500)
def _availability(business_id: UUID, hours_json: str, timezone: str, at: datetime) -> dict[str, Any]:
    hours = json.loads(hours_json)
    if not any(hours.values()) or is_open(hours, timezone, at):
        return {"online": True, "away": "", "back_at": None}
    back = next_opening(hours, timezone, at)
    if back is None:
        return {"online": False, "away": "Our team is away. Leave a message, we read it later.", "back_at": None}
    when = _when(back.astimezone(ZoneInfo(timezone)), at.astimezone(ZoneInfo(timezone)))
    return {"online": False, "away": f"We are back {when}. Leave a message, we answer then.", "back_at": back.isoformat()}


def _when(back: datetime, at: datetime) -> str:
    clock, days = back.strftime("%H:%M"), back.date() - at.date()
    if days <= timedelta(days=1):
        return f"{'tomorrow' if days else 'today'} at {clock}"
    return f"{back:%A} at {clock}" if days < timedelta(days=7) else f"on {back.day} {back:%B} at {clock}"


def unavailable(frame_id: str | None) -> str:
    message = "We cannot take messages for a moment. Yours is sent again by itself."
    return frame("error", id=frame_id, code="unavailable", message=message, retry=True, retry_after=2)


def refusal(frame_id: str | None, error: OmniError, *, retry: bool = False) -> str:
    """An error in the visitor's words; `retry`: the same frame may be accepted after `retry_after` seconds."""
    body: dict[str, Any] = {"id": frame_id, "code": error.code, "message": str(error), "retry": retry}
    if isinstance(error, Invalid) and error.fields:
        body["field"] = error.fields[0].field
        body["fields"] = [{"field": problem.field, "message": problem.message} for problem in error.fields]
    if isinstance(error, TooMany):
        body["retry_after"] = max(1, math.ceil(error.retry_after.total_seconds()))
    return frame("error", **body)
