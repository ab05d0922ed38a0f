"""Staff vouch for a customer, or for one of their addresses."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from omni_app import audit
from omni_app.customers.jobs import RefreshTrust
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, Invalid, NotFound
from omni_app.infra.jobs import enqueue
from omni_app.infra.scope import Permission
from omni_app.tenancy.checks import check_text

_TAKEN = "Another customer has proven this address. Look at that one first: it may be the same person."

_CUSTOMER = text("select verified_at, merged_into_id from customers where id = :id for no key update")
_POINT = text(
    """
    select cp.id, cp.kind, cp.proof, exists (select 1 from contact_points o where o.kind = cp.kind and o.channel = cp.channel
      and o.value_index = cp.value_index and o.proof = 'proven' and o.customer_id <> cp.customer_id) as is_taken
    from contact_points cp where cp.id = :point_id and cp.customer_id = :id
    """
)


async def verify_customer(db: Db, customer_id: UUID, reason: str, contact_point_id: UUID | None = None) -> None:
    """Mark a customer as verified; with `contact_point_id` that address counts as proven from now on.

    Doing it again changes nothing. Raises `Invalid` (field `reason`, 1 to 300 characters), `NotFound` (customer, contact point),
    `Conflict` when another customer has proven the same address or this one was joined with another, `Forbidden` without REPLY.
    """
    db.scope.require(Permission.REPLY)
    why = check_text(reason, "reason", "The reason", shortest=1, longest=300)
    await _lock(db, customer_id)
    if contact_point_id is not None:
        await _prove(db, customer_id, contact_point_id)
    await db.execute(
        text("update customers set verified_at = coalesce(verified_at, :now), version = version + 1 where id = :id"),
        {"now": now(), "id": customer_id},
    )
    after = {"reason": why, "contact_point_id": str(contact_point_id) if contact_point_id else None}
    await audit.record(db, "customer.verified", "customer", customer_id, after=after, level="WARNING")
    await enqueue(db, RefreshTrust(customer_id=customer_id))
    live.publish(db, "customer.changed", customer_id=customer_id)


async def unverify_customer(db: Db, customer_id: UUID, reason: str) -> None:
    """Take the mark away again; what was proven about addresses stays. Raises as `verify_customer`."""
    db.scope.require(Permission.REPLY)
    why = check_text(reason, "reason", "The reason", shortest=1, longest=300)
    await _lock(db, customer_id)
    await db.execute(text("update customers set verified_at = null, version = version + 1 where id = :id"), {"id": customer_id})
    await audit.record(db, "customer.unverified", "customer", customer_id, after={"reason": why}, level="WARNING")
    await enqueue(db, RefreshTrust(customer_id=customer_id))
    live.publish(db, "customer.changed", customer_id=customer_id)


async def _lock(db: Db, customer_id: UUID) -> None:
    row = (await db.execute(_CUSTOMER, {"id": customer_id})).one_or_none()
    if row is None:
        raise NotFound("customer")
    if row.merged_into_id is not None:
        raise Conflict("This customer was joined with another. Verify that one.")


async def _prove(db: Db, customer_id: UUID, point_id: UUID) -> None:
    row = (await db.execute(_POINT, {"id": customer_id, "point_id": point_id})).one_or_none()
    if row is None:
        raise NotFound("contact point")
    if row.proof == "proven":
        return
    if row.kind == "external":
        raise Invalid("Only an e-mail address or a phone number can be proven by hand.", "contact_point_id")
    if row.is_taken:
        raise Conflict(_TAKEN)
    try:
        await db.execute(text("update contact_points set proof = 'proven', proven_by = 'staff' where id = :id"), {"id": point_id})
    except IntegrityError as error:
        # Somebody proved it between our look and our write.
        raise Conflict(_TAKEN) from error
