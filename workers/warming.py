"""Warm caches and look for FAQs worth writing."""

from uuid import UUID

from omni_app.cache.rules import load_cache_rules
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict
from omni_app.infra.log import get_logger
from omni_app.infra.scope import system_scope
from omni_app.orchestrator.asking_ahead import warm
from omni_app.orchestrator.jobs import StartWarming, SuggestFaqs, WarmCache
from omni_app.orchestrator.suggesting import suggest_faqs
from omni_app.orchestrator.warming import start_warming
from workers.registry import handles

log = get_logger(__name__)


@handles(StartWarming)
async def start_tonight(business_id: UUID | None, _: StartWarming) -> None:
    """Start the run of a night, unless it is not wanted any more or another is under way."""
    assert business_id is not None
    scope = system_scope(business_id)
    async with open_db(scope) as db:
        rules = await load_cache_rules(db)
    if not rules.warms_nightly:
        return
    try:
        await start_warming(scope, rules.warming_limit_nusd)
    except Conflict as error:
        log.info("no warming tonight", reason=str(error))


@handles(WarmCache)
async def warm_cache(business_id: UUID | None, job: WarmCache) -> None:
    """Bring one warming run further; what is stored already is not asked again."""
    assert business_id is not None
    await warm(system_scope(business_id), job.warming_id, job.tried)


@handles(SuggestFaqs)
async def look_for_suggestions(business_id: UUID | None, _: SuggestFaqs) -> None:
    """Make a business's open suggestions anew."""
    assert business_id is not None
    await suggest_faqs(system_scope(business_id))
