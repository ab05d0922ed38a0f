"""The promise of a budget, tried with random histories against PostgreSQL."""

import asyncio
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omni_app.budgets import BudgetSpent, Reservation, release, reserve, set_limit, settle, settle_abandoned
from omni_app.infra.clock import now
from omni_app.infra.database import open_db, system_db
from omni_app.infra.scope import Scope
from tests.budgets.businesses import TICK, figures, make_business, ticks

AMOUNTS = st.integers(0, 12)
PLACES = st.integers(0, 30)
STEPS = st.one_of(
    st.tuples(st.just("reserve"), AMOUNTS, AMOUNTS),
    st.tuples(st.just("reserve"), AMOUNTS, AMOUNTS),
    st.tuples(st.just("settle"), PLACES, st.integers(0, 15)),
    st.tuples(st.just("settle"), PLACES, st.integers(0, 15)),
    st.tuples(st.just("settle all"), st.just(0), AMOUNTS),
    st.tuples(st.just("release"), PLACES, st.just(0)),
    st.tuples(st.just("limit"), st.integers(0, 40), st.just(0)),
    st.tuples(st.just("abandon"), st.just(0), st.just(0)),
)


class History:
    """What should be true, kept beside the rows: how far overcharges and lowered limits may have led beyond the limit."""

    def __init__(self, scope: Scope, limit: int) -> None:
        self.scope = scope
        self.limit = limit
        self.reservations: list[Reservation] = []
        self.excusable = 0

    async def step(self, kind: str, first: int, second: int) -> None:
        if kind == "reserve":
            # Two at once, so that they race for what is left.
            results = await asyncio.gather(self._try(first), self._try(second))
            self.reservations += [one for one in results if one is not None]
        elif kind == "settle" and self.reservations:
            await self._settle(self.reservations[first % len(self.reservations)], second)
        elif kind == "settle all":
            await asyncio.gather(*(self._settle(one, second) for one in self.reservations))
        elif kind == "release" and self.reservations:
            await release(self.scope, self.reservations[first % len(self.reservations)])
        elif kind == "limit":
            async with open_db(self.scope) as db:
                await set_limit(db, first * TICK)
            self.excusable += max(0, self.limit - first * TICK)
            self.limit = first * TICK
        elif kind == "abandon":
            async with system_db("test") as db:
                await settle_abandoned(db, at=now() + timedelta(minutes=6))

    async def _try(self, amount: int) -> Reservation | None:
        before = await figures(self.scope)
        try:
            return await reserve(self.scope, ticks(amount))
        except BudgetSpent:
            # Only its twin can have taken something in between.
            assert before["spent"] + before["reserved"] + (amount + 12) * TICK > self.limit
            return None

    async def _settle(self, reservation: Reservation, units: int) -> None:
        self.excusable += max(0, units * TICK - reservation.amount_nusd)
        await settle(self.scope, reservation, {"call": units})

    def check(self, sums: dict[str, Any]) -> None:
        assert sums["spent"] + sums["reserved"] <= self.limit + sums["excess"]
        assert sums["excess"] <= self.excusable
        assert sums["spent"] == sums["ledger"]
        assert sums["reserved"] == sums["held"]


@settings(
    max_examples=25, deadline=None, database=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEPS, max_size=14), limit=st.integers(0, 30))
async def test_no_history_spends_beyond_the_limit(priced: None, steps: list[tuple[str, int, int]], limit: int) -> None:
    scope = await make_business()
    async with open_db(scope) as db:
        await set_limit(db, limit * TICK)
    history = History(scope, limit * TICK)
    for step in steps:
        await history.step(*step)
        history.check(await figures(scope))
