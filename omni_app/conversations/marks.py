"""How far a message came: sent, delivered, read; and on which page the visitor is.

Marks only move forward, so they may be written late, twice or in any order.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text

from omni_app.infra import live
from omni_app.infra.database import Db
from omni_app.infra.scope import Permission

Reached = Literal["delivered", "read"]

_FORWARD = text(
    """
    with d as (select * from unnest(cast(:ids as uuid[]), cast(:seqs as int[])) as d(conversation_id, seq)),
    u as (update messages m set status = :status from d where m.conversation_id = d.conversation_id and m.seq <= d.seq
      and m.role = any(:roles) and m.status = any(:before) returning m.conversation_id, m.seq)
    select conversation_id, max(seq) as seq from u group by conversation_id
    """
)
_BEFORE = {"delivered": ["queued", "sent"], "read": ["queued", "sent", "delivered"]}
_ROLES = {"team": ["assistant", "staff"], "customer": ["customer"]}

_PAGE = text(
    """
    update conversations c set page = coalesce(d.page, c.page), language = coalesce(nullif(d.language, ''), c.language)
    from (select cast(p.id as uuid) as id, p.page, p.language from jsonb_to_recordset(cast(:pages as jsonb))
      as p(id text, page jsonb, language text)) d
    where c.id = d.id and (c.page is distinct from coalesce(d.page, c.page) or (d.language <> '' and c.language <> d.language))
    returning c.id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Where a visitor is (`url` without its query) and the language of that page, a BCP 47 tag or empty."""

    url: str
    title: str
    language: str = ""

    @property
    def values(self) -> dict[str, Any] | None:
        """As the conversation keeps it; None when nothing is known."""
        return {"url": self.url, "title": self.title} if self.url else None

    def row(self, conversation_id: UUID) -> dict[str, Any]:
        return {"id": str(conversation_id), "page": self.values, "language": self.language}


async def mark_team_messages(db: Db, reached: Mapping[UUID, int], status: Reached) -> None:
    """The visitors of these conversations got, or saw, everything the team wrote up to these numbers."""
    await _forward(db, reached, status, "team")


async def mark_seen_by_staff(db: Db, conversation_id: UUID, seq: int) -> None:
    """A member saw what the customer wrote up to number `seq`; the widget shows it. Raises `Forbidden`."""
    db.scope.require(Permission.VIEW)
    await _forward(db, {conversation_id: seq}, "read", "customer")


async def _forward(db: Db, reached: Mapping[UUID, int], status: Reached, role: Literal["team", "customer"]) -> None:
    values = {"ids": list(reached), "seqs": list(reached.values()), "status": status}
    rows = await db.execute(_FORWARD, {**values, "roles": _ROLES[role], "before": _BEFORE[status]})
    for row in rows:
        # `role` tells whose messages these are: the visitor's tabs care for their own, the inbox for both.
        live.publish(db, "message.status", conversation_id=row.conversation_id, seq=row.seq, status=status, role=role)


async def keep_pages(db: Db, pages: Mapping[UUID, Page]) -> None:
    """Remember on which page the visitor of each conversation is, and tell the inbox where that is news."""
    rows = await db.execute(_PAGE, {"pages": json.dumps([page.row(id_) for id_, page in pages.items()])})
    for row in rows:
        live.publish(db, "conversation.changed", conversation_id=row.id)
