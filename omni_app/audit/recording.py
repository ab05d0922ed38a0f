"""Write the trail of changes."""

import json
from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text

from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.ids import new_id
from omni_app.infra.log import mask_value
from omni_app.infra.scope import SYSTEM, Actor, Client

_RECORD = text(
    """
    insert into audit_entries (id, business_id, level, action, subject_kind, subject_id, actor_kind, actor_id, actor_name, before,
      after, ip, user_agent, request_id, created_at)
    values (:id, :business_id, :level, :action, :subject_kind, :subject_id, :actor_kind, :actor_id, :actor_name,
      cast(:before as jsonb), cast(:after as jsonb), :ip, :user_agent, :request_id, :created_at)
    """
)

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

    It is written with the next statement of `db`, at the latest with its end. Actor, business and client come from the scope of
    `db`; pass them where there is none (sign-in, sign-up).
    """
    scope = db.scope_or_none
    actor = actor or (scope.actor if scope else SYSTEM)
    client = client or (scope.client if scope else Client())
    db.queue(
        _RECORD,
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
            "before": json.dumps(mask_value("", dict(before or {}))),
            "after": json.dumps(mask_value("", dict(after or {}))),
            "ip": client.ip,
            "user_agent": (client.user_agent or "")[:300] or None,
            "request_id": client.request_id,
            "created_at": now(),
        },
    )
