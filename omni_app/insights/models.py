"""What the reports room keeps: that a report of a period went out."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from omni_app.infra.tables import Table, business_field, id_field, json_field, time_field


class ReportSend(Table, table=True):
    """One report of one period. The unique index is what keeps it from going out twice."""

    __tablename__ = "report_sends"
    __table_args__ = (UniqueConstraint("business_id", "kind", "period_start"),)

    id: UUID = id_field()
    business_id: UUID = business_field(index=False)
    kind: str = Field(description="daily, weekly or monthly")
    period_start: date = Field(description="First day of what it tells about, in the business's time zone")
    recipients: list[str] = json_field(list)
    details: dict[str, Any] = json_field()
    created_at: datetime = time_field()
