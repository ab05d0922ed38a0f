"""Ask for vectors and summaries that are missing. The turn itself never does: it has somebody waiting."""

from datetime import timedelta

from omni_app.conversations.jobs import EmbedMessages, SummariseConversation
from omni_app.infra.clock import now
from omni_app.infra.database import system_db
from omni_app.infra.jobs import Job, handed_over
from omni_app.infra.log import get_logger
from omni_app.llm.embedding import embedder_name
from workers.outbox import CLOCK_SLACK

log = get_logger(__name__)

# A message younger than this may get its answer in the same vector run.
SETTLED = timedelta(seconds=1)
IDLE = timedelta(hours=24)
# An idle conversation is looked at for a week: one without anything to sum up is not looked at for ever.
LOOKED_AT = timedelta(days=8)

_ENQUEUE = """
    insert into outbox (id, business_id, kind, name, queue, payload, created_at, available_at, attempts)
    select gen_random_uuid(), w.business_id, 'job', cast(:name as text), :queue, w.payload, :now, :now, 0
    from ({wanted}) w returning id
"""
# One job while it stands; one that died for good is tried again after an hour.
_STANDS = "o.name = cast(:name as text) and (o.dead_at is null or o.dead_at > :hour_ago)"

_UNEMBEDDED = f"""
    select distinct m.business_id, '{{}}'::jsonb as payload from (
      select business_id from messages c
      where embedded_at is null and role <> 'system' and (created_at < :before or created_at > :soon)
        and not exists (select 1 from outbox o where o.business_id = c.business_id and {_STANDS})
      order by created_at limit 1000) m
"""  # noqa: S608

# Two ranges instead of "is not": the index finds the few rows of other models without reading the many of this one.
_OTHER_MODEL = f"""
    select distinct m.business_id, '{{}}'::jsonb as payload from (
      select business_id from memories c where (embedding_model < :model or embedding_model > :model)
        and not exists (select 1 from outbox o where o.business_id = c.business_id and {_STANDS})
      limit 1000) m
"""  # noqa: S608

_IDLE = f"""
    select c.business_id, jsonb_build_object('conversation_id', c.id) as payload from conversations c
    where c.status = 'open' and c.speaker = 'ai' and c.last_seq > c.summarised_seq and c.last_message_at between :oldest and :idle
      and exists (select 1 from messages m where m.conversation_id = c.id and m.role = 'customer' and m.seq > c.summarised_seq)
      and not exists (select 1 from outbox o where o.payload->>'conversation_id' = c.id::text and {_STANDS})
    limit 200
"""  # noqa: S608


async def ask_for_memories() -> None:
    """Enqueue one `EmbedMessages` for each business with messages that have no vector yet."""
    at = now()
    await _ask(_UNEMBEDDED, EmbedMessages, {"before": at - SETTLED, "soon": at + CLOCK_SLACK})


async def ask_for_new_vectors() -> None:
    """The same for businesses with vectors that another model made; those are not compared meanwhile."""
    await _ask(_OTHER_MODEL, EmbedMessages, {"model": embedder_name()})


async def ask_for_idle_summaries() -> None:
    """Enqueue one `SummariseConversation` for each open conversation that was left a day ago and holds something new."""
    at = now()
    await _ask(_IDLE, SummariseConversation, {"idle": at - IDLE, "oldest": at - LOOKED_AT})


async def _ask(wanted: str, job: type[Job], values: dict[str, object]) -> None:
    at = now()
    values = {**values, "now": at, "hour_ago": at - timedelta(hours=1), "name": job.__name__, "queue": job.queue}
    async with system_db("sweep: memories") as db:
        rows = (await db.execute(_ENQUEUE.format(wanted=wanted), values)).all()
    for row in rows:
        handed_over(row.id, job.queue)
    if rows:
        log.debug("jobs of memory enqueued", job=job.__name__, count=len(rows))
