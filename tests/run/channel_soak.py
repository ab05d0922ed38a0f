"""Messages of many customers through a whole line, while providers fail and parts of Omni are killed.

A simulated WhatsApp sends every message as a signed webhook, some twice, some late, some out of order; it refuses some sends,
takes some without saying so, and breaks off before others. When quiet has come, each answer of Omni stands in the provider's list
exactly once, in the order of its conversation. `python -m tests.run.channel_soak --messages 1000` runs it long.
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

from omni_app.settings import ROOT
from tests.harness.waiting import wait_until
from tests.run.blows import Act, kill
from tests.run.omni import Omni
from tests.run.provider import Simulator

# Long enough for the slowest machine; claims of dead processes end one after the other, each after twenty seconds.
CALM_SECONDS = 400.0
# Between two looks at the database.
STEP_SECONDS = 0.25
ASK = (
    "What does a check-up cost?",
    "Do you have parking?",
    "How do I cancel my appointment?",
    "When are you open on Saturday?",
    "Do you take my insurance?",
)
# (kind, share of the requests it hits, more)
FAULTS: tuple[tuple[str, float, Mapping[str, Any]], ...] = (
    ("rate_limited", 0.03, {"retry_after": 1}),
    ("server_error", 0.03, {}),
    ("timeout_after_accept", 0.03, {}),
    ("timeout_before_accept", 0.02, {}),
    ("duplicate", 0.08, {}),
    ("disorder", 0.08, {"seconds": 1.5}),
)
SETTINGS = {"UNKNOWN_AFTER_SECONDS": "4", "SEND_TIMEOUT_SECONDS": "3"}


@dataclass
class Report:
    """What was sent and what was wrong. `tries` counts the deliveries by the tries they took, `faults` what the provider did."""

    blows: list[str] = field(default_factory=list)
    said: int = 0
    answers: int = 0
    accepted: int = 0
    seconds: float = 0.0
    decided: Counter[str] = field(default_factory=Counter)
    tries: Counter[int] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"  {blow}" for blow in self.blows]
        lines.append(
            f"  {self.said} messages of customers, {self.answers} answers, {self.accepted} sends accepted by the provider, "
            f"{self.seconds:.0f} s; staff decided {dict(self.decided)}; tries {dict(sorted(self.tries.items()))}; "
            f"{len(self.problems)} problems"
        )
        return "\n".join(lines + [f"  PROBLEM {problem}" for problem in self.problems[:40]])


class ChannelSoak:
    """A run against one Omni and one simulator. Messages of other channels may come and go meanwhile."""

    def __init__(self, omni: Omni, simulator: Simulator, seed: int, customers: int) -> None:
        self._omni = omni
        self._simulator = simulator
        self._random = random.Random(seed)
        self._customers = customers
        self._account = ""
        self._said: dict[str, str] = {}
        self.report = Report()

    @asynccontextmanager
    async def opened(self, often: float = 1.0) -> AsyncIterator[None]:
        """An account is connected, its provider fails (`often` times as much as `FAULTS` says) and staff decide.

        At the end it waits for calm and checks: see `report`.
        """
        self._omni.query(_HEAR_EVERYBODY)
        account = self._simulator.call("POST", "/accounts", {"provider": "whatsapp", "options": {"delay_ms": 50, "parallel": 8}})
        self._account = str(account["id"])
        began = time.monotonic()
        with self._staff(account) as url:
            self._simulator.call("PATCH", f"/accounts/{self._account}", {"webhook_url": url})
            for kind, share, more in FAULTS:
                fault = {"kind": kind, "share": share * often, "count": None, "account": self._account, **more}
                self._simulator.call("POST", "/faults", fault)
            yield
            await asyncio.to_thread(self._wait_for_calm)
        self.report.seconds = time.monotonic() - began
        self._check()

    def say(self, count: int) -> Act:
        """The customers in turn say so many things, without waiting for long."""

        async def talk() -> str:
            headers = {"authorization": f"Bearer {self._simulator.token}"}
            async with httpx.AsyncClient(
                base_url=f"{self._simulator.url}/control", headers=headers, trust_env=False, verify=False, timeout=60
            ) as client:
                for _ in range(count):
                    turn, customer = divmod(len(self._said), self._customers)
                    text = f"{self._random.choice(ASK)} (customer {customer}.{turn})"
                    body = {
                        "account": self._account,
                        "from": f"1902555{customer:04d}",
                        "name": f"Customer {customer}",
                        "type": "text",
                        "text": text,
                    }
                    answer = await client.post("/whatsapp/inbound", json=body)
                    answer.raise_for_status()
                    self._said[str(answer.json()["ids"][0])] = text
                    await asyncio.sleep(self._random.uniform(0.0, 0.08))
            return ""

        return talk

    @contextmanager
    def _staff(self, account: Mapping[str, Any]) -> Iterator[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.run.channel_staff"],
            cwd=ROOT,
            env=self._omni.variables(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(account) + "\n")
        process.stdin.flush()
        url = process.stdout.readline().strip()
        try:
            yield url
        finally:
            _, words = process.communicate()
            self.report.decided = Counter(line for line in words.splitlines() if line in ("arrived", "sent again"))
            if not url:
                raise RuntimeError(words[-4000:])

    # What must hold afterwards.

    def _wait_for_calm(self) -> None:
        self._omni.wait_until_healthy()
        try:
            wait_until(self._is_calm, CALM_SECONDS, STEP_SECONDS)
        except TimeoutError:
            self.report.problems += [f"never calm: {row}" for row in self._omni.query(_OPEN)]

    def _is_calm(self) -> bool:
        row = self._omni.query(_OPEN)[0]
        return row.stored == len(self._said) and not (row.unheard or row.unanswered or row.unsent)

    def _check(self) -> None:
        report, problems = self.report, self.report.problems
        report.said = len(self._said)
        stored = Counter(row.external_id for row in self._omni.query(_STORED))
        problems += [f"lost: {text}" for name, text in self._said.items() if name not in stored]
        problems += [f"stored {count} times: {self._said.get(name, name)}" for name, count in stored.items() if count > 1]
        sent = self._omni.query(_SENT)
        report.answers, report.tries = len(sent), Counter(row.attempts for row in sent)
        accepted = self._simulator.outbox(self._account)
        report.accepted = len(accepted)
        by_delivery = Counter(str(one["detail"].get("biz_opaque_callback_data")) for one in accepted)
        for row in sent:
            count = by_delivery.pop(str(row.id), 0)
            if count != 1:
                problems.append(f"accepted {count} times after {row.attempts} tries, {row.status}: {row.text[:60]!r}")
            if row.status not in ("sent", "delivered", "read"):
                problems.append(f"{row.status}: {row.error}")
        problems += [f"accepted, and no answer of ours: {name}" for name in by_delivery]
        problems += [f"answered twice: {row.text}" for row in self._omni.query(_ANSWERED_TWICE)]
        problems += [f"a job died: {row.name}: {row.error}" for row in self._omni.query(_DEAD)]
        problems += [f"the ledger and the budget differ: {row}" for row in self._omni.query(_BOOKS) if row.spent != row.booked]
        self._check_order(sent, accepted)

    def _check_order(self, sent: list[Any], accepted: list[dict[str, Any]]) -> None:
        """Those that no failure and no death came near arrived in the order of their conversation."""
        places = {str(one["detail"].get("biz_opaque_callback_data")): place for place, one in enumerate(accepted)}
        threads: defaultdict[Any, list[int]] = defaultdict(list)
        for row in sent:
            if not row.was_unknown and str(row.id) in places:
                threads[row.conversation_id].append(places[str(row.id)])
        for conversation_id, order in threads.items():
            if order != sorted(order):
                self.report.problems.append(f"out of order in {conversation_id}: {order}")


_HEAR_EVERYBODY = """
    update businesses set daily_messages = 10000, plan = 'scale', limits = limits ||
    '{"new_daily_messages": 10000, "visitor_messages_per_hour": 100000, "abuse": {"is_on": false}}'
