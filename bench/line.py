"""`python -m bench.line`: messages a second through the whole line: webhook → stored → answered → accepted by the provider.

A simulated WhatsApp signs and sends one message each of many customers, as fast as they are acknowledged, and keeps what comes
back. Web, worker, scheduler, PostgreSQL, Redis and the simulator share the machine. Every answer must have been accepted once.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil
import psycopg

from bench.running import Omni, free_port, running_omni
from omni_app.demo.content import load_demo_content
from omni_app.settings import ROOT
from tests.run.provider import Simulator

WARM_UP = 30
MESSAGES = 400
LANES = 8
PATIENCE_SECONDS = 150.0


@contextmanager
def connected(omni: Omni, simulator: Simulator, account: Mapping[str, Any]) -> Iterator[str]:
    """The webhook address of a connection of the demo business to a simulated account."""
    environment = {**omni.environment, **simulator.settings}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.run.channel_staff"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(account) + "\n")
    process.stdin.flush()
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(20)


async def say(simulator: Simulator, account_id: str, first: int, count: int) -> dict[str, float]:
    """Let `count` customers write once each; phone number -> when."""
    questions = [faq.phrasings[0] for faq in load_demo_content().faqs if faq.phrasings]
    said: dict[str, float] = {}
    headers = {"authorization": f"Bearer {simulator.token}"}
    async with httpx2.AsyncClient(base_url=f"{simulator.url}/control", headers=headers, trust_env=False, timeout=60) as client:
        for number in range(first, first + count):
            phone = f"1902{number:07d}"
            body = {"account": account_id, "from": phone, "type": "text", "text": questions[number % len(questions)]}
            said[phone] = time.time()
            (await client.post("/whatsapp/inbound", json=body)).raise_for_status()
    return said


def wait_for_answers(simulator: Simulator, said: Mapping[str, float], total: int) -> dict[str, float]:
    """Phone number -> when the provider accepted the answer, once it took `total` in all. Raises TimeoutError."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        # Only a count: reading all of them again and again would take time from what is measured.
        if int(simulator.call("GET", "/outbox", limit="1")["total"]) >= total:
            break
        if time.monotonic() > deadline:
            raise TimeoutError(f"not all of {len(said)} were answered")
        time.sleep(0.25)
    found = [one for one in simulator.outbox() if one["address"] in said]
    answered = {one["address"]: float(one["at"]) for one in found}
    assert len(answered) == len(said), f"{len(answered)} of {len(said)} answered"
    assert len(found) == len(answered), "an answer was accepted twice"
    return answered


def processor_seconds(omni: Omni, simulator: Simulator) -> dict[str, float]:
    """Processor time each part has used so far; PostgreSQL with all its processes."""
    assert simulator.process is not None
    pids = {"provider": simulator.process.pid}
    for child in json.loads((Path(omni.environment["OMNI_HOME"]) / "children.json").read_text())["children"]:
        pids[child["name"]] = child["pid"]
    found = {}
    for name, pid in pids.items():
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        found[name] = sum(sum(one.cpu_times()[:2]) for one in family)
    return found


def stages(omni: Omni) -> list[tuple[str, float]]:
    """Median seconds of a message from one note of it to the next, by our own rows."""
    with psycopg.connect(omni.database_address) as connection:
        rows = connection.execute(
            """
            select extract(epoch from q.created_at - e.received_at), extract(epoch from a.created_at - q.created_at),
              extract(epoch from d.sent_at - a.created_at)
            from deliveries d join messages a on a.id = d.message_id
            join messages q on q.conversation_id = a.conversation_id and q.role = 'customer'
            join channel_events e on e.message_id = q.id where d.sent_at is not null
            """
        ).fetchall()
    names = ("webhook stored → message stored", "message stored → answered", "answered → accepted by the provider")
    return [(name, statistics.median(float(row[place]) for row in rows)) for place, name in enumerate(names)] if rows else []


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="omni-bench-provider-") as folder:
        simulator = Simulator(home=Path(folder), port=free_port())
        simulator.start(omni_port=free_port())
        try:
            with running_omni(**simulator.settings) as omni:
                measure(omni, simulator)
        finally:
            simulator.end()


def measure(omni: Omni, simulator: Simulator) -> None:
    options = {"delay_ms": 200, "parallel": LANES}
    account = simulator.call("POST", "/accounts", {"provider": "whatsapp", "options": options})
    with connected(omni, simulator, account) as url:
        simulator.call("PATCH", f"/accounts/{account['id']}", {"webhook_url": url})
        wait_for_answers(simulator, asyncio.run(say(simulator, account["id"], 0, WARM_UP)), WARM_UP)
        before = processor_seconds(omni, simulator)
        said = asyncio.run(say(simulator, account["id"], WARM_UP, MESSAGES))
        answered = wait_for_answers(simulator, said, WARM_UP + MESSAGES)
        after = processor_seconds(omni, simulator)
    report(omni, said, answered)
    used = ", ".join(f"{name} {(after[name] - before[name]) * 1000 / MESSAGES:.0f}" for name in after)
    print(f"processor time of one message with its statuses, ms: {used}")


def report(omni: Omni, said: Mapping[str, float], answered: Mapping[str, float]) -> None:
    took = sorted(answered[phone] - at for phone, at in said.items())
    seconds = max(answered.values()) - min(said.values())
    rate = len(said) / seconds
    print(f"{len(said)} messages in {seconds:.1f} s: {rate:.1f} a second on {os.cpu_count()} cores, all answered once")
    p99 = took[int(len(took) * 0.99)]
    print(f"from the customer's message to the accepted answer: p50 {statistics.median(took):.2f} s, p99 {p99:.2f} s (a burst)")
    for name, median in stages(omni):
        print(f"  {name:<40}{median * 1000:>9.0f} ms")


if __name__ == "__main__":
    main()
