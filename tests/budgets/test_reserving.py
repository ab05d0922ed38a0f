import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from omni_app.budgets import (
    LEDGER_COLUMNS,
    BudgetSpent,
    LedgerLine,
    UnknownPrice,
    Worst,
    ledger_values,
    release,
    reserve,
    set_limit,
    settle,
    settle_abandoned,
    settle_in,
)
from omni_app.infra.clock import now
from omni_app.infra.database import open_db, system_db
from omni_app.infra.errors import NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope, system_scope
from tests.budgets.businesses import TICK, figures, make_business, ticks


async def limit(scope: Scope, calls: int) -> None:
    async with open_db(scope) as db:
        await set_limit(db, calls * TICK)


async def test_real_cost_replaces_the_worst_case(scope: Scope) -> None:
    reservation = await reserve(scope, ticks(5))
    assert await figures(scope) == {"spent": 0, "reserved": 5 * TICK, "excess": 0, "ledger": 0, "lines": 0, "held": 5 * TICK}
    conversation_id, message_id = new_id(), new_id()
    cost = await settle(scope, reservation, {"call": 2}, conversation_id=conversation_id, message_id=message_id, note="l3")
    assert cost == 2 * TICK
    assert await figures(scope) == {
        "spent": 2 * TICK,
        "reserved": 0,
        "excess": 0,
        "ledger": 2 * TICK,
        "lines": 1,
        "held": 0,
    }
    async with open_db(scope) as db:
        line = (await db.execute("select * from ledger_entries")).one()
    assert (line.provider, line.model, line.service, line.channel, line.note) == ("test", "tick", "model", "chat", "l3")
    assert (line.units, line.unit_prices) == ({"call": 2}, {"call": TICK})
    assert (line.reservation_id, line.conversation_id, line.message_id) == (reservation.id, conversation_id, message_id)


async def test_first_calls_of_a_month_share_one_row(scope: Scope) -> None:
    await asyncio.gather(*(reserve(scope, ticks(1)) for _ in range(20)))
    assert (await figures(scope))["reserved"] == 20 * TICK


async def test_refused_call_leaves_no_trace(scope: Scope) -> None:
    await limit(scope, 3)
    with pytest.raises(BudgetSpent) as caught:
        await reserve(scope, ticks(4))
    assert caught.value.needed_nusd == 4 * TICK
    sums = await figures(scope)
    assert (sums["reserved"], sums["held"]) == (0, 0)


async def test_amount_beyond_any_budget_is_refused(scope: Scope) -> None:
    with pytest.raises(BudgetSpent):
        await reserve(scope, ticks(10**30))


@pytest.mark.parametrize("worst", [ticks(1, "nobody-knows"), replace(ticks(1), units={"minute": 1})])
async def test_unknown_price_is_refused(scope: Scope, worst: Worst) -> None:
    with pytest.raises(UnknownPrice):
        await reserve(scope, worst)
    assert (await figures(scope))["reserved"] == 0


async def test_overcharge_is_booked_alarmed_and_kept_as_excess(scope: Scope) -> None:
    await limit(scope, 5)
    reservation = await reserve(scope, ticks(5))
    assert await settle(scope, reservation, {"call": 7}) == 7 * TICK
    sums = await figures(scope)
    assert (sums["spent"], sums["ledger"], sums["excess"], sums["reserved"]) == (7 * TICK, 7 * TICK, 2 * TICK, 0)
    async with open_db(scope) as db:
        line = (await db.execute("select * from audit_entries where action = 'budget.overcharged'")).one()
    assert (line.level, line.subject_id, line.after["cost_nusd"]) == ("WARNING", reservation.id, 7 * TICK)
    with pytest.raises(BudgetSpent):
        await reserve(scope, ticks(1))


async def test_overcharge_within_the_limit_needs_no_excess(scope: Scope) -> None:
    await settle(scope, await reserve(scope, ticks(1)), {"call": 2})
    sums = await figures(scope)
    assert (sums["spent"], sums["excess"]) == (2 * TICK, 0)


async def test_settling_twice_books_once(scope: Scope) -> None:
    reservation = await reserve(scope, ticks(5))
    costs = await asyncio.gather(*(settle(scope, reservation, {"call": 3}) for _ in range(8)))
    assert set(costs) == {3 * TICK}
    assert await settle(scope, reservation, {"call": 5}) == 3 * TICK
    sums = await figures(scope)
    assert (sums["spent"], sums["lines"], sums["reserved"]) == (3 * TICK, 1, 0)


async def test_settling_rolls_back_with_its_transaction(scope: Scope) -> None:
    reservation = await reserve(scope, ticks(5))

    async def lose_the_turn() -> None:
        async with open_db(scope) as db:
            await settle_in(db, reservation, {"call": 3})
            raise RuntimeError("turn lost")

    with pytest.raises(RuntimeError, match="turn lost"):
        await lose_the_turn()
    sums = await figures(scope)
    assert (sums["spent"], sums["reserved"], sums["lines"]) == (0, 5 * TICK, 0)


