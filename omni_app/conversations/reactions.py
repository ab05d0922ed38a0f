"""What customers do with a message after it was sent: an emoji on it, other words, away with it.

Everything stands in `messages.details`, so staff see what was there before: `reactions` {customer or a member's id: emoji},
`edits` [{text, at}] with the earlier words and `edited_at`, `deleted_text` and `deleted_at`.
"""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app.channels.contract import Correction, Reaction
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.scope import Permission

CUSTOMER = "customer"
DELETED = "This message was deleted."
MOST_EDITS = 20
_LONGEST_EMOJI = 20

# A long message of ours is several of the provider's; each part knows its own id.
_FIND = text(
    """
    select m.id, m.conversation_id, m.seq, m.role, m.text, m.details, c.last_seq
    from messages m join conversations c on c.id = m.conversation_id
    where c.connection_id = :connection_id and m.business_id = :business_id and (m.external_id = :target_id or m.id in (
      select d.message_id from deliveries d
      where d.business_id = :business_id and d.provider_id <> '' and d.provider_id = :target_id
        and d.connection_id = :connection_id))
    order by m.seq desc limit 1 for update of m
    """
)
_KEEP = text("update messages set details = cast(:details as jsonb) where id = :id")
# What is remembered of it is made anew from the new words; of a deleted message nothing is.
_CORRECT = text(
    """
    with gone as (delete from memories where message_id = :id),
    c as (update conversations set last_text = left(:text, 200) where id = :conversation_id and last_seq = :seq)
    update messages set text = :text, details = cast(:details as jsonb), embedded_at = case when :is_deleted then :now end
    where id = :id
    """
)


async def apply_reaction(db: Db, connection_id: UUID, reaction: Reaction) -> bool:
    """Put a customer's emoji on a message, or take it off; done twice it is done once. False when the message is not known (yet).

    Raises `Forbidden` without REPLY.
    """
    db.scope.require(Permission.REPLY)
    row = await _find(db, connection_id, reaction.target_id)
    if row is None:
        return False
    emoji = reaction.emoji.strip()[:_LONGEST_EMOJI]
    found = row.details.get("reactions")
    before = dict(found) if isinstance(found, dict) else {}
    after = {**before, CUSTOMER: emoji} if emoji else {who: one for who, one in before.items() if who != CUSTOMER}
    if after == before:
        return True
    details = {**row.details, "reactions": after}
    await db.execute(_KEEP, {"id": row.id, "details": json.dumps(details)})
    live.publish(db, "message.changed", conversation_id=row.conversation_id, seq=row.seq)
    return True


async def apply_correction(db: Db, connection_id: UUID, correction: Correction) -> bool:
    """Change or delete a customer's message as they did; staff can read what it said. False when it is not known (yet).

    Messages of ours are never changed so. Raises `Forbidden` without REPLY.
    """
    db.scope.require(Permission.REPLY)
    row = await _find(db, connection_id, correction.target_id)
    if row is None:
        return False
    details = dict(row.details)
    if row.role != CUSTOMER or "deleted_at" in details:
        return True
    at = now()
    if correction.text is None:
        words = DELETED
        details |= {"deleted_text": row.text, "deleted_at": at.isoformat()}
    else:
        words = correction.text.strip()
        if words == row.text:
            return True
        edits = [*(details.get("edits") or []), {"text": row.text, "at": at.isoformat()}][-MOST_EDITS:]
        details |= {"edits": edits, "edited_at": at.isoformat()}
    await db.execute(
        _CORRECT,
        {
            "id": row.id,
            "conversation_id": row.conversation_id,
            "seq": row.seq,
            "text": words,
            "details": json.dumps(details),
            "is_deleted": correction.text is None,
            "now": at,
        },
    )
    live.publish(db, "message.changed", conversation_id=row.conversation_id, seq=row.seq)
    return True


async def _find(db: Db, connection_id: UUID, target_id: str) -> Any:
    values = {"connection_id": connection_id, "target_id": target_id, "business_id": db.scope.business_id}
    return (await db.execute(_FIND, values)).one_or_none() if target_id else None
