"""What the reports room keeps: which report of which period is to go out, or went."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from omni_app.infra.tables import Table, business_field, id_field, json_field, time_field


class ReportSend(Table, table=True):
    """One report of one period. The unique index is what keeps Omni from sending it twice; people may ask for it again.

    `status`: waiting (its job is on the way), sent (its mails are queued, `details` {mails: ids in the order of `recipients`}),
    skipped (nothing happened, or reports were turned off meanwhile), nobody (there was nobody to write to).
    """

    __tablename__ = "report_sends"
    __table_args__ = (
        Index("uq_report_sends_due", "business_id", "kind", "period_start", unique=True, postgresql_where=text("asked_by = ''")),
        Index("ix_report_sends_business", "business_id", "created_at"),
    )

    id: UUID = id_field()
    business_id: UUID = business_field(index=False)
    kind: str = Field(description="daily, weekly or monthly")
    period_start: date = Field(description="First day of what it tells about, in the business's time zone")
    asked_by: str = Field(default="", description="Who asked for it at once; empty: Omni, because it was due")
    status: str = "waiting"
    recipients: list[str] = json_field(list)
    details: dict[str, Any] = json_field()
    created_at: datetime = time_field()
