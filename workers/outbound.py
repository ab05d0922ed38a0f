"""Send what waits in conversations over their channels, find what stands still, and ask about what nobody knows."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from omni_app.conversations.delivering import deliver_conversation
from omni_app.conversations.delivery import ask_about_unknown
from omni_app.conversations.jobs import DeliverConversation
from omni_app.conversations.parcels import claim_time
from omni_app.conversations.progress import GIVE_UP
from omni_app.infra.clock import now
from omni_app.infra.database import system_db
from omni_app.infra.jobs import handed_over
from omni_app.infra.live import publish_now
from omni_app.infra.log import get_logger
from omni_app.infra.scope import system_scope
from workers.outbox import CLOCK_SLACK
from workers.registry import handles

log = get_logger(__name__)

# The first unfinished part of a conversation that is due, or whose sender is dead, and that no job stands for. While a connection
# is revoked or paused its conversations are left alone, but for messages that have waited for too long to be sent at all. A job
# that died for good is tried again every hour.
_WAITING = text(
    """
    insert into outbox (id, business_id, kind, name, queue, payload, created_at, available_at, attempts)
    select gen_random_uuid(), d.business_id, 'job', cast(:name as text), :queue,
      jsonb_build_object('conversation_id', d.conversation_id), :now, :now, 0
    from deliveries d left join channel_connections n on n.id = d.connection_id
    where ((d.status = 'queued' and (d.available_at < :before or d.created_at > :soon))
        or (d.status = 'sending' and (d.claimed_until < :now or d.claimed_until > :late)))
      and (n.id is null or not n.is_on or d.created_at < :too_old
        or (n.health <> 'revoked' and (n.paused_until is null or n.paused_until < :now)))
      and not exists (select from deliveries e where e.conversation_id = d.conversation_id and e.status in ('queued', 'sending')
        and (e.seq, e.part) < (d.seq, d.part))
      and not exists (select from outbox o where o.name = cast(:name as text)
        and o.payload->>'conversation_id' = d.conversation_id::text
        and (o.dead_at > :hour_ago or (o.dead_at is null and o.available_at <= :soon)))
    order by d.available_at limit 200
    returning id
    """
)


@handles(DeliverConversation)
async def send_conversation(business_id: UUID | None, job: DeliverConversation) -> None:
    """Send what is due in one conversation; a second job for it finds nothing to do."""
    assert business_id is not None
    await deliver_conversation(system_scope(business_id), job.conversation_id)


async def ask_for_lost_deliveries() -> None:
    """Enqueue a delivery for each conversation whose next message is due and whose job is gone."""
    at, sending = now(), claim_time()
    values = {
        "now": at,
        "before": at - timedelta(seconds=3),
        "soon": at + CLOCK_SLACK,
        "late": at + sending + CLOCK_SLACK,
        "too_old": at - GIVE_UP,
        "hour_ago": at - timedelta(hours=1),
        "name": DeliverConversation.__name__,
        "queue": DeliverConversation.queue,
    }
    async with system_db("sweep: deliveries") as db:
        rows = (await db.execute(_WAITING, values)).all()
    for row in rows:
        handed_over(row.id, DeliverConversation.queue)
    if rows:
        log.info("waiting messages given to the worker", count=len(rows))


async def ask_staff_about_unknown() -> None:
    """Ask staff what became of messages that no provider told of in time, and show it in open inboxes."""
    async with system_db("sweep: unknown deliveries") as db:
        asked = await ask_about_unknown(db)
    for business_id, conversation_id, seq in asked:
        await publish_now(business_id, "message.changed", conversation_id=conversation_id, seq=seq)
        await publish_now(business_id, "conversation.changed", conversation_id=conversation_id, seq=seq)
