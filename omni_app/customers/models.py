"""Customers and their contact points. Addresses are encrypted under the customer's own data key and found by blind index."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from omni_app.infra.tables import Table, business_field, id_field, json_field, maybe_time_field, time_field


class Customer(Table, table=True):
    """A person who talks to a business. Destroying `data_key` erases everything encrypted under it.

    `consent` {purpose: {given, at, source}}. `version` grows with each edit, so two editors notice each other. A row with
    `merged_into_id` is the empty shell of somebody who turned out to be that customer; `merges` says what moved.
    """

    __tablename__ = "customers"

    id: UUID = id_field()
    business_id: UUID = business_field()
    name: str = ""
    language: str = ""
    tags: list[str] = json_field(list)
    attributes: dict[str, Any] = json_field()
    data_key: str
    timezone: str = ""
    birthday: date | None = None
    consent: dict[str, Any] = json_field()
    version: int = 1
    verified_at: datetime | None = maybe_time_field()
    blocked_at: datetime | None = maybe_time_field()
    block_reason: str | None = None
    trust: int = Field(default=30, description="0–100, see limits.trust")
    restriction: str = Field(default="", description="Set by abuse detection until restricted_until: throttled or blocked")
    restricted_until: datetime | None = maybe_time_field()
    merged_into_id: UUID | None = Field(default=None, foreign_key="customers.id", index=True, ondelete="CASCADE")
    created_at: datetime = time_field()
    last_seen_at: datetime = time_field()


class ContactPoint(Table, table=True):
    """One address of a customer: kind `email`, `phone` or `external`; `channel` is set for `external` ids only.

    `proof` is `proven` (the business's own server, the channel or a code vouched for it) or `claimed` (typed by a stranger). A
    proven address belongs to one customer of a business; anybody may claim any. `hints` are blind indexes of the last four
    digits or the mail domain, for search. `undeliverable_at`: what was sent there came back, for the reason given.
    """

    __tablename__ = "contact_points"
    __table_args__ = (
        UniqueConstraint("customer_id", "kind", "channel", "value_index"),
        Index(
            "uq_contact_points_proven",
            "business_id",
            "kind",
            "channel",
            "value_index",
            unique=True,
            postgresql_where="proof = 'proven'",
        ),
        Index("ix_contact_points_value", "business_id", "value_index"),
    )

    id: UUID = id_field()
    business_id: UUID = business_field(index=False)
    customer_id: UUID = Field(foreign_key="customers.id", index=True, ondelete="CASCADE")
    kind: str
    channel: str = ""
    value: str = Field(description="Encrypted")
    value_index: str
    hints: list[str] = json_field(list)
    proof: str = "proven"
    proven_by: str = Field(default="", description="code, page, channel, api, staff")
    undeliverable_at: datetime | None = maybe_time_field()
    undeliverable_reason: str = ""
    created_at: datetime = time_field()


class VerificationCode(Table, table=True):
    """A code sent to a claimed address. Only its keyed fingerprint is kept; wrong tries are counted."""

    __tablename__ = "verification_codes"

    id: UUID = id_field()
    business_id: UUID = business_field()
    contact_point_id: UUID = Field(foreign_key="contact_points.id", index=True, ondelete="CASCADE")
    code_hash: str
    tries: int = 0
    created_at: datetime = time_field()
    expires_at: datetime = time_field()
    used_at: datetime | None = maybe_time_field()


class Merge(Table, table=True):
    """Two customers found to be one person: what moved from `from_id` to `into_id`, and on which evidence.

    `moved` {conversations: [id], contact_points: [id], …} is what an undo gives back.
    """

    __tablename__ = "merges"

    id: UUID = id_field()
    business_id: UUID = business_field()
    from_id: UUID = Field(foreign_key="customers.id", index=True, ondelete="CASCADE")
    into_id: UUID = Field(foreign_key="customers.id", index=True, ondelete="CASCADE")
    evidence: str
    moved: dict[str, Any] = json_field()
    created_at: datetime = time_field()
    undone_at: datetime | None = maybe_time_field()


class MergeSuggestion(Table, table=True):
    """Two customers who may be one person, and why; staff decide. `status`: open, joined, dismissed. `one_id` < `other_id`."""

    __tablename__ = "merge_suggestions"
    __table_args__ = (UniqueConstraint("business_id", "one_id", "other_id"),)

    id: UUID = id_field()
    business_id: UUID = business_field(index=False)
    one_id: UUID = Field(foreign_key="customers.id", index=True, ondelete="CASCADE")
    other_id: UUID = Field(foreign_key="customers.id", index=True, ondelete="CASCADE")
    evidence: str
    status: str = "open"
    decided_by: str = ""
    created_at: datetime = time_field()
    decided_at: datetime | None = maybe_time_field()


class CustomerNote(Table, table=True):
    """What staff wrote down about a customer. The text is encrypted under the customer's data key."""

    __tablename__ = "customer_notes"

    id: UUID = id_field()
    business_id: UUID = business_field()
    customer_id: UUID = Field(foreign_key="customers.id", index=True, ondelete="CASCADE")
    author_id: UUID | None = None
    author_name: str
    text: str = Field(description="Encrypted")
    created_at: datetime = time_field()
