"""Waiting for a condition instead of sleeping for a guess."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar, overload

T = TypeVar("T")
STEP_SECONDS = 0.01


@overload
async def until(condition: Callable[[], Coroutine[Any, Any, T]], seconds: float = 30.0, step: float = STEP_SECONDS) -> T: ...


@overload
async def until(condition: Callable[[], T], seconds: float = 30.0, step: float = STEP_SECONDS) -> T: ...


async def until(condition: Callable[[], T | Awaitable[T]], seconds: float = 30.0, step: float = STEP_SECONDS) -> T:
    """Call `condition` (plain or async) until what it returns is true, and return that. Raises TimeoutError.

    `step`: seconds between two looks; a look that is work for somebody takes a longer one.
    """
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            value: T = await found if inspect.isawaitable(found) else found
            if value:
                return value
            await asyncio.sleep(step)


def wait_until(condition: Callable[[], T], seconds: float = 30.0, step: float = STEP_SECONDS) -> T:
    """The same for plain tests."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"still not so after {seconds:g} s")
        time.sleep(step)
    return value
