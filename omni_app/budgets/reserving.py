"""Hold the worst case of a call before it is made. No paid call is made any other way.

`reserve` commits before the call, so callers of all processes together never promise more than the limit. One purse pays a call:
the month if it has room, else the prepaid credit, in one statement; a capped customer or campaign must have room as well, in the
same transaction. A refusal leaves nothing behind. Calls priced 0 touch no row. `settling` is the other half.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from omni_app.budgets.alerts import note_full
from omni_app.budgets.caps import hold_caps
from omni_app.budgets.holds import HOLD, BudgetSpent, Purse, Reservation, Worst
from omni_app.budgets.models import CREDIT
from omni_app.budgets.periods import CREDIT_PERIOD, MAX_LIMIT_NUSD, MONTH, open_month
from omni_app.budgets.prices import PriceList, cost_of, kept_prices, load_prices, price_in
from omni_app.infra.background import start_task
from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db, run_alone
from omni_app.infra.errors import NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope
from omni_app.settings import load_settings

__all__ = ["HOLD", "BudgetSpent", "Reservation", "Worst", "reserve", "reserve_in"]

# Rows are locked in one order everywhere: campaign's cap, customer's cap, month, credit. The month's row is the one that all
# callers of a business share, so it is locked last and shortly. The condition stands in the UPDATE itself: PostgreSQL tries it
# again on the newest row for everybody who had to wait.
_RESERVE = text(
    f"""
    with month as ({MONTH}), may as (
        select month.business_id, month.period_start, b.business_id is not null as is_open,
          coalesce(month.budget_rules ->> 'customer_cap_nusd', month.budget_rules ->> 'campaign_cap_nusd') is not null
            and coalesce(cast(:customer_id as uuid), cast(:campaign_id as uuid)) is not null as is_capped
        from month left join budgets b on b.business_id = month.business_id and b.period_start = month.period_start
    ), from_month as (
        update budgets b set reserved_nusd = b.reserved_nusd + cast(:amount as bigint), updated_at = :at
        from may
        where b.business_id = may.business_id and b.period_start = may.period_start
          and may.is_capped = cast(:are_caps_held as boolean)
          and b.spent_nusd + b.reserved_nusd + cast(:amount as bigint) <= b.limit_nusd
        returning b.business_id, b.period_start
    ), from_credit as (
        update budgets b set reserved_nusd = b.reserved_nusd + cast(:amount as bigint), updated_at = :at
        from may
        where b.business_id = may.business_id and b.period_start = {CREDIT_PERIOD} and may.is_open
          and may.is_capped = cast(:are_caps_held as boolean) and not exists (select from from_month)
          and b.spent_nusd + b.reserved_nusd + cast(:amount as bigint) <= b.limit_nusd
        returning b.business_id, b.period_start
    ), held as (
        select * from from_month union all select * from from_credit
    ), kept as (
        insert into reservations
            (id, business_id, period_start, amount_nusd, provider, model, service, channel, customer_id, campaign_id, cap_month,
             created_at, expires_at)
        select :id, held.business_id, held.period_start, cast(:amount as bigint), cast(:provider as text), cast(:model as text),
               cast(:service as text), cast(:channel as text), cast(:customer_id as uuid), cast(:campaign_id as uuid),
               case when may.is_capped then may.period_start end, cast(:at as timestamptz), cast(:expires_at as timestamptz)
        from held cross join may
    )
    select may.period_start, may.is_open, may.is_capped, (select period_start from held) as held_in from may
    """  # noqa: S608 (constants)
)

_LEVELS = text(
    "select period_start, spent_nusd, limit_nusd from budgets "
    "where business_id = :business_id and period_start in (:month, :credit) order by period_start desc"
)


async def reserve(scope: Scope, worst: Worst, *, hold: timedelta = HOLD, at: datetime | None = None) -> Reservation:
    """Hold the worst case of one call, committed before this returns, for `hold` at most.

    Raise `BudgetSpent`, or `UnknownPrice`; then nothing is held and the call must not be made. A limit that excess has
    broken already grants nothing: only what is left under the limit itself can be held.
    """
    at = at or now()
    prices = kept_prices(scope.business_id)
    if prices is not None:
        planned = _plan(scope, worst, prices)
        if _is_free(planned):
            return planned
        rows = await run_alone(scope, _RESERVE, {**_values(planned, hold, at), "are_caps_held": False})
        # Nothing is held where a month begins, a cap counts or no room is left: that takes more than one statement.
        if rows and (row := rows[0]).held_in is not None:
            if row.held_in != row.period_start:
                async with open_db(scope) as db:
                    await _find_full(db, row, planned.amount_nusd)
            return replace(planned, period_start=row.held_in)
    async with open_db(scope) as db:
        return await reserve_in(db, worst, hold=hold, at=at)


async def reserve_in(db: Db, worst: Worst, *, hold: timedelta = HOLD, at: datetime | None = None) -> Reservation:
    """`reserve` inside a transaction that reads what the call needs: it must be committed before the call, and soon, because
    the business's budget is locked until then. When this raises, nothing is held."""
    prices = kept_prices(db.scope.business_id)
    if prices is None:
        prices = await load_prices(db)
    planned, at = _plan(db.scope, worst, prices), at or now()
    if _is_free(planned):
        return planned
    values, amount = _values(planned, hold, at), planned.amount_nusd
    row = await _hold(db, {**values, "are_caps_held": False})
    if row.is_capped:
        # A refusal by any of them gives back what the others hold already.
        async with db.session.begin_nested():
            await hold_caps(db, amount, at, worst.customer_id, worst.campaign_id)
            row = await _hold(db, {**values, "are_caps_held": True})
            if row.held_in is None:
                raise BudgetSpent(amount, await _find_full(db, row, amount))
    if row.held_in != row.period_start:
        purse = await _find_full(db, row, amount)
        if row.held_in is None:
            raise BudgetSpent(amount, purse)
    return replace(planned, period_start=row.held_in)


