"""What one customer or one campaign may cost in one month, beside the budget of the business.

While a cap of either kind is set, each paid call is held on the row of its customer and on the row of its campaign, whichever of
the two is capped: so settling moves exactly the rows that reserving moved, even when a cap is set or lifted in between.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from omni_app.budgets.holds import BudgetSpent
from omni_app.budgets.periods import MAX_LIMIT_NUSD, MONTH
from omni_app.infra.database import Db

# Stands in the row of a customer or a campaign without a cap of its kind: no sum of a month reaches it.
NO_CAP = MAX_LIMIT_NUSD * 1_000

# What a subject cost so far counts from the first moment of its cap on.
_SPENT = """
    select cast(coalesce(sum(l.cost_nusd), 0) as bigint) from ledger_entries l
    where l.business_id = month.business_id
      and l.created_at >= cast(subject.period_start as timestamp) at time zone month.timezone
      and l.created_at < (cast(subject.period_start as timestamp) + interval '1 month') at time zone month.timezone
      and (subject.kind = 'customer' and l.customer_id = subject.subject_id
        or subject.kind = 'campaign' and l.campaign_id = subject.subject_id)
"""

_OPEN = text(
    f"""
    with month as ({MONTH}), subject as (
        select month.period_start, w.kind, w.subject_id, w.limit_nusd from month cross join lateral (values
            ('customer', cast(:customer_id as uuid), cast(month.budget_rules ->> 'customer_cap_nusd' as bigint)),
            ('campaign', cast(:campaign_id as uuid), cast(month.budget_rules ->> 'campaign_cap_nusd' as bigint))
        ) w(kind, subject_id, limit_nusd)
        where w.subject_id is not null and not exists (
            select from budget_caps c where c.business_id = month.business_id and c.period_start = month.period_start
              and c.kind = w.kind and c.subject_id = w.subject_id)
    )
    insert into budget_caps (business_id, period_start, kind, subject_id, limit_nusd, spent_nusd, reserved_nusd, excess_nusd)
    select month.business_id, s.period_start, s.kind, s.subject_id, s.limit_nusd, s.spent_nusd, 0,
      greatest(s.spent_nusd - s.limit_nusd, 0)
    from month cross join (
      select subject.period_start, subject.kind, subject.subject_id, coalesce(subject.limit_nusd, :no_cap) as limit_nusd,
        ({_SPENT}) as spent_nusd
      from subject cross join month) s
    order by s.kind
    on conflict do nothing
    """  # noqa: S608 (constants)
)

# Rows of caps are locked campaigns first, then in the order of their key, everywhere.
_LOCK = text("select 1 from budget_caps where period_start >= :month order by kind, period_start, subject_id for update")

_APPLY = text(
    f"""
    with month as ({MONTH}), subject as (
      select c.*, coalesce(case c.kind when 'customer' then cast(:customer_cap as bigint) else cast(:campaign_cap as bigint) end,
        :no_cap) as new_limit
      from budget_caps c join month on c.business_id = month.business_id and c.period_start >= month.period_start
    ), counted as (
      select subject.kind, subject.subject_id, subject.period_start, subject.new_limit,
        case when cast(:is_new as boolean) then ({_SPENT}) else subject.spent_nusd end as spent_nusd
      from subject cross join month
    )
    update budget_caps c set limit_nusd = counted.new_limit, spent_nusd = counted.spent_nusd,
      excess_nusd = greatest(c.excess_nusd, counted.spent_nusd + c.reserved_nusd - counted.new_limit)
    from counted where c.business_id = :business_id and c.kind = counted.kind and c.subject_id = counted.subject_id
      and c.period_start = counted.period_start
    """  # noqa: S608 (constants)
)


# The rows are locked first and in order, then each is tried by the UPDATE itself.
_HOLD = text(
    f"""
    with month as ({MONTH}), subject as (
        select month.business_id, month.period_start, w.kind, w.subject_id,
          coalesce(cast(month.budget_rules ->> (w.kind || '_cap_nusd') as bigint), {NO_CAP}) as cap_nusd
        from month cross join lateral (values
            ('campaign', cast(:campaign_id as uuid)), ('customer', cast(:customer_id as uuid))) w(kind, subject_id)
        where w.subject_id is not null
    ), locked as (
        select c.kind from budget_caps c join subject using (business_id, period_start, kind, subject_id)
        order by c.kind for update of c
    ), held as (
        update budget_caps c set reserved_nusd = c.reserved_nusd + cast(:amount as bigint), limit_nusd = subject.cap_nusd
        from subject
        where c.business_id = subject.business_id and c.period_start = subject.period_start and c.kind = subject.kind
          and c.subject_id = subject.subject_id and (select count(*) from locked) > 0
          and c.spent_nusd + c.reserved_nusd + cast(:amount as bigint) <= subject.cap_nusd
        returning c.kind
    )
    select (select min(kind) from subject where kind not in (select kind from held)) as refused_by
    """  # noqa: S608 (constants)
)


async def hold_caps(db: Db, amount: int, at: datetime, customer_id: UUID | None, campaign_id: UUID | None) -> None:
    """Hold `amount` on the rows of a customer and of a campaign. Raise `BudgetSpent`: then one of them may be held already, and
    the caller rolls back."""
    await open_caps(db, at, customer_id, campaign_id)
    values = {"at": at, "business_id": db.scope.business_id, "amount": amount}
    row = (await db.execute(_HOLD, {**values, "customer_id": customer_id, "campaign_id": campaign_id})).one()
    if row.refused_by is not None:
        raise BudgetSpent(amount, row.refused_by)


async def open_caps(db: Db, at: datetime, customer_id: UUID | None, campaign_id: UUID | None) -> None:
    """Make the rows of this month for a customer and a campaign unless they exist, with what they cost since it began."""
    values = {"at": at, "business_id": db.scope.business_id, "no_cap": NO_CAP}
    await db.execute(_OPEN, {**values, "customer_id": customer_id, "campaign_id": campaign_id})


async def apply_caps(db: Db, at: datetime, customer_cap: int | None, campaign_cap: int | None, *, is_new: bool) -> None:
    """Give the rows of this month, and of later ones that a wrong clock opened, the caps that hold now.

    `is_new`: no cap was set before, so what was spent meanwhile is counted.
    """
    values = {"at": at, "business_id": db.scope.business_id}
    month = (await db.execute(f"with month as ({MONTH}) select period_start from month", values)).scalar_one()  # noqa: S608
    await db.execute(_LOCK, {"month": month})
    caps = {"customer_cap": customer_cap, "campaign_cap": campaign_cap, "no_cap": NO_CAP, "is_new": is_new}
    await db.execute(_APPLY, {**values, **caps})


async def forget_capped_customers(db: Db, customer_ids: list[UUID]) -> None:
    """Take erased customers out of the caps; what is held for them stays held in the budget alone."""
    await db.execute("delete from budget_caps where kind = 'customer' and subject_id = any(:ids)", {"ids": customer_ids})
