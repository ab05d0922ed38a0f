"""Decide what to say. No transaction is open here, and nothing is written but reservations of paid calls."""

from collections.abc import Sequence
from dataclasses import replace

from omni_app.conversations.answering import Answer
from omni_app.conversations.receiving import Facts
from omni_app.infra.scope import Scope
from omni_app.knowledge.retrieval import FoundPassage, find_passages
from omni_app.knowledge.taught import load_knowledge
from omni_app.llm.embedding import embed_one
from omni_app.llm.registry import find_language_model
from omni_app.orchestrator import cache, handover, phrases
from omni_app.orchestrator.deciding import Decision, Question, Stopwatch
from omni_app.orchestrator.local import Found, answer_locally
from omni_app.orchestrator.paid import ask_model
from omni_app.orchestrator.personal import answer_personal
from omni_app.orchestrator.streaming import LiveAnswer

# A question worded as it was taught needs no look at the documents.
BEYOND_DOUBT = 0.95
# No passage was ever added to a business at this version.
NO_DOCUMENTS = 1


async def decide(scope: Scope, facts: Facts, question: Question, watch: Stopwatch, live: LiveAnswer) -> Decision:
    """Choose an answer: a person needed, questions about oneself, small talk, exact cache, a paid model when there is one, else
    the FAQs and documents. Not knowing twice in a row is for people, too."""
    decision = await _choose(scope, facts, question, watch, live)
    answer = decision.answer
    is_not_known = answer.offers_person and answer.source == "none" and answer.handover_reason is None
    if is_not_known and question.text and question.follows_offer:
        handed = await handover.hand_over(scope, facts, question, handover.NOT_KNOWN)
        answer = replace(
            answer,
            text=handed.text,
            handover_reason=handed.handover_reason,
            handover_summary=handed.handover_summary,
            handover_line=handed.handover_line,
        )
        decision = replace(decision, answer=answer)
    return decision


async def _choose(scope: Scope, facts: Facts, question: Question, watch: Stopwatch, live: LiveAnswer) -> Decision:
    if reason := handover.reason_by_wording(question):
        watch.lap("decide")
        return Decision(answer=await handover.hand_over(scope, facts, question, reason))
    if (told := await _without_knowledge(scope, facts, question)) is not None:
        watch.lap("decide")
        return Decision(answer=told)
    if (cached := _from_cache(scope, facts, question)) is not None:
        watch.lap("cache")
        return Decision(answer=cached)
    watch.lap("cache")
    knowledge = await load_knowledge(scope, facts.knowledge_version)
    watch.lap("knowledge")
    vector = await embed_one(question.text)
    watch.lap("embed")
    if reason := handover.reason_by_meaning(question, vector):
        return Decision(answer=await handover.hand_over(scope, facts, question, reason))
    match = knowledge.matcher.match(question.text, vector)
    watch.lap("match")
    model = find_language_model()
    passages: Sequence[FoundPassage] = ()
    is_beyond_doubt = match is not None and match.confidence >= BEYOND_DOUBT
    if facts.documents_version > NO_DOCUMENTS and (model is not None or not is_beyond_doubt):
        passages = await find_passages(scope, facts.documents_version, question.text, vector)
        watch.lap("passages")
    found = Found(knowledge=knowledge, match=match, passages=passages)
    note = ""
    if model is not None:
        decision, note = await ask_model(scope, model, facts, question, found, vector, watch, live)
        if decision is not None:
            return decision
    return Decision(answer=replace(answer_locally(facts, question.text, question.hash, found), note=note))


async def _without_knowledge(scope: Scope, facts: Facts, question: Question) -> Answer | None:
    """Files nobody here can open, questions about oneself, and small talk."""
    if not question.text:
        version = facts.knowledge_version
        return Answer(text=phrases.CANNOT_OPEN_FILES, source="none", offers_person=True, knowledge_version=version)
    if (personal := await answer_personal(scope, facts, question.text)) is not None:
        return replace(personal, shared_hash=None)
    return _small_talk(facts, question)


def _small_talk(facts: Facts, question: Question) -> Answer | None:
    if question.follows_offer and phrases.is_no(question.text):
        text: str | None = phrases.ALL_RIGHT
    else:
        customer = facts.customer
        has_been_here = facts.past_conversations > 0 and not question.earlier
        name = customer.name.split()[0] if customer is not None and customer.name.split() and has_been_here else ""
        text = phrases.courtesy(question.text, facts.business_name, facts.greeting, name)
    return None if text is None else Answer(text=text, source="none", knowledge_version=facts.knowledge_version)


def _from_cache(scope: Scope, facts: Facts, question: Question) -> Answer | None:
    if not question.hash:
        return None
    tier, found = "l1", cache.find(scope.business_id, question.hash, facts.knowledge_version)
    if found is None and facts.cached is not None:
        tier = "l3"
        found = cache.CachedText(
            text=facts.cached["text"],
            source=facts.cached["source"],
            confidence=facts.cached["confidence"],
            sources=tuple(facts.cached["sources"]),
        )
        cache.keep(scope.business_id, question.hash, facts.knowledge_version, found)
    if found is None:
        return None
    return Answer(
        text=found.text,
        source=found.source,
        tier=tier,
        confidence=found.confidence,
        sources=found.sources,
        knowledge_version=facts.knowledge_version,
    )
