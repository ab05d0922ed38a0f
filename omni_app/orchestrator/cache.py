"""The first tier of the exact cache: answers of this process, for five minutes. The third tier is `cached_answers`.

Only self-contained messages ask it, and only answers that name nobody are put in. An entry is valid for one knowledge version,
which the turn reads from the database each time: a changed FAQ is never answered from here.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import UUID

from omni_app.infra.text import normalize
from omni_app.knowledge.text import is_self_contained

KEPT = 20_000
SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedText:
    """A shareable answer."""

    text: str
    source: str
    confidence: float | None
    sources: tuple[dict[str, Any], ...]


_entries: OrderedDict[tuple[UUID, str], tuple[int, float, CachedText]] = OrderedDict()


def question_hash(text: str) -> str:
    """The key of a self-contained message: SHA-256 (hex) of its normal form. Empty for a message that needs its context."""
    return hashlib.sha256(normalize(text).encode()).hexdigest() if is_self_contained(text) else ""


def find(business_id: UUID, question: str, version: int) -> CachedText | None:
    """The answer kept for this hash and knowledge version, at most five minutes old."""
    entry = _entries.get((business_id, question))
    if entry is None:
        return None
    known_version, until, cached = entry
    if known_version != version or until < monotonic():
        del _entries[(business_id, question)]
        return None
    return cached


def keep(business_id: UUID, question: str, version: int, cached: CachedText) -> None:
    _entries[(business_id, question)] = (version, monotonic() + SECONDS, cached)
    _entries.move_to_end((business_id, question))
    if len(_entries) > KEPT:
        _entries.popitem(last=False)
