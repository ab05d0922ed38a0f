"""One child process: started as a session of its own, restarted with back-off when it ends, stopped politely, then for good."""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded.home import Account
from embedded.leftovers import Ledger

PR_SET_PDEATHSIG = 1
LONGEST_WAIT_SECONDS = 15.0
HEALTHY_AFTER_SECONDS = 60.0
# Loaded before any fork: between fork and exec nothing should be imported or opened.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent(number: int = signal.SIGTERM) -> None:
    """Ask the kernel to send us this signal when the thread that started us ends (Linux; elsewhere nothing happens)."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def back_off(failures: int) -> float:
    """Seconds to wait before the start after the n-th quick failure in a row (n ≥ 1): 0.2, 0.4, 0.8, … 15."""
    return float(min(0.2 * 2 ** (min(failures, 20) - 1), LONGEST_WAIT_SECONDS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run: the command, its environment (None: ours), its log file, and as whom."""

    name: str
    command: Sequence[str]
    log: Path
    cwd: Path
    environment: Mapping[str, str] | None = None
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    parent_death_signal: signal.Signals = signal.SIGTERM

    def popen_options(self) -> dict[str, Any]:
        """Options for `subprocess.Popen` and asyncio's twin. Must be started from the main thread: see `die_with_parent`.

        Its own session: else Ctrl-C in a terminal reaches the database at the same moment as the web process.
        """
        parent = os.getpid()

        def settle_in() -> None:
            # After the change of user, which would clear it.
            die_with_parent(self.parent_death_signal)
            if os.getppid() != parent:
                os._exit(1)

        options: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "cwd": self.cwd,
            "env": None if self.environment is None else dict(self.environment),
            "start_new_session": True,
            "preexec_fn": settle_in,
        }
        if self.account is not None:
            options |= {"user": self.account.uid, "group": self.account.gid, "extra_groups": [], "cwd": "/"}
        return options

    def popen(self) -> subprocess.Popen[bytes]:
        """Start it and leave the watching to the caller."""
        with self.log.open("ab") as log:
            return subprocess.Popen(self.command, stdout=log, stderr=log, **self.popen_options())


class Child:
    """A running `Program` under watch."""

    def __init__(self, program: Program, ledger: Ledger, say: Callable[[str], None]) -> None:
        self.program = program
        self._ledger = ledger
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._starting = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Start it once; does nothing after `stop`."""
        async with self._starting:
            if self._stopping.is_set():
                return
            with self.program.log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *self.program.command, stdout=log, stderr=log, **self.program.popen_options()
                )
            self._ledger.note(self.program.name, self._process.pid, self.program.stop_signal)

    async def start_and_keep(self) -> None:
        """Start it and start it again whenever it ends, until `stop`."""
        await self.start()
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.program.name}")

    async def wait(self) -> int:
        """Wait for its end and return the exit code (negative: the signal that ended it)."""
        process = self._process
        if process is None:
            return 0
        code = await process.wait()
        self._clear(process)
        return code

    def _clear(self, process: asyncio.subprocess.Process) -> None:
        """Grandchildren may outlive it: end the whole group before anything takes its place. Once only: ids are reused."""
        if self._process is not process:
            return
        self._process = None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        self._ledger.forget(process.pid)

    async def _keep(self) -> None:
        failures, started = 0, time.monotonic()
        while True:
            code = await self.wait()
            if self._stopping.is_set():
                return
            failures = 1 if time.monotonic() - started > HEALTHY_AFTER_SECONDS else failures + 1
            pause = back_off(failures)
            self._say(f"{self.program.name} ended (code {code}), starting again in {pause:g} s; see {self.program.log}")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            if self._stopping.is_set():
                return
            started = time.monotonic()
            await self.start()

    async def stop(self, patience: float) -> None:
        """Send the stop signal, wait `patience` seconds, then end the whole group with SIGKILL. May be called twice."""
        self._stopping.set()
        async with self._starting:
            process = self._process
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(self.program.stop_signal)
            try:
                await asyncio.wait_for(process.wait(), patience)
            except TimeoutError:
                self._say(f"{self.program.name} did not stop within {patience:g} s and is ended")
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
            self._clear(process)
        if self._keeper is not None:
            await self._keeper
