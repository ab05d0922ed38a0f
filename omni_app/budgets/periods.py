"""The months of a business, and the row that holds the budget of one."""

from datetime import datetime

from sqlalchemy import text

from omni_app.budgets.models import CREDIT
from omni_app.infra.database import Db
from omni_app.infra.money import NUSD
from omni_app.settings import load_settings

MAX_LIMIT_NUSD = 1_000_000 * NUSD

CREDIT_PERIOD = f"date '{CREDIT.isoformat()}'"
"""`CREDIT` as SQL."""

# A month begins at midnight where the business is, not in UTC. Needs :at and :business_id.
MONTH = """
    select id as business_id, timezone, budget_rules,
      cast(date_trunc('month', cast(:at as timestamptz) at time zone timezone) as date) as period_start
    from businesses where id = :business_id
"""

# A month that nobody paid in yet shows the limit of the newest one: what was set last holds for all that come.
LAST_LIMIT = f"""
    coalesce((select last.limit_nusd from budgets last where last.business_id = month.business_id
              and last.period_start > {CREDIT_PERIOD} order by last.period_start desc limit 1), cast(:default_nusd as bigint))
"""  # noqa: S608 (constants)

_OPEN = text(
    f"with month as ({MONTH}) "  # noqa: S608 (constants)
    "insert into budgets (business_id, period_start, limit_nusd, spent_nusd, reserved_nusd, excess_nusd, updated_at) "
    f"select month.business_id, month.period_start, {LAST_LIMIT}, 0, 0, 0, :at from month "
    "on conflict do nothing"
)


async def open_month(db: Db, at: datetime) -> None:
    """Make the row of the month that holds `at`, with the last known limit, unless it exists."""
    await db.execute(_OPEN, {"at": at, "business_id": db.scope.business_id, "default_nusd": load_settings().default_budget_nusd})
