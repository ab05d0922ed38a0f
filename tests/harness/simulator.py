"""The provider simulator as a process of one test worker, and a small client for its control API (docs/sandbox.md).

`sandbox` gives it with nothing in it: `account = await sandbox.account("whatsapp", webhook_url)`, `await account.inbound(...)`,
`await account.outbox()`, `await account.fault("rate_limited")`. Without a webhook address what the provider would send is kept:
`await account.requests()` are the signed requests, for a test that hands them to an adapter.
"""

import base64
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from embedded.children import Program
from omni_app.settings import ROOT, load_settings
from tests.harness.processes import Processes, get_status
from tests.harness.services import Services, free_port
from tests.harness.waiting import until, wait_until

JSON = dict[str, Any]


class Refused(Exception):
    """The control API said no; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """One webhook as a provider sends it; `headers` have lower-case names."""

    url: str
    method: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True, kw_only=True)
class SandboxAccount:
    """An account at a simulated provider."""

    sandbox: "Sandbox"
    id: str
    provider: str
    credentials: JSON
    options: JSON = field(default_factory=dict)

    async def connect(self, webhook_url: str = "", **webhooks: str) -> None:
        """Set the webhook addresses: one for all, or by hook."""
        given: JSON = {"webhooks": webhooks} if webhooks else {"webhook_url": webhook_url}
        await self.sandbox.call("PATCH", f"/accounts/{self.id}", given)

    async def change(self, **options: Any) -> None:
        """Change options: statuses, delay_ms, reads, parallel, retry_seconds, window, raw, …"""
        await self.sandbox.call("PATCH", f"/accounts/{self.id}", {"options": options})

    async def inbound(self, sender: str = "", **given: Any) -> str:
        """A customer does something: the id of the (first) message, "" when it has none. Keys as in docs/sandbox.md.

        `sender` is their number, address or id: the key "from", which Python does not take as a name.
        """
        if sender:
            given["from"] = sender
        ids = (await self.sandbox.call("POST", f"/{self.provider}/inbound", {"account": self.id, **given}))["ids"]
        return str(ids[0]) if ids else ""

    async def outbox(self, address: str = "") -> list[JSON]:
        """What Omni sent by this account and the provider took, oldest first: one entry for each accepted call."""
        query = {"account": self.id, "address": address, "limit": "50000"}
        return list((await self.sandbox.call("GET", "/outbox", query=query))["messages"])

    async def messages(self, address: str = "") -> list[JSON]:
        """Both directions, oldest first."""
        query = {"account": self.id, "address": address, "limit": "50000"}
        return list((await self.sandbox.call("GET", "/messages", query=query))["messages"])

    async def sent(self, count: int = 1, seconds: float = 10.0) -> list[JSON]:
        """The outbox once it holds `count` messages. Raises TimeoutError."""

        async def enough() -> list[JSON]:
            found = await self.outbox()
            return found if len(found) >= count else []

        return await until(enough, seconds)

    async def fault(self, kind: str, count: int | None = 1, **given: Any) -> None:
        """The next `count` requests (None: all until cleared) of this account fail."""
        await self.sandbox.call("POST", "/faults", {"account": self.id, "kind": kind, "count": count, **given})

    async def status(self, message_id: str, state: str, **error: Any) -> None:
        """Report how far a sent message got, by hand: sent, delivered, read, failed (code=, text=), bounce, spamreport, …"""
        await self.sandbox.call("POST", "/statuses", {"account": self.id, "message": message_id, "state": state, **error})

    async def contact(self, address: str, **given: Any) -> None:
        """Change a customer: window="closed" | "open", details={"is_unreachable": True}, …"""
        await self.sandbox.call("POST", "/contacts", {"account": self.id, "address": address, **given})

    async def webhooks(self, state: str = "") -> list[JSON]:
        """The log of this account's webhooks with their tries, oldest first."""
        query = {"account": self.id, "state": state, "limit": "1000"}
        return list((await self.sandbox.call("GET", "/webhooks", query=query))["webhooks"])[::-1]

    async def requests(self) -> list[SignedRequest]:
        """Every webhook as a signed request, oldest first."""
        found = []
        for webhook in await self.webhooks():
            made = await self.sandbox.call("GET", f"/webhooks/{webhook['id']}")
            found.append(
                SignedRequest(
                    url=made["url"], method=made["method"], headers=made["headers"], body=base64.b64decode(made["body"])
                )
            )
        return found

    async def send_raw(self, body: bytes, **given: Any) -> None:
        """Any body to a webhook, signed like a real one (hook=, content_type=, malformed=)."""
        data = base64.b64encode(body).decode()
        await self.sandbox.call("POST", "/webhooks", {"account": self.id, "data": data, **given})


