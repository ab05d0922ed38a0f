import asyncio
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from omni_app.infra.errors import TooMany
from omni_app.infra.metrics import REFUSALS
from omni_app.infra.redis import PatientPool, key, redis_client
from omni_app.limits import check, take
from omni_app.limits.window import LOG_MOST, Gate, check_all, take_all
from omni_app.settings import ROOT, load_settings

HOUR = timedelta(hours=1)
SHORT = timedelta(milliseconds=200)


def _url() -> str:
    url = load_settings().redis_url
    assert url is not None
    return url.get_secret_value()


async def test_exactly_the_limit_of_200_callers_at_once_pass(database: object) -> None:
    decisions = await asyncio.gather(*(take("test", "one", 50, HOUR) for _ in range(200)))
    assert sum(decision.allowed for decision in decisions) == 50
    assert await redis_client().zcard(key("limit", "test", "one")) == 50
    assert sorted(decision.remaining for decision in decisions if decision.allowed) == list(range(50))


@pytest.mark.parametrize("limit", [700, 1_500], ids=["exact log", "counter"])
async def test_a_thousand_clients_and_more_at_once_get_exactly_the_limit(database: object, limit: int) -> None:
    clients = [Redis.from_pool(PatientPool.from_url(_url(), max_connections=16)) for _ in range(4)]
    try:
        decisions = await asyncio.gather(
            *(take("test", "one", limit, HOUR, client=clients[turn % 4]) for turn in range(limit + 300))
        )
    finally:
        for client in clients:
            await client.aclose()
    assert all(decision.is_counted for decision in decisions)
    assert sum(decision.allowed for decision in decisions) == limit
    assert sorted(decision.remaining for decision in decisions if decision.allowed) == list(range(limit))


async def test_processes_share_a_window(database: object) -> None:
    program = (
        "import asyncio, json, sys; from datetime import timedelta; from omni_app.limits import take\n"
        "async def main():\n"
        "    done = await asyncio.gather(*(take('test', 'one', 60, timedelta(hours=1)) for _ in range(50)))\n"
        "    print(sum(decision.allowed for decision in done))\n"
        "asyncio.run(main())"
    )
    started = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=subprocess.PIPE, cwd=ROOT) for _ in range(2)
    ]
    passed = [int((await process.communicate())[0].split()[-1]) for process in started]
    assert sum(passed) == 60
    assert not (await take("test", "one", 60, HOUR)).allowed


async def test_every_entry_is_kept_below_the_limit(database: object) -> None:
    await asyncio.gather(*(take("test", "one", 1_000, HOUR) for _ in range(200)))
    assert (await check("test", "one", 1_000, HOUR)).remaining == 800


async def test_places_free_up_as_the_window_slides(database: object) -> None:
    started = time.monotonic()
    first = await take("test", "one", 1, SHORT)
    second = await take("test", "one", 1, SHORT)
    assert (first.allowed, second.allowed) == (True, False)
    assert timedelta() < second.reset_after <= SHORT
    while not (await take("test", "one", 1, SHORT)).allowed:
        assert time.monotonic() - started < 60
    assert time.monotonic() - started >= SHORT.total_seconds()


async def test_refused_calls_do_not_prolong_the_wait(database: object) -> None:
    await take("test", "one", 1, HOUR)
    waits = [(await take("test", "one", 1, HOUR)).reset_after for _ in range(5)]
    assert waits == sorted(waits, reverse=True)
    assert await redis_client().zcard(key("limit", "test", "one")) == 1


async def test_looking_counts_nothing(database: object) -> None:
    looks = [await check("test", "one", 1, HOUR) for _ in range(3)]
    assert [(look.allowed, look.remaining, look.reset_after) for look in looks] == [(True, 1, timedelta())] * 3
    assert not await redis_client().exists(key("limit", "test", "one"))


