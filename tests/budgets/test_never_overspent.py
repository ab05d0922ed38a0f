"""The promise of a budget, tried with random histories against PostgreSQL and a model of a few lines."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omni_app.budgets import (
    BudgetRules,
    BudgetSpent,
    Reservation,
    release,
    reserve,
    set_limit,
    set_rules,
    settle,
    settle_abandoned,
    top_up,
)
from omni_app.budgets.caps import NO_CAP
from omni_app.budgets.models import CREDIT as CREDIT_PERIOD
from omni_app.infra.clock import now
from omni_app.infra.database import open_db, system_db
from omni_app.infra.errors import Invalid
from omni_app.infra.scope import Scope
from tests.budgets.books import CREDIT, Books
from tests.budgets.businesses import TICK, check_books, make_business, ticks

MONTHS = ("0 this month", "1 next month")
AMOUNTS = st.integers(0, 12)
PLACES = st.integers(0, 30)
WHO = st.tuples(st.sampled_from([None, "Ann", "Bob"]), st.sampled_from([None, "Spring sale"]))
CAPS = st.one_of(st.none(), st.integers(0, 20))
CALL = st.tuples(AMOUNTS, st.sampled_from((*MONTHS, MONTHS[0])), WHO)
STEPS = st.one_of(
    st.tuples(st.just("reserve"), CALL),
    st.tuples(st.just("reserve"), CALL),
    st.tuples(st.just("race"), st.tuples(CALL, CALL)),
    st.tuples(st.just("settle"), st.tuples(PLACES, st.integers(0, 15))),
    st.tuples(st.just("settle"), st.tuples(PLACES, st.integers(0, 15))),
    st.tuples(st.just("settle all"), AMOUNTS),
    st.tuples(st.just("release"), PLACES),
    st.tuples(st.just("limit"), st.tuples(st.sampled_from(MONTHS), st.integers(0, 40))),
    st.tuples(st.just("top up"), st.integers(-15, 25)),
    st.tuples(st.just("caps"), st.tuples(CAPS, CAPS)),
    st.tuples(st.just("abandon"), st.just(0)),
)


class History:
    """The rows of one business and what they should be, side by side."""

    def __init__(self, scope: Scope, limit: int) -> None:
        self.scope = scope
        self.books = Books(last_limit=limit, no_cap=NO_CAP // TICK)
        self.reservations: list[Reservation] = []
        this_month = now().replace(day=1)
        # Late on the first of next month at the latest, wherever in this month the test runs.
        self.at = {MONTHS[0]: None, MONTHS[1]: this_month + timedelta(days=32)}
        self.starts = {this_month.date(): MONTHS[0], (this_month + timedelta(days=32)).replace(day=1).date(): MONTHS[1]}

    def id_of(self, name: str | None) -> UUID | None:
        return uuid5(self.scope.business_id, name) if name else None

    async def step(self, kind: str, values: Any) -> None:
        if kind == "reserve":
            assert await self._try(values) == self._expect(self.books, values)
        elif kind == "race":
            await self._race(*values)
        elif kind == "settle" and self.reservations:
            await self._settle(values[0] % len(self.reservations), values[1])
        elif kind == "settle all":
            # Twice at once each, but one after the other: how much excess an overcharge needs depends on who was settled before.
            for place, one in enumerate(self.reservations):
                self.books.settle(place, values)
                await asyncio.gather(*(settle(self.scope, one, {"call": values}) for _ in range(2)))
        elif kind == "release" and self.reservations:
            place = values % len(self.reservations)
            self.books.release(place)
            await release(self.scope, self.reservations[place])
        elif kind == "limit":
            self.books.set_limit(*values)
            async with open_db(self.scope) as db:
                await set_limit(db, values[1] * TICK, at=self.at[values[0]])
        elif kind == "top up":
            assert await self._top_up(values) == self.books.top_up(values)
        elif kind == "caps":
            self.books.set_caps(MONTHS[0], *values)
            customer, campaign = (None if cap is None else cap * TICK for cap in values)
            async with open_db(self.scope) as db:
                await set_rules(db, BudgetRules(customer_cap_nusd=customer, campaign_cap_nusd=campaign))
        elif kind == "abandon":
            for place, one in enumerate(self.reservations):
                self.books.settle(place, one.amount_nusd // TICK)
            async with system_db("test") as db:
                await settle_abandoned(db, at=now() + timedelta(days=70))

    def _expect(self, books: Books, call: tuple[int, str, tuple[str | None, str | None]]) -> str | None:
        amount, month, (customer, campaign) = call
        return books.reserve(amount, month, customer, campaign, is_now=month == MONTHS[0])

    async def _try(self, call: tuple[int, str, tuple[str | None, str | None]]) -> str | None:
        amount, month, (customer, campaign) = call
        worst = ticks(amount, customer_id=self.id_of(customer), campaign_id=self.id_of(campaign))
        try:
            self.reservations.append(await reserve(self.scope, worst, at=self.at[month]))
        except BudgetSpent as refused:
            return refused.purse
        return None

    async def _race(self, first: Any, second: Any) -> None:
        """Two at once end as if one had come after the other."""
        before = len(self.reservations)
        results = list(await asyncio.gather(self._try(first), self._try(second)))
        one, other = self.books.copy(), self.books.copy()
        orders = {
            "first": [self._expect(one, first), self._expect(one, second)],
            "second": [self._expect(other, second), self._expect(other, first)][::-1],
        }
        assert results in orders.values(), (results, orders)
        is_first = results == orders["first"] and (results != orders["second"] or one.rows() == await self.rows())
        self.books = one if is_first else other
        # The call that came back first stands first in the list; the model must hold both in the same places.
        mine, theirs = self.books.held[before:], self.reservations[before:]
        if len(mine) == 2 and self._names(mine[0]) != self._names(theirs[0]):
            self.books.held[before:] = mine[::-1]

    def _names(self, held: Any) -> tuple[Any, ...]:
        if isinstance(held, Reservation):
            period = held.period_start
            assert period is not None
            purse = CREDIT if period == CREDIT_PERIOD else self.starts[period]
            return held.amount_nusd // TICK, purse, held.worst.customer_id, held.worst.campaign_id
        return held.amount, held.purse, self.id_of(held.customer), self.id_of(held.campaign)

    async def _settle(self, place: int, cost: int) -> None:
        self.books.settle(place, cost)
        await settle(self.scope, self.reservations[place], {"call": cost})

    async def _top_up(self, amount: int) -> bool:
        try:
            async with open_db(self.scope) as db:
                await top_up(db, amount * TICK)
        except Invalid:
            return False
        return True

    async def rows(self) -> dict[Any, tuple[int, int, int, int]]:
        names = {self.id_of(name): name for name in ("Ann", "Bob", "Spring sale")}
        async with open_db(self.scope) as db:
            await check_books(db)
            purses = (await db.execute("select * from budgets")).all()
            caps = (await db.execute("select * from budget_caps")).all()
        found: dict[Any, tuple[int, int, int, int]] = {}
        for row in purses:
            found[CREDIT if row.period_start == CREDIT_PERIOD else self.starts[row.period_start]] = _ticks(row)
        for row in caps:
            found[self.starts[row.period_start], row.kind, names[row.subject_id]] = _ticks(row)
        return found


def _ticks(row: Any) -> tuple[int, int, int, int]:
    return row.limit_nusd // TICK, row.spent_nusd // TICK, row.reserved_nusd // TICK, row.excess_nusd // TICK


@settings(
    max_examples=20,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=4, max_size=16), limit=st.integers(0, 30))
async def test_no_history_spends_beyond_a_limit(priced: None, steps: list[tuple[str, Any]], limit: int) -> None:
    scope = await make_business()
    history = History(scope, limit)
    await history.step("limit", (MONTHS[0], limit))
    for step in steps:
        await history.step(*step)
        assert await history.rows() == history.books.rows(), step
