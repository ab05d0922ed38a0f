"""Which conversation a mail belongs to, and how often a machine may answer in it.

A mail is found by the ids it answers (`In-Reply-To`, `References`), then by the signed tag behind the plus sign of the address it
was sent to; never by its subject. Knowing an id is not enough: mail gets forwarded. Who writes must be the customer of that
conversation, the one we sent that very mail to, or somebody in copy. Anybody else begins a conversation of their own, which names
the one it came out of.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app.channels.contract import MailHead
from omni_app.channels.mail.composing import clean_id, untagged
from omni_app.channels.mail.ids import read_issued, read_tag
from omni_app.conversations.mail_envelopes import open_envelope, read_envelope, seal_envelope
from omni_app.customers.addresses import Address
from omni_app.customers.identifying import CONTACT_POINT, KnownCustomer
from omni_app.customers.recognising import Recognised
from omni_app.infra.clock import now
from omni_app.infra.crypto import decrypt, unwrap_data_key
from omni_app.infra.database import Db
from omni_app.infra.ids import new_id

__all__ = ["Thread", "find_thread", "may_answer_mail", "open_envelope", "remember_mail", "seal_envelope"]

ANSWERS_AN_HOUR = 6
"""Automatic answers in one thread, unless the connection says otherwise."""
_THREADS_AN_HOUR = 3
"""A machine that begins a new thread with each of its mails gets so many times as much from us, then nothing."""
_MOST_IDS = 100
_MOST_ENVELOPES = 40

_CONVERSATIONS = text(
    """
    select t.id as rfc_id, c.id, c.customer_id, c.contact_point_id, c.subject, cu.name, cu.language, cu.data_key,
      cu.blocked_at, cu.trust, cu.restriction, cu.restricted_until, cu.verified_at
    from (
      select r.rfc_id as id, r.conversation_id from mail_references r where r.rfc_id = any(:ids)
      union all select '', cast(:tagged as uuid) where cast(:tagged as uuid) is not null
    ) t
    join conversations c on c.id = t.conversation_id
    join customers cu on cu.id = c.customer_id
    where c.channel = 'email' and (c.connection_id is null or c.connection_id = :connection_id)
    """
)
_PEOPLE = text(
    """
    select (select jsonb_agg(jsonb_build_object('id', p.id, 'kind', p.kind, 'channel', p.channel, 'value', p.value,
              'proof', p.proof)) from contact_points p where p.customer_id = :customer_id) as points,
      array(select m.envelope from messages m where m.conversation_id = :id and m.envelope <> '' order by m.seq desc limit :most)
        as envelopes
    """
)
_REMEMBER = text(
    """
    insert into mail_references (id, business_id, conversation_id, message_id, rfc_id, created_at)
    select t.id, :business_id, :conversation_id, case when t.own then cast(:message_id as uuid) end, t.rfc_id, t.created_at
    from unnest(cast(:ids as uuid[]), cast(:rfc_ids as text[]), cast(:owns as boolean[]), cast(:times as timestamptz[]))
      as t(id, rfc_id, own, created_at)
    on conflict (business_id, rfc_id) do nothing
    """
)
_ANSWERED = text(
    """
    select
      (select count(*) from messages m where m.conversation_id = cast(:conversation_id as uuid) and m.role = 'assistant'
        and m.created_at > :since) as here,
      (select count(*) from conversations c join messages m on m.conversation_id = c.id
        where c.customer_id = cast(:customer_id as uuid) and c.channel = 'email' and c.last_message_at > :since
        and m.role = 'assistant' and m.created_at > :since) as anywhere,
      exists (select from mail_references r where r.rfc_id = :rfc_id
        and r.conversation_id is distinct from cast(:conversation_id as uuid)) as is_elsewhere
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """Where a mail belongs. Without a `conversation_id` it begins a new one, and `linked_id` names the one it came out of.

    `host` is the customer whose conversation it is when the sender is not recognised as that customer: somebody in copy (`guest`
    is how they are shown), or the customer themselves whose mail system proved nothing this time. `is_unproven`: nobody vouches
    for the sender's address. `subject` is the thread's so far.
    """

    conversation_id: UUID | None
    host: Recognised | None = None
    guest: str = ""
    is_unproven: bool = False
    linked_id: UUID | None = None
    subject: str = ""

    @property
    def details(self) -> dict[str, Any]:
        """What `messages.details` keeps of it, for staff to see."""
        found: dict[str, Any] = {}
        if self.guest:
            found["guest"] = self.guest
        if self.is_unproven:
            found["is_unproven"] = True
        if self.linked_id is not None:
            found["linked_id"] = str(self.linked_id)
        return found


@dataclass(frozen=True, slots=True)
class _People:
    """Who takes part in a conversation: the customer's addresses and proven contact points, and all whom its mails name."""

    own: frozenset[str]
    proven: dict[str, Address] = field(default_factory=dict)
    named: frozenset[str] = frozenset()


