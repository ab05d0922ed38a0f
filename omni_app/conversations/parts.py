"""The rows of one message on its way: locked together, changed as values, written with what they mean for the message.

A message's row is locked before its parts, everywhere: news of two parts that come at once are reckoned one after the other.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app.conversations.progress import PartState, status_of
from omni_app.conversations.undelivered import NOT_DELIVERED, note_delivered, note_undelivered
from omni_app.infra import live
from omni_app.infra.database import Db

PART_COLUMNS = """d.id, d.conversation_id, d.message_id, d.customer_id, d.connection_id, d.channel, d.seq, d.part, d.text,
  d.status, d.attempts, d.available_at, d.claimed_until, d.fence, d.provider_id, d.error, d.error_code, d.error_kind,
  d.reservation_id, d.cost_nusd, d.pricing, d.created_at, d.sent_at, d.delivered_at, d.read_at, d.failed_at, d.asked_at"""

# An earlier answer did not get through, and the conversation waits for a person because of that (`undelivered`).
_IS_WAITED_FOR = f"""exists (select from conversations c where c.id = d.conversation_id and c.status in ('waiting', 'snoozed')
  and c.handover_reason = '{NOT_DELIVERED}') as is_waited_for"""

_OF_MESSAGE = text(
    f"""
    with m as materialized (select id, status, problem, role from messages where id = :message_id for update)
    select {PART_COLUMNS}, m.status as message_status, m.problem, m.role, {_IS_WAITED_FOR}
    from m join deliveries d on d.message_id = m.id
    order by d.part for update of d
    """  # noqa: S608 (constants)
)

# A provider's own name for a message counts only on the connection it came by. `provider_id <> ''` lets its index be used.
_OF_PROVIDER = text(
    f"""
    with wanted as materialized (
      select id, message_id from (
        select id, message_id, 0 as place from deliveries
        where id = cast(:delivery_id as uuid) and connection_id = :connection_id
        union all
        select id, message_id, 1 from deliveries
        where business_id = :business_id and provider_id <> '' and provider_id = :provider_id and connection_id = :connection_id
      ) found order by place limit 1
    ), m as materialized (
      select m.id, m.status, m.problem, m.role, wanted.id as wanted_id from messages m join wanted on wanted.message_id = m.id
      for update of m
    )
    select {PART_COLUMNS}, m.status as message_status, m.problem, m.role, m.wanted_id, {_IS_WAITED_FOR}
    from m join deliveries d on d.message_id = m.id
    order by d.part for update of d
    """  # noqa: S608 (constants)
)

_THROUGH = frozenset({"sent", "delivered", "read"})
_CHANGED = (
    *("status", "attempts", "available_at", "claimed_until", "fence", "provider_id", "error", "error_code", "error_kind"),
    *("reservation_id", "cost_nusd", "pricing", "created_at", "sent_at", "delivered_at", "read_at", "failed_at", "asked_at"),
)
_TYPES = {
    **dict.fromkeys(("available_at", "claimed_until", "created_at", "sent_at", "delivered_at", "read_at"), "timestamptz"),
    **dict.fromkeys(("failed_at", "asked_at"), "timestamptz"),
    "reservation_id": "uuid",
    "pricing": "jsonb",
}
_SET = ", ".join(f"{name} = cast(:{name} as {_TYPES[name]})" if name in _TYPES else f"{name} = :{name}" for name in _CHANGED)

_WRITE = text(
    f"""
    with d as (update deliveries set {_SET} where id = :id)
    update messages set status = :message_status, problem = :problem,
      external_id = coalesce(cast(:external_id as text), external_id)
    where id = :message_id
    """  # noqa: S608 (constants)
)

# The message is the customer's: its own state is theirs, and what stands beside it is the newest reaction's.
_WRITE_REACTION = text(
    f"""
    with d as (update deliveries set {_SET} where id = :id)
    update messages set details = jsonb_set(details, '{{reaction}}',
      details->'reaction' || jsonb_build_object('status', cast(:status as text), 'problem', cast(:error as text)))
    where id = :message_id and cast(details->'reaction'->>'part' as int) = :part
    """  # noqa: S608 (constants)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One row of `deliveries`."""

    id: UUID
    conversation_id: UUID
    message_id: UUID
    customer_id: UUID
    connection_id: UUID | None
    channel: str
    seq: int
    part: int
    text: str
    status: str
    attempts: int
    available_at: datetime
    claimed_until: datetime | None
    fence: int
    provider_id: str
    error: str
    error_code: str
    error_kind: str
    reservation_id: UUID | None
    cost_nusd: int
    pricing: dict[str, Any] = field(default_factory=dict)
    created_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    failed_at: datetime | None
    asked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All parts of one message, locked. `wanted` is the one that was looked for. `are_reactions`: staff's emojis on a customer's
    message, one after the other. `is_waited_for`: a person has to look because an answer did not get through."""

    parts: tuple[Part, ...]
    wanted: Part
    message_status: str
    problem: str
    are_reactions: bool = False
    is_waited_for: bool = False


async def lock_parts(db: Db, message_id: UUID, delivery_id: UUID | None = None) -> Parts | None:
    """The parts of a message, and `delivery_id` among them as `wanted` (by default the first); None when they are gone."""
    return _parts_of((await db.execute(_OF_MESSAGE, {"message_id": message_id})).all(), delivery_id)


async def lock_sent(db: Db, connection_id: UUID, delivery_id: UUID | None, provider_id: str) -> Parts | None:
    """The parts of the message that a provider speaks of; None when this connection sent no such thing."""
    values = {
        "connection_id": connection_id,
        "delivery_id": delivery_id,
        "provider_id": provider_id,
        "business_id": db.scope.business_id,
    }
    rows = (await db.execute(_OF_PROVIDER, values)).all()
    return _parts_of(rows, rows[0].wanted_id if rows else None)


def _parts_of(rows: Sequence[Any], wanted_id: UUID | None) -> Parts | None:
    found = tuple(part_of(row) for row in rows)
    wanted = next((part for part in found if part.id == wanted_id), None) if wanted_id else next(iter(found), None)
    if wanted is None:
        return None
    first = rows[0]
    is_reaction = first.role == "customer"
    return Parts(
        parts=found,
        wanted=wanted,
        message_status=first.message_status,
        problem=first.problem,
        are_reactions=is_reaction,
        is_waited_for=first.is_waited_for,
    )


def part_of(row: Any) -> Part:
    """A row of deliveries as a value."""
    return Part(**{name: getattr(row, name) for name in Part.__dataclass_fields__})


async def save_part(db: Db, known: Parts, part: Part) -> Parts:
    """Write one changed part and what it makes of the message, and tell open pages when there is something new to see."""
    before = next(one for one in known.parts if one.id == part.id)
    if part == before:
        return known
    parts = tuple(part if one.id == part.id else one for one in known.parts)
    if known.are_reactions:
        return await _save_reaction(db, replace(known, parts=parts, wanted=part), before)
    status, problem = status_of([PartState(status=one.status, error=one.error) for one in parts])
    await db.execute(
        _WRITE,
        {
            **_values_of(part),
            "message_status": status,
            "problem": problem,
            "external_id": (part.provider_id or None) if part.part == 0 else None,
        },
    )
    if status == "failed" and known.message_status != "failed":
        await note_undelivered(db, part.message_id)
    elif known.is_waited_for and status in _THROUGH and known.message_status not in _THROUGH:
        await note_delivered(db, part.conversation_id)
    shown = (before.status, before.error, before.asked_at, known.message_status, known.problem)
    if shown != (part.status, part.error, part.asked_at, status, problem):
        live.publish(db, "message.changed", conversation_id=part.conversation_id, seq=part.seq)
    return replace(known, parts=parts, wanted=part, message_status=status, problem=problem)


async def _save_reaction(db: Db, known: Parts, before: Part) -> Parts:
    part = known.wanted
    await db.execute(_WRITE_REACTION, {**_values_of(part), "part": part.part})
    if (before.status, before.error) != (part.status, part.error):
        live.publish(db, "message.changed", conversation_id=part.conversation_id, seq=part.seq)
    return known


def _values_of(part: Part) -> dict[str, Any]:
    values = {name: getattr(part, name) for name in _CHANGED}
    return {**values, "pricing": json.dumps(part.pricing), "id": part.id, "message_id": part.message_id}
