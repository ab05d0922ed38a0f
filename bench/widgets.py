"""`python -m bench.widgets`: many open widgets, each with a message every 15 seconds, against one whole Omni.

The visitors are sockets of this process; web, worker, scheduler, PostgreSQL and Redis run beside it on one machine. Measured:
from sending a message to its answer, and what one open widget costs the web process in memory.
"""

import asyncio
import json
import os
import random
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

import websockets
from websockets.asyncio.client import ClientConnection

from bench.running import Omni, running_omni
from bench.turn import new_wordings
from omni_app.demo.content import load_demo_content

WIDGETS = 1000
EVERY_SECONDS = 15.0
SECONDS = 60.0
OPENING_SECONDS = 20.0
PATIENCE_SECONDS = 20.0
PING_SECONDS = 25.0
WARM_UP = 40


@dataclass(slots=True)
class Figures:
    """Seconds from message to answer, what went wrong by its words, and how many conversations a person has now."""

    answers: list[float] = field(default_factory=list)
    acks: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    handed_over: int = 0


class Visitor:
    """One widget: says hello, asks, marks as read what it gets, pings."""

    def __init__(self, connection: ClientConnection, figures: Figures) -> None:
        self._connection = connection
        self._figures = figures
        self._said: dict[str, float] = {}
        self._asked_at = 0.0
        self._answer: asyncio.Future[None] | None = None
        self._is_with_person = False
        self.welcomed = asyncio.Event()

    async def send(self, **frame: Any) -> None:
        await self._connection.send(json.dumps(frame))

    async def listen(self) -> None:
        try:
            async for raw in self._connection:
                await self._take(json.loads(raw))
        except websockets.ConnectionClosed as closed:
            self._figures.errors.append(f"connection closed: {closed}")

    async def _take(self, frame: dict[str, Any]) -> None:
        kind = frame["t"]
        if kind == "welcome":
            self.welcomed.set()
        elif kind == "error":
            self._figures.errors.append(frame["message"])
        elif kind == "state" and frame["conversation"]["speaker"] == "human" and not self._is_with_person:
            self._is_with_person = True
            self._figures.handed_over += 1
        elif kind == "ack":
            self._figures.acks.append(perf_counter() - self._said.pop(frame["id"]))
        elif kind == "message" and frame["message"]["role"] == "assistant":
            await self.send(t="read", seq=frame["message"]["seq"])
            if self._answer is not None and not self._answer.done():
                self._figures.answers.append(perf_counter() - self._asked_at)
                self._answer.set_result(None)

    async def ask(self, text: str) -> None:
        self._answer = asyncio.get_running_loop().create_future()
        message_id = str(uuid4())
        self._asked_at = self._said[message_id] = perf_counter()
        await self.send(t="say", id=message_id, text=text)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._answer
        except TimeoutError:
            self._figures.errors.append(f"no answer within {PATIENCE_SECONDS:g} s")

    async def ping(self) -> None:
        while True:
            await asyncio.sleep(PING_SECONDS)
            await self.send(t="ping")

    async def ask_until(self, end: float, texts: random.Random) -> None:
        """One question every `EVERY_SECONDS`, beginning at a moment of its own."""
        await asyncio.sleep(texts.uniform(0, EVERY_SECONDS))
        # Whoever was handed over waits for a person, who does not come in a bench.
        while (started := perf_counter()) < end and not self._is_with_person:
            await self.ask(texts.choice(_QUESTIONS))
            await asyncio.sleep(max(0.0, EVERY_SECONDS - (perf_counter() - started)))


# Half of what visitors write was written before word for word, half never was.
_TAUGHT = [phrasing for faq in load_demo_content().faqs for phrasing in faq.phrasings]
_QUESTIONS = _TAUGHT + random.Random(3).sample(new_wordings(), len(_TAUGHT))


class Widgets:
    """All open widgets."""

    def __init__(self, omni: Omni) -> None:
        self._address = f"{omni.url.replace('http', 'ws', 1)}/chat/ws?business={omni.widget_key}"
        self.figures = Figures()
        self.open: list[Visitor] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._connections: list[ClientConnection] = []

    async def add(self) -> None:
        # No compression: neither does the widget's browser offer it on this server, and it would be this process's work.
        connection = await websockets.connect(self._address, compression=None, ping_interval=None, open_timeout=30)
        visitor = Visitor(connection, self.figures)
        self._connections.append(connection)
        self._tasks.append(asyncio.create_task(visitor.listen()))
        page = {"url": "https://shop.example/", "title": "Shop"}
        await visitor.send(t="hello", session=None, seen=0, page=page, lang="en")
        async with asyncio.timeout(30):
            await visitor.welcomed.wait()
        self._tasks.append(asyncio.create_task(visitor.ping()))
        self.open.append(visitor)

    async def fill(self, count: int, seconds: float) -> None:
        """Open `count` widgets, spread over `seconds`."""

        async def later(delay: float) -> None:
            await asyncio.sleep(delay)
            await self.add()

        await asyncio.gather(*(later(seconds * n / count) for n in range(count)))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(connection.close() for connection in self._connections))


