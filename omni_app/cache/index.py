"""The stored questions of each business, in this process: which answer serves another wording, if any does.

An index is good for the versions of the business it was built at or after. What other processes store meanwhile is taken in now
and then; missing it costs a call of the model, never a wrong answer. What was removed shows as a new version, at the next turn.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

from omni_app.cache.fitting import own_rule
from omni_app.cache.judging import Rule
from omni_app.cache.keys import question_key
from omni_app.cache.nearest import Entry, Index, build_index
from omni_app.cache.rows import Rejected, Row, Rows, Vector, find_packed, keep_packed, load_rows
from omni_app.cache.rules import CacheRules
from omni_app.cache.stored import NewEntry, StoredAnswer
from omni_app.infra.background import start_task
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.scope import Scope

# Businesses, and entries of all of them together: about 150 MB.
KEPT = 200
KEPT_ENTRIES = 40_000
# How long what other processes stored may go unnoticed.
LOOK_AGAIN_SECONDS = 20.0
# How much newer the newest entry must be than the packed copy in Redis for it to be packed anew.
PACK_AGAIN = timedelta(minutes=1)
# A statement that began earlier may commit later: look a little further back than the newest row.
OVERLAP = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A stored question close to a message. `is_accepted`: its answer may serve the message."""

    answer: StoredAnswer
    question: str
    probability: float
    cosine: float
    is_accepted: bool


@dataclass(slots=True, kw_only=True)
class Shelf:
    """The index of one business as of its versions, and the answers its entries stand for."""

    cache_version: int
    persona_version: int
    model: str
    rule: Rule
    index: Index
    rows: dict[UUID, Row]
    taught: Mapping[str, UUID]
    rejected: Mapping[str, tuple[Rejected, ...]]
    newest_at: datetime
    packed_at: datetime
    looked_at: float = field(default_factory=monotonic)

    def fits(self, cache_version: int, persona_version: int) -> bool:
        """Whether it is as new as the facts of a turn, or newer."""
        return self.cache_version >= cache_version and self.persona_version >= persona_version

    def find_taught(self, question_hash: str) -> StoredAnswer | None:
        """The FAQ's answer when these are the words of one of its phrasings."""
        row_id = self.taught.get(question_hash)
        answer = self.rows[row_id].answer if row_id is not None else None
        return None if answer is None or self._is_rejected_here(question_hash, answer.answer_hash) else answer

    def find(self, text: str, question_hash: str, vector: Vector, rules: CacheRules) -> Near | None:
        """The stored question nearest to `text`, good enough or not."""
        rule = rule_by(rules, self.rule)
        while (found := self.index.find(text, vector)) is not None:
            row = self.rows[found.entry_id]
            if row.answer.expires_at <= now():
                self.index.remove(found.entry_id)
                del self.rows[found.entry_id]
                continue
            is_accepted = rule.accepts(found.probability, found.cosine)
            if is_accepted and self._is_rejected(text, question_hash, vector, row.answer.answer_hash, found.cosine, rule):
                is_accepted = False
            return Near(
                answer=row.answer,
                question=row.question,
                probability=found.probability,
                cosine=found.cosine,
                is_accepted=is_accepted,
            )
        return None

    def pack(self) -> Rows:
        """All of it as other processes may build theirs from."""
        return Rows(
            cache_version=self.cache_version,
            persona_version=self.persona_version,
            model=self.model,
            entries=tuple(self.rows.values()),
            rejected=tuple(one for ones in self.rejected.values() for one in ones),
            coefficients=self.rule.coefficients,
            newest_at=self.newest_at,
        )

    def add(self, row: Row) -> None:
        """Take in an entry, in place of one with the same id."""
        self.rows[row.id] = row
        self.index.add(_entry(row))

    def _is_rejected_here(self, question_hash: str, answer_hash: str) -> bool:
        return any(one.question_hash == question_hash for one in self.rejected.get(answer_hash, ()))

    def _is_rejected(self, text: str, question_hash: str, vector: Vector, answer_hash: str, cosine: float, rule: Rule) -> bool:
        """Whether staff said that this answer is wrong for these words, or for words that mean the same."""
        if self._is_rejected_here(question_hash, answer_hash):
            return True
        wordings = [one for one in self.rejected.get(answer_hash, ()) if one.vector is not None]
        if not wordings:
            return False
        rejected = build_index(
            [
                Entry(id=one.id, text=one.question, answer=answer_hash, vector=one.vector)
                for one in wordings
                if one.vector is not None
            ],
            self.model,
            self.rule,
        )
        nearest = rejected.find(text, vector)
        # Nearer to what was wrong than to what was right, or the same question as what was wrong.
        return nearest is not None and (nearest.cosine >= cosine or rule.accepts(nearest.probability, nearest.cosine))


_kept: OrderedDict[UUID, Shelf] = OrderedDict()
_loading: dict[UUID, asyncio.Lock] = {}


