"""What becomes of messages that left: the provider's news, and what staff decide about those nobody can tell of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.channels.contract import DeliveryUpdate
from omni_app.conversations.barring import find_bar, load_facts
from omni_app.conversations.jobs import DeliverConversation
from omni_app.conversations.parts import Part, Parts, lock_parts, lock_sent, save_part
from omni_app.conversations.postage import book, book_priced, give_back, keep_held, settle_earlier
from omni_app.conversations.progress import RANKS, further
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, NotFound
from omni_app.infra.jobs import enqueue
from omni_app.infra.scope import Permission

_UNKNOWN = text(
    """
    select d.conversation_id, d.message_id, d.seq, min(d.asked_at) as asked_at, min(d.error) as error, d.channel
    from deliveries d where d.status = 'unknown' and d.asked_at is not null
    group by d.conversation_id, d.message_id, d.seq, d.channel order by min(d.asked_at) limit :limit
    """
)
_ASK = text(
    """
    update deliveries set asked_at = :now where id in (
      select id from deliveries where status = 'unknown' and asked_at is null and available_at <= :now
      order by available_at limit :most for update skip locked)
    returning business_id, conversation_id, seq
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownMessage:
    """A message of which staff have to say what became of it, asked since `asked_at`; `error` says what went wrong."""

    conversation_id: UUID
    message_id: UUID
    seq: int
    channel: str
    asked_at: datetime
    error: str


async def apply_update(db: Db, connection_id: UUID, update: DeliveryUpdate) -> bool:
    """Take a provider's news of one message; in any order and any number of times it ends in the same state.

    False when no such message is known on this connection yet: its send may still be under way, so ask again later. Raises
    `Forbidden`.
    """
    db.scope.require(Permission.REPLY)
    if update.delivery_id is None and not update.provider_id:
        return False
    known = await lock_sent(db, connection_id, update.delivery_id, update.provider_id)
    if known is None:
        return False
    part = known.wanted
    is_earlier, pays_earlier = _is_of_another_try(part, update), _pays_for_an_earlier_try(part, update)
    if not (is_earlier and update.status == "failed"):
        part = _moved(part, update)
    if pays_earlier:
        is_free = update.pricing is not None and not update.pricing.is_billable
        part = await settle_earlier(db, part, was_taken=update.status != "failed" and not is_free)
    else:
        part = await _priced(db, part, update)
    await save_part(db, known, part)
    if known.wanted.status in ("queued", "sending"):
        # What waited behind it may go.
        await enqueue(db, DeliverConversation(conversation_id=part.conversation_id))
    return True


def _is_of_another_try(part: Part, update: DeliveryUpdate) -> bool:
    """Staff have sent it again since; a refusal of that first try says nothing about the new one."""
    return bool(update.provider_id and part.provider_id and update.provider_id != part.provider_id)


def _pays_for_an_earlier_try(part: Part, update: DeliveryUpdate) -> bool:
    """Whether the news settle the money of an earlier try: they name another one, or the new one has not left."""
    has_left = part.reservation_id is not None or bool(part.pricing.get("unit"))
    return bool(part.pricing.get("earlier")) and (_is_of_another_try(part, update) or not has_left)


def _moved(part: Part, update: DeliveryUpdate) -> Part:
    at = update.at or now()
    status = further(part.status, update.status)
    part = replace(part, provider_id=part.provider_id or update.provider_id)
    reached = RANKS[update.status]
    if update.status != "failed":
        part = replace(
            part,
            sent_at=part.sent_at or at,
            delivered_at=part.delivered_at or (at if reached >= RANKS["delivered"] else None),
            read_at=part.read_at or (at if update.status == "read" else None),
        )
    if status == part.status:
        return part
    part = replace(part, status=status, claimed_until=None, asked_at=None)
    if status != "failed":
        return replace(part, error="", error_code="", error_kind="", failed_at=None)
    said = update.error
    return replace(
        part,
        failed_at=at,
        error=(said.text if said else "The provider could not deliver it.")[:500],
        error_code=(said.code if said else "")[:100],
        error_kind=said.kind if said else "refused",
    )


async def _priced(db: Db, part: Part, update: DeliveryUpdate) -> Part:
    """What the news say of money: the provider's price, nothing for what failed, and what was held for what has arrived."""
    if update.pricing is not None:
        return await book_priced(db, part, update.pricing)
    if part.status == "failed":
        return await give_back(db, part) if part.reservation_id is not None else part
    if part.status in ("sent", "delivered", "read") and not part.pricing.get("waits"):
        return await book(db, part)
    return part


