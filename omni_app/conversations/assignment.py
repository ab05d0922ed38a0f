"""Give a conversation to a colleague, or to nobody in particular."""

from uuid import UUID

from omni_app.conversations.changing import apply, change, staff_of
from omni_app.conversations.notes import write_note
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, Invalid, NotFound
from omni_app.infra.scope import Permission
from omni_app.tenancy.roles import permissions_of

MAX_REASON = 500

# What the AI had, and what belongs to nobody, waits for a person; between people the customer waits no more than before.
_TRANSFER = change(
    "speaker = 'human', assignee_id = cast(:to_id as uuid), "
    "status = case when speaker = 'ai' or cast(:to_id as uuid) is null then 'waiting' when status = 'snoozed' then 'open' "
    "else status end, "
    "waiting_since = case when speaker = 'ai' or cast(:to_id as uuid) is null then coalesce(waiting_since, :now) "
    "else waiting_since end, "
    "snoozed_until = null, answered_seq = last_customer_seq",
    "status <> 'closed' and (speaker = 'ai' or assignee_id is distinct from cast(:to_id as uuid))",
)


async def transfer_conversation(db: Db, conversation_id: UUID, member_id: UUID | None, reason: str = "") -> None:
    """Give it to a member, or (None) to whoever takes it first. The customer reads that it changed hands, staff read `reason`.

    Giving it to who has it already changes nothing. Raises `Invalid` (fields `member_id`, `reason`), `Conflict` when it is
    closed, `Forbidden`, `NotFound`.
    """
    staff_of(db)
    reason = reason.replace("\x00", "").strip()
    if len(reason) > MAX_REASON:
        raise Invalid(f"A reason has at most {MAX_REASON} characters.", "reason")
    name = await _check_member(db, member_id) if member_id is not None else ""
    line = f"{name} looks after this conversation now." if name else "The team looks after this conversation now."
    row = await apply(db, _TRANSFER, conversation_id, line, "conversation.transferred", {"to_id": member_id})
    if not row.is_changed:
        if row.old_status == "closed":
            raise Conflict("This conversation is closed. Open it again first.")
        return
    if reason:
        await write_note(db, conversation_id, f"Transferred to {name or 'the team'}: {reason}")


async def _check_member(db: Db, member_id: UUID) -> str:
    """The name of a member who may answer."""
    row = (await db.execute("select name, role from members where id = :id", {"id": member_id})).one_or_none()
    if row is None:
        raise NotFound("member")
    if Permission.REPLY not in permissions_of(row.role):
        raise Invalid(f"{row.name} can only read. Choose somebody who may reply.", "member_id")
    return str(row.name)
