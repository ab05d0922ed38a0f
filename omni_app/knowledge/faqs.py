"""Add, change, delete and list FAQs. Every change grows the business's knowledge version, which the next turn reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from omni_app import audit
from omni_app.cache.forgetting import forget_faq
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, FieldError, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission
from omni_app.infra.text import normalize
from omni_app.llm.embedding import embed, load_embedder

MAX_QUESTION = 500
MAX_ANSWER = 4000
MAX_PHRASINGS = 50

_SELECT = """
    select f.id, f.question, f.answer, f.version, f.created_at, f.updated_at,
      (select coalesce(jsonb_agg(p.text order by p.position), '[]') from phrasings p
       where p.faq_id = f.id and p.position > 0) as phrasings,
      count(*) over () as total
    from faqs f
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedFaq:
    """A checked FAQ with the vectors of its wordings: `vectors` float32 [1 + len(phrasings), dimensions], the question first."""

    question: str
    answer: str
    phrasings: tuple[str, ...]
    vectors: NDArray[np.float32]
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FaqView:
    """One FAQ as shown; `version` goes back with a change so that a change by somebody else is noticed."""

    id: UUID
    question: str
    answer: str
    phrasings: tuple[str, ...]
    version: int
    created_at: datetime
    updated_at: datetime


async def prepare_faq(question: str, answer: str, phrasings: Sequence[str] = ()) -> PreparedFaq:
    """Check an FAQ and compute its vectors, before any transaction is open. Raises `Invalid` with every wrong field."""
    problems: list[FieldError] = []
    question, answer = _clean(question), _storable(answer).strip()
    if not 1 <= len(question) <= MAX_QUESTION:
        problems.append(FieldError(field="question", message=f"Write a question of 1 to {MAX_QUESTION} characters."))
    if not 1 <= len(answer) <= MAX_ANSWER:
        problems.append(FieldError(field="answer", message=f"Write an answer of 1 to {MAX_ANSWER:,} characters."))
    if len(phrasings) > MAX_PHRASINGS:
        problems.append(FieldError(field="phrasings", message=f"An FAQ has at most {MAX_PHRASINGS} phrasings."))
    kept, seen = [], {normalize(question)}
    for index, phrasing in enumerate(phrasings[:MAX_PHRASINGS]):
        wording = _clean(phrasing)
        if not 1 <= len(wording) <= MAX_QUESTION:
            problems.append(
                FieldError(
                    field=f"phrasings.{index}", message=f"Write a phrasing of 1 to {MAX_QUESTION} characters, or leave it out."
                )
            )
        elif normalize(wording) not in seen:
            seen.add(normalize(wording))
            kept.append(wording)
    if problems:
        raise Invalid("This FAQ cannot be saved yet.", fields=problems)
    vectors = await embed([question, *kept])
    return PreparedFaq(question=question, answer=answer, phrasings=tuple(kept), vectors=vectors, model=load_embedder().name)


def _storable(value: str) -> str:
    # PostgreSQL keeps no zero bytes, and a lone surrogate cannot be written as UTF-8.
    return value.replace("\x00", "").encode("utf-8", "replace").decode()


def _clean(value: str) -> str:
    return " ".join(_storable(value).split())


async def create_faq(db: Db, faq: PreparedFaq) -> FaqView:
    """Add an FAQ; the next answer may use it. Raises `Forbidden`, and `Conflict` when the same question is taught already."""
    db.scope.require(Permission.TEACH)
    await _bump(db)
    await _check_unique(db, faq.question, None)
    faq_id, at = new_id(), now()
    await db.execute(
        """insert into faqs (id, business_id, question, answer, version, created_at, updated_at)
           values (:id, :business_id, :question, :answer, 1, :now, :now)""",
        {"id": faq_id, "business_id": db.scope.business_id, "question": faq.question, "answer": faq.answer, "now": at},
    )
    await _write_phrasings(db, faq_id, faq)
    await forget_faq(db, None, faq.vectors, faq.model)
    await audit.record(db, "faq.created", "faq", faq_id, after={"question": faq.question, "answer": faq.answer})
    live.publish(db, "faq.changed", faq_id=faq_id)
    return FaqView(
        id=faq_id, question=faq.question, answer=faq.answer, phrasings=faq.phrasings, version=1, created_at=at, updated_at=at
    )


