"""Tell the owner that the budget runs out: once for each share of it and each period, however often it is noticed.

The row of `budget_alerts` is unique and stands in the transaction of the event that carries the news, so nobody tells it twice.
Who moves money notices it (`note_level`); what a crash or the reaper left unnoticed is found by `note_missed`.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from omni_app.budgets.models import CREDIT
from omni_app.events import BudgetAlert, emit
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db, system_db
from omni_app.infra.ids import new_id
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Permission, system_scope

log = get_logger(__name__)

SPENT, EXCESS = "spent", "excess"
FULL = 100
# The mail about a month that ended long ago would only puzzle.
MISSED = timedelta(days=2)

_PERCENTS = """
    (select cast(p as int) as percent from businesses s
     cross join lateral jsonb_array_elements_text(coalesce(s.budget_rules -> 'alert_percents', '[75, 90]') || '[100]') p
     where s.id = {business_id})
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """One thing that was told. `kind`: spent (`percent` of the limit is used; 100: paid answers from it pause) or excess (more
    was billed, or is held, than the limit; `percent` 0). `told_at`: when the mails were queued."""

    id: UUID
    period_start: date
    kind: str
    percent: int
    spent_nusd: int
    limit_nusd: int
    created_at: datetime
    told_at: datetime | None

    @property
    def is_credit(self) -> bool:
        """Whether it is about the prepaid credit and not about a month."""
        return self.period_start == CREDIT


async def list_alerts(db: Db, period_start: date | None = None) -> list[AlertView]:
    """What was told about one period, or the newest hundred of all, newest first. Raise `Forbidden`."""
    db.scope.require(Permission.VIEW)
    found = await db.execute(
        "select id, period_start, kind, percent, spent_nusd, limit_nusd, created_at, told_at from budget_alerts "
        "where business_id = :business_id and (cast(:period as date) is null or period_start = :period) "
        "order by created_at desc, percent desc limit 100",
        {"business_id": db.scope.business_id, "period": period_start},
    )
    return [AlertView(**row) for row in found.mappings()]


_NOTE = text(
    f"""
    insert into budget_alerts (id, business_id, period_start, kind, percent, spent_nusd, limit_nusd, created_at)
    select gen_random_uuid(), :business_id, cast(:period as date), '{SPENT}', p.percent, :spent, :limit, :at
    from {_PERCENTS.format(business_id=":business_id")} p
    where cast(:spent as bigint) > 0 and cast(:spent as bigint) * 100 >= p.percent * cast(:limit as bigint)
    on conflict do nothing returning percent
    """  # noqa: S608 (constants)
)

_NOTE_ONE = text(
    """
    insert into budget_alerts (id, business_id, period_start, kind, percent, spent_nusd, limit_nusd, created_at)
    values (:id, :business_id, :period, :kind, :percent, :spent, :limit, :at)
    on conflict (business_id, period_start, kind, percent) do update
      set limit_nusd = excluded.limit_nusd, spent_nusd = excluded.spent_nusd
      where budget_alerts.limit_nusd <> excluded.limit_nusd
    returning id
    """
)


async def note_level(db: Db, period_start: date, *, spent_nusd: int, limit_nusd: int, excess_nusd: int = 0) -> None:
    """Note every share that is reached and was not told yet, and excess; the event names the highest share only.

    Belongs into the transaction that moved the money.
    """
    values = {"business_id": db.scope.business_id, "period": period_start, "spent": spent_nusd, "limit": limit_nusd, "at": now()}
    reached = list((await db.execute(_NOTE, values)).scalars())
    if reached:
        await _tell(db, period_start, SPENT, max(reached))
    if excess_nusd > 0:
        alert_id = new_id()
        row = await db.execute(_NOTE_ONE, {**values, "id": alert_id, "kind": EXCESS, "percent": 0})
        if row.scalar_one_or_none() == alert_id:
            await _tell(db, period_start, EXCESS, 0)


async def note_full(db: Db, period_start: date, *, spent_nusd: int, limit_nusd: int) -> None:
    """Note that the rest of a limit holds no usual call any more: 100 %, though a little of it is left."""
    alert_id = new_id()
    values = {"business_id": db.scope.business_id, "period": period_start, "spent": spent_nusd, "limit": limit_nusd, "at": now()}
    row = await db.execute(_NOTE_ONE, {**values, "id": alert_id, "kind": SPENT, "percent": FULL})
    if row.scalar_one_or_none() == alert_id:
        await _tell(db, period_start, SPENT, FULL)


async def _tell(db: Db, period_start: date, kind: str, percent: int) -> None:
    await emit(db, BudgetAlert(period_start=period_start, kind=kind, percent=percent))
    live.publish(db, "budget.changed")


_MISSED = text(
    f"""
    select b.business_id, b.period_start from budgets b
    where b.updated_at > :since and (
      (b.spent_nusd > 0 and exists (
        select from {_PERCENTS.format(business_id="b.business_id")} p
        where b.spent_nusd * 100 >= p.percent * b.limit_nusd and not exists (
          select from budget_alerts a where a.business_id = b.business_id and a.period_start = b.period_start
            and a.kind = '{SPENT}' and a.percent = p.percent)))
      or (b.excess_nusd > 0 and not exists (
        select from budget_alerts a where a.business_id = b.business_id and a.period_start = b.period_start
          and a.kind = '{EXCESS}')))
    limit 500
    """  # noqa: S608 (constants)
)

_LEVEL = text(
    "select spent_nusd, limit_nusd, excess_nusd from budgets where business_id = :business_id and period_start = :period"
)


async def note_missed(at: datetime | None = None) -> int:
    """Note what nobody noticed: the reaper's bookings, percents that were set later, a crash. Return how many periods it was."""
    async with system_db("sweep: budget alerts") as db:
        missed = (await db.execute(_MISSED, {"since": (at or now()) - MISSED})).all()
    for one in missed:
        async with open_db(system_scope(one.business_id)) as db:
            level = (await db.execute(_LEVEL, {"business_id": one.business_id, "period": one.period_start})).one_or_none()
            if level is not None:
                await note_level(db, one.period_start, **level._mapping)
    if missed:
        log.info("budget alerts found by the sweep", count=len(missed))
    return len(missed)
