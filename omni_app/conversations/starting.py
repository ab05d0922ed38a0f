"""Staff write first: a new conversation with a customer, or with an address nobody wrote from yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.channels.contract import MailHead
from omni_app.channels.mail.composing import bare_subject
from omni_app.channels.registry import load_adapter
from omni_app.conversations.changing import staff_of
from omni_app.conversations.mail_envelopes import seal_envelope
from omni_app.conversations.sending import send_reply
from omni_app.customers.addresses import Address, normalize_email, parse_address
from omni_app.customers.identifying import create_customer
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound
from omni_app.infra.ids import new_id

MOST_COPIES = 20
MAX_SUBJECT = 200

_CONNECTION = text("select id, kind, channel, is_on from channel_connections where id = :id")
# The newest proven address that takes messages is the best one; a claimed one is what is left.
_POINT = text(
    """
    select p.id, cu.id as customer_id, cu.data_key, cu.blocked_at, cu.merged_into_id
    from customers cu left join contact_points p on p.customer_id = cu.id and p.kind = :kind and p.channel = :point_channel
    where cu.id = :customer_id
    order by p.undeliverable_at is not null, p.proof = 'proven' desc, p.created_at desc limit 1
    """
)
_BY_ADDRESS = text(
    """
    select p.id, cu.id as customer_id, cu.data_key, cu.blocked_at, cu.merged_into_id
    from contact_points p join customers cu on cu.id = p.customer_id
    where p.kind = :kind and p.channel = :point_channel and p.value_index = :value_index and p.proof = 'proven'
    """
)
_LOCK = text("select id from customers where id = :id for no key update")
_TWIN = text(
    """select conversation_id from messages where customer_id = :customer_id and client_id = :client_id and role = 'staff'
       and seq = 1"""
)
_OPEN = text(
    """
    insert into conversations (id, business_id, customer_id, channel, connection_id, contact_point_id, status, speaker, subject,
      assignee_id, last_seq, last_customer_seq, answered_seq, last_text, last_role, language, last_message_at, last_customer_at,
      fence, created_at)
    select :id, business_id, id, :channel, :connection_id, :point_id, 'open', 'human', :subject, :member_id, 0, 0, 0, '', '',
      language, :now, :now, 0, :now
    from customers where id = :customer_id
    """
)


@dataclass(frozen=True, slots=True)
class _Target:
    """To whom: the customer with their wrapped data key, and the contact point."""

    customer_id: UUID
    point_id: UUID
    data_key: str


async def start_conversation(
    db: Db,
    connection_id: UUID,
    text_: str,
    *,
    customer_id: UUID | None = None,
    address: str = "",
    name: str = "",
    subject: str = "",
    cc: Sequence[str] = (),
    attachments: Sequence[UUID] = (),
    client_id: str | None = None,
) -> UUID:
    """Open a conversation as the calling member and send its first message; gives the conversation's id.

    It goes to `customer_id` at their best address of that channel, or to `address` (a new customer unless one proved it); `name`
    is a new customer's. Mail needs a `subject`; `cc` gets copies. The same `client_id` starts once. An answer comes back into the
    conversation by its Message-ID. Raises `Invalid` (fields `text`, `subject`, `address`, `cc`, `attachments`), `NotFound`,
    `Forbidden` (also for a blocked customer), `Conflict` when the connection is off or the channel lets nobody write first.
    """
    actor = staff_of(db, members_only=True)
    connection = (await db.execute(_CONNECTION, {"id": connection_id})).one_or_none()
    if connection is None:
        raise NotFound("channel connection")
    capabilities = load_adapter(connection.kind).capabilities
    if not capabilities.may_start:
        raise Conflict("On this channel the customer has to write first.")
    if not connection.is_on:
        raise Conflict("This channel is switched off.")
    line = check_subject(subject) if capabilities.has_subject else ""
    copies = check_copies(cc) if capabilities.has_subject else ()
    target = await _find(db, connection.channel, customer_id, address, name)
    if client_id is not None:
        await db.execute(_LOCK, {"id": target.customer_id})
        twin = await db.execute(_TWIN, {"customer_id": target.customer_id, "client_id": client_id})
        if (found := twin.scalars().first()) is not None:
            return UUID(str(found))
    conversation_id = new_id()
    await db.execute(
        _OPEN,
        {
            "id": conversation_id,
            "customer_id": target.customer_id,
            "channel": connection.channel,
            "connection_id": connection_id,
            "point_id": target.point_id,
            "subject": line,
            "member_id": actor.id,
            "now": now(),
        },
    )
    message_id = await send_reply(db, conversation_id, text_, client_id, attachments)
    if capabilities.has_subject:
        envelope = seal_envelope(target.data_key, MailHead(subject=line, cc=copies))
        await db.execute("update messages set envelope = :envelope where id = :id", {"envelope": envelope, "id": message_id})
    after = {"channel": connection.channel, "customer_id": str(target.customer_id)}
    await audit.record(db, "conversation.started", "conversation", conversation_id, after=after)
    return conversation_id


def check_subject(value: str) -> str:
    """A mail's subject on one line. Raises `Invalid` (field `subject`)."""
    line = " ".join(value.replace("\x00", " ").split()).encode("utf-8", "replace").decode("utf-8")
    if not bare_subject(line):
        raise Invalid("Write a subject.", "subject")
    if len(line) > MAX_SUBJECT:
        raise Invalid(f"A subject has at most {MAX_SUBJECT} characters; this one has {len(line)}.", "subject")
    return line


