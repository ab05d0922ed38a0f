"""By which accounts staff may write to a customer first."""

from dataclasses import dataclass
from uuid import UUID

from omni_app.channels.registry import all_adapters
from omni_app.infra.database import Db
from omni_app.infra.scope import Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """An account that may begin a conversation: with free text, or (`needs_template`) with an approved template only."""

    id: UUID
    kind: str
    channel: str
    name: str
    is_sandbox: bool
    has_subject: bool
    needs_template: bool


async def list_ways(db: Db) -> list[Way]:
    """The accounts that are on and may begin a conversation, by channel and name. Raises `Forbidden` without REPLY."""
    db.scope.require(Permission.REPLY)
    rows = await db.execute(
        """select id, kind, channel, name, is_sandbox from channel_connections where is_on and health <> 'revoked'
           order by channel, lower(name), created_at"""
    )
    ways = []
    for row in rows:
        adapter = all_adapters().get(row.kind)
        able = None if adapter is None else adapter.capabilities
        if able is not None and (able.may_start or able.has_templates):
            needs_template = able.has_templates and able.reply_window is not None
            ways.append(Way(**row._mapping, has_subject=able.has_subject, needs_template=needs_template))
    return ways