async def customer_of(db: Db, connection_id: UUID, update: DeliveryUpdate) -> UUID | None:
    """To whom the message went that `update` is about; None when it is not known. Raises `Forbidden`."""
    db.scope.require(Permission.VIEW)
    found = await db.execute(
        """select customer_id from deliveries where connection_id = :connection_id
             and (id = cast(:delivery_id as uuid) or (provider_id = :provider_id and provider_id <> '')) limit 1""",
        {"connection_id": connection_id, "delivery_id": update.delivery_id, "provider_id": update.provider_id},
    )
    customer_id = found.scalar_one_or_none()
    return None if customer_id is None else UUID(str(customer_id))


async def retry_delivery(db: Db, message_id: UUID) -> None:
    """Send what failed of a message again, or what staff say did not arrive; what is on its way already stays so.

    Raises `Forbidden` without REPLY, `NotFound`, and `Conflict` with the reason when it cannot go out now, when it arrived, or
    when its fate is not known yet and staff were not asked.
    """
    db.scope.require(Permission.REPLY)
    known = await _lock(db, message_id)
    facts = await load_facts(db, message_id, known.wanted.connection_id)
    again = [part for part in known.parts if part.status == "failed" or (part.status == "unknown" and part.asked_at is not None)]
    if not again:
        _nothing_to_do(known.parts)
        return
    if bar := find_bar(facts):
        raise Conflict(bar.text)
    at = now()
    for part in again:
        # A try nobody can tell of may have been billed; one that failed gave its money back when it did.
        held = keep_held(part) if part.status == "unknown" else await give_back(db, part)
        fresh = replace(
            held,
            status="queued",
            attempts=0,
            available_at=at,
            claimed_until=None,
            fence=part.fence + 1,
            provider_id="",
            **_NO_ERROR,
            created_at=at,
            failed_at=None,
            asked_at=None,
        )
        known = await save_part(db, known, fresh)
    before = {"status": known.message_status, "parts": len(again)}
    await audit.record(db, "message.sent_again", "message", message_id, before=before)
    await enqueue(db, DeliverConversation(conversation_id=known.wanted.conversation_id))


_NO_ERROR: dict[str, Any] = {"error": "", "error_code": "", "error_kind": ""}


def _nothing_to_do(parts: Sequence[Part]) -> None:
    """Raise unless the message is on its way: two people pressed the button."""
    if any(part.status == "unknown" for part in parts):
        raise Conflict("Whether it arrived is not known yet. You will be asked when nobody can tell.")
    if all(part.status in ("sent", "delivered", "read") for part in parts):
        raise Conflict("This message was sent.")


async def mark_arrived(db: Db, message_id: UUID) -> None:
    """Note that a message whose fate nobody knew has arrived, as staff found out. Harmless when it is known by now.

    Raises `Forbidden` without REPLY, `NotFound`, and `Conflict` for a message that failed or waits.
    """
    db.scope.require(Permission.REPLY)
    known = await _lock(db, message_id)
    unknown = [part for part in known.parts if part.status == "unknown"]
    if not unknown and any(part.status in ("queued", "sending", "failed") for part in known.parts):
        raise Conflict("This message has not been sent.")
    at = now()
    for part in unknown:
        booked = await book(db, part, note="marked as arrived")
        known = await save_part(db, known, replace(booked, status="sent", sent_at=at, asked_at=None, **_NO_ERROR))
    if unknown:
        await audit.record(db, "message.marked_arrived", "message", message_id, after={"parts": len(unknown)})


async def _lock(db: Db, message_id: UUID) -> Parts:
    known = await lock_parts(db, message_id)
    if known is None or known.are_reactions:
        raise NotFound("message sent over a channel")
    return known


async def list_unknown(db: Db, limit: int = 50) -> list[UnknownMessage]:
    """The messages staff are asked about, those asked first first. Raises `Forbidden`."""
    db.scope.require(Permission.VIEW)
    return [UnknownMessage(**row._mapping) for row in await db.execute(_UNKNOWN, {"limit": min(limit, 200)})]


async def ask_about_unknown(db: Db, most: int = 200) -> list[tuple[UUID, UUID, int]]:
    """Ask staff about messages nobody told of in time (system transaction). Gives (business, conversation, message number)."""
    rows = await db.execute(_ASK, {"now": now(), "most": most})
    return [(row.business_id, row.conversation_id, row.seq) for row in rows]
