"""What staff write to a customer."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.conversations.attachments import attach
from omni_app.conversations.changing import staff_of
from omni_app.conversations.planning import plan_delivery
from omni_app.conversations.receiving import check_text
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, NotFound
from omni_app.infra.ids import new_id

# A statement sees what was committed when it began, so one that waits for this lock would miss the twin stored meanwhile.
_LOCK = text("select id from conversations where id = :id for update")

# Replying to a conversation nobody took is taking it: the AI must not answer over a person.
_SEND = text(
    """
    with old as (select id, status, speaker from conversations where id = :id),
    twin as (select m.id, m.seq from messages m where m.conversation_id = :id and m.client_id = :client_id),
    c as (
      update conversations set last_seq = last_seq + 1, last_text = left(:text, 200),
        last_role = 'staff', last_message_at = :now, speaker = 'human', status = 'open', closed_at = null, snoozed_until = null,
        waiting_since = null, answered_seq = last_customer_seq,
        assignee_id = coalesce(case when speaker = 'human' then assignee_id end, :member_id),
        lease_holder = null, lease_until = null
      where id = (select id from old where status <> 'closed') and not exists (select 1 from twin) returning *
    ), m as (
      insert into messages (id, business_id, conversation_id, customer_id, seq, role, text, status, client_id, author_id,
        author_name, sources, offers_person, cost_nusd, kind, details, created_at)
      select :message_id, business_id, id, customer_id, last_seq, 'staff', :text, 'sent', :client_id, :member_id, :member_name,
        '[]', false, 0, :kind, cast(:details as jsonb), :now from c
    ), done as (
      delete from drafts where member_id = :member_id and kind = 'reply' and :kind = 'text'
        and conversation_id in (select id from c)
    )
    select old.status, old.speaker, c.last_seq, c.customer_id, c.connection_id, twin.id as twin_id
    from old left join c on true left join twin on true
    """
)


async def send_reply(
    db: Db,
    conversation_id: UUID,
    text_: str,
    client_id: str | None = None,
    attachments: Sequence[UUID] = (),
    *,
    kind: str = "text",
    details: Mapping[str, Any] | None = None,
) -> UUID:
    """Write to the customer as the calling member; takes the conversation over when the AI had it, and forgets the draft.

    It goes out over the conversation's channel (`planning`); what cannot go is marked failed with the reason. `attachments` are
    files the member uploaded (`attachments.keep_upload`); with them the text may be empty. The same `client_id` sends once.
    Returns the message id. Raises `Invalid` (fields `text`, `attachments`), `Forbidden`, `NotFound`, and `Conflict` when the
    conversation is closed.
    """
    actor = staff_of(db, members_only=True)
    message_id = new_id()
    cleaned = "" if attachments and not text_.strip() else check_text(text_)
    await db.execute(_LOCK, {"id": conversation_id})
    row = (
        await db.execute(
            _SEND,
            {
                "id": conversation_id,
                "client_id": client_id,
                "message_id": message_id,
                "text": cleaned,
                "member_id": actor.id,
                "member_name": actor.name,
                "kind": kind,
                "details": json.dumps(details or {}),
                "now": now(),
            },
        )
    ).one_or_none()
    if row is None:
        raise NotFound("conversation")
    if row.twin_id is not None:
        return UUID(str(row.twin_id))
    if row.last_seq is None:
        raise Conflict("This conversation is closed. Open it again to reply.")
    if attachments:
        await attach(db, message_id, conversation_id, row.customer_id, attachments, f"member:{actor.id}")
    if row.connection_id is not None:
        await plan_delivery(db, conversation_id, message_id)
    if row.speaker == "ai":
        await audit.record(
            db,
            "conversation.taken_over",
            "conversation",
            conversation_id,
            before={"status": row.status, "speaker": "ai"},
            after={"status": "open", "speaker": "human"},
        )
    live.publish(db, "message.created", conversation_id=conversation_id, seq=row.last_seq, role="staff")
    return message_id
