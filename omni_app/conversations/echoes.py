"""Messages the business sent from somewhere else, such as the provider's own app: a person answers there, so the AI is silent."""

import json
from uuid import UUID

from sqlalchemy import text

from omni_app.channels.accounts import Account
from omni_app.channels.contract import Echo
from omni_app.customers.recognising import recognise
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission

# What we sent ourselves comes back as an echo on some channels; our own note of it may follow within a moment.
_OURS = text(
    """
    select exists (select from deliveries where business_id = :business_id and provider_id <> '' and provider_id = :id
        and connection_id = :connection_id)
      or exists (select from messages where business_id = :business_id and external_id = :id)
    """
)
_KEEP = text(
    """
    with c as (
      update conversations set last_seq = last_seq + 1, last_text = left(:text, 200), last_role = 'staff', last_message_at = :now,
        speaker = 'human', status = 'open', closed_at = null, snoozed_until = null, waiting_since = null,
        answered_seq = last_customer_seq, lease_holder = null, lease_until = null
      where id = (select id from conversations where customer_id = :customer_id and connection_id = :connection_id
        order by last_message_at desc limit 1)
      returning *
    )
    insert into messages (id, business_id, conversation_id, customer_id, seq, role, text, status, client_id, author_name, sources,
      offers_person, cost_nusd, kind, details, external_id, sent_at, created_at)
    select :message_id, business_id, id, customer_id, last_seq, 'staff', :text, 'sent', :id, :author, '[]', false, 0, :kind,
      cast(:details as jsonb), :id, cast(:sent_at as timestamptz), :now from c
    returning conversation_id, seq
    """
)


async def keep_echo(db: Db, account: Account, echo: Echo) -> UUID | None:
    """Store a message that somebody of the business sent from elsewhere, and give the conversation to them.

    None when it is our own, stored already, or to somebody who never wrote. Raises `Forbidden`.
    """
    db.scope.require(Permission.REPLY)
    values = {"connection_id": account.id, "business_id": db.scope.business_id, "id": echo.id[:400]}
    if (await db.execute(_OURS, values)).scalar_one():
        return None
    recognised = await recognise(db, account.channel, echo.recipient.identifiers)
    if recognised.customer is None:
        return None
    message_id = new_id()
    row = (
        await db.execute(
            _KEEP,
            {
                "id": echo.id[:400],
                "customer_id": recognised.customer.id,
                "connection_id": account.id,
                "message_id": message_id,
                "text": echo.text.replace("\x00", "")[:8000],
                "author": f"{account.name} (app)",
                "kind": echo.kind,
                "details": json.dumps(dict(echo.details), default=str).replace("\\u0000", ""),
                "sent_at": echo.sent_at,
                "now": now(),
            },
        )
    ).one_or_none()
    if row is None:
        return None
    live.publish(db, "message.created", conversation_id=row.conversation_id, seq=row.seq, role="staff")
    return message_id
