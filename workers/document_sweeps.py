"""Ask for the reading of documents whose job is gone, or whose vectors another model made."""

from datetime import timedelta

from sqlalchemy import text

from omni_app.infra.clock import now
from omni_app.infra.database import system_db
from omni_app.infra.jobs import handed_over
from omni_app.infra.log import get_logger
from omni_app.knowledge.jobs import ReadDocument
from omni_app.llm.embedding import embedder_name

log = get_logger(__name__)

# One job while it stands; one that died for good is tried again after an hour.
_UNREAD = text(
    """
    insert into outbox (id, business_id, kind, name, queue, payload, created_at, available_at, attempts)
    select gen_random_uuid(), d.business_id, 'job', cast(:name as text), :queue, jsonb_build_object('document_id', d.id),
      :now, :now, 0
    from documents d
    where d.status in ('waiting', 'reading', 'embedding')
      and not exists (select 1 from outbox o where o.name = cast(:name as text) and o.payload->>'document_id' = d.id::text
        and (o.dead_at is null or o.dead_at > :hour_ago))
    limit 200
    returning id
    """
)


# Read anew like a replaced one: the old text answers until the new vectors are there.
_OTHER_MODEL = text(
    """
    update documents d set status = 'waiting', problem = '', next_text = '', edition = d.edition + 1, passages_done = 0
    where d.status = 'ready' and exists (select 1 from passages p where p.document_id = d.id and p.edition = d.served_edition
      and p.embedding_model <> :model)
    returning d.id
    """
)


async def ask_for_new_passages() -> None:
    """Have every document read anew whose passages have vectors of another model: a question is never compared with those."""
    async with system_db("sweep: vectors of another model") as db:
        rows = (await db.execute(_OTHER_MODEL, {"model": embedder_name()})).all()
    if rows:
        log.info("documents are read anew for another model", count=len(rows))


async def ask_for_unread_documents() -> None:
    """Enqueue one `ReadDocument` for each document that waits without a job."""
    at = now()
    values = {"now": at, "hour_ago": at - timedelta(hours=1), "name": ReadDocument.__name__, "queue": ReadDocument.queue}
    async with system_db("sweep: unread documents") as db:
        rows = (await db.execute(_UNREAD, values)).all()
    for row in rows:
        handed_over(row.id, ReadDocument.queue)
    if rows:
        log.warning("unread documents given to the worker", count=len(rows))
