from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from omni_app.budgets import BudgetSpent, load_budget, reserve, set_limit, settle, settle_abandoned
from omni_app.budgets.budget import MAX_LIMIT_NUSD
from omni_app.infra.clock import now
from omni_app.infra.database import open_db, system_db
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


async def move(scope: Scope, timezone: str) -> None:
    async with open_db(scope) as db:
        await db.execute("update businesses set timezone = :zone where id = :id", {"zone": timezone, "id": scope.business_id})


async def test_a_time_zone_changed_at_the_end_of_a_month_charges_no_period_twice(priced: None) -> None:
    """East of UTC December has begun: its budget opens once, and moving back finds November as it was left."""
    scope, at = await make_business("UTC"), datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
    async with open_db(scope) as db:
        await set_limit(db, 5 * TICK, at=at)
    november = await reserve(scope, ticks(3), at=at)
    await move(scope, "Pacific/Auckland")
    december = await reserve(scope, ticks(5), at=at)
    with pytest.raises(BudgetSpent):
        await reserve(scope, ticks(1), at=at)
    await move(scope, "America/Los_Angeles")
    with pytest.raises(BudgetSpent):
        await reserve(scope, ticks(3), at=at)
    await settle(scope, november, {"call": 3})
    await settle(scope, december, {"call": 5})
    async with open_db(scope) as db:
        rows = (await db.execute("select period_start, limit_nusd, spent_nusd from budgets order by 1")).all()
    assert [tuple(row) for row in rows] == [(date(2026, 11, 1), 5 * TICK, 3 * TICK), (date(2026, 12, 1), 5 * TICK, 5 * TICK)]


async def test_a_clock_set_back_finds_the_month_as_it_was_left(scope: Scope) -> None:
    november, december = datetime(2026, 11, 30, 23, tzinfo=UTC), datetime(2026, 12, 1, 1, tzinfo=UTC)
    async with open_db(scope) as db:
        await set_limit(db, 2 * TICK, at=november)
    for at in (november, december, november, december):
        with suppress(BudgetSpent):
            await settle(scope, await reserve(scope, ticks(2), at=at), {"call": 2})
    async with open_db(scope) as db:
        spent = (await db.execute("select spent_nusd from budgets order by period_start")).scalars().all()
    assert spent == [2 * TICK, 2 * TICK]


async def test_a_hold_from_the_future_ends_its_usual_time_from_now(scope: Scope) -> None:
    ahead = now() + timedelta(days=3)
    await reserve(scope, ticks(2), at=ahead)
    async with system_db("test") as db:
        assert await settle_abandoned(db) == 0
    async with system_db("test") as db:
        assert await settle_abandoned(db, at=now() + timedelta(minutes=6)) == 1


@pytest.mark.parametrize("limit", [True, 1.5, "9"])
async def test_a_limit_that_is_no_whole_number_is_refused(scope: Scope, limit: Any) -> None:
    async with open_db(scope) as db:
        with pytest.raises(Invalid):
            await set_limit(db, limit)
