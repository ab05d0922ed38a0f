"""Message templates as staff send them: into a conversation, or to a customer there is none with yet.

Outside the reply window a template is the only way to a customer, and it goes to people who did not just write: those who said no
are left alone.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.channels.contract import TemplateInfo, TemplateUse
from omni_app.channels.registry import all_adapters
from omni_app.channels.templates import FILE, check_use, load_template, preview, values_of
from omni_app.conversations.changing import staff_of
from omni_app.conversations.consent import says_no
from omni_app.conversations.handling import reopen_conversation
from omni_app.conversations.header_files import check_header_file
from omni_app.conversations.sending import send_reply
from omni_app.conversations.strangers import take_number
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound
from omni_app.infra.ids import new_id

MARKETING = "marketing"

_FACTS = text(
    """
    select c.customer_id, c.channel, c.status, n.id as connection_id, n.kind, cu.name, cu.consent
    from conversations c join customers cu on cu.id = c.customer_id left join channel_connections n on n.id = c.connection_id
    where c.id = :id
    """
)
# The way back to a customer is the address they proved, else one that was typed in.
_POINT = text(
    """
    select p.id, n.channel, n.kind, cu.blocked_at, (select o.id from conversations o where o.customer_id = p.customer_id
      and o.connection_id = n.id and (cast(:point_id as uuid) is null or o.contact_point_id = p.id)
      order by o.last_message_at desc limit 1) as conversation_id
    from customers cu join channel_connections n on n.id = :connection_id
    left join contact_points p on p.customer_id = cu.id and (p.kind = 'phone' or (p.kind = 'external' and p.channel = n.channel))
      and (cast(:point_id as uuid) is null or p.id = cast(:point_id as uuid))
    where cu.id = :customer_id and cu.merged_into_id is null
    order by p.undeliverable_at is not null, p.proof = 'proven' desc, p.kind = 'phone' desc, p.created_at limit 1
    """
)
# Two who begin at the same moment get the same conversation.
_LOCK_CUSTOMER = text("select id from customers where id = :id for no key update")
_OPEN = text(
    """
    insert into conversations (id, business_id, customer_id, channel, connection_id, contact_point_id, status, speaker, subject,
      last_seq, last_customer_seq, answered_seq, last_text, last_role, language, assignee_id, last_message_at, last_customer_at,
      fence, created_at)
    select :id, business_id, id, :channel, :connection_id, :point_id, 'open', 'human', '', 0, 0, 0, '', '', language, :member_id,
      :now, :now, 0, :now
    from customers where id = :customer_id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A conversation that staff began, and the message it began with."""

    conversation_id: UUID
    message_id: UUID


async def send_template(db: Db, conversation_id: UUID, use: TemplateUse, client_id: str | None = None) -> UUID:
    """Send a template as the calling member; it opens the way outside the reply window. The same `client_id` sends once.

    Returns the message id. Raises `Invalid` naming each wrong variable (`var.<key>`, `header_text`), `Conflict` when the
    conversation is closed or the customer wants no such messages, `Forbidden` without REPLY, `NotFound`.
    """
    staff_of(db, members_only=True)
    row = (await db.execute(_FACTS, {"id": conversation_id})).one_or_none()
    if row is None:
        raise NotFound("conversation")
    if row.connection_id is None or not _has_templates(row.kind):
        raise Invalid("There are no templates on this channel.", "template")
    template = await load_template(db, row.connection_id, use.name, use.language)
    clean = check_use(template, use)
    if says_no(row.consent, row.channel, is_marketing=template.category == MARKETING):
        raise Conflict(f"{row.name or 'The customer'} asked not to get such messages on this channel.")
    if clean.header_media.startswith(FILE):
        await check_header_file(db, conversation_id, row.kind, clean)
    shown = preview(template, values_of(clean))
    return await send_reply(db, conversation_id, shown, client_id, kind="template", details=_details(template, clean))


async def start_with_template(
    db: Db,
    customer_id: UUID | None,
    connection_id: UUID,
    use: TemplateUse,
    client_id: str | None = None,
    *,
    number: str = "",
    name: str = "",
) -> Started:
    """Write first, with a template: in the conversation on this account if there is one, else in a new one.

    It goes to `customer_id`, or to the `number` somebody typed (a new customer called `name` when nobody is known by it; see
    `strangers`). Raises as `send_template`, `Invalid` (field `customer`) when the customer has no address there, (`address`)
    when `number` is none, and `Forbidden` for a blocked customer.
    """
    actor = staff_of(db, members_only=True)
    kind = (await db.execute("select kind from channel_connections where id = :id", {"id": connection_id})).scalar_one_or_none()
    if kind is None:
        raise NotFound("customer or channel")
    if not _has_templates(kind):
        raise Invalid("There are no templates on this channel.", "template")
    point_id = None
    if customer_id is None:
        # What is wrong with the template must not leave a customer behind: the caller's transaction is rolled back then.
        customer_id, point_id = await take_number(db, all_adapters()[kind].channel, number, name)
    await db.execute(_LOCK_CUSTOMER, {"id": customer_id})
    values = {"customer_id": customer_id, "connection_id": connection_id, "point_id": point_id}
    row = (await db.execute(_POINT, values)).one_or_none()
    if row is None:
        raise NotFound("customer or channel")
    if row.blocked_at is not None:
        raise Forbidden("This customer is blocked.")
    if row.id is None:
        raise Invalid("This customer has no phone number yet. Add one first.", "customer")
    conversation_id = row.conversation_id
    if conversation_id is None:
        conversation_id = await _open(db, customer_id, connection_id, row, actor.id, now())
    else:
        await _reopen(db, conversation_id)
    return Started(conversation_id=conversation_id, message_id=await send_template(db, conversation_id, use, client_id))


async def _open(db: Db, customer_id: UUID, connection_id: UUID, row: Any, member_id: UUID | None, at: datetime) -> UUID:
    conversation_id = new_id()
    values = {
        "id": conversation_id,
        "customer_id": customer_id,
        "connection_id": connection_id,
        "point_id": row.id,
        "channel": row.channel,
        "member_id": member_id,
        "now": at,
    }
    await db.execute(_OPEN, values)
    await audit.record(db, "conversation.started", "conversation", conversation_id, after={"channel": row.channel})
    live.publish(db, "conversation.changed", conversation_id=conversation_id)
    return conversation_id


async def _reopen(db: Db, conversation_id: UUID) -> None:
    status = (await db.execute("select status from conversations where id = :id", {"id": conversation_id})).scalar_one_or_none()
    if status == "closed":
        await reopen_conversation(db, conversation_id)


def _has_templates(kind: str | None) -> bool:
    adapter = all_adapters().get(kind or "")
    return adapter is not None and adapter.capabilities.has_templates


def _details(template: TemplateInfo, use: TemplateUse) -> dict[str, Any]:
    """What delivery sends (`template`) and what screens name (`name`, `language`, `buttons`)."""
    sent = {
        "name": use.name,
        "language": use.language,
        "variables": dict(use.variables),
        "header_text": use.header_text,
        "header_kind": use.header_kind,
        "header_media": use.header_media,
    }
    buttons = [str(button.get("text") or "") for button in template.buttons if button.get("text")]
    return {"template": sent, "name": use.name, "language": use.language, "category": template.category, "buttons": buttons}
