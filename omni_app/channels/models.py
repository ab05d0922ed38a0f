"""Connections to providers, what providers sent, message templates."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from omni_app.infra.tables import Table, business_field, id_field, json_field, maybe_time_field, time_field


class ChannelConnection(Table, table=True):
    """One account of a business at a provider. `kind` names the adapter, `channel` what customers know it as.

    `settings` (JSON of the adapter's model) and `token` (the unguessable end of its webhook addresses) are encrypted;
    `token_index` is the token's SHA-256. `account_key` routes events of a webhook shared by all businesses; only who proved it
    (`verified_at`) gets them. `health`: untested, ok, failing, revoked, with `health_detail` in the provider's words. After
    `failures` in a row nothing is sent until `paused_until`. `state` is where polling goes on.
    """

    __tablename__ = "channel_connections"
    __table_args__ = (
        Index(
            "uq_channel_connections_account",
            "kind",
            "account_key",
            unique=True,
            postgresql_where="verified_at is not null and account_key <> ''",
        ),
        UniqueConstraint("token_index"),
    )

    id: UUID = id_field()
    business_id: UUID = business_field()
    kind: str
    channel: str
    name: str
    settings: str = Field(description="Encrypted")
    account_key: str = ""
    token: str = Field(description="Encrypted")
    token_index: str
    is_on: bool = True
    is_sandbox: bool = False
    allowed_ips: list[str] = json_field(list)
    verified_at: datetime | None = maybe_time_field()
    health: str = "untested"
    health_detail: str = ""
    health_at: datetime | None = maybe_time_field()
    failures: int = 0
    paused_until: datetime | None = maybe_time_field()
    state: dict[str, Any] = json_field()
    polled_at: datetime | None = maybe_time_field()
    version: int = 1
    created_at: datetime = time_field()
    updated_at: datetime = time_field()


class ChannelEvent(Table, table=True):
    """One event as a provider sent it, stored before it was acknowledged. The same event again is the same row.

    `status`: new, handled, ignored (needs nothing), refused (a rule of ours or a limit said no), failed. `body` is encrypted and
    purged by age, or stands in a file (`storage_key`) when it is large; the row stays as the memory of its key.
    """

    __tablename__ = "channel_events"
    __table_args__ = (
        UniqueConstraint("connection_id", "event_key"),
        Index("ix_channel_events_waiting", "received_at", postgresql_where="status = 'new'"),
        Index("ix_channel_events_order", "connection_id", "order_key", postgresql_where="status = 'new' and order_key <> ''"),
        Index("ix_channel_events_list", "business_id", "connection_id", "received_at"),
    )

    id: UUID = id_field()
    business_id: UUID = business_field(index=False)
    connection_id: UUID = Field(foreign_key="channel_connections.id", ondelete="CASCADE")
    hook: str
    event_key: str
    order_key: str = Field(default="", description="Blind index of the sender, whose messages are handled in order")
    body: str = Field(default="", description="Encrypted")
    storage_key: str = ""
    size: int = 0
    status: str = "new"
    detail: str = ""
    attempts: int = 0
    customer_id: UUID | None = Field(default=None, foreign_key="customers.id", index=True, ondelete="CASCADE")
    message_id: UUID | None = None
    received_at: datetime = time_field()
    handled_at: datetime | None = maybe_time_field()
    purged_at: datetime | None = maybe_time_field()


class MessageTemplate(Table, table=True):
    """A message template of a connection, as its provider keeps it (`contract.TemplateInfo`)."""

    __tablename__ = "message_templates"
    __table_args__ = (UniqueConstraint("connection_id", "name", "language"),)

    id: UUID = id_field()
    business_id: UUID = business_field()
    connection_id: UUID = Field(foreign_key="channel_connections.id", ondelete="CASCADE")
    name: str
    language: str
    status: str
    category: str = ""
    body: str = ""
    header: dict[str, Any] = json_field()
    footer: str = ""
    buttons: list[dict[str, Any]] = json_field(list)
    external_id: str = ""
    reason: str = ""
    updated_at: datetime = time_field()
