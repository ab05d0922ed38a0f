"""What providers sent, as staff may look at it: list, read, handle again; and forgetting the content after its time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.channels.jobs import HandleEvent
from omni_app.channels.receipts import open_body
from omni_app.infra import live, storage
from omni_app.infra.clock import now
from omni_app.infra.database import Db, system_db
from omni_app.infra.errors import Conflict, Invalid, NotFound
from omni_app.infra.jobs import enqueue, handed_over
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Permission
from omni_app.settings import load_settings

log = get_logger(__name__)

STATUSES = ("new", "handled", "ignored", "refused", "failed")
SHOWN_BYTES = 200_000

_HOLD = text("select id, status, received_at, attempts from channel_events where id = :id for no key update")
_MARK = text(
    """
    update channel_events set status = :status, detail = :detail, handled_at = :now, attempts = attempts + 1,
      customer_id = coalesce(cast(:customer_id as uuid), customer_id),
      message_id = coalesce(cast(:message_id as uuid), message_id)
    where id = :id
    """
)
_LIST = text(
    """
    select id, hook, event_key, size, status, detail, attempts, message_id, received_at, handled_at, purged_at,
      count(*) over () as total
    from channel_events where connection_id = :connection_id and (:status = '' or status = :status)
    order by received_at desc, id desc limit :limit offset :offset
    """
)
_STANDING = text(
    """
    insert into outbox (id, business_id, kind, name, queue, payload, created_at, available_at, attempts)
    select gen_random_uuid(), e.business_id, 'job', cast(:name as text), :queue, jsonb_build_object('event_id', e.id),
      :now, :now, 0
    from channel_events e join channel_connections c on c.id = e.connection_id and c.is_on
    where e.status = 'new' and e.received_at < :before
      and not exists (select from outbox o where o.name = cast(:name as text) and o.payload->>'event_id' = e.id::text
        and (o.dead_at is null or o.dead_at > :hour_ago))
    order by e.received_at limit 500
    returning id
    """
)
# One event a row: the key stays, so that the same event sent again years later is still known.
_PURGE = text(
    """
    with old as (
      select id, storage_key from channel_events
      where purged_at is null and received_at < :before and status <> 'new' order by received_at limit 1000 for update skip locked
    )
    update channel_events e set body = '', storage_key = '', detail = left(detail, 200), purged_at = :now
    from old where e.id = old.id returning old.storage_key
    """
)


# Two webhooks of one sender can reach two workers in the wrong order.
_EARLIER = text(
    """
    select exists (select from channel_events o join channel_events e on e.id = :id
      where o.connection_id = e.connection_id and o.order_key = e.order_key and e.order_key <> '' and o.status = 'new'
        and (o.received_at, o.id) < (e.received_at, e.id) and o.received_at > e.received_at - interval '1 minute')
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """One event of a provider. `status` as in `models.ChannelEvent`; `size` in bytes; its content is gone once `is_purged`."""

    id: UUID
    hook: str
    event_key: str
    size: int
    status: str
    detail: str
    attempts: int
    message_id: UUID | None
    received_at: datetime
    handled_at: datetime | None
    is_purged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An event this transaction holds alone."""

    status: str
    received_at: datetime
    attempts: int


async def hold_event(db: Db, event_id: UUID) -> Held | None:
    """Lock an event until the transaction ends; None when it is gone."""
    row = (await db.execute(_HOLD, {"id": event_id})).one_or_none()
    return None if row is None else Held(status=row.status, received_at=row.received_at, attempts=row.attempts)


async def waits_for_earlier(db: Db, event_id: UUID) -> bool:
    """Whether a message the same sender sent within the minute before is still to be handled."""
    return bool((await db.execute(_EARLIER, {"id": event_id})).scalar_one())


async def mark_event(
    db: Db, event_id: UUID, status: str, detail: str = "", *, customer_id: UUID | None = None, message_id: UUID | None = None
) -> None:
    """Say what came of an event, in the transaction of what it did."""
    values: dict[str, Any] = {
        "id": event_id,
        "status": status,
        "detail": detail[:500],
        "customer_id": customer_id,
        "message_id": message_id,
        "now": now(),
    }
    await db.execute(_MARK, values)
    if status in ("failed", "refused") and db.scope_or_none is not None:
        live.publish(db, "channel.changed", event_id=event_id)


async def note_customer(db: Db, event_id: UUID, customer_id: UUID | None) -> None:
    """Remember whom an event is about, so that it goes when they are erased."""
    if customer_id is not None:
        values = {"id": event_id, "customer_id": customer_id}
        await db.execute("update channel_events set customer_id = :customer_id where id = :id", values)


async def list_events(
    db: Db, connection_id: UUID, status: str = "", page: int = 1, limit: int = 50
) -> tuple[list[EventView], int]:
    """The newest events of a connection and how many there are. Raises `Forbidden` without CONFIGURE, `Invalid` (`status`)."""
    db.scope.require(Permission.CONFIGURE)
    if status and status not in STATUSES:
        raise Invalid(f"Choose one of {', '.join(STATUSES)}.", "status")
    limit = max(1, min(limit, 200))
    values = {"connection_id": connection_id, "status": status, "limit": limit, "offset": (max(1, min(page, 10_000)) - 1) * limit}
    rows = (await db.execute(_LIST, values)).all()
    views = [
        EventView(
            id=row.id,
            hook=row.hook,
            event_key=row.event_key,
            size=row.size,
            status=row.status,
            detail=row.detail,
            attempts=row.attempts,
            message_id=row.message_id,
            received_at=row.received_at,
            handled_at=row.handled_at,
            is_purged=row.purged_at is not None,
        )
        for row in rows
    ]
    return views, rows[0].total if rows else 0


async def read_event(db: Db, event_id: UUID) -> str:
    """What the provider sent, as text (its first 200,000 bytes). Raises `NotFound`, `Conflict` when it was purged, `Forbidden`.

    Messages of customers can be read in it, so reading one is noted in the audit trail.
    """
    db.scope.require(Permission.CONFIGURE)
    row = (
        await db.execute("select body, storage_key, purged_at from channel_events where id = :id", {"id": event_id})
    ).one_or_none()
    if row is None:
        raise NotFound("event")
    body = await open_body(row.body, row.storage_key)
    if body is None:
        raise Conflict("The content of this event was deleted by age.")
    await audit.record(db, "channel.event_read", "channel_event", event_id)
    return body[:SHOWN_BYTES].decode("utf-8", "backslashreplace")


async def replay_event(db: Db, event_id: UUID) -> None:
    """Have an event handled once more; what it did already is not done twice.

    Raises `NotFound`, `Conflict` when its content is gone, `Forbidden` without CONFIGURE.
    """
    db.scope.require(Permission.CONFIGURE)
    changed = await db.execute(
        """update channel_events set status = 'new', detail = '' where id = :id and (body <> '' or storage_key <> '')
           returning id""",
        {"id": event_id},
    )
    if changed.one_or_none() is None:
        found = await db.execute("select id from channel_events where id = :id", {"id": event_id})
        if found.one_or_none() is None:
            raise NotFound("event")
        raise Conflict("The content of this event was deleted by age, so it cannot be handled again.")
    await enqueue(db, HandleEvent(event_id=event_id))
    await audit.record(db, "channel.event_replayed", "channel_event", event_id)


async def ask_for_standing_events() -> None:
    """Enqueue what no job stands for any more (its tries are used up, or it came while the connection was off): once an hour."""
    at = now()
    values = {
        "now": at,
        "before": at - timedelta(minutes=5),
        "name": HandleEvent.__name__,
        "queue": HandleEvent.queue,
        "hour_ago": at - timedelta(hours=1),
    }
    async with system_db("sweep: standing events") as db:
        rows = (await db.execute(_STANDING, values)).all()
    for row in rows:
        handed_over(row.id, HandleEvent.queue)


async def purge_events() -> None:
    """Delete the content of handled events older than `events_kept_days`; their keys stay."""
    at = now()
    before = at - timedelta(days=load_settings().events_kept_days)
    async with system_db("sweep: old events of providers") as db:
        keys = [key for key in (await db.execute(_PURGE, {"before": before, "now": at})).scalars() if key]
    for key in keys:
        await storage.delete_file(key)
