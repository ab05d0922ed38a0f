"""Whether the paid model answers, as the last calls of any process saw it. Kept in Redis for two minutes; never blocks a turn."""

from redis.exceptions import RedisError

from omni_app.infra.background import start_task
from omni_app.infra.log import get_logger
from omni_app.infra.redis import key, redis_client
from omni_app.llm.registry import find_language_model

log = get_logger(__name__)

REMEMBERED_SECONDS = 120

_failing: set[str] = set()


def note_failure(provider: str) -> None:
    """The provider could not answer just now."""
    _failing.add(provider)
    start_task(_write(provider, is_down=True), "provider health")


def note_success(provider: str) -> None:
    """The provider answered; costs nothing unless this process saw it fail before."""
    if provider in _failing:
        _failing.discard(provider)
        start_task(_write(provider, is_down=False), "provider health")


async def is_provider_down() -> bool:
    """Whether a paid model is configured and its last call failed. False when Redis is away: nobody knows."""
    model = find_language_model()
    if model is None:
        return False
    try:
        return await redis_client().get(key("provider-down", model.provider)) is not None
    except (RedisError, OSError):
        return False


async def _write(provider: str, *, is_down: bool) -> None:
    try:
        if is_down:
            await redis_client().set(key("provider-down", provider), "1", ex=REMEMBERED_SECONDS)
        else:
            await redis_client().delete(key("provider-down", provider))
    except (RedisError, OSError) as error:
        log.warning("provider health not noted", error=str(error))