class Sandbox:
    """The simulator. Its addresses are those in the settings."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = token
        self._client = httpx2.AsyncClient(trust_env=False, timeout=10, headers={"authorization": f"Bearer {token}"})

    async def close(self) -> None:
        await self._client.aclose()

    async def call(self, method: str, path: str, body: JSON | None = None, query: dict[str, str] | None = None) -> JSON:
        """One call of the control API. Raises `Refused`."""
        answer = await self._client.request(method, f"{self.url}/control{path}", json=body, params=query)
        if answer.status_code >= 400:
            raise Refused(f"{answer.status_code}: {answer.text}")
        return dict(answer.json())

    async def account(self, provider: str, webhook_url: str = "", **given: Any) -> SandboxAccount:
        """Open an account. Statuses come by hand only and webhooks are tried again soon, unless `options` says otherwise."""
        options = {"statuses": "manual", "delay_ms": 5, "retry_seconds": 0.05, **given.pop("options", {})}
        made = await self.call(
            "POST", "/accounts", {"provider": provider, "webhook_url": webhook_url, "options": options, **given}
        )
        return SandboxAccount(
            sandbox=self, id=made["id"], provider=provider, credentials=made["credentials"], options=made["options"]
        )

    async def outbox(self, provider: str = "") -> list[JSON]:
        """What Omni sent by any account."""
        return list((await self.call("GET", "/outbox", query={"provider": provider, "limit": "50000"}))["messages"])

    async def upload(self, name: str, media_type: str, data: bytes) -> str:
        """Keep a file for `inbound(file={"id": …})`; its id."""
        answer = await self._client.post(
            f"{self.url}/control/media", params={"name": name}, content=data, headers={"content-type": media_type}
        )
        return str(answer.json()["id"])

    async def settled(self, seconds: float = 10.0) -> None:
        """Wait until no webhook is on its way and no status is due. Raises TimeoutError."""

        async def idle() -> bool:
            return bool((await self.call("GET", "/state"))["is_idle"])

        await until(idle, seconds)

    async def clear_faults(self) -> None:
        await self.call("DELETE", "/faults")

    async def reset(self) -> None:
        """Forget everything."""
        await self.call("POST", "/reset", {})


@pytest.fixture(scope="session")
def sandbox_process(services: Services, processes: Processes) -> Iterator[str]:
    """The running simulator: its address. Processes that started without it are stopped, so that they learn where it is.

    Its coverage counts whenever that of the tests is measured: nothing of it runs in their process.
    """
    http, smtp, imap = free_port(), free_port(), free_port()
    environment = {
        "OMNI_SANDBOX_URL": f"http://127.0.0.1:{http}",
        "OMNI_SANDBOX_SMTP_PORT": str(smtp),
        "OMNI_SANDBOX_IMAP_PORT": str(imap),
        "OMNI_SANDBOX_TOKEN": secrets.token_urlsafe(16),
        "OMNI_EGRESS_ALLOW": ",".join(f"127.0.0.1:{port}" for port in (http, smtp, imap)),
    }
    processes.stop()
    os.environ.update(environment)
    load_settings.cache_clear()
    program = Program(
        name="sandbox",
        command=[sys.executable, "-m", "tests.harness.measuring", "embedded.sandbox"],
        log=services.home / "sandbox.log",
        cwd=ROOT,
        environment=services.child_environment(),
        parent_death_signal=signal.SIGKILL,
    )
    process = program.popen()

    def is_up() -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"the simulator ended:\n{program.log.read_text()[-4000:]}")
        return get_status(http, "/") == 200

    wait_until(is_up, 30)
    yield environment["OMNI_SANDBOX_URL"]
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
async def sandbox_client(sandbox_process: str) -> AsyncIterator[Sandbox]:
    client = Sandbox(sandbox_process, os.environ["OMNI_SANDBOX_TOKEN"])
    yield client
    await client.close()


@pytest.fixture
async def sandbox(sandbox_client: Sandbox) -> AsyncIterator[Sandbox]:
    """The provider simulator with nothing in it."""
    await sandbox_client.reset()
    yield sandbox_client
    await sandbox_client.reset()
