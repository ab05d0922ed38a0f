"""Which passages of a business's documents answer a question: vectors and words, fused, and how sure that is.

Vectors find what is said in other words, words find names, codes and amounts. The best of each are candidates; `judging` weighs
them. The passages of a business lie in this process as of `documents_version`; what no longer fits is dropped, oldest use first.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text as sql

from omni_app.infra.database import open_db
from omni_app.infra.scope import Scope
from omni_app.knowledge import judging
from omni_app.knowledge.orders import gives_orders
from omni_app.knowledge.quoting import FoundPassage, Quote, has_price, quotable, quote, wants_price
from omni_app.knowledge.terms import Terms, stems
from omni_app.llm.embedding import load_embedder

__all__ = ["PASSAGE_AT", "FoundPassage", "Quote", "find_passages", "gives_orders", "quote"]

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]

# Quote at this confidence or above; chosen so that at most one in twenty questions without an answer gets one (see
# `docs/documents.md`).
PASSAGE_AT = 0.75
WITHOUT_PRICE = 0.5

# So many of the best by vector and by words are looked at closely.
CANDIDATES = 8
# Memory of all indexes in this process, and what a passage costs beside its vector and its words.
KEPT_BYTES = 256 * 2**20
_ROW_BYTES = 1_500

_VERSION = sql("select documents_version from businesses where id = :id")
# vector_send gives the numbers as they are: a twentieth of the time that reading them as text takes.
_LOAD = sql(
    """
    select p.id, p.document_id, d.title, p.heading, p.text, p.start, p."end", p.page,
      case when p.embedding_model = :model then vector_send(p.embedding) end as vector
    from documents d join passages p on p.document_id = d.id and p.edition = d.served_edition
    where d.business_id = :id order by d.id, p.position
    """
)
_HEADER_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One passage in memory."""

    passage_id: UUID
    document_id: UUID
    title: str
    heading: str
    text: str
    start: int
    end: int
    page: int | None


class Index:
    """The passages of one business, as of `version`. Nothing but a memo changes once made, so threads may share it."""

    def __init__(self, version: int, passages: Sequence[Kept], vectors: Floats) -> None:
        self.version = version
        self.passages = passages
        self.vectors = vectors
        self.terms = Terms([_named(one) for one in passages])
        self.bytes = int(vectors.nbytes) + self.terms.bytes + _ROW_BYTES * len(passages)
        self._said: dict[int, tuple[frozenset[str], list[frozenset[str]]]] = {}

    def find(self, text: str, vector: Floats, limit: int) -> list[FoundPassage]:
        """The best passages, best first. Blocks for about a millisecond at some thousand passages."""
        if not self.passages:
            return []
        chosen, rows = self.candidates(text, vector)
        sure = judging.confidence(rows)
        if wants_price(text):
            # What says nothing about money does not say what something costs, however much it is about that thing.
            sure *= np.array([1.0 if has_price(self.passages[place].text) else WITHOUT_PRICE for place in chosen], np.float32)
        best = sorted(zip(chosen.tolist(), sure.tolist(), strict=True), key=lambda pair: -pair[1])
        return [self._found(place, confidence) for place, confidence in _without_overlaps(self.passages, best)[:limit]]

    def candidates(self, text: str, vector: Floats) -> tuple[Indices, Floats]:
        """Places of the passages worth a closer look, and the features of each, float32 [candidates, features]."""
        asked = judging.take_apart(text)
        cosines: Floats = self.vectors @ vector
        words = self.terms.scores(asked.terms)
        chosen = fuse(cosines, words, CANDIDATES)
        chosen = np.array([place for place in chosen if self.said(int(place))[1]], np.intp)
        rows = [
            judging.features(
                asked,
                self.terms,
                passage=self.passages[place].text,
                said=self.said(place)[0],
                sentences=self.said(place)[1],
                cosine=float(cosines[place]),
                other_cosine=_best_other(cosines, chosen, place),
                words=float(words[place]),
                other_words=_best_other(words, chosen, place),
            )
            for place in chosen.tolist()
        ]
        return chosen, np.array(rows, np.float32).reshape(len(chosen), len(judging.FEATURES))

    def said(self, place: int) -> tuple[frozenset[str], list[frozenset[str]]]:
        """The stems of a passage with its headings, and of each sentence that may be quoted; none for a passage of orders."""
        known = self._said.get(place)
        if known is None:
            one = self.passages[place]
            names = stems(f"{one.title} {one.heading}")
            each = [stems(one.text[start:end]) for start, end in quotable(one.text)]
            # A row of a table is one statement over several lines.
            lines = [frozenset(said) | frozenset(names[-12:]) for said in each]
            known = (frozenset(names).union(*each), lines)
            self._said[place] = known
        return known

    def _found(self, place: int, confidence: float) -> FoundPassage:
        one = self.passages[place]
        return FoundPassage(
            passage_id=one.passage_id,
            document_id=one.document_id,
            title=one.title,
            heading=one.heading,
            text=one.text,
            start=one.start,
            end=one.end,
            page=one.page,
            confidence=confidence,
        )


