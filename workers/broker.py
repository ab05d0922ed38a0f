"""The worker's broker: one actor a queue, all of them the same sentence — run this outbox row."""

import asyncio
from uuid import UUID

import dramatiq
from dramatiq.asyncio import get_event_loop_thread
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AsyncIO, CurrentMessage, Middleware, ShutdownNotifications, TimeLimit

from omni_app.infra.background import finish_tasks
from omni_app.infra.database import close_engines, open_engines
from omni_app.infra.http import close_http
from omni_app.infra.jobs import QUEUES, hand_over_with
from omni_app.infra.queue import actor_name, job_broker, send
from omni_app.infra.redis import close_redis
from omni_app.infra.storage import open_store
from omni_app.settings import load_settings
from workers.outbox import keep_claims, run_row

TIME_LIMIT_MS = 110_000


class Boot(Middleware):
    """Opens the pools on the worker's event loop. Stands after AsyncIO: before-hooks run in order, after-hooks in reverse."""

    def before_worker_boot(self, broker: object, worker: object) -> None:
        loop_thread = get_event_loop_thread()
        assert loop_thread is not None
        loop_thread.run_coroutine(_open())

    def after_worker_shutdown(self, broker: object, worker: object) -> None:
        loop_thread = get_event_loop_thread()
        if loop_thread is not None:
            loop_thread.run_coroutine(_close())


_keeping: asyncio.Task[None] | None = None


async def _open() -> None:
    global _keeping
    open_engines()
    # A storage address that cannot be meant stops the start, not somebody's first file.
    open_store(load_settings())
    hand_over_with(send)
    _keeping = asyncio.create_task(keep_claims(), name="claims renewed")


async def _close() -> None:
    if _keeping is not None:
        _keeping.cancel()
    await finish_tasks(2)
    await close_http()
    await close_engines()
    await close_redis()


def worker_broker() -> RedisBroker:
    """The broker with the worker's middleware and actors."""
    broker = job_broker()
    for middleware in (TimeLimit(time_limit=TIME_LIMIT_MS), ShutdownNotifications(), CurrentMessage(), AsyncIO(), Boot()):
        broker.add_middleware(middleware)
    for queue in QUEUES:
        dramatiq.actor(queue_name=queue, actor_name=actor_name(queue), broker=broker)(_run)
    return broker


async def _run(outbox_id: str) -> None:
    await run_row(UUID(outbox_id))