def processes(port: str) -> dict[str, list[Path]]:
    """The processes of the Omni on this port by what they are."""
    found: dict[str, list[Path]] = {}
    parents = {"omni_app.serve": "web", "workers.main": "worker", "workers.schedule": "scheduler"}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line, environment = (folder / "cmdline").read_bytes().decode(), (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        kind = next((name for module, name in parents.items() if module in line), None)
        if kind is not None and f"PORT={port}".encode() in environment:
            found.setdefault(kind, []).append(folder)
    return found


def web_memory(port: str) -> int:
    """Bytes that the web worker holds for itself: its resident pages that no other process shares."""
    most = 0
    for folder in processes(port)["web"]:
        lines = (folder / "smaps_rollup").read_text().splitlines()
        private = sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Dirty", "Private_Clean")))
        most = max(most, private * 1024)
    return most


def busy_seconds(port: str) -> dict[str, float]:
    """Processor time used so far, by kind of process; `all` is what the whole machine used."""
    tick = os.sysconf("SC_CLK_TCK")
    used = {
        kind: sum(sum(map(int, (folder / "stat").read_text().rpartition(")")[2].split()[11:13])) for folder in folders) / tick
        for kind, folders in processes(port).items()
    }
    user, nice, system = map(int, Path("/proc/stat").read_text().split()[1:4])
    return {**used, "bench": time.process_time(), "all": (user + nice + system) / tick}


def loop_ms() -> float:
    """How long a fixed piece of work of one core takes: machines shared with others swing, and the waiting with them."""
    started, total = perf_counter(), 0
    for number in range(2_000_000):
        total += number
    return (perf_counter() - started) * 1000


async def measure(omni: Omni, count: int) -> bool:
    port = omni.url.rpartition(":")[2]
    warm = Widgets(omni)
    await warm.fill(WARM_UP, 2)
    await asyncio.gather(*(visitor.ask(text) for visitor, text in zip(warm.open, _QUESTIONS, strict=False)))
    await warm.close()
    before = web_memory(port)
    widgets = Widgets(omni)
    started = perf_counter()
    await widgets.fill(count, OPENING_SECONDS)
    print(f"{count} widgets opened in {perf_counter() - started:.1f} s")
    await asyncio.sleep(2)
    at_rest = web_memory(port)
    speed = [loop_ms() for _ in range(5)]
    used = busy_seconds(port)
    end, texts = perf_counter() + SECONDS, random.Random(11)
    await asyncio.gather(*(visitor.ask_until(end, random.Random(texts.random())) for visitor in widgets.open))
    after = web_memory(port)
    messages = max(1, len(widgets.figures.answers))
    each = {kind: (seconds - used[kind]) * 1000 / messages for kind, seconds in busy_seconds(port).items()}
    print("processor time: " + ", ".join(f"{kind} {ms:.1f} ms" for kind, ms in each.items()) + " per answered message")
    errors = [*widgets.figures.errors]
    await widgets.close()
    speed += [loop_ms() for _ in range(5)]
    print(f"the machine: a loop of two million additions took {min(speed):.0f} to {max(speed):.0f} ms before and after")
    return report(widgets.figures, errors, count, (before, at_rest, after))


def report(figures: Figures, errors: list[str], count: int, memory: tuple[int, int, int]) -> bool:
    p95 = 0.0
    for name, times in (("acknowledged", figures.acks), ("answered", figures.answers)):
        ordered = sorted(times)
        middle = statistics.median(ordered) * 1000
        p95, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 for share in (0.95, 0.99))
        print(f"{name:>14}: {len(ordered)} messages, p50 {middle:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms")
    print(f"        errors: {len(errors)} {sorted(set(errors))[:5]}; handed over to a person: {figures.handed_over}")
    before, at_rest, after = (size / 2**20 for size in memory)
    print(f"   web process: {before:.0f} MiB before, {at_rest:.0f} MiB with {count} open, {after:.0f} MiB after talking")
    each = 1024 / count
    print(f"an open widget: {(at_rest - before) * each:.1f} KiB at rest, {(after - before) * each:.1f} KiB after talking")
    return not errors and p95 < 2000


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else WIDGETS
    with running_omni() as omni:
        return 0 if asyncio.run(measure(omni, count)) else 1


if __name__ == "__main__":
    sys.exit(main())
