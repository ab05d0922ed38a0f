"""The budget of a business: what it may spend this month, what it has spent, and the prepaid credit behind it."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text

from omni_app import audit
from omni_app.budgets.alerts import FULL, SPENT, note_level
from omni_app.budgets.periods import CREDIT_PERIOD, LAST_LIMIT, MAX_LIMIT_NUSD, MONTH, open_month
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Invalid, NotFound
from omni_app.infra.log import get_logger
from omni_app.infra.money import show
from omni_app.infra.scope import Permission
from omni_app.settings import load_settings

log = get_logger(__name__)

__all__ = ["MAX_LIMIT_NUSD", "BudgetView", "load_budget", "set_limit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetView:
    """One month of one business and its prepaid credit, nano-dollars.

    `excess_nusd` is how far an overcharge or a lowered limit led beyond the limit. `is_month_full`, `is_credit_full`: a usual
    call was refused there though nothing else was held, and the limit is still the same. `credit_total_nusd` is all that was
    ever paid in.
    """

    limit_nusd: int
    spent_nusd: int
    reserved_nusd: int
    excess_nusd: int
    period_start: date
    is_month_full: bool = False
    credit_total_nusd: int = 0
    credit_spent_nusd: int = 0
    credit_reserved_nusd: int = 0
    is_credit_full: bool = False

    @property
    def left_nusd(self) -> int:
        """What is neither spent nor held of this month's limit."""
        return max(0, self.limit_nusd - self.spent_nusd - self.reserved_nusd)

    @property
    def credit_left_nusd(self) -> int:
        """What is neither spent nor held of the prepaid credit."""
        return max(0, self.credit_total_nusd - self.credit_spent_nusd - self.credit_reserved_nusd)

    @property
    def is_spent(self) -> bool:
        """Whether the month pays no more. Reservations do not count: most of each comes back within seconds."""
        return self.spent_nusd >= self.limit_nusd or self.is_month_full

    @property
    def is_paused(self) -> bool:
        """Whether paid calls pause until next month, a higher limit or a top-up: month and credit are spent."""
        return self.is_spent and (self.credit_spent_nusd >= self.credit_total_nusd or self.is_credit_full)

    @property
    def percent(self) -> float:
        """How much of the month's limit is spent; 100 for a limit of nothing, more than 100 beyond the limit."""
        return 100.0 * self.spent_nusd / self.limit_nusd if self.limit_nusd else 100.0


_LOAD = text(
    f"""
    with month as ({MONTH})
    select month.period_start, coalesce(b.limit_nusd, {LAST_LIMIT}) as limit_nusd,
      coalesce(b.spent_nusd, 0) as spent_nusd, coalesce(b.reserved_nusd, 0) as reserved_nusd,
      coalesce(b.excess_nusd, 0) as excess_nusd, coalesce(full_month.limit_nusd = b.limit_nusd, false) as is_month_full,
      coalesce(c.limit_nusd, 0) as credit_total_nusd, coalesce(c.spent_nusd, 0) as credit_spent_nusd,
      coalesce(c.reserved_nusd, 0) as credit_reserved_nusd,
      coalesce(full_credit.limit_nusd = c.limit_nusd, false) as is_credit_full
    from month
    left join budgets b on b.business_id = month.business_id and b.period_start = month.period_start
    left join budgets c on c.business_id = month.business_id and c.period_start = {CREDIT_PERIOD}
    left join budget_alerts full_month on full_month.business_id = b.business_id
      and full_month.period_start = b.period_start and full_month.kind = '{SPENT}' and full_month.percent = {FULL}
    left join budget_alerts full_credit on full_credit.business_id = c.business_id
      and full_credit.period_start = c.period_start and full_credit.kind = '{SPENT}' and full_credit.percent = {FULL}
    """  # noqa: S608 (constants)
)


async def load_budget(db: Db, at: datetime | None = None) -> BudgetView:
    """The budget of the month that holds `at` (default now), and the credit. Reads only: an unused month shows the last limit.

    Raise `NotFound` when the business of `db` does not exist.
    """
    result = await db.execute(
        _LOAD,
        {"at": at or now(), "business_id": db.scope.business_id, "default_nusd": load_settings().default_budget_nusd},
    )
    row = result.mappings().one_or_none()
    if row is None:
        raise NotFound("business")
    return BudgetView(**row)


_LOCK = text(
    f"with month as ({MONTH}) select b.limit_nusd, b.excess_nusd, b.period_start "  # noqa: S608 (constants)
    "from month join budgets b using (business_id, period_start) for update of b"
)
_SET = text(
    "update budgets set limit_nusd = cast(:limit as bigint), updated_at = :at, "
    "excess_nusd = greatest(excess_nusd, spent_nusd + reserved_nusd - cast(:limit as bigint)) "
    "where business_id = :business_id and period_start = :period_start "
    "returning limit_nusd, spent_nusd, reserved_nusd, excess_nusd, period_start"
)


async def set_limit(db: Db, limit_nusd: int, at: datetime | None = None) -> BudgetView:
    """Set the limit of this month and of those to come. Raise `Forbidden`, or `Invalid` below 0 and above a million dollars.

    It holds for the next call of every process. A limit below what is spent and reserved stops paid calls at once; what is
    beyond it is kept as excess and alarmed.
    """
    db.scope.require(Permission.CONFIGURE)
    if isinstance(limit_nusd, bool) or not isinstance(limit_nusd, int) or not 0 <= limit_nusd <= MAX_LIMIT_NUSD:
        raise Invalid(f"The monthly budget must be between $0 and {show(MAX_LIMIT_NUSD, 0)}.", field="limit")
    at = at or now()
    await open_month(db, at)
    parameters = {"at": at, "business_id": db.scope.business_id}
    before = (await db.execute(_LOCK, parameters)).one_or_none()
    if before is None:
        raise NotFound("business")
    changed = await db.execute(_SET, {**parameters, "limit": limit_nusd, "period_start": before.period_start})
    budget = BudgetView(**changed.mappings().one())
    is_below_use = budget.spent_nusd + budget.reserved_nusd > limit_nusd
    await audit.record(
        db,
        "budget.limit_set",
        "budget",
        before={"limit_nusd": before.limit_nusd, "excess_nusd": before.excess_nusd},
        after={"limit_nusd": budget.limit_nusd, "excess_nusd": budget.excess_nusd},
        level="WARNING" if is_below_use else "INFO",
    )
    if is_below_use:
        log.warning("budget set below what is spent", business_id=str(db.scope.business_id), excess_nusd=budget.excess_nusd)
    await note_level(db, budget.period_start, spent_nusd=budget.spent_nusd, limit_nusd=limit_nusd, excess_nusd=budget.excess_nusd)
    live.publish(db, "budget.changed")
    return await load_budget(db, at)