async def test_released_money_is_free_again(scope: Scope) -> None:
    await limit(scope, 5)
    reservation = await reserve(scope, ticks(5))
    await release(scope, reservation)
    await release(scope, reservation)
    assert await settle(scope, reservation, {"call": 5}) == 0
    sums = await figures(scope)
    assert (sums["spent"], sums["reserved"], sums["lines"]) == (0, 0, 0)
    await reserve(scope, ticks(5))


async def test_release_after_settling_changes_nothing(scope: Scope) -> None:
    reservation = await reserve(scope, ticks(5))
    await settle(scope, reservation, {"call": 5})
    await release(scope, reservation)
    assert (await figures(scope))["spent"] == 5 * TICK


async def test_reservation_of_another_business_is_unknown(scope: Scope) -> None:
    reservation, other = await reserve(scope, ticks(5)), await make_business()
    for act in (settle(other, reservation, {"call": 1}), release(other, reservation)):
        with pytest.raises(NotFound):
            await act
    assert (await figures(scope))["reserved"] == 5 * TICK


async def test_unknown_business_is_not_found(scope: Scope) -> None:
    with pytest.raises(NotFound):
        await reserve(system_scope(new_id()), ticks(1))


async def test_abandoned_reservations_are_booked_in_full(scope: Scope) -> None:
    other = await make_business("Asia/Tokyo")
    abandoned = [await reserve(scope, ticks(5)), await reserve(scope, ticks(2)), await reserve(other, ticks(1))]
    fresh = await reserve(scope, ticks(3), hold=timedelta(hours=1))
    later = now() + timedelta(minutes=6)
    async with system_db("test") as db:
        assert await settle_abandoned(db, at=later) == 3
    async with system_db("test") as db:
        assert await settle_abandoned(db, at=later) == 0
    sums = await figures(scope)
    assert (sums["spent"], sums["ledger"], sums["reserved"], sums["held"]) == (7 * TICK, 7 * TICK, 3 * TICK, 3 * TICK)
    assert (await figures(other))["spent"] == TICK
    async with open_db(scope) as db:
        notes = (await db.execute("select distinct note, channel from ledger_entries")).all()
    assert [tuple(row) for row in notes] == [("abandoned", "chat")]

    # The answer came late after all: the full cost stays.
    assert await settle(scope, abandoned[0], {"call": 1}) == 5 * TICK
    assert await settle(scope, fresh, {"call": 1}) == TICK


async def test_reaper_and_late_callers_book_each_call_once(scope: Scope) -> None:
    reservations = [await reserve(scope, ticks(2)) for _ in range(30)]

    async def reap() -> None:
        async with system_db("test") as db:
            await settle_abandoned(db, at=now() + timedelta(minutes=6), most=7)

    await asyncio.gather(*(settle(scope, one, {"call": 1}) for one in reservations), *(reap() for _ in range(6)))
    sums = await figures(scope)
    assert (sums["lines"], sums["reserved"], sums["held"]) == (30, 0, 0)
    assert sums["spent"] == sums["ledger"]


async def test_free_call_touches_no_budget(scope: Scope) -> None:
    await limit(scope, 0)
    reservation = await reserve(scope, ticks(3, "gift"))
    assert reservation.is_free
    async with open_db(scope) as db:
        assert await settle_in(db, reservation, {"call": 3}) == 0
        assert await settle_in(db, reservation, {"call": 3}) == 0
    await release(scope, reservation)
    sums = await figures(scope)
    assert (sums["spent"], sums["reserved"], sums["held"], sums["lines"]) == (0, 0, 0, 1)


async def test_zero_units_of_a_paid_model_are_not_free(scope: Scope) -> None:
    reservation = await reserve(scope, ticks(0))
    assert await settle(scope, reservation, {"call": 1}) == TICK
    sums = await figures(scope)
    assert (sums["spent"], sums["ledger"]) == (TICK, TICK)


async def test_unpriced_unit_leaves_the_reservation_to_the_reaper(scope: Scope) -> None:
    reservation = await reserve(scope, ticks(2))
    with pytest.raises(UnknownPrice):
        await settle(scope, reservation, {"call": 1, "minute": 1})
    async with system_db("test") as db:
        assert await settle_abandoned(db, at=now() + timedelta(minutes=6)) == 1
    assert (await figures(scope))["spent"] == 2 * TICK


async def test_ledger_line_fits_into_a_wider_statement(scope: Scope) -> None:
    line = LedgerLine(service="answer", provider="local", model="minilm", units={"answer": 1}, unit_prices={"answer": 0})
    async with open_db(scope) as db:
        await db.execute(
            f"with recorded as (select 1), booked as (insert into ledger_entries ({LEDGER_COLUMNS}) "
            f"select {ledger_values()} from recorded) select 1",
            line.parameters(scope.business_id),
        )
    assert (await figures(scope))["lines"] == 1
