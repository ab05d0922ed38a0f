"""Remove the answers that a change makes doubtful, in the transaction of the change.

Every function first grows the business's cache version. That locks its row, so a turn that is about to store an answer made from
older facts waits, sees the new version and stores nothing; and it tells the other tiers that what they hold is of yesterday.
Answers nothing speaks against stay in PostgreSQL and fill those tiers again. A changed persona removes nothing here: answers
that hold it name its version (`CachedAnswer.persona_version`).
"""

from collections.abc import Sequence
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from omni_app.cache.jobs import ForgetShared
from omni_app.cache.stored import bump, vector_text
from omni_app.infra.database import Db
from omni_app.infra.jobs import enqueue

# A question at least this near (cosine, MiniLM) to a new wording might be answered better by what stands there. Questions that
# mean the same are above 0.75 nearly always, so this errs on the side of asking the model once more.
NEAR = 0.5
# Comparisons of one removal; half a million take a second. Beyond, all answers of the model go: that needs no look.
MOST_COMPARED = 500_000
# Keys a job carries.
_AT_ONCE = 1_000

# What the free brain said rests on everything taught: each new FAQ may be the better one. Saying it again costs nothing.
_LOCAL = "k.source in ('faq', 'passage')"
_FORGET_LOCAL = text(f"delete from cached_answers k where {_LOCAL}")  # noqa: S608 (a constant)
_FORGET_NAMED = text(f"delete from cached_answers k where {_LOCAL} or k.depends @> cast(:named as jsonb)")  # noqa: S608
_FORGET_MADE = text("delete from cached_answers k where k.embedding is not null")
# CASE keeps vectors of another model, which may have another size, away from the operator.
_FORGET_NEAR = text(
    """
    delete from cached_answers k using (select cast(one as vector) as vector from unnest(cast(:vectors as text[])) one) n
    where case when k.embedding_model = :model then (k.embedding <=> n.vector) <= :far else k.embedding is not null end
    """
)
_FORGET_NEAR_PASSAGES = text(
    """
    delete from cached_answers k where k.embedding is not null and exists (
      select 1 from passages p where p.document_id = :document_id
        and case when p.embedding_model = k.embedding_model then (k.embedding <=> p.embedding) <= :far else true end)
    """
)
_COUNT = text(
    """
    select (select count(*) from cached_answers k where k.embedding is not null)
      * (select count(*) from passages p where p.document_id = :document_id) as compared
    """
)
_FORGET_WORDINGS = (
    text("delete from cached_answers where question_hash = any(:hashes)"),
    text("delete from cache_rejections where question_hash = any(:hashes)"),
)
_FORGET_MATCHED = text("update receipts set matched_question = '' where matched_question <> '' and matched_question = any(:said)")
_FORGET_REJECTED = text("update cache_rejections set matched_question = '' where matched_question = any(:said)")


async def forget_local(db: Db) -> None:
    """Remove what the free brain said."""
    await bump(db)
    await db.execute(_FORGET_LOCAL)


async def forget_faq(db: Db, faq_id: UUID | None, vectors: NDArray[np.float32] | None = None, model: str = "") -> None:
    """An FAQ was added, changed or deleted: answers made from it go, and those near its new wordings.

    `faq_id` is None for a new one; `vectors` float32 [wordings, dimensions] of the embedder `model`, None for a deleted one.
    """
    await bump(db)
    if faq_id is None:
        await db.execute(_FORGET_LOCAL)
    else:
        await db.execute(_FORGET_NAMED, {"named": f'["faq:{faq_id}"]'})
    if vectors is not None and len(vectors):
        lines = [vector_text(vector) for vector in vectors]
        await db.execute(_FORGET_NEAR, {"vectors": lines, "model": model, "far": 1 - NEAR})


async def forget_document(db: Db, document_id: UUID, *, most_compared: int = MOST_COMPARED) -> None:
    """A document's text was put into service, renamed or removed: answers made from it go, and those near its passages.

    Call it after new passages are in place and before old ones are deleted with their document. Where nearness would take more
    than `most_compared` comparisons, all answers of the model go.
    """
    await bump(db)
    await db.execute(_FORGET_NAMED, {"named": f'["document:{document_id}"]'})
    values = {"document_id": document_id}
    if int((await db.execute(_COUNT, values)).scalar_one()) > most_compared:
        await db.execute(_FORGET_MADE)
    else:
        await db.execute(_FORGET_NEAR_PASSAGES, {**values, "far": 1 - NEAR})


async def forget_questions(db: Db, hashes: Sequence[str], said: Sequence[str]) -> None:
    """Remove every trace of questions one customer asked: entries, rejections, what receipts of others show of them.

    `hashes` are the questions' keys, `said` their words. Redis is cleared by a job after the commit, until it was there for it.
    """
    await bump(db)
    for statement in _FORGET_WORDINGS:
        await db.execute(statement, {"hashes": list(hashes)})
    await db.execute(_FORGET_MATCHED, {"said": list(said)})
    await db.execute(_FORGET_REJECTED, {"said": list(said)})
    # Also without a row: it may have expired here before it does there.
    for start in range(0, len(hashes), _AT_ONCE):
        await enqueue(db, ForgetShared(question_hashes=tuple(hashes[start : start + _AT_ONCE])))
