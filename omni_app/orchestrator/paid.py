"""A paid model's answer: reserve the worst case, stream, settle with the recorded message. Everybody sees it being written."""

import json
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import Any

from omni_app.budgets.prices import cost_of
from omni_app.budgets.reserving import HOLD, BudgetSpent, Reservation, Worst, reserve
from omni_app.budgets.settling import release, settle
from omni_app.cache.index import Near
from omni_app.cache.keeping import stored_time
from omni_app.cache.stored import NewEntry
from omni_app.conversations.answering import Answer
from omni_app.conversations.facts import Facts
from omni_app.conversations.memory import Remembered, recall
from omni_app.infra.clock import now
from omni_app.infra.crypto import encrypt, unwrap_data_key
from omni_app.infra.database import open_db
from omni_app.infra.errors import Rejected, Unavailable
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Scope
from omni_app.knowledge.matching import Match
from omni_app.llm.contract import Completion, LanguageModel, Prompt, Written
from omni_app.llm.embedding import embedder_name
from omni_app.llm.health import note_failure, note_success
from omni_app.orchestrator.deciding import Decision, Question, Seat, Stopwatch
from omni_app.orchestrator.local import Found, depends_on, faq_source, passage_source, say_not_sure
from omni_app.orchestrator.prompt import UNSURE, Grounds, build_prompt, describe_customer, show_prompt
from omni_app.orchestrator.receipts import PROMPT
from omni_app.orchestrator.serving import rules_of, versions_of
from omni_app.orchestrator.sharing import is_for_everybody, key_of_answer
from omni_app.orchestrator.streaming import LiveAnswer
from omni_app.settings import load_settings
from omni_app.understanding.learned import Vector

log = get_logger(__name__)

GROUNDING = 5
_AROUND_UNSURE = " \n.\"'`*"


class _TakenOver(Exception):
    """A person took the conversation while the model wrote."""


def worst_of(model: LanguageModel, prompt: Prompt, service: str, facts: Facts) -> Worst:
    """The most one call with `prompt` can use."""
    return Worst(
        provider=model.provider,
        model=model.name,
        service=service,
        units={"input_token": model.count_input_tokens(prompt), "output_token": prompt.max_output_tokens},
        channel=facts.channel,
        customer_id=facts.customer.id if facts.customer else None,
    )


def longest_hold() -> timedelta:
    """How long a reservation for one call stands before its caller is taken for dead."""
    return HOLD + timedelta(seconds=load_settings().model_timeout_seconds)


def best_faqs(found: Found) -> list[Match]:
    """The FAQs that ground an answer, best first."""
    match = found.match
    if match is None:
        return []
    best = [match, *(Match(faq_id=faq_id, confidence=confidence) for faq_id, confidence in match.runner_up)]
    return [entry for entry in best if entry.faq_id in found.knowledge.faqs][:GROUNDING]


def grounds_of(found: Found, memories: list[Remembered]) -> Grounds:
    faqs = [found.knowledge.faqs[entry.faq_id] for entry in best_faqs(found)]
    return Grounds(faqs=faqs, passages=found.passages, memories=memories)


async def ask_model(
    scope: Scope,
    model: LanguageModel,
    facts: Facts,
    question: Question,
    found: Found,
    vector: Vector,
    watch: Stopwatch,
    live: LiveAnswer,
    seat: Seat,
    near: Near | None = None,
) -> tuple[Decision | None, str]:
    """A paid answer, or None and the reason why there is none: the local brain answers then.

    Those who wait at `seat` for the same answer are told a reason that holds for them as well. `near` is the nearest question
    that was answered before.
    """
    memories: list[Remembered] = []
    try:
        if facts.customer is not None and facts.memories:
            async with open_db(scope) as db:
                memories = await recall(db, facts.customer.id, vector, without=facts.conversation_id)
            watch.lap("memories")
        prompt = build_prompt(facts, question.earlier, question.text, grounds_of(found, memories), now())
        watch.lap("prompt")
        worst = worst_of(model, prompt, "chat", facts)
        reservation = await reserve(scope, worst, hold=longest_hold())
    except BudgetSpent as error:
        watch.lap("reserve")
        note = f"answered without a model: {error}"
        # A cap is this customer's or this campaign's: others have their own.
        return (None, note) if error.purse in ("customer", "campaign") else _refuse(seat, note)
    except Rejected as error:
        watch.lap("reserve")
        log.warning("paid answer refused", reason=str(error))
        return _refuse(seat, str(error))
    watch.lap("reserve")
    try:
        completion = await _stream(model, prompt, watch, live)
    except Rejected as error:
        await release(scope, reservation)
        watch.lap("model")
        log.warning("model refused", model=model.name, error=str(error))
        return _refuse(seat, f"the model refused: {error}")
    except Unavailable as error:
        # After a time-out or a broken stream the provider may have worked and billed all the same: the worst case is booked.
        note_failure(model.provider)
        await settle(scope, reservation, worst.units, note=f"no answer: {error}")
        watch.lap("model")
        return _refuse(seat, f"the model did not answer: {error}")
    except _TakenOver:
        # What it wrote is billed, how much nobody says. The answer below will find its lease gone and is not recorded.
        await settle(scope, reservation, worst.units, note="stopped half way, not sent: a person took over")
        watch.lap("model")
        return Decision(answer=say_not_sure(facts, question)), ""
    note_success(model.provider)
    watch.lap("model")
    decision = decision_of(facts, question, found, memories, prompt, completion, reservation)
    return await with_shared(facts, question, found, memories, vector, near, decision), ""


