"""Ask providers that send no webhooks for news; what they have is written down like a webhook's events."""

import json
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from omni_app.channels.accounts import open_account
from omni_app.channels.failures import Revoked
from omni_app.channels.health import note_revoked, note_sent, note_trouble
from omni_app.channels.jobs import PollConnection
from omni_app.channels.receipts import record
from omni_app.channels.registry import all_adapters
from omni_app.infra.clock import now
from omni_app.infra.database import open_db, system_db
from omni_app.infra.errors import Unavailable
from omni_app.infra.http import open_http
from omni_app.infra.jobs import handed_over
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Permission, Scope

log = get_logger(__name__)

EVERY = timedelta(seconds=30)
SANDBOX_EVERY = timedelta(seconds=3)
POLL_HOOK = "poll"

# The next cursor is kept only when nobody polled meanwhile: of two that ran at once, one's events are the other's duplicates.
_KEEP = text(
    """
    update channel_connections set state = cast(:state as jsonb), polled_at = :now
    where id = :id and state = cast(:before as jsonb) returning id
    """
)

_ASK = text(
    """
    with due as (
      select c.id, c.business_id from channel_connections c
      where c.kind = any(:kinds) and c.is_on and c.health <> 'revoked' and (c.paused_until is null or c.paused_until < :now)
        and (c.polled_at is null or c.polled_at < case when c.is_sandbox then cast(:sandbox_before as timestamptz)
          else cast(:before as timestamptz) end or c.polled_at > :soon)
      order by c.polled_at nulls first limit 200 for update skip locked
    ), asked as (update channel_connections set polled_at = :now from due where channel_connections.id = due.id)
    insert into outbox (id, business_id, kind, name, queue, payload, created_at, available_at, attempts)
    select gen_random_uuid(), business_id, 'job', cast(:name as text), :queue, jsonb_build_object('connection_id', id),
      :now, :now, 0
    from due
    where not exists (select from outbox o where o.name = cast(:name as text) and o.dead_at is null
      and o.payload->>'connection_id' = due.id::text)
    returning id
    """
)


async def poll_connection(scope: Scope, connection_id: UUID) -> int:
    """Bring in what came since the last poll; gives how many events were new. Raises `Unavailable`."""
    scope.require(Permission.REPLY)
    async with open_db(scope) as db:
        account = await open_account(db, connection_id)
    if not account.is_on or not account.adapter.capabilities.polls:
        return 0
    try:
        polled = await account.adapter.poll(account.settings, account.state, open_http())
    except Revoked as error:
        async with open_db(scope) as db:
            await note_revoked(db, connection_id, str(error))
        return 0
    except Unavailable as error:
        async with open_db(scope) as db:
            await note_trouble(db, connection_id, str(error))
        raise
    fresh = await record(scope.business_id, connection_id, POLL_HOOK, polled.events, now())
    async with open_db(scope) as db:
        values = {
            "id": connection_id,
            "state": json.dumps(dict(polled.state)),
            "before": json.dumps(account.state),
            "now": now(),
        }
        await db.execute(_KEEP, values)
        await note_sent(db, connection_id)
    return fresh


async def ask_for_polls() -> None:
    """Enqueue a poll of each connection that is due."""
    kinds = [kind for kind, adapter in all_adapters().items() if adapter.capabilities.polls]
    if not kinds:
        return
    at = now()
    values = {
        "kinds": kinds,
        "now": at,
        "before": at - EVERY,
        "sandbox_before": at - SANDBOX_EVERY,
        "soon": at + timedelta(minutes=1),
        "name": PollConnection.__name__,
        "queue": PollConnection.queue,
    }
    async with system_db("sweep: polls") as db:
        rows = (await db.execute(_ASK, values)).all()
    for row in rows:
        handed_over(row.id, PollConnection.queue)
