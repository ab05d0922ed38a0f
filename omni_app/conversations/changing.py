"""One change of a conversation's state, with the line both sides read; `handling` and `assignment` say which there are."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Forbidden, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Actor, Permission

# A line in the thread that both sides see ("Maya joined"), numbered like every message.
_SYSTEM_LINE = """
    insert into messages (id, business_id, conversation_id, customer_id, seq, role, text, status, author_id, author_name, sources,
      offers_person, cost_nusd, created_at)
    select :message_id, business_id, id, customer_id, last_seq, 'system', :line, 'sent', :author_id, :author_name, '[]', false, 0,
      :now from c
"""


def change(assignments: str, condition: str) -> Any:
    """A statement that changes a conversation when `condition` holds and writes its line; it silences the AI's turn at once.

    Its parameters: what `apply` passes (`id`, `now`, the author) and those of `assignments` and `condition`.
    """
    return text(
        f"""
        with old as (select id, status, speaker, assignee_id from conversations where id = :id for update),
        c as (update conversations set {assignments}, last_seq = last_seq + 1, lease_holder = null, lease_until = null
          where id = (select id from old) and ({condition}) returning *),
        m as ({_SYSTEM_LINE})
        select old.status as old_status, old.speaker as old_speaker, old.assignee_id as old_assignee,
          (select a.name from members a where a.id = old.assignee_id) as old_assignee_name,
          c.id is not null as is_changed, c.status, c.speaker, c.assignee_id, c.last_seq
        from old left join c on true
        """  # noqa: S608
    )


def staff_of(db: Db, *, members_only: bool = False) -> Actor:
    """The member (or API key) that acts. Raises `Forbidden` without REPLY and for Omni's own work."""
    db.scope.require(Permission.REPLY)
    actor = db.scope.actor
    if actor.kind != "member" and (members_only or actor.kind != "api_key"):
        raise Forbidden("Only a member of staff can do this.")
    return actor


async def apply(
    db: Db, statement: Any, conversation_id: UUID, line: str, action: str, values: Mapping[str, Any] | None = None
) -> Any:
    """Run a statement of `change`; the row says what stood before (`old_…`) and whether anything changed (`is_changed`).

    A change is recorded and told to open pages. Raises `NotFound`.
    """
    actor = db.scope.actor
    parameters = {
        "id": conversation_id,
        # A key is no member: its name stands in the line, not its id.
        "author_id": actor.id if actor.kind == "member" else None,
        "author_name": actor.name,
        "message_id": new_id(),
        "line": line,
        "now": now(),
        **(values or {}),
    }
    row = (await db.execute(statement, parameters)).one_or_none()
    if row is None:
        raise NotFound("conversation")
    if row.is_changed:
        await audit.record(
            db,
            action,
            "conversation",
            conversation_id,
            before={"status": row.old_status, "speaker": row.old_speaker, "assignee_id": str(row.old_assignee or "")},
            after={"status": row.status, "speaker": row.speaker, "assignee_id": str(row.assignee_id or "")},
        )
        live.publish(db, "conversation.changed", conversation_id=conversation_id, seq=row.last_seq, role="system")
    return row
