"""`kill -9` in the middle of paid calls: nothing is promised twice, and the reaper makes the books right."""

import asyncio
import os
import random
import signal
import sys
from contextlib import suppress
from datetime import timedelta

from omni_app.budgets import BudgetRules, load_budget, reserve, set_limit, set_rules, settle, settle_abandoned
from omni_app.infra.clock import now
from omni_app.infra.database import open_db, system_db
from omni_app.infra.scope import Scope
from tests.budgets.businesses import TICK, check_books, figures, ticks
from tests.harness.services import Services


async def run_and_kill(scope: Scope, services: Services, calls: list[int]) -> None:
    """Run as many spenders as `calls` has numbers; kill each as soon as it has told of that many calls."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.budgets.spender", str(scope.business_id), str(len(calls))),
        env=services.child_environment(LOG_LEVEL="ERROR"),
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    left: dict[int, int] = {}
    killed = set()
    try:
        while line := await process.stdout.readline():
            if not line.strip().isdigit():  # a line of the log
                continue
            spender = int(line)
            left.setdefault(spender, calls[len(left) % len(calls)])
            left[spender] -= 1
            if left[spender] <= 0 and spender not in killed:
                assert os.getpgid(spender) == process.pid, "none of ours"
                os.kill(spender, signal.SIGKILL)
                killed.add(spender)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    assert len(killed) == len(calls), "a spender ended by itself"


async def test_killed_spenders_leave_holds_that_the_reaper_books_in_full(scope: Scope, services: Services) -> None:
    async with open_db(scope) as db:
        await set_limit(db, 100_000 * TICK)
        await set_rules(db, BudgetRules(customer_cap_nusd=90_000 * TICK))
    # Where in its statements a process dies is chance: that it dies at some of them is not.
    await run_and_kill(scope, services, [random.randint(1, 40) for _ in range(4)])

    async with system_db("test") as db:
        await check_books(db)
    held = (await figures(scope))["held"]
    late = now() + timedelta(minutes=10)
    async with system_db("test") as db:
        await settle_abandoned(db, at=late)
    async with system_db("test") as db:
        await check_books(db)
        assert await settle_abandoned(db, at=late) == 0
    sums = await figures(scope)
    assert (sums["held"], sums["reserved"], sums["spent"]) == (0, 0, sums["ledger"])
    async with open_db(scope) as db:
        abandoned = await db.execute("select coalesce(sum(cost_nusd), 0) from ledger_entries where note = 'abandoned'")
        assert abandoned.scalar_one() == held

    await settle(scope, await reserve(scope, ticks(1)), {"call": 1})
    async with open_db(scope) as db:
        assert (await load_budget(db)).spent_nusd == sums["spent"] + TICK
