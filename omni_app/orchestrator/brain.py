"""Decide what to say. No transaction is open here, and nothing is written but reservations of paid calls."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from time import perf_counter
from typing import Any

from omni_app.budgets.prices import cost_of
from omni_app.budgets.reserving import HOLD, BudgetSpent, Reservation, Worst, release, reserve, settle
from omni_app.conversations.answering import Answer
from omni_app.conversations.receiving import Facts
from omni_app.infra.clock import now
from omni_app.infra.crypto import encrypt, unwrap_data_key
from omni_app.infra.errors import Rejected, Unavailable
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Scope
from omni_app.knowledge.matching import ANSWER_AT, Match
from omni_app.knowledge.taught import Knowledge, load_knowledge
from omni_app.knowledge.text import asks_for_person
from omni_app.llm.contract import Completion, LanguageModel, Prompt
from omni_app.llm.embedding import embed_one
from omni_app.llm.health import note_failure, note_success
from omni_app.llm.registry import find_language_model
from omni_app.orchestrator import cache, phrases
from omni_app.orchestrator.prompt import MAX_OUTPUT_TOKENS, UNSURE, build_prompt, show_prompt
from omni_app.orchestrator.receipts import PROMPT
from omni_app.settings import load_settings

log = get_logger(__name__)

LOCAL_MODEL = "faq-classifier"
GROUNDING = 5


class Stopwatch:
    """Time of each step of a turn, in milliseconds."""

    def __init__(self) -> None:
        self._last = perf_counter()
        self.steps: list[dict[str, Any]] = []

    def lap(self, name: str) -> None:
        at = perf_counter()
        self.steps.append({"name": name, "ms": round((at - self._last) * 1000, 2)})
        self._last = at


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An answer to record, and the paid call that must be settled with it."""

    answer: Answer
    reservation: Reservation | None = None
    units: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What stands open: the text of all unanswered messages, and the conversation before them, oldest first."""

    text: str
    hash: str
    earlier: tuple[dict[str, Any], ...]


async def decide(scope: Scope, facts: Facts, question: Question, watch: Stopwatch) -> Decision:
    """Choose an answer: a person asked for, small talk, exact cache, a paid model when there is one, else the FAQs."""
    if reason := _handover_reason(question):
        watch.lap("decide")
        text = phrases.handing_over(facts.business_name, facts.opening_hours, facts.timezone, now())
        return Decision(
            answer=Answer(text=text, source="none", handover_reason=reason, knowledge_version=facts.knowledge_version)
        )
    if (small_talk := _small_talk(facts, question)) is not None:
        watch.lap("decide")
        return Decision(answer=small_talk)
    if (cached := _from_cache(scope, facts, question)) is not None:
        watch.lap("cache")
        return Decision(answer=cached)
    watch.lap("cache")
    knowledge = await load_knowledge(scope, facts.knowledge_version)
    watch.lap("knowledge")
    vector = await embed_one(question.text)
    watch.lap("embed")
    match = knowledge.matcher.match(question.text, vector)
    watch.lap("match")
    note = ""
    if (model := find_language_model()) is not None:
        decision, note = await _ask_model(scope, model, facts, question, knowledge, match, watch)
        if decision is not None:
            return decision
    answer = _from_faqs(facts, question, knowledge, match)
    return Decision(answer=replace(answer, note=note))


def _handover_reason(question: Question) -> str | None:
    if asks_for_person(question.text):
        return "asked for a person"
    last = question.earlier[-1] if question.earlier else None
    if last is not None and last["role"] == "assistant" and last["offers_person"] and phrases.is_yes(question.text):
        return "the assistant was not sure, and the customer wants the team"
    return None


def _small_talk(facts: Facts, question: Question) -> Answer | None:
    text = phrases.courtesy(question.text, facts.business_name, facts.greeting)
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


def _source(knowledge: Knowledge, match: Match) -> dict[str, Any]:
    faq = knowledge.faqs[match.faq_id]
    return {
        "kind": "faq",
        "id": str(faq.id),
        "title": faq.question,
        "quote": faq.answer[:300],
        "match": round(float(match.confidence), 3),
    }


def _from_faqs(facts: Facts, question: Question, knowledge: Knowledge, match: Match | None) -> Answer:
    """The local brain: the FAQ it is sure about, or an honest "not sure" with the offer of a person. Costs nothing."""
    faq = knowledge.faqs.get(match.faq_id) if match is not None and match.confidence >= ANSWER_AT else None
    answer = Answer(
        text=faq.answer if faq else phrases.not_sure(question.text, facts.locale),
        source="faq" if faq else "none",
        confidence=round(float(match.confidence), 4) if match is not None else None,
        sources=(_source(knowledge, match),) if faq and match is not None else (),
        offers_person=faq is None,
        provider="local",
        model=LOCAL_MODEL,
        is_free_call=True,
        knowledge_version=knowledge.version,
    )
    # An FAQ answer depends on the wording alone, so anyone who writes the same words may get it.
    return replace(answer, shared_hash=question.hash) if faq and question.hash else answer


def _best(knowledge: Knowledge, match: Match | None) -> list[Match]:
    if match is None:
        return []
    best = [match, *(Match(faq_id=faq_id, confidence=confidence) for faq_id, confidence in match.runner_up)]
    return [entry for entry in best if entry.faq_id in knowledge.faqs][:GROUNDING]


async def _ask_model(
    scope: Scope,
    model: LanguageModel,
    facts: Facts,
    question: Question,
    knowledge: Knowledge,
    match: Match | None,
    watch: Stopwatch,
) -> tuple[Decision | None, str]:
    """A paid answer grounded in the best FAQs, or None and the reason why there is none."""
    best = _best(knowledge, match)
    prompt = build_prompt(facts, question.earlier, question.text, [knowledge.faqs[entry.faq_id] for entry in best], now())
    watch.lap("prompt")
    worst = Worst(
        provider=model.provider,
        model=model.name,
        service="chat",
        units={"input_token": model.count_input_tokens(prompt), "output_token": MAX_OUTPUT_TOKENS},
        channel=facts.channel,
        customer_id=facts.customer.id if facts.customer else None,
    )
    try:
        reservation = await reserve(scope, worst, hold=HOLD + timedelta(seconds=load_settings().model_timeout_seconds))
    except BudgetSpent:
        watch.lap("reserve")
        return None, "the monthly budget is spent; answered from the FAQs"
    except Rejected as error:
        watch.lap("reserve")
        log.warning("paid answer refused", reason=str(error))
        return None, str(error)
    watch.lap("reserve")
    try:
        completion = await model.complete(prompt)
    except Rejected as error:
        await release(scope, reservation)
        watch.lap("model")
        log.warning("model refused", model=model.name, error=str(error))
        return None, f"the model refused: {error}"
    except Unavailable as error:
        # After a time-out the provider may have worked and billed all the same, so the worst case is booked.
        note_failure(model.provider)
        await settle(scope, reservation, worst.units, note=f"no answer: {error}")
        watch.lap("model")
        return None, f"the model did not answer: {error}"
    note_success(model.provider)
    watch.lap("model")
    return _model_decision(facts, question, knowledge, best, prompt, completion, reservation), ""


def _model_decision(
    facts: Facts,
    question: Question,
    knowledge: Knowledge,
    best: list[Match],
    prompt: Prompt,
    completion: Completion,
    reservation: Reservation,
) -> Decision:
    units = {"input_token": completion.input_tokens, "output_token": completion.output_tokens}
    text = completion.text.strip()
    # Models wrap the agreed word in quotes or a full stop now and then.
    is_unsure = not text or text.strip(" .\"'`*").upper() == UNSURE
    is_personal = bool(question.earlier) or bool(facts.customer and facts.customer.name)
    sealed = encrypt(unwrap_data_key(facts.customer.data_key), show_prompt(prompt), PROMPT) if facts.customer else ""
    answer = Answer(
        text=phrases.NOT_SURE if is_unsure else text[:8000],
        source="none" if is_unsure else "model",
        confidence=round(float(best[0].confidence), 4) if best else None,
        sources=() if is_unsure else tuple(_source(knowledge, entry) for entry in best[:3]),
        offers_person=is_unsure,
        provider=completion.provider,
        model=completion.model,
        input_tokens=completion.input_tokens,
        output_tokens=completion.output_tokens,
        cost_nusd=cost_of(reservation.prices, units, reservation.worst.provider, reservation.worst.model),
        knowledge_version=knowledge.version,
        shared_hash=question.hash if question.hash and not is_personal and not is_unsure else None,
        shared_for=timedelta(days=1),
        prompt=sealed,
    )
    return Decision(answer=answer, reservation=reservation, units=units)
