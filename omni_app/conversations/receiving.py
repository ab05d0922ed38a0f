"""Store what a customer wrote, exactly once, and take the lease that lets one turn answer."""

import json
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from omni_app.conversations.attachments import attach, uploader_of
from omni_app.conversations.facts import Facts, Inbound
from omni_app.customers.identifying import KnownCustomer
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Invalid, OmniError
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission

MAX_TEXT = 8000

_CREATE_CONVERSATION = text(
    """
    insert into conversations (id, business_id, customer_id, channel, status, speaker, subject, last_seq, last_customer_seq,
      answered_seq, last_text, last_role, language, last_message_at, last_customer_at, fence, created_at)
    select :id, business_id, id, :channel, 'open', 'ai', left(:subject, 200), 0, 0, 0, '', '', :language, :now, :now, 0, :now
    from customers where id = :customer_id and merged_into_id is null for key share
    """
)

# A customer who writes into a closed conversation opens it again and talks to the AI first.
_FREE = (
    "(speaker = 'ai' or status = 'closed')"
    " and (lease_until is null or lease_until < :now or lease_until > :now + interval '15 minutes')"
)
_APPEND = text(
    f"""
    with c as (
      update conversations set
        last_seq = last_seq + 1, last_customer_seq = last_seq + 1, last_text = left(:text, 200), last_role = 'customer',
        last_message_at = :now, last_customer_at = :now,
        speaker = case when status = 'closed' then 'ai' else speaker end,
        assignee_id = case when status = 'closed' then null else assignee_id end,
        answered_seq = case when speaker = 'human' and status <> 'closed' then last_seq + 1
          when :is_silent and answered_seq >= last_customer_seq then last_seq + 1 else answered_seq end,
        connection_id = coalesce(cast(:connection_id as uuid), connection_id),
        contact_point_id = coalesce(cast(:contact_point_id as uuid), contact_point_id),
        waiting_since = case when speaker = 'human' and status <> 'closed' then coalesce(waiting_since, :now) end,
        closed_at = null,
        status = case when status = 'closed' then 'open' when status = 'snoozed' and speaker = 'human' then 'waiting'
          when status = 'snoozed' then 'open' when speaker = 'human' then 'waiting' else status end,
        page = coalesce(cast(:page as jsonb), page),
        lease_holder = case when {_FREE} then cast(:turn_id as uuid) else lease_holder end,
        fence = case when {_FREE} then fence + 1 else fence end,
        lease_until = case when {_FREE} then cast(:lease_until as timestamptz) else lease_until end
      where id = :conversation_id and customer_id = :customer_id
      returning id, business_id, customer_id, last_seq, speaker, status, fence, lease_holder
    ), m as (
      insert into messages (id, business_id, conversation_id, customer_id, seq, role, text, status, client_id, sources,
        offers_person, cost_nusd, kind, details, folded, external_id, answers_id, envelope, html_key, sent_at, created_at)
      select :message_id, business_id, id, customer_id, last_seq, 'customer', :text, 'delivered', :client_id, '[]', false, 0,
        :kind, cast(:details as jsonb), :folded, cast(:external_id as text), :answers_id, :envelope, :html_key,
        cast(:sent_at as timestamptz), :now
      from c
    ), seen as (update customers set last_seen_at = :now from c where customers.id = c.customer_id)
    select last_seq, speaker, status, fence, coalesce(lease_holder = :turn_id, false) as is_leased from c
    """  # noqa: S608
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A stored message. `turn_id` is set when this caller holds the lease and must answer or release it."""

    message_id: UUID
    conversation_id: UUID
    customer: KnownCustomer
    seq: int
    speaker: str
    status: str
    turn_id: UUID | None
    fence: int
    is_repeat: bool


def check_text(value: str, field: str = "text", *, with_attachments: bool = False) -> str:
    """The text without surrounding white space and without characters PostgreSQL cannot keep. Raises `Invalid`.

    It may be empty only `with_attachments`.
    """
    cleaned = value.replace("\x00", "").strip()
    # A lone surrogate cannot be written as UTF-8.
    cleaned = cleaned.encode("utf-8", "replace").decode("utf-8")
    if not cleaned and not with_attachments:
        raise Invalid("Write a message.", field)
    if len(cleaned) > MAX_TEXT:
        raise Invalid(f"A message has at most {MAX_TEXT:,} characters; this one has {len(cleaned):,}.", field)
    return cleaned


class Moved(OmniError):
    """The customer was joined with another one, or the conversation removed, between the read and the write: start over."""


async def store(
    db: Db, inbound: Inbound, facts: Facts, customer: KnownCustomer, lease: timedelta, *, is_last: bool = False
) -> Received:
    """Store one message after `read_facts` of the same transaction; opens a conversation when there is none. With `is_last` the
    transaction is committed with it, unless there are files to attach.

    Raises SQLAlchemy's IntegrityError when a twin of this message was stored meanwhile, and `Moved`: start over, it is found.
    Raises `Invalid` when there is neither text nor a file, or a file is not this customer's or was sent already.
    """
    db.scope.require(Permission.REPLY)
    if not inbound.text and not inbound.attachments and inbound.kind == "text":
        raise Invalid("Write a message.", "text")
    conversation_id = facts.conversation_id
    at = now()
    if conversation_id is None:
        conversation_id = new_id()
        # Nothing is made for a customer who was joined with another meanwhile; the message then finds no conversation below.
        db.queue(
            _CREATE_CONVERSATION,
            {
                "id": conversation_id,
                "customer_id": customer.id,
                "channel": inbound.channel,
                "language": inbound.language,
                "subject": inbound.subject,
                "now": at,
            },
        )
    turn_id, message_id = new_id(), new_id()
    values = {
        "conversation_id": conversation_id,
        "customer_id": customer.id,
        "message_id": message_id,
        "text": inbound.text,
        "page": json.dumps(inbound.page) if inbound.page else None,
        "client_id": inbound.client_id,
        "connection_id": inbound.connection_id,
        "contact_point_id": inbound.contact_point_id,
        "is_silent": inbound.is_silent,
        "kind": inbound.kind,
        "details": json.dumps(dict(inbound.details)),
        "folded": inbound.folded,
        "external_id": inbound.external_id,
        "answers_id": inbound.answers_id,
        "envelope": inbound.envelope,
        "html_key": inbound.html_key,
        "sent_at": inbound.sent_at,
        "turn_id": turn_id,
        "lease_until": at + lease,
        "now": at,
    }
    is_last = is_last and not inbound.attachments
    rows = await db.run_last(_APPEND, values) if is_last else (await db.execute(_APPEND, values)).all()
    if not rows:
        raise Moved("conversation")
    (row,) = rows
    if inbound.attachments:
        await attach(
            db, message_id, conversation_id, customer.id, inbound.attachments, inbound.uploaded_by or uploader_of(inbound.address)
        )
    live.publish(db, "message.created", conversation_id=conversation_id, seq=row.last_seq, role="customer")
    return Received(
        message_id=message_id,
        conversation_id=conversation_id,
        customer=customer,
        seq=row.last_seq,
        speaker=row.speaker,
        status=row.status,
        turn_id=turn_id if row.is_leased and row.speaker == "ai" else None,
        fence=row.fence,
        is_repeat=False,
    )


def already_stored(facts: Facts) -> Received:
    """The twin that `facts` found (`stored_id` is set), for a message that came again."""
    assert facts.stored_id is not None
    assert facts.stored_seq is not None
    assert facts.conversation_id is not None
    assert facts.customer is not None
    return Received(
        message_id=facts.stored_id,
        conversation_id=facts.conversation_id,
        customer=facts.customer,
        seq=facts.stored_seq,
        speaker=facts.speaker,
        status=facts.status,
        turn_id=None,
        fence=0,
        is_repeat=True,
    )
