"""Book the reservations of callers who died. Whether the provider worked is unknown, so the budget assumes that it did."""

from datetime import datetime, timedelta

from sqlalchemy import text

from omni_app.budgets.ledger import LEDGER_COLUMNS
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.log import get_logger

log = get_logger(__name__)

# A hold from the future was written by a clock that was set back since; it gets its time from now on, and no more.
CLOCK_SLACK = timedelta(minutes=1)
_REDATE = text(
    "update reservations set created_at = :at, expires_at = cast(:at as timestamptz) + (expires_at - created_at) "
    "where settled_at is null and created_at > :soon"
)

# Caps and budgets are locked first and in order, reservations only when free: a settling turn locks them the other way round.
_DUE = "r.settled_at is null and r.expires_at < :at"
_LOCK_CAPS = text(
    f"""
    select 1 from budget_caps c where exists (
        select from reservations r where r.business_id = c.business_id and r.cap_month = c.period_start and {_DUE}
          and (c.kind = 'campaign' and r.campaign_id = c.subject_id or c.kind = 'customer' and r.customer_id = c.subject_id))
    order by c.kind, c.period_start, c.subject_id for update
    """  # noqa: S608 (a constant)
)
_LOCK_BUDGETS = text(
    f"""
    select 1 from budgets b where exists (
        select from reservations r where r.business_id = b.business_id and r.period_start = b.period_start and {_DUE})
    order by b.business_id, b.period_start desc for update
    """  # noqa: S608 (a constant)
)

_ABANDONED = text(
    f"""
    with closed as (
        update reservations set settled_at = :at where id in (
            select id from reservations where settled_at is null and expires_at < :at for update skip locked limit :most)
        returning *
    ), capped as (
        update budget_caps c set spent_nusd = c.spent_nusd + s.total, reserved_nusd = c.reserved_nusd - s.total
        from (
            select closed.business_id, closed.cap_month, w.kind, w.subject_id, cast(sum(closed.amount_nusd) as bigint) as total
            from closed cross join lateral (values
                ('campaign', closed.campaign_id), ('customer', closed.customer_id)) w(kind, subject_id)
            where closed.cap_month is not null and w.subject_id is not null group by 1, 2, 3, 4) s
        where c.business_id = s.business_id and c.period_start = s.cap_month and c.kind = s.kind and c.subject_id = s.subject_id
    ), moved as (
        update budgets b set spent_nusd = b.spent_nusd + s.total, reserved_nusd = b.reserved_nusd - s.total, updated_at = :at
        from (select business_id, period_start, cast(sum(amount_nusd) as bigint) as total from closed group by 1, 2) s
        where b.business_id = s.business_id and b.period_start = s.period_start
    ), booked as (
        insert into ledger_entries ({LEDGER_COLUMNS})
        select id, business_id, id, service, provider, model, jsonb_build_object('reservation', 1),
               jsonb_build_object('reservation', amount_nusd), amount_nusd, channel, customer_id, null, null, campaign_id,
               'abandoned', cast(:at as timestamptz)
        from closed
    )
    select business_id, amount_nusd from closed
    """  # noqa: S608 (constants of this package)
)


async def settle_abandoned(db: Db, *, at: datetime | None = None, most: int = 500) -> int:
    """Book reservations whose caller died at full cost (system transaction); return how many, at most `most` a call.

    What that reaches of a budget is noted afterwards, by `alerts.note_missed`.
    """
    at = at or now()
    await db.execute(_REDATE, {"at": at, "soon": at + CLOCK_SLACK})
    await db.execute(_LOCK_CAPS, {"at": at})
    await db.execute(_LOCK_BUDGETS, {"at": at})
    closed = (await db.execute(_ABANDONED, {"at": at, "most": most})).all()
    for row in closed:
        log.warning("abandoned reservation booked in full", business_id=str(row.business_id), amount_nusd=row.amount_nusd)
    return len(closed)
