"""Decide what to say. No transaction is open here, and nothing is written but reservations of paid calls."""

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

from omni_app.cache import process
from omni_app.cache.flight import Failed, Flight, board
from omni_app.cache.stored import StoredAnswer
from omni_app.conversations.answering import Answer
from omni_app.conversations.facts import Facts
from omni_app.infra.scope import Scope
from omni_app.knowledge.retrieval import FoundPassage, find_passages
from omni_app.knowledge.taught import load_knowledge
from omni_app.llm.embedding import embed_one
from omni_app.llm.registry import find_language_model
from omni_app.orchestrator import handover, phrases, serving
from omni_app.orchestrator.deciding import Decision, Question, Seat, Stopwatch, lease_time
from omni_app.orchestrator.gating import offer_person
from omni_app.orchestrator.local import Found, answer_locally, say_not_sure
from omni_app.orchestrator.paid import ask_model
from omni_app.orchestrator.personal import answer_personal
from omni_app.orchestrator.prompt import describe_customer
from omni_app.orchestrator.sayings import SAYINGS
from omni_app.orchestrator.sharing import may_lead
from omni_app.orchestrator.streaming import LiveAnswer
from omni_app.settings import load_settings
from omni_app.understanding.learned import Vector

# A question worded as it was taught needs no look at the documents.
BEYOND_DOUBT = 0.95
# No passage was ever added to a business at this version.
NO_DOCUMENTS = 1
# Nobody noticed a shorter wait for somebody else's answer.
WAITED_SECONDS = 0.05
OVER_QUOTA = "the messages of this month's plan are used up; answered without a model"


async def decide(
    scope: Scope, facts: Facts, question: Question, watch: Stopwatch, live: LiveAnswer, seat: Seat | None = None
) -> Decision:
    """Choose an answer: a person needed, questions about oneself, small talk, the cache, a paid model when there is one, else the
    FAQs and documents. Not knowing twice in a row is for people, too.

    `seat` is the turn's place among those who ask the same now; the caller lands it when all is recorded.
    """
    decision = await _choose(scope, facts, question, watch, live, seat or Seat())
    answer = decision.answer
    is_not_known = answer.offers_person and answer.source == "none" and answer.handover_reason is None
    if is_not_known and question.text and question.follows_offer:
        handed = await handover.hand_over(scope, facts, question, handover.NOT_KNOWN)
        decision = replace(decision, answer=_handed_over(answer, handed))
    return offer_person(facts, question, decision)


def _handed_over(answer: Answer, handed: Answer) -> Answer:
    return replace(
        answer,
        text=handed.text,
        handover_reason=handed.handover_reason,
        handover_summary=handed.handover_summary,
        handover_line=handed.handover_line,
    )


async def _choose(scope: Scope, facts: Facts, question: Question, watch: Stopwatch, live: LiveAnswer, seat: Seat) -> Decision:
    if reason := handover.reason_by_wording(question):
        watch.lap("decide")
        return Decision(answer=await handover.hand_over(scope, facts, question, reason))
    if (told := await _without_knowledge(scope, facts, question)) is not None:
        watch.lap("decide")
        return Decision(answer=told)
    facts, cached = await serving.find_exact(scope, facts, question)
    model = find_language_model()
    shelf = None
    if cached is None and model is not None and (shelf := await serving.open_shelf(scope, facts, question)) is not None:
        cached = serving.find_taught(facts, question, shelf)
    watch.lap("cache")
    if cached is not None:
        return Decision(answer=cached)
    vector = await embed_one(question.text)
    watch.lap("embed")
    if reason := handover.reason_by_meaning(question, vector):
        return Decision(answer=await handover.hand_over(scope, facts, question, reason))
    near = None
    if shelf is not None:
        near = serving.find_near(facts, question, shelf, vector)
        watch.lap("nearest")
        if near is not None and near.is_accepted:
            return Decision(answer=serving.answer_near(facts, question, near, vector))
    note = OVER_QUOTA if model is not None and facts.is_over_quota else ""
    paid = None if note else model
    if paid is not None:
        shared, note = await _share(scope, facts, question, seat, live)
        watch.lap("share")
        if shared is not None:
            return shared
        paid = None if note else paid
    found = await _find(scope, facts, question, vector, watch, is_for_model=paid is not None)
    if paid is not None:
        decision, note = await ask_model(scope, paid, facts, question, found, vector, watch, live, seat, near)
        if decision is not None:
            return decision
    answer = answer_locally(facts, question, found, is_makeshift=model is not None)
    if note and answer.source == "none":
        # Not "not sure": the assistant might have known. A person answers instead, and the customer hears when.
        answer = _handed_over(answer, await handover.hand_over(scope, facts, question, handover.PAUSED))
    return Decision(answer=replace(answer, note=note))


