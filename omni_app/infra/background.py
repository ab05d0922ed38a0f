"""Small tasks beside the request: kept alive until done, failures logged, awaited at shutdown."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from omni_app.infra.log import get_logger

log = get_logger(__name__)
_tasks: set[asyncio.Task[Any]] = set()

# What a cancelled task takes for its rollback, and more.
CLEARING_SECONDS = 5.0


def start_task(work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
    """Run `work` on this loop without waiting for it. asyncio keeps weak references only, so the set holds it."""
    task = asyncio.get_running_loop().create_task(work, name=name)
    _tasks.add(task)
    task.add_done_callback(_finish)
    return task


def _finish(task: asyncio.Task[Any]) -> None:
    _tasks.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("background task failed", task=task.get_name(), exc_info=error)


async def finish_tasks(seconds: float) -> None:
    """Wait up to `seconds` for what still runs and for what that starts; cancel the rest, and let it clear up."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while _tasks and (left := until - loop.time()) > 0:
        await asyncio.wait(set(_tasks), timeout=left)
    late = set(_tasks)
    for task in late:
        task.cancel()
    if late:
        # A transaction of a cancelled task holds its locks until it is rolled back.
        await asyncio.wait(late, timeout=CLEARING_SECONDS)
