"""Load with random deaths: what was acknowledged is kept once and answered once. `make soak` runs it long.

Visitors talk through the widget's socket and programs through the API, while parts of a running Omni are killed or frozen.
Whoever is cut off comes back and sends again, as the widget does. When quiet has come the rows are compared with what was
acknowledged.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.harness.waiting import until, wait_until
from tests.run.blows import Act, freeze, kill
from tests.run.omni import START_SECONDS, Omni
from tests.stubs.openai_stub import OpenAIStub, start_openai_stub

# Long enough for the slowest machine; a claim of a dead process ends after half a minute.
CALM_SECONDS = 300.0
# Between two looks at the database.
STEP_SECONDS = 0.25
ASK = (
    "What does a check-up cost?",
    "Do you have parking?",
    "How do I cancel my appointment?",
    "Can I bring my dog on the moon?",
    "When are you open on Saturday?",
    "Do you take my insurance?",
)


@dataclass
class Said:
    """One message and what became of it: `seq` after the acknowledgement, `reply_id` for API calls."""

    client_id: str
    text: str
    seq: int | None = None
    reply_id: str | None = None


@dataclass
class Visitor:
    """One widget. `heard` is what it holds by message number: the id, or None for its own message that was only acknowledged."""

    number: int
    session: str | None = None
    said: list[Said] = field(default_factory=list)
    heard: dict[int, str | None] = field(default_factory=dict)
    doubled: list[int] = field(default_factory=list)
    comebacks: int = 0

    @property
    def seen(self) -> int:
        """The number up to which it holds every message, as the widget counts it."""
        top = 0
        while top + 1 in self.heard:
            top += 1
        return top

    def take(self, seq: int, message_id: str | None) -> None:
        known = self.heard.get(seq)
        if known is not None and message_id is not None and known != message_id:
            self.doubled.append(seq)
        self.heard[seq] = message_id or known


@dataclass
class Blow:
    """One act of violence and when it happened (seconds after the start)."""

    at: float
    what: str


@dataclass
class Report:
    """What a soak did and what it found wrong."""

    blows: list[Blow] = field(default_factory=list)
    acknowledged: int = 0
    api_calls: int = 0
    comebacks: int = 0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"  {blow.at:6.1f} s  {blow.what}" for blow in self.blows]
        lines.append(
            f"  {self.acknowledged} messages acknowledged in widgets, {self.api_calls} API calls answered, "
            f"{self.comebacks} lost connections, {len(self.problems)} problems"
        )
        return "\n".join(lines + [f"  PROBLEM {problem}" for problem in self.problems])


class Soak:
    """A run against one Omni. What was in its database before is not looked at."""

    def __init__(self, omni: Omni, seed: int) -> None:
        self._omni = omni
        self._random = random.Random(seed)
        self._visitors: list[Visitor] = []
        self._calls: list[Said] = []
        self._over = asyncio.Event()
        self._began, self._began_at = time.monotonic(), datetime.now(UTC)
        self.report = Report()

    async def run(self, acts: Sequence[Act], visitors: int, callers: int) -> Report:
        """Talk while blows and pauses follow one another; then wait for calm and check."""
        await asyncio.to_thread(self._omni.query, _HEAR_EVERYBODY)
        self._began, self._began_at = time.monotonic(), datetime.now(UTC)
        self._visitors = [Visitor(number) for number in range(visitors)]
        talkers = [asyncio.create_task(self._visit(visitor)) for visitor in self._visitors]
        talkers += [asyncio.create_task(self._call(number)) for number in range(callers)]
        for act in acts:
            if what := await act():
                self.report.blows.append(Blow(time.monotonic() - self._began, what))
        self._over.set()
        await asyncio.gather(*talkers)
        await asyncio.to_thread(self._wait_for_calm)
        await asyncio.gather(*[self._catch_up(visitor) for visitor in self._visitors])
        await asyncio.to_thread(self._check)
        return self.report

    # Between the blows.

    def pause(self, seconds: float) -> Act:
        """So many seconds of talk."""

        async def wait() -> str:
            await asyncio.sleep(seconds)
            return ""

        return wait

    def hear(self, count: int) -> Act:
        """As long as it takes until `count` more messages of visitors are acknowledged and one more call is answered."""

        async def wait() -> str:
            heard, called = self._acknowledged(), len(self._calls)
            await until(lambda: self._acknowledged() >= heard + count and len(self._calls) > called, START_SECONDS, STEP_SECONDS)
            return ""

        return wait

    def _acknowledged(self) -> int:
        return sum(said.seq is not None for visitor in self._visitors for said in visitor.said)

    # The people.

    async def _visit(self, visitor: Visitor) -> None:
        while not self._over.is_set() or any(said.seq is None for said in visitor.said):
            try:
                async with self._open(visitor) as socket:
                    await self._talk(visitor, socket)
            except (OSError, WebSocketException, TimeoutError):
                visitor.comebacks += 1
                await asyncio.sleep(0.3)

    def _open(self, visitor: Visitor) -> Any:
        url = f"ws://127.0.0.1:{self._omni.port}/chat/ws?business={self._omni.demo['widget_key']}"
        return connect(url, open_timeout=10, ping_interval=None, close_timeout=1, proxy=None)

    async def _hello(self, visitor: Visitor, socket: ClientConnection) -> None:
        await _send(socket, t="hello", session=visitor.session, seen=visitor.seen, page={}, lang="en")
        welcome = await self._hear(visitor, socket, "welcome")
        visitor.session = welcome["session"]

    async def _talk(self, visitor: Visitor, socket: ClientConnection) -> None:
        await self._hello(visitor, socket)
        while True:
            waiting = [said for said in visitor.said if said.seq is None]
            if not waiting:
                if self._over.is_set():
                    return
                text = f"{self._random.choice(ASK)} ({visitor.number}.{len(visitor.said)})"
                waiting = [Said(str(uuid4()), text)]
                visitor.said += waiting
            for said in waiting:
                await _send(socket, t="say", id=said.client_id, text=said.text)
                ack = await self._hear(visitor, socket, "ack", said.client_id)
                said.seq = ack["seq"]
                # The tab that said it gets no copy of it.
                visitor.take(ack["seq"], None)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._random.uniform(0.2, 2.0)):
                    while True:
                        await self._hear(visitor, socket, "message")

    async def _hear(self, visitor: Visitor, socket: ClientConnection, kind: str, frame_id: str | None = None) -> dict[str, Any]:
        async with asyncio.timeout(20):
            while True:
                frame = json.loads(await socket.recv())
                news = frame["messages"] if frame["t"] == "welcome" else [frame["message"]] if frame["t"] == "message" else []
                for message in news:
                    visitor.take(message["seq"], message["id"])
                if frame["t"] == "error" and frame["code"] != "unavailable":
                    self.report.problems.append(f"visitor {visitor.number} was refused: {frame}")
                if frame["t"] == "error":
                    # The widget waits and sends again over the same or a new socket.
                    raise TimeoutError
                if frame["t"] == kind and (frame_id is None or frame["id"] == frame_id):
                    return dict(frame)

    async def _catch_up(self, visitor: Visitor) -> None:
        async with self._open(visitor) as socket:
            await self._hello(visitor, socket)

    async def _call(self, number: int) -> None:
        headers = {"Authorization": f"Bearer {self._omni.demo['api_key']}"}
        address = f"http://127.0.0.1:{self._omni.port}/api/agent/process"
        count = 0
        async with httpx.AsyncClient(headers=headers, timeout=20, trust_env=False) as client:
            while not self._over.is_set():
                said = Said(str(uuid4()), f"{self._random.choice(ASK)} (api {number}.{count})")
                # A customer of their own every few messages: a window has 50 a day.
                person = {"email": f"soak-{number}-{count // 20}@example.com"}
                body = {"channel": "email", "customer": person, "text": said.text}
                said.reply_id = await self._until_answered(client, address, body, said.client_id)
                again = await self._until_answered(client, address, body, said.client_id)
                if again != said.reply_id:
                    self.report.problems.append(f"one key, two answers: {said.reply_id} and {again}")
                self._calls.append(said)
                count += 1

    async def _until_answered(self, client: httpx.AsyncClient, address: str, body: dict[str, Any], key: str) -> str | None:
        while True:
            try:
                answer = await client.post(address, json=body, headers={"Idempotency-Key": key})
            except httpx.HTTPError:
                await asyncio.sleep(0.3)
                continue
            if answer.status_code == 200:
                reply = answer.json()["data"]["reply"]
                return reply["id"] if reply else None
            if answer.status_code not in (409, 500, 502, 503):
                self.report.problems.append(f"the API said {answer.status_code}: {answer.text[:200]}")
                return None
            if answer.status_code == 500:
                self.report.problems.append(f"the API broke: {answer.text[:200]}")
            await asyncio.sleep(0.5)

    # What must hold afterwards.

    def _wait_for_calm(self) -> None:
        self._omni.wait_until_healthy()
        wait_until(lambda: self._omni.query(_OPEN)[0].open == 0, CALM_SECONDS, STEP_SECONDS)

    def _check(self) -> None:
        report, problems = self.report, self.report.problems
        stored = {row.client_id: row for row in self._omni.query(_STORED, self._began_at)}
        sent = {said.client_id: said for visitor in self._visitors for said in visitor.said}
        report.acknowledged = self._acknowledged()
        report.api_calls, report.comebacks = len(self._calls), sum(visitor.comebacks for visitor in self._visitors)
        for said in sent.values():
            row = stored.get(said.client_id)
            if said.seq is not None and (row is None or row.text != said.text or row.seq != said.seq):
                problems.append(f"acknowledged and lost: {said}")
        strangers = [name for name in stored if _is_uuid(name) and name not in sent]
        problems += [f"nobody said {name}" for name in strangers]
        texts = [row.text for row in stored.values() if row.text.endswith(")")]
        problems += [f"stored twice: {text}" for text in {text for text in texts if texts.count(text) > 1}]
        problems += [f"answered twice: {row.text}" for row in self._omni.query(_ANSWERED_TWICE)]
        problems += [f"the widget heard two messages under number {number}" for v in self._visitors for number in v.doubled]
        threads = {row.session_text: row.seqs for row in self._omni.query(_THREADS, self._began_at)}
        for visitor in self._visitors:
            first = visitor.said[0].text if visitor.said else None
            if first and sorted(visitor.heard) != threads.get(first):
                problems.append(f"visitor {visitor.number} heard {sorted(visitor.heard)}, stored {threads.get(first)}")
        problems += [f"the ledger and the budget differ: {row}" for row in self._omni.query(_BOOKS) if row.spent != row.booked]
        problems += [f"a job died: {row.name}: {row.error}" for row in self._omni.query(_DEAD)]


def slow_model(omni: Omni) -> OpenAIStub:
    """Give an Omni that is not started yet a language model which takes a second for each answer, so that deaths fall into it."""
    stub = start_openai_stub()
    stub.behave(seconds=1.0)
    omni.settings |= {"OPENAI_API_KEY": "sk-soak", "OPENAI_BASE_URL": stub.base_url, "MODEL_TIMEOUT_SECONDS": "20"}
    return stub


async def _send(socket: ClientConnection, **frame: Any) -> None:
    await socket.send(json.dumps(frame))


def _is_uuid(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True


# People here write more, and faster, than the limits of a business let one customer.
_HEAR_EVERYBODY = """
    update businesses set daily_messages = 10000, plan = 'scale', limits = limits ||
    '{"new_daily_messages": 10000, "visitor_messages_per_hour": 100000, "abuse": {"is_on": false}}'
