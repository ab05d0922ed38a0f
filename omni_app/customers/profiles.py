"""What staff see of a customer."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app.customers.identifying import CONTACT_POINT
from omni_app.infra.clock import now
from omni_app.infra.crypto import decrypt, unwrap_data_key
from omni_app.infra.database import Db
from omni_app.infra.errors import NotFound
from omni_app.infra.scope import Permission

_PROFILE = text(
    """
    select cu.id, cu.name, cu.language, cu.tags, cu.data_key, cu.blocked_at, cu.block_reason, cu.created_at, cu.last_seen_at,
      cu.timezone, cu.birthday, cu.attributes, cu.consent, cu.version, cu.verified_at, cu.merged_into_id,
      cu.trust, cu.restriction, cu.restricted_until,
      (select coalesce(jsonb_agg(jsonb_build_object('id', cp.id, 'kind', cp.kind, 'channel', cp.channel, 'value', cp.value,
         'proof', cp.proof, 'proven_by', cp.proven_by) order by cp.created_at, cp.id), '[]')
         from contact_points cp where cp.customer_id = cu.id) as points,
      (select coalesce(jsonb_agg(jsonb_build_object('merge', mg.id, 'id', mg.from_id, 'name', o.name, 'evidence', mg.evidence,
         'at', mg.created_at) order by mg.created_at), '[]') from merges mg join customers o on o.id = mg.from_id
         where mg.into_id = cu.id and mg.undone_at is null) as merged_from,
      (select count(*) from conversations c where c.customer_id = cu.id) as conversations,
      (select count(*) from messages m where m.customer_id = cu.id and m.role = 'customer') as messages,
      (select coalesce(sum(m.cost_nusd), 0) from messages m where m.customer_id = cu.id) as cost_nusd
    from customers cu where cu.id = :customer_id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PointView:
    """One contact point in clear. `proof` is proven or claimed; `proven_by` code, page, channel, api, staff or empty."""

    kind: str
    channel: str
    value: str
    proof: str
    id: UUID | None = None
    proven_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedView:
    """Somebody who turned out to be this customer, and on which evidence. `id` is the merge's."""

    id: UUID
    customer_id: UUID
    name: str
    evidence: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerView:
    """One customer with contact points and lifetime figures; `cost_nusd` is what serving them cost so far.

    `consent` {purpose: {given, at, source}}. `restriction` (throttled, blocked) is set by abuse detection and holds until
    `restricted_until`; empty when nothing holds now. With `merged_into_id` this is only the shell of that customer.
    """

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
    timezone: str = ""
    birthday: date | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    consent: dict[str, Any] = field(default_factory=dict)
    version: int = 1
    verified_at: datetime | None = None
    trust: int = 30
    restriction: str = ""
    restricted_until: datetime | None = None
    merged_into_id: UUID | None = None
    merged_from: tuple[MergedView, ...] = ()

    @property
    def has_claims(self) -> bool:
        return any(point.proof == "claimed" for point in self.points)


async def load_customer(db: Db, customer_id: UUID) -> CustomerView:
    """Read one customer. Raises `Forbidden` without VIEW, `NotFound` when it is not this business's."""
    db.scope.require(Permission.VIEW)
    row = (await db.execute(_PROFILE, {"customer_id": customer_id})).one_or_none()
    if row is None:
        raise NotFound("customer")
    key = unwrap_data_key(row.data_key)
    is_held = bool(row.restriction) and row.restricted_until is not None and row.restricted_until > now()
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
                id=UUID(point["id"]),
                proven_by=point["proven_by"],
            )
            for point in row.points
        ),
        conversations=row.conversations,
        messages=row.messages,
        cost_nusd=int(row.cost_nusd),
        timezone=row.timezone,
        birthday=row.birthday,
        attributes=row.attributes,
        consent=row.consent,
        version=row.version,
        verified_at=row.verified_at,
        trust=row.trust,
        restriction=row.restriction if is_held else "",
        restricted_until=row.restricted_until if is_held else None,
        merged_into_id=row.merged_into_id,
        merged_from=tuple(
            MergedView(
                id=UUID(merged["merge"]),
                customer_id=UUID(merged["id"]),
                name=merged["name"],
                evidence=merged["evidence"],
                at=datetime.fromisoformat(merged["at"]),
            )
            for merged in row.merged_from
        ),
    )
