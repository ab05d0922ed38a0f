"""A child is kept running, and stopped for good."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from embedded.children import Child, Program, back_off
from embedded.leftovers import Ledger, start_time
from tests.harness.waiting import until

PATIENCE = 10.0


def program(tmp_path: Path, code: str) -> Program:
    return Program(name="child", command=[sys.executable, "-c", code], log=tmp_path / "child.log", cwd=tmp_path)


def make(tmp_path: Path, code: str) -> Child:
    return Child(program(tmp_path, code), Ledger(tmp_path / "children.json"), lambda text: None)


def lines(tmp_path: Path) -> list[str]:
    log = tmp_path / "child.log"
    return log.read_text().splitlines() if log.exists() else []


def test_the_pause_doubles_up_to_fifteen_seconds() -> None:
    assert [back_off(n) for n in (1, 2, 3, 4, 50)] == [0.2, 0.4, 0.8, 1.6, 15.0]


async def test_it_starts_again_when_killed(tmp_path: Path) -> None:
    child = make(tmp_path, "import os, time; print(os.getpid(), flush=True); time.sleep(600)")
    await child.start_and_keep()
    await until(lambda: len(lines(tmp_path)) == 1)
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until(lambda: len(lines(tmp_path)) == 2)
    assert child.pid != first
    await child.stop(PATIENCE)
    assert start_time(int(lines(tmp_path)[1])) is None


async def test_what_it_started_ends_with_it(tmp_path: Path) -> None:
    child = make(
        tmp_path,
        "import subprocess, sys, time;"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); print(p.pid, flush=True); time.sleep(600)",
    )
    await child.start()
    await until(lambda: len(lines(tmp_path)) == 1)
    await child.stop(PATIENCE)
    await until(lambda: start_time(int(lines(tmp_path)[0])) is None)


async def test_one_that_refuses_to_stop_is_killed(tmp_path: Path) -> None:
    child = make(
        tmp_path, "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    await child.start_and_keep()
    await until(lambda: len(lines(tmp_path)) == 1)
    pid = child.pid
    assert pid is not None
    await child.stop(0.1)
    assert start_time(pid) is None
    assert child.pid is None


async def test_it_is_not_started_again_after_stop(tmp_path: Path) -> None:
    child = make(tmp_path, "print('up', flush=True)")
    await child.start_and_keep()
    await until(lambda: len(lines(tmp_path)) >= 1)
    await child.stop(PATIENCE)
    before = len(lines(tmp_path))
    await child.start()
    assert child.pid is None
    assert len(lines(tmp_path)) == before


async def test_the_exit_code_comes_back(tmp_path: Path) -> None:
    child = make(tmp_path, "raise SystemExit(3)")
    await child.start()
    assert await child.wait() == 3
    await child.stop(PATIENCE)


async def test_it_dies_with_the_one_who_started_it(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from embedded.children import Program;"
        "p = Program(name='x', command=[sys.executable, '-c', 'import time; time.sleep(600)'],"
        f" log=Path({str(tmp_path / 'x.log')!r}), cwd=Path('/')).popen();"
        "print(p.pid, flush=True); sys.stdin.read()"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    parent.kill()
    await parent.communicate()
    await until(lambda: start_time(pid) is None)
