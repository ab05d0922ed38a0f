"""Queue system mail in the transaction of what it is about."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import insert

from omni_app.infra.clock import now
from omni_app.infra.crypto import encrypt_system
from omni_app.infra.database import Db
from omni_app.infra.ids import new_id
from omni_app.infra.jobs import enqueue
from omni_app.notices.jobs import SendMail
from omni_app.notices.letters import lock_images
from omni_app.notices.models import Mail


async def queue_mail(
    db: Db,
    to_email: str,
    subject: str,
    text: str,
    business_id: UUID | None = None,
    *,
    html: str = "",
    images: Mapping[str, bytes] | None = None,
) -> UUID:
    """Write a mail (encrypted) and its `SendMail` job; both exist once the transaction commits. Give back the mail's id.

    `db` comes from `system_db`: `omni_app` cannot touch mail. `subject` is one line; `text` is plain text and complete in itself;
    `html` says the same and shows `images` {content id: PNG} as `<img src="cid:…">`. Raise ValueError for a bad content id.
    `business_id`: the business that writes to a customer of its own; it goes when that customer is erased.
    """
    mail_id = new_id()
    await db.execute(
        insert(Mail.__table__),  # type: ignore[attr-defined]
        {
            "id": mail_id,
            "business_id": business_id,
            "to_email": to_email.lower(),
            "subject": encrypt_system(" ".join(subject.split()), "mails.subject"),
            "text": encrypt_system(text, "mails.text"),
            "html": encrypt_system(html, "mails.html") if html else "",
            "images": lock_images(images or {}) if html else "",
            "status": "queued",
            "created_at": now(),
        },
    )
    await enqueue(db, SendMail(mail_id=mail_id))
    return mail_id
