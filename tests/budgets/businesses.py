"""Businesses for these tests, and what their rows add up to."""

from typing import Any

from omni_app.budgets import Worst
from omni_app.infra.database import open_db, system_db
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope, system_scope
from omni_app.tenancy.models import Business

TICK = 1_000
"""Nano-dollars one unit of `test tick` costs."""


async def make_business(timezone: str = "UTC") -> Scope:
    business = Business(name="Brook Street Dental", widget_key=str(new_id()), timezone=timezone)
    async with system_db("test business") as db:
        db.add(business)
    return system_scope(business.id)


def ticks(count: int, model: str = "tick") -> Worst:
    return Worst(provider="test", model=model, service="model", units={"call": count}, channel="chat")


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
