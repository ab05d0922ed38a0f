"""Serve an answer that was given before: to the same words from one of three tiers, to other words that mean the same.

The same words are looked for before any sentence vector is computed: in this process, in Redis while the turn's transaction
opens, in PostgreSQL within the one statement that reads the facts. What is found elsewhere is put into the tiers above.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from omni_app.cache import process, shared
from omni_app.cache.index import Near, Shelf, knows_taught, load_shelf
from omni_app.cache.keeping import shared_time, stored_time
from omni_app.cache.keys import question_key
from omni_app.cache.rules import CacheRules, read_rules
from omni_app.cache.shared import SharedAnswer
from omni_app.cache.stored import NewEntry, StoredAnswer, Versions, find_stored, served
from omni_app.conversations.answering import Answer
from omni_app.conversations.facts import Facts
from omni_app.infra.background import start_task
from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db
from omni_app.infra.scope import Scope
from omni_app.knowledge.text import is_self_contained
from omni_app.llm.embedding import embedder_name
from omni_app.orchestrator.deciding import Question
from omni_app.orchestrator.sharing import tells_who
from omni_app.understanding.learned import Vector

SEMANTIC = "semantic"
# Redis answers in a tenth of a millisecond; when it does not, PostgreSQL is asked.
PATIENCE_SECONDS = 0.05


class Look:
    """The look for the same words that begins before the facts are read."""

    def __init__(self, business_id: UUID, text: str) -> None:
        self.question_hash = question_hash(text)
        self._task: asyncio.Task[SharedAnswer | None] | None = None
        self._is_here = process.holds(business_id, self.question_hash)
        if self.question_hash and not self._is_here:
            self._task = start_task(shared.find(business_id, self.question_hash), "shared answer")

    async def find(self) -> SharedAnswer | None:
        """What Redis holds; None when it holds nothing, or does not say so in time."""
        if self._task is None:
            return None
        for _ in range(2):
            # Half the time twice: a process that was held up in the first half has not read what came meanwhile.
            done, _waiting = await asyncio.wait({self._task}, timeout=PATIENCE_SECONDS / 2)
            if done:
                return self._task.result()
        return None

    @property
    def to_read(self) -> str:
        """The key to look for in PostgreSQL: none when this process holds something. Redis is not waited for: its answer comes
        beside the facts."""
        return "" if self._is_here else self.question_hash


def question_hash(text: str) -> str:
    """The key of a self-contained message; empty for a message that needs its context."""
    return question_key(text) if is_self_contained(text) else ""


def versions_of(facts: Facts) -> Versions:
    return Versions(knowledge=facts.knowledge_version, cache=facts.cache_version, persona=facts.persona_version)


def rules_of(facts: Facts) -> CacheRules:
    return read_rules(facts.cache_rules)


def is_at_hand(scope: Scope, facts: Facts, question_hash: str) -> bool:
    """Whether these words will be answered without a sentence vector, as far as what was read tells."""
    if not question_hash or not rules_of(facts).is_on:
        return False
    is_here = _at_hand(scope, facts, question_hash) is not None
    return is_here or knows_taught(scope.business_id, facts.cache_version, facts.persona_version, question_hash)


async def look_up(db: Db, facts: Facts, question: Question) -> Facts:
    """The facts of a stored conversation with what the lower tiers hold for its open question."""
    if not question.hash or process.holds(db.scope.business_id, question.hash):
        return facts
    found = await shared.find(db.scope.business_id, question.hash)
    if found is not None and found.fits(facts.cache_version, facts.persona_version):
        return replace(facts, shared=found)
    return await _read(db, facts, question.hash)


async def _read(db: Db, facts: Facts, question_hash: str) -> Facts:
    version, cached, rejected = await find_stored(db, question_hash)
    # One that was stored after a newer change is right too, but it must not pass for an answer of this version.
    known = cached if version == facts.cache_version else None
    return replace(facts, cached=known, rejected=rejected, looked_up=question_hash)


async def find_exact(scope: Scope, facts: Facts, question: Question) -> tuple[Facts, Answer | None]:
    """The answer to the same words. The facts come back with what had to be looked up for it."""
    if not question.hash or not rules_of(facts).is_on:
        return facts, None
    found = _at_hand(scope, facts, question.hash)
    if found is None and facts.looked_up != question.hash:
        # What a tier above held is out of date.
        async with open_db(scope) as db:
            facts = await _read(db, facts, question.hash)
        found = _at_hand(scope, facts, question.hash)
    if found is None:
        return facts, None
    tier, answer = found
    if tier != "l1":
        process.keep(scope.business_id, question.hash, facts.cache_version, answer)
    if tier == "l3":
        keep_shared(scope, facts, question, answer)
    return facts, answer_with(facts, answer, tier)


def _at_hand(scope: Scope, facts: Facts, question_hash: str) -> tuple[str, StoredAnswer] | None:
    versions = (facts.cache_version, facts.persona_version)
    if (answer := process.find(scope.business_id, question_hash, *versions)) is not None:
        return "l1", answer
    if facts.shared is not None and facts.shared.fits(*versions):
        return "l2", facts.shared.answer
    if facts.cached is not None and facts.looked_up == question_hash:
        return "l3", served(facts.cached)
    return None


def keep_shared(scope: Scope, facts: Facts, question: Question, answer: StoredAnswer) -> None:
    """Put an answer into Redis, beside the turn."""
    lasts = shared_time(question.text, rules_of(facts).shared_hours)
    start_task(shared.keep(scope.business_id, question.hash, facts.cache_version, answer, lasts), "answer shared")


def answer_with(facts: Facts, stored: StoredAnswer, tier: str) -> Answer:
    """A stored answer as this turn's."""
    return Answer(
        text=stored.text,
        source=stored.source,
        tier=tier,
        confidence=stored.confidence,
        sources=stored.sources,
        knowledge_version=facts.knowledge_version,
        cached_answer_id=stored.id,
        matched_question=stored.matched_question,
        saved_nusd=stored.cost_nusd,
    )


