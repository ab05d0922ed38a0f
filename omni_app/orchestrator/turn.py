"""The turn: receive → gather → decide → record, the one path for every channel.

`process` stores a message and answers it inside the call; `continue_conversation` answers what stands open (worker, chat).
A message is stored and committed before anything else happens to it; if this process dies then, the sweep finds the open
question and a worker answers it.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from omni_app.budgets.settling import settle, settle_in
from omni_app.cache import index
from omni_app.cache import process as kept
from omni_app.cache.keeping import shared_time
from omni_app.cache.stored import NewEntry
from omni_app.conversations.answering import Answer, Recorded, ReplyState, claim_turn, find_reply, open_with_answer, release_turn
from omni_app.conversations.facts import Facts, Inbound, open_with_facts, read_facts_of
from omni_app.conversations.receiving import Moved, Received, already_stored, store
from omni_app.customers.identifying import create_customer
from omni_app.events import ConversationHandedOver, emit
from omni_app.infra.background import start_task
from omni_app.infra.database import open_db
from omni_app.infra.errors import Unavailable
from omni_app.infra.log import get_logger
from omni_app.infra.metrics import TURN_SECONDS, TURNS
from omni_app.infra.scope import Permission, Scope
from omni_app.llm.embedding import embed_ahead
from omni_app.orchestrator import serving
from omni_app.orchestrator.brain import decide
from omni_app.orchestrator.deciding import Decision, Question, Seat, Stopwatch, lease_time
from omni_app.orchestrator.gating import address_index_of, look_at_quota, note_signs, pass_gates
from omni_app.orchestrator.noting import address_asked_in, note_address
from omni_app.orchestrator.streaming import LiveAnswer

log = get_logger(__name__)

WAIT = timedelta(seconds=40)
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one message. `reply_id` is None when a person has the conversation."""

    conversation_id: UUID
    status: str
    speaker: str
    message_id: UUID
    seq: int
    reply_id: UUID | None = None
    reply_text: str | None = None
    source: str = "human"
    tier: str | None = None
    sources: tuple[dict[str, Any], ...] = ()
    confidence: float | None = None
    handed_over: bool = False
    cost_nusd: int = 0
    receipt_id: UUID | None = None


async def process(scope: Scope, inbound: Inbound) -> Outcome:
    """Store one message and answer it.

    Raises `Forbidden` (customer blocked, or the caller may not), `TooMany` (the customer's window is full), `NotFound`
    (conversation), `Unavailable` (another turn did not finish in time; the message is stored and will be answered).
    """
    scope.require(Permission.REPLY)
    watch = Stopwatch()
    received, facts = await receive(scope, inbound, watch)
    if received.turn_id is None:
        return await _await_answer(scope, received)
    answer, recorded = await _answer(scope, facts, received.turn_id, received.fence, received.seq, inbound.text, watch)
    if recorded is None:
        return await _await_answer(scope, received)
    return _outcome(received, answer, recorded)


async def receive(scope: Scope, inbound: Inbound, watch: Stopwatch | None = None) -> tuple[Received, Facts]:
    """Identify, gate and store one message; the same `client_id` is stored once.

    Raises `Forbidden` (blocked), `TooMany`, `NotFound`; nothing is stored then.
    """
    watch = watch or Stopwatch()
    look = serving.Look(scope.business_id, inbound.text)
    for attempt in (1, 2, 3):
        try:
            async with open_with_facts(scope, inbound, look.to_read, address_index_of(inbound)) as (db, facts):
                facts = replace(facts, shared=await look.find())
                watch.lap("identify")
                if facts.stored_id is not None and facts.conversation_id is not None and facts.customer is not None:
                    return already_stored(facts), facts
                customer = facts.customer or await create_customer(
                    db, inbound.address, inbound.name, inbound.language, inbound.proof, is_queued=True
                )
                passed = await pass_gates(db, scope, facts, customer, inbound)
                watch.lap("gates")
                if facts.speaker == "ai" and inbound.text and not serving.is_at_hand(scope, facts, look.question_hash):
                    embed_ahead(inbound.text)
                received = await store(db, inbound, facts, customer, lease_time(), is_last=not passed.signs)
                if passed.signs:
                    await note_signs(db, facts, customer, inbound, received.conversation_id, passed)
            watch.lap("store message")
            if received.speaker == "human" and received.status == "waiting":
                language = address_asked_in(facts, inbound)
                if language is not None:
                    start_task(note_address(scope, inbound, received.conversation_id, language), "address noted")
            known = replace(facts, customer=customer, conversation_id=received.conversation_id)
            return received, replace(known, is_over_quota=passed.is_over_quota)
        except (IntegrityError, Moved):
            # A twin was stored, or the customer joined with another, between our read and our write; the next read finds it.
            if attempt == 3:
                raise
    raise AssertionError("unreachable")


