"""What staff do with a conversation: take over, hand back, close, reopen, mark read, set its priority, delete it.

`assignment` (transfer) and `snoozing` (snooze, wake) stand beside; their names are offered here too.
"""

from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.conversations.assignment import transfer_conversation
from omni_app.conversations.changing import apply, change, staff_of
from omni_app.conversations.jobs import DeleteFiles
from omni_app.conversations.marks import mark_seen_by_staff
from omni_app.conversations.snoozing import snooze, wake
from omni_app.events import ConversationClosed, emit
from omni_app.infra import live
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, Invalid, NotFound
from omni_app.infra.jobs import enqueue
from omni_app.infra.scope import Permission

__all__ = [
    "Priority",
    "close_conversation",
    "delete_conversation",
    "hand_back",
    "mark_read",
    "reopen_conversation",
    "set_priority",
    "snooze",
    "take_over",
    "transfer_conversation",
    "wake",
]

Priority = Literal["low", "normal", "high", "urgent"]

_TAKE = change(
    "speaker = 'human', status = 'open', assignee_id = :member_id, waiting_since = null, answered_seq = last_customer_seq, "
    "closed_at = null, snoozed_until = null",
    "speaker <> 'human' or status = 'closed' or assignee_id is null or assignee_id = cast(:from_id as uuid)",
)
_HAND_BACK = change(
    "speaker = 'ai', status = 'open', assignee_id = null, waiting_since = null, handed_over_at = null, handover_reason = null, "
    "handover_summary = '', snoozed_until = null, answered_seq = last_customer_seq",
    "speaker = 'human' and status <> 'closed'",
)
_CLOSE = change(
    "status = 'closed', closed_at = :now, waiting_since = null, snoozed_until = null, answered_seq = last_customer_seq",
    "status <> 'closed'",
)
_REOPEN = change("status = 'open', closed_at = null", "status = 'closed'")

# Rows that hang on it go with it (ON DELETE CASCADE); the keys of its files come back, for the job that removes them.
_DELETE = text(
    """
    with files as (
      select storage_key from attachments where conversation_id = :id and storage_key <> ''
      union all select thumbnail_key from attachments where conversation_id = :id and thumbnail_key <> ''
      union all select html_key from messages where conversation_id = :id and html_key <> ''
    ),
    gone as (delete from conversations where id = :id returning id, customer_id, channel, status, last_seq)
    select gone.*, (select coalesce(jsonb_agg(files.storage_key), '[]') from files) as files from gone
    """
)


async def take_over(db: Db, conversation_id: UUID, from_member: UUID | None = None) -> None:
    """Make the calling member the speaker. The AI is silent from this commit on: its lease is gone.

    `from_member` is the colleague who has it as far as the caller knows. Raises `Conflict` when another colleague has it: of two
    who reach for the same conversation one gets it, the other is told. Taking over what one holds already changes nothing.
    Raises `Forbidden`, `NotFound`.
    """
    actor = staff_of(db, members_only=True)
    values = {"member_id": actor.id, "from_id": from_member}
    line = f"{actor.name} joined the conversation."
    row = await apply(db, _TAKE, conversation_id, line, "conversation.taken_over", values)
    if not row.is_changed and row.old_assignee != actor.id:
        raise _came_second(row.old_assignee_name)


async def hand_back(db: Db, conversation_id: UUID) -> None:
    """Let the AI answer again, from the customer's next message on. Raises `Forbidden`, `NotFound`, `Conflict`."""
    staff_of(db, members_only=True)
    await _apply_once(db, _HAND_BACK, conversation_id, "The assistant is back.", "conversation.handed_back")


async def close_conversation(db: Db, conversation_id: UUID) -> None:
    """Close it; the customer's next message opens it again with the AI. Raises `Forbidden`, `NotFound`, `Conflict`."""
    line = f"{staff_of(db).name} closed the conversation."
    await _apply_once(db, _CLOSE, conversation_id, line, "conversation.closed")
    await emit(db, ConversationClosed(conversation_id=conversation_id))


async def reopen_conversation(db: Db, conversation_id: UUID) -> None:
    """Open a closed conversation, with the speaker it had. Raises `Forbidden`, `NotFound`, `Conflict`."""
    line = f"{staff_of(db).name} opened the conversation again."
    await _apply_once(db, _REOPEN, conversation_id, line, "conversation.reopened")


async def _apply_once(db: Db, statement: Any, conversation_id: UUID, line: str, action: str) -> None:
    row = await apply(db, statement, conversation_id, line, action)
    if not row.is_changed:
        raise _came_second(None)


def _came_second(name: str | None) -> Conflict:
    return Conflict(f"{name or 'Somebody'} changed this conversation first. What you see now is the latest.")


async def set_priority(db: Db, conversation_id: UUID, priority: str) -> None:
    """Say how pressing it is: low, normal, high or urgent. Raises `Invalid` (field `priority`), `Forbidden`, `NotFound`."""
    staff_of(db)
    if priority not in get_args(Priority):
        raise Invalid("Choose low, normal, high or urgent.", "priority")
    row = (
        await db.execute(
            """with old as (select id, priority from conversations where id = :id for update),
               c as (update conversations set priority = :priority where id = (select id from old) and priority <> :priority
                 returning id)
               select old.priority, c.id is not null as is_changed from old left join c on true""",
            {"id": conversation_id, "priority": priority},
        )
    ).one_or_none()
    if row is None:
        raise NotFound("conversation")
    if row.is_changed:
        before, after = {"priority": row.priority}, {"priority": priority}
        await audit.record(db, "conversation.prioritised", "conversation", conversation_id, before=before, after=after)
        live.publish(db, "conversation.changed", conversation_id=conversation_id)


async def delete_conversation(db: Db, conversation_id: UUID) -> None:
    """Delete it with its messages, notes, memories, receipts and files; the customer stays. It cannot be undone.

    Needs ADMINISTER. The files leave the disk by a job after the commit. Raises `Forbidden`, `NotFound`.
    """
    db.scope.require(Permission.ADMINISTER)
    row = (await db.execute(_DELETE, {"id": conversation_id})).one_or_none()
    if row is None:
        raise NotFound("conversation")
    if row.files:
        await enqueue(db, DeleteFiles(storage_keys=tuple(row.files)))
    before = {"customer_id": str(row.customer_id), "channel": row.channel, "status": row.status, "messages": row.last_seq}
    await audit.record(db, "conversation.deleted", "conversation", conversation_id, before=before, level="WARNING")
    live.publish(db, "conversation.changed", conversation_id=conversation_id, deleted=1)


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
    await mark_seen_by_staff(db, conversation_id, seq)
