"""A paid call as one step: hold its worst case, make it, book what it cost. There is no way to forget one of the three."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar
from uuid import UUID

from omni_app.budgets.holds import Reservation, Worst, longest_hold
from omni_app.budgets.reserving import reserve
from omni_app.budgets.settling import release, settle
from omni_app.infra.errors import Rejected, Unavailable
from omni_app.infra.scope import Scope

ResultType = TypeVar("ResultType")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid(Generic[ResultType]):
    """What the call gave, and what it cost in nano-dollars."""

    result: ResultType
    cost_nusd: int


async def pay(
    scope: Scope,
    worst: Worst,
    call: Callable[[], Awaitable[ResultType]],
    used: Callable[[ResultType], Mapping[str, int]],
    *,
    hold: timedelta | None = None,
    conversation_id: UUID | None = None,
    note: str = "",
    failed_note: str = "no answer",
) -> Paid[ResultType]:
    """Make one paid call. `used` says from its result which units {unit: count} it took; `hold`: by default as
    long as a model may take.

    Raise `BudgetSpent` or `UnknownPrice`: the call was not made. `Rejected` of the call itself: it is not billed, its money is
    free again. `Unavailable`: the provider may have worked and billed all the same, so the worst case is booked. Any other end
    leaves the hold to the reaper, which books it in full.
    """
    reservation = await reserve(scope, worst, hold=hold or longest_hold())
    result = await held(scope, reservation, call, conversation_id=conversation_id, failed_note=failed_note)
    cost = await settle(scope, reservation, used(result), conversation_id=conversation_id, note=note)
    return Paid(result=result, cost_nusd=cost)


async def held(
    scope: Scope,
    reservation: Reservation,
    call: Callable[[], Awaitable[ResultType]],
    *,
    conversation_id: UUID | None = None,
    failed_note: str = "no answer",
) -> ResultType:
    """Make a call whose money is held already, and whose cost the caller settles with what it records; failures are booked
    here as `pay` does."""
    try:
        return await call()
    except Rejected:
        await release(scope, reservation)
        raise
    except Unavailable as error:
        await settle(scope, reservation, reservation.worst.units, conversation_id=conversation_id, note=f"{failed_note}: {error}")
        raise