def rule_by(rules: CacheRules, learned: Rule) -> Rule:
    """The business's rule. A model whose answers nobody has judged yet keeps the fixed cosine that ships for it."""
    if rules.mode == "fixed":
        return replace(learned, fixed_cosine=rules.fixed_cosine)
    return replace(learned, threshold=rules.min_probability)


async def load_shelf(scope: Scope, cache_version: int, persona_version: int, model: str) -> Shelf:
    """The index of a business at these versions or newer. Built only when they changed; read from Redis if it is there."""
    business_id = scope.business_id
    shelf = _kept.get(business_id)
    if shelf is None or not shelf.fits(cache_version, persona_version) or shelf.model != model:
        async with _loading.setdefault(business_id, asyncio.Lock()):
            shelf = _kept.get(business_id)
            if shelf is None or not shelf.fits(cache_version, persona_version) or shelf.model != model:
                shelf = await _load(scope, cache_version, persona_version, model)
                _kept[business_id] = shelf
                _make_room()
    elif monotonic() - shelf.looked_at > LOOK_AGAIN_SECONDS:
        shelf.looked_at = monotonic()
        start_task(_look_again(scope, shelf), "new stored answers")
    _kept.move_to_end(business_id)
    return shelf


async def _load(scope: Scope, cache_version: int, persona_version: int, model: str) -> Shelf:
    rows = await find_packed(scope.business_id, model, cache_version, persona_version)
    if rows is None:
        async with open_db(scope) as db:
            rows = await load_rows(db, model)
        start_task(keep_packed(scope.business_id, rows), "packed vectors")
        return await asyncio.to_thread(build_shelf, rows)
    shelf = await asyncio.to_thread(build_shelf, rows)
    # It was packed a while ago: what was stored since is in PostgreSQL.
    await _look_again(scope, shelf)
    return shelf


def build_shelf(rows: Rows) -> Shelf:
    """About 80 µs an entry."""
    rule = own_rule(rows.coefficients, rows.model)
    rejected: dict[str, tuple[Rejected, ...]] = {}
    for one in rows.rejected:
        rejected[one.answer_hash] = (*rejected.get(one.answer_hash, ()), one)
    return Shelf(
        cache_version=rows.cache_version,
        persona_version=rows.persona_version,
        model=rows.model,
        rule=rule,
        index=build_index(map(_entry, rows.entries), rows.model, rule),
        rows={row.id: row for row in rows.entries},
        taught={question_key(row.question): row.id for row in rows.entries if row.is_taught},
        rejected=rejected,
        newest_at=rows.newest_at,
        packed_at=rows.newest_at,
    )


async def _look_again(scope: Scope, shelf: Shelf) -> None:
    async with open_db(scope) as db:
        rows = await load_rows(db, shelf.model, since=shelf.newest_at - OVERLAP)
    if (rows.cache_version, rows.persona_version) != (shelf.cache_version, shelf.persona_version):
        return  # The next turn builds a new one.
    for row in rows.entries:
        if row.id not in shelf.rows or row.answer != shelf.rows[row.id].answer:
            shelf.add(row)
    shelf.newest_at = max(shelf.newest_at, rows.newest_at)
    if shelf.newest_at > shelf.packed_at + PACK_AGAIN:
        shelf.packed_at = shelf.newest_at
        start_task(keep_packed(scope.business_id, shelf.pack()), "packed vectors")


def knows_taught(business_id: UUID, cache_version: int, persona_version: int, question_hash: str) -> bool:
    """Whether the index is here and these are the words of a taught phrasing."""
    shelf = _kept.get(business_id)
    is_current = shelf is not None and shelf.fits(cache_version, persona_version)
    return is_current and shelf is not None and shelf.find_taught(question_hash) is not None


def note_entry(business_id: UUID, entry: NewEntry, entry_id: UUID, at: datetime) -> None:
    """Take in an answer this process just stored, if its business's index is here."""
    shelf = _kept.get(business_id)
    if shelf is None or entry.vector is None or entry.kind == "same" or entry.embedding_model != shelf.model:
        return
    if shelf.fits(entry.versions.cache, entry.versions.persona):
        answer = entry.serve(entry_id, at)
        shelf.add(Row(id=entry_id, question=entry.question, vector=entry.vector, answer=answer, is_taught=False))


def forget_all() -> None:
    """As a process that has just started."""
    _kept.clear()
    _loading.clear()


def _entry(row: Row) -> Entry:
    return Entry(id=row.id, text=row.question, answer=row.answer.answer_hash, vector=row.vector)


def _make_room() -> None:
    while len(_kept) > KEPT or (len(_kept) > 1 and sum(len(shelf.rows) for shelf in _kept.values()) > KEPT_ENTRIES):
        business_id, _ = _kept.popitem(last=False)
        _loading.pop(business_id, None)