async def continue_conversation(scope: Scope, conversation_id: UUID) -> list[Recorded]:
    """Answer everything that stands open, one turn after the other; nothing happens when another turn holds the lease."""
    done: list[Recorded] = []
    while True:
        watch = Stopwatch()
        async with open_db(scope) as db:
            claimed = await claim_turn(db, conversation_id, lease_time())
            if claimed is None:
                return done
            facts = await read_facts_of(db, conversation_id)
            facts = await serving.look_up(db, facts, _question(facts, None))
        turn_id, fence, last_seq = claimed
        facts = await look_at_quota(scope, facts)
        watch.lap("identify")
        _, recorded = await _answer(scope, facts, turn_id, fence, last_seq, None, watch)
        if recorded is None:
            return done
        done.append(recorded)
        if not recorded.has_more:
            return done


async def answer_open(
    scope: Scope,
    facts: Facts,
    turn_id: UUID,
    fence: int,
    last_seq: int,
    new_text: str | None,
    watch: Stopwatch,
) -> tuple[Answer, Recorded] | None:
    """Answer the open messages of a conversation whose lease the caller holds; None when the AI has to be silent.

    `new_text` is the message stored after `facts` were read, or None when `facts` hold it already.
    """
    answer, recorded = await _answer(scope, facts, turn_id, fence, last_seq, new_text, watch)
    return None if recorded is None else (answer, recorded)


def _question(facts: Facts, new_text: str | None) -> Question:
    """Quick messages in a row are one question; what came before is context."""
    open_ones = [m["text"] for m in facts.history if m["role"] == "customer" and m["seq"] > facts.answered_seq]
    earlier = tuple(m for m in facts.history if m["seq"] <= facts.answered_seq or m["role"] != "customer")
    if new_text is not None:
        open_ones.append(new_text)
    # A file has no words.
    open_ones = [one for one in open_ones if one]
    text = "\n".join(open_ones)
    return Question(text=text, hash=serving.question_hash(text) if len(open_ones) == 1 else "", earlier=earlier)


async def _answer(
    scope: Scope, facts: Facts, turn_id: UUID, fence: int, answers_seq: int, new_text: str | None, watch: Stopwatch
) -> tuple[Answer, Recorded | None]:
    assert facts.conversation_id is not None
    started = perf_counter()
    question = _question(facts, new_text)
    live = LiveAnswer(scope, facts.conversation_id, turn_id, fence)
    live.start()
    seat = Seat()
    recorded = None
    try:
        try:
            decision = await decide(scope, facts, question, watch, live, seat)
        except BaseException:
            # Somebody else may answer at once instead of after the lease.
            await asyncio.shield(_give_back(scope, facts.conversation_id, turn_id))
            raise
        finally:
            await live.stop()
        answer = replace(decision.answer, steps=tuple(watch.steps), message_id=live.message_id)
        recorded = await _record(
            scope, facts.conversation_id, turn_id, fence, answers_seq, question.text, decision, answer, facts.channel
        )
        if answer.shared is not None and recorded is not None and recorded.entry_id is not None:
            _keep(scope, facts, question, answer.shared, recorded.entry_id, recorded.at, seat)
    finally:
        live.end(is_recorded=recorded is not None)
        seat.land()
    if recorded is not None:
        label = "cache" if answer.tier else answer.source
        TURNS.labels(label).inc()
        TURN_SECONDS.labels(label).observe(perf_counter() - started)
    return answer, recorded


