"""`python -m bench.webhooks`: acknowledge and store a WhatsApp message, at 64 and 1,000 connections, against the floor.

Both are answered by the same process: `bench.webhook_floor` holds the product's routes and the floor's. Rounds alternate, so that
a slow moment of the machine hits both. The job worker stands still meanwhile: what it does with the events is another bench.
"""

import asyncio
import hashlib
import hmac
import json
import os
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from uuid import UUID, uuid4

from bench.running import Omni, free_port, running_omni, wait_for
from omni_app.settings import ROOT

CONNECTIONS = (64, 1000)
ROUNDS = 4
SECONDS = 4.0
WARM_UP_SECONDS = 1.5
PATIENCE_SECONDS = 20.0
SECRET = "bench-app-secret"

_CONNECT = """
import asyncio, json, sys
from uuid import UUID
from omni_app.channels.connections import create_connection, load_connection
from omni_app.infra.database import close_engines, open_db, open_engines, system_db
from omni_app.infra.scope import system_scope

async def main():
    open_engines()
    async with system_db("bench") as db:
        business_id = (await db.execute("select id from businesses limit 1")).scalar_one()
    async with open_db(system_scope(business_id)) as db:
        values = json.loads(sys.argv[1])
        connection_id = await create_connection(db, "whatsapp", "Bench", values)
        view = await load_connection(db, connection_id)
    print(json.dumps([str(business_id), str(connection_id), view.webhooks[0].url]))
    await close_engines()

asyncio.run(main())
"""


@dataclass(slots=True)
class Round:
    """Seconds each answer took, how long the round was, and what was not answered 200."""

    times: list[float] = field(default_factory=list)
    seconds: float = 0.0
    errors: int = 0

    @property
    def a_second(self) -> float:
        return len(self.times) / self.seconds

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def whatsapp_body(number: int) -> bytes:
    """One text message as Meta posts it; no two are the same event."""
    message = {
        "from": f"1902555{number % 10_000:04}",
        "id": f"wamid.{uuid4().hex}",
        "timestamp": "1795262400",
        "type": "text",
        "text": {"body": "What does a check-up cost?"},
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "19025550100", "phone_number_id": "100200300"},
        "contacts": [{"profile": {"name": "Ann"}, "wa_id": message["from"]}],
        "messages": [message],
    }
    entry = {"id": "900800", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def request_to(path: str, *, signed: bool) -> Callable[[int], bytes]:
    def build(number: int) -> bytes:
        body = whatsapp_body(number)
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest() if signed else ""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: omni.test\r\nContent-Type: application/json\r\n"
            f"X-Hub-Signature-256: sha256={signature}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    return build


async def load(port: int, connections: int, build: Callable[[int], bytes], seconds: float) -> Round:
    """Every connection sends its next request as soon as the last one is answered."""
    round_ = Round()
    streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(connections)]
    started = perf_counter()
    until = started + seconds

    async def one(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while perf_counter() < until:
            request = build(number)
            began = perf_counter()
            writer.write(request)
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    head = await reader.readuntil(b"\r\n\r\n")
                    lines = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
                    await reader.readexactly(int(lines[0][15:]) if lines else 0)
            except (TimeoutError, OSError, asyncio.IncompleteReadError):
                round_.errors += 1
                return
            round_.times.append(perf_counter() - began)
            if b" 200 " not in head[:16]:
                round_.errors += 1

    await asyncio.gather(*(one(number, *stream) for number, stream in enumerate(streams)))
    round_.seconds = perf_counter() - started
    for _, writer in streams:
        writer.close()
    return round_


def connect(omni: Omni) -> tuple[UUID, UUID, str]:
    """A WhatsApp connection of the demo business: its business, its id, and the path of its webhook."""
    values = {
        "phone_number_id": "100200300",
        "business_account_id": "900800",
        "access_token": "bench",
        "app_secret": SECRET,
        "verify_token": "bench-verify-token",
    }
    done = subprocess.run(
        [sys.executable, "-c", _CONNECT, json.dumps(values)],
        cwd=ROOT,
        env=dict(omni.environment),
        capture_output=True,
        text=True,
        check=True,
    )
    business_id, connection_id, url = json.loads(done.stdout.strip().splitlines()[-1])
    return UUID(business_id), UUID(connection_id), "/webhooks/" + url.partition("/webhooks/")[2]


@contextmanager
def standing_still(omni: Omni) -> Iterator[None]:
    """Worker and scheduler of this Omni stopped (SIGSTOP) for a while."""
    written = json.loads((Path(omni.environment["OMNI_HOME"]) / "children.json").read_text())
    pids = [record["pid"] for record in written["children"] if record["name"] in ("worker", "scheduler")]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def measure(port: int, floor: Callable[[int], bytes], real: Callable[[int], bytes]) -> None:
    print(f"{'connections':<13}{'':<8}{'a second':>10}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'errors':>8}")
    for connections in CONNECTIONS:
        await load(port, connections, floor, WARM_UP_SECONDS)
        await load(port, connections, real, WARM_UP_SECONDS)
        pairs = [
            (await load(port, connections, floor, SECONDS), await load(port, connections, real, SECONDS)) for _ in range(ROUNDS)
        ]
        for name, rounds in (("floor", [pair[0] for pair in pairs]), ("omni", [pair[1] for pair in pairs])):
            figures = [statistics.median(one.percentile(share) for one in rounds) for share in (0.5, 0.95, 0.99)]
            rate = statistics.median(one.a_second for one in rounds)
            errors = sum(one.errors for one in rounds)
            print(f"{connections:<13}{name:<8}{rate:>10.0f}" + "".join(f"{one:>9.1f}" for one in figures) + f"{errors:>8}")
        ratio = statistics.median(real.a_second / floor.a_second for floor, real in pairs)
        tail = statistics.median(real.percentile(0.99) / floor.percentile(0.99) for floor, real in pairs)
        print(f"{'':<13}ratio {ratio:.2f} (asked ≥ 0.7), p99 {tail:.2f} × the floor's (asked ≤ 2)", flush=True)


def main() -> None:
    with running_omni(WEBHOOKS_PER_MINUTE="1000000") as omni:
        business_id, connection_id, path = connect(omni)
        port = free_port()
        command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(port)]
        server = subprocess.Popen(
            [*command, "--log-level", "error", "--backpressure", "2000", "--backlog", "2048", "bench.webhook_floor:app"],
            cwd=ROOT,
            env={**omni.environment, "LOG_LEVEL": "WARNING", "WEBHOOKS_PER_MINUTE": "1000000"},
            stdin=subprocess.DEVNULL,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/live", server)
            floor = request_to(f"/webhooks/floor/{business_id}/{connection_id}", signed=False)
            with standing_still(omni):
                asyncio.run(measure(port, floor, request_to(path, signed=True)))
        finally:
            # It has a thousand open connections to wait for, and nothing to lose.
            server.kill()
            server.wait(10)


if __name__ == "__main__":
    main()
