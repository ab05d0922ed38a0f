"""Ask for warming runs and FAQ suggestions by the clock, and for runs whose job is gone."""

from datetime import timedelta
from uuid import UUID

from redis.exceptions import RedisError
from sqlalchemy import text

from omni_app.infra.clock import now
from omni_app.infra.database import system_db
from omni_app.infra.jobs import Job, handed_over
from omni_app.infra.log import get_logger
from omni_app.infra.redis import key, redis_client
from omni_app.insights.periods import zone_of
from omni_app.orchestrator.jobs import StartWarming, SuggestFaqs, WarmCache

log = get_logger(__name__)

# By the business's own clock: nobody asks, and answers that expire after a day are fresh in the morning.
NIGHT = range(3, 6)
A_NIGHT_AGO = timedelta(hours=20)
SUGGESTED_EVERY = timedelta(days=7)

# A run whose job is gone gets another one.
_LOST = text(
    """
    insert into outbox (id, business_id, kind, name, queue, payload, created_at, available_at, attempts)
    select gen_random_uuid(), w.business_id, 'job', cast(:name as text), :queue, jsonb_build_object('warming_id', w.id), :now,
      :now, 0
    from cache_warmings w
    where w.status = 'running'
      and not exists (select 1 from outbox o where o.name = cast(:name as text) and o.payload->>'warming_id' = w.id::text
        and (o.dead_at is null or o.dead_at > :hour_ago))
    limit 200
    returning id
    """
)
_WANT_WARMING = text(
    """
    select b.id, b.timezone from businesses b where b.cache_rules @> '{"warms_nightly": true}'
      and not exists (select 1 from cache_warmings w where w.business_id = b.id and w.created_at > :lately)
      and not exists (select 1 from outbox o where o.business_id = b.id and o.name = cast(:name as text) and o.dead_at is null)
    """
)
_ASKED_LATELY = text(
    """
    select b.id from businesses b where exists (select 1 from conversations c where c.business_id = b.id
      and c.last_customer_at > :lately)
    """
)
_ENQUEUE = text(
    """
    insert into outbox (id, business_id, kind, name, queue, payload, created_at, available_at, attempts)
    values (gen_random_uuid(), :business_id, 'job', :name, :queue, '{}', :now, :now, 0) returning id
    """
)


async def ask_for_lost_warmings() -> None:
    """Enqueue one `WarmCache` for each run that is under way without a job."""
    at = now()
    values = {"now": at, "hour_ago": at - timedelta(hours=1), "name": WarmCache.__name__, "queue": WarmCache.queue}
    async with system_db("sweep: warmings") as db:
        rows = (await db.execute(_LOST, values)).all()
    for row in rows:
        handed_over(row.id, WarmCache.queue)
    if rows:
        log.warning("warming runs given to the worker", count=len(rows))


async def ask_for_nightly_warmings() -> None:
    """Enqueue one `StartWarming` a night for each business that wants one, at its own night."""
    at = now()
    async with system_db("sweep: nightly warming") as db:
        rows = (await db.execute(_WANT_WARMING, {"lately": at - A_NIGHT_AGO, "name": StartWarming.__name__})).all()
    for row in rows:
        if at.astimezone(zone_of(row.timezone)).hour in NIGHT:
            await _ask(row.id, StartWarming)


async def ask_for_suggestions() -> None:
    """Enqueue one `SuggestFaqs` a week for each business that somebody wrote to in that week."""
    async with system_db("sweep: suggestions") as db:
        businesses = (await db.execute(_ASKED_LATELY, {"lately": now() - SUGGESTED_EVERY})).scalars().all()
    for business_id in businesses:
        try:
            # A mark that is lost costs one look more.
            if not await redis_client().set(key("suggested", str(business_id)), "1", nx=True, ex=SUGGESTED_EVERY):
                continue
        except (RedisError, OSError):
            return
        await _ask(business_id, SuggestFaqs)


async def _ask(business_id: UUID, job: type[Job]) -> None:
    async with system_db("sweep: warming") as db:
        values = {"business_id": business_id, "name": job.__name__, "queue": job.queue, "now": now()}
        outbox_id = (await db.execute(_ENQUEUE, values)).scalar_one()
    handed_over(outbox_id, job.queue)
