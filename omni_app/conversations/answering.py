"""The lease on a conversation, and the one write that records an answer.

One turn at a time may answer a conversation. The lease (holder, until, fence) is taken when a message is stored or claimed here;
the recording statement checks it, so a turn that lost its lease, or a conversation that a person took over, records nothing.
"""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app.cache.stored import CURRENT, ENTRY, NewEntry, entry_values
from omni_app.conversations.planning import plan_delivery
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db_with
from omni_app.infra.errors import NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope

# No lease is longer than a model's time-out; one beyond a quarter of an hour was written before the clock was set back.
_CLAIM = text(
    """
    update conversations set lease_holder = :turn_id, lease_until = :until, fence = fence + 1
    where id = :id and speaker = 'ai' and last_customer_seq > answered_seq
      and (lease_until is null or lease_until < :now or lease_until > :now + interval '15 minutes')
    returning fence, last_customer_seq
    """
)

_RENEW = text(
    """
    update conversations set lease_until = :until
    where id = :id and speaker = 'ai' and lease_holder = :turn_id and fence = :fence returning id
    """
)

_SAY = text(
    """
    with c as (
      update conversations set last_seq = last_seq + 1
      where id = :id and status = 'waiting' and speaker = 'human' and assignee_id is null returning *
    ), m as (
      insert into messages (id, business_id, conversation_id, customer_id, seq, role, text, status, source, sources,
        offers_person, cost_nusd, created_at)
      select :message_id, business_id, id, customer_id, last_seq, 'assistant', :text, 'sent', 'none', '[]', false, 0, :now from c
    )
    select last_seq, connection_id from c
    """
)

_HOLDS = text("select speaker = 'ai' and lease_holder = :turn_id and fence = :fence as is_held from conversations where id = :id")

_RELEASE = text("update conversations set lease_holder = null, lease_until = null where id = :id and lease_holder = :turn_id")

_REPLY_TO = text(
    """
    select c.speaker, c.status, c.answered_seq, m.id, m.text, m.source, m.tier, m.confidence, m.sources, m.cost_nusd, m.receipt_id
    from conversations c left join lateral (select * from messages a where a.conversation_id = c.id and a.role = 'assistant'
      and a.answers_seq >= :seq order by a.seq limit 1) m on true
    where c.id = :id
    """
)