def fuse(cosines: Floats, words: Floats, limit: int) -> Indices:
    """The places that are best by vector or by words: reciprocal ranks summed (Cormack and others, 2009), best first."""
    depth = min(len(cosines), 4 * limit)
    scores = np.zeros(len(cosines), np.float32)
    for values in (cosines, words):
        best = np.argpartition(-values, depth - 1)[:depth]
        best = best[np.argsort(-values[best], kind="stable")]
        best = best[values[best] > 0]
        scores[best] += 1 / (10 + np.arange(1, len(best) + 1, dtype=np.float32))
    order = np.argsort(-scores, kind="stable")[:limit]
    kept: Indices = order[scores[order] > 0]
    return kept


def _named(one: Kept) -> str:
    return f"{one.title}\n{one.heading}\n{one.text}"


def _below(title: str, heading: str) -> str:
    """The headings without the outermost one where that is the document's title: nobody wants to read it twice."""
    first, _, rest = heading.partition(" › ")
    return rest if first.casefold() == title.casefold() else heading


def _best_other(values: Floats, chosen: Indices, place: int) -> float:
    others = values[chosen[chosen != place]]
    return float(others.max()) if len(others) else 0.0


def _without_overlaps(passages: Sequence[Kept], best: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Drop a passage that mostly repeats a better one: neighbours share a sentence, copies of a document all of it."""
    kept: list[tuple[int, float]] = []
    seen: set[str] = set()
    for place, confidence in best:
        if passages[place].text not in seen:
            seen.add(passages[place].text)
            kept.append((place, confidence))
    return kept


_kept: OrderedDict[UUID, Index] = OrderedDict()
_loading: dict[UUID, asyncio.Lock] = {}


async def find_passages(scope: Scope, version: int, text: str, vector: Floats, limit: int = 3) -> list[FoundPassage]:
    """The best passages for `text` as of documents version `version` or newer, best first."""
    index = await load_index(scope, version)
    return index.find(text, vector, limit)


async def load_index(scope: Scope, version: int) -> Index:
    """The passages of a business at `version` or newer; reads and indexes them only when they changed."""
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
        _forget()
        return fresh


def _forget() -> None:
    while len(_kept) > 1 and sum(index.bytes for index in _kept.values()) > KEPT_BYTES:
        business_id, _ = _kept.popitem(last=False)
        _loading.pop(business_id, None)


async def _load(scope: Scope) -> Index:
    embedder = await asyncio.to_thread(load_embedder)
    async with open_db(scope) as db:
        # The version first: what changes in between is read and then read again, never missed.
        version = int((await db.execute(_VERSION, {"id": scope.business_id})).scalar_one_or_none() or 0)
        rows = (await db.execute(_LOAD, {"id": scope.business_id, "model": embedder.name})).all()
    return await asyncio.to_thread(_build, version, rows, embedder.dimensions)


def _build(version: int, rows: Sequence[object], dimensions: int) -> Index:
    passages = [
        Kept(
            passage_id=row.id,  # type: ignore[attr-defined]
            document_id=row.document_id,  # type: ignore[attr-defined]
            title=row.title,  # type: ignore[attr-defined]
            heading=_below(row.title, row.heading),  # type: ignore[attr-defined]
            text=row.text,  # type: ignore[attr-defined]
            start=row.start,  # type: ignore[attr-defined]
            end=row.end,  # type: ignore[attr-defined]
            page=row.page,  # type: ignore[attr-defined]
        )
        for row in rows
    ]
    # A vector another model made must not be compared: such a passage is found by its words alone.
    missing = bytes(4 * dimensions)
    packed = b"".join(
        missing if row.vector is None else bytes(row.vector)[_HEADER_BYTES:]  # type: ignore[attr-defined]
        for row in rows
    )
    vectors = np.frombuffer(packed, ">f4").astype(np.float32).reshape(len(passages), dimensions)
    return Index(version, passages, vectors)
