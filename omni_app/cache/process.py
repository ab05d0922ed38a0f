"""The first tier: answers in this process, for five minutes.

An entry is good for the cache version under which it was read or stored. The turn reads the business's version from the database
each time, so an answer that was removed since is not served from here, whoever missed the news.
"""

from collections import OrderedDict
from time import monotonic
from uuid import UUID

from omni_app.cache.keeping import PROCESS
from omni_app.cache.stored import StoredAnswer
from omni_app.infra.clock import now

KEPT = 20_000

_entries: OrderedDict[tuple[UUID, str], tuple[int, float, StoredAnswer]] = OrderedDict()


def holds(business_id: UUID, question_hash: str) -> bool:
    """Whether there is an entry, good or not: the other tiers need not be asked ahead."""
    return (business_id, question_hash) in _entries


def find(business_id: UUID, question_hash: str, cache_version: int, persona_version: int) -> StoredAnswer | None:
    """The answer kept for this wording and these versions."""
    kept = _entries.get((business_id, question_hash))
    if kept is None:
        return None
    version, until, answer = kept
    is_good = version == cache_version and answer.persona_version in (None, persona_version)
    if not is_good or until < monotonic():
        del _entries[(business_id, question_hash)]
        return None
    return answer


def keep(business_id: UUID, question_hash: str, cache_version: int, answer: StoredAnswer) -> None:
    seconds = min(PROCESS, answer.expires_at - now()).total_seconds()
    _entries[(business_id, question_hash)] = (cache_version, monotonic() + seconds, answer)
    _entries.move_to_end((business_id, question_hash))
    if len(_entries) > KEPT:
        _entries.popitem(last=False)


def forget_all() -> None:
    """As a process that has just started."""
    _entries.clear()
