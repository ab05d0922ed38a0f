"""Web, worker and scheduler as real processes on one test worker's database."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from typing import Any

from embedded.children import Program
from omni_app.settings import ROOT
from tests.harness.services import Services

MODULES = {"web": "omni_app.serve", "worker": "workers.main", "scheduler": "workers.schedule"}


class Processes:
    """Started when first asked for, kept for the tests that follow, stopped when a test needs the database for itself."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def running(self) -> set[str]:
        return set(self._running)

    def ensure(self, name: str) -> None:
        """Start `web`, `worker` or `scheduler` unless it runs. Web is ready when /health answers 200."""
        process = self._running.get(name)
        if process is None or process.poll() is not None:
            self._running[name] = self._program(name).popen()
            if name == "web":
                self._until_healthy()

    def _program(self, name: str) -> Program:
        return Program(
            name=name,
            command=[sys.executable, "-m", MODULES[name]],
            log=self._services.home / f"{name}.log",
            cwd=ROOT,
            environment=self._services.child_environment(OMNI_DATABASE_OWNER_URL=""),
            parent_death_signal=signal.SIGKILL,
        )

    def _until_healthy(self, patience: float = 120.0) -> None:
        deadline = time.monotonic() + patience
        while get_status(self._services.port, "/health") != 200:
            if self._running["web"].poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the web process is not healthy:\n{self.log('web')}")
            time.sleep(0.05)

    def log(self, name: str) -> str:
        """The last 8,000 characters of one process's log."""
        path = self._services.home / f"{name}.log"
        return path.read_text(errors="replace")[-8000:] if path.exists() else ""

    def prepare(self) -> dict[str, Any]:
        """Seed the demo business (`python -m omni_app.demo.prepare`) into an empty database; what it wrote to demo.json."""
        demo_file = self._services.home / "demo.json"
        demo_file.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "omni_app.demo.prepare"],
            check=False,
            cwd=ROOT,
            env=self._services.child_environment(),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0:
            raise RuntimeError(f"the demo business could not be made:\n{done.stdout}{done.stderr}")
        demo: dict[str, Any] = json.loads(demo_file.read_text())
        return demo

    def stop(self, keep: Collection[str] = ()) -> None:
        """End all of them but those to keep, with everything they started."""
        ending = [self._running.pop(name) for name in list(self._running) if name not in keep]
        for process in ending:
            process.terminate()
        for process in ending:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(6)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def get_status(port: int, path: str) -> int:
    """The status of one GET on this machine, 0 when nothing answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
