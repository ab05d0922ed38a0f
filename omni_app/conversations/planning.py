"""Put a message of ours on its way over the channel: one row for each provider message, in the message's own transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text

from omni_app.channels.contract import Capabilities
from omni_app.channels.registry import all_adapters
from omni_app.channels.splitting import split_text
from omni_app.conversations.barring import Bar, file_problem, find_bar, load_facts
from omni_app.conversations.jobs import DeliverConversation
from omni_app.conversations.models import Delivery
from omni_app.conversations.progress import PartState, status_of
from omni_app.conversations.undelivered import note_undelivered
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.ids import new_id
from omni_app.infra.jobs import enqueue

_MARK = text("update messages set status = :status, problem = :problem where id = :id")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """One provider message to be: a piece of text, or one file (`text` is empty then)."""

    text: str = ""
    bar: Bar | None = None


async def plan_delivery(db: Db, conversation_id: UUID, message_id: UUID) -> None:
    """Queue a message of the same transaction for the channel of its conversation; nothing happens where there is none.

    A long text goes in parts. Files travel with a mail, elsewhere each is a message of its own. What cannot go out now is
    marked failed at once, with the reason. Raises `NotFound` for a message that is not there.
    """
    facts = await load_facts(db, message_id)
    if facts.connection_id is None:
        return
    adapter = all_adapters().get(facts.kind)
    bar = find_bar(facts)
    pieces = _pieces(facts, adapter.capabilities) if adapter is not None else [_Piece(text=facts.text)]
    at = now()
    rows = [delivery_row(db, facts, number, piece.text, at, bar or piece.bar) for number, piece in enumerate(pieces)]
    await db.execute(insert(Delivery.__table__).values(rows))  # type: ignore[attr-defined]
    status, problem = status_of([PartState(status=row["status"], error=row["error"]) for row in rows])
    await db.execute(_MARK, {"id": message_id, "status": status, "problem": problem})
    if status == "failed":
        await note_undelivered(db, message_id)
    if any(row["status"] == "queued" for row in rows):
        await enqueue(db, DeliverConversation(conversation_id=conversation_id))


def _pieces(facts: Any, capabilities: Capabilities) -> list[_Piece]:
    files = list(facts.attachments or ())
    problems = [file_problem(capabilities, str(file["media_type"]), int(file["size"])) for file in files]
    if facts.details.get("template"):
        return [_Piece(text=facts.text)]
    if capabilities.has_subject:
        bad = next((problem for problem in problems if problem), "")
        return [_Piece(text=facts.text, bar=Bar(kind="content", text=bad) if bad else None)]
    pieces = [_Piece(text=part) for part in split_text(facts.text, capabilities.text_limit)]
    pieces += [_Piece(bar=Bar(kind="content", text=problem) if problem else None) for problem in problems]
    return pieces or [_Piece(bar=Bar(kind="content", text="There is nothing in this message that could be sent."))]


def delivery_row(db: Db, facts: Any, part: int, text_: str, at: datetime, bar: Bar | None = None) -> dict[str, Any]:
    """The row of `deliveries` for provider message number `part` of the message `facts` are about: queued, or failed at once
    for the reason `bar`."""
    return {
        "id": new_id(),
        "business_id": db.scope.business_id,
        "conversation_id": facts.conversation_id,
        "message_id": facts.message_id,
        "customer_id": facts.customer_id,
        "connection_id": facts.connection_id,
        "channel": facts.channel,
        "seq": facts.seq,
        "part": part,
        "text": text_,
        "status": "failed" if bar else "queued",
        "attempts": 0,
        "available_at": at,
        "fence": 0,
        "provider_id": "",
        "error": bar.text if bar else "",
        "error_code": "",
        "error_kind": bar.kind if bar else "",
        "cost_nusd": 0,
        "pricing": {},
        "created_at": at,
        "failed_at": at if bar else None,
    }
