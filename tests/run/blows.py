"""What is done to the parts of a running Omni while people use it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import psutil

from tests.run.omni import Omni

Act = Callable[[], Awaitable[str]]
"""Does something and says what it was; empty when it only waited."""


def kill(omni: Omni, name: str) -> Act:
    """kill -9; the supervisor brings it back."""

    async def blow() -> str:
        pid = omni.pids().get(name)
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return f"killed {name}"

    return blow


@asynccontextmanager
async def frozen(omni: Omni, name: str) -> AsyncIterator[None]:
    """A part that stands still with all below it while the block runs."""
    family: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess, KeyError):
        parent = psutil.Process(omni.pids()[name])
        family = [parent, *parent.children(recursive=True)]
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
    try:
        yield
    finally:
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.resume()


def freeze(omni: Omni, name: str, seconds: float) -> Act:
    """Stop it where it stands, and let it go on later."""

    async def blow() -> str:
        async with frozen(omni, name):
            await asyncio.sleep(seconds)
        return f"froze {name} for {seconds:g} s"

    return blow
