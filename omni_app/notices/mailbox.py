"""Read a person's own mail: the mailbox page of deployments without a mail server."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from omni_app.infra.crypto import decrypt_system
from omni_app.infra.database import read_system

_MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRow:
    """One mail as its reader sees it. `status`: queued, sent, kept, failed."""

    id: UUID
    to_email: str
    subject: str
    text: str
    status: str
    created_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page (from 1) of mail, newest first; `total` counts all of it."""

    items: list[MailRow]
    total: int
    page: int
    limit: int


_LIST = text(
    "select id, to_email, subject, text, status, created_at, sent_at, count(*) over () as total from mails"
    " where to_email = :email order by created_at desc, id desc limit :limit offset :offset"
)

_COUNT = text("select count(*) from mails where to_email = :email")


async def list_mails(email: str, page: int = 1, limit: int = 20) -> Page:
    """Mail to `email` and to nobody else.

    Give the address the signed-in person signs in with (`Viewer.email`), never one from a form: mail carries links that set
    passwords, and not even an owner may read a colleague's.
    """
    page, limit = min(max(page, 1), 1_000_000), min(max(limit, 1), _MOST)
    async with read_system("a person's own mail") as connection:
        values = {"email": email.lower(), "limit": limit, "offset": (page - 1) * limit}
        rows = (await connection.execute(_LIST, values)).all()
        total = rows[0].total if rows else 0
        if not rows and page > 1:  # behind the last page no row carries the count
            counted = await connection.execute(
                text("select count(*) from mails where to_email = :email"), {"email": email.lower()}
            )
            total = counted.scalar_one()
    items = [
        MailRow(
            id=row.id,
            to_email=row.to_email,
            subject=decrypt_system(row.subject, "mails.subject"),
            text=decrypt_system(row.text, "mails.text"),
            status=row.status,
            created_at=row.created_at,
            sent_at=row.sent_at,
        )
        for row in rows
    ]
    return Page(items=items, total=total, page=page, limit=limit)
