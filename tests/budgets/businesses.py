"""Businesses for these tests, and what their rows add up to."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from omni_app.budgets import Worst
from omni_app.infra.database import Db, open_db, system_db
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope, system_scope
from omni_app.tenancy.models import Business

T = TypeVar("T")

TICK = 1_000
"""Nano-dollars one unit of `test tick` costs."""


async def make_business(timezone: str = "UTC") -> Scope:
    business = Business(name="Brook Street Dental", widget_key=str(new_id()), timezone=timezone)
    async with system_db("test business") as db:
        db.add(business)
    return system_scope(business.id)


def ticks(count: int, model: str = "tick", **more: Any) -> Worst:
    return Worst(provider="test", model=model, service="model", units={"call": count}, channel="chat", **more)


async def patiently(act: Callable[[], Awaitable[T]]) -> T:
    """Queue for a connection as often as it takes: on a slow machine 200 callers wait longer for 8 than the pool lets one."""
    while True:
        try:
            return await act()
        except PoolTimeout:
            continue


async def figures(scope: Scope) -> dict[str, Any]:
    """Sums over all months of one business: spent, reserved, excess of its budget; cost and lines of its ledger; open holds."""
    async with open_db(scope) as db:
        result = await db.execute(
            "select cast(coalesce(sum(spent_nusd), 0) as bigint) as spent,"
            " cast(coalesce(sum(reserved_nusd), 0) as bigint) as reserved,"
            " cast(coalesce(sum(excess_nusd), 0) as bigint) as excess,"
            " (select cast(coalesce(sum(cost_nusd), 0) as bigint) from ledger_entries) as ledger,"
            " (select count(*) from ledger_entries) as lines,"
            " (select cast(coalesce(sum(amount_nusd), 0) as bigint) from reservations where settled_at is null) as held"
            " from budgets"
        )
        return dict(result.mappings().one())


# One statement is one moment: all sums of it belong together, whatever others commit meanwhile.
_BOOKS = text(
    """
    select
      (select count(*) from budgets where spent_nusd + reserved_nusd > limit_nusd + excess_nusd) as over_limit,
      (select count(*) from budget_caps where spent_nusd + reserved_nusd > limit_nusd + excess_nusd) as over_cap,
      (select cast(coalesce(sum(spent_nusd), 0) as bigint) from budgets)
        - (select cast(coalesce(sum(cost_nusd), 0) as bigint) from ledger_entries) as spent_not_booked,
      (select count(*) from budgets b where b.reserved_nusd <> (select coalesce(sum(r.amount_nusd), 0) from reservations r
         where r.settled_at is null and r.business_id = b.business_id and r.period_start = b.period_start)) as held_wrong,
      (select count(*) from budget_caps c where c.reserved_nusd <> (select coalesce(sum(r.amount_nusd), 0) from reservations r
         where r.settled_at is null and r.business_id = c.business_id and r.cap_month = c.period_start
           and c.subject_id in (r.customer_id, r.campaign_id))) as cap_held_wrong
    """
)


async def check_books(db: Db) -> None:
    """The books at one moment: nothing beyond a limit, the ledger is what was spent, what is held are the open reservations."""
    found = dict((await db.execute(_BOOKS)).mappings().one())
    assert not any(found.values()), found
