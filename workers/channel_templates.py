"""Keep message templates as their providers have them: once a day, and when a notice says that one changed."""

from datetime import timedelta

from sqlalchemy import text

from omni_app.channels.jobs import CheckConnection
from omni_app.channels.registry import all_adapters
from omni_app.infra.clock import now
from omni_app.infra.database import system_db
from omni_app.infra.jobs import handed_over
from omni_app.infra.log import get_logger

log = get_logger(__name__)

EVERY = timedelta(days=1)

# Reading them is part of testing the connection, so a token that was withdrawn meanwhile shows the same day.
_STALE = text(
    """
    insert into outbox (id, business_id, kind, name, queue, payload, created_at, available_at, attempts)
    select gen_random_uuid(), n.business_id, 'job', cast(:name as text), :queue, jsonb_build_object('connection_id', n.id),
      :now, :now, 0
    from channel_connections n
    where n.is_on and n.kind = any(:kinds)
      and not exists (select from message_templates t where t.connection_id = n.id and t.updated_at > :since)
      and not exists (select from outbox o where o.name = cast(:name as text) and o.payload->>'connection_id' = n.id::text)
    limit 200
    returning id
    """
)


async def ask_for_fresh_templates() -> None:
    """Enqueue a test of each connection whose templates were not read for a day."""
    at = now()
    values = {
        "now": at,
        "since": at - EVERY,
        "kinds": [kind for kind, adapter in all_adapters().items() if adapter.capabilities.has_templates],
        "name": CheckConnection.__name__,
        "queue": CheckConnection.queue,
    }
    async with system_db("sweep: templates") as db:
        rows = (await db.execute(_STALE, values)).all()
    for row in rows:
        handed_over(row.id, CheckConnection.queue)
    if rows:
        log.info("templates are read anew", connections=len(rows))
