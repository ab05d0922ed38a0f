"""What a turn decides from, read in one statement."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app.cache.shared import SharedAnswer
from omni_app.cache.stored import IS_VALID, REJECTED, SERVED
from omni_app.conversations.said import said
from omni_app.customers.addresses import Address
from omni_app.customers.identifying import KnownCustomer
from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db_with
from omni_app.infra.errors import NotFound
from omni_app.infra.scope import Scope

HISTORY = 10

# One wide read: who it is, their conversation, what was said last, whether this very message is stored already, and what the
# brain needs to decide. Statements cost more than columns.
_FACTS = f"""
    b.name as business_name, b.timezone, b.opening_hours, b.contact, b.rules, b.greeting, b.locale, b.price_list,
    b.daily_messages, b.plan, b.limits, b.cache_rules, b.knowledge_version, b.documents_version, b.cache_version,
    b.persona_version,
    cu.id as customer_id, cu.name as customer_name, cu.language as customer_language, cu.data_key, cu.blocked_at,
    cu.trust, cu.restriction, cu.restricted_until, cu.verified_at,
    cu.created_at as customer_since,
    (select count(*) from abuse_events ab where ab.business_id = b.id and cast(:address_index as text) <> ''
       and ab.address_index = :address_index and ab.action = 'blocked' and ab.verdict <> 'wrong'
       and ab.customer_id is distinct from cu.id and ab.created_at > cast(:now as timestamptz) - interval '30 days')
       as blocks_at_address,
    array(select extract(epoch from cast(:now as timestamptz) - rm.created_at) from messages rm
       where rm.conversation_id = c.id and rm.seq > c.last_seq - 64 and rm.role = 'customer'
       and rm.created_at > cast(:now as timestamptz) - interval '1 minute') as recent,
    (select count(*) from conversations p where p.customer_id = cu.id and p.id is distinct from c.id) as past_conversations,
    (select count(*) from (select from memories me where me.customer_id = cu.id
       and (me.conversation_id is distinct from c.id or c.last_seq > :history) limit 4) few) as memories,
    c.id as conversation_id, c.channel, c.status, c.speaker, c.last_seq, c.last_customer_seq, c.answered_seq,
    (select coalesce(jsonb_agg(to_jsonb(h) order by h.seq), '[]') from (
       select m.seq, m.role, {said("m")} as text, m.source, m.offers_person from messages m
       where m.conversation_id = c.id order by m.seq desc limit :history) h) as history,
    (select {SERVED} from cached_answers k
       where k.business_id = b.id and k.question_hash = :question_hash and {IS_VALID}) as cached,
    {REJECTED} as rejected
