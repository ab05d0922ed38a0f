"""Customers and their contact points. Addresses are encrypted under the customer's own data key and found by blind index."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from omni_app.infra.tables import Table, business_field, id_field, json_field, maybe_time_field, time_field


class Customer(Table, table=True):
    """A person who talks to a business. Destroying `data_key` erases everything encrypted under it."""

    __tablename__ = "customers"

    id: UUID = id_field()
    business_id: UUID = business_field()
    name: str = ""
    language: str = ""
    tags: list[str] = json_field(list)
    attributes: dict[str, Any] = json_field()
    data_key: str
    blocked_at: datetime | None = maybe_time_field()
    block_reason: str | None = None
    created_at: datetime = time_field()
    last_seen_at: datetime = time_field()


class ContactPoint(Table, table=True):
    """One address of a customer: kind `email`, `phone` or `external`; `channel` is set for `external` ids only.

    `proof` is `proven` (the business's own server or the channel vouched for it) or `claimed` (typed by a stranger).
    """

    __tablename__ = "contact_points"
    __table_args__ = (UniqueConstraint("business_id", "kind", "channel", "value_index"),)

    id: UUID = id_field()
    business_id: UUID = business_field(index=False)
    customer_id: UUID = Field(foreign_key="customers.id", index=True, ondelete="CASCADE")
    kind: str
    channel: str = ""
    value: str = Field(description="Encrypted")
    value_index: str
    proof: str = "proven"
    created_at: datetime = time_field()