"""
_STORED = "select client_id, text, seq from messages where role = 'customer' and client_id is not null and created_at >= %s"
_OPEN = "select count(*) as open from conversations where speaker = 'ai' and last_customer_seq > answered_seq"
_ANSWERED_TWICE = """
    select min(a.text) as text from messages a where a.role = 'assistant' and a.answers_seq is not null
    group by a.conversation_id, a.answers_seq having count(*) > 1
"""
_THREADS = """
    select (array_agg(m.text order by m.seq))[1] as session_text, array_agg(m.seq order by m.seq) as seqs
    from messages m join conversations c on c.id = m.conversation_id
    where c.channel = 'chat' and c.created_at >= %s group by m.conversation_id
"""
_BOOKS = """
    select b.spent_nusd as spent, coalesce(sum(l.cost_nusd), 0) as booked from budgets b
    left join ledger_entries l on l.business_id = b.business_id and l.created_at >= b.period_start group by b.business_id,
      b.period_start, b.spent_nusd
"""
_DEAD = "select name, error from outbox where dead_at is not null"


def main() -> int:
    parser = argparse.ArgumentParser(description="Load with random deaths, for some minutes, on a fresh Omni of its own.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--paid", action="store_true", help="answers are streamed by a language model (a local stand-in)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="omni-soak-") as folder:
        omni = Omni.at(Path(folder) / "home", API_CALLS_PER_HOUR="1000000")
        stub = slow_model(omni) if options.paid else None
        omni.start()
        print(f"seed {options.seed}, {options.minutes:g} minutes", flush=True)
        try:
            report = asyncio.run(_long(omni, options.seed, options.minutes * 60))
        finally:
            omni.end()
            if stub is not None:
                stub.close()
    print(report)
    return 1 if report.problems else 0


async def _long(omni: Omni, seed: int, seconds: float) -> Report:
    soak = Soak(omni, seed)
    chance = random.Random(seed)
    acts: list[Act] = []
    total = 0.0
    while total < seconds:
        pause = chance.uniform(2, 12)
        # A frozen server takes ten seconds more, a killed one some to come back.
        total += pause + 5
        name = chance.choice(("worker", "web", "redis", "postgres", "scheduler"))
        is_frozen = name in ("redis", "postgres") and chance.random() < 0.5
        acts += [soak.pause(pause), freeze(omni, name, 10) if is_frozen else kill(omni, name)]
    return await soak.run([*acts, soak.pause(2)], visitors=12, callers=3)


if __name__ == "__main__":
    sys.exit(main())
