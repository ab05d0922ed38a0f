"""`python -m bench.reserving`: holding and booking a paid call, against two committed transactions of two statements.

The floor goes through the same engine, role and row-level security: twice BEGIN, the scope, one UPDATE of one row, COMMIT. Both
take turns in rounds, so that a slow moment strikes both.
"""

import asyncio
import os
import statistics
from collections.abc import Awaitable, Callable
from time import perf_counter

from sqlalchemy import text

from bench.running import running_omni
from omni_app.budgets.holds import Worst
from omni_app.budgets.reserving import reserve
from omni_app.budgets.settling import settle
from omni_app.infra.background import finish_tasks
from omni_app.infra.clock import now
from omni_app.infra.database import close_engines, open_db, system_db
from omni_app.infra.redis import close_redis
from omni_app.infra.scope import Scope, system_scope
from omni_app.settings import load_settings

ROUNDS = 12
CALLS = 100
TARGET = 0.7

_TOUCH = text("update budgets set updated_at = :at where business_id = :business_id and period_start = :period")
_WORST = Worst(provider="openai", model="gpt-4o-mini", service="chat", units={"input_token": 10, "output_token": 10})


async def _floor(scope: Scope, period: object) -> None:
    for _ in range(2):
        async with open_db(scope) as db:
            await db.execute(_TOUCH, {"at": now(), "business_id": scope.business_id, "period": period})


async def _call(scope: Scope) -> None:
    reservation = await reserve(scope, _WORST)
    await settle(scope, reservation, {"input_token": 7, "output_token": 9})


async def _time(act: Callable[[], Awaitable[None]]) -> list[float]:
    times = []
    for _ in range(CALLS):
        started = perf_counter()
        await act()
        times.append((perf_counter() - started) * 1000)
    return times


async def _measure() -> None:
    async with system_db("bench: which business") as db:
        business_id = (await db.execute("select id from businesses limit 1")).scalar_one()
    scope = system_scope(business_id)
    period = (await reserve(scope, _WORST)).period_start
    floor: list[float] = []
    calls: list[float] = []
    for number in range(ROUNDS + 1):
        floor_round = await _time(lambda: _floor(scope, period))
        call_round = await _time(lambda: _call(scope))
        if number:  # the first round warms up
            floor += floor_round
            calls += call_round
    of_floor, of_calls = statistics.median(floor), statistics.median(calls)
    ratio = of_floor / of_calls
    print(f"two committed transactions of two statements: p50 {of_floor:.2f} ms")
    print(f"reserve + settle:                             p50 {of_calls:.2f} ms")
    print(f"rate against the floor: {ratio:.2f} (target at least {TARGET}){'' if ratio >= TARGET else '  MISSED'}")
    await finish_tasks(5)
    await close_engines()
    await close_redis()


def main() -> None:
    with running_omni() as omni:
        os.environ.update(omni.environment)
        load_settings.cache_clear()
        asyncio.run(_measure())


if __name__ == "__main__":
    main()
