"""Passages of a document: stored once a text is read, given their vectors, and then, all at once, put into service.

Each step is a transaction that looks at the row first, so any of them may be repeated, by the same worker or another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from omni_app.cache.forgetting import forget_document
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db
from omni_app.infra.ids import new_id
from omni_app.infra.jobs import enqueue
from omni_app.infra.scope import Scope
from omni_app.knowledge.cutting import Reading
from omni_app.knowledge.documents import bump_versions
from omni_app.knowledge.jobs import ReadDocument

MAX_PASSAGES = 20_000
_AT_ONCE = 500

_INSERT = text(
    """insert into passages (id, business_id, document_id, edition, position, heading, text, start, "end", page, embedding_model)
       values (:id, :business_id, :document_id, :edition, :position, :heading, :text, :start, :end, :page, '')"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToRead:
    """A document whose latest text is not in service yet. `has_passages`: it was read and cut already."""

    id: UUID
    edition: int
    file_name: str
    storage_key: str
    has_passages: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """A passage without a vector; `words` are what the vector is made from."""

    id: UUID
    words: str


def words_of(title: str, heading: str, passage: str) -> str:
    """What a passage's vector is made from: the innermost headings say what the text itself takes for granted."""
    names = [name for name in (heading.split(" › ")[-2:] if heading else [title]) if name]
    return ". ".join([*names, passage])


async def begin_reading(scope: Scope, document_id: UUID) -> ToRead | None:
    """Claim nothing, only look: the text that waits to be read, or None when there is nothing to do (any more)."""
    async with open_db(scope) as db:
        row = await _standing(db, document_id)
        if row is None:
            return None
        has_passages = bool(
            (
                await db.execute(
                    "select exists (select 1 from passages where document_id = :id and edition = :edition)",
                    {"id": document_id, "edition": row.edition},
                )
            ).scalar_one()
        )
        if not has_passages and row.status != "reading":
            await db.execute("update documents set status = 'reading' where id = :id", {"id": document_id})
            live.publish(db, "document.changed", document_id=document_id)
        return ToRead(
            id=document_id,
            edition=row.edition,
            file_name=row.file_name,
            storage_key=row.storage_key,
            has_passages=has_passages,
        )


async def store_reading(scope: Scope, document: ToRead, reading: Reading) -> None:
    """Keep what was read, unless another worker did meanwhile or the document was replaced or deleted."""
    async with open_db(scope) as db:
        # The business's row first, as everywhere, so that two documents cannot pass the cap together.
        await db.execute("select 1 from businesses where id = :id for no key update", {"id": scope.business_id})
        row = await _standing(db, document.id)
        if row is None or row.edition != document.edition or row.status == "embedding":
            return
        others = int(
            (await db.execute("select count(*) from passages where document_id <> :id", {"id": document.id})).scalar_one()
        )
        if others + len(reading.passages) > MAX_PASSAGES:
            problem = (
                f"Your documents hold {others:,} passages, this one {len(reading.passages):,} more. "
                f"{MAX_PASSAGES:,} is the most. Delete a document, then try again."
            )
            await _fail(db, document.id, problem)
            return
        await db.execute("delete from passages where document_id = :id and edition <> :served", _served(document.id, row))
        for first in range(0, len(reading.passages), _AT_ONCE):
            rows = [
                {
                    "id": new_id(),
                    "business_id": scope.business_id,
                    "document_id": document.id,
                    "edition": document.edition,
                    "position": first + index,
                    "heading": one.heading,
                    "text": reading.text[one.start : one.end],
                    "start": one.start,
                    "end": one.end,
                    "page": one.page,
                }
                for index, one in enumerate(reading.passages[first : first + _AT_ONCE])
            ]
            await db.session.execute(_INSERT, rows)
        await db.execute(
            """update documents set status = 'embedding', kind = :kind, pages = :pages, next_text = :text, passages = :passages,
                 passages_done = 0 where id = :id""",
            {
                "id": document.id,
                "kind": reading.kind,
                "pages": reading.pages,
                "text": reading.text,
                "passages": len(reading.passages),
            },
        )
        live.publish(db, "document.changed", document_id=document.id)