_RECORD = text(
    f"""
    with c as (
      update conversations set last_seq = last_seq + case when :hands_over then 2 else 1 end,
        answered_seq = greatest(answered_seq, :answers_seq),
        lease_holder = null, lease_until = null, last_text = left(:text, 200), last_role = 'assistant', last_message_at = :now,
        subject = case when subject = '' then :subject else subject end,
        speaker = case when :hands_over then 'human' else speaker end,
        status = case when :hands_over then 'waiting' else status end,
        handed_over_at = case when :hands_over then :now else handed_over_at end,
        handover_reason = case when :hands_over then :handover_reason else handover_reason end,
        handover_summary = case when :hands_over then :handover_summary else handover_summary end,
        waiting_since = case when :hands_over then :now else waiting_since end
      where id = :conversation_id and lease_holder = :turn_id and fence = :fence and speaker = 'ai'
      returning id, business_id, customer_id, last_seq, last_customer_seq, answered_seq, status, speaker, channel, connection_id
    ), m as (
      insert into messages (id, business_id, conversation_id, customer_id, seq, role, text, status, author_name, source, tier,
        confidence, sources, offers_person, answers_seq, cost_nusd, receipt_id, created_at)
      select :message_id, business_id, id, customer_id, last_seq - case when :hands_over then 1 else 0 end, 'assistant', :text,
        'sent', null, :source, :tier, :confidence, cast(:sources as jsonb), :offers_person, :answers_seq, :cost_nusd, :receipt_id,
        :now from c
    ), s as (
      insert into messages (id, business_id, conversation_id, customer_id, seq, role, text, status, sources, offers_person,
        cost_nusd, created_at)
      select :line_id, business_id, id, customer_id, last_seq, 'system', :line, 'sent', '[]', false, 0, :now from c
      where :hands_over
    ), r as (
      insert into receipts (id, business_id, conversation_id, customer_id, message_id, source, tier, provider, model,
        input_tokens, output_tokens, cost_nusd, confidence, knowledge_version, sources, steps, note, prompt, cached_answer_id,
        matched_question, saved_nusd, created_at)
      select :receipt_id, business_id, id, customer_id, :message_id, :source, :tier, :provider, :model, :input_tokens,
        :output_tokens, :cost_nusd, :confidence, :knowledge_version, cast(:sources as jsonb), cast(:steps as jsonb), :note,
        :prompt, cast(:cached_answer_id as uuid), :matched_question, :saved_nusd, :now from c
    ), l as (
      insert into ledger_entries (id, business_id, service, provider, model, units, unit_prices, cost_nusd, channel, customer_id,
        conversation_id, message_id, note, created_at)
      select :ledger_id, business_id, 'chat', :provider, :model, '{{"answer": 1}}', '{{"answer": 0}}', 0, channel, customer_id,
        id, :message_id, '', :now from c where :is_free_call
    ), current as materialized ({CURRENT}), k as ({ENTRY.format(condition="exists (select from c)")})
    select id, last_seq, last_customer_seq, status, speaker, connection_id, (select id from k) as entry_id from c
    """  # noqa: S608 (constants)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the brain decided to say. `sources` [{kind, id, title, quote}]; `prompt` is encrypted already.

    `shared` is set when anyone who asks the same may get the same answer. An answer from the cache names the entry
    (`cached_answer_id`), the question it was found for if worded otherwise, and what asking a model again would have cost
    (`saved_nusd`). With a `handover_reason` the conversation waits for a person from then on: `handover_summary` (at most 400
    characters) is for staff, `handover_line` stands in the thread for both sides.
    """

    text: str
    source: str
    tier: str | None = None
    confidence: float | None = None
    sources: tuple[dict[str, Any], ...] = ()
    offers_person: bool = False
    handover_reason: str | None = None
    handover_summary: str = ""
    handover_line: str = ""
    provider: str = ""
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nusd: int = 0
    is_free_call: bool = False
    knowledge_version: int = 0
    shared: NewEntry | None = None
    cached_answer_id: UUID | None = None
    matched_question: str = ""
    saved_nusd: int = 0
    steps: tuple[dict[str, Any], ...] = ()
    note: str = ""
    prompt: str = ""
    message_id: UUID = field(default_factory=new_id)
    receipt_id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The recorded answer's number, and whether newer customer messages wait for another turn.

    `entry_id` names the cache entry the answer was stored in; None when it was not, because it is not to be shared or because
    the business changed meanwhile.
    """

    seq: int
    status: str
    speaker: str
    has_more: bool
    at: datetime
    entry_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyState:
    """Where the answer to one customer message stands. `row` is the assistant's message, or None."""

    speaker: str
    status: str
    is_answered: bool
    row: Any | None


async def claim_turn(db: Db, conversation_id: UUID, lease: timedelta) -> tuple[UUID, int, int] | None:
    """Take the lease if there is something to answer and nobody holds it: (turn id, fence, last customer seq)."""
    turn_id, at = new_id(), now()
    row = (await db.execute(_CLAIM, {"id": conversation_id, "turn_id": turn_id, "until": at + lease, "now": at})).one_or_none()
    return None if row is None else (turn_id, row.fence, row.last_customer_seq)


async def release_turn(db: Db, conversation_id: UUID, turn_id: UUID) -> None:
    """Give the lease back without an answer; nothing happens when it is lost already."""
    await db.execute(_RELEASE, {"id": conversation_id, "turn_id": turn_id})


async def renew_turn(db: Db, conversation_id: UUID, turn_id: UUID, fence: int, lease: timedelta) -> bool:
    """Hold the lease for `lease` from now on; False when it is lost."""
    values = {"id": conversation_id, "turn_id": turn_id, "fence": fence, "until": now() + lease}
    return (await db.execute(_RENEW, values)).one_or_none() is not None


async def holds_turn(db: Db, conversation_id: UUID, turn_id: UUID, fence: int) -> bool:
    """Whether this turn may still answer: nobody took over, and no later turn took the lease."""
    found = await db.execute(_HOLDS, {"id": conversation_id, "turn_id": turn_id, "fence": fence})
    return bool(found.scalar_one_or_none())


async def say_while_waiting(db: Db, conversation_id: UUID, line: str) -> None:
    """Add one message of the assistant to a conversation that waits for a person; nothing happens when somebody has it by now."""
    message_id = new_id()
    values = {"id": conversation_id, "message_id": message_id, "text": line, "now": now()}
    row = (await db.execute(_SAY, values)).one_or_none()
    if row is None:
        return
    if row.connection_id is not None:
        await plan_delivery(db, conversation_id, message_id)
    live.publish(db, "message.created", conversation_id=conversation_id, seq=row.last_seq, role="assistant")


async def find_reply(db: Db, conversation_id: UUID, seq: int) -> ReplyState:
    """The answer to the customer's message number `seq`, if it is there. Raises `NotFound` when the conversation was erased."""
    row = (await db.execute(_REPLY_TO, {"id": conversation_id, "seq": seq})).one_or_none()
    if row is None:
        raise NotFound("conversation")
    return ReplyState(
        speaker=row.speaker, status=row.status, is_answered=row.answered_seq >= seq, row=row if row.id is not None else None
    )


async def record_answer(
    db: Db, conversation_id: UUID, turn_id: UUID, fence: int, answers_seq: int, subject: str, answer: Answer
) -> Recorded | None:
    """Write the answer, its receipt, its ledger row and its cache entry in one statement, and queue it for the channel.

    Returns None, having written nothing, when the lease was lost or a person took over: the AI stays silent.
    """
    at = now()
    values = _record_values(db.scope.business_id, conversation_id, turn_id, fence, answers_seq, subject, answer, at)
    return await _recorded(db, (await db.execute(_RECORD, values)).all(), answers_seq, answer, at)


@asynccontextmanager
async def open_with_answer(
    scope: Scope,
    conversation_id: UUID,
    turn_id: UUID,
    fence: int,
    answers_seq: int,
    subject: str,
    answer: Answer,
    *,
    is_all: bool,
) -> AsyncIterator[tuple[Db, Recorded | None]]:
    """A transaction that begins with `record_answer`, in the same round trip. With `is_all` it is committed with it: only for a
    conversation without a channel to deliver to."""
    at = now()
    values = _record_values(scope.business_id, conversation_id, turn_id, fence, answers_seq, subject, answer, at)
    async with open_db_with(scope, _RECORD, values, is_all=is_all) as (db, rows):
        yield db, await _recorded(db, rows, answers_seq, answer, at)


def _record_values(
    business_id: UUID,
    conversation_id: UUID,
    turn_id: UUID,
    fence: int,
    answers_seq: int,
    subject: str,
    answer: Answer,
    at: datetime,
) -> dict[str, Any]:
    return {
        "conversation_id": conversation_id,
        "turn_id": turn_id,
        "fence": fence,
        "answers_seq": answers_seq,
        "now": at,
        "subject": subject[:120],
        "text": answer.text,
        "source": answer.source,
        "tier": answer.tier,
        "confidence": answer.confidence,
        "sources": json.dumps(answer.sources),
        "steps": json.dumps(answer.steps),
        "offers_person": answer.offers_person,
        "hands_over": answer.handover_reason is not None,
        "handover_reason": answer.handover_reason,
        "handover_summary": answer.handover_summary[:400],
        "line": answer.handover_line,
        "line_id": new_id(),
        "provider": answer.provider,
        "model": answer.model,
        "input_tokens": answer.input_tokens,
        "output_tokens": answer.output_tokens,
        "cost_nusd": answer.cost_nusd,
        "is_free_call": answer.is_free_call,
        "knowledge_version": answer.knowledge_version,
        "note": answer.note,
        "prompt": answer.prompt,
        "message_id": answer.message_id,
        "receipt_id": answer.receipt_id,
        "ledger_id": new_id(),
        "cached_answer_id": answer.cached_answer_id,
        "matched_question": answer.matched_question,
        "saved_nusd": answer.saved_nusd,
        **entry_values(business_id, answer.shared, new_id(), at),
    }


async def _recorded(db: Db, rows: Sequence[Any], answers_seq: int, answer: Answer, at: datetime) -> Recorded | None:
    if not rows:
        return None
    (row,) = rows
    if row.connection_id is not None:
        await plan_delivery(db, row.id, answer.message_id)
    live.publish(db, "message.created", conversation_id=row.id, seq=row.last_seq, role="assistant")
    return Recorded(
        seq=row.last_seq - (1 if answer.handover_reason is not None else 0),
        status=row.status,
        speaker=row.speaker,
        has_more=row.last_customer_seq > answers_seq and row.speaker == "ai",
        at=at,
        entry_id=row.entry_id,
    )
