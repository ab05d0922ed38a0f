"""The Dramatiq broker and the two ways to hand an outbox id to it.

Messages carry the outbox id only. Dramatiq's own retries are not used: the outbox row is the retry (attempts, next time, dead).
"""

import asyncio
from functools import lru_cache
from uuid import UUID

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from omni_app.infra.log import get_logger
from omni_app.infra.redis import key, sync_redis

log = get_logger(__name__)

ACTOR = "run_outbox"


@lru_cache
def job_broker() -> RedisBroker:
    """The broker of this process, with no middleware; `workers.broker` adds what only a worker needs."""
    broker = RedisBroker(client=sync_redis(), namespace=key("queue"), middleware=[])  # type: ignore[no-untyped-call]
    dramatiq.set_broker(broker)
    return broker


def actor_name(queue: str) -> str:
    return f"{ACTOR}_{queue}"


def send(outbox_id: UUID, queue: str) -> None:
    """Give one outbox id to the workers (blocking, under a millisecond; raises when Redis is away)."""
    broker = job_broker()
    broker.declare_queue(queue)
    broker.enqueue(
        dramatiq.Message(queue_name=queue, actor_name=actor_name(queue), args=(str(outbox_id),), kwargs={}, options={})
    )


class HandOver:
    """Carries outbox ids to Redis off the request: requests never wait for the queue."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[tuple[UUID, str]] = asyncio.Queue()

    def put(self, outbox_id: UUID, queue: str) -> None:
        self._waiting.put_nowait((outbox_id, queue))

    async def run(self) -> None:
        """Send for ever, in batches, on a thread. What cannot be sent is left to the sweep."""
        while True:
            batch = [await self._waiting.get()]
            while not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            try:
                await asyncio.to_thread(_send_all, batch)
            except Exception as error:
                log.warning("jobs not handed over; the sweep will send them", count=len(batch), error=str(error))


def _send_all(batch: list[tuple[UUID, str]]) -> None:
    for outbox_id, queue in batch:
        send(outbox_id, queue)
