"""People staff write to first at a number nobody wrote from yet: who they are then, and how their first answer finds them.

The number is what somebody typed, so it is claimed and not proven. An answer from that very number proves it: it was our message
they answer. That holds only for a customer who is nothing but this number; one who was somebody before (a visitor of the website
who typed it) is never joined with the number's owner by this.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.conversations.consent import says_no
from omni_app.customers.addresses import Address, normalize_phone
from omni_app.customers.identifying import create_customer
from omni_app.customers.jobs import RefreshTrust
from omni_app.infra import live
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, Forbidden
from omni_app.infra.jobs import enqueue
from omni_app.infra.scope import Permission

# Nothing but a typed number: nobody ever wrote as this customer, and no other address is theirs.
_IS_NUMBER_ONLY = """p.proof = 'claimed'
      and not exists (select from contact_points o where o.customer_id = p.customer_id and o.id <> p.id)
      and not exists (select from conversations c where c.customer_id = p.customer_id and c.last_customer_seq > 0)"""

_KNOWN = text(
    f"""
    select p.id, p.customer_id, p.proof, cu.consent, cu.blocked_at, {_IS_NUMBER_ONLY} as is_number_only
    from contact_points p join customers cu on cu.id = p.customer_id
    where p.kind = 'phone' and p.channel = '' and p.value_index = :index and cu.merged_into_id is null
    order by p.proof = 'proven' desc, p.created_at, p.id for no key update of p
    """  # noqa: S608 (constants)
)
# Two who type the same number at the same moment make one customer.
_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")
_POINT = text("select id from contact_points where customer_id = :customer_id")
_PROVE = text(
    f"""
    update contact_points set proof = 'proven', proven_by = 'channel' where id = (
      select p.id from contact_points p
      where p.customer_id = any(:claimers) and p.value_index = any(:indexes) and {_IS_NUMBER_ONLY}
        and exists (select from conversations c where c.contact_point_id = p.id and c.connection_id = :connection_id
          and c.last_seq > 0)
      order by p.created_at, p.id limit 1)
    returning customer_id, kind
    """  # noqa: S608 (constants)
)


async def take_number(db: Db, channel: str, number: str, name: str = "") -> tuple[UUID, UUID]:
    """The customer behind a number and the contact point to write to; one nobody knows becomes a new customer called `name`.

    Raises `Invalid` (field `address`) for what is no phone number with its country code, `Forbidden` for a blocked customer and
    without REPLY, `Conflict` when somebody said no to messages on this channel at this number.
    """
    db.scope.require(Permission.REPLY)
    address = Address(kind="phone", channel="", value=normalize_phone(number, "address"))
    await db.execute(_LOCK, {"key": f"number/{db.scope.business_id}/{address.index}"})
    rows = (await db.execute(_KNOWN, {"index": address.index})).all()
    if any(says_no(row.consent, channel) for row in rows):
        raise Conflict("Whoever has this number asked not to be written to on this channel.")
    if any(row.blocked_at is not None for row in rows):
        raise Forbidden("This customer is blocked.")
    known = next((row for row in rows if row.proof == "proven" or row.is_number_only), None)
    if known is not None:
        return known.customer_id, known.id
    made = await create_customer(db, address, " ".join(name.split())[:120], proof="claimed")
    point_id = (await db.execute(_POINT, {"customer_id": made.id})).scalar_one()
    live.publish(db, "customer.changed", customer_id=made.id)
    return made.id, point_id


async def meet(db: Db, connection_id: UUID, addresses: Sequence[Address], claimers: Sequence[UUID]) -> bool:
    """Somebody nobody knows by a proven address wrote: whether they are one of `claimers` to whom staff wrote first over this
    connection. Their number is proven from then on. Raises `Forbidden` without REPLY."""
    db.scope.require(Permission.REPLY)
    values = {
        "claimers": list(claimers),
        "indexes": [address.index for address in addresses if address.kind == "phone"],
        "connection_id": connection_id,
    }
    row = (await db.execute(_PROVE, values)).one_or_none()
    if row is None:
        return False
    await enqueue(db, RefreshTrust(customer_id=row.customer_id))
    after = {"kind": row.kind, "by": "channel"}
    await audit.record(db, "customer.address_proven", "customer", row.customer_id, after=after)
    live.publish(db, "customer.changed", customer_id=row.customer_id)
    return True
