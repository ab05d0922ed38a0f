"""`python -m bench.limiter`: decisions of the limiter a second, against bare Lua calls with the same keys through the same pool.

64 callers at once in one process, as a busy web process has them, on a Redis of its own with its log on disk as in production.
The floor is a script that gets the same keys and answers 1. Kinds and floors take turns, so that a slow moment hits all alike.
"""

import asyncio
import hashlib
import itertools
import os
import statistics
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any, cast
from uuid import UUID, uuid4

import uvloop

from embedded.redis import RedisServer
from omni_app.infra.redis import close_redis, redis_client
from omni_app.limits.customers import _address_gate, _gate, month_gate, take_message
from omni_app.limits.rules import LimitRules
from omni_app.limits.window import Gate, _key, take, take_all
from omni_app.settings import load_settings

CALLERS = 64
# A burst stays below two seconds: the pool lets somebody wait for ever under lasting load, and its patience is that long.
CALLS = 1_600
ROUNDS = 20
ASKED = 0.6
HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)

_BARE = "return 1"
_BARE_SHA = hashlib.sha1(_BARE.encode(), usedforsecurity=False).hexdigest()
_BUSINESS = uuid4()
_CUSTOMERS = [uuid4() for _ in range(1_000)]
_ADDRESSES = [f"8.8.{number // 250}.{number % 250}" for number in range(1_000)]
_RULES = LimitRules(visitor_messages_per_hour=1_000, monthly_messages=10_000_000)

Call = Callable[[int], Awaitable[Any]]


async def calls_a_second(call: Call, numbers: Iterator[int]) -> float:
    """`CALLS` calls by `CALLERS` callers, each with the next number."""
    left = iter(range(CALLS))

    async def caller() -> None:
        for _ in left:
            await call(next(numbers))

    started = perf_counter()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return CALLS / (perf_counter() - started)


def bare(keys_of: Callable[[int], list[str]]) -> Call:
    """The floor: the keys of decision `number`, and a script that looks at none of them."""
    evalsha = cast("Callable[..., Awaitable[Any]]", redis_client().evalsha)

    async def call(number: int) -> None:
        keys = keys_of(number)
        await evalsha(_BARE_SHA, len(keys), *keys)

    return call


def _customer(number: int) -> UUID:
    return _CUSTOMERS[number % len(_CUSTOMERS)]


async def message(number: int) -> None:
    """A visitor's message: the customer's day, the address's hour, the business's month."""
    address = _ADDRESSES[number % len(_ADDRESSES)]
    await take_message(_BUSINESS, _customer(number), _RULES, trust=80, is_verified=False, address=address)


def message_keys(number: int) -> list[str]:
    address = _ADDRESSES[number % len(_ADDRESSES)]
    gates = [_gate(_BUSINESS, "messages", str(_customer(number)), 50, DAY), *_address_gate(_BUSINESS, _RULES, address)]
    return [_key(gate) for gate in (*gates, month_gate(_BUSINESS, _RULES, "UTC"))]


def one(name: str, limit: int, subjects: int) -> tuple[Call, Callable[[int], list[str]]]:
    """One window, and its key."""

    async def call(number: int) -> None:
        await take(name, f"subject-{number % subjects}", limit, HOUR)

    def keys(number: int) -> list[str]:
        return [_key(Gate(name=name, subject=f"subject-{number % subjects}", most=limit, window=HOUR))]

    return call, keys


async def measure() -> dict[str, tuple[list[float], list[float]]]:
    kinds: dict[str, tuple[Call, Callable[[int], list[str]]]] = {
        "log, 50 an hour": one("fifty", 50, 1_000),
        "log, 1,000, full": one("thousand", 1_000, 1),
        "counter, 20,000": one("many", 20_000, 10),
        "message, 3 gates": (message, message_keys),
    }
    times: defaultdict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    await redis_client().script_load(_BARE)
    # A month that begins asks PostgreSQL what it holds; there is none here.
    await take_all([replace(month_gate(_BUSINESS, _RULES, "UTC"), amount=2)])
    for turn in range(ROUNDS + 1):
        for name, (call, keys) in kinds.items():
            floor = await calls_a_second(bare(keys), itertools.count(turn * CALLS))
            ours = await calls_a_second(call, itertools.count(turn * CALLS))
            if turn:  # the first round fills windows and pools
                times[name][0].append(ours)
                times[name][1].append(floor)
    await close_redis()
    return times


def report(times: dict[str, tuple[list[float], list[float]]]) -> None:
    print(f"{'what':<20}{'decisions/s':>13}{'bare Lua/s':>13}{'ratio':>8}{'lowest':>8}{'asked':>9}")
    for name, (ours, floors) in times.items():
        ratios = [mine / floor for mine, floor in zip(ours, floors, strict=True)]
        print(
            f"{name:<20}{statistics.median(ours):>13,.0f}{statistics.median(floors):>13,.0f}"
            f"{statistics.median(ratios):>8.2f}{min(ratios):>8.2f}{'≥ ' + str(ASKED):>9}"
        )


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="omni-bench-") as folder:
        server = RedisServer(data=Path(folder) / "redis", socket=Path(folder) / "redis.sock")
        process = subprocess.Popen(server.command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            server.wait_until_ready()
            os.environ["REDIS_URL"] = server.url()
            load_settings.cache_clear()
            report(uvloop.run(measure()))
        finally:
            process.terminate()
            process.wait(10)


if __name__ == "__main__":
    main()
