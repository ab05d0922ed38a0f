"""Find FAQs worth writing: what the model is paid for again and again, and what nobody could answer."""

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db
from omni_app.infra.scope import Permission, Scope
from omni_app.infra.text import normalize
from omni_app.knowledge.grouping import SAME_AT
from omni_app.knowledge.suggestions import OPEN, Suggested, list_suggestions, store_suggestions
from omni_app.llm.embedding import embed, embedder_name
from omni_app.orchestrator.asked import Asked, group_asked, read_wordings

SPAN = timedelta(days=30)
MOST = 50
# One person who asks twice is no trend, and two who use the same words make them nobody's secret.
CUSTOMERS = 2
# What was asked in vain although an FAQ is near lacks that wording; only a wording that is all but taught is left out.
TAUGHT_AT = 0.9
_KNOWN = 2_000


async def suggest_faqs(scope: Scope) -> int:
    """Look through the last 30 days and make the open suggestions anew; gives how many are open now.

    Needs TEACH. Groups of wordings that two customers or more asked for, that no FAQ covers, and that nobody took or dismissed
    before. Doing it twice changes nothing.
    """
    scope.require(Permission.TEACH)
    # What the FAQs and documents answer needs nobody's work.
    wordings = [one for one in await read_wordings(scope, now() - SPAN) if one.in_vain or one.by_model]
    async with open_db(scope) as db:
        taught = await _taught(db)
        known, _ = await list_suggestions(db, None, 1, _KNOWN)
    groups = [group for group in await group_asked(wordings) if group.customers >= CUSTOMERS and not _is_taught(group, taught)]
    known_vectors = await embed([one.question for one in known])
    found: dict[str, Suggested] = {}
    for group in groups:
        key = normalize(group.question)
        if known:
            alike = known_vectors @ group.vector
            nearest = int(np.argmax(alike))
            if alike[nearest] >= SAME_AT:
                if known[nearest].status != OPEN:
                    continue
                key = known[nearest].group_key
        if key not in found:
            found[key] = _suggested(key, group)
    best = sorted(found.values(), key=lambda one: (-one.saving_nusd, -one.asked))[:MOST]
    async with open_db(scope) as db:
        await store_suggestions(db, best)
        _, total = await list_suggestions(db, OPEN, 1, 1)
    return total


async def _taught(db: Db) -> NDArray[np.float32]:
    """Vectors of all that is taught, float32 [n, dimensions]."""
    rows = await db.execute(
        "select cast(embedding as text) as vector from phrasings where embedding_model = :model", {"model": embedder_name()}
    )
    vectors = [np.array(row.vector[1:-1].split(","), dtype=np.float32) for row in rows]
    return np.stack(vectors) if vectors else np.empty((0, 0), np.float32)


def _is_taught(group: Asked, taught: NDArray[np.float32]) -> bool:
    if not len(taught):
        return False
    return float((taught @ group.vector).max()) >= (TAUGHT_AT if _is_in_vain(group) else SAME_AT)


def _is_in_vain(group: Asked) -> bool:
    return group.in_vain > group.by_model


def _suggested(key: str, group: Asked) -> Suggested:
    is_in_vain = _is_in_vain(group)
    draft = "" if is_in_vain else next((one.shared_answer for one in group.wordings if one.shared_answer), "")
    question = group.question[:1].upper() + group.question[1:]
    return Suggested(
        group_key=key,
        kind="not_known" if is_in_vain else "often_asked",
        question=question,
        answer=draft,
        examples=group.examples,
        asked=group.asked,
        saving_nusd=group.cost_nusd,
    )
