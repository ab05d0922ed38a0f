"""Hear live notes during a test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from omni_app.infra.live import RESYNC, Note, subscribe


@asynccontextmanager
async def listening() -> AsyncIterator[list[Note]]:
    """The notes heard since the block began, in order."""
    heard: list[Note] = []
    ready = asyncio.Event()

    async def listen() -> None:
        async for note in subscribe():
            if note.kind == RESYNC:
                ready.set()
            else:
                heard.append(note)

    task = asyncio.create_task(listen())
    try:
        async with asyncio.timeout(30):
            await ready.wait()
        yield heard
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
