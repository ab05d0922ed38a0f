"""Live notes: what changed, told to every web process through Redis publish/subscribe, and within this process at once.

A note carries ids only; who hears it re-reads the rows. Notes may be lost (Redis away): each subscriber gets a `resync` note
after its subscription was made anew, and a page re-reads everything then.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from redis.exceptions import RedisError

from omni_app.infra.background import start_task
from omni_app.infra.database import Db
from omni_app.infra.ids import new_id
from omni_app.infra.log import get_logger
from omni_app.infra.redis import key, redis_client

log = get_logger(__name__)

RESYNC = "resync"
# A subscriber this far behind has more to read than it would cost to look at everything anew.
MOST_WAITING = 2_000
AGAIN_SECONDS = 0.5
_MADE = new_id().hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """`kind` is a fact such as `message.created`; `business_id` is None only for `resync`."""

    kind: str
    business_id: UUID | None = None
    ids: dict[str, str] = field(default_factory=dict)


class _Subscriber:
    """What one `subscribe` has still to hand on."""

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[Note] = asyncio.Queue(MOST_WAITING)

    def hear(self, note: Note) -> None:
        try:
            self.waiting.put_nowait(note)
        except asyncio.QueueFull:
            while not self.waiting.empty():
                self.waiting.get_nowait()
            self.waiting.put_nowait(Note(kind=RESYNC))


class _Ear:
    """The one subscription of a process (in tests: of an event loop) to Redis, for all who hear notes there."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.subscribers: set[_Subscriber] = set()
        self.is_open = False
        self.task = self.loop.create_task(_listen(self), name="live notes of other processes")
        self.returning: asyncio.Task[None] | None = None

    def hear(self, note: Note) -> None:
        for subscriber in self.subscribers:
            subscriber.hear(note)

    def resync_when_back(self) -> None:
        """Redis is away: pages, whose state lies there, may not have come to act on a note they heard. All look again once it is
        back, even when the subscription itself outlasted it."""
        if self.returning is None or self.returning.done():
            self.returning = self.loop.create_task(_resync_when_back(self), name="look again when Redis is back")


_ears: dict[asyncio.AbstractEventLoop, _Ear] = {}


def _sender() -> str:
    """Whose notes are heard here without Redis. A forked process is somebody else."""
    return f"{_MADE}{os.getpid()} "


# Channels of publish/subscribe ignore the database number, so the namespace keeps deployments and test workers apart.
def _channel(business_id: UUID | str) -> str:
    return key("live", str(business_id))


async def publish_now(business_id: UUID, kind: str, **ids: object) -> None:
    """Tell every web process. A Redis that is away is logged, never raised; the subscribers of this process hear it anyway."""
    note = Note(kind=kind, business_id=business_id, ids={name: str(value) for name, value in ids.items()})
    for ear in list(_ears.values()):
        if ear.loop is asyncio.get_running_loop():
            ear.hear(note)
        else:
            # That loop may have ended meanwhile, and who heard with it.
            with suppress(RuntimeError):
                ear.loop.call_soon_threadsafe(ear.hear, note)
    try:
        await redis_client().publish(_channel(business_id), _sender() + json.dumps({"kind": kind, "ids": note.ids}))
    except RedisError as error:
        log.warning("live note not sent", kind=kind, error=str(error))
        if (here := _ears.get(asyncio.get_running_loop())) is not None:
            here.resync_when_back()


def publish(db: Db, kind: str, **ids: object) -> None:
    """Send a note to the business of `db` once its transaction is committed."""
    business_id = db.scope.business_id

    def send() -> None:
        start_task(publish_now(business_id, kind, **ids), "live note")

    db.after_commit(send)


async def subscribe() -> AsyncIterator[Note]:
    """Every note of this deployment, for ever. Yields a `resync` note once Redis is listened to and after each lost connection,
    and instead of more than `MOST_WAITING` notes nobody took."""
    loop, subscriber = asyncio.get_running_loop(), _Subscriber()
    ear = _ears.get(loop)
    if ear is None:
        ear = _ears[loop] = _Ear()
    ear.subscribers.add(subscriber)
    if ear.is_open:
        subscriber.hear(Note(kind=RESYNC))
    try:
        while True:
            yield await subscriber.waiting.get()
    finally:
        ear.subscribers.discard(subscriber)
        if not ear.subscribers:
            ear.task.cancel()
            if ear.returning is not None:
                ear.returning.cancel()
            if _ears.get(loop) is ear:
                del _ears[loop]


async def _resync_when_back(ear: _Ear) -> None:
    while True:
        await asyncio.sleep(AGAIN_SECONDS)
        try:
            await redis_client().get(key("live"))
        except (RedisError, OSError):
            continue
        ear.hear(Note(kind=RESYNC))
        return


async def _listen(ear: _Ear) -> None:
    prefix, own = key("live", ""), _sender().encode()
    while True:
        try:
            async with redis_client().pubsub() as pubsub:
                await pubsub.psubscribe(prefix + "*")
                ear.is_open = True
                ear.hear(Note(kind=RESYNC))
                while True:
                    # A silent channel must not look like a dead one, so no bare listen() under a socket time-out.
                    message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=1.0)
                    if message is None or message["data"].startswith(own):
                        continue
                    business_id = message["channel"].decode().removeprefix(prefix)
                    _, _, body = message["data"].partition(b" ")
                    try:
                        ear.hear(Note(business_id=UUID(business_id), **json.loads(body)))
                    except (ValueError, TypeError):
                        log.warning("strange live note", note=body[:200])
        except (RedisError, OSError) as error:
            log.warning("live subscription lost", error=str(error))
        except Exception:
            # Whatever it was, this process must not stay deaf.
            log.exception("live subscription failed")
        ear.is_open = False
        await asyncio.sleep(AGAIN_SECONDS)
