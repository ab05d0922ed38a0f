"""Which children run, kept in a file, so that the next start can end what a killed supervisor left behind.

The parent-death signal (Linux) ends children first; this is the second line and the only one on other systems. A reused process
id is never touched: a record counts only together with the boot, the process namespace and the start time it was written in.
"""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

PROC = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One child: `started` is what `start_time` said, `stop_signal` the polite way to end it."""

    name: str
    pid: int
    started: float
    stop_signal: int


def start_time(pid: int) -> float | None:
    """When the process started, as a number that only compares within one boot; None when it is gone or a zombie."""
    if (PROC / "self" / "stat").exists():
        fields = _stat(pid)
        return None if fields is None or fields[0] in "ZX" else float(fields[19])
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/<pid>/stat from the third on (state, parent, group, session, …); the name may hold spaces."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def session_members(session: int, not_before: float) -> Iterator[int]:
    """Living processes of a session whose leader we started: grandchildren outlive a killed child."""
    for pid in psutil.pids():
        try:
            if pid == session or os.getsid(pid) != session:
                continue
        except OSError:
            continue
        started = start_time(pid)
        if started is not None and started >= not_before:
            yield pid


def _boot() -> str:
    """Names this run of the machine and this process namespace: ids from another one mean nothing here."""
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text().strip() + str((PROC / "self/ns/pid").readlink())
    except OSError:
        return str(int(psutil.boot_time()))


class Ledger:
    """The file of running children, rewritten at each change by one supervisor (which holds the lock on OMNI_HOME)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._records: dict[int, Record] = {}

    def note(self, name: str, pid: int, stop_signal: int) -> None:
        """Remember a child that was just started."""
        started = start_time(pid)
        if started is not None:
            self._records[pid] = Record(name=name, pid=pid, started=started, stop_signal=stop_signal)
            self._write()

    def forget(self, pid: int) -> None:
        """The child and its session are gone."""
        if self._records.pop(pid, None) is not None:
            self._write()

    def _write(self) -> None:
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps({"boot": _boot(), "children": [asdict(record) for record in self._records.values()]}))
        new.replace(self._path)

    def end_leftovers(self, patience: float = 10.0, say: Callable[[str], None] = print) -> None:
        """End the children an earlier supervisor left: politely, after `patience` seconds with SIGKILL; then their sessions."""
        left = [record for record in self._read() if start_time(record.pid) == record.started]
        for record in left:
            say(f"Ending {record.name} (process {record.pid}), left over from an earlier run")
            _send(record.pid, record.stop_signal)
        _wait(patience, lambda: not any(start_time(record.pid) == record.started for record in left))
        doomed = [record.pid for record in left if start_time(record.pid) == record.started]
        doomed += [pid for record in self._read() for pid in session_members(record.pid, record.started)]
        for pid in doomed:
            _send(pid, signal.SIGKILL)
        _wait(10.0, lambda: not any(start_time(pid) for pid in doomed))
        self._path.unlink(missing_ok=True)

    def _read(self) -> list[Record]:
        try:
            found = json.loads(self._path.read_text())
            records = [Record(**record) for record in found["children"]] if found["boot"] == _boot() else []
        except (OSError, ValueError, TypeError, KeyError):
            return []
        # A leader's id that now belongs to another process cannot have left a session: the kernel keeps the number until then.
        return [record for record in records if start_time(record.pid) in (None, record.started)]


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _wait(patience: float, is_done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + patience
    while not is_done() and time.monotonic() < deadline:
        time.sleep(0.02)
