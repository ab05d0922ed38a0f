"""Addresses a stranger says to have. Staff see them; nothing is looked up by them, so a claim reads nothing of the owner."""

from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.customers.addresses import Address
from omni_app.customers.identifying import add_point
from omni_app.customers.suggesting import suggest_owner
from omni_app.infra import live
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, Forbidden, NotFound
from omni_app.infra.scope import Permission

MOST_CLAIMS = 5

# The lock orders the claims of several tabs: the last one stands.
_LOCK = text("select name, data_key, merged_into_id, blocked_at from customers where id = :id for no key update")

_POINTS = text(
    """select kind, channel, value_index, proof from contact_points
       where customer_id = :id and not (kind = 'external' and channel = 'chat')"""
)

_REPLACE = text(
    """delete from contact_points where customer_id = :id and kind = :kind and channel = :channel and proof = 'claimed'
       and value_index <> :value_index"""
)


async def claim_address(db: Db, customer_id: UUID, address: Address | None, name: str = "") -> None:
    """Note the address and name a visitor typed, as a claim; an older claim of the same kind is replaced.

    The name is taken only while nothing proves who the customer is. Raises `Forbidden` (blocked, or the caller may not),
    `NotFound`, `Conflict` (joined with another customer meanwhile, or too many claims already).
    """
    db.scope.require(Permission.REPLY)
    row = (await db.execute(_LOCK, {"id": customer_id})).one_or_none()
    if row is None:
        raise NotFound("customer")
    if row.merged_into_id is not None:
        raise Conflict("This customer was joined with another one.")
    if row.blocked_at is not None:
        raise Forbidden("This customer is blocked.")
    points = (await db.execute(_POINTS, {"id": customer_id})).all()
    is_known = any(point.proof == "proven" for point in points)
    changed = False
    if name and name != row.name and not (is_known and row.name):
        await db.execute("update customers set name = :name where id = :id", {"name": name, "id": customer_id})
        changed = True
    mine = {(point.kind, point.channel, point.value_index) for point in points}
    if address is not None and (address.kind, address.channel, address.index) not in mine:
        place = {"id": customer_id, "kind": address.kind, "channel": address.channel, "value_index": address.index}
        await db.execute(_REPLACE, place)
        others = [p for p in points if p.proof == "claimed" and (p.kind, p.channel) != (address.kind, address.channel)]
        if len(others) >= MOST_CLAIMS:
            raise Conflict("This customer claims too many addresses already.")
        await add_point(db, customer_id, row.data_key, address, "claimed")
        await audit.record(db, "customer.address_claimed", "customer", customer_id, after={"kind": address.kind})
        await suggest_owner(db, customer_id, address)
        changed = True
    if changed:
        live.publish(db, "customer.changed", customer_id=customer_id)
