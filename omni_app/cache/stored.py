"""The third tier: answers in PostgreSQL. Put them there, look one up, list them, remove them.

`ENTRY` is the one statement that stores; the recording of a turn holds it as well. It checks that the business is as it was when
the answer was made, under a lock that a change of the business waits for, so an answer made from older facts is never stored.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from omni_app import audit
from omni_app.cache.keys import answer_key, question_key
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Forbidden, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission

Vector = NDArray[np.float32]

MAX_PATTERN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """A business as it was when an answer was made: what it taught, what was removed from the cache, its rules and hours."""

    knowledge: int
    cache: int
    persona: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """An answer that may be served again. `matched_question` is set for a wording that was found to mean another question.

    `persona_version` is set when the answer holds the business's rules, hours or prices: it serves that version alone.
    `id` is None for a taught phrasing, which stands in no row of the cache.
    """

    id: UUID | None
    text: str
    source: str
    confidence: float | None
    sources: tuple[dict[str, Any], ...]
    depends: tuple[str, ...]
    answer_hash: str
    persona_version: int | None
    cost_nusd: int
    expires_at: datetime
    matched_question: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An answer to store for everybody who asks the same. See `CachedAnswer` for the fields.

    `vector` is the question's, float32 [dimensions], of `embedding_model`; entries without one serve the same words only.
    `answer_hash` is empty for an answer of its own; entries with one hash say the same. `is_model_made` binds it to the persona.
    `matched_question` is the wording of `same_as_id`.
    """

    question: str
    text: str
    source: str
    versions: Versions
    lasts: timedelta
    kind: str = "asked"
    confidence: float | None = None
    sources: tuple[dict[str, Any], ...] = ()
    depends: tuple[str, ...] = ()
    is_model_made: bool = False
    cost_nusd: int = 0
    answer_hash: str = ""
    same_as_id: UUID | None = None
    matched_question: str = ""
    vector: Vector | None = None
    embedding_model: str = ""

    @property
    def question_hash(self) -> str:
        return question_key(self.question)

    def serve(self, entry_id: UUID, at: datetime) -> StoredAnswer:
        """The same as those who ask next get it."""
        return StoredAnswer(
            id=entry_id,
            text=self.text,
            source=self.source,
            confidence=self.confidence,
            sources=self.sources,
            depends=self.depends,
            answer_hash=self.answer_hash or answer_key(self.text),
            persona_version=self.versions.persona if self.is_model_made else None,
            cost_nusd=self.cost_nusd,
            expires_at=at + self.lasts,
            matched_question=self.matched_question,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """One entry as listed. `kind`: asked, warmed, faq or same (another wording of `matched_question`)."""

    id: UUID
    question: str
    text: str
    kind: str
    source: str
    matched_question: str
    cost_nusd: int
    created_at: datetime
    expires_at: datetime


# The business, locked against changes, if it is still as the answer took it to be and staff did not say that this answer is
# wrong here. A common table expression `current` for `ENTRY`; `:k_…` are `entry_values`.
CURRENT = """
    select b.id from businesses b where b.id = :k_business_id and b.knowledge_version = :k_knowledge
      and b.cache_version = :k_cache and b.persona_version = :k_persona and cast(:k_is_new as boolean)
      and not exists (select 1 from cache_rejections j where j.business_id = b.id and j.question_hash = :k_question_hash
        and j.answer_hash = :k_answer_hash)
    for share of b
"""
ENTRY = """
    insert into cached_answers (id, business_id, question_hash, question, knowledge_version, kind, same_as_id, text, answer_hash,
      source, confidence, sources, depends, persona_version, cost_nusd, embedding_model, embedding, created_at, expires_at)
    select :k_id, b.id, :k_question_hash, :k_question, :k_knowledge, :k_kind, cast(:k_same_as_id as uuid), :k_text,
      :k_answer_hash, :k_source, cast(:k_confidence as double precision), cast(:k_sources as jsonb), cast(:k_depends as jsonb),
      cast(:k_answer_persona as bigint), :k_cost_nusd, :k_embedding_model, cast(:k_embedding as vector), :k_now, :k_until
    from current b where {condition}
    on conflict (business_id, question_hash) do update set question = excluded.question,
      knowledge_version = excluded.knowledge_version, kind = excluded.kind, same_as_id = excluded.same_as_id,
      text = excluded.text, answer_hash = excluded.answer_hash, source = excluded.source, confidence = excluded.confidence,
      sources = excluded.sources, depends = excluded.depends, persona_version = excluded.persona_version,
      cost_nusd = excluded.cost_nusd, embedding_model = excluded.embedding_model, embedding = excluded.embedding,
      created_at = excluded.created_at, expires_at = excluded.expires_at
    returning id
"""
_STORE = text(f"with current as materialized ({CURRENT}) {ENTRY.format(condition='true')}")

# What one row serves, as JSON; `k` is the row, `b` its business. Old persona and past days are no rows.
SERVED = """
    jsonb_build_object('id', k.id, 'text', k.text, 'source', k.source, 'confidence', k.confidence, 'sources', k.sources,
      'depends', k.depends, 'answer_hash', k.answer_hash, 'persona_version', k.persona_version, 'cost_nusd', k.cost_nusd,
      'expires_at', k.expires_at,
      'matched_question', coalesce((select o.question from cached_answers o where o.id = k.same_as_id), ''))
"""
IS_VALID = "k.expires_at > now() and (k.persona_version is null or k.persona_version = b.persona_version)"
# What staff called wrong for these words: keys of answers.
REJECTED = "array(select j.answer_hash from cache_rejections j where j.business_id = b.id and j.question_hash = :question_hash)"
_FIND = text(
    f"""
    select b.cache_version, (select {SERVED} from cached_answers k
      where k.business_id = b.id and k.question_hash = :question_hash and {IS_VALID}) as cached,
      {REJECTED} as rejected
    from businesses b where b.id = :business_id
    """  # noqa: S608 (constants of this module)
)
_VERSIONS = text("select knowledge_version, cache_version, persona_version from businesses where id = :id")
_BUMP = text("update businesses set cache_version = cache_version + 1 where id = :id")

_LIST = """
    select k.id, k.question, k.text, k.kind, k.source, k.cost_nusd, k.created_at, k.expires_at,
      coalesce(o.question, '') as matched_question, count(*) over () as total
    from cached_answers k join businesses b on b.id = k.business_id left join cached_answers o on o.id = k.same_as_id
"""


def vector_text(vector: Vector) -> str:
    """A vector as PostgreSQL reads it."""
    return "[" + ",".join(f"{value:.6g}" for value in vector.tolist()) + "]"


def served(values: dict[str, Any]) -> StoredAnswer:
    """A row of `SERVED`."""
    entry_id, expires_at = values["id"], values["expires_at"]
    return StoredAnswer(
        id=UUID(entry_id) if entry_id else None,
        text=values["text"],
        source=values["source"],
        confidence=values["confidence"],
        sources=tuple(values["sources"]),
        depends=tuple(values["depends"]),
        answer_hash=values["answer_hash"],
        persona_version=values["persona_version"],
        cost_nusd=values["cost_nusd"],
        expires_at=datetime.fromisoformat(expires_at),
        matched_question=values["matched_question"],
    )


def entry_values(business_id: UUID, entry: NewEntry | None, entry_id: UUID, at: datetime) -> dict[str, Any]:
    """The parameters of `CURRENT` and `ENTRY`; with None for `entry` nothing is stored."""
    return {
        "k_business_id": business_id,
        "k_is_new": entry is not None,
        "k_id": entry_id,
        "k_now": at,
        "k_until": at + entry.lasts if entry else at,
        "k_question_hash": entry.question_hash if entry else "",
        "k_question": entry.question if entry else "",
        "k_knowledge": entry.versions.knowledge if entry else 0,
        "k_cache": entry.versions.cache if entry else 0,
        "k_persona": entry.versions.persona if entry else 0,
        "k_answer_persona": entry.versions.persona if entry and entry.is_model_made else None,
        "k_kind": entry.kind if entry else "",
        "k_same_as_id": entry.same_as_id if entry else None,
        "k_text": entry.text if entry else "",
        "k_answer_hash": (entry.answer_hash or answer_key(entry.text)) if entry else "",
        "k_source": entry.source if entry else "",
        "k_confidence": entry.confidence if entry else None,
        "k_sources": json.dumps(entry.sources) if entry else "[]",
        "k_depends": json.dumps(entry.depends) if entry else "[]",
        "k_cost_nusd": entry.cost_nusd if entry else 0,
        "k_embedding_model": entry.embedding_model if entry else "",
        "k_embedding": vector_text(entry.vector) if entry and entry.vector is not None else None,
    }


async def load_versions(db: Db) -> Versions:
    """The business as it is now. Raises `NotFound`."""
    row = (await db.execute(_VERSIONS, {"id": db.scope.business_id})).one_or_none()
    if row is None:
        raise NotFound("business")
    return Versions(knowledge=row.knowledge_version, cache=row.cache_version, persona=row.persona_version)


async def store_answers(db: Db, entries: Sequence[NewEntry]) -> int:
    """Store answers made outside a turn (warming); return how many were.

    One whose business changed since `versions`, or that staff called wrong for its question, is left out. Raises `Forbidden`.
    """
    require_teacher(db)
    stored = 0
    for entry in entries:
        found = await db.execute(_STORE, entry_values(db.scope.business_id, entry, new_id(), now()))
        stored += len(found.all())
    if stored:
        live.publish(db, "cache.changed")
    return stored


async def find_stored(db: Db, question_hash: str) -> tuple[int, dict[str, Any] | None, tuple[str, ...]]:
    """Read in one look: the cache version of the business, the answer to this wording (for `served`), and the keys of the answers
    staff called wrong for it. Raises `NotFound`."""
    found = await db.execute(_FIND, {"business_id": db.scope.business_id, "question_hash": question_hash})
    row = found.one_or_none()
    if row is None:
        raise NotFound("business")
    return row.cache_version, row.cached, tuple(row.rejected)


async def bump(db: Db) -> None:
    """Tell every process that answers are about to be removed, and make those who store one wait: call it before deleting."""
    await db.execute(_BUMP, {"id": db.scope.business_id})
    live.publish(db, "cache.changed")


async def clear(db: Db, *, pattern: str | None = None, entry_id: UUID | None = None) -> int:
    """Remove stored answers from every tier and return how many: one entry with the wordings that stand for it, those whose
    question fits `pattern` (`*` stands for anything, case does not matter, without a `*` anywhere in it), or all.

    Raises `Forbidden`, `NotFound` (entry), `Invalid` (field `pattern`).
    """
    require_teacher(db)
    await bump(db)
    where, values = "true", dict[str, Any]()
    if entry_id is not None:
        where, values = "id = :entry_id", {"entry_id": entry_id}
    elif pattern is not None:
        # PostgreSQL keeps neither a zero byte nor a lone surrogate, in the audit trail either.
        pattern = pattern.replace("\x00", "").encode("utf-8", "replace").decode()
        where, values = "question ilike :pattern", {"pattern": like(pattern)}
    # What a removed entry's cascade takes along counts as well.
    found = await db.execute(
        f"""with gone as (select id from cached_answers where {where})
            delete from cached_answers where id in (select id from gone) or same_as_id in (select id from gone) returning id""",  # noqa: S608
        values,
    )
    count = len(found.all())
    if entry_id is not None and not count:
        raise NotFound("stored answer")
    what = {"pattern": pattern} if pattern is not None else {"entry": str(entry_id)} if entry_id else {"all": True}
    await audit.record(db, "cache.cleared", "business", db.scope.business_id, after={**what, "removed": count})
    return count


async def list_entries(db: Db, search: str = "", page: int = 1, limit: int = 25) -> tuple[list[EntryView], int]:
    """One page of what would be served, newest first, and how many there are. `search` looks in questions and answers."""
    db.scope.require(Permission.VIEW)
    where = f"where {IS_VALID} and (cast(:search as text) = '%%' or k.question ilike :search or k.text ilike :search)"
    values = {"search": _anywhere(search), "limit": limit, "offset": (max(1, page) - 1) * limit}
    found = (await db.execute(f"{_LIST} {where} order by k.created_at desc, k.id limit :limit offset :offset", values)).all()
    if found or page <= 1:
        return [_view(row) for row in found], int(found[0].total) if found else 0
    total = await db.execute(
        f"select count(*) from cached_answers k join businesses b on b.id = k.business_id {where}",  # noqa: S608
        {"search": values["search"]},
    )
    return [], int(total.scalar_one())


def require_teacher(db: Db) -> None:
    """Raise `Forbidden` unless the caller may teach or configure."""
    if not {Permission.TEACH, Permission.CONFIGURE} & db.scope.permissions:
        raise Forbidden


def like(pattern: str) -> str:
    """An owner's pattern as PostgreSQL's ILIKE takes it. Raises `Invalid` (field `pattern`)."""
    plain = " ".join(pattern.replace("\x00", "").split())
    if not plain.replace("*", "").strip():
        raise Invalid("Write some letters of the questions to remove. To remove all, clear the whole cache.", "pattern")
    if len(plain) > MAX_PATTERN:
        raise Invalid(f"A pattern has at most {MAX_PATTERN} characters.", "pattern")
    return _escaped(plain).replace("*", "%") if "*" in plain else f"%{_escaped(plain)}%"


def _anywhere(search: str) -> str:
    return f"%{_escaped(' '.join(search.replace(chr(0), '').split()))}%"


def _escaped(plain: str) -> str:
    return plain.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def _view(row: Any) -> EntryView:
    return EntryView(**{name: value for name, value in row._mapping.items() if name != "total"})
