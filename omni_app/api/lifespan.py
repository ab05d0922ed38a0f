"""What the web process opens before its first request and closes after its last."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from omni_app.api.chat.hub import hub
from omni_app.api.chat.keeping import keep_widgets
from omni_app.api.chat.marks import marks
from omni_app.infra.background import finish_tasks, start_task
from omni_app.infra.database import close_engines, open_engines
from omni_app.infra.http import close_http
from omni_app.infra.jobs import hand_over_with
from omni_app.infra.log import configure_logging
from omni_app.infra.queue import HandOver
from omni_app.infra.redis import close_redis
from omni_app.infra.storage import open_store
from omni_app.knowledge.matching import warm_up
from omni_app.llm.embedding import load_embedder
from omni_app.llm.registry import find_language_model
from omni_app.settings import load_settings


@asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    """Pools, the sentence model (on a thread), the hand-over of jobs and the wake-up of open widgets."""
    configure_logging("web", load_settings().log_level)
    open_engines()
    # A storage address that cannot be meant stops the start, not somebody's first file.
    open_store(load_settings())
    await asyncio.to_thread(load_embedder)
    start_task(asyncio.to_thread(warm_up), "warm up the matcher")
    # Importing a provider's library takes a second or two: the first customer must not wait for it.
    start_task(asyncio.to_thread(find_language_model), "open the language model")
    jobs = HandOver()
    hand_over_with(jobs.put)
    tasks = [
        asyncio.create_task(jobs.run(), name="hand over jobs"),
        asyncio.create_task(hub.run(), name="wake widgets"),
        asyncio.create_task(marks.run(), name="write marks of widgets"),
        asyncio.create_task(keep_widgets(), name="keep widgets"),
    ]
    try:
        yield
    finally:
        await finish_tasks(2)
        for task in tasks:
            task.cancel()
        hand_over_with(None)
        await close_http()
        await close_engines()
        await close_redis()