def _refuse(seat: Seat, reason: str) -> tuple[None, str]:
    seat.fail(reason)
    return None, reason


async def _stream(model: LanguageModel, prompt: Prompt, watch: Stopwatch, live: LiveAnswer) -> Completion:
    text = ""
    async with aclosing(model.stream(prompt)) as items:
        async for item in items:
            if isinstance(item, Written | Completion):
                if not is_unsure(item.text) and not may_be_unsure(item.text):
                    await live.write_whole(item.text[:8000])
                if isinstance(item, Completion):
                    return item
                continue
            if not text:
                watch.lap("first words")
            text += item
            if live.is_lost:
                raise _TakenOver
            if not may_be_unsure(text):
                live.write(text.strip()[:8000])
    raise Unavailable("The language model")


def may_be_unsure(text: str) -> bool:
    """Whether the text so far is, or may become, the agreed word for not knowing: nobody should read that."""
    start = text.lstrip(_AROUND_UNSURE)
    if not UNSURE.startswith(start[: len(UNSURE)].upper()):
        return False
    # "Unsure about that …" in ordinary letters is an answer.
    return len(start.rstrip(_AROUND_UNSURE)) <= len(UNSURE) or start.startswith(UNSURE)


def is_unsure(text: str) -> bool:
    """Models wrap the agreed word in quotes, and some add an explanation."""
    plain = text.strip(_AROUND_UNSURE)
    return not plain or plain.upper() == UNSURE or (plain.startswith(UNSURE) and not plain[len(UNSURE)].isalnum())


def decision_of(
    facts: Facts,
    question: Question,
    found: Found,
    memories: list[Remembered],
    prompt: Prompt,
    completion: Completion,
    reservation: Reservation,
) -> Decision:
    """What a model's words come to: an answer to record, or that it does not know."""
    units = {"input_token": completion.input_tokens, "output_token": completion.output_tokens}
    text = completion.text.strip()
    sealed = encrypt(unwrap_data_key(facts.customer.data_key), show_prompt(prompt), PROMPT) if facts.customer else ""
    answer = Answer(
        text=text[:8000],
        source="model",
        confidence=found.best_confidence,
        sources=sources_of(found, memories, question.text),
        provider=completion.provider,
        model=completion.model,
        input_tokens=completion.input_tokens,
        output_tokens=completion.output_tokens,
        cost_nusd=cost_of(reservation.prices, units, reservation.worst.provider, reservation.worst.model),
        knowledge_version=facts.knowledge_version,
        prompt=sealed,
    )
    if is_unsure(text):
        answer = replace(answer, text=say_not_sure(facts, question).text, source="none", sources=(), offers_person=True)
    return Decision(answer=answer, reservation=reservation, units=units)


async def with_shared(
    facts: Facts,
    question: Question,
    found: Found,
    memories: list[Remembered],
    vector: Vector,
    near: Near | None,
    decision: Decision,
) -> Decision:
    """The decision with what others may get of it: nothing, if anything of this customer was in the prompt."""
    answer = decision.answer
    is_personal = bool(question.earlier or memories or describe_customer(facts, question.text))
    if is_personal or not question.hash or answer.source != "model" or not rules_of(facts).is_on:
        return decision
    if not is_for_everybody(question.text, answer.text, _texts(facts, found)):
        return decision
    entry = NewEntry(
        question=question.text,
        text=answer.text,
        source=answer.source,
        versions=versions_of(facts),
        lasts=stored_time(question.text, is_model_made=True),
        confidence=answer.confidence,
        sources=answer.sources,
        depends=depends_on((entry.faq_id for entry in best_faqs(found)), (passage.document_id for passage in found.passages)),
        is_model_made=True,
        cost_nusd=answer.cost_nusd,
        answer_hash=await key_of_answer(answer.text, near),
        vector=vector,
        embedding_model=embedder_name(),
    )
    return replace(decision, answer=replace(answer, shared=entry))


def _texts(facts: Facts, found: Found) -> Iterator[str]:
    """Everything of the business that the prompt held."""
    yield from (facts.business_name, facts.rules, json.dumps([facts.opening_hours, facts.contact, facts.price_list]))
    for entry in best_faqs(found):
        faq = found.knowledge.faqs[entry.faq_id]
        yield from (faq.question, faq.answer)
    for passage in found.passages:
        yield from (passage.title, passage.heading, passage.text)


def sources_of(found: Found, memories: list[Remembered], question: str) -> tuple[dict[str, Any], ...]:
    """The three best FAQs and passages the model had before it, and the memories."""
    known = [faq_source(found.knowledge, entry) for entry in best_faqs(found)]
    known += [passage_source(passage, question) for passage in found.passages]
    known.sort(key=lambda source: -float(source["match"]))
    return (*known[:3], *map(_memory_source, memories))


def _memory_source(memory: Remembered) -> dict[str, Any]:
    return {
        "kind": "memory",
        "id": str(memory.id),
        "title": f"{memory.channel}, {memory.at:%d %B %Y}",
        "quote": memory.text[:300],
        "match": round(memory.score, 3),
    }
