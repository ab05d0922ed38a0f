"""Live notes: what changed, told to every web process through Redis publish/subscribe.

A note carries ids only; who hears it re-reads the rows. Notes may be lost (Redis away): each subscriber gets a `resync` note
after its subscription was made anew, and a page re-reads everything then.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID

from redis.exceptions import RedisError

from omni_app.infra.background import start_task
from omni_app.infra.database import Db
from omni_app.infra.log import get_logger
from omni_app.infra.redis import key, redis_client

log = get_logger(__name__)

RESYNC = "resync"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """`kind` is a fact such as `message.created`; `business_id` is None only for `resync`."""

    kind: str
    business_id: UUID | None = None
    ids: dict[str, str] = field(default_factory=dict)


# Channels of publish/subscribe ignore the database number, so the namespace keeps deployments and test workers apart.
def _channel(business_id: UUID | str) -> str:
    return key("live", str(business_id))


async def publish_now(business_id: UUID, kind: str, **ids: object) -> None:
    """Tell every web process; a Redis that is away is logged, never raised."""
    body = json.dumps({"kind": kind, "ids": {name: str(value) for name, value in ids.items()}})
    try:
        await redis_client().publish(_channel(business_id), body)
    except RedisError as error:
        log.warning("live note not sent", kind=kind, error=str(error))


def publish(db: Db, kind: str, **ids: object) -> None:
    """Send a note to the business of `db` once its transaction is committed."""
    business_id = db.scope.business_id

    def send() -> None:
        start_task(publish_now(business_id, kind, **ids), "live note")

    db.after_commit(send)


async def subscribe() -> AsyncIterator[Note]:
    """Every note of this deployment, for ever. Yields a `resync` note first and after each lost connection."""
    prefix = key("live", "")
    while True:
        try:
            async with redis_client().pubsub() as pubsub:
                await pubsub.psubscribe(prefix + "*")
                yield Note(kind=RESYNC)
                while True:
                    # A silent channel must not look like a dead one, so no bare listen() under a socket time-out.
                    message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=1.0)
                    if message is None:
                        continue
                    body = json.loads(message["data"])
                    business_id = UUID(message["channel"].decode().removeprefix(prefix))
                    yield Note(kind=body["kind"], business_id=business_id, ids=body["ids"])
        except (RedisError, OSError) as error:
            log.warning("live subscription lost", error=str(error))
            await asyncio.sleep(0.5)
