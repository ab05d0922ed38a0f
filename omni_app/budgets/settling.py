"""Book what a call really cost, or give its money back; what a crash left behind is booked in full.

The reservation's row decides who books it: whoever closes it first moves the money, and everybody else changes nothing.
"""

import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.budgets.alerts import note_level
from omni_app.budgets.holds import Reservation
from omni_app.budgets.ledger import LEDGER_COLUMNS, LedgerLine, ledger_values
from omni_app.budgets.prices import cost_of
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db
from omni_app.infra.errors import NotFound
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Scope

log = get_logger(__name__)

_CLOSE = """
    update reservations set settled_at = :at
    where id = :reservation_id and business_id = :business_id and settled_at is null
    returning business_id, period_start, amount_nusd, cap_month, customer_id, campaign_id
"""

# Locked campaigns first, like everywhere, and before the budget.
_CAPS = """
    select c.business_id, c.period_start, c.kind, c.subject_id from budget_caps c join closed
      on c.business_id = closed.business_id and c.period_start = closed.cap_month
      and (c.kind = 'campaign' and c.subject_id = closed.campaign_id or c.kind = 'customer' and c.subject_id = closed.customer_id)
    order by c.kind for update of c
"""
_OF_CAP = """
    c.business_id = cap.business_id and c.period_start = cap.period_start and c.kind = cap.kind and c.subject_id = cap.subject_id
"""

# Excess grows by what is needed and never by more than the overcharge: were money ever spent without a reservation, the CHECK
# would still catch it.
_MOVE = """
    spent_nusd = {row}.spent_nusd + cast(:cost as bigint),
    reserved_nusd = {row}.reserved_nusd - closed.amount_nusd,
    excess_nusd = {row}.excess_nusd + least(
        greatest(cast(:cost as bigint) - closed.amount_nusd, 0),
        greatest({row}.spent_nusd + {row}.reserved_nusd + cast(:cost as bigint) - closed.amount_nusd
                 - {row}.limit_nusd - {row}.excess_nusd, 0))
"""

_SETTLE = text(
    f"""
    with closed as ({_CLOSE}), cap as ({_CAPS}), capped as (
        update budget_caps c set {_MOVE.format(row="c")} from closed cross join cap where {_OF_CAP} returning 1
    ), moved as (
        update budgets b set {_MOVE.format(row="b")}, updated_at = :at
        from closed where b.business_id = closed.business_id and b.period_start = closed.period_start
          and (select count(*) from capped) >= 0
        returning b.spent_nusd, b.limit_nusd, b.excess_nusd
    ), booked as (
        insert into ledger_entries ({LEDGER_COLUMNS}) select {ledger_values()} from closed
    )
    select closed.amount_nusd, closed.period_start, moved.* from closed cross join moved
    """  # noqa: S608 (constants of this package)
)

_RELEASE = text(
    f"""
    with closed as ({_CLOSE}), cap as ({_CAPS}), capped as (
        update budget_caps c set reserved_nusd = c.reserved_nusd - closed.amount_nusd
        from closed cross join cap where {_OF_CAP} returning 1
    )
    update budgets b set reserved_nusd = b.reserved_nusd - closed.amount_nusd, updated_at = :at
    from closed where b.business_id = closed.business_id and b.period_start = closed.period_start
      and (select count(*) from capped) >= 0
    """  # noqa: S608 (constants of this package)
)

_BOOK_FREE = text(
    f"insert into ledger_entries ({LEDGER_COLUMNS}) values ({ledger_values()}) on conflict (reservation_id) do nothing"  # noqa: S608
)


async def settle(
    scope: Scope,
    reservation: Reservation,
    units: Mapping[str, int],
    *,
    conversation_id: UUID | None = None,
    message_id: UUID | None = None,
    note: str = "",
) -> int:
    """`settle_in` in a transaction of its own."""
    async with open_db(scope) as db:
        return await settle_in(db, reservation, units, conversation_id=conversation_id, message_id=message_id, note=note)


