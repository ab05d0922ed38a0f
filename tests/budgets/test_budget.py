from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from omni_app.budgets import BudgetSpent, load_budget, reserve, set_limit, settle
from omni_app.budgets.budget import MAX_LIMIT_NUSD
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid
from omni_app.infra.scope import Permission, Scope
from omni_app.settings import load_settings
from tests.budgets.businesses import TICK, make_business, ticks


async def test_new_business_starts_with_the_default(scope: Scope) -> None:
    async with open_db(scope) as db:
        budget = await load_budget(db)
    assert (budget.limit_nusd, budget.spent_nusd, budget.is_spent) == (load_settings().default_budget_nusd, 0, False)
    assert budget.left_nusd == budget.limit_nusd


async def test_limit_is_set_and_audited(scope: Scope) -> None:
    async with open_db(scope) as db:
        await set_limit(db, 7 * TICK)
        assert (await load_budget(db)).limit_nusd == 7 * TICK
        line = (await db.execute("select level, after from audit_entries where action = 'budget.limit_set'")).one()
    assert (line.level, line.after["limit_nusd"]) == ("INFO", 7 * TICK)


@pytest.mark.parametrize("limit", [-1, MAX_LIMIT_NUSD + 1])
async def test_absurd_limit_names_the_field(scope: Scope, limit: int) -> None:
    async with open_db(scope) as db:
        with pytest.raises(Invalid) as caught:
            await set_limit(db, limit)
    assert [error.field for error in caught.value.fields] == ["limit"]


async def test_setting_needs_the_permission(scope: Scope) -> None:
    async with open_db(replace(scope, permissions=frozenset({Permission.VIEW, Permission.REPLY}))) as db:
        with pytest.raises(Forbidden):
            await set_limit(db, TICK)


async def test_lowered_limit_stops_calls_and_becomes_excess(scope: Scope) -> None:
    async with open_db(scope) as db:
        await set_limit(db, 10 * TICK)
    await settle(scope, await reserve(scope, ticks(6)), {"call": 6})
    held = await reserve(scope, ticks(2))
    async with open_db(scope) as db:
        budget = await set_limit(db, 5 * TICK)
        levels = (await db.execute("select level from audit_entries order by created_at desc limit 1")).scalar_one()
    assert (budget.excess_nusd, budget.is_spent, budget.left_nusd, levels) == (3 * TICK, True, 0, "WARNING")
    with pytest.raises(BudgetSpent):
        await reserve(scope, ticks(1))
    assert await settle(scope, held, {"call": 2}) == 2 * TICK


async def test_excess_grants_nothing_after_the_limit_is_raised(scope: Scope) -> None:
    async with open_db(scope) as db:
        await set_limit(db, 4 * TICK)
    await settle(scope, await reserve(scope, ticks(4)), {"call": 4})
    async with open_db(scope) as db:
        await set_limit(db, 0)
        await set_limit(db, 5 * TICK)
    await settle(scope, await reserve(scope, ticks(1)), {"call": 1})
    with pytest.raises(BudgetSpent):
        await reserve(scope, ticks(1))


async def test_new_month_starts_unspent_with_the_last_limit(scope: Scope) -> None:
    november, december = datetime(2026, 11, 30, 23, 59, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    async with open_db(scope) as db:
        await set_limit(db, 2 * TICK, at=november)
    spent = await reserve(scope, ticks(2), at=november)
    with pytest.raises(BudgetSpent):
        await reserve(scope, ticks(1), at=november)
    async with open_db(scope) as db:
        assert (await load_budget(db, at=december)).left_nusd == 2 * TICK
    await reserve(scope, ticks(2), at=december)
    with pytest.raises(BudgetSpent):
        await reserve(scope, ticks(1), at=december)

    # What began in November is booked in November, whenever it ends.
    await settle(scope, spent, {"call": 1})
    async with open_db(scope) as db:
        assert (await load_budget(db, at=november)).spent_nusd == TICK
        assert (await load_budget(db, at=december)).spent_nusd == 0


@pytest.mark.parametrize(
    ("timezone", "month"),
    [("UTC", date(2026, 11, 1)), ("Pacific/Auckland", date(2026, 12, 1)), ("America/Los_Angeles", date(2026, 11, 1))],
)
async def test_month_turns_at_midnight_of_the_business(priced: None, timezone: str, month: date) -> None:
    scope = await make_business(timezone)
    at = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)  # 1 December, 01:00 in Auckland
    await reserve(scope, ticks(1), at=at)
    async with open_db(scope) as db:
        budget = await load_budget(db, at=at)
    assert (budget.period_start, budget.reserved_nusd) == (month, TICK)


async def test_another_business_is_not_touched(scope: Scope) -> None:
    other = await make_business()
    async with open_db(other) as db:
        await set_limit(db, TICK)
    await settle(scope, await reserve(scope, ticks(5)), {"call": 5})
    async with open_db(other) as db:
        budget = await load_budget(db)
        assert (await db.execute("select count(*) from ledger_entries")).scalar_one() == 0
    assert (budget.limit_nusd, budget.spent_nusd, budget.reserved_nusd) == (TICK, 0, 0)
