"""Write the trail of changes."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import insert

from omni_app.audit.models import AuditEntry
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.ids import new_id
from omni_app.infra.log import mask_value
from omni_app.infra.scope import SYSTEM, Actor, Client

Level = Literal["INFO", "WARNING", "ERROR", "CRITICAL"]


async def record(
    db: Db,
    action: str,
    subject_kind: str,
    subject_id: UUID | None = None,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    level: Level = "INFO",
    business_id: UUID | None = None,
    actor: Actor | None = None,
    client: Client | None = None,
) -> None:
    """Note that `action` (`faq.updated`, `member.role_changed`) happened to a subject, with masked old and new values.

    Actor, business and client come from the scope of `db`; pass them where there is none (sign-in, sign-up).
    """
    scope = db.scope_or_none
    actor = actor or (scope.actor if scope else SYSTEM)
    client = client or (scope.client if scope else Client())
    await db.execute(
        insert(AuditEntry.__table__),  # type: ignore[attr-defined]
        {
            "id": new_id(),
            "business_id": scope.business_id if scope else business_id,
            "level": level,
            "action": action,
            "subject_kind": subject_kind,
            "subject_id": subject_id,
            "actor_kind": actor.kind,
            "actor_id": actor.id,
            "actor_name": actor.name,
            "before": mask_value("", dict(before or {})),
            "after": mask_value("", dict(after or {})),
            "ip": client.ip,
            "user_agent": (client.user_agent or "")[:300] or None,
            "request_id": client.request_id,
            "created_at": now(),
        },
    )
