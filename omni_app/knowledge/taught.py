"""The fitted matcher of each business, kept in this process and fitted anew when its knowledge version changed."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from sqlalchemy import text

from omni_app.infra.database import open_db
from omni_app.infra.scope import Scope
from omni_app.knowledge.matching import Matcher, Taught, fit_matcher
from omni_app.llm.embedding import load_embedder

KEPT = 200

_LOAD = text(
    """
    select b.knowledge_version, f.id, f.question, f.answer, p.text, p.position, p.embedding::text as embedding, p.embedding_model
    from businesses b left join faqs f on f.business_id = b.id left join phrasings p on p.faq_id = f.id
    where b.id = :business_id order by f.created_at, f.id, p.position
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaughtFaq:
    """One FAQ as the brain needs it."""

    id: UUID
    question: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What one business taught, as of `version`."""

    version: int
    faqs: dict[UUID, TaughtFaq]
    matcher: Matcher


_kept: OrderedDict[UUID, Knowledge] = OrderedDict()
_loading: dict[UUID, asyncio.Lock] = {}


async def load_knowledge(scope: Scope, version: int) -> Knowledge:
    """The knowledge of a business at `version` or newer. Reads and fits (about a second) only when it changed."""
    known = _kept.get(scope.business_id)
    if known is not None and known.version >= version:
        _kept.move_to_end(scope.business_id)
        return known
    lock = _loading.setdefault(scope.business_id, asyncio.Lock())
    async with lock:
        known = _kept.get(scope.business_id)
        if known is not None and known.version >= version:
            return known
        fresh = await _load(scope)
        _kept[scope.business_id] = fresh
        _kept.move_to_end(scope.business_id)
        while len(_kept) > KEPT:
            business_id, _ = _kept.popitem(last=False)
            _loading.pop(business_id, None)
        return fresh


async def _load(scope: Scope) -> Knowledge:
    async with open_db(scope) as db:
        rows = (await db.execute(_LOAD, {"business_id": scope.business_id})).all()
    embedder = await asyncio.to_thread(load_embedder)
    faqs = {row.id: TaughtFaq(id=row.id, question=row.question, answer=row.answer) for row in rows if row.id is not None}
    wordings = [row for row in rows if row.text is not None]
    stale = [row.text for row in wordings if row.embedding_model != embedder.name]
    # Vectors of another model must never be compared; these are few and short, so they are made anew on the spot.
    renewed = iter(await asyncio.to_thread(embedder.embed, stale)) if stale else iter(())
    taught = [
        Taught(
            faq_id=row.id,
            text=row.text,
            vector=next(renewed)
            if row.embedding_model != embedder.name
            else np.array(row.embedding[1:-1].split(","), dtype=np.float32),
        )
        for row in wordings
    ]
    matcher = await asyncio.to_thread(fit_matcher, taught)
    return Knowledge(version=rows[0].knowledge_version if rows else 0, faqs=faqs, matcher=matcher)
