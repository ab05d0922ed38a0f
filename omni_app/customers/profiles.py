"""What staff see of a customer."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from omni_app.customers.identifying import CONTACT_POINT
from omni_app.infra.crypto import decrypt, unwrap_data_key
from omni_app.infra.database import Db
from omni_app.infra.errors import NotFound
from omni_app.infra.scope import Permission

_PROFILE = text(
    """
    select cu.id, cu.name, cu.language, cu.tags, cu.data_key, cu.blocked_at, cu.block_reason, cu.created_at, cu.last_seen_at,
      (select coalesce(jsonb_agg(jsonb_build_object('kind', cp.kind, 'channel', cp.channel, 'value', cp.value,
         'proof', cp.proof) order by cp.created_at), '[]') from contact_points cp where cp.customer_id = cu.id) as points,
      (select count(*) from conversations c where c.customer_id = cu.id) as conversations,
      (select count(*) from messages m where m.customer_id = cu.id and m.role = 'customer') as messages,
      (select coalesce(sum(m.cost_nusd), 0) from messages m where m.customer_id = cu.id) as cost_nusd
    from customers cu where cu.id = :customer_id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PointView:
    """One contact point in clear. `proof` is proven or claimed."""

    kind: str
    channel: str
    value: str
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerView:
    """One customer with contact points and lifetime figures; `cost_nusd` is what serving them cost so far."""

    id: UUID
    name: str
    language: str
    tags: tuple[str, ...]
    is_blocked: bool
    block_reason: str | None
    created_at: datetime
    last_seen_at: datetime
    points: tuple[PointView, ...]
    conversations: int
    messages: int
    cost_nusd: int


async def load_customer(db: Db, customer_id: UUID) -> CustomerView:
    """Read one customer. Raises `Forbidden` without VIEW, `NotFound` when it is not this business's."""
    db.scope.require(Permission.VIEW)
    row = (await db.execute(_PROFILE, {"customer_id": customer_id})).one_or_none()
    if row is None:
        raise NotFound("customer")
    key = unwrap_data_key(row.data_key)
    return CustomerView(
        id=row.id,
        name=row.name,
        language=row.language,
        tags=tuple(row.tags),
        is_blocked=row.blocked_at is not None,
        block_reason=row.block_reason,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        points=tuple(
            PointView(
                kind=point["kind"],
                channel=point["channel"],
                value=decrypt(key, point["value"], CONTACT_POINT),
                proof=point["proof"],
            )
            for point in row.points
        ),
        conversations=row.conversations,
        messages=row.messages,
        cost_nusd=int(row.cost_nusd),
    )