async def test_subjects_and_names_are_apart(database: object) -> None:
    assert (await take("test", "one", 1, HOUR)).allowed
    assert (await take("test", "two", 1, HOUR)).allowed
    assert (await take("best", "one", 1, HOUR)).allowed
    assert not (await take("test", "one", 1, HOUR)).allowed


async def test_lowered_limit_waits_until_enough_left_the_window(database: object) -> None:
    seconds, microseconds = await redis_client().time()
    half_an_hour_ago = (seconds - 1_800) * 1_000_000 + microseconds
    await redis_client().zadd(key("limit", "test", "one"), {"earlier": half_an_hour_ago})
    await take("test", "one", 2, HOUR)
    full, lowered = await check("test", "one", 2, HOUR), await check("test", "one", 1, HOUR)
    assert (full.allowed, lowered.allowed, lowered.remaining) == (False, False, 0)
    assert full.reset_after <= HOUR / 2 < lowered.reset_after <= HOUR


@pytest.mark.parametrize("limit", [0, -1])
async def test_nothing_passes_a_limit_of_zero(database: object, limit: int) -> None:
    decision = await take("test", "one", limit, HOUR)
    assert (decision.allowed, decision.remaining, decision.reset_after) == (False, 0, HOUR)


async def test_window_is_forgotten_by_itself(database: object) -> None:
    await take("test", "one", 1, HOUR)
    lifetime = await redis_client().pttl(key("limit", "test", "one"))
    assert 3_590_000 < lifetime <= 3_600_001


async def test_gates_taken_together_pass_all_or_count_none(database: object) -> None:
    wide, narrow = (
        Gate(name=name, subject="one", most=most, window=HOUR, slot="b") for name, most in (("wide", 9), ("narrow", 1))
    )
    assert [decision.allowed for decision in await take_all([wide, narrow])] == [True, True]
    first, second = await take_all([wide, narrow])
    assert (first.allowed, first.remaining, second.allowed) == (True, 8, False)
    assert [look.remaining for look in await check_all([wide, narrow])] == [8, 0]


async def test_gates_taken_together_lie_in_one_slot_of_a_cluster(database: object) -> None:
    gates = [Gate(name=name, subject="one", most=9, window=HOUR, slot="the-business") for name in ("first", "second")]
    await take_all(gates)
    names = [name.decode() async for name in redis_client().scan_iter(key("limit", "*"))]
    assert {name[name.index("{") : name.index("}") + 1] for name in names} == {"{the-business}"}


async def test_limit_raised_beyond_the_log_starts_a_window_of_its_own(database: object) -> None:
    assert (await take("test", "one", 1, HOUR)).allowed
    assert (await take("test", "one", LOG_MOST + 1, HOUR)).remaining == LOG_MOST
    assert not (await take("test", "one", 1, HOUR)).allowed


async def test_refusals_are_counted_for_the_figures(database: object) -> None:
    await take("test-figure", "one", 1, HOUR)
    await take("test-figure", "one", 1, HOUR)
    await check("test-figure", "one", 1, HOUR)
    assert REFUSALS.labels("test-figure")._value.get() == 1


async def test_redis_that_lost_the_script_counts_once(database: object) -> None:
    await redis_client().script_flush()
    assert (await take("test", "one", 2, HOUR)).remaining == 1
    assert (await take("test", "one", 2, HOUR)).remaining == 0


async def test_absent_redis_opens_or_closes_as_the_caller_chose() -> None:
    gone = Redis.from_url("unix:///nowhere/redis.sock")
    opened = await take("test", "one", 5, HOUR, when_away="open", client=gone)
    closed = await take("test", "one", 5, HOUR, when_away="closed", client=gone)
    assert (opened.allowed, opened.is_counted) == (True, False)
    assert (closed.allowed, closed.is_counted, closed.remaining) == (False, False, 0)
    with pytest.raises(TooMany) as caught:
        closed.require("Try again later.")
    assert caught.value.retry_after == closed.reset_after > timedelta()
    opened.require("Try again later.")
