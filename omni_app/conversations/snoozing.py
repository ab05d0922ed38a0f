"""Put a conversation aside until a time, and bring it back."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.conversations.changing import staff_of
from omni_app.conversations.undelivered import NOT_DELIVERED
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, Invalid, NotFound

LONGEST = timedelta(days=366)

_SNOOZE = text(
    """
    with old as (select id, status from conversations where id = :id for update),
    c as (update conversations set status = 'snoozed', snoozed_until = :until, waiting_since = null
      where id = (select id from old where status <> 'closed') returning id)
    select old.status, c.id is not null as is_changed from old left join c on true
    """
)

# Who snoozed it wants to be asked again, so it waits for a person; with the AI there is nobody to ask, unless its answer failed.
_ASKS = f"(speaker = 'human' or handover_reason = '{NOT_DELIVERED}')"
_WOKEN = f"""
    status = case when {_ASKS} then 'waiting' else 'open' end, snoozed_until = null,
    waiting_since = case when {_ASKS} then cast(:now as timestamptz) end
"""

_WAKE = text(f"update conversations set {_WOKEN} where id = :id and status = 'snoozed' returning id")  # noqa: S608

_WAKE_DUE = text(
    f"""
    update conversations set {_WOKEN} where id in (
      select id from conversations where status = 'snoozed' and snoozed_until <= :now for update skip locked limit 500)
    returning id, business_id
    """  # noqa: S608
)


async def snooze(db: Db, conversation_id: UUID, until: datetime) -> None:
    """Put it aside until `until` (at most a year ahead); the customer's next message brings it back at once.

    Raises `Invalid` (field `until`), `Conflict` when it is closed, `Forbidden`, `NotFound`.
    """
    staff_of(db)
    at = now()
    if until.tzinfo is None or until <= at or until > at + LONGEST:
        raise Invalid("Choose a time between now and a year from now.", "until")
    row = (await db.execute(_SNOOZE, {"id": conversation_id, "until": until})).one_or_none()
    if row is None:
        raise NotFound("conversation")
    if not row.is_changed:
        raise Conflict("This conversation is closed. Open it again first.")
    after = {"status": "snoozed", "until": until.isoformat()}
    await audit.record(db, "conversation.snoozed", "conversation", conversation_id, before={"status": row.status}, after=after)
    live.publish(db, "conversation.changed", conversation_id=conversation_id)


async def wake(db: Db, conversation_id: UUID) -> None:
    """Bring a snoozed conversation back now; nothing happens to others. Raises `Forbidden`."""
    staff_of(db)
    if (await db.execute(_WAKE, {"id": conversation_id, "now": now()})).one_or_none() is not None:
        await audit.record(db, "conversation.woken", "conversation", conversation_id)
        live.publish(db, "conversation.changed", conversation_id=conversation_id)


async def wake_due(db: Db) -> list[tuple[UUID, UUID]]:
    """Bring back whose time has come, in every business; gives (business id, conversation id). For the sweep."""
    return [(row.business_id, row.id) for row in await db.execute(_WAKE_DUE, {"now": now()})]
