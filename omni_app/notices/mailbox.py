"""Read a person's own mail: the mailbox page of deployments without a mail server."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from omni_app.infra.crypto import decrypt_system
from omni_app.infra.database import read_system
from omni_app.infra.errors import NotFound
from omni_app.notices.letters import showable, unlock_images

_MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRow:
    """One mail as its reader sees it. `status`: queued, sent, kept, failed; `error` says why it did not go (yet)."""

    id: UUID
    to_email: str
    subject: str
    text: str
    has_html: bool
    status: str
    error: str
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
    "select id, to_email, subject, text, html <> '' as has_html, status, error, created_at, sent_at,"
    " count(*) over () as total from mails where to_email = :email order by created_at desc, id desc limit :limit offset :offset"
)

_PAGE = text("select html, images from mails where to_email = :email and id = :id")

_STATUSES = text("select id, status, error from mails where id = any(cast(:ids as uuid[]))")

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
            counted = await connection.execute(_COUNT, {"email": email.lower()})
            total = counted.scalar_one()
    items = [
        MailRow(
            id=row.id,
            to_email=row.to_email,
            subject=decrypt_system(row.subject, "mails.subject"),
            text=decrypt_system(row.text, "mails.text"),
            has_html=row.has_html,
            status=row.status,
            error=row.error or "",
            created_at=row.created_at,
            sent_at=row.sent_at,
        )
        for row in rows
    ]
    return Page(items=items, total=total, page=page, limit=limit)


async def load_mail_page(email: str, mail_id: UUID) -> str:
    """The HTML of a mail to `email`, for the `srcdoc` of a frame without rights; empty when it has none.

    Raise `NotFound`, also for a mail to somebody else. `email` as in `list_mails`.
    """
    async with read_system("a person's own mail") as connection:
        found = await connection.execute(_PAGE, {"email": email.lower(), "id": mail_id})
        row = found.one_or_none()
    if row is None:
        raise NotFound("mail")
    return showable(decrypt_system(row.html, "mails.html"), unlock_images(row.images)) if row.html else ""


async def load_statuses(mail_ids: Collection[UUID]) -> dict[UUID, tuple[str, str]]:
    """(status, error) of mails by id; those that are gone by now are left out. For ids the caller may see already."""
    async with read_system("how mails fared") as connection:
        found = await connection.execute(_STATUSES, {"ids": list(mail_ids)})
        return {row.id: (row.status, row.error or "") for row in found}
