"""Block a customer, and lift it."""

from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.customers.jobs import RefreshTrust
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Invalid, NotFound
from omni_app.infra.jobs import enqueue
from omni_app.infra.scope import Permission
from omni_app.tenancy.checks import check_text


async def block_customer(db: Db, customer_id: UUID, reason: str) -> None:
    """Refuse this customer's messages from now on. Raises `Invalid` (field `reason`), `NotFound`, `Forbidden`."""
    db.scope.require(Permission.REPLY)
    if not 1 <= len(reason.strip()) <= 300:
        raise Invalid("Say why, in 1 to 300 characters.", "reason")
    why = check_text(reason, "reason", "The reason", longest=300)
    await _set(db, customer_id, why)
    await audit.record(db, "customer.blocked", "customer", customer_id, after={"reason": why}, level="WARNING")


async def unblock_customer(db: Db, customer_id: UUID) -> None:
    """Accept this customer's messages again. Raises `NotFound`, `Forbidden`."""
    db.scope.require(Permission.REPLY)
    await _set(db, customer_id, None)
    await audit.record(db, "customer.unblocked", "customer", customer_id)


async def _set(db: Db, customer_id: UUID, reason: str | None) -> None:
    statement = text("update customers set blocked_at = :at, block_reason = :reason where id = :id returning id")
    found = await db.execute(statement, {"at": now() if reason else None, "reason": reason, "id": customer_id})
    if found.one_or_none() is None:
        raise NotFound("customer")
    await enqueue(db, RefreshTrust(customer_id=customer_id))
    live.publish(db, "customer.changed", customer_id=customer_id)
