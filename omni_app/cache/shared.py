"""The second tier: answers in Redis, by business and wording, for one to 24 hours.

Each says under which cache version it was stored, and is good for that one alone: a removed answer that still lies here is served
by nobody. Redis may be away: then nothing is found and nothing is kept.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError

from omni_app.cache.stored import StoredAnswer
from omni_app.infra.clock import now
from omni_app.infra.log import get_logger
from omni_app.infra.redis import key, redis_client

log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedAnswer:
    """What lies in Redis: good while the business is at `cache_version`, and at the answer's own persona if it has one."""

    cache_version: int
    answer: StoredAnswer

    def fits(self, cache_version: int, persona_version: int) -> bool:
        is_current = self.cache_version == cache_version and self.answer.persona_version in (None, persona_version)
        return is_current and self.answer.expires_at > now()


def answer_name(business_id: UUID, question_hash: str) -> str:
    """The Redis key of one answer."""
    return key("cache", str(business_id), question_hash)


def vectors_name(business_id: UUID) -> str:
    """The Redis key of a business's packed vectors."""
    return key("cache", str(business_id), "vectors")


async def find(business_id: UUID, question_hash: str) -> SharedAnswer | None:
    """What Redis holds for this wording, of whatever version."""
    try:
        return read(await redis_client().get(answer_name(business_id, question_hash)))
    except (RedisError, OSError) as error:
        log.warning("shared cache not read", error=str(error))
        return None


async def keep(business_id: UUID, question_hash: str, cache_version: int, answer: StoredAnswer, lasts: timedelta) -> None:
    """Keep an answer for `lasts`, and no longer than PostgreSQL does."""
    seconds = int(min(lasts, answer.expires_at - now()).total_seconds())
    if seconds <= 0:
        return
    try:
        await redis_client().set(answer_name(business_id, question_hash), write(cache_version, answer), ex=seconds)
    except (RedisError, OSError) as error:
        log.warning("shared cache not written", error=str(error))


async def forget(business_id: UUID, question_hashes: Sequence[str]) -> None:
    """Remove these wordings and the packed vectors, which hold wordings too. Raises RedisError when Redis is away."""
    names = [vectors_name(business_id), *(answer_name(business_id, one) for one in question_hashes)]
    for start in range(0, len(names), 500):
        await redis_client().delete(*names[start : start + 500])


def values_of(answer: StoredAnswer) -> dict[str, Any]:
    """An answer as JSON holds it."""
    entry_id = str(answer.id) if answer.id else None
    return {**asdict(answer), "id": entry_id, "expires_at": answer.expires_at.isoformat()}


def answer_of(values: dict[str, Any]) -> StoredAnswer:
    """The answer of `values_of`."""
    known = {
        "id": UUID(values["id"]) if values["id"] else None,
        "sources": tuple(values["sources"]),
        "depends": tuple(values["depends"]),
        "expires_at": datetime.fromisoformat(values["expires_at"]),
    }
    return StoredAnswer(**{**values, **known})


def write(cache_version: int, answer: StoredAnswer) -> bytes:
    return json.dumps({"version": cache_version, "answer": values_of(answer)}).encode()


def read(raw: bytes | None) -> SharedAnswer | None:
    """What lies under an answer's key."""
    if raw is None:
        return None
    values = json.loads(raw)
    return SharedAnswer(cache_version=values["version"], answer=answer_of(values["answer"]))