"""
_CONVERSATIONS = "select c.id from conversations c join channel_connections k on k.id = c.connection_id where k.name = 'Soak'"
_OPEN = f"""
    select (select count(*) from channel_events where status = 'new') as unheard,
      (select count(*) from messages where role = 'customer' and conversation_id in ({_CONVERSATIONS})) as stored,
      (select count(*) from conversations where speaker = 'ai' and last_customer_seq > answered_seq) as unanswered,
      (select count(*) from deliveries where status in ('queued', 'sending', 'unknown')) as unsent,
      (select count(*) from outbox where dead_at is null) as jobs
"""
_STORED = f"select external_id from messages where role = 'customer' and conversation_id in ({_CONVERSATIONS})"
_SENT = f"""
    select d.id, d.conversation_id, d.status, d.attempts, d.text, d.error, exists (
      select from audit_entries a where a.subject_id = d.message_id and a.action = 'message.sent_again') as was_unknown
    from deliveries d join messages m on m.id = d.message_id where d.conversation_id in ({_CONVERSATIONS})
    order by d.conversation_id, d.seq, d.part
"""
_ANSWERED_TWICE = """
    select min(a.text) as text from messages a where a.role = 'assistant' and a.answers_seq is not null
    group by a.conversation_id, a.answers_seq having count(*) > 1
"""
_DEAD = "select name, error from outbox where dead_at is not null"
_BOOKS = """
    select b.spent_nusd as spent, coalesce(sum(l.cost_nusd), 0) as booked from budgets b
    left join ledger_entries l on l.business_id = b.business_id and l.created_at >= b.period_start group by b.business_id,
      b.period_start, b.spent_nusd
"""


@contextmanager
def omni_with_simulator(folder: Path) -> Iterator[tuple[Omni, Simulator]]:
    """A fresh Omni and a simulator beside it."""
    simulator = Simulator(home=folder / "provider")
    omni = Omni.at(folder / "home", API_CALLS_PER_HOUR="1000000", **SETTINGS, **simulator.settings)
    simulator.start(omni.port)
    try:
        omni.start()
        yield omni, simulator
    finally:
        omni.end()
        simulator.end()


def main() -> int:
    parser = argparse.ArgumentParser(description="Messages through a whole line with failures and deaths, on a fresh Omni.")
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument(
        "--customers", type=int, default=200, help="few of them write faster than answered: one answer for several"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="omni-soak-") as folder, omni_with_simulator(Path(folder)) as (omni, simulator):
        print(f"seed {options.seed}, {options.messages} messages", flush=True)
        soak = ChannelSoak(omni, simulator, options.seed, options.customers)
        asyncio.run(_long(omni, soak, options.messages, options.kills))
        report = soak.report
    print(report)
    return 1 if report.problems else 0


async def _long(omni: Omni, soak: ChannelSoak, messages: int, kills: int) -> None:
    """The blows fall after even shares of the messages."""
    marks = [round(number * messages / (kills + 1)) for number in range(kills + 2)]
    async with soak.opened():
        for number, (before, mark) in enumerate(pairwise(marks)):
            await soak.say(mark - before)()
            if number < kills:
                what = await kill(omni, "worker" if number % 2 == 0 else "web")()
                soak.report.blows.append(f"after {mark} messages: {what}")


if __name__ == "__main__":
    sys.exit(main())