"""  # noqa: S608 (constants)

_BY_ADDRESS = text(
    f"""
    select {_FACTS}, d.id as stored_id, d.seq as stored_seq
    from businesses b
    left join contact_points cp on cp.business_id = b.id and cp.kind = :kind and cp.channel = :point_channel
      and cp.value_index = :value_index and cp.proof = 'proven'
    left join customers cu on cu.id = cp.customer_id
    left join lateral (select * from conversations o where o.business_id = b.id and o.customer_id = cu.id and o.channel = :channel
      and not :opens_new and (cast(:connection_id as uuid) is null or o.connection_id is null or o.connection_id = :connection_id)
      and (cast(:wanted as uuid) is null or o.id = :wanted) order by o.last_message_at desc limit 1) c on true
    left join messages d on d.conversation_id = c.id and d.client_id = :client_id
    where b.id = :business_id
    """  # noqa: S608
)

_BY_CONVERSATION = text(
    f"""
    select {_FACTS}, null as stored_id, null as stored_seq
    from conversations c join businesses b on b.id = c.business_id join customers cu on cu.id = c.customer_id
    where c.id = :conversation_id
    """  # noqa: S608
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """One message from a customer. `client_id` makes a repeated delivery the same message.

    `attachments` are uploads of this address (`uploader_of`); `text` may be empty only with them. `page` {url, title} is where
    the customer writes from. `connection_id` and `contact_point_id` say over which account and from which address it came;
    `opens_new` begins a conversation (with `subject`) whatever stands open; an `is_silent` message asks for no answer. The
    other fields are those of `models.Message`; `uploaded_by` marks the attachments' sender when it is not the address.
    `network_address` is the address of a visitor's own machine, empty when it cannot be known, None
    when the message did not come from there (another channel, a business's server).
    """

    channel: str
    address: Address
    text: str
    name: str = ""
    language: str = ""
    conversation_id: UUID | None = None
    client_id: str | None = None
    proof: str = "proven"
    attachments: tuple[UUID, ...] = ()
    page: dict[str, Any] | None = None
    network_address: str | None = None
    connection_id: UUID | None = None
    contact_point_id: UUID | None = None
    opens_new: bool = False
    subject: str = ""
    is_silent: bool = False
    kind: str = "text"
    details: Mapping[str, Any] = field(default_factory=dict)
    folded: str = ""
    external_id: str | None = None
    answers_id: str = ""
    envelope: str = ""
    html_key: str = ""
    sent_at: datetime | None = None
    uploaded_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything a turn decides from, read in one statement.

    `memories` counts up to four of those that `history` does not hold anyway; `past_conversations` leaves out the current one.
    `recent` are the ages in seconds of what the customer wrote here within the last minute; `blocks_at_address` counts the blocks
    of others at the sender's network address within 30 days. `is_over_quota`: the plan's month is full, nothing paid may answer.
    `looked_up` is the wording's key whose stored answer was looked for (`cached`, as `cache.stored.served` reads it) and whose
    `rejected` answers (their keys) were read; `shared` is what Redis held for it.
    """

    business_name: str
    timezone: str
    opening_hours: dict[str, Any]
    contact: dict[str, Any]
    price_list: list[dict[str, Any]]
    rules: str
    greeting: str
    locale: str
    daily_messages: int
    plan: str
    limits: dict[str, Any]
    cache_rules: dict[str, Any]
    knowledge_version: int
    documents_version: int
    cache_version: int
    persona_version: int
    customer_since: datetime | None
    past_conversations: int
    memories: int
    customer: KnownCustomer | None
    conversation_id: UUID | None
    channel: str
    status: str
    speaker: str
    answered_seq: int
    last_customer_seq: int
    history: tuple[dict[str, Any], ...]
    cached: dict[str, Any] | None
    stored_id: UUID | None
    stored_seq: int | None
    recent: tuple[float, ...] = ()
    blocks_at_address: int = 0
    is_over_quota: bool = False
    looked_up: str = ""
    rejected: tuple[str, ...] = ()
    shared: SharedAnswer | None = None


async def read_facts(db: Db, inbound: Inbound, question_hash: str, address_index: str = "") -> Facts:
    """Facts for a message that is not stored yet. Raises `NotFound` when `conversation_id` is not this customer's.

    `address_index` is the blind index of the sender's network address.
    """
    rows = await db.execute(_BY_ADDRESS, _values(db.scope.business_id, inbound, question_hash, address_index))
    return _facts_for(inbound, rows.all(), question_hash)


@asynccontextmanager
async def open_with_facts(
    scope: Scope, inbound: Inbound, question_hash: str, address_index: str = ""
) -> AsyncIterator[tuple[Db, Facts]]:
    """A transaction that begins with `read_facts`, one round trip for both."""
    values = _values(scope.business_id, inbound, question_hash, address_index)
    async with open_db_with(scope, _BY_ADDRESS, values) as (db, rows):
        yield db, _facts_for(inbound, rows, question_hash)


def _values(business_id: UUID, inbound: Inbound, question_hash: str, address_index: str) -> dict[str, Any]:
    return {
        "business_id": business_id,
        "kind": inbound.address.kind,
        "point_channel": inbound.address.channel,
        "value_index": inbound.address.index,
        "channel": inbound.channel,
        "wanted": inbound.conversation_id,
        "opens_new": inbound.opens_new,
        "connection_id": inbound.connection_id,
        "client_id": inbound.client_id,
        "question_hash": question_hash,
        "address_index": address_index,
        "history": HISTORY,
        "now": now(),
    }


def _facts_for(inbound: Inbound, rows: Sequence[Any], question_hash: str) -> Facts:
    if not rows:
        raise NotFound("business")
    (row,) = rows
    if inbound.conversation_id is not None and row.conversation_id is None:
        raise NotFound("conversation of this customer on this channel")
    return _facts(row, inbound.channel, question_hash)


async def read_facts_of(db: Db, conversation_id: UUID, question_hash: str = "") -> Facts:
    """Facts of a stored conversation. Raises `NotFound`."""
    parameters = {
        "conversation_id": conversation_id,
        "question_hash": question_hash,
        "address_index": "",
        "history": HISTORY,
        "now": now(),
    }
    row = (await db.execute(_BY_CONVERSATION, parameters)).one_or_none()
    if row is None:
        raise NotFound("conversation")
    return _facts(row, row.channel, question_hash)


def _facts(row: Any, channel: str, question_hash: str) -> Facts:
    customer = None
    if row.customer_id is not None:
        customer = KnownCustomer(
            id=row.customer_id,
            name=row.customer_name,
            language=row.customer_language,
            data_key=row.data_key,
            is_blocked=row.blocked_at is not None,
            trust=row.trust,
            restriction=row.restriction,
            restricted_until=row.restricted_until,
            is_verified=row.verified_at is not None,
        )
    return Facts(
        business_name=row.business_name,
        timezone=row.timezone,
        opening_hours=row.opening_hours,
        contact=row.contact,
        price_list=row.price_list,
        rules=row.rules,
        greeting=row.greeting,
        locale=row.locale,
        daily_messages=row.daily_messages,
        plan=row.plan,
        limits=row.limits,
        cache_rules=row.cache_rules,
        knowledge_version=row.knowledge_version,
        documents_version=row.documents_version,
        cache_version=row.cache_version,
        persona_version=row.persona_version,
        customer_since=row.customer_since,
        past_conversations=row.past_conversations,
        memories=row.memories,
        customer=customer,
        conversation_id=row.conversation_id,
        channel=channel,
        status=row.status or "open",
        speaker=row.speaker or "ai",
        answered_seq=row.answered_seq or 0,
        last_customer_seq=row.last_customer_seq or 0,
        history=tuple(row.history or ()),
        cached=row.cached,
        stored_id=row.stored_id,
        stored_seq=row.stored_seq,
        recent=tuple(map(float, row.recent)),
        blocks_at_address=row.blocks_at_address,
        looked_up=question_hash,
        rejected=tuple(row.rejected),
    )
