"""Find or create the customer behind a contact point."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.customers.addresses import Address
from omni_app.infra.clock import now
from omni_app.infra.crypto import create_data_key, encrypt, unwrap_data_key
from omni_app.infra.database import Db
from omni_app.infra.ids import new_id

CONTACT_POINT = "contact_points.value"

_CREATE = text(
    """
    with customer as (
      insert into customers (id, business_id, name, language, tags, attributes, data_key, created_at, last_seen_at)
      values (:customer_id, :business_id, :name, :language, '[]', '{}', :data_key, :now, :now)
    )
    insert into contact_points (id, business_id, customer_id, kind, channel, value, value_index, hints, proof, proven_by,
      created_at)
    values (:point_id, :business_id, :customer_id, :kind, :channel, :value, :value_index, cast(:hints as jsonb), :proof,
      :proven_by, :now)
    """
)

_ADD = text(
    """
    insert into contact_points (id, business_id, customer_id, kind, channel, value, value_index, hints, proof, proven_by,
      created_at)
    values (:id, :business_id, :customer_id, :kind, :channel, :value, :value_index, cast(:hints as jsonb), :proof, :proven_by,
      :now)
    on conflict (customer_id, kind, channel, value_index) do nothing
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCustomer:
    """What a turn needs of a customer. `data_key` is the wrapped key; `restriction` holds until `restricted_until`."""

    id: UUID
    name: str
    language: str
    data_key: str
    is_blocked: bool
    trust: int = 30
    restriction: str = ""
    restricted_until: datetime | None = None
    is_verified: bool = False


def _who_vouches(db: Db) -> str:
    return "api" if db.scope.actor.kind == "api_key" else "channel"


async def create_customer(
    db: Db,
    address: Address,
    name: str = "",
    language: str = "",
    proof: str = "proven",
    proven_by: str = "",
    *,
    is_queued: bool = False,
) -> KnownCustomer:
    """Create a customer with one contact point. `proven_by` is the caller's API key or the channel unless said otherwise.

    Raises SQLAlchemy's IntegrityError when somebody created the same contact point meanwhile: start over, it is found then. With
    `is_queued` the rows are written, and that is raised, with the next statement.
    """
    key, wrapped = create_data_key()
    customer_id = new_id()
    db.queue(
        _CREATE,
        {
            "customer_id": customer_id,
            "business_id": db.scope.business_id,
            "name": name,
            "language": language,
            "data_key": wrapped,
            "now": now(),
            "point_id": new_id(),
            "kind": address.kind,
            "channel": address.channel,
            "value": encrypt(key, address.value, CONTACT_POINT),
            "value_index": address.index,
            "hints": json.dumps(address.hints),
            "proof": proof,
            "proven_by": proven_by or _who_vouches(db) if proof == "proven" else "",
        },
    )
    await audit.record(db, "customer.created", "customer", customer_id, after={"kind": address.kind, "channel": address.channel})
    if not is_queued:
        await db.send_queued()
    return KnownCustomer(id=customer_id, name=name, language=language, data_key=wrapped, is_blocked=False)


async def add_point(db: Db, customer_id: UUID, data_key: str, address: Address, proof: str, proven_by: str = "") -> None:
    """Give a customer one more contact point, encrypted under their (wrapped) `data_key`; one they have stays as it is.

    Raises SQLAlchemy's IntegrityError when `proof` is proven and somebody else proved the same address meanwhile.
    """
    await db.execute(
        _ADD,
        {
            "id": new_id(),
            "business_id": db.scope.business_id,
            "customer_id": customer_id,
            "kind": address.kind,
            "channel": address.channel,
            "value": encrypt(unwrap_data_key(data_key), address.value, CONTACT_POINT),
            "value_index": address.index,
            "hints": json.dumps(address.hints),
            "proof": proof,
            "proven_by": proven_by,
            "now": now(),
        },
    )