async def find_thread(
    db: Db, connection_id: UUID, head: MailHead, customer_id: UUID | None, name: str = "", *, is_proven: bool = True
) -> Thread | None:
    """The conversation `head` belongs to, for a sender recognised as `customer_id`; None when it begins a new one.

    `name` is how the sender calls themselves, `is_proven` whether the mail system vouches for their address.
    A mail that was stored before is found by its own id.
    """
    ids = _ids_of(head)
    tagged = read_tag(db.scope.business_id, head.tag) if head.tag else None
    if not ids and tagged is None:
        return None
    values = {"ids": ids, "tagged": tagged, "connection_id": connection_id}
    rows = {row.rfc_id: row for row in (await db.execute(_CONVERSATIONS, values)).all()}
    found = list({row.id: row for one in (*ids, "") if (row := rows.get(one)) is not None}.values())
    for row in found:
        if customer_id is not None and row.customer_id == customer_id:
            return Thread(conversation_id=row.id, subject=row.subject)
    for row in found:
        if (thread := await _join(db, row, ids, head, name)) is not None:
            return thread if is_proven else replace(thread, is_unproven=True)
    return Thread(conversation_id=None, linked_id=found[0].id) if found else None


def _ids_of(head: MailHead) -> list[str]:
    """The mail's own id, then what it answers, the nearest first."""
    given = (head.message_id, head.in_reply_to, *reversed(head.references))
    return list(dict.fromkeys(one for one in map(clean_id, given) if one))[:_MOST_IDS]


async def _join(db: Db, row: Any, ids: Sequence[str], head: MailHead, name: str) -> Thread | None:
    """The thread for a sender who is not recognised as its customer; None when they have no part in it."""
    sender = untagged(head.from_address)[0]
    people = await _people_of(db, row)
    was_sent_to_them = any((read_issued(one, head.from_address) or (None,))[0] == row.id for one in ids)
    is_customer = was_sent_to_them and sender in people.own
    if not is_customer and sender not in people.named:
        return None
    # The turn finds the customer by a proven contact point.
    point_id = str(row.contact_point_id or "")
    address = people.proven.get(point_id) or next(iter(people.proven.values()), None)
    if address is None:
        return None
    host = Recognised(
        address=address,
        reply_to=address,
        is_proven=not is_customer,
        customer=KnownCustomer(
            id=row.customer_id,
            name=row.name,
            language=row.language,
            data_key=row.data_key,
            is_blocked=row.blocked_at is not None,
            trust=row.trust,
            restriction=row.restriction,
            restricted_until=row.restricted_until,
            is_verified=row.verified_at is not None,
        ),
        contact_point_id=row.contact_point_id,
    )
    guest = "" if is_customer else (name.strip()[:100] or head.from_address.partition("@")[0][:100])
    return Thread(conversation_id=row.id, host=host, guest=guest, is_unproven=is_customer, subject=row.subject)


async def _people_of(db: Db, row: Any) -> _People:
    values = {"id": row.id, "customer_id": row.customer_id, "most": _MOST_ENVELOPES}
    found = (await db.execute(_PEOPLE, values)).one()
    key = unwrap_data_key(row.data_key)
    own, proven, named = set(), {}, set()
    for point in found.points or ():
        value = decrypt(key, point["value"], CONTACT_POINT)
        if point["kind"] == "email":
            own.add(untagged(value)[0])
        if point["proof"] == "proven":
            proven[str(point["id"])] = Address(kind=point["kind"], channel=point["channel"], value=value)
    for sealed in found.envelopes:
        mail = read_envelope(key, sealed)
        named |= {untagged(one)[0] for one in (*mail.to, *mail.cc)}
    return _People(frozenset(own), proven, frozenset(named - own))


async def remember_mail(
    db: Db, conversation_id: UUID, message_id: UUID | None, rfc_id: str, references: Sequence[str] = ()
) -> None:
    """Keep a mail's id as one of its conversation, with those it refers to: mail of this thread that went past us.

    An id that belongs to a conversation already stays there.
    """
    own = clean_id(rfc_id)
    wanted = list(dict.fromkeys(one for one in map(clean_id, (*references, own)) if one))[-_MOST_IDS:]
    if not wanted:
        return
    at = now()
    await db.execute(
        _REMEMBER,
        {
            "business_id": db.scope.business_id,
            "conversation_id": conversation_id,
            "message_id": message_id,
            "ids": [new_id() for _ in wanted],
            "rfc_ids": wanted,
            "owns": [one == own for one in wanted],
            # In the order of the thread.
            "times": [at + timedelta(microseconds=number) for number in range(len(wanted))],
        },
    )


async def may_answer_mail(
    db: Db,
    conversation_id: UUID | None,
    head: MailHead | None,
    *,
    customer_id: UUID | None = None,
    most: int = ANSWERS_AN_HOUR,
) -> bool:
    """Whether a machine may answer this mail: not after `most` answers in its thread within an hour, and not when the same mail
    came in at another address of the business, where it is answered. True for what is no mail."""
    if head is None:
        return True
    values = {
        "conversation_id": conversation_id,
        "customer_id": customer_id,
        "rfc_id": clean_id(head.message_id),
        "since": now() - timedelta(hours=1),
    }
    row = (await db.execute(_ANSWERED, values)).one()
    return row.here < most and row.anywhere < most * _THREADS_AN_HOUR and not row.is_elsewhere
