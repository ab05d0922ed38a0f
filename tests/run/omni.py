"""One Omni under a real supervisor, in a folder of its own: start it, ask it over HTTP, kill parts of it."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
from psycopg.rows import namedtuple_row

from embedded.home import hand_over
from embedded.leftovers import start_time
from omni_app.settings import ROOT
from tests.harness.processes import get_status
from tests.harness.services import RUN_VARIABLE, free_port, link_models
from tests.harness.waiting import wait_until

SUPERVISOR = (sys.executable, "-m", "embedded.supervisor")
# How long the slowest machine may take (with `make`, which may find pages to build), not how long it should.
START_SECONDS = 600.0
STOP_SECONDS = 60.0
# Between two looks that are work for a process of Omni.
LOOK_SECONDS = 0.1
# What belongs to the test run itself, or to the make that runs it.
_STRIPPED = {
    *("DATABASE_URL", "OMNI_DATABASE_SYSTEM_URL", "OMNI_DATABASE_OWNER_URL", "REDIS_URL", "REFLEX_REDIS_URL", "OMNI_NAMESPACE"),
    *("OMNI_MASTER_KEY", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", RUN_VARIABLE),
}


@dataclass
class Omni:
    """`pids` are the children of the last look, by name; `family` everything below the supervisor then."""

    home: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    family: set[int] = field(default_factory=set)
    settings: dict[str, str] = field(default_factory=dict)
    """Environment variables of this installation."""
    _url: str = ""
    _database: psycopg.Connection[Any] | None = None

    @classmethod
    def at(cls, home: Path, **settings: str) -> "Omni":
        """One that is not started yet, in an empty folder, with the model file of this checkout."""
        hand_over(home, None)
        link_models(home)
        return cls(home=home, port=free_port(), settings=settings)

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in _STRIPPED}
        return {**kept, "OMNI_HOME": str(self.home), "PORT": str(self.port), **self.settings, **more}

    @property
    def output(self) -> str:
        return self.home.with_suffix(".out").read_text()

    def launch(self, command: Sequence[str] = SUPERVISOR) -> None:
        """Start it and wait for nothing."""
        with self.home.with_suffix(".out").open("wb") as out:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def start(self, command: Sequence[str] = SUPERVISOR) -> None:
        """Start it and wait until it says it is ready. Raises AssertionError with its words when it gives up."""
        self.launch(command)
        process = self.process
        assert process is not None
        wait_until(lambda: "Omni is ready" in self.output or process.poll() is not None, START_SECONDS)
        assert process.poll() is None, self.output
        self.look()

    def ensure_started(self) -> None:
        if self.process is None or self.process.poll() is not None:
            self.start()

    def attempt(self, **more: str) -> tuple[int, str]:
        """Run another supervisor that is expected to give up; its exit code and words."""
        done = subprocess.run(
            SUPERVISOR,
            cwd=ROOT,
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
        )
        return done.returncode, done.stdout + done.stderr

    def pids(self) -> dict[str, int]:
        """The running children by name."""
        content = json.loads((self.home / "children.json").read_text())
        return {child["name"]: child["pid"] for child in content["children"]}

    def living(self) -> set[str]:
        """The names of those that live: a killed supervisor leaves its list behind."""
        with contextlib.suppress(FileNotFoundError):
            return {name for name, pid in self.pids().items() if start_time(pid) is not None}
        return set()

    def supervisor_pid(self) -> int:
        return int((self.home / "supervisor.lock").read_text())

    def look(self) -> None:
        """Remember the supervisor and everything below it, to see later that all of it is gone."""
        supervisor = psutil.Process(self.supervisor_pid())
        self.family = {supervisor.pid, *(child.pid for child in supervisor.children(recursive=True))}

    def survivors(self) -> set[int]:
        return {pid for pid in self.family if start_time(pid) is not None}

    def is_healthy(self) -> bool:
        return get_status(self.port, "/health") == 200

    def wait_until_healthy(self) -> None:
        wait_until(self.is_healthy, START_SECONDS, LOOK_SECONDS)

    async def until_other(self, name: str, pid: int) -> None:
        """Wait until another process than `pid` is the part `name`."""
        await asyncio.to_thread(wait_until, lambda: self.pids().get(name, pid) != pid, START_SECONDS)

    def variables(self) -> dict[str, str]:
        """The environment of its web process."""
        return dict(psutil.Process(self.pids()["web"]).environ())

    def query(self, statement: str, *values: Any) -> list[Any]:
        """Rows as its system role sees them. Not while PostgreSQL hangs."""
        try:
            return self._query(statement, values)
        except psycopg.OperationalError:
            # The server of the connection was killed; the next one is another's.
            return self._query(statement, values)

    def _query(self, statement: str, values: tuple[Any, ...]) -> list[Any]:
        # Where it is stays the same for this folder, also while the web process is away.
        self._url = self._url or self.variables()["OMNI_DATABASE_SYSTEM_URL"].replace("postgresql+psycopg", "postgresql")
        if self._database is None or self._database.closed:
            self._database = psycopg.connect(self._url, autocommit=True, row_factory=namedtuple_row)
        cursor = self._database.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []

    @property
    def demo(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.home / "demo.json").read_text())
        return content

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """One call with the demo API key."""
        headers = {"Authorization": f"Bearer {self.demo['api_key']}"}
        return httpx.request(
            method, f"http://127.0.0.1:{self.port}{path}", json=body, headers=headers, timeout=60, trust_env=False, verify=False
        )

    def teach(self, question: str) -> str:
        """Teach an FAQ; its id, once the server has acknowledged it."""
        answer = self.request("POST", "/api/faq", {"question": question, "answer": "Kept.", "phrasings": []})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["data"]["id"])

    def known_faqs(self) -> set[str]:
        """The ids of all FAQs."""
        found: set[str] = set()
        page = 1
        while True:
            answer = self.request("GET", f"/api/faq?page={page}&limit=100")
            assert answer.status_code == 200, answer.text
            rows = answer.json()["data"]
            found |= {row["id"] for row in rows}
            if len(rows) < 100:
                return found
            page += 1

    def end(self) -> None:
        """Whatever the tests left: stop it, then for good."""
        if self._database is not None:
            self._database.close()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
