"""Prepaid credit: money paid in ahead, spent where the month's budget has no room, and kept until it is used."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.budgets.models import CREDIT
from omni_app.budgets.periods import MAX_LIMIT_NUSD
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, Invalid
from omni_app.infra.ids import new_id
from omni_app.infra.money import NUSD, show
from omni_app.infra.scope import Permission
from omni_app.tenancy.checks import check_text

MOST_AT_ONCE_NUSD = 100_000 * NUSD


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditMovementView:
    """One payment in, or a correction (negative), nano-dollars."""

    id: UUID
    amount_nusd: int
    note: str
    client_id: str | None
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditPage:
    """One page (from 1) of movements, newest first; `total` counts all of them."""

    items: list[CreditMovementView]
    total: int
    page: int
    limit: int


_COLUMNS = "id, amount_nusd, note, client_id, created_by, created_at"

_OPEN = text(
    "insert into budgets (business_id, period_start, limit_nusd, spent_nusd, reserved_nusd, excess_nusd, updated_at) "
    "values (:business_id, :credit, 0, 0, 0, 0, :at) on conflict do nothing"
)
_LOCK = text("select * from budgets where business_id = :business_id and period_start = :credit for update")
_FIND = text(f"select {_COLUMNS} from credit_movements where business_id = :business_id and client_id = :client_id")  # noqa: S608
_PAY_IN = text(
    "insert into credit_movements (id, business_id, amount_nusd, note, client_id, created_by, created_at) "
    "values (:id, :business_id, :amount, :note, :client_id, :created_by, :at)"
)
_RAISE = text(
    "update budgets set limit_nusd = limit_nusd + :amount, updated_at = :at "
    "where business_id = :business_id and period_start = :credit"
)
# What the credit reached before it was topped up may be told again: it has no month that ends.
_REARM = text(
    "delete from budget_alerts where business_id = :business_id and period_start = :credit and kind = 'spent' "
    "and percent * cast(:limit as bigint) > 100 * cast(:spent as bigint)"
)


async def top_up(db: Db, amount_nusd: int, note: str = "", client_id: str | None = None) -> CreditMovementView:
    """Pay into the credit; a negative amount corrects it, never below what is spent or held. It holds for the next call.

    The same `client_id` is booked once: a repeat gives the first movement. Needs OWN. Raise `Forbidden`, `Invalid` (field
    amount, note or client_id), or `Conflict` when the `client_id` was used for another amount.
    """
    db.scope.require(Permission.OWN)
    if isinstance(amount_nusd, bool) or not isinstance(amount_nusd, int) or amount_nusd == 0:
        raise Invalid("Write an amount that is not zero.", field="amount")
    if abs(amount_nusd) > MOST_AT_ONCE_NUSD:
        raise Invalid(f"At most {show(MOST_AT_ONCE_NUSD, 0)} can be booked at once.", field="amount")
    note = check_text(note, "note", "The note", longest=300)
    if client_id is not None:
        client_id = check_text(client_id, "client_id", "The client_id", shortest=1, longest=100)
    at, scope = now(), db.scope
    key = {"business_id": scope.business_id, "credit": CREDIT}
    await db.execute(_OPEN, {**key, "at": at})
    before = (await db.execute(_LOCK, key)).one()
    # Repeats wait for the lock, so the second one finds what the first booked.
    if client_id is not None:
        found = await db.execute(_FIND, {"business_id": scope.business_id, "client_id": client_id})
        if (earlier := found.mappings().one_or_none()) is not None:
            if earlier["amount_nusd"] != amount_nusd:
                raise Conflict("This client_id was used for another amount.")
            return CreditMovementView(**earlier)
    total = before.limit_nusd + amount_nusd
    used = before.spent_nusd + before.reserved_nusd
    if amount_nusd < 0 and total < used:
        free = max(0, before.limit_nusd - used)
        raise Invalid(f"Only {show(free)} of the credit is neither spent nor held, so no more can be taken out.", field="amount")
    if total > MAX_LIMIT_NUSD:
        raise Invalid(f"All that is paid in may come to {show(MAX_LIMIT_NUSD, 0)} at most.", field="amount")
    movement = CreditMovementView(
        id=new_id(), amount_nusd=amount_nusd, note=note, client_id=client_id, created_by=scope.actor.name, created_at=at
    )
    await db.execute(
        _PAY_IN,
        {
            "id": movement.id,
            "business_id": scope.business_id,
            "amount": amount_nusd,
            "note": note,
            "client_id": client_id,
            "created_by": movement.created_by,
            "at": at,
        },
    )
    await db.execute(_RAISE, {**key, "amount": amount_nusd, "at": at})
    await db.execute(_REARM, {**key, "limit": total, "spent": before.spent_nusd})
    await audit.record(
        db,
        "credit.topped_up" if amount_nusd > 0 else "credit.corrected",
        "credit_movement",
        movement.id,
        before={"total_nusd": before.limit_nusd},
        after={"total_nusd": total, "note": note},
    )
    live.publish(db, "budget.changed")
    return movement


async def list_movements(db: Db, page: int = 1, limit: int = 20) -> CreditPage:
    """What was paid in and corrected. Raise `Forbidden`."""
    db.scope.require(Permission.VIEW)
    page, limit = min(max(page, 1), 1_000_000), min(max(limit, 1), 100)
    values = {"business_id": db.scope.business_id}
    total = (await db.execute("select count(*) from credit_movements where business_id = :business_id", values)).scalar_one()
    found = await db.execute(
        f"select {_COLUMNS} from credit_movements where business_id = :business_id "  # noqa: S608 (a constant)
        "order by created_at desc, id desc limit :limit offset :offset",
        {**values, "limit": limit, "offset": (page - 1) * limit},
    )
    return CreditPage(items=[CreditMovementView(**row) for row in found.mappings()], total=total, page=page, limit=limit)
