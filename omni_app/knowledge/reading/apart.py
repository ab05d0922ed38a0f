"""Read a stranger's file in a process of its own, so that a trap in it ends that process and nothing else."""

import asyncio
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from omni_app.infra.log import get_logger
from omni_app.knowledge.cutting import Cut, Reading
from omni_app.knowledge.reading.blocks import Unreadable
from omni_app.knowledge.reading.bounds import CLOCK_SECONDS, SECONDS
from omni_app.settings import ROOT

log = get_logger(__name__)

# Two at a time: a pile of slow files must take neither all processors nor the threads others wait for.
_threads = ThreadPoolExecutor(2, thread_name_prefix="read")

TOO_LONG = f"Reading this file took longer than {SECONDS} seconds. Split it into smaller documents."
BROKEN = "This file cannot be read. Save it again, as PDF or plain text, then upload that."


async def read_apart(data: bytes, name: str = "") -> Reading:
    """Read and cut a file. Raises `Unreadable`; never blocks the event loop, and gives up after a minute of work."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _run, data, name)


def _run(data: bytes, name: str) -> Reading:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "omni_app.knowledge.reading", name[-100:].replace("\x00", "")],
            input=data,
            capture_output=True,
            cwd=ROOT,
            # Nothing of this process's environment: there are secrets in it.
            env={"PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"},
            timeout=CLOCK_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unreadable(TOO_LONG) from error
    if done.returncode != 0:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        log.warning("a document could not be read", code=done.returncode, error=last[0][:300] if last else "")
        # SIGXCPU: it used up its processor time before the clock's.
        raise Unreadable(TOO_LONG if done.returncode == -24 else BROKEN)
    answer = json.loads(done.stdout)
    if "problem" in answer:
        raise Unreadable(answer["problem"])
    passages = [Cut(heading=heading, start=start, end=end, page=page) for heading, start, end, page in answer["passages"]]
    return Reading(kind=answer["kind"], text=answer["text"], pages=answer["pages"], passages=passages)
