"""What staff do with a conversation: take over, hand back, close, reopen, mark read."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.events import ConversationClosed, emit
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, Forbidden, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission

# A line in the thread that both sides see ("Maya joined"), numbered like every message.
_SYSTEM_LINE = """
    insert into messages (id, business_id, conversation_id, customer_id, seq, role, text, status, author_id, author_name, sources,
      offers_person, cost_nusd, created_at)
    select :message_id, business_id, id, customer_id, last_seq, 'system', :line, 'sent', :member_id, :member_name, '[]', false, 0,
      :now from c
"""


def _change(assignments: str, condition: str) -> Any:
    return text(
        f"""
        with old as (select id, status, speaker, assignee_id from conversations where id = :id for update),
        c as (update conversations set {assignments}, last_seq = last_seq + 1, lease_holder = null, lease_until = null
          where id = (select id from old) and ({condition}) returning *),
        m as ({_SYSTEM_LINE})
        select old.status as old_status, old.speaker as old_speaker, old.assignee_id as old_assignee,
          (select a.name from members a where a.id = old.assignee_id) as old_assignee_name,
          c.id is not null as is_changed, c.status, c.speaker, c.last_seq
        from old left join c on true
        """  # noqa: S608
    )


_TAKE = _change(
    "speaker = 'human', status = 'open', assignee_id = :member_id, waiting_since = null, answered_seq = last_customer_seq, "
    "closed_at = null",
    "speaker <> 'human' or status = 'closed' or assignee_id is null or assignee_id = cast(:from_id as uuid)",
)
_HAND_BACK = _change(
    "speaker = 'ai', status = 'open', assignee_id = null, waiting_since = null, handed_over_at = null, handover_reason = null, "
    "answered_seq = last_customer_seq",
    "speaker = 'human' and status <> 'closed'",
)
_CLOSE = _change(
    "status = 'closed', closed_at = :now, waiting_since = null, answered_seq = last_customer_seq",
    "status <> 'closed'",
)
_REOPEN = _change("status = 'open', closed_at = null", "status = 'closed'")


async def take_over(db: Db, conversation_id: UUID, from_member: UUID | None = None) -> None:
    """Make the calling member the speaker. The AI is silent from this commit on: its lease is gone.

    `from_member` is the colleague who has it as far as the caller knows. Raises `Conflict` when another colleague has it: of two
    who reach for the same conversation one gets it, the other is told. Taking over what one holds already changes nothing.
    Raises `Forbidden`, `NotFound`.
    """
    line = f"{db.scope.actor.name} joined the conversation."
    await _apply(db, _TAKE, conversation_id, line, "conversation.taken_over", from_member=from_member, allow_same=True)


async def hand_back(db: Db, conversation_id: UUID) -> None:
    """Let the AI answer again, from the customer's next message on. Raises `Forbidden`, `NotFound`, `Conflict`."""
    await _apply(db, _HAND_BACK, conversation_id, "The assistant is back.", "conversation.handed_back")


async def close_conversation(db: Db, conversation_id: UUID) -> None:
    """Close it; the customer's next message opens it again with the AI. Raises `Forbidden`, `NotFound`, `Conflict`."""
    name = db.scope.actor.name
    await _apply(db, _CLOSE, conversation_id, f"{name} closed the conversation.", "conversation.closed")
    await emit(db, ConversationClosed(conversation_id=conversation_id))


async def reopen_conversation(db: Db, conversation_id: UUID) -> None:
    """Open a closed conversation, with the speaker it had. Raises `Forbidden`, `NotFound`, `Conflict`."""
    name = db.scope.actor.name
    await _apply(db, _REOPEN, conversation_id, f"{name} opened the conversation again.", "conversation.reopened")


async def _apply(
    db: Db,
    statement: Any,
    conversation_id: UUID,
    line: str,
    action: str,
    *,
    from_member: UUID | None = None,
    allow_same: bool = False,
) -> None:
    db.scope.require(Permission.REPLY)
    actor = db.scope.actor
    if actor.kind != "member":
        raise Forbidden("Only a member of staff can do this.")
    row = (
        await db.execute(
            statement,
            {
                "id": conversation_id,
                "member_id": actor.id,
                "member_name": actor.name,
                "from_id": from_member,
                "message_id": new_id(),
                "line": line,
                "now": now(),
            },
        )
    ).one_or_none()
    if row is None:
        raise NotFound("conversation")
    if not row.is_changed:
        if allow_same and row.old_assignee == actor.id:
            return
        who = row.old_assignee_name if allow_same else None
        raise Conflict(f"{who or 'Somebody'} changed this conversation first. What you see now is the latest.")
    await audit.record(
        db,
        action,
        "conversation",
        conversation_id,
        before={"status": row.old_status, "speaker": row.old_speaker, "assignee_id": str(row.old_assignee or "")},
        after={"status": row.status, "speaker": row.speaker},
    )
    live.publish(db, "conversation.changed", conversation_id=conversation_id, seq=row.last_seq, role="system")


async def mark_read(db: Db, conversation_id: UUID, seq: int) -> None:
    """Remember that the calling member has seen everything up to message number `seq`."""
    db.scope.require(Permission.VIEW)
    if db.scope.actor.kind != "member":
        return
    await db.execute(
        """
        insert into read_marks (business_id, member_id, conversation_id, seq)
        select :business_id, :member_id, c.id, least(:seq, c.last_seq) from conversations c where c.id = :id
        on conflict (member_id, conversation_id) do update set seq = greatest(read_marks.seq, excluded.seq)
        """,
        {"business_id": db.scope.business_id, "member_id": db.scope.actor.id, "id": conversation_id, "seq": seq},
    )
