"""Conversations and messages."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field

from omni_app.infra.tables import Table, business_field, id_field, json_field, maybe_time_field, time_field


class Conversation(Table, table=True):
    """One thread with one customer on one channel.

    `status`: open, waiting (for a person), snoozed, closed. `speaker`: ai or human, who may answer.
    `last_seq` numbers the messages; `last_customer_seq` above `answered_seq` means a question stands open.
    The lease (`lease_holder`, `lease_until`, `fence`) lets one turn at a time answer; recording checks the fence.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        Index("ix_conversations_list", "business_id", "status", "last_message_at"),
        Index("ix_conversations_customer", "business_id", "customer_id", "channel"),
        Index(
            "ix_conversations_unanswered",
            "last_customer_at",
            postgresql_where="speaker = 'ai' and last_customer_seq > answered_seq",
        ),
    )

    id: UUID = id_field()
    business_id: UUID = business_field(index=False)
    customer_id: UUID = Field(foreign_key="customers.id", index=True, ondelete="CASCADE")
    channel: str
    status: str = "open"
    speaker: str = "ai"
    subject: str = ""
    assignee_id: UUID | None = Field(default=None, foreign_key="members.id", ondelete="SET NULL")
    handed_over_at: datetime | None = maybe_time_field()
    handover_reason: str | None = None
    waiting_since: datetime | None = maybe_time_field()
    last_seq: int = 0
    last_customer_seq: int = 0
    answered_seq: int = 0
    last_text: str = ""
    last_role: str = ""
    last_message_at: datetime = time_field()
    last_customer_at: datetime = time_field()
    lease_holder: UUID | None = None
    lease_until: datetime | None = maybe_time_field()
    fence: int = Field(default=0, sa_type=BigInteger)
    created_at: datetime = time_field()
    closed_at: datetime | None = maybe_time_field()


class Message(Table, table=True):
    """One message. `role`: customer, assistant, staff, system. `status`: queued, sent, delivered, read, failed.

    An assistant's message says where it came from (`source`, `tier`, `sources`), how sure it was, what it cost, and up to which
    customer message (`answers_seq`) it answers.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        UniqueConstraint("conversation_id", "client_id"),
        Index("ix_messages_day", "business_id", "created_at"),
    )

    id: UUID = id_field()
    business_id: UUID = business_field(index=False)
    conversation_id: UUID = Field(foreign_key="conversations.id", ondelete="CASCADE")
    customer_id: UUID = Field(foreign_key="customers.id", index=True, ondelete="CASCADE")
    seq: int
    role: str
    text: str
    status: str = "sent"
    client_id: str | None = None
    author_id: UUID | None = None
    author_name: str | None = None
    source: str | None = None
    tier: str | None = None
    confidence: float | None = None
    sources: list[dict[str, Any]] = json_field(list)
    offers_person: bool = False
    answers_seq: int | None = None
    cost_nusd: int = Field(default=0, sa_type=BigInteger)
    receipt_id: UUID | None = None
    created_at: datetime = time_field()


class ReadMark(Table, table=True):
    """How far one member has read one conversation."""

    __tablename__ = "read_marks"

    business_id: UUID = business_field()
    member_id: UUID = Field(foreign_key="members.id", primary_key=True, ondelete="CASCADE")
    conversation_id: UUID = Field(foreign_key="conversations.id", primary_key=True, ondelete="CASCADE")
    seq: int = 0
