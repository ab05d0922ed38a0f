"""Run one outbox row: claim → work → delete, or try again later, or dead.

The row's state decides, not the queue: a message that comes twice, or late, finds nothing to claim.
"""

import asyncio
import json
import random
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app.infra.clock import now
from omni_app.infra.database import system_db
from omni_app.infra.errors import OmniError
from omni_app.infra.ids import new_id
from omni_app.infra.jobs import Job, handed_over
from omni_app.infra.log import get_logger
from omni_app.infra.metrics import ERRORS, JOBS
from workers.registry import handlers, subscribers

log = get_logger(__name__)

# A living worker renews its claims (`keep_claims`), so what a dead one had comes to another soon, however long a job may take.
CLAIM = timedelta(seconds=30)
RENEWED_EVERY = timedelta(seconds=8)
CLOCK_SLACK = timedelta(minutes=1)
FIRST_RETRY = timedelta(seconds=2)
LAST_RETRY = timedelta(hours=1)

# Times of the future beyond any we would write come from a clock that was set back since: such a row is due, such a claim void.
_CLAIM_ROW = text(
    """
    update outbox set claimed_until = :until, attempts = attempts + 1
    where id = :id and dead_at is null and (available_at <= :now or created_at > :soon)
      and (claimed_until is null or claimed_until < :now or claimed_until > :late)
    returning id, business_id, kind, name, queue, payload, attempts
    """
)
_RENEW = text(
    "update outbox set claimed_until = :until where id = any(:ids) and claimed_until is not null and dead_at is null returning id"
)
_DELETE = text("delete from outbox where id = :id")
_RETRY = text(
    "update outbox set claimed_until = null, swept_at = null, available_at = :at, error = :error, dead_at = :dead where id = :id"
)
_FAN_OUT = text(
    """
    insert into outbox (id, business_id, kind, name, queue, payload, created_at, available_at, attempts)
    values (:id, :business_id, 'delivery', :name, 'default', :payload, :now, :now, 0)
    """
)


def times(at: datetime) -> dict[str, datetime]:
    """`now`, and `soon` and `late`: what lies behind them was written before the clock was set back."""
    return {"now": at, "soon": at + CLOCK_SLACK, "late": at + CLAIM + CLOCK_SLACK}


async def run_row(outbox_id: UUID) -> bool:
    """Do the work of one row if it is still there and free. True when this call did it."""
    at = now()
    async with system_db("outbox: claim") as db:
        row = (await db.execute(_CLAIM_ROW, {"id": outbox_id, "until": at + CLAIM, **times(at)})).one_or_none()
    if row is None:
        return False
    _running.add(outbox_id)
    try:
        if row.kind == "event":
            await _fan_out(row)
        else:
            await _work(row)
            async with system_db("outbox: done") as db:
                await db.execute(_DELETE, {"id": outbox_id})
        JOBS.labels(row.name, "done").inc()
    except Exception as error:
        await _failed(row, error)
    finally:
        _running.discard(outbox_id)
    return True


_running: set[UUID] = set()
"""The rows this process is at work on."""


async def renew_claims() -> int:
    """Hold what this process is at work on for another `CLAIM`; how many rows that were."""
    if not _running:
        return 0
    async with system_db("outbox: renew") as db:
        return len((await db.execute(_RENEW, {"ids": list(_running), "until": now() + CLAIM})).all())


async def keep_claims() -> None:
    """Renew claims for as long as this process lives."""
    while True:
        await asyncio.sleep(RENEWED_EVERY.total_seconds())
        try:
            await renew_claims()
        except Exception as error:
            log.warning("claims not renewed", error=str(error))


async def _work(row: Any) -> None:
    if row.kind == "job":
        job_type, handler = handlers[row.name]
        await handler(row.business_id, job_type.model_validate(row.payload))
        return
    event_name, subscriber = row.name.split("/", 1)
    event_type, listener = subscribers[event_name][subscriber]
    await listener(row.business_id, event_type.model_validate(row.payload))


async def _fan_out(row: Any) -> None:
    """One row a subscriber, so that each is tried again by itself; in the transaction that deletes the event."""
    sent = [new_id() for _ in subscribers[row.name]]
    async with system_db("outbox: event") as db:
        for outbox_id, subscriber in zip(sent, subscribers[row.name], strict=True):
            await db.execute(
                _FAN_OUT,
                {
                    "id": outbox_id,
                    "business_id": row.business_id,
                    "name": f"{row.name}/{subscriber}",
                    "payload": json.dumps(row.payload),
                    "now": now(),
                },
            )
        await db.execute(_DELETE, {"id": row.id})
    for outbox_id in sent:
        handed_over(outbox_id, "default")


async def _failed(row: Any, error: Exception) -> None:
    most = handlers[row.name][0].max_attempts if row.name in handlers else Job.max_attempts
    is_dead = row.attempts >= most
    if isinstance(error, OmniError):
        log.warning("job failed", job=row.name, attempt=row.attempts, is_dead=is_dead, error=str(error))
    else:
        ERRORS.labels("worker").inc()
        log.error("job failed", job=row.name, attempt=row.attempts, is_dead=is_dead, exc_info=error)
    JOBS.labels(row.name, "dead" if is_dead else "failed").inc()
    at = now()
    values = {
        "id": row.id,
        "at": at + backoff(row.attempts),
        "error": f"{type(error).__name__}: {error}"[:500],
        "dead": at if is_dead else None,
    }
    async with system_db("outbox: failed") as db:
        await db.execute(_RETRY, values)


def backoff(attempts: int) -> timedelta:
    """Time until the next try: doubles from two seconds to an hour, with up to 30 % jitter so that failures spread."""
    wait = min(FIRST_RETRY * float(2 ** min(attempts - 1, 20)), LAST_RETRY)
    return wait + wait * 0.3 * random.random()
