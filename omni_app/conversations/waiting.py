"""How long a customer who is handed over will wait, and whether the team could write to them elsewhere."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from omni_app.infra.clock import now
from omni_app.infra.database import Db

# Fewer answers than this say nothing about the next one.
ENOUGH = 5
_LATELY = timedelta(days=30)

_QUEUE = text(
    """
    with taken as (
      select extract(epoch from first.created_at - c.handed_over_at) as seconds
      from (select id, handed_over_at from conversations where business_id = :business_id and handed_over_at > :since
            order by handed_over_at desc limit 50) c
      join lateral (select m.created_at from messages m where m.conversation_id = c.id and m.role = 'staff'
        and m.created_at >= c.handed_over_at order by m.seq limit 1) first on true
    )
    select
      (select count(*) from conversations w where w.business_id = :business_id and w.status = 'waiting' and w.speaker = 'human'
         and w.assignee_id is null and w.id is distinct from cast(:conversation_id as uuid)) as waiting,
      (select count(*) from taken) as answered,
      (select percentile_cont(0.5) within group (order by seconds) from taken) as seconds,
      exists (select from contact_points p where p.customer_id = :customer_id and p.kind in ('email', 'phone')) as has_address
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """`waiting` people are before this one. `usual_wait` is the median of the last hand-overs, None when too few are known.

    `has_address`: the customer has an e-mail address or a phone number, proven or claimed.
    """

    waiting: int = 0
    usual_wait: timedelta | None = None
    has_address: bool = False


async def load_queue(db: Db, conversation_id: UUID | None, customer_id: UUID | None) -> Queue:
    """The line this conversation joins when it is handed over now. One statement."""
    row = (
        await db.execute(
            _QUEUE,
            {
                "business_id": db.scope.business_id,
                "conversation_id": conversation_id,
                "customer_id": customer_id,
                "since": now() - _LATELY,
            },
        )
    ).one()
    usual = timedelta(seconds=float(row.seconds)) if row.answered >= ENOUGH and row.seconds is not None else None
    return Queue(waiting=row.waiting, usual_wait=usual, has_address=row.has_address)
