"""What happened to a customer, as the audit trail tells it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from omni_app.infra.database import Db
from omni_app.infra.scope import Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailEntry:
    """One entry: `action` such as `customer.blocked`, who did it, and the masked new values."""

    action: str
    actor_name: str
    after: dict[str, Any]
    at: datetime


async def list_trail(db: Db, customer_id: UUID, limit: int = 20) -> list[TrailEntry]:
    """The newest entries about a customer, newest first. Raises `Forbidden`; somebody who is not there has none."""
    db.scope.require(Permission.VIEW)
    rows = await db.execute(
        """select action, actor_name, after, created_at as at from audit_entries
           where subject_id = :id and subject_kind = 'customer' order by created_at desc, id desc limit :limit""",
        {"id": customer_id, "limit": min(limit, 100)},
    )
    return [TrailEntry(**row._mapping) for row in rows]