def _plan(scope: Scope, worst: Worst, prices: PriceList) -> Reservation:
    """What is to be held, not held yet."""
    price = price_in(prices, load_settings(), worst.provider, worst.model)
    amount = cost_of(price, worst.units, worst.provider, worst.model)
    if amount > MAX_LIMIT_NUSD:
        raise BudgetSpent(amount)
    return Reservation(id=new_id(), business_id=scope.business_id, worst=worst, prices=price, amount_nusd=amount)


def _is_free(planned: Reservation) -> bool:
    # Only a price list of zeros makes a call free: zero units of a paid model may turn out to be some.
    return not any(planned.prices.values())


def _values(planned: Reservation, hold: timedelta, at: datetime) -> dict[str, Any]:
    worst = planned.worst
    return {
        "id": planned.id,
        "business_id": planned.business_id,
        "amount": planned.amount_nusd,
        "provider": worst.provider,
        "model": worst.model,
        "service": worst.service,
        "channel": worst.channel,
        "customer_id": worst.customer_id,
        "campaign_id": worst.campaign_id,
        "at": at,
        "expires_at": at + hold,
    }


async def _hold(db: Db, values: Mapping[str, Any]) -> Row[Any]:
    row = (await db.execute(_RESERVE, values)).one_or_none()
    if row is not None and not row.is_open:  # the first paid call of the month
        await open_month(db, values["at"])
        row = (await db.execute(_RESERVE, values)).one_or_none()
    if row is None:
        raise NotFound("business")
    return row


async def _find_full(db: Db, row: Row[Any], amount: int) -> Purse:
    """What refused; and note, beside this transaction, which limits hold no such call though nothing else is held.

    The worst case of a call is far above its cost, so the last little of a limit is never spent: without this a budget would
    refuse every call and never count as spent. Below nine tenths only the call is too large.
    """
    values = {"business_id": db.scope.business_id, "month": row.period_start, "credit": CREDIT}
    levels = (await db.execute(_LEVELS, values)).all()
    for level in levels:
        is_full = level.spent_nusd + amount > level.limit_nusd and level.spent_nusd * 10 >= level.limit_nusd * 9
        known = (db.scope.business_id, level.period_start)
        if is_full and level.spent_nusd and _noted.get(known) != level.limit_nusd:
            if len(_noted) > _MOST_NOTED:
                _noted.clear()
            _noted[known] = level.limit_nusd
            start_task(_note_full(db.scope, level), "budget is full")
    return "credit" if any(level.period_start == CREDIT for level in levels) else "month"


_MOST_NOTED = 10_000
_noted: dict[Any, int] = {}
"""(business, period) → the limit that this process found full last."""


async def _note_full(scope: Scope, level: Row[Any]) -> None:
    async with open_db(scope) as db:
        await note_full(db, level.period_start, spent_nusd=level.spent_nusd, limit_nusd=level.limit_nusd)
