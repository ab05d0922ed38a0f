"""System mail."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from omni_app.infra.tables import Table, id_field, maybe_time_field, time_field


class Mail(Table, table=True):
    """One mail from Omni to a member of staff, or from a business (`business_id`) to its customer.

    Subject and text are encrypted: they may carry links that sign people in.
    `status`: queued, sent (by SMTP or SendGrid), kept (no mail server is configured: it is read on the mailbox page), failed.
    """

    __tablename__ = "mails"

    id: UUID = id_field()
    business_id: UUID | None = Field(default=None, foreign_key="businesses.id", index=True, ondelete="CASCADE")
    to_email: str = Field(index=True, description="Lower case")
    subject: str
    text: str
    html: str = Field(default="", description="Encrypted; the same in HTML, for reports")
    images: str = Field(default="", description="Encrypted JSON {content id: PNG in base64}, shown inside `html`")
    status: str = "queued"
    error: str | None = None
    created_at: datetime = time_field()
    sent_at: datetime | None = maybe_time_field()
