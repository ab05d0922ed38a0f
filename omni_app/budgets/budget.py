"""The monthly budget of a business: how much it may spend, and how much it has."""

from dataclasses import dataclass
from datetime import date, datetime

from omni_app import audit
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Invalid, NotFound
from omni_app.infra.log import get_logger
from omni_app.infra.money import NUSD, show
from omni_app.infra.scope import Permission
from omni_app.settings import load_settings

log = get_logger(__name__)

MAX_LIMIT_NUSD = 1_000_000 * NUSD

# A month begins at midnight where the business is, not in UTC. Needs :at and :business_id.
MONTH = """
    select id as business_id, cast(date_trunc('month', cast(:at as timestamptz) at time zone timezone) as date) as period_start
    from businesses where id = :business_id
"""

_LAST_LIMIT = """
    coalesce((select last.limit_nusd from budgets last where last.business_id = month.business_id
              order by last.period_start desc limit 1), cast(:default_nusd as bigint))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetView:
    """One month of one business, nano-dollars. `excess_nusd` is how far an overcharge or a lowered limit led beyond the limit."""

    limit_nusd: int
    spent_nusd: int
    reserved_nusd: int
    excess_nusd: int
    period_start: date

    @property
    def left_nusd(self) -> int:
        """What the next call may cost at most."""
        return max(0, self.limit_nusd - self.spent_nusd - self.reserved_nusd)

    @property
    def is_spent(self) -> bool:
        """Whether paid calls pause until next month. Reservations do not count: most of each comes back within seconds."""
        return self.spent_nusd >= self.limit_nusd


async def load_budget(db: Db, at: datetime | None = None) -> BudgetView:
    """The budget of the month that holds `at` (default now). Reads only: an unused month shows the last known limit.

    Raise `NotFound` when the business of `db` does not exist.
    """
    result = await db.execute(
        f"with month as ({MONTH}) "  # noqa: S608 (constants of this module)
        f"select month.period_start, coalesce(b.limit_nusd, {_LAST_LIMIT}) as limit_nusd, "
        "coalesce(b.spent_nusd, 0) as spent_nusd, coalesce(b.reserved_nusd, 0) as reserved_nusd, "
        "coalesce(b.excess_nusd, 0) as excess_nusd "
        "from month left join budgets b on b.business_id = month.business_id and b.period_start = month.period_start",
        {"at": at or now(), "business_id": db.scope.business_id, "default_nusd": load_settings().default_budget_nusd},
    )
    row = result.mappings().one_or_none()
    if row is None:
        raise NotFound("business")
    return BudgetView(**row)


async def open_month(db: Db, at: datetime) -> None:
    """Make the row of the month that holds `at`, with the last known limit, unless it exists."""
    await db.execute(
        f"with month as ({MONTH}) "  # noqa: S608 (constants of this module)
        "insert into budgets (business_id, period_start, limit_nusd, spent_nusd, reserved_nusd, excess_nusd, updated_at) "
        f"select month.business_id, month.period_start, {_LAST_LIMIT}, 0, 0, 0, :at from month "
        "on conflict do nothing",
        {"at": at, "business_id": db.scope.business_id, "default_nusd": load_settings().default_budget_nusd},
    )


async def set_limit(db: Db, limit_nusd: int, at: datetime | None = None) -> BudgetView:
    """Set the limit of this month and of those to come. Raise `Forbidden`, or `Invalid` below 0 and above a million dollars.

    A limit below what is spent and reserved stops paid calls at once; what is beyond it is kept as excess and alarmed.
    """
    db.scope.require(Permission.CONFIGURE)
    if not 0 <= limit_nusd <= MAX_LIMIT_NUSD:
        raise Invalid(f"The monthly budget must be between $0 and {show(MAX_LIMIT_NUSD, 0)}.", field="limit")
    at = at or now()
    await open_month(db, at)
    parameters = {"at": at, "business_id": db.scope.business_id, "limit": limit_nusd}
    found = await db.execute(
        f"with month as ({MONTH}) select b.limit_nusd, b.excess_nusd, b.period_start "  # noqa: S608 (constant)
        "from month join budgets b using (business_id, period_start) for update of b",
        parameters,
    )
    before = found.one_or_none()
    if before is None:
        raise NotFound("business")
    changed = await db.execute(
        "update budgets set limit_nusd = cast(:limit as bigint), updated_at = :at, "
        "excess_nusd = greatest(excess_nusd, spent_nusd + reserved_nusd - cast(:limit as bigint)) "
        "where business_id = :business_id and period_start = :period_start "
        "returning limit_nusd, spent_nusd, reserved_nusd, excess_nusd, period_start",
        {**parameters, "period_start": before.period_start},
    )
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
    return budget
