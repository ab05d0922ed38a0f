import asyncio
from dataclasses import replace

import pytest

from omni_app.budgets import BudgetSpent, list_movements, load_budget, release, reserve, set_limit, settle, top_up
from omni_app.budgets.credit import MOST_AT_ONCE_NUSD
from omni_app.budgets.models import CREDIT
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid
from omni_app.infra.scope import Permission, Scope
from tests.budgets.businesses import TICK, figures, make_business, ticks


async def fill(scope: Scope, month: int, credit: int) -> None:
    async with open_db(scope) as db:
        await set_limit(db, month * TICK)
        await top_up(db, credit * TICK)


async def test_credit_pays_where_the_month_has_no_room(scope: Scope) -> None:
    await fill(scope, 3, 5)
    from_month, from_credit = await reserve(scope, ticks(3)), await reserve(scope, ticks(4))
    assert from_month.period_start != CREDIT
    assert from_credit.period_start == CREDIT
    with pytest.raises(BudgetSpent, match="prepaid credit") as caught:
        await reserve(scope, ticks(2))
    assert caught.value.purse == "credit"
    await settle(scope, from_month, {"call": 3})
    await settle(scope, from_credit, {"call": 1})
    async with open_db(scope) as db:
        budget = await load_budget(db)
    assert (budget.is_spent, budget.is_paused, budget.percent) == (True, False, 100.0)
    assert (budget.credit_total_nusd, budget.credit_left_nusd) == (5 * TICK, 4 * TICK)


async def test_released_credit_is_free_again(scope: Scope) -> None:
    await fill(scope, 0, 5)
    await release(scope, await reserve(scope, ticks(5)))
    await settle(scope, await reserve(scope, ticks(5)), {"call": 5})
    async with open_db(scope) as db:
        budget = await load_budget(db)
    assert (budget.is_paused, budget.credit_left_nusd, (await figures(scope))["spent"]) == (True, 0, 5 * TICK)


async def test_a_new_month_starts_with_the_limit_of_the_last_and_not_with_the_credit(scope: Scope) -> None:
    async with open_db(scope) as db:
        await top_up(db, 5 * TICK)
        before = await load_budget(db)
    await settle(scope, await reserve(scope, ticks(1)), {"call": 1})
    async with open_db(scope) as db:
        after = await load_budget(db)
    assert before.limit_nusd == after.limit_nusd > 5 * TICK


async def test_top_up_holds_for_the_next_call_and_is_listed(scope: Scope) -> None:
    await fill(scope, 0, 1)
    with pytest.raises(BudgetSpent):
        await reserve(scope, ticks(2))
    async with open_db(scope) as db:
        await top_up(db, TICK, note=" Invoice 7 ")
    await reserve(scope, ticks(2))
    async with open_db(scope) as db:
        page = await list_movements(db, page=1, limit=1)
        line = (
            await db.execute("select after from audit_entries where action = 'credit.topped_up' order by id desc limit 1")
        ).one()
    assert (page.total, [(one.amount_nusd, one.note) for one in page.items]) == (2, [(TICK, "Invoice 7")])
    assert line.after["total_nusd"] == 2 * TICK


async def test_correction_stops_at_what_is_spent_or_held(scope: Scope) -> None:
    await fill(scope, 0, 5)
    await reserve(scope, ticks(2))
    async with open_db(scope) as db:
        await top_up(db, -3 * TICK)
    async with open_db(scope) as db:
        with pytest.raises(Invalid, match=r"Only \$0\.00 of the credit"):
            await top_up(db, -1)


async def test_the_same_client_id_is_booked_once(scope: Scope) -> None:
    async def pay_in(amount: int) -> object:
        async with open_db(scope) as db:
            return (await top_up(db, amount, client_id="invoice-7")).id

    assert len(set(await asyncio.gather(*(pay_in(5 * TICK) for _ in range(5))))) == 1
    with pytest.raises(Conflict):
        await pay_in(6 * TICK)
    async with open_db(scope) as db:
        assert (await load_budget(db)).credit_total_nusd == 5 * TICK


@pytest.mark.parametrize("amount", [0, -1, MOST_AT_ONCE_NUSD + 1, -MOST_AT_ONCE_NUSD - 1, True])
async def test_absurd_amount_names_the_field(scope: Scope, amount: int) -> None:
    async with open_db(scope) as db:
        with pytest.raises(Invalid) as caught:
            await top_up(db, amount)
    assert [error.field for error in caught.value.fields] == ["amount"]


async def test_paying_in_needs_the_owner(scope: Scope) -> None:
    async with open_db(replace(scope, permissions=frozenset(Permission) - {Permission.OWN})) as db:
        with pytest.raises(Forbidden):
            await top_up(db, TICK)


async def test_credit_of_another_business_is_not_seen(scope: Scope) -> None:
    await fill(scope, 0, 5)
    async with open_db(await make_business()) as db:
        assert (await list_movements(db)).total == 0
        assert (await load_budget(db)).credit_total_nusd == 0
