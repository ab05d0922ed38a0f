"""What screens read of conversations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text

from omni_app.infra.database import Db
from omni_app.infra.errors import NotFound
from omni_app.infra.scope import Permission

Folder = Literal["waiting", "mine", "unassigned", "ai", "all", "closed"]

_FOLDERS: dict[str, str] = {
    "waiting": "c.status = 'waiting'",
    "mine": "c.status <> 'closed' and c.assignee_id = :member_id",
    "unassigned": "c.status <> 'closed' and c.speaker = 'human' and c.assignee_id is null",
    "ai": "c.status <> 'closed' and c.speaker = 'ai'",
    "all": "c.status <> 'closed'",
    "closed": "c.status = 'closed'",
}

_SUMMARY = """
    select c.id, c.customer_id, cu.name as customer_name, c.channel, c.status, c.speaker, c.subject, c.assignee_id,
      a.name as assignee_name, c.last_text, c.last_role, c.last_seq, c.last_message_at, c.waiting_since, c.handover_reason,
      c.created_at, w.author_id as last_author_id, w.author_name as last_author_name,
      (select count(*) from messages m where m.conversation_id = c.id and m.role = 'customer'
         and m.seq > coalesce(r.seq, 0)) as unread
    from conversations c
    join customers cu on cu.id = c.customer_id
    left join members a on a.id = c.assignee_id
    left join read_marks r on r.conversation_id = c.id and r.member_id = :member_id
    left join lateral (select m.author_id, m.author_name from messages m where c.last_role = 'staff'
      and m.conversation_id = c.id and m.role = 'staff' order by m.seq desc limit 1) w on true
"""

_COUNTS = text(
    """
    select count(*) filter (where c.status = 'waiting') as waiting,
      count(*) filter (where c.status <> 'closed' and c.assignee_id = :member_id) as mine,
      count(*) filter (where c.status <> 'closed' and c.speaker = 'human' and c.assignee_id is null) as unassigned,
      count(*) filter (where c.status <> 'closed' and c.speaker = 'ai') as ai,
      count(*) filter (where c.status <> 'closed') as "all",
      count(*) filter (where c.status = 'closed') as closed
    from conversations c
    """
)

_MESSAGES = text(
    """
    select * from (
      select m.id, m.seq, m.role, m.text, m.status, m.client_id, m.author_name, m.source, m.tier, m.confidence, m.sources,
        m.offers_person, m.cost_nusd, m.receipt_id, m.created_at
      from messages m where m.conversation_id = :conversation_id and m.seq > :after and m.seq < :before
      order by m.seq desc limit :limit) newest
    order by seq
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationView:
    """One row of the list. `unread` counts customer messages the calling member has not seen; `last_author_*` is the member who
    wrote the last text, when staff did."""

    id: UUID
    customer_id: UUID
    customer_name: str
    channel: str
    status: str
    speaker: str
    subject: str
    assignee_id: UUID | None
    assignee_name: str | None
    last_text: str
    last_role: str
    last_seq: int
    last_message_at: datetime
    waiting_since: datetime | None
    handover_reason: str | None
    created_at: datetime
    last_author_id: UUID | None
    last_author_name: str | None
    unread: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """One message as shown. `sources` [{kind, id, title, quote}]; `cost_nusd` in nano-dollars."""

    id: UUID
    seq: int
    role: str
    text: str
    status: str
    client_id: str | None
    author_name: str | None
    source: str | None
    tier: str | None
    confidence: float | None
    sources: tuple[dict[str, Any], ...]
    offers_person: bool
    cost_nusd: int
    receipt_id: UUID | None
    created_at: datetime


async def list_conversations(db: Db, folder: Folder, limit: int = 50, before: datetime | None = None) -> list[ConversationView]:
    """The newest conversations of a folder; in `waiting` the longest wait comes first.

    `before` pages by `last_message_at`. Raises `Forbidden`.
    """
    db.scope.require(Permission.VIEW)
    order = "c.waiting_since asc" if folder == "waiting" else "c.last_message_at desc"
    statement = f"""{_SUMMARY} where {_FOLDERS[folder]}
      and (cast(:before as timestamptz) is null or c.last_message_at < :before) order by {order} limit :limit"""
    rows = await db.execute(statement, {"member_id": db.scope.actor.id, "before": before, "limit": min(limit, 200)})
    return [ConversationView(**row._mapping) for row in rows]


async def load_conversation(db: Db, conversation_id: UUID) -> ConversationView:
    """One conversation. Raises `NotFound`, also for another business's."""
    db.scope.require(Permission.VIEW)
    row = (
        await db.execute(f"{_SUMMARY} where c.id = :id", {"member_id": db.scope.actor.id, "id": conversation_id})
    ).one_or_none()
    if row is None:
        raise NotFound("conversation")
    return ConversationView(**row._mapping)


async def count_folders(db: Db) -> dict[str, int]:
    """How many conversations each folder holds."""
    db.scope.require(Permission.VIEW)
    row = (await db.execute(_COUNTS, {"member_id": db.scope.actor.id})).one()
    return {str(name): int(count) for name, count in row._mapping.items()}


async def list_messages(
    db: Db, conversation_id: UUID, after: int = 0, before: int = 2**31 - 1, limit: int = 100
) -> list[MessageView]:
    """Up to `limit` newest messages numbered between `after` and `before` (both excluded), oldest first."""
    db.scope.require(Permission.VIEW)
    rows = await db.execute(
        _MESSAGES, {"conversation_id": conversation_id, "after": after, "before": before, "limit": min(limit, 500)}
    )
    return [MessageView(**{**row._mapping, "sources": tuple(row.sources or ())}) for row in rows]
