"""Two hundred callers at once on real connections; the books are right at every moment somebody looks."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from omni_app.budgets import BudgetRules, BudgetSpent, release, reserve, set_limit, set_rules, settle, top_up
from omni_app.infra.database import app_engine, open_db, system_db
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope
from tests.budgets.businesses import TICK, check_books, figures, patiently, ticks

CALLERS = 200


async def watch(done: asyncio.Event, check: Callable[[Any], Awaitable[None]]) -> int:
    """Look at the books until `done`; how often."""
    looks = 0
    while not done.is_set():
        async with system_db("test: look at the books") as db:
            await check(db)
        looks += 1
    return looks


async def set_up(scope: Scope, month: int, credit: int, cap: int | None) -> None:
    async with open_db(scope) as db:
        await set_limit(db, month * TICK)
        await top_up(db, credit * TICK)
        if cap is not None:
            await set_rules(db, BudgetRules(customer_cap_nusd=cap * TICK, campaign_cap_nusd=3 * cap * TICK))


async def run_callers(one_call: Callable[[int], Awaitable[None]], check: Callable[[Any], Awaitable[None]]) -> int:
    done = asyncio.Event()
    watching = asyncio.create_task(watch(done, check))
    ends = await asyncio.gather(*(one_call(number) for number in range(CALLERS)), return_exceptions=True)
    done.set()
    looks = await watching
    assert [end for end in ends if end is not None] == []
    return looks


async def test_callers_who_cost_what_they_reserved_use_month_and_credit_up_and_no_more(scope: Scope) -> None:
    await set_up(scope, 50, 30, None)
    made = 0
    purses: set[str] = set()

    async def one_call(_: int) -> None:
        nonlocal made
        try:
            reservation = await patiently(lambda: reserve(scope, ticks(1)))
        except BudgetSpent as refused:
            purses.add(refused.purse)
            return
        made += 1
        await patiently(lambda: settle(scope, reservation, {"call": 1}))

    async def check(db: Any) -> None:
        await check_books(db)
        for table in ("budgets", "budget_caps"):
            for row in await db.execute(f"select limit_nusd, spent_nusd + reserved_nusd as used, excess_nusd from {table}"):
                assert (row.used <= row.limit_nusd, row.excess_nusd) == (True, 0)

    assert await run_callers(one_call, check) > 3
    sums = await figures(scope)
    assert (made, sums["spent"], sums["lines"], sums["reserved"]) == (80, 80 * TICK, 80, 0)
    assert purses == {"credit"}
    assert app_engine().pool.size() <= 12  # type: ignore[attr-defined]


@pytest.mark.parametrize("is_honest", [True, False])
async def test_every_mixture_of_ends_leaves_the_books_right(scope: Scope, is_honest: bool) -> None:
    await set_up(scope, 90, 60, 40)
    chance = random.Random(7)
    customers, campaign = [new_id() for _ in range(4)], new_id()
    plans = [
        (chance.randint(1, 4), chance.choice(customers), chance.choice([campaign, None]), chance.random()) for _ in range(CALLERS)
    ]
    granted = refused = 0

    async def one_call(number: int) -> None:
        nonlocal granted, refused
        amount, customer, of_campaign, end = plans[number]
        worst = ticks(amount, customer_id=customer, campaign_id=of_campaign)
        try:
            reservation = await patiently(lambda: reserve(scope, worst))
        except BudgetSpent:
            refused += 1
            return
        granted += 1
        if end < 0.2:
            await patiently(lambda: release(scope, reservation))
            return
        used = amount - 1 if end < 0.5 else amount if end < 0.9 or is_honest else amount + 5
        await patiently(lambda: settle(scope, reservation, {"call": used}))

    async def check(db: Any) -> None:
        await check_books(db)
        if is_honest:
            for table in ("budgets", "budget_caps"):
                excess = await db.execute(f"select coalesce(max(excess_nusd), 0) from {table}")
                assert excess.scalar_one() == 0

    assert await run_callers(one_call, check) > 3
    async with system_db("test") as db:
        await check(db)
    sums = await figures(scope)
    assert min(granted, refused) > 0
    assert granted + refused == CALLERS
    assert (sums["reserved"], sums["spent"]) == (0, sums["ledger"])
