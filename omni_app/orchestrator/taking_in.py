"""Take a message that came over a channel: who wrote it, into which conversation, may it be answered; stored once.

The event row is locked while the message is stored and marked in the same transaction, so an event handled twice, or by two
workers at once, stores one message. An answer is a job of its own.
"""

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from omni_app.channels.accounts import Account
from omni_app.channels.contract import InboundMessage
from omni_app.channels.events import hold_event, mark_event
from omni_app.conversations.facts import Facts, Inbound, read_facts
from omni_app.conversations.jobs import AnswerConversation
from omni_app.conversations.joining import join_twins
from omni_app.conversations.mail_threads import (
    ANSWERS_AN_HOUR,
    Thread,
    find_thread,
    may_answer_mail,
    remember_mail,
    seal_envelope,
)
from omni_app.conversations.receiving import Moved, Received, already_stored, store
from omni_app.conversations.said import subject_said
from omni_app.conversations.strangers import meet
from omni_app.customers.identifying import KnownCustomer, create_customer
from omni_app.customers.recognising import Recognised, add_missing_points, recognise
from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db
from omni_app.infra.errors import Invalid, TooMany
from omni_app.infra.jobs import enqueue
from omni_app.infra.scope import Scope
from omni_app.orchestrator.gating import BLOCKED, Passed, note_signs, pass_gates

MOST_TEXT = 8_000
NO_LEASE = timedelta()
"""The answer is a job of its own, so storing takes no lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What was fetched and stored for a message before its transaction: attachment ids, the key of its HTML, its words."""

    attachments: tuple[UUID, ...] = ()
    html_key: str = ""
    text: str = ""
    details: dict[str, Any]


async def take_in(scope: Scope, account: Account, event_id: UUID, message: InboundMessage, prepared: Prepared) -> Received | None:
    """Store one message of a customer and ask for its answer; None when the event was handled meanwhile.

    A limit that is reached keeps the AI silent, not the customer: the message is stored and staff see it. Raises `Forbidden` when
    staff blocked the customer, `TooMany` when abuse detection did, `Invalid` when nothing in it can be kept.
    """
    for attempt in (1, 2, 3):
        try:
            async with open_db(scope) as db:
                held = await hold_event(db, event_id)
                if held is None or held.status != "new":
                    return None
                return await _store(db, scope, account, event_id, message, prepared)
        except (IntegrityError, Moved):
            # Somebody stored a twin or joined the customer between our read and our write; the next read finds it.
            if attempt == 3:
                raise
    raise AssertionError("unreachable")


async def _store(db: Db, scope: Scope, account: Account, event_id: UUID, message: InboundMessage, prepared: Prepared) -> Received:
    recognised = await _recognise(db, account, message)
    thread = await _find_thread(db, account, message, recognised)
    if thread is not None and thread.host is not None:
        # Somebody in copy, or the customer without their mail system's word: the conversation stays its customer's.
        recognised = thread.host
    inbound = _inbound(account, message, prepared, recognised, thread)
    facts = await read_facts(db, inbound, "")
    if facts.stored_id is not None:
        # Under another event key it came before.
        await mark_event(db, event_id, "ignored", "This message was stored before.", message_id=facts.stored_id)
        return already_stored(facts)
    customer = facts.customer or await create_customer(
        db, recognised.address, message.sender.name[:120], message.sender.language[:35], "proven", "channel"
    )
    point_id = recognised.contact_point_id
    if not recognised.is_settled:
        point_id = await add_missing_points(db, recognised, customer)
    passed, problem = await _pass(db, scope, facts, customer, inbound)
    is_silent = bool(message.automatic or problem) or not await may_answer_mail(
        db,
        facts.conversation_id,
        message.mail,
        customer_id=customer.id,
        most=getattr(account.settings, "answers_per_hour", ANSWERS_AN_HOUR),
    )
    envelope = seal_envelope(customer.data_key, message.mail) if message.mail is not None else ""
    inbound = replace(inbound, contact_point_id=point_id, is_silent=is_silent, envelope=envelope)
    received = await store(db, inbound, facts, customer, NO_LEASE)
    if passed is not None:
        await note_signs(db, facts, customer, inbound, received.conversation_id, passed)
    if message.mail is not None and message.mail.message_id:
        await remember_mail(db, received.conversation_id, received.message_id, message.mail.message_id, message.mail.references)
    if received.speaker == "ai" and not is_silent:
        await enqueue(db, AnswerConversation(conversation_id=received.conversation_id))
    await mark_event(
        db, event_id, "handled", problem or message.automatic, customer_id=customer.id, message_id=received.message_id
    )
    return received


