from datetime import timedelta

import pytest

from omni_app.budgets import BudgetSpent, pay, set_limit, settle_abandoned
from omni_app.infra.clock import now
from omni_app.infra.database import open_db, system_db
from omni_app.infra.errors import Rejected, Unavailable
from omni_app.infra.scope import Scope
from tests.budgets.businesses import TICK, figures, ticks


def used(calls: int) -> dict[str, int]:
    return {"call": calls}


async def test_a_call_is_held_made_and_booked(scope: Scope) -> None:
    held = []

    async def call() -> int:
        held.append((await figures(scope))["reserved"])
        return 2

    paid = await pay(scope, ticks(5), call, used, note="draft")
    assert (paid.result, paid.cost_nusd, held) == (2, 2 * TICK, [5 * TICK])
    sums = await figures(scope)
    assert (sums["spent"], sums["reserved"], sums["lines"]) == (2 * TICK, 0, 1)


@pytest.mark.parametrize(("error", "booked"), [(Rejected("no"), 0), (Unavailable("The model"), 5 * TICK)])
async def test_a_failed_call_is_booked_as_the_provider_may_bill_it(scope: Scope, error: Exception, booked: int) -> None:
    async def call() -> int:
        raise error

    with pytest.raises(type(error)):
        await pay(scope, ticks(5), call, used)
    sums = await figures(scope)
    assert (sums["spent"], sums["ledger"], sums["reserved"]) == (booked, booked, 0)


async def test_a_call_that_breaks_is_left_to_the_reaper(scope: Scope) -> None:
    async def call() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await pay(scope, ticks(5), call, used)
    assert (await figures(scope))["reserved"] == 5 * TICK
    async with system_db("test") as db:
        await settle_abandoned(db, at=now() + timedelta(days=400))
    assert (await figures(scope))["spent"] == 5 * TICK


async def test_no_call_is_made_without_money(scope: Scope) -> None:
    async with open_db(scope) as db:
        await set_limit(db, 0)

    async def call() -> int:
        raise AssertionError("called")

    with pytest.raises(BudgetSpent):
        await pay(scope, ticks(1), call, used)
