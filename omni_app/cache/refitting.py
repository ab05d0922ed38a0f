"""Fit the verifier of one business to its own evidence: its taught phrasings, and what its staff called wrong."""

import asyncio
import json
from uuid import UUID

from sqlalchemy import text

from omni_app.cache.fitting import LEAST_PAIRS, WRONG_HERE_WEIGHT, Judged, fit_rule, replay_phrasings
from omni_app.cache.judging import shared_rule
from omni_app.cache.nearest import Entry, build_index
from omni_app.cache.rows import Rows, load_rows
from omni_app.cache.stored import bump
from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Scope
from omni_app.llm.embedding import embedder_name

log = get_logger(__name__)

_KEEP = text(
    """
    insert into cache_verifiers (business_id, embedding_model, coefficients, pairs, fitted_at)
    values (:business_id, :model, cast(:coefficients as jsonb), :pairs, :now)
    on conflict (business_id) do update set embedding_model = excluded.embedding_model, coefficients = excluded.coefficients,
      pairs = excluded.pairs, fitted_at = excluded.fitted_at
    """
)


async def refit(scope: Scope) -> bool:
    """Fit anew and let every process use it from the next turn on. False when there is too little evidence to learn from.

    A model without shared coefficients has a fixed rule, which no evidence shifts.
    """
    model = embedder_name()
    shared = shared_rule(model)
    if shared.fixed_cosine is not None:
        return False
    async with open_db(scope) as db:
        rows = await load_rows(db, model)
    pairs = await asyncio.to_thread(gather_pairs, rows)
    if len(pairs) < LEAST_PAIRS:
        return False
    coefficients = await asyncio.to_thread(fit_rule, pairs, shared.coefficients)
    async with open_db(scope) as db:
        await _keep(db, model, coefficients, len(pairs))
    log.info("verifier fitted", business_id=str(scope.business_id), pairs=len(pairs))
    return True


async def _keep(db: Db, model: str, coefficients: tuple[float, ...], pairs: int) -> None:
    # The index of each process holds the rule: a new version makes them build a new one.
    await bump(db)
    values = {
        "business_id": db.scope.business_id,
        "model": model,
        "coefficients": json.dumps(coefficients),
        "pairs": pairs,
        "now": now(),
    }
    await db.execute(_KEEP, values)


def gather_pairs(rows: Rows) -> list[Judged]:
    """The evidence of one business. Blocks for up to a second."""
    entries = [Entry(id=row.id, text=row.question, answer=row.answer.answer_hash, vector=row.vector) for row in rows.entries]
    pairs = replay_phrasings(entries, rows.model)
    index = build_index(entries, rows.model)
    seen: set[tuple[UUID, str]] = set()
    for one in rows.rejected:
        found = None if one.vector is None else index.find(one.question, one.vector)
        # Only what would be taken for that answer still is a lesson; one answer may stand under two keys.
        if found is None or found.answer != one.answer_hash or (found.entry_id, one.question_hash) in seen:
            continue
        seen.add((found.entry_id, one.question_hash))
        pairs.append(Judged(features=found.features, is_right=False, weight=WRONG_HERE_WEIGHT))
    return pairs
