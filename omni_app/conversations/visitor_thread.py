"""What the widget reads of its conversation."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app.infra.database import Db

# A conversation that was deleted meanwhile is looked for again by the visitor's address.
_VISITOR = text(
    """
    select c.id, c.status, c.speaker, c.last_seq, a.name as agent,
      (select coalesce(jsonb_agg(jsonb_build_object('id', m.id, 'seq', m.seq, 'role', m.role, 'text', m.text, 'at', m.created_at,
         'client_id', m.client_id, 'author', m.author_name, 'sources', m.sources, 'offer_person', m.offers_person,
         'attachments', m.attachments, 'status', m.status) order by m.seq), '[]')
         from (select * from messages n where n.conversation_id = c.id and n.seq > case when c.id = :conversation_id
           then :after else :after_other end order by n.seq desc limit 100) m
      ) as messages
    from conversations c left join members a on a.id = c.assignee_id
    where c.id = coalesce((select k.id from conversations k where k.id = cast(:conversation_id as uuid)), (
      select o.id from contact_points cp join conversations o on o.customer_id = cp.customer_id and o.channel = 'chat'
      where cp.kind = 'external' and cp.channel = 'chat' and cp.value_index = :value_index and cp.proof = 'proven'
      order by o.last_message_at desc limit 1))
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitorThread:
    """A widget's conversation. `agent` is the name of the person who has it; `messages` as the widget reads them."""

    conversation_id: UUID | None = None
    status: str | None = None
    speaker: str = "ai"
    agent: str | None = None
    last_seq: int = 0
    messages: tuple[dict[str, Any], ...] = ()


async def load_visitor_thread(db: Db, value_index: str, conversation_id: UUID | None, after: int) -> VisitorThread:
    """The conversation of one visitor with the messages numbered above `after` (the newest 100), oldest first.

    `conversation_id` is the one the visitor had; when it is gone, or None, the newest chat of the visitor's customer is taken.
    Numbers of one conversation mean nothing in another, so `after` does not count when the one had was replaced.
    """
    values = {
        "value_index": value_index,
        "conversation_id": conversation_id,
        "after": after,
        "after_other": after if conversation_id is None else 0,
    }
    row = (await db.execute(_VISITOR, values)).one_or_none()
    if row is None:
        return VisitorThread()
    return VisitorThread(
        conversation_id=row.id,
        status=row.status,
        speaker=row.speaker,
        agent=row.agent if row.speaker == "human" else None,
        last_seq=row.last_seq,
        messages=tuple(row.messages),
    )
