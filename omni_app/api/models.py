"""Answers kept for repeated requests."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Field

from omni_app.infra.tables import Table, business_field, json_field, maybe_time_field, time_field


class IdempotencyKey(Table, table=True):
    """What a request with an `Idempotency-Key` was answered; `status` is None while the first one is at work."""

    __tablename__ = "idempotency_keys"

    business_id: UUID = business_field()
    caller_id: UUID = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request_hash: str
    status: int | None = None
    body: dict[str, Any] = json_field()
    created_at: datetime = time_field()
    held_until: datetime | None = maybe_time_field()