async def open_shelf(scope: Scope, facts: Facts, question: Question) -> Shelf | None:
    """The stored questions of the business, if this question may be answered by another one's answer."""
    rules = rules_of(facts)
    if not question.hash or not rules.is_on or rules.mode == "exact":
        return None
    return await load_shelf(scope, facts.cache_version, facts.persona_version, embedder_name())


def find_taught(facts: Facts, question: Question, shelf: Shelf) -> Answer | None:
    """The FAQ's answer when the message is one of its phrasings word for word."""
    found = shelf.find_taught(question.hash)
    return None if found is None else answer_with(facts, found, "l1")


def find_near(facts: Facts, question: Question, shelf: Shelf, vector: Vector) -> Near | None:
    return shelf.find(question.text, question.hash, vector, rules_of(facts))


def answer_near(facts: Facts, question: Question, near: Near, vector: Vector) -> Answer:
    """The answer of a question that means the same. Its new wording is stored, so that it is served free of all thinking next
    time; it proves nothing, so further wordings are not compared with it."""
    stored = near.answer
    answer = replace(answer_with(facts, stored, SEMANTIC), confidence=round(near.probability, 4), matched_question=near.question)
    # An entry about to end may be gone by the time this one would name it.
    if tells_who(question.text) or stored.expires_at - now() < timedelta(minutes=1):
        return answer
    is_model_made = stored.persona_version is not None
    lasts = min(stored_time(question.text, is_model_made=is_model_made), stored.expires_at - now())
    entry = NewEntry(
        question=question.text,
        text=stored.text,
        source=stored.source,
        versions=versions_of(facts),
        lasts=lasts,
        kind="same",
        confidence=answer.confidence,
        sources=stored.sources,
        depends=stored.depends,
        is_model_made=is_model_made,
        cost_nusd=stored.cost_nusd,
        answer_hash=stored.answer_hash,
        same_as_id=stored.id,
        matched_question=near.question,
        vector=vector,
        embedding_model=embedder_name(),
    )
    return replace(answer, shared=entry)
