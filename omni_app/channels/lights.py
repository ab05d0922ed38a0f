"""What screens say beside a connection: whether it rests, when its provider last sent something, and which one is cut off."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.scope import Permission

LATEST = 1_000
"""How many of the newest events are looked through for failed ones."""

_LIGHTS = text(
    """
    select c.id, case when c.paused_until > :now then c.paused_until end as paused_until, e.last_at,
      coalesce(e.failed, 0) as failed
    from channel_connections c left join lateral (
      select max(n.received_at) as last_at, count(*) filter (where n.status = 'failed') as failed
      from (select received_at, status from channel_events
        where business_id = c.business_id and connection_id = c.id order by received_at desc limit :latest) n
    ) e on true
    """
)
_CUT_OFF = text(
    """
    select id, channel, name from channel_connections
    where health = 'revoked' and is_on order by health_at limit 20
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """`paused_until`: nothing is sent before, None when it is not paused. `failed`: failed ones among the `LATEST` events."""

    paused_until: datetime | None
    last_event_at: datetime | None
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff:
    """An account whose provider takes nothing any more until somebody connects it again."""

    id: UUID
    channel: str
    name: str


async def load_lights(db: Db) -> Mapping[UUID, Light]:
    """Of every connection of the business. Raises `Forbidden` without CONFIGURE."""
    db.scope.require(Permission.CONFIGURE)
    rows = await db.execute(_LIGHTS, {"now": now(), "latest": LATEST})
    return {row.id: Light(paused_until=row.paused_until, last_event_at=row.last_at, failed=row.failed) for row in rows}


async def list_cut_off(db: Db) -> list[CutOff]:
    """The accounts that are switched on and cannot send, the one cut off longest first. Raises `Forbidden` without VIEW."""
    db.scope.require(Permission.VIEW)
    rows = await db.execute(_CUT_OFF)
    return [CutOff(id=row.id, channel=row.channel, name=row.name) for row in rows]
