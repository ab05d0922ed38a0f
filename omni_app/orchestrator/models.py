"""Receipts of answers and the stored tier of the exact cache."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field

from omni_app.infra.tables import Table, business_field, id_field, json_field, time_field


class Receipt(Table, table=True):
    """What one answer was made from: `steps` [{name, ms}], `sources`, model, tokens, cost, and the exact prompt (encrypted)."""

    __tablename__ = "receipts"

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
    created_at: datetime = time_field()


class CachedAnswer(Table, table=True):
    """An answer that anyone who asks the same words may get; valid for one knowledge version."""

    __tablename__ = "cached_answers"
    __table_args__ = (UniqueConstraint("business_id", "question_hash"),)

    id: UUID = id_field()
    business_id: UUID = business_field(index=False)
    question_hash: str
    knowledge_version: int = Field(sa_type=BigInteger)
    text: str
    source: str
    confidence: float | None = None
    sources: list[dict[str, Any]] = json_field(list)
    created_at: datetime = time_field()
    expires_at: datetime = time_field(index=True)