def _keep(scope: Scope, facts: Facts, question: Question, entry: NewEntry, entry_id: UUID, at: datetime, seat: Seat) -> None:
    """Put an answer that PostgreSQL holds into the tiers above, and give it to those who wait for it."""
    stored = entry.serve(entry_id, at)
    kept.keep(scope.business_id, question.hash, entry.versions.cache, stored)
    index.note_entry(scope.business_id, entry, entry_id, at)
    if not seat.land(stored, shared_time(question.text, serving.rules_of(facts).shared_hours)):
        serving.keep_shared(scope, facts, question, stored)


async def _record(
    scope: Scope,
    conversation_id: UUID,
    turn_id: UUID,
    fence: int,
    answers_seq: int,
    subject: str,
    decision: Decision,
    answer: Answer,
    channel: str,
) -> Recorded | None:
    # An answer in a chat that hands nothing over and pays nobody is one statement.
    is_all = channel == "chat" and answer.handover_reason is None and decision.reservation is None
    async with open_with_answer(scope, conversation_id, turn_id, fence, answers_seq, subject, answer, is_all=is_all) as (
        db,
        recorded,
    ):
        if recorded is not None and not is_all:
            if answer.handover_reason is not None:
                await emit(db, ConversationHandedOver(conversation_id=conversation_id))
            if decision.reservation is not None:
                await settle_in(
                    db,
                    decision.reservation,
                    decision.units or {},
                    conversation_id=conversation_id,
                    message_id=answer.message_id,
                )
    if recorded is None and decision.reservation is not None:
        note = "answered by a model but not sent: the conversation moved on"
        await settle(scope, decision.reservation, decision.units or {}, conversation_id=conversation_id, note=note)
    return recorded


async def _give_back(scope: Scope, conversation_id: UUID, turn_id: UUID) -> None:
    try:
        async with open_db(scope) as db:
            await release_turn(db, conversation_id, turn_id)
    except Exception:
        log.warning("lease not given back; it ends by itself", conversation_id=str(conversation_id))


async def _await_answer(scope: Scope, received: Received) -> Outcome:
    """The answer another turn is making, or our own once its lease ends. A person's conversation gives no reply."""
    deadline = perf_counter() + WAIT.total_seconds()
    while True:
        async with open_db(scope) as db:
            state = await find_reply(db, received.conversation_id, received.seq)
        if state.row is not None or state.speaker == "human" or state.is_answered:
            return _found(received, state)
        await continue_conversation(scope, received.conversation_id)
        if perf_counter() > deadline:
            raise Unavailable("The answer", retry_after=timedelta(seconds=5))
        await asyncio.sleep(POLL_SECONDS)


def _found(received: Received, state: ReplyState) -> Outcome:
    row = state.row
    return Outcome(
        conversation_id=received.conversation_id,
        status=state.status,
        speaker=state.speaker,
        message_id=received.message_id,
        seq=received.seq,
        reply_id=row.id if row else None,
        reply_text=row.text if row else None,
        source=row.source if row else "human",
        tier=row.tier if row else None,
        sources=tuple(row.sources) if row else (),
        confidence=row.confidence if row else None,
        handed_over=state.speaker == "human",
        cost_nusd=row.cost_nusd if row else 0,
        receipt_id=row.receipt_id if row else None,
    )


def _outcome(received: Received, answer: Answer, recorded: Recorded) -> Outcome:
    return Outcome(
        conversation_id=received.conversation_id,
        status=recorded.status,
        speaker=recorded.speaker,
        message_id=received.message_id,
        seq=received.seq,
        reply_id=answer.message_id,
        reply_text=answer.text,
        source=answer.source,
        tier=answer.tier,
        sources=answer.sources,
        confidence=answer.confidence,
        handed_over=recorded.speaker == "human",
        cost_nusd=answer.cost_nusd,
        receipt_id=answer.receipt_id,
    )
