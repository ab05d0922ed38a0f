"""Send system mail, and tell staff what needs them."""

from uuid import UUID

from sqlalchemy import text

from omni_app.events import ConversationHandedOver
from omni_app.infra.database import system_db
from omni_app.notices.jobs import SendMail
from omni_app.notices.mail import queue_mail
from omni_app.notices.sending import deliver
from omni_app.settings import load_settings
from workers.registry import handles, hears

_WAITING = text(
    """
    select b.name as business_name, cu.name as customer_name, c.channel, c.handover_reason, c.last_text, c.status,
      (select coalesce(jsonb_agg(m.email), '[]') from members m where m.business_id = c.business_id
         and m.role in ('owner', 'admin', 'agent')) as emails
    from conversations c join businesses b on b.id = c.business_id join customers cu on cu.id = c.customer_id
    where c.id = :id and c.business_id = :business_id
    """
)


@handles(SendMail)
async def send_mail(_: UUID | None, job: SendMail) -> None:
    """Deliver one mail; a mail that is sent already is not sent again."""
    await deliver(job.mail_id)


@hears(ConversationHandedOver, "mail-staff")
async def mail_staff(business_id: UUID | None, event: ConversationHandedOver) -> None:
    """Tell the people who can reply that a customer waits. Nothing is sent when somebody took it meanwhile."""
    async with system_db("mail staff about a waiting customer") as db:
        row = (await db.execute(_WAITING, {"id": event.conversation_id, "business_id": business_id})).one_or_none()
        if row is None or row.status != "waiting":
            return
        who = row.customer_name or "A customer"
        link = f"{load_settings().base_url}/inbox?conversation={event.conversation_id}"
        body = f"{who} waits for a person on {row.channel}: {row.handover_reason}.\n\nOpen the conversation: {link}\n"
        for email in row.emails:
            await queue_mail(db, email, f"{who} waits for a person at {row.business_name}", body)