async def _recognise(db: Db, account: Account, message: InboundMessage) -> Recognised:
    sender = message.sender
    recognised = await recognise(db, account.channel, sender.identifiers, sender.name[:120], sender.language[:35])
    main = recognised.customer
    if main is not None and recognised.twins and await join_twins(db, main.id, recognised.twins, account.channel):
        recognised = await recognise(db, account.channel, sender.identifiers, sender.name[:120], sender.language[:35])
    if main is None and recognised.claimers and recognised.is_proven:
        proven = [point.address for point in recognised.missing if point.proof == "proven"]
        if await meet(db, account.id, proven, recognised.claimers):
            recognised = await recognise(db, account.channel, sender.identifiers, sender.name[:120], sender.language[:35])
    return recognised


async def _find_thread(db: Db, account: Account, message: InboundMessage, recognised: Recognised) -> Thread | None:
    if message.mail is None:
        return None
    customer_id = recognised.customer.id if recognised.customer is not None else None
    return await find_thread(db, account.id, message.mail, customer_id, message.sender.name, is_proven=recognised.is_proven)


def _inbound(
    account: Account, message: InboundMessage, prepared: Prepared, recognised: Recognised, thread: Thread | None
) -> Inbound:
    text = _keepable(prepared.text or message.text)
    if not text and not prepared.attachments and message.kind == "text":
        if not message.folded and not message.html:
            raise Invalid("The message is empty.", "text")
        text = message.mail.subject if message.mail is not None and message.mail.subject else "(no text)"
    details = dict(prepared.details) | (thread.details if thread is not None else {})
    if message.mail is not None and not message.automatic:
        known = thread.subject if thread is not None and thread.conversation_id is not None else ""
        if subject := subject_said(message.mail.subject, text, known):
            details["subject"] = subject
    folded = _keepable(message.folded)
    if len(text) > MOST_TEXT:
        # Nothing is lost: what one message cannot show stands below it.
        text, folded = text[:MOST_TEXT], text[MOST_TEXT:] + ("\n\n" + folded if folded else "")
        details["is_cut"] = True
    return Inbound(
        channel=account.channel,
        address=recognised.address,
        text=text,
        name=message.sender.name[:120],
        language=message.sender.language[:35],
        conversation_id=thread.conversation_id if thread is not None else None,
        client_id=message.id[:200] or None,
        attachments=prepared.attachments,
        connection_id=account.id,
        opens_new=message.mail is not None and (thread is None or thread.conversation_id is None),
        subject=_keepable(message.mail.subject)[:200] if message.mail is not None else "",
        kind=message.kind,
        details=json.loads(_keepable(json.dumps(details, default=str))),
        folded=folded,
        external_id=message.id[:400] or None,
        answers_id=message.answers_id[:400],
        html_key=prepared.html_key,
        sent_at=message.sent_at,
        uploaded_by=f"channel:{account.id}",
    )


def _keepable(text: str) -> str:
    """Without what PostgreSQL cannot keep."""
    return text.replace("\x00", "").replace("\\u0000", "").encode("utf-8", "replace").decode("utf-8").strip()


async def _pass(db: Db, scope: Scope, facts: Facts, customer: KnownCustomer, inbound: Inbound) -> tuple[Passed | None, str]:
    """The gates; and, for a limit that is reached, why the AI stays silent."""
    try:
        return await pass_gates(db, scope, facts, customer, inbound), ""
    except TooMany as error:
        is_restricted = customer.restricted_until is not None and customer.restricted_until > now()
        if customer.restriction == BLOCKED and is_restricted:
            raise
        return None, f"Stored without an answer: {error}"