async def update_faq(db: Db, faq_id: UUID, faq: PreparedFaq, version: int | None = None) -> FaqView:
    """Change an FAQ. With `version`, raises `Conflict` when somebody changed it since; `NotFound`, `Forbidden`."""
    db.scope.require(Permission.TEACH)
    await _bump(db)
    old = await load_faq(db, faq_id)
    if version is not None and version != old.version:
        raise Conflict("Somebody else changed this FAQ meanwhile. Look at their version, then save again.")
    await _check_unique(db, faq.question, faq_id)
    await db.execute(
        "update faqs set question = :question, answer = :answer, version = version + 1, updated_at = :now where id = :id",
        {"id": faq_id, "question": faq.question, "answer": faq.answer, "now": now()},
    )
    await db.execute("delete from phrasings where faq_id = :id", {"id": faq_id})
    await _write_phrasings(db, faq_id, faq)
    await forget_faq(db, faq_id, faq.vectors, faq.model)
    await audit.record(
        db,
        "faq.updated",
        "faq",
        faq_id,
        before={"question": old.question, "answer": old.answer, "phrasings": list(old.phrasings)},
        after={"question": faq.question, "answer": faq.answer, "phrasings": list(faq.phrasings)},
    )
    live.publish(db, "faq.changed", faq_id=faq_id)
    return await load_faq(db, faq_id)


async def delete_faq(db: Db, faq_id: UUID) -> None:
    """Forget an FAQ; the next answer does not use it. Raises `NotFound`, `Forbidden`."""
    db.scope.require(Permission.TEACH)
    await _bump(db)
    old = await load_faq(db, faq_id)
    await db.execute("delete from faqs where id = :id", {"id": faq_id})
    await forget_faq(db, faq_id)
    await audit.record(db, "faq.deleted", "faq", faq_id, before={"question": old.question, "answer": old.answer})
    live.publish(db, "faq.changed", faq_id=faq_id)


async def load_faq(db: Db, faq_id: UUID) -> FaqView:
    """Raises `NotFound`, also for another business's FAQ."""
    db.scope.require(Permission.VIEW)
    row = (await db.execute(f"{_SELECT} where f.id = :id", {"id": faq_id})).one_or_none()
    if row is None:
        raise NotFound("FAQ")
    return _view(row)


async def list_faqs(db: Db, search: str = "", page: int = 1, limit: int = 25) -> tuple[list[FaqView], int]:
    """One page of FAQs, newest change first, and how many there are. `search` looks in questions, answers and phrasings."""
    db.scope.require(Permission.VIEW)
    pattern = "%" + _clean(search).replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
    where = """ where cast(:search as text) = '%%' or f.question ilike :search or f.answer ilike :search
      or exists (select 1 from phrasings p where p.faq_id = f.id and p.text ilike :search)"""
    rows = (
        await db.execute(
            f"{_SELECT}{where} order by f.updated_at desc, f.id limit :limit offset :offset",
            {"search": pattern, "limit": limit, "offset": (page - 1) * limit},
        )
    ).all()
    if rows or page == 1:
        return [_view(row) for row in rows], rows[0].total if rows else 0
    total = (await db.execute(f"select count(*) from faqs f{where}", {"search": pattern})).scalar_one()  # noqa: S608
    return [], int(total)


def _view(row: object) -> FaqView:
    values = row._mapping  # type: ignore[attr-defined]
    return FaqView(
        id=values["id"],
        question=values["question"],
        answer=values["answer"],
        phrasings=tuple(values["phrasings"]),
        version=values["version"],
        created_at=values["created_at"],
        updated_at=values["updated_at"],
    )


async def _bump(db: Db) -> None:
    # The row lock makes changes of one business's knowledge wait for each other, so checks and versions are exact.
    await db.execute(
        "update businesses set knowledge_version = knowledge_version + 1 where id = :id", {"id": db.scope.business_id}
    )


async def _check_unique(db: Db, question: str, faq_id: UUID | None) -> None:
    rows = await db.execute("select id, question from faqs where lower(question) = lower(:question)", {"question": question})
    if any(row.id != faq_id for row in rows):
        raise Conflict("This question is taught already. Change that FAQ instead.")


async def _write_phrasings(db: Db, faq_id: UUID, faq: PreparedFaq) -> None:
    rows = [
        {
            "id": new_id(),
            "business_id": db.scope.business_id,
            "faq_id": faq_id,
            "position": position,
            "text": wording,
            "model": faq.model,
            "embedding": "[" + ",".join(f"{value:.6g}" for value in vector) + "]",
        }
        for position, (wording, vector) in enumerate(zip((faq.question, *faq.phrasings), faq.vectors, strict=True))
    ]
    await db.session.execute(
        text(
            """insert into phrasings (id, business_id, faq_id, position, text, embedding_model, embedding)
               values (:id, :business_id, :faq_id, :position, :text, :model, cast(:embedding as vector))"""
        ),
        rows,
    )