def _served(document_id: UUID, row: Any) -> dict[str, object]:
    return {"id": document_id, "served": row.served_edition}


async def fail_reading(scope: Scope, document: ToRead, problem: str) -> None:
    """Say why a document cannot be read; an older text of it goes on answering."""
    async with open_db(scope) as db:
        row = await _standing(db, document.id)
        if row is not None and row.edition == document.edition:
            await _fail(db, document.id, problem)


async def _fail(db: Db, document_id: UUID, problem: str) -> None:
    await db.execute(
        "update documents set status = 'failed', problem = :problem, updated_at = :now where id = :id",
        {"id": document_id, "problem": problem, "now": now()},
    )
    live.publish(db, "document.changed", document_id=document_id)


async def next_bare(scope: Scope, document: ToRead, limit: int) -> list[Bare]:
    """The next passages without a vector, in order; none when all have one or the text is out of date."""
    async with open_db(scope) as db:
        rows = await db.execute(
            """select p.id, p.heading, p.text, d.title from passages p join documents d on d.id = p.document_id
               where p.document_id = :id and p.edition = :edition and d.edition = :edition and p.embedding is null
               order by p.position limit :limit""",
            {"id": document.id, "edition": document.edition, "limit": limit},
        )
        return [Bare(id=row.id, words=words_of(row.title, row.heading, row.text)) for row in rows]


async def store_vectors(
    scope: Scope, document: ToRead, passages: Sequence[Bare], vectors: NDArray[np.float32], model: str
) -> None:
    """Write the vectors of some passages and say how far it is."""
    async with open_db(scope) as db:
        rows = [
            {"id": one.id, "model": model, "embedding": "[" + ",".join(f"{value:.6g}" for value in vector) + "]"}
            for one, vector in zip(passages, vectors, strict=True)
        ]
        await db.session.execute(
            text("update passages set embedding = cast(:embedding as vector), embedding_model = :model where id = :id"), rows
        )
        await db.execute(
            """update documents d set passages_done = (select count(*) from passages p where p.document_id = d.id
                 and p.edition = d.edition and p.embedding is not null) where d.id = :id and d.edition = :edition""",
            {"id": document.id, "edition": document.edition},
        )
        live.publish(db, "document.changed", document_id=document.id)


async def put_into_service(scope: Scope, document: ToRead) -> bool:
    """Let the new text answer and drop the old one, when every passage has its vector. False when it is not so (any more)."""
    async with open_db(scope) as db:
        await bump_versions(db)
        row = await _standing(db, document.id)
        if row is None or row.edition != document.edition:
            return False
        values = {"id": document.id, "edition": document.edition}
        left = await db.execute(
            "select exists (select 1 from passages where document_id = :id and edition = :edition and embedding is null)", values
        )
        if row.status != "embedding" or left.scalar_one():
            return False
        await db.execute("delete from passages where document_id = :id and edition <> :edition", values)
        await db.execute(
            """update documents set status = 'ready', problem = '', text = next_text, next_text = '', served_edition = edition,
                 passages_done = passages, ready_at = :now, updated_at = :now where id = :id""",
            {"id": document.id, "now": now()},
        )
        await forget_document(db, document.id)
        live.publish(db, "document.changed", document_id=document.id)
        return True


async def go_on_later(scope: Scope, document_id: UUID) -> None:
    """Give the rest of a long document to the next job, so that no job outlives its claim."""
    async with open_db(scope) as db:
        await enqueue(db, ReadDocument(document_id=document_id))


async def _standing(db: Db, document_id: UUID) -> Any:
    return (
        await db.execute(
            """select edition, served_edition, status, file_name, storage_key from documents
               where id = :id and status in ('waiting', 'reading', 'embedding') for update""",
            {"id": document_id},
        )
    ).one_or_none()
