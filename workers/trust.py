"""Keep trust true: at once when something it is made of changes, and again and again for what only time changes."""

from datetime import timedelta
from uuid import UUID

from omni_app.customers.jobs import RefreshTrust
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import open_db, system_db
from omni_app.infra.errors import NotFound
from omni_app.infra.log import get_logger
from omni_app.infra.scope import system_scope
from omni_app.limits.trust import refresh_batch, refresh_trust
from workers.registry import handles

log = get_logger(__name__)

# Longer than the pause between two sweeps, so that a customer who wrote is seen by one for certain.
SEEN_WITHIN = timedelta(days=2)


@handles(RefreshTrust)
async def reckon_trust(business_id: UUID | None, job: RefreshTrust) -> None:
    """Reckon one customer's trust; one who was erased meanwhile has none."""
    assert business_id is not None
    try:
        async with open_db(system_scope(business_id)) as db:
            await refresh_trust(db, job.customer_id)
            live.publish(db, "customer.changed", customer_id=job.customer_id)
    except NotFound:
        return


async def refresh_all_trust() -> None:
    """Reckon the trust of everybody seen lately or suspected within 90 days, and take away restrictions that have ended."""
    seen_since, last, changed = now() - SEEN_WITHIN, UUID(int=0), 0
    while True:
        async with system_db("sweep: trust") as db:
            after, done = await refresh_batch(db, last, seen_since)
        changed += done
        if after is None:
            break
        last = after
    async with system_db("sweep: restrictions") as db:
        await db.execute(
            "update customers set restriction = '', restricted_until = null where restriction <> '' and restricted_until <= :now",
            {"now": now()},
        )
    if changed:
        log.info("trust reckoned anew", changed=changed)
