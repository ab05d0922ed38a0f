"""What sending costs: held before a message leaves, booked once when it is known what it came to.

A delivery says in `pricing` what is held: `unit` and `units`, and `waits` when the provider names the price in a status later
(a window of 24 hours that one unit pays for). The hold lasts a day; what nobody settled by then is booked in full by the reaper.
A message that surely did not leave gives its money back.

A try whose fate nobody knows may have been billed, so sending again never frees its money. Where one unit pays for a whole window
the hold is `carried` over to the new try: both together cost one unit at most, and only a status that says so books or frees it.
Elsewhere each try may cost one, so the first hold is kept in `earlier` until its own status comes or a day is over.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app.budgets import Reservation, Worst, release_in, reserve_in, settle_in
from omni_app.channels.contract import Capabilities, Pricing
from omni_app.conversations.parts import Part
from omni_app.infra.clock import now
from omni_app.infra.database import Db

SERVICE = "delivery"
# Longer than staff are asked after and a provider reports late: what is still open then was most likely billed.
HOLD = timedelta(hours=24)
WINDOW = timedelta(hours=24)
# A segment of a text in UCS-2 that is one of several (3GPP TS 23.040): the most segments a text can need.
_SEGMENT = 67

_IS_PAID = text(
    """
    select exists (select from deliveries where customer_id = :customer_id and connection_id = :connection_id and id <> :id
      and coalesce(sent_at, created_at) > :since and (cost_nusd > 0 or reservation_id is not null))
    """
)
_NOTE_HOLD = text(
    """
    update deliveries set reservation_id = cast(:reservation_id as uuid),
      pricing = jsonb_strip_nulls(jsonb_build_object('earlier', pricing->'earlier')) || jsonb_build_object(
        'unit', cast(:unit as text), 'units', cast(:units as int), 'waits', cast(:waits as boolean))
    where id = :id
    """
)
_HELD = text(
    "select amount_nusd, period_start, provider, model, channel, customer_id, settled_at from reservations where id = :id"
)


def most_units(unit: str, text_: str) -> int:
    """How many units one message can take at most: segments by its length, one of everything else."""
    return max(1, math.ceil(len(text_.encode("utf-16-le")) / 2 / _SEGMENT)) if unit == "segment" else 1


async def hold(db: Db, part: Part, kind: str, capabilities: Capabilities) -> Part:
    """Hold the money for one delivery that is about to leave; commit before it does.

    Raises `BudgetSpent` and `UnknownPrice`: then nothing is held.
    """
    unit = capabilities.cost_unit
    if not unit or part.reservation_id is not None:
        return part
    if capabilities.bills_window and await _is_paid(db, part):
        return replace(part, pricing=_earlier_of(part))
    units = most_units(unit, part.text)
    worst = Worst(
        provider=part.channel,
        model=kind,
        service=SERVICE,
        units={unit: units},
        channel=part.channel,
        customer_id=part.customer_id,
    )
    held = await reserve_in(db, worst, hold=HOLD)
    pricing = {**_earlier_of(part), "unit": unit, "units": units, "waits": capabilities.bills_window, "kind": kind}
    if held.is_free:
        return replace(part, pricing={**pricing, "waits": False})
    values = {"id": part.id, "reservation_id": held.id, "unit": unit, "units": units, "waits": capabilities.bills_window}
    await db.execute(_NOTE_HOLD, values)
    return replace(part, reservation_id=held.id, pricing=pricing)


async def _is_paid(db: Db, part: Part) -> bool:
    values = {
        "customer_id": part.customer_id,
        "connection_id": part.connection_id,
        "id": part.id,
        "since": now() - WINDOW,
    }
    return bool((await db.execute(_IS_PAID, values)).scalar_one())


async def book(db: Db, part: Part, units: Mapping[str, int] | None = None, note: str = "") -> Part:
    """Book what a delivery cost, by default what was held; once, and only if something was."""
    if not part.pricing.get("unit") or part.pricing.get("booked"):
        return part
    held = await _held(db, part)
    spent = await settle_in(
        db,
        held,
        held.worst.units if units is None else units,
        conversation_id=part.conversation_id,
        message_id=part.message_id,
        note=note,
    )
    pricing = {**part.pricing, "waits": False, "booked": True}
    return replace(part, reservation_id=None, cost_nusd=part.cost_nusd + spent, pricing=pricing)


async def book_sent(db: Db, part: Part, units: Mapping[str, int] | None) -> Part:
    """Book an accepted delivery, unless the price comes with a status."""
    return part if part.pricing.get("waits") else await book(db, part, units)


async def book_priced(db: Db, part: Part, pricing: Pricing) -> Part:
    """Book what the provider says a message cost: the unit held for it, or nothing."""
    words = " ".join(filter(None, (pricing.category, pricing.model)))
    said = {"is_billable": pricing.is_billable, "category": pricing.category, "model": pricing.model}
    part = replace(part, pricing={**part.pricing, **said})
    if part.reservation_id is None:
        return part
    if not pricing.is_billable and part.pricing.get("carried"):
        # This try was paid for by the window the first one may have opened.
        return part
    unit = str(part.pricing["unit"])
    return await book(db, part, None if pricing.is_billable else {unit: 0}, note=words[:200])


async def give_back(db: Db, part: Part) -> Part:
    """Free what is held for a delivery that surely did not leave; what an earlier try may have cost stays held."""
    if part.pricing.get("carried"):
        return part
    if part.reservation_id is not None:
        await release_in(db, await _held(db, part))
    return replace(part, reservation_id=None, pricing=_earlier_of(part))


def keep_held(part: Part) -> Part:
    """The part for its next try, after one of which nobody knows whether it was taken: that one's money stays held."""
    if part.reservation_id is None:
        return replace(part, pricing=_earlier_of(part))
    if part.pricing.get("waits"):
        return replace(part, pricing={**part.pricing, "carried": True})
    left = {"id": str(part.reservation_id), "unit": part.pricing["unit"], "units": part.pricing["units"]}
    return replace(part, reservation_id=None, pricing={"earlier": [*part.pricing.get("earlier", []), left]})