async def settle_in(
    db: Db,
    reservation: Reservation,
    units: Mapping[str, int],
    *,
    conversation_id: UUID | None = None,
    message_id: UUID | None = None,
    note: str = "",
) -> int:
    """Book what the call really used and return its cost in nano-dollars; one statement, best the last one of `db`.

    A reservation is settled once: later calls change nothing and return what was booked. When the outcome is unknown (a
    time-out), pass `reservation.worst.units`. A cost above the reservation is booked in full, alarmed and audited; a share of
    the limit that is reached by it is told. Raise `UnknownPrice` for a unit that was not priced when reserving: the reaper then
    books the full amount.
    """
    _check_owner(db, reservation)
    worst, at = reservation.worst, now()
    cost = cost_of(reservation.prices, units, worst.provider, worst.model)
    line = LedgerLine(
        service=worst.service,
        provider=worst.provider,
        model=worst.model,
        units=units,
        unit_prices=reservation.prices,
        cost_nusd=cost,
        channel=worst.channel,
        customer_id=worst.customer_id,
        conversation_id=conversation_id,
        message_id=message_id,
        campaign_id=worst.campaign_id,
        note=note,
        reservation_id=reservation.id,
    )
    parameters: dict[str, Any] = line.parameters(reservation.business_id, at=at)
    if reservation.is_free:
        await db.execute(_BOOK_FREE, parameters)
        return 0
    parameters |= {"reservation_id": reservation.id, "business_id": reservation.business_id, "cost": cost, "at": at}
    row = (await db.execute(_SETTLE, parameters)).one_or_none()
    if row is None:
        return await _booked_cost(db, reservation)
    _tell_pages(db)
    if cost > row.amount_nusd:
        figures = {"provider": worst.provider, "model": worst.model, "reserved_nusd": row.amount_nusd, "cost_nusd": cost}
        await audit.record(db, "budget.overcharged", "reservation", reservation.id, after=figures, level="WARNING")
        log.warning("a call cost more than its worst case", business_id=str(reservation.business_id), **figures)
    # Alerts stand at whole percents, so nothing can have been reached between two of them.
    if cost > row.amount_nusd or _percent(row.spent_nusd, row.limit_nusd) > _percent(row.spent_nusd - cost, row.limit_nusd):
        await note_level(db, row.period_start, spent_nusd=row.spent_nusd, limit_nusd=row.limit_nusd, excess_nusd=row.excess_nusd)
    return cost


def _percent(spent_nusd: int, limit_nusd: int) -> int:
    return min(spent_nusd * 100 // limit_nusd, 100) if limit_nusd else 100


async def _booked_cost(db: Db, reservation: Reservation) -> int:
    found = await db.execute("select cost_nusd from ledger_entries where reservation_id = :id", {"id": reservation.id})
    cost: int | None = found.scalar_one_or_none()
    return cost or 0


_TELL_SECONDS = 1.0
_MOST_TOLD = 10_000
_told: dict[UUID, float] = {}


def _tell_pages(db: Db) -> None:
    """A meter on a page need not move more than once a second."""
    business_id, at = db.scope.business_id, time.monotonic()
    if at - _told.get(business_id, 0.0) < _TELL_SECONDS:
        return
    if len(_told) > _MOST_TOLD:
        _told.clear()
    _told[business_id] = at
    live.publish(db, "budget.changed")


async def release(scope: Scope, reservation: Reservation) -> None:
    """Give everything back, because the call was surely never made or is surely not billed. Harmless when settled already."""
    if reservation.is_free:
        return
    async with open_db(scope) as db:
        await release_in(db, reservation)


async def release_in(db: Db, reservation: Reservation) -> None:
    """`release` inside a transaction that writes down why; one statement, best the last one of `db`."""
    _check_owner(db, reservation)
    if not reservation.is_free:
        await db.execute(_RELEASE, {"reservation_id": reservation.id, "business_id": reservation.business_id, "at": now()})


def _check_owner(db: Db, reservation: Reservation) -> None:
    if db.scope.business_id != reservation.business_id:
        raise NotFound("reservation")
