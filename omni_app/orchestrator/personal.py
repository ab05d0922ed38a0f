"""Questions a customer asks about themselves: what is known, what was said before, forget me.

Answered from this customer's own rows and nothing else: what another customer of the same name or a merely claimed address said
is never looked at. Such answers are for one person, so they are never shared.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import text as sql

from omni_app.conversations.answering import Answer
from omni_app.conversations.facts import Facts
from omni_app.conversations.jobs import ForgetCustomer
from omni_app.conversations.memory import Remembered, recall, says_something
from omni_app.conversations.said import said
from omni_app.customers.identifying import CONTACT_POINT, KnownCustomer
from omni_app.infra.clock import now
from omni_app.infra.crypto import decrypt, unwrap_data_key
from omni_app.infra.database import Db, open_db
from omni_app.infra.jobs import enqueue
from omni_app.infra.scope import Permission, Scope
from omni_app.infra.text import words
from omni_app.llm.embedding import embed_one
from omni_app.orchestrator.personal_phrases import PHRASES, Phrases, write_date
from omni_app.orchestrator.personal_questions import PersonalQuestion, recognise
from omni_app.orchestrator.summarising import cut

# The answer must reach the customer before the conversation it stands in is gone.
SHOWN_FOR = timedelta(seconds=5)
# Cosines of questions about the past to what they ask for start here (MiniLM); a shared word makes up for a lower one.
NEAR = 0.32
WITH_A_WORD = 0.12
QUOTED = 2
TOPICS = 3
# "Last time" is what was said before this visit.
VISIT = timedelta(minutes=30)

_KNOWN = sql(
    """
    select cu.name, cu.created_at,
      (select coalesce(jsonb_agg(jsonb_build_object('kind', cp.kind, 'value', cp.value, 'proof', cp.proof)
         order by cp.created_at), '[]') from contact_points cp where cp.customer_id = cu.id and cp.kind <> 'external') as points,
      (select count(*) from conversations c where c.customer_id = cu.id) as conversations,
      (select count(*) from messages m where m.customer_id = cu.id and m.role = 'customer') as messages,
      (select coalesce(jsonb_agg(to_jsonb(t) order by t.last_message_at desc), '[]') from (
         select c.id, coalesce(nullif(c.summary, ''), c.subject) as text, c.channel, c.last_message_at from conversations c
         where c.customer_id = cu.id and coalesce(nullif(c.summary, ''), c.subject) <> ''
         order by c.last_message_at desc limit :topics) t) as topics
    from customers cu where cu.id = :customer_id
    """
)

# Said too lately to have a vector.
_FRESH = sql(
    f"""
    select m.id, m.conversation_id, m.seq, m.role, {said("m")} as text, m.author_name as author, m.created_at as at, c.channel
    from messages m join conversations c on c.id = m.conversation_id
    where m.customer_id = :customer_id and m.embedded_at is null and m.role in ('customer', 'staff')
    order by m.created_at desc limit 20
    """  # noqa: S608 (constants)
)
_LATEST = sql(
    f"""
    select m.id, m.conversation_id, m.seq, m.role, {said("m")} as text, m.author_name as author, m.created_at as at, c.channel
    from messages m join conversations c on c.id = m.conversation_id
    where m.customer_id = :customer_id and m.role = 'customer' order by m.created_at desc limit 60
    """  # noqa: S608 (constants)
)
_ANSWERS = sql(
    """
    select m.id, a.text, a.role, a.author_name as author, a.source from messages m cross join lateral (
      select * from messages n where n.conversation_id = m.conversation_id and n.seq > m.seq and n.role in ('assistant', 'staff')
      order by n.seq limit 1) a
    where m.id = any(:ids)
    """
)


async def answer_personal(scope: Scope, facts: Facts, text: str) -> Answer | None:
    """The answer from this customer's own history, or None when the question is not about it. Never shareable.

    `facts.history` may hold `text` itself. When the customer confirms that they want to be forgotten, `ForgetCustomer` is
    enqueued for some seconds later: the answer is shown first.
    """
    customer = facts.customer
    if customer is None:
        return None
    if (language := _confirmed(facts, text)) is not None:
        return await _forget(scope, facts, customer, PHRASES[language])
    question = recognise(text)
    if question is None:
        return None
    phrases = PHRASES[question.language]
    if question.kind == "forget":
        return _answer(facts, phrases.ask.format(business=facts.business_name, confirm=phrases.confirm), note="asks to confirm")
    if question.kind == "known":
        return await _tell_known(scope, facts, customer, phrases, question.language)
    return await _tell_past(scope, facts, customer, question, text)


def _answer(facts: Facts, text: str, **values: Any) -> Answer:
    values.setdefault("source", "memory")
    return Answer(text=text, provider="local", knowledge_version=facts.knowledge_version, **values)


# ---- Forget me ---------------------------------------------------------------------------------------------------------------


def _confirmed(facts: Facts, text: str) -> str | None:
    """The language in which the customer confirms the question asked just before; None when they do not."""
    before = next((message for message in reversed(facts.history) if message["role"] != "customer"), None)
    if before is None or before["role"] != "assistant":
        return None
    spoken = words(text)
    for language, phrases in PHRASES.items():
        asked = phrases.ask.format(business=facts.business_name, confirm=phrases.confirm)
        if before["text"] == asked and spoken in (words(phrases.confirm), words(PHRASES["en"].confirm), ["forget", "me", "now"]):
            return language
    return None


async def _forget(scope: Scope, facts: Facts, customer: KnownCustomer, phrases: Phrases) -> Answer:
    if Permission.ADMINISTER not in scope.permissions:
        # A key that may only reply must not erase by pretending to be the customer.
        text = phrases.by_team.format(business=facts.business_name)
        return _answer(facts, text, source="none", handover_reason="asks to be forgotten")
    async with open_db(scope) as db:
        await enqueue(db, ForgetCustomer(customer_id=customer.id), available_at=now() + SHOWN_FOR)
    return _answer(facts, phrases.done, note="the customer is being forgotten")


# ---- What do you know about me -----------------------------------------------------------------------------------------------


async def _tell_known(scope: Scope, facts: Facts, customer: KnownCustomer, phrases: Phrases, language: str) -> Answer | None:
    async with open_db(scope) as db:
        row = (await db.execute(_KNOWN, {"customer_id": customer.id, "topics": TOPICS})).one_or_none()
    if row is None:
        return None
    key = unwrap_data_key(customer.data_key)
    zone = ZoneInfo(facts.timezone)
    today = now().astimezone(zone)
    lines = [phrases.known, phrases.name.format(name=row.name) if row.name else phrases.no_name]
    for point in row.points:
        value = mask_address(point["kind"], decrypt(key, point["value"], CONTACT_POINT))
        lines.append(phrases.contact.format(value=value, proof=phrases.proven if point["proof"] == "proven" else phrases.claimed))
    if not row.points:
        lines.append(phrases.browser)
    since = write_date(language, row.created_at.astimezone(zone), today)
    lines.append(phrases.conversations.format(conversations=row.conversations, messages=row.messages, since=since))
    topics = [topic for topic in row.topics if says_something(topic["text"])]
    if topics:
        lines.append(phrases.topics)
        lines += [f"• {cut(topic['text'], 180)}" for topic in topics]
    lines += [phrases.file, phrases.to_forget.format(forget=phrases.forget)]
    sources = tuple(
        _source(topic["id"], _when(language, _time(topic["last_message_at"]), zone), topic["text"]) for topic in topics
    )
    return _answer(facts, "\n".join(lines), sources=sources, note="what is known of the customer")


def mask_address(kind: str, value: str) -> str:
    """Enough of an address that its owner knows it again: `a…@example.com`, `…0148`."""
    if kind == "email":
        name, _, domain = value.partition("@")
        return f"{name[:1]}…@{domain}"
    return f"…{value[-4:]}"


def _time(value: str | datetime) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _when(language: str, at: datetime, zone: ZoneInfo) -> str:
    return write_date(language, at.astimezone(zone), now().astimezone(zone))


def _source(memory_id: UUID | str, title: str, quote: str) -> dict[str, Any]:
    return {"kind": "memory", "id": str(memory_id), "title": title, "quote": cut(quote, 300)}


# ---- What did I say ----------------------------------------------------------------------------------------------------------


async def _tell_past(scope: Scope, facts: Facts, customer: KnownCustomer, question: PersonalQuestion, text: str) -> Answer | None:
    phrases, language = PHRASES[question.language], question.language
    if question.topic:
        vector = await embed_one(text) + await embed_one(question.topic)
        vector = vector / np.linalg.norm(vector)
        async with open_db(scope) as db:
            near = await recall(db, customer.id, vector, without=None, limit=12, kinds=("message",))
            fresh = await _rows(db, _FRESH, customer.id)
        fresh = [replace(one, score=float(await embed_one(one.text) @ vector)) for one in fresh]
        said = _about(question.topic, [*near, *fresh])
    else:
        async with open_db(scope) as db:
            said = _lately(await _rows(db, _LATEST, customer.id))
    if not said:
        has_past = bool(facts.past_conversations) or any(
            message["role"] == "customer" and message["seq"] <= facts.answered_seq for message in facts.history
        )
        text = phrases.nothing_like_it if has_past else phrases.nothing_at_all
        return _answer(facts, text, offers_person=True, note="nothing like it is remembered")
    async with open_db(scope) as db:
        answers = {row.id: row for row in await db.execute(_ANSWERS, {"ids": [one.message_id for one in said]})}
    zone = ZoneInfo(facts.timezone)
    lines, sources = [], []
    for one in said:
        date = _when(language, one.at, zone)
        if one.role == "customer":
            lines.append(phrases.you_wrote.format(date=date, quote=_quote(one.text)))
        else:
            who = one.author or (phrases.assistant if one.role == "assistant" else phrases.team)
            lines.append(phrases.they_wrote.format(date=date, who=who, quote=_quote(one.text)))
        answer = answers.get(one.message_id) if one.role == "customer" else None
        if answer is not None and (answer.role == "staff" or answer.source not in ("none", "memory", None)):
            lines[-1] += " " + phrases.answer_was.format(quote=_quote(answer.text))
        sources.append(_source(one.message_id or one.conversation_id, f"{date} · {one.channel}", one.text))
    confidence = round(max(one.score for one in said), 4) if question.topic else None
    return _answer(
        facts, "\n".join(lines), sources=tuple(sources), confidence=confidence, note="quoted from the customer's history"
    )


async def _rows(db: Db, statement: Any, customer_id: UUID) -> list[Remembered]:
    return [
        Remembered(kind="message", message_id=row.id, score=0.0, **{k: v for k, v in row._mapping.items() if k != "id"})
        for row in await db.execute(statement, {"customer_id": customer_id})
    ]


def _tells(one: Remembered) -> bool:
    """Whether it tells something; what was asked about the own past, now or before, does not."""
    return says_something(one.text) and not (one.role == "customer" and recognise(one.text))


def _about(topic: str, found: Sequence[Remembered]) -> list[Remembered]:
    """The best of what is near enough; a customer's own words count before the answers to them."""
    stems = {word[:5] for word in topic.split() if len(word) > 2}
    near: list[tuple[float, Remembered]] = []
    for one in found:
        shares = any(word[:5] in stems for word in words(one.text))
        if _tells(one) and one.score >= (WITH_A_WORD if shares else NEAR):
            near.append((one.score + 0.15 * shares + 0.05 * (one.role != "assistant"), one))
    near.sort(key=lambda pair: -pair[0])
    chosen: list[Remembered] = []
    for _, one in near:
        # The assistant's words directly after what is quoted already are quoted as its answer.
        follows = any(o.conversation_id == one.conversation_id and 0 < (one.seq or 0) - (o.seq or 0) <= 2 for o in chosen)
        if not (one.role == "assistant" and follows):
            chosen.append(one)
        if len(chosen) == QUOTED:
            break
    return sorted(chosen, key=lambda one: one.at)


def _lately(found: Sequence[Remembered]) -> list[Remembered]:
    """The last things the customer said before this visit, or, on a first visit, in it."""
    telling = [one for one in found if _tells(one)]
    earlier = [one for one in telling if now() - one.at > VISIT]
    return list(reversed((earlier or telling)[:QUOTED]))


def _quote(said: str) -> str:
    return f"“{cut(said, 240)}”"
