"""A customer's address became another one, as their channel says: a new phone number, a new id after it."""

import json
from typing import Literal

from sqlalchemy import text

from omni_app import audit
from omni_app.customers.identifying import CONTACT_POINT
from omni_app.customers.jobs import RefreshTrust
from omni_app.customers.recognising import IdentifierLike, address_of
from omni_app.customers.suggesting import suggest
from omni_app.infra import live
from omni_app.infra.crypto import encrypt, unwrap_data_key
from omni_app.infra.database import Db
from omni_app.infra.jobs import enqueue
from omni_app.infra.scope import Permission

Outcome = Literal["changed", "unknown", "taken"]

_FIND = text(
    """
    select cp.id, cp.value_index, cp.customer_id, cu.data_key from contact_points cp join customers cu on cu.id = cp.customer_id
    where cp.business_id = :business_id and cp.value_index = any(:indexes) and cp.proof = 'proven' for update of cp
    """
)

# The row stays, so conversations that answer to it go on, to the new address. What was claimed of it before is settled now.
_CHANGE = text(
    """
    with claimed as (delete from contact_points where customer_id = :customer_id and value_index = :index and id <> :id)
    update contact_points set kind = :kind, channel = :channel, value = :value, value_index = :index,
      hints = cast(:hints as jsonb), undeliverable_at = null, undeliverable_reason = ''
    where id = :id
    """
)


async def change_address(db: Db, channel: str, old: IdentifierLike, new: IdentifierLike) -> Outcome:
    """Give the owner of `old` the address `new` in its place: the old one may be somebody else's soon.

    unknown: nobody has proven `old`, or both are the same. taken: `new` is somebody else's already; then nothing changes and it
    becomes a suggestion. Raises `Invalid` (field `sender`), `Forbidden` without REPLY, and SQLAlchemy's IntegrityError when
    somebody proved `new` at this moment: start over.
    """
    db.scope.require(Permission.REPLY)
    before, after = address_of(channel, old), address_of(channel, new)
    found = await db.execute(_FIND, {"business_id": db.scope.business_id, "indexes": [before.index, after.index]})
    rows = {row.value_index: row for row in found.all()}
    mine, theirs = rows.get(before.index), rows.get(after.index)
    if mine is None or before == after:
        return "unknown"
    if theirs is not None and theirs.customer_id != mine.customer_id:
        await suggest(db, mine.customer_id, theirs.customer_id, f"{channel} says that one took the other's address.")
        return "taken"
    if theirs is not None:
        # They have both already: conversations go on to the new one.
        await db.execute(
            "update conversations set contact_point_id = :new where contact_point_id = :old", {"new": theirs.id, "old": mine.id}
        )
        await db.execute("delete from contact_points where id = :id", {"id": mine.id})
    else:
        values = {
            "id": mine.id,
            "customer_id": mine.customer_id,
            "kind": after.kind,
            "channel": after.channel,
            "value": encrypt(unwrap_data_key(mine.data_key), after.value, CONTACT_POINT),
            "index": after.index,
            "hints": json.dumps(after.hints),
        }
        await db.execute(_CHANGE, values)
    await enqueue(db, RefreshTrust(customer_id=mine.customer_id))
    await audit.record(
        db, "customer.address_changed", "customer", mine.customer_id, after={"kind": after.kind, "channel": channel}
    )
    live.publish(db, "customer.changed", customer_id=mine.customer_id)
    return "changed"
