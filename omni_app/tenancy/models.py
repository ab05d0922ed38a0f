"""Businesses and the people who work for them.

`businesses`, `members`, `api_keys` are tenant tables. `users` and `sessions` are system tables: one person may work for several
businesses, and nobody is known yet when they are read.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field

from omni_app.infra.tables import Table, business_field, id_field, json_field, maybe_time_field, time_field


class Business(Table, table=True):
    """One customer of ours. `knowledge_version` grows with each change of what the brain may say.

    `pre_chat` {enabled, required, fields: name | email | phone}: what the widget asks before the first message. `limits`,
    `budget_rules`, `cache_rules` and `report_rules` hold what the owner set; the rooms that read them fill in the defaults.
    """

    __tablename__ = "businesses"

    id: UUID = id_field()
    name: str
    widget_key: str = Field(unique=True, description="Public: stands in the embed tag")
    industry: str = ""
    timezone: str = "UTC"
    locale: str = "en"
    opening_hours: dict[str, Any] = json_field()
    contact: dict[str, Any] = json_field()
    price_list: list[dict[str, Any]] = json_field(list)
    rules: str = ""
    greeting: str = ""
    suggestions: list[str] = json_field(list)
    colors: dict[str, Any] = json_field()
    daily_messages: int = Field(default=50, description="Messages a customer may send in 24 hours")
    knowledge_version: int = Field(default=1, sa_type=BigInteger)
    documents_version: int = Field(default=1, sa_type=BigInteger, description="Grows when a passage is added or removed")
    identity_secret: str = Field(default="", description="Encrypted; the business's own page signs its users with it")
    pre_chat: dict[str, Any] = json_field()
    plan: str = Field(default="starter", description="A name of `tenancy.plans`")
    plan_since: datetime | None = maybe_time_field()
    limits: dict[str, Any] = json_field()
    budget_rules: dict[str, Any] = json_field()
    cache_rules: dict[str, Any] = json_field()
    report_rules: dict[str, Any] = json_field()
    cache_version: int = Field(default=1, sa_type=BigInteger, description="Grows when stored answers were removed")
    persona_version: int = Field(default=1, sa_type=BigInteger, description="Grows with name, rules, hours, prices")
    created_at: datetime = time_field()
    updated_at: datetime = time_field()


class User(Table, table=True):
    """A person who can sign in. Rows are seen by `omni_system` only."""

    __tablename__ = "users"

    id: UUID = id_field()
    email: str = Field(unique=True, description="Lower case")
    name: str
    password_hash: str | None = Field(default=None, description="argon2id; None until the invited person sets one")
    failed_sign_ins: int = 0
    locked_until: datetime | None = maybe_time_field()
    created_at: datetime = time_field()
    password_changed_at: datetime | None = maybe_time_field()


class Member(Table, table=True):
    """A user's place in one business. The name and e-mail shown to colleagues are kept here, inside the tenant."""

    __tablename__ = "members"
    __table_args__ = (UniqueConstraint("business_id", "user_id"),)

    id: UUID = id_field()
    business_id: UUID = business_field()
    user_id: UUID = Field(foreign_key="users.id", index=True, ondelete="CASCADE")
    name: str
    email: str
    role: str
    created_at: datetime = time_field()


class Session(Table, table=True):
    """A signed-in browser. Starts as a ticket of seconds that `/auth/complete` turns into a cookie."""

    __tablename__ = "sessions"

    id: UUID = id_field()
    user_id: UUID = Field(foreign_key="users.id", index=True, ondelete="CASCADE")
    business_id: UUID = business_field()
    ticket_hash: str | None = Field(default=None, unique=True)
    ticket_expires_at: datetime | None = maybe_time_field()
    token_hash: str | None = Field(default=None, unique=True)
    ip: str | None = None
    user_agent: str | None = None
    created_at: datetime = time_field()
    expires_at: datetime = time_field()
    revoked_at: datetime | None = maybe_time_field()


class ResetToken(Table, table=True):
    """A link by which a person sets a new password; used once."""

    __tablename__ = "reset_tokens"

    id: UUID = id_field()
    user_id: UUID = Field(foreign_key="users.id", index=True, ondelete="CASCADE")
    token_hash: str = Field(unique=True)
    created_at: datetime = time_field()
    expires_at: datetime = time_field()
    used_at: datetime | None = maybe_time_field()


class ApiKey(Table, table=True):
    """A key for programs. The secret is shown once; its SHA-256 is kept."""

    __tablename__ = "api_keys"

    id: UUID = id_field()
    business_id: UUID = business_field()
    name: str
    prefix: str = Field(description="First characters, to recognise it")
    secret_hash: str = Field(unique=True)
    role: str = Field(default="admin", description="What the key may do, as a role")
    calls_per_hour: int | None = Field(default=None, description="Own limit; None: the plan's")
    created_by: UUID | None = None
    created_at: datetime = time_field()
    expires_at: datetime | None = maybe_time_field()
    revoked_at: datetime | None = maybe_time_field()
    last_used_at: datetime | None = maybe_time_field()