async def _share(scope: Scope, facts: Facts, question: Question, seat: Seat, live: LiveAnswer) -> tuple[Decision | None, str]:
    """The answer of somebody who asks the same just now, or the reason why nobody gets one; neither: this turn makes it."""
    if not question.hash or not serving.rules_of(facts).is_on:
        return None, ""
    flight = Flight(
        business_id=scope.business_id,
        question_hash=question.hash,
        cache_version=facts.cache_version,
        persona_version=facts.persona_version,
    )
    leads, began = may_lead(facts, bool(question.earlier), describe_customer(facts, question.text)), perf_counter()
    came = await board(flight, load_settings().model_timeout_seconds, may_lead=leads)
    if isinstance(came, StoredAnswer):
        tier = "l1" if process.holds(scope.business_id, question.hash) else "l2"
        process.keep(scope.business_id, question.hash, facts.cache_version, came)
        return Decision(answer=serving.answer_with(facts, came, tier)), ""
    if isinstance(came, Failed):
        return None, came.reason
    seat.lead = came
    if perf_counter() - began < WAITED_SECONDS:
        return None, ""
    # Who was waited for died. The time it took is not the model's: nobody else must begin to answer here meanwhile.
    await live.renew(lease_time())
    if live.is_lost:
        return Decision(answer=say_not_sure(facts, question)), ""
    _, cached = await serving.find_exact(scope, replace(facts, looked_up="", shared=None), question)
    return (None if cached is None else Decision(answer=cached)), ""


async def _find(scope: Scope, facts: Facts, question: Question, vector: Vector, watch: Stopwatch, *, is_for_model: bool) -> Found:
    """What the business taught that comes near the question."""
    knowledge = await load_knowledge(scope, facts.knowledge_version)
    watch.lap("knowledge")
    match = knowledge.matcher.match(question.text, vector)
    watch.lap("match")
    passages: Sequence[FoundPassage] = ()
    is_beyond_doubt = match is not None and match.confidence >= BEYOND_DOUBT
    if facts.documents_version > NO_DOCUMENTS and (is_for_model or not is_beyond_doubt):
        passages = await find_passages(scope, facts.documents_version, question.text, vector)
        watch.lap("passages")
    return Found(knowledge=knowledge, match=match, passages=passages)


async def _without_knowledge(scope: Scope, facts: Facts, question: Question) -> Answer | None:
    """Files nobody here can open, questions about oneself, and small talk."""
    if not question.text:
        version = facts.knowledge_version
        text = SAYINGS[phrases.language_of(facts, question)].cannot_open_files
        return Answer(text=text, source="none", offers_person=True, knowledge_version=version)
    if (personal := await answer_personal(scope, facts, question.text)) is not None:
        return replace(personal, shared=None)
    return _small_talk(facts, question)


def _small_talk(facts: Facts, question: Question) -> Answer | None:
    is_no = question.follows_offer and phrases.is_no(question.text)
    if not is_no and not phrases.is_courtesy(question.text):
        return None
    language = phrases.language_of(facts, question)
    if is_no:
        text: str | None = SAYINGS[language].all_right
    else:
        customer = facts.customer
        has_been_here = facts.past_conversations > 0 and not question.earlier
        name = customer.name.split()[0] if customer is not None and customer.name.split() and has_been_here else ""
        text = phrases.courtesy(question.text, facts.business_name, facts.greeting, name, language)
    return None if text is None else Answer(text=text, source="none", knowledge_version=facts.knowledge_version)