async def settle_earlier(db: Db, part: Part, *, was_taken: bool) -> Part:
    """A status tells of the first try whose money is still held: book it, or free it when that one was refused."""
    first, *others = part.pricing["earlier"]
    of_first = replace(part, reservation_id=UUID(first["id"]), pricing=first)
    held = await _held(db, of_first)
    pricing = {**part.pricing, "earlier": others} if others else {k: v for k, v in part.pricing.items() if k != "earlier"}
    part = replace(part, pricing=pricing)
    if not was_taken:
        await release_in(db, held)
        return part
    spent = await settle_in(
        db,
        held,
        held.worst.units,
        conversation_id=part.conversation_id,
        message_id=part.message_id,
        note="an earlier try that arrived",
    )
    return replace(part, cost_nusd=part.cost_nusd + spent)


def _earlier_of(part: Part) -> dict[str, Any]:
    earlier = part.pricing.get("earlier")
    return {"earlier": earlier} if earlier else {}


async def _held(db: Db, part: Part) -> Reservation:
    unit, units = str(part.pricing["unit"]), int(part.pricing["units"])
    values: dict[str, Any] = {"provider": part.channel, "model": str(part.pricing.get("kind", ""))}
    amount, period_start, reservation_id = 0, None, part.id
    if part.reservation_id is not None:
        row = (await db.execute(_HELD, {"id": part.reservation_id})).one()
        values = {"provider": row.provider, "model": row.model}
        amount, period_start, reservation_id = row.amount_nusd, row.period_start, part.reservation_id
    worst = Worst(**values, service=SERVICE, units={unit: units}, channel=part.channel, customer_id=part.customer_id)
    return Reservation(
        id=reservation_id,
        business_id=db.scope.business_id,
        worst=worst,
        prices={unit: amount // units},
        amount_nusd=amount,
        period_start=period_start,
    )


__all__ = ["HOLD", "book", "book_priced", "book_sent", "give_back", "hold", "keep_held", "most_units", "settle_earlier"]
