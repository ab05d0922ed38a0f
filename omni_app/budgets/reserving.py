"""Reserve the worst case → call → settle the real cost. No paid call is made any other way.

`reserve` commits before the call, so callers of all processes together never promise more than the limit. `settle` moves what the
call really cost from reserved to spent and writes the ledger; `release` gives everything back. What a crash left behind is
settled at full cost by `settle_abandoned`. Calls priced 0 touch no budget row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from omni_app import audit
from omni_app.budgets.budget import MAX_LIMIT_NUSD, MONTH, open_month
from omni_app.budgets.ledger import LEDGER_COLUMNS, LedgerLine, ledger_values
from omni_app.budgets.prices import cost_of, kept_prices, load_prices, price_in
from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db
from omni_app.infra.errors import NotFound, Rejected
from omni_app.infra.ids import new_id
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Scope
from omni_app.settings import load_settings

log = get_logger(__name__)

# Longer than any model call may take by default; past it the caller is taken for dead.
HOLD = timedelta(minutes=5)


class BudgetSpent(Rejected):
    """The month's budget does not hold this call any more; free answers go on."""

    code = "budget_spent"

    def __init__(self, needed_nusd: int) -> None:
        super().__init__("The monthly budget is spent. Raise it, or wait for the next month; free answers go on.")
        self.needed_nusd = needed_nusd


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """The most that one call can use: `units` {unit: count}, counted upwards."""

    provider: str
    model: str
    service: str
    units: Mapping[str, int]
    channel: str | None = None
    customer_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Held money for one call, at the prices of the moment. `period_start` is None for a free call: nothing is held."""

    id: UUID
    business_id: UUID
    worst: Worst
    prices: Mapping[str, int]
    amount_nusd: int
    period_start: date | None = None

    @property
    def is_free(self) -> bool:
        return self.period_start is None


_RESERVE = f"""
    with month as ({MONTH}), held as (
        update budgets set reserved_nusd = budgets.reserved_nusd + cast(:amount as bigint), updated_at = :at
        from month
        where budgets.business_id = month.business_id and budgets.period_start = month.period_start
          and budgets.spent_nusd + budgets.reserved_nusd + cast(:amount as bigint) <= budgets.limit_nusd
        returning budgets.business_id, budgets.period_start
    ), kept as (
        insert into reservations
            (id, business_id, period_start, amount_nusd, provider, model, service, channel, customer_id, created_at, expires_at)
        select :id, business_id, period_start, cast(:amount as bigint), cast(:provider as text), cast(:model as text),
               cast(:service as text), cast(:channel as text), cast(:customer_id as uuid), cast(:at as timestamptz),
               cast(:expires_at as timestamptz)
        from held
        returning id
    )
    select month.period_start, exists (select from kept) as is_held, b.business_id is not null as is_open
    from month left join budgets b using (business_id, period_start)
"""  # noqa: S608 (constants of this module)


async def reserve(scope: Scope, worst: Worst, *, hold: timedelta = HOLD, at: datetime | None = None) -> Reservation:
    """Hold the worst case of one call, committed before this returns, for `hold` at most.

    Raise `BudgetSpent`, or `UnknownPrice`; then nothing is held and the call must not be made. A limit that excess has
    broken already grants nothing: only what is left under the limit itself can be held.
    """
    async with open_db(scope) as db:
        return await reserve_in(db, worst, hold=hold, at=at)


async def reserve_in(db: Db, worst: Worst, *, hold: timedelta = HOLD, at: datetime | None = None) -> Reservation:
    """`reserve` inside a transaction that reads what the call needs: it must be committed before the call, and soon, because
    the business's budget is locked until then. When this raises, nothing is held."""
    prices = kept_prices()
    if prices is None:
        prices = await load_prices(db)
    price = price_in(prices, load_settings(), worst.provider, worst.model)
    amount = cost_of(price, worst.units, worst.provider, worst.model)
    reservation_id, at = new_id(), at or now()
    # Only a price list of zeros makes a call free: zero units of a paid model may turn out to be some.
    if not any(price.values()):
        return Reservation(id=reservation_id, business_id=db.scope.business_id, worst=worst, prices=price, amount_nusd=0)
    if amount > MAX_LIMIT_NUSD:
        raise BudgetSpent(amount)
    parameters = {
        "id": reservation_id,
        "business_id": db.scope.business_id,
        "amount": amount,
        "provider": worst.provider,
        "model": worst.model,
        "service": worst.service,
        "channel": worst.channel,
        "customer_id": worst.customer_id,
        "at": at,
        "expires_at": at + hold,
    }
    row = (await db.execute(_RESERVE, parameters)).one_or_none()
    if row is not None and not row.is_open:  # the first paid call of the month
        await open_month(db, at)
        row = (await db.execute(_RESERVE, parameters)).one_or_none()
    if row is None:
        raise NotFound("business")
    if not row.is_held:
        raise BudgetSpent(amount)
    return Reservation(
        id=reservation_id,
        business_id=db.scope.business_id,
        worst=worst,
        prices=price,
        amount_nusd=amount,
        period_start=row.period_start,
    )


