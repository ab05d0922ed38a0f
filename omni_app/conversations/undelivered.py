"""An answer of the assistant that did not get through waits for a person, like a question nobody answered.

The conversation goes to "Waiting" with the reason `NOT_DELIVERED`. It leaves when staff answer or close it, when sending again
succeeds, or when a later answer arrives. The assistant stays the speaker: when the customer writes again it may answer.
"""

from uuid import UUID

from sqlalchemy import text

from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db

NOT_DELIVERED = "answer not delivered"

_MARK = text(
    """
    update conversations c set status = 'waiting', waiting_since = coalesce(waiting_since, :now), snoozed_until = null,
      handover_reason = :reason, handover_summary = ''
    from messages m
    where m.id = :message_id and m.role = 'assistant' and c.id = m.conversation_id and c.status in ('open', 'snoozed')
      and not exists (select from messages n where n.conversation_id = c.id and n.seq > m.seq
        and n.role in ('assistant', 'staff') and n.status <> 'failed')
    returning c.id
    """
)
_CLEAR = text(
    """
    update conversations set status = case status when 'waiting' then 'open' else status end, waiting_since = null,
      handover_reason = null
    where id = :id and status in ('waiting', 'snoozed') and handover_reason = :reason
    returning id
    """
)


async def note_undelivered(db: Db, message_id: UUID) -> None:
    """A message failed for good: when it was an answer of the assistant and nothing came after it, a person has to look."""
    row = (await db.execute(_MARK, {"message_id": message_id, "reason": NOT_DELIVERED, "now": now()})).one_or_none()
    if row is not None:
        live.publish(db, "conversation.changed", conversation_id=row.id)


async def note_delivered(db: Db, conversation_id: UUID) -> None:
    """A message got through: who waited because of one that did not waits no more."""
    row = (await db.execute(_CLEAR, {"id": conversation_id, "reason": NOT_DELIVERED})).one_or_none()
    if row is not None:
        live.publish(db, "conversation.changed", conversation_id=row.id)
