"""The provider simulator, which nothing in a run kills: what it accepted is the truth in the end."""

import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from omni_app.settings import ROOT
from tests.harness.processes import get_status
from tests.harness.services import free_port
from tests.harness.waiting import wait_until
from tests.run.omni import Omni

JSON = dict[str, Any]


@dataclass
class Simulator:
    """Started with `start`. `settings` are for the Omni that shall talk to it."""

    home: Path
    port: int = field(default_factory=free_port)
    smtp_port: int = field(default_factory=free_port)
    imap_port: int = field(default_factory=free_port)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    def of(cls, omni: Omni) -> "Simulator":
        """The one that a running Omni has started for itself."""
        known = omni.variables()
        return cls(
            home=omni.home,
            port=int(known["OMNI_SANDBOX_URL"].rpartition(":")[2]),
            smtp_port=int(known["OMNI_SANDBOX_SMTP_PORT"]),
            imap_port=int(known["OMNI_SANDBOX_IMAP_PORT"]),
            token=known["OMNI_SANDBOX_TOKEN"],
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, str]:
        """The Omni beside it starts none of its own and may call this one."""
        return {
            "OMNI_SANDBOX": "off",
            "OMNI_SANDBOX_URL": self.url,
            "OMNI_SANDBOX_SMTP_PORT": str(self.smtp_port),
            "OMNI_SANDBOX_IMAP_PORT": str(self.imap_port),
            "OMNI_SANDBOX_TOKEN": self.token,
            "OMNI_EGRESS_ALLOW": ",".join(f"127.0.0.1:{port}" for port in (self.port, self.smtp_port, self.imap_port)),
        }

    def start(self, omni_port: int) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, **self.settings, "OMNI_HOME": str(self.home), "PORT": str(omni_port)}
        with (self.home / "sandbox.out").open("wb") as out:
            command = [sys.executable, "-m", "embedded.sandbox"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        process = self.process
        wait_until(lambda: process.poll() is not None or get_status(self.port, "/") == 200, 120)
        if process.poll() is not None:
            raise RuntimeError((self.home / "sandbox.out").read_text()[-4000:])

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: str) -> JSON:
        """One call of the control API (docs/sandbox.md)."""
        headers = {"authorization": f"Bearer {self.token}"}
        answer = httpx.request(
            method,
            f"{self.url}/control{path}",
            json=body,
            params=query,
            headers=headers,
            timeout=60,
            trust_env=False,
            verify=False,
        )
        answer.raise_for_status()
        return dict(answer.json())

    def outbox(self, account: str = "") -> list[JSON]:
        """Everything Omni sent and the provider took, of one account or all, oldest first."""
        return list(self.call("GET", "/outbox", limit="50000", account=account)["messages"])

    def end(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)
