"""The audit trail."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from omni_app.infra.tables import Table, id_field, json_field, time_field


class AuditEntry(Table, table=True):
    """Who changed what, when, from where; personal values are masked. `business_id` is None for sign-ins of unknown people."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_business", "business_id", "created_at"),
        Index("ix_audit_entries_subject", "subject_id", "created_at"),
    )

    id: UUID = id_field()
    business_id: UUID | None = Field(default=None, nullable=True)
    level: str = "INFO"
    action: str
    subject_kind: str
    subject_id: UUID | None = None
    actor_kind: str
    actor_id: UUID | None = None
    actor_name: str = ""
    before: dict[str, Any] = json_field()
    after: dict[str, Any] = json_field()
    ip: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    created_at: datetime = time_field()
