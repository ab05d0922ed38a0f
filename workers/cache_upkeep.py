"""Keep the cache true in the background: forget in Redis what was erased, fit the verifier to what staff judged."""

from uuid import UUID

from omni_app.cache import shared
from omni_app.cache.jobs import ForgetShared, RefitCache
from omni_app.cache.refitting import refit
from omni_app.infra.scope import system_scope
from workers.registry import handles


@handles(ForgetShared)
async def forget_shared(business_id: UUID | None, job: ForgetShared) -> None:
    """Fails while Redis is away, so that it is tried again."""
    assert business_id is not None
    await shared.forget(business_id, job.question_hashes)


@handles(RefitCache)
async def refit_cache(business_id: UUID | None, _: RefitCache) -> None:
    """Twice is as good as once."""
    assert business_id is not None
    await refit(system_scope(business_id))
