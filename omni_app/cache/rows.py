"""What the index of a business is built from: read from PostgreSQL, or from the packed copy another process left in Redis."""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from redis.exceptions import RedisError
from sqlalchemy import text

from omni_app.cache.keys import answer_key
from omni_app.cache.shared import answer_of, values_of, vectors_name
from omni_app.cache.stored import StoredAnswer
from omni_app.infra.database import Db
from omni_app.infra.log import get_logger
from omni_app.infra.redis import redis_client

log = get_logger(__name__)

Vector = NDArray[np.float32]

# The newest ones of a business; 2.3 kB of memory each.
MOST = 20_000
PACKED_FOR = timedelta(hours=24)
# An FAQ's words follow every change of it, so they have no end of their own.
ENDLESS = datetime(9999, 1, 1, tzinfo=UTC)

_HEADER_BYTES = 4

# vector_send gives the numbers as they are: a twentieth of the time that reading them as text takes. One statement, so that the
# versions and the rows are of one moment. A taught phrasing is an entry whose answer is the FAQ's.
_LOAD = text(
    """
    select b.cache_version, b.persona_version, e.* from businesses b left join lateral (
      (select k.id, false as is_taught, k.question, k.text, k.source, k.confidence, k.sources, k.depends, k.answer_hash,
         k.persona_version as answer_persona, k.cost_nusd, k.expires_at, k.created_at, vector_send(k.embedding) as vector
       from cached_answers k
       where k.business_id = b.id and k.kind in ('asked', 'warmed') and k.embedding_model = :model and k.expires_at > now()
         and (k.persona_version is null or k.persona_version = b.persona_version) and k.created_at > :since
       order by k.created_at desc limit :most)
      union all
      (select p.id, true, p.text, f.answer, 'faq', null,
         jsonb_build_array(jsonb_build_object('kind', 'faq', 'id', f.id, 'title', f.question, 'quote', left(f.answer, 300))),
         jsonb_build_array('faq:' || f.id), '', null, 0, null, null, vector_send(p.embedding)
       from phrasings p join faqs f on f.id = p.faq_id
       where p.business_id = b.id and p.embedding_model = :model and :is_whole limit :most)
    ) e on true
    where b.id = :business_id
    """
)
_REJECTED = text(
    """
    select id, question_hash, question, answer_hash,
      case when embedding_model = :model then vector_send(embedding) end as vector
    from cache_rejections order by created_at desc limit :most
    """
)
_VERIFIER = text("select coefficients from cache_verifiers where business_id = :business_id and embedding_model = :model")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One stored question with its vector and answer. `is_taught`: a phrasing of an FAQ."""

    id: UUID
    question: str
    vector: Vector
    answer: StoredAnswer
    is_taught: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Staff said that the answer `answer_hash` is wrong for `question`. `vector` is None when it is of another model."""

    id: UUID
    question_hash: str
    question: str
    answer_hash: str
    vector: Vector | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Everything of one business, as of its versions. `coefficients` are those of its own verifier, empty when it has none."""

    cache_version: int
    persona_version: int
    model: str
    entries: Sequence[Row]
    rejected: Sequence[Rejected]
    coefficients: tuple[float, ...]
    newest_at: datetime


async def load_rows(db: Db, model: str, since: datetime | None = None) -> Rows:
    """What PostgreSQL holds; with `since` only the entries stored after it."""
    values = {
        "business_id": db.scope.business_id,
        "model": model,
        "most": MOST,
        "since": since or datetime(1970, 1, 1, tzinfo=UTC),
        "is_whole": since is None,
    }
    found = (await db.execute(_LOAD, values)).all()
    rejected: list[Rejected] = []
    coefficients: Sequence[float] = ()
    if since is None:
        for row in await db.execute(_REJECTED, {"model": model, "most": MOST}):
            vector = _vector(row.vector) if row.vector else None
            rejected.append(Rejected(**{**row._mapping, "vector": vector}))
        fitted = await db.execute(_VERIFIER, {"business_id": db.scope.business_id, "model": model})
        coefficients = fitted.scalar_one_or_none() or ()
    entries = [_row(one) for one in found if one.id is not None]
    return Rows(
        cache_version=found[0].cache_version if found else 0,
        persona_version=found[0].persona_version if found else 0,
        model=model,
        entries=entries,
        rejected=rejected,
        coefficients=tuple(coefficients),
        newest_at=max((one.created_at for one in found if one.created_at), default=since or datetime(1970, 1, 1, tzinfo=UTC)),
    )


def _vector(raw: bytes) -> Vector:
    return np.frombuffer(bytes(raw)[_HEADER_BYTES:], ">f4").astype(np.float32)


def _row(one: Any) -> Row:
    answer = StoredAnswer(
        id=None if one.is_taught else one.id,
        text=one.text,
        source=one.source,
        confidence=one.confidence,
        sources=tuple(one.sources),
        depends=tuple(one.depends),
        answer_hash=one.answer_hash or answer_key(one.text),
        persona_version=one.answer_persona,
        cost_nusd=one.cost_nusd,
        expires_at=one.expires_at or ENDLESS,
    )
    return Row(id=one.id, question=one.question, vector=_vector(one.vector), answer=answer, is_taught=one.is_taught)


def pack(rows: Rows) -> bytes:
    """Rows as bytes. Vectors lie in half precision: a cosine moves by less than 0.001."""
    vectors = [row.vector for row in rows.entries] + [one.vector for one in rows.rejected if one.vector is not None]
    head = json.dumps(
        {
            "cache_version": rows.cache_version,
            "persona_version": rows.persona_version,
            "model": rows.model,
            "coefficients": rows.coefficients,
            "newest_at": rows.newest_at.isoformat(),
            "dimensions": len(vectors[0]) if vectors else 0,
            "entries": [[str(row.id), row.question, row.is_taught, values_of(row.answer)] for row in rows.entries],
            "rejected": [
                [str(one.id), one.question_hash, one.question, one.answer_hash, one.vector is not None] for one in rows.rejected
            ],
        }
    ).encode()
    numbers = np.array(vectors, "<f2").tobytes() if vectors else b""
    return struct.pack("<I", len(head)) + head + numbers


def unpack(raw: bytes) -> Rows:
    """The rows of `pack`."""
    (length,) = struct.unpack_from("<I", raw)
    head = json.loads(raw[4 : 4 + length])
    numbers = np.frombuffer(raw, "<f2", offset=4 + length).astype(np.float32)
    vectors = iter(numbers.reshape(-1, head["dimensions"]) if head["dimensions"] else ())
    entries = [
        Row(id=UUID(row_id), question=question, is_taught=is_taught, answer=answer_of(values), vector=next(vectors))
        for row_id, question, is_taught, values in head["entries"]
    ]
    rejected = [
        Rejected(
            id=UUID(row_id),
            question_hash=question_hash,
            question=question,
            answer_hash=answer_hash,
            vector=next(vectors) if has_vector else None,
        )
        for row_id, question_hash, question, answer_hash, has_vector in head["rejected"]
    ]
    return Rows(
        cache_version=head["cache_version"],
        persona_version=head["persona_version"],
        model=head["model"],
        entries=entries,
        rejected=rejected,
        coefficients=tuple(head["coefficients"]),
        newest_at=datetime.fromisoformat(head["newest_at"]),
    )


async def find_packed(business_id: UUID, model: str, cache_version: int, persona_version: int) -> Rows | None:
    """The rows another process packed for exactly these versions; None when there are none, or Redis is away."""
    try:
        raw = await redis_client().get(vectors_name(business_id))
    except (RedisError, OSError) as error:
        log.warning("packed vectors not read", error=str(error))
        return None
    if raw is None:
        return None
    rows = unpack(raw)
    is_current = (rows.cache_version, rows.persona_version, rows.model) == (cache_version, persona_version, model)
    return rows if is_current else None


async def keep_packed(business_id: UUID, rows: Rows) -> None:
    """Leave the rows for other processes; a Redis that is away is logged, never raised."""
    try:
        await redis_client().set(vectors_name(business_id), pack(rows), ex=int(PACKED_FOR.total_seconds()))
    except (RedisError, OSError) as error:
        log.warning("packed vectors not written", error=str(error))
