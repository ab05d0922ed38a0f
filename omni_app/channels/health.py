"""The light of a connection: what the provider last said, and the breaker that stops sending into trouble.

After `TRIPS` failures in a row nothing is sent until `paused_until`; then one message tries again. Each further failure doubles
the pause, up to `LONGEST_PAUSE`.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db

TRIPS = 5
FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(minutes=10)

# A light that is green already is written anew once a minute at most: every sent message passes here.
_OK = text(
    """
    with old as (select id, health from channel_connections where id = :id)
    update channel_connections c set health = 'ok', health_detail = '', health_at = :now, failures = 0, paused_until = null
    from old where c.id = old.id
      and (c.health <> 'ok' or c.failures > 0 or c.paused_until is not null or c.health_at is null or c.health_at < :lately)
    returning old.health as was
    """
)
_TROUBLE = text(
    """
    with old as (select id, health from channel_connections where id = :id for update)
    update channel_connections c set failures = c.failures + 1, health_detail = :text, health_at = :now,
      health = case when c.health = 'revoked' then 'revoked' when c.failures + 1 >= :trips then 'failing' else c.health end,
      paused_until = case when c.failures + 1 >= :trips then cast(:now as timestamptz)
        + least(cast(:longest as interval), cast(:first as interval) * power(2, least(c.failures + 1 - :trips, 20))) end
    from old where c.id = old.id
    returning old.health as was, c.health, c.paused_until
    """
)
_REVOKED = text(
    """
    with old as (select id, health from channel_connections where id = :id for update)
    update channel_connections c set health = 'revoked', health_detail = :text, health_at = :now
    from old where c.id = old.id returning old.health as was, c.name
    """
)


async def note_sent(db: Db, connection_id: UUID) -> None:
    """The provider took something: the light is green and the breaker closed."""
    at = now()
    row = (await db.execute(_OK, {"id": connection_id, "now": at, "lately": at - timedelta(minutes=1)})).one_or_none()
    if row is not None and row.was != "ok":
        live.publish(db, "channel.changed", connection_id=connection_id)


async def note_trouble(db: Db, connection_id: UUID, text_: str) -> datetime | None:
    """The provider could not take something just now. Gives until when nothing is sent, None while the breaker is closed."""
    values = {
        "id": connection_id,
        "text": text_[:500],
        "now": now(),
        "trips": TRIPS,
        "first": FIRST_PAUSE,
        "longest": LONGEST_PAUSE,
    }
    row = (await db.execute(_TROUBLE, values)).one_or_none()
    if row is None:
        return None
    if row.was != row.health:
        live.publish(db, "channel.changed", connection_id=connection_id)
    return row.paused_until  # type: ignore[no-any-return]


async def note_revoked(db: Db, connection_id: UUID, text_: str) -> None:
    """The provider takes nothing from this account any more; `text_` are its words. Somebody has to connect it again."""
    row = (await db.execute(_REVOKED, {"id": connection_id, "text": text_[:500], "now": now()})).one_or_none()
    if row is not None and row.was != "revoked":
        live.publish(db, "channel.changed", connection_id=connection_id)
        await audit.record(
            db, "channel.revoked", "channel", connection_id, after={"name": row.name, "reason": text_[:200]}, level="WARNING"
        )
