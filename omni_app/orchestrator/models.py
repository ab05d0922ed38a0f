"""Receipts of answers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from omni_app.infra.tables import Table, business_field, id_field, json_field, maybe_time_field, time_field


class Receipt(Table, table=True):
    """What one answer was made from: `steps` [{name, ms}], `sources`, model, tokens, cost, and the exact prompt (encrypted)."""

    __tablename__ = "receipts"
    __table_args__ = (Index("ix_receipts_day", "business_id", "created_at"),)

    id: UUID = id_field()
    business_id: UUID = business_field(index=False)
    conversation_id: UUID = Field(foreign_key="conversations.id", index=True, ondelete="CASCADE")
    customer_id: UUID = Field(foreign_key="customers.id", index=True, ondelete="CASCADE")
    message_id: UUID | None = None
    source: str
    tier: str | None = None
    provider: str = ""
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nusd: int = Field(default=0, sa_type=BigInteger)
    confidence: float | None = None
    knowledge_version: int = Field(default=0, sa_type=BigInteger)
    sources: list[dict[str, Any]] = json_field(list)
    steps: list[dict[str, Any]] = json_field(list)
    note: str = ""
    prompt: str = Field(default="", description="Encrypted under the customer's data key")
    cached_answer_id: UUID | None = Field(default=None, description="The stored answer that was served; it may be gone by now")
    matched_question: str = Field(default="", description="The stored question this one was taken for; empty: word for word")
    saved_nusd: int = Field(default=0, sa_type=BigInteger, description="What the model would have cost")
    wrong_at: datetime | None = maybe_time_field()
    wrong_by: str = ""
    created_at: datetime = time_field()
