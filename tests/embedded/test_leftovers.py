"""What a killed supervisor left behind is ended, and nothing else."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from embedded.leftovers import Ledger, start_time

SLEEPER = "import sys, time; print('up', flush=True); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"
WITH_GRANDCHILD = (
    "import subprocess, sys, time;"
    "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); print(p.pid, flush=True); time.sleep(600)"
)

Start = Callable[[str], tuple[subprocess.Popen[str], str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start Python code as a session of its own and wait for its first line."""
    started: list[subprocess.Popen[str]] = []

    def run(code: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True)
        started.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    yield run
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "children.json"


def said(lines: list[str]) -> Callable[[str], None]:
    return lines.append


def test_a_recorded_child_is_ended(start: Start, file: Path) -> None:
    process, _ = start(SLEEPER)
    Ledger(file).note("web", process.pid, signal.SIGTERM)
    lines: list[str] = []
    Ledger(file).end_leftovers(say=said(lines))
    assert process.wait(60) == -signal.SIGTERM
    assert lines == [f"Ending web (process {process.pid}), left over from an earlier run"]
    assert not file.exists()


def test_one_that_does_not_listen_is_killed(start: Start, file: Path) -> None:
    process, _ = start(STUBBORN)
    Ledger(file).note("web", process.pid, signal.SIGTERM)
    Ledger(file).end_leftovers(patience=0.2, say=said([]))
    assert process.wait(60) == -signal.SIGKILL


def test_a_grandchild_of_a_dead_child_is_ended(start: Start, file: Path) -> None:
    process, line = start(WITH_GRANDCHILD)
    grandchild = int(line)
    Ledger(file).note("web", process.pid, signal.SIGTERM)
    process.kill()
    process.wait()
    assert start_time(grandchild) is not None
    Ledger(file).end_leftovers(say=said([]))
    assert start_time(grandchild) is None


@pytest.mark.parametrize("field", ["started", "boot"])
def test_a_reused_process_id_is_not_touched(start: Start, file: Path, field: str) -> None:
    process, _ = start(SLEEPER)
    Ledger(file).note("web", process.pid, signal.SIGTERM)
    content = json.loads(file.read_text())
    if field == "boot":
        content["boot"] = "another boot"
    else:
        content["children"][0]["started"] -= 1
    file.write_text(json.dumps(content))
    Ledger(file).end_leftovers(say=said([]))
    assert process.poll() is None


def test_a_forgotten_child_is_not_touched(start: Start, file: Path) -> None:
    process, _ = start(SLEEPER)
    ledger = Ledger(file)
    ledger.note("web", process.pid, signal.SIGTERM)
    ledger.forget(process.pid)
    Ledger(file).end_leftovers(say=said([]))
    assert process.poll() is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"boot": 1}', '{"boot": "x", "children": [1]}'])
def test_a_broken_file_ends_nothing_and_stops_nothing(file: Path, content: str) -> None:
    file.write_text(content)
    Ledger(file).end_leftovers(say=said([]))
    assert not file.exists()
