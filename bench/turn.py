"""`python -m bench.turn`: a verbatim cached answer and a new-wording FAQ answer over HTTP, as ratios to floors of the same run.

One request at a time, the four kinds in turn, so that a slow moment of the machine hits all of them alike.
"""

import asyncio
import itertools
import random
import statistics
import subprocess
import sys
from collections import defaultdict
from time import perf_counter
from typing import Any

import httpx2
import psycopg
from redis import Redis

from bench.running import Omni, free_port, running_omni, wait_for
from omni_app.demo.content import load_demo_content
from omni_app.settings import ROOT

WARM_UP = 25
ROUNDS = 150
CUSTOMERS = 32
OPENERS = ("hi, ", "hello, ", "quick question: ", "sorry to bother you, ", "good morning, ", "hey, ", "tell me, ", "so, ")
CLOSERS = ("", " thanks", " thank you", " please", " asking for a friend", " asap", " i would like to know", " cheers")


def percentiles(times: list[float]) -> tuple[float, float]:
    """p50 and p99 in milliseconds."""
    ordered = sorted(times)
    return statistics.median(ordered) * 1000, ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000


def new_wordings() -> list[str]:
    """Questions nobody taught word for word: a taught phrasing with other words around it, each one once."""
    phrasings = [phrasing for faq in load_demo_content().faqs for phrasing in faq.phrasings]
    every = [f"{opener}{phrasing}{closer}" for opener, phrasing, closer in itertools.product(OPENERS, phrasings, CLOSERS)]
    random.Random(7).shuffle(every)
    return every


async def measure(omni: Omni, floor_url: str) -> dict[str, list[float]]:
    times: defaultdict[str, list[float]] = defaultdict(list)
    wordings = iter(new_wordings())
    process = f"{omni.url}/api/agent/process"
    headers = {"Authorization": f"Bearer {omni.api_key}"}
    async with httpx2.AsyncClient(headers=headers, timeout=30) as client:

        async def timed(kind: str, url: str, body: dict[str, Any], keep: bool) -> dict[str, Any]:
            started = perf_counter()
            answer = await client.post(url, json=body)
            seconds = perf_counter() - started
            answer.raise_for_status()
            data: dict[str, Any] = answer.json()["data"]
            if keep and (kind != "new wording, FAQ" or data["source"] == "faq"):
                times[kind].append(seconds)
            return data

        def turn(number: int, text: str) -> dict[str, Any]:
            return {"channel": "chat", "customer": {"external_id": f"bench-{number % CUSTOMERS}"}, "text": text}

        for number in range(CUSTOMERS):
            await timed("", process, turn(number, "What does a check-up cost?"), False)
        for number in range(WARM_UP + ROUNDS):
            keep = number >= WARM_UP
            wording = next(wordings)
            await timed("floor-1", f"{floor_url}/api/floor1", turn(number, wording), keep)
            cached = await timed(
                "verbatim, cached", f"{omni.url}/api/agent/process", turn(number, "What does a check-up cost?"), keep
            )
            assert cached["tier"] is not None, "the verbatim question did not come from the cache"
            await timed("floor-2", f"{floor_url}/api/floor2", turn(number, next(wordings)), keep)
            await timed("new wording, FAQ", process, turn(number, next(wordings)), keep)
    return times


def raw_floors(omni: Omni) -> dict[str, list[float]]:
    """One committed INSERT by the bare driver, and one Redis GET, without web stack, engine or row-level security scope."""
    times: defaultdict[str, list[float]] = defaultdict(list)
    with psycopg.connect(omni.database_address) as connection:
        for _ in range(WARM_UP + ROUNDS):
            started = perf_counter()
            connection.execute(
                "insert into outbox (id, kind, name, queue, payload, created_at, available_at, attempts, dead_at) "
                "values (gen_random_uuid(), 'job', 'floor', 'bulk', '{}', now(), now(), 0, now())"
            )
            connection.commit()
            times["raw INSERT + COMMIT"].append(perf_counter() - started)
        connection.execute("delete from outbox where name = 'floor'")
    redis = Redis.from_url(omni.environment["REDIS_URL"])
    for _ in range(WARM_UP + ROUNDS):
        started = perf_counter()
        redis.get("floor")
        times["raw Redis GET"].append(perf_counter() - started)
    return times


def report(times: dict[str, list[float]], raw: dict[str, list[float]]) -> None:
    print(f"{'what':<22}{'p50 ms':>9}{'p99 ms':>9}{'ratio of p50':>28}{'asked':>8}")
    floors = {"verbatim, cached": "floor-1", "new wording, FAQ": "floor-2"}
    for kind in ("floor-1", "verbatim, cached", "floor-2", "new wording, FAQ"):
        p50, p99 = percentiles(times[kind])
        ratio = ""
        if floor := floors.get(kind):
            ratio = f"{p50 / percentiles(times[floor])[0]:.2f} × {floor}"
        print(f"{kind:<22}{p50:>9.2f}{p99:>9.2f}{ratio:>28}{'≤ 3 ×' if ratio else '':>8}")
    for kind, values in raw.items():
        p50, p99 = percentiles(values)
        print(f"{kind:<22}{p50:>9.2f}{p99:>9.2f}")


def main() -> None:
    with running_omni() as omni:
        port = free_port()
        command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(port)]
        floor = subprocess.Popen(
            [*command, "--log-level", "error", "bench.floor:app"],
            cwd=ROOT,
            env={**omni.environment, "LOG_LEVEL": "WARNING"},
            stdin=subprocess.DEVNULL,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/live", floor)
            report(asyncio.run(measure(omni, f"http://127.0.0.1:{port}")), raw_floors(omni))
        finally:
            floor.terminate()
            floor.wait(10)


if __name__ == "__main__":
    main()