def check_copies(values: Sequence[str]) -> tuple[str, ...]:
    """Addresses that get a copy, each once. Raises `Invalid` (field `cc`)."""
    found = dict.fromkeys(normalize_email(one, "cc") for value in values for one in value.split(",") if one.strip())
    if len(found) > MOST_COPIES:
        raise Invalid(f"At most {MOST_COPIES} people get a copy.", "cc")
    return tuple(found)


async def _find(db: Db, channel: str, customer_id: UUID | None, address: str, name: str) -> _Target:
    if customer_id is not None:
        kind, point_channel = _kind_of(channel)
        values = {"customer_id": customer_id, "kind": kind, "point_channel": point_channel}
        row = (await db.execute(_POINT, values)).one_or_none()
        if row is None:
            raise NotFound("customer")
        if row.id is None:
            raise Invalid("This customer has no address on this channel.", "address")
        return _target(row)
    wanted = _address_of(channel, address)
    values = {"kind": wanted.kind, "point_channel": wanted.channel, "value_index": wanted.index}
    row = (await db.execute(_BY_ADDRESS, values)).one_or_none()
    if row is None:
        await create_customer(db, wanted, " ".join(name.split())[:120], proven_by="staff")
        row = (await db.execute(_BY_ADDRESS, values)).one()
    return _target(row)


def _target(row: Any) -> _Target:
    if row.merged_into_id is not None:
        raise Conflict("This customer was joined with another one.")
    if row.blocked_at is not None:
        raise Forbidden("This customer is blocked.")
    return _Target(row.customer_id, row.id, row.data_key)


def _kind_of(channel: str) -> tuple[str, str]:
    """(kind, channel) of the contact points a channel writes to."""
    if channel == "email":
        return "email", ""
    return ("phone", "") if channel in {"sms", "whatsapp", "voice"} else ("external", channel)


def _address_of(channel: str, value: str) -> Address:
    if not value.strip():
        raise Invalid("Write an address.", "address")
    kind, _ = _kind_of(channel)
    try:
        return parse_address(
            channel,
            email=value if kind == "email" else None,
            phone=value if kind == "phone" else None,
            external_id=value if kind == "external" else None,
        )
    except Invalid as error:
        raise Invalid(str(error), "address") from error
