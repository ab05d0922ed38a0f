"""What providers send, written down before they are told that we have it.

Many requests share a commit: while one statement is on its way, those that come meanwhile wait together for the next. A row that
is there already stays as it is and makes no second job.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from omni_app.channels.contract import RawEvent
from omni_app.channels.jobs import HandleEvent
from omni_app.infra import storage
from omni_app.infra.clock import now
from omni_app.infra.crypto import blind_index, decrypt_system, encrypt_system
from omni_app.infra.database import system_db
from omni_app.infra.ids import new_id
from omni_app.infra.jobs import handed_over

BODY = "channel_events.body"
# Beyond this a body stands in a file: rows stay small and the statement short.
MOST_IN_ROW = 64 * 1024
MOST_TOGETHER = 500
KEY_LENGTH = 200

_RECORD = text(
    """
    with slips as (
      select * from unnest(cast(:ids as uuid[]), cast(:job_ids as uuid[]), cast(:connection_ids as uuid[]),
        cast(:hooks as text[]), cast(:keys as text[]), cast(:bodies as text[]), cast(:storage_keys as text[]),
        cast(:sizes as int[]), cast(:times as timestamptz[]), cast(:orders as text[]))
        s(id, job_id, connection_id, hook, event_key, body, storage_key, size, received_at, order_key)
    ), stored as (
      insert into channel_events (id, business_id, connection_id, hook, event_key, body, storage_key, size, status, detail,
        attempts, received_at, order_key)
      select s.id, c.business_id, c.id, s.hook, s.event_key, s.body, s.storage_key, s.size, 'new', '', 0, s.received_at,
        s.order_key
      from slips s join channel_connections c on c.id = s.connection_id
      on conflict (connection_id, event_key) do nothing
      returning id, business_id
    ), asked as (
      insert into outbox (id, business_id, kind, name, queue, payload, created_at, available_at, attempts)
      select s.job_id, n.business_id, 'job', :job, :queue, jsonb_build_object('event_id', n.id), :now, :now, 0
      from stored n join slips s on s.id = n.id
    )
    select s.id, s.job_id from stored n join slips s on s.id = n.id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slip:
    id: UUID
    job_id: UUID
    connection_id: UUID
    hook: str
    key: str
    body: str
    storage_key: str
    size: int
    received_at: datetime
    order_key: str


_Waiter = tuple[list[_Slip], "asyncio.Future[set[UUID]]"]
_waiting: dict[asyncio.AbstractEventLoop, list[_Waiter]] = {}
_writing: set[asyncio.AbstractEventLoop] = set()


async def record(business_id: UUID, connection_id: UUID, hook: str, events: Sequence[RawEvent], received_at: datetime) -> int:
    """Write down events of one connection, each with the job that handles it; gives how many were new.

    Returns once they are committed. Raises what the database raises: the provider is not answered 2xx then and sends again.
    """
    if not events:
        return 0
    # Events of one request are told apart by a microsecond each: their order is kept.
    slips = [
        await _slip(business_id, connection_id, hook, event, received_at + timedelta(microseconds=place))
        for place, event in enumerate(events)
    ]
    stored = await _join(slips)
    for slip in slips:
        if slip.storage_key and slip.id not in stored:
            await storage.delete_file(slip.storage_key)
    return len(stored)


async def _slip(business_id: UUID, connection_id: UUID, hook: str, event: RawEvent, received_at: datetime) -> _Slip:
    is_large = len(event.body) > MOST_IN_ROW
    return _Slip(
        id=new_id(),
        job_id=new_id(),
        connection_id=connection_id,
        hook=hook,
        key=event.key[:KEY_LENGTH].replace("\x00", ""),
        # Bytes that are no text survive as Latin-1, one character each.
        body="" if is_large else encrypt_system(event.body.decode("latin-1"), BODY),
        storage_key=await storage.put_sealed(business_id, event.body) if is_large else "",
        size=len(event.body),
        received_at=received_at,
        order_key=blind_index("event order", event.order) if event.order else "",
    )


async def _join(slips: list[_Slip]) -> set[UUID]:
    """Wait in line for the next statement, or write it."""
    loop = asyncio.get_running_loop()
    line = _waiting.setdefault(loop, [])
    done: asyncio.Future[set[UUID]] = loop.create_future()
    line.append((slips, done))
    if loop not in _writing:
        _writing.add(loop)
        # A task of its own: a caller that is cancelled must not take the others' events with it.
        task = loop.create_task(_write_all(loop, line))
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)
    return await asyncio.shield(done)


_tasks: set["asyncio.Task[None]"] = set()


async def _write_all(loop: asyncio.AbstractEventLoop, line: list[_Waiter]) -> None:
    try:
        while line:
            taken = _take(line)
            try:
                stored = await _write([slip for slips, _ in taken for slip in slips])
            except IntegrityError:
                # A connection was removed between look-up and write: each stands for itself then.
                await _write_singly(taken)
                continue
            except BaseException as error:
                for _, done in taken:
                    if not done.done():
                        done.set_exception(error if isinstance(error, Exception) else RuntimeError("stopping"))
                if not isinstance(error, Exception):
                    raise
                continue
            for slips, done in taken:
                if not done.done():
                    done.set_result({slip.id for slip in slips if slip.id in stored})
    finally:
        _writing.discard(loop)


def _take(line: list[_Waiter]) -> list[_Waiter]:
    count = taken = 0
    for slips, _ in line:
        if taken and count + len(slips) > MOST_TOGETHER:
            break
        count += len(slips)
        taken += 1
    batch = line[:taken]
    del line[:taken]
    return batch


async def _write_singly(taken: list[_Waiter]) -> None:
    for slips, done in taken:
        try:
            stored = await _write(slips)
        except Exception as error:
            if not done.done():
                done.set_exception(error)
        else:
            if not done.done():
                done.set_result(stored)


async def _write(slips: list[_Slip]) -> set[UUID]:
    values: dict[str, Any] = {
        "ids": [slip.id for slip in slips],
        "job_ids": [slip.job_id for slip in slips],
        "connection_ids": [slip.connection_id for slip in slips],
        "hooks": [slip.hook for slip in slips],
        "keys": [slip.key for slip in slips],
        "bodies": [slip.body for slip in slips],
        "storage_keys": [slip.storage_key for slip in slips],
        "sizes": [slip.size for slip in slips],
        "orders": [slip.order_key for slip in slips],
        "times": [slip.received_at for slip in slips],
        "job": HandleEvent.__name__,
        "queue": HandleEvent.queue,
        "now": now(),
    }
    async with system_db("webhooks: write down") as db:
        rows = (await db.execute(_RECORD, values)).all()
    for row in rows:
        handed_over(row.job_id, HandleEvent.queue)
    return {row.id for row in rows}


async def open_body(body: str, storage_key: str) -> bytes | None:
    """What a row's `body` or `storage_key` holds; None when both are empty."""
    if storage_key:
        return await storage.read_sealed(storage_key)
    return decrypt_system(body, BODY).encode("latin-1") if body else None
