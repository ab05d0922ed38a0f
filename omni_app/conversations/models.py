"""Conversations and messages."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pgvector.sqlalchemy import VECTOR
from sqlalchemy import BigInteger, Column, Index, UniqueConstraint
from sqlmodel import Field

# SQLAlchemy has to know the tables that foreign keys name, whoever is imported first.
import omni_app.channels.models
import omni_app.customers.models
import omni_app.tenancy.models  # noqa: F401
from omni_app.infra.tables import Table, business_field, id_field, json_field, maybe_time_field, time_field


class Conversation(Table, table=True):
    """One thread with one customer on one channel.

    `status`: open, waiting (for a person), snoozed, closed. `speaker`: ai or human, who may answer.
    `connection_id` and `contact_point_id` say over which account and to which address answers go (None in the widget).
    `last_seq` numbers the messages; `last_customer_seq` above `answered_seq` means a question stands open.
    `priority`: low, normal, high, urgent. `summary` covers the messages up to `summarised_seq`. `page` {url, title} is where the
    visitor was last. `language` is a BCP 47 tag, empty when unknown.
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
    connection_id: UUID | None = Field(default=None, foreign_key="channel_connections.id", index=True, ondelete="SET NULL")
    contact_point_id: UUID | None = Field(default=None, foreign_key="contact_points.id", index=True, ondelete="SET NULL")
    status: str = "open"
    speaker: str = "ai"
    priority: str = "normal"
    subject: str = ""
    summary: str = ""
    summarised_seq: int = 0
    language: str = ""
    page: dict[str, Any] = json_field()
    snoozed_until: datetime | None = maybe_time_field()
    assignee_id: UUID | None = Field(default=None, foreign_key="members.id", ondelete="SET NULL")
    handed_over_at: datetime | None = maybe_time_field()
    handover_reason: str | None = None
    handover_summary: str = ""
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
    """One message. `role`: customer, assistant, staff, system.

    `status`: queued, sent, unknown (it may have arrived), delivered, read, failed; `problem` are the provider's words when it did
    not go. `kind` and `details` say what beside text it is (`channels.contract.InboundMessage`); `details` also holds reactions
    {emoji by "customer" or "staff"}, how far that of staff got (`reaction`), corrections, and what a mail's subject says beside
    its text (`said`). `external_id` is the provider's name for it, `answers_id` that of the message
    it answers. `folded` is signature and quoted mail, kept below the text. `envelope` (JSON of a mail's head, encrypted under the
    customer's data key) and `html_key` (the stored HTML) are a mail's. `sent_at` is the provider's time.

    An assistant's message says where it came from (`source`, `tier`, `sources`), how sure it was, what it cost, and up to which
    customer message (`answers_seq`) it answers.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        UniqueConstraint("conversation_id", "client_id"),
        Index("ix_messages_external_id", "business_id", "external_id", postgresql_where="external_id is not null"),
        Index("ix_messages_day", "business_id", "created_at"),
        Index("ix_messages_unembedded", "created_at", postgresql_where="embedded_at is null and role <> 'system'"),
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
    attachments: list[dict[str, Any]] = json_field(list)
    offers_person: bool = False
    answers_seq: int | None = None
    cost_nusd: int = Field(default=0, sa_type=BigInteger)
    receipt_id: UUID | None = None
    kind: str = "text"
    details: dict[str, Any] = json_field()
    problem: str = ""
    external_id: str | None = None
    answers_id: str = ""
    folded: str = ""
    envelope: str = Field(default="", description="Encrypted")
    html_key: str = ""
    sent_at: datetime | None = maybe_time_field()
    embedded_at: datetime | None = maybe_time_field()
    created_at: datetime = time_field()


class Memory(Table, table=True):
    """One thing that was said, or the summary of a closed conversation, as a vector.

    `kind`: message (the text stands in `messages`) or summary (the text stands here). Vectors of different models must never be
    compared; sizes differ by model.
    """

    __tablename__ = "memories"
    # By the second one rows of a model that is no longer used are found without reading all of them.
    __table_args__ = (UniqueConstraint("message_id"), Index("ix_memories_model", "embedding_model"))

    id: UUID = id_field()
    business_id: UUID = business_field()
    customer_id: UUID = Field(foreign_key="customers.id", index=True, ondelete="CASCADE")
    conversation_id: UUID = Field(foreign_key="conversations.id", index=True, ondelete="CASCADE")
    message_id: UUID | None = Field(default=None, foreign_key="messages.id", ondelete="CASCADE")
    kind: str
    text: str = ""
    embedding_model: str
    embedding: Any = Field(sa_column=Column(VECTOR(), nullable=False))
    created_at: datetime = time_field()


class Attachment(Table, table=True):
    """One stored file. `message_id` is None until the message it belongs to is sent.

    `sha256` and `media_type` are ours, made from the bytes; `name` is the sender's, made harmless. `status`: stored, pending (it
    still has to be fetched by `origin`, encrypted JSON of `channels.contract.InboundMedia`), failed or refused, with the
    `problem` in words. `content_id` names an image inside a mail's HTML. `transcript` is what a voice note says.
    """

    __tablename__ = "attachments"

    id: UUID = id_field()
    business_id: UUID = business_field()
    customer_id: UUID | None = Field(default=None, foreign_key="customers.id", index=True, ondelete="CASCADE")
    conversation_id: UUID | None = Field(default=None, foreign_key="conversations.id", index=True, ondelete="CASCADE")
    message_id: UUID | None = Field(default=None, foreign_key="messages.id", index=True, ondelete="CASCADE")
    uploaded_by: str = Field(description="visitor:<id> or member:<id>")
    name: str
    media_type: str
    size: int
    sha256: str
    storage_key: str
    status: str = "stored"
    problem: str = ""
    origin: str = Field(default="", description="Encrypted")
    connection_id: UUID | None = Field(default=None, foreign_key="channel_connections.id", index=True, ondelete="SET NULL")
    thumbnail_key: str = ""
    content_id: str = ""
    is_inline: bool = False
    transcript: str = ""
    created_at: datetime = time_field()


class Note(Table, table=True):
    """What staff write to each other beside a conversation; customers and models never see it.

    `after_seq` places it in the thread. The text is encrypted under the customer's data key. `mentions` holds member ids.
    """

    __tablename__ = "notes"

    id: UUID = id_field()
    business_id: UUID = business_field()
    conversation_id: UUID = Field(foreign_key="conversations.id", index=True, ondelete="CASCADE")
    after_seq: int
    author_id: UUID | None = None
    author_name: str
    text: str = Field(description="Encrypted")
    mentions: list[str] = json_field(list)
    created_at: datetime = time_field()


class Label(Table, table=True):
    """A word staff sort conversations by. `color` is a name of the palette."""

    __tablename__ = "labels"
    __table_args__ = (UniqueConstraint("business_id", "name"),)

    id: UUID = id_field()
    business_id: UUID = business_field(index=False)
    name: str
    color: str = "gray"
    created_at: datetime = time_field()


class ConversationLabel(Table, table=True):
    """A label on a conversation."""

    __tablename__ = "conversation_labels"

    business_id: UUID = business_field()
    conversation_id: UUID = Field(foreign_key="conversations.id", primary_key=True, ondelete="CASCADE")
    label_id: UUID = Field(foreign_key="labels.id", primary_key=True, index=True, ondelete="CASCADE")
    created_at: datetime = time_field()


class CannedAnswer(Table, table=True):
    """A reply staff insert with `/shortcut`; `{{customer.name}}` and its like are filled in then."""

    __tablename__ = "canned_answers"
    __table_args__ = (UniqueConstraint("business_id", "shortcut"),)

    id: UUID = id_field()
    business_id: UUID = business_field(index=False)
    shortcut: str
    title: str
    text: str
    version: int = 1
    created_at: datetime = time_field()
    updated_at: datetime = time_field()


class Draft(Table, table=True):
    """What one member began to write in one conversation. `kind`: reply or note."""

    __tablename__ = "drafts"

    business_id: UUID = business_field()
    member_id: UUID = Field(foreign_key="members.id", primary_key=True, ondelete="CASCADE")
    conversation_id: UUID = Field(foreign_key="conversations.id", primary_key=True, ondelete="CASCADE")
    kind: str = Field(default="reply", primary_key=True)
    text: str
    updated_at: datetime = time_field()


class ReadMark(Table, table=True):
    """How far one member has read one conversation."""

    __tablename__ = "read_marks"

    business_id: UUID = business_field()
    member_id: UUID = Field(foreign_key="members.id", primary_key=True, ondelete="CASCADE")
    conversation_id: UUID = Field(foreign_key="conversations.id", primary_key=True, ondelete="CASCADE")
    seq: int = 0


class Delivery(Table, table=True):
    """One provider message: a message, one part of a long one, or an emoji staff put on a customer's, on its way to the customer.

    `status`: queued, sending (claimed until `claimed_until`), unknown (it may have arrived), sent, delivered, read, failed; it
    never goes back. `id` travels to the provider where it gives something back. `error` are the provider's words, `error_kind` as
    in `failures.RefusalKind`. `reservation_id` holds the money of a send whose price comes with a later status. `asked_at`: staff
    were asked what became of it.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("message_id", "part"),
        Index("ix_deliveries_provider_id", "business_id", "provider_id", postgresql_where="provider_id <> ''"),
        Index("ix_deliveries_open", "available_at", postgresql_where="status in ('queued', 'sending', 'unknown')"),
        Index("ix_deliveries_thread", "conversation_id", "seq", "part"),
    )

    id: UUID = id_field()
    business_id: UUID = business_field()
    conversation_id: UUID = Field(foreign_key="conversations.id", ondelete="CASCADE")
    message_id: UUID = Field(foreign_key="messages.id", ondelete="CASCADE")
    customer_id: UUID = Field(foreign_key="customers.id", index=True, ondelete="CASCADE")
    connection_id: UUID | None = Field(default=None, foreign_key="channel_connections.id", index=True, ondelete="SET NULL")
    channel: str
    seq: int
    part: int = 0
    text: str = ""
    status: str = "queued"
    attempts: int = 0
    available_at: datetime = time_field()
    claimed_until: datetime | None = maybe_time_field()
    fence: int = Field(default=0, sa_type=BigInteger)
    provider_id: str = ""
    error: str = ""
    error_code: str = ""
    error_kind: str = ""
    reservation_id: UUID | None = None
    cost_nusd: int = Field(default=0, sa_type=BigInteger)
    pricing: dict[str, Any] = json_field()
    created_at: datetime = time_field()
    sent_at: datetime | None = maybe_time_field()
    delivered_at: datetime | None = maybe_time_field()
    read_at: datetime | None = maybe_time_field()
    failed_at: datetime | None = maybe_time_field()
    asked_at: datetime | None = maybe_time_field()


class MailReference(Table, table=True):
    """A Message-ID (RFC 5322, without angle brackets) that belongs to a conversation, sent by us or received."""

    __tablename__ = "mail_references"
    __table_args__ = (UniqueConstraint("business_id", "rfc_id"),)

    id: UUID = id_field()
    business_id: UUID = business_field(index=False)
    conversation_id: UUID = Field(foreign_key="conversations.id", index=True, ondelete="CASCADE")
    message_id: UUID | None = Field(default=None, foreign_key="messages.id", index=True, ondelete="CASCADE")
    rfc_id: str
    created_at: datetime = time_field()