# Excess grows by what is needed and never by more than the overcharge: were money ever spent without a reservation, the CHECK
# would still catch it.
_SETTLE = f"""
    with closed as (
        update reservations set settled_at = :at
        where id = :reservation_id and business_id = :business_id and settled_at is null
        returning business_id, period_start, amount_nusd
    ), moved as (
        update budgets b set
            spent_nusd = b.spent_nusd + cast(:cost as bigint),
            reserved_nusd = b.reserved_nusd - closed.amount_nusd,
            excess_nusd = b.excess_nusd + least(
                greatest(cast(:cost as bigint) - closed.amount_nusd, 0),
                greatest(b.spent_nusd + b.reserved_nusd + cast(:cost as bigint) - closed.amount_nusd
                         - b.limit_nusd - b.excess_nusd, 0)),
            updated_at = :at
        from closed where b.business_id = closed.business_id and b.period_start = closed.period_start
    ), booked as (
        insert into ledger_entries ({LEDGER_COLUMNS}) select {ledger_values()} from closed
    )
    select amount_nusd from closed
"""  # noqa: S608 (constants of this package)

_BOOK_FREE = f"""
    insert into ledger_entries ({LEDGER_COLUMNS}) values ({ledger_values()}) on conflict (reservation_id) do nothing
"""  # noqa: S608 (constants of this package)


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
    time-out), pass `reservation.worst.units`. A cost above the reservation is booked in full, alarmed and audited.
    Raise `UnknownPrice` for a unit that was not priced when reserving: the reaper then books the full amount.
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
        note=note,
        reservation_id=reservation.id,
    )
    parameters: dict[str, Any] = line.parameters(reservation.business_id, at=at)
    if reservation.is_free:
        await db.execute(_BOOK_FREE, parameters)
        return 0
    parameters |= {"reservation_id": reservation.id, "business_id": reservation.business_id, "cost": cost, "at": at}
    closed = (await db.execute(_SETTLE, parameters)).one_or_none()
    if closed is None:
        return await _booked_cost(db, reservation)
    if cost > closed.amount_nusd:
        figures = {"provider": worst.provider, "model": worst.model, "reserved_nusd": closed.amount_nusd, "cost_nusd": cost}
        await audit.record(db, "budget.overcharged", "reservation", reservation.id, after=figures, level="WARNING")
        log.warning("a call cost more than its worst case", business_id=str(reservation.business_id), **figures)
    return cost


async def _booked_cost(db: Db, reservation: Reservation) -> int:
    found = await db.execute("select cost_nusd from ledger_entries where reservation_id = :id", {"id": reservation.id})
    cost: int | None = found.scalar_one_or_none()
    return cost or 0


async def release(scope: Scope, reservation: Reservation) -> None:
    """Give everything back, because the call was surely never made or is surely not billed. Harmless when settled already."""
    if reservation.is_free:
        return
    async with open_db(scope) as db:
        _check_owner(db, reservation)
        await db.execute(
            "with closed as ("
            " update reservations set settled_at = :at where id = :id and business_id = :business_id and settled_at is null"
            " returning business_id, period_start, amount_nusd"
            ") update budgets b set reserved_nusd = b.reserved_nusd - closed.amount_nusd, updated_at = :at "
            "from closed where b.business_id = closed.business_id and b.period_start = closed.period_start",
            {"id": reservation.id, "business_id": reservation.business_id, "at": now()},
        )


def _check_owner(db: Db, reservation: Reservation) -> None:
    if db.scope.business_id != reservation.business_id:
        raise NotFound("reservation")


# Budgets are locked first and in order, reservations only when free: a settling turn locks them the other way round.
_LOCK_BUDGETS = """
    select 1 from budgets b where exists (
        select from reservations r where r.business_id = b.business_id and r.period_start = b.period_start
          and r.settled_at is null and r.expires_at < :at)
    order by b.business_id, b.period_start for update
"""

_ABANDONED = f"""
    with closed as (
        update reservations set settled_at = :at where id in (
            select id from reservations where settled_at is null and expires_at < :at for update skip locked limit :most)
        returning *
    ), moved as (
        update budgets b set spent_nusd = b.spent_nusd + s.total, reserved_nusd = b.reserved_nusd - s.total, updated_at = :at
        from (select business_id, period_start, cast(sum(amount_nusd) as bigint) as total from closed group by 1, 2) s
        where b.business_id = s.business_id and b.period_start = s.period_start
    ), booked as (
        insert into ledger_entries ({LEDGER_COLUMNS})
        select id, business_id, id, service, provider, model, jsonb_build_object('reservation', 1),
               jsonb_build_object('reservation', amount_nusd), amount_nusd, channel, customer_id, null, null, 'abandoned',
               cast(:at as timestamptz)
        from closed
    )
    select business_id, amount_nusd from closed
"""  # noqa: S608 (constants of this package)


async def settle_abandoned(db: Db, *, at: datetime | None = None, most: int = 500) -> int:
    """Book reservations whose caller died at full cost (system transaction); return how many, at most `most` a call.

    Whether the provider worked is unknown, so the budget assumes that it did.
    """
    parameters = {"at": at or now(), "most": most}
    await db.execute(_LOCK_BUDGETS, parameters)
    closed = (await db.execute(_ABANDONED, parameters)).all()
    for row in closed:
        log.warning("abandoned reservation booked in full", business_id=str(row.business_id), amount_nusd=row.amount_nusd)
    return len(closed)
