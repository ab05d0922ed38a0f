"""What limits refused and what abuse detection saw, for the page and the figures. The windows themselves live in Redis."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from omni_app.infra.tables import Table, business_field, id_field, maybe_time_field, time_field


class LimitRefusal(Table, table=True):
    """How often one subject was refused by one limit within one hour (`hour_at`), counted together."""

    __tablename__ = "limit_refusals"
    __table_args__ = (UniqueConstraint("business_id", "limit_name", "subject", "hour_at"),)

    id: UUID = id_field()
    business_id: UUID = business_field(index=False)
    limit_name: str
    subject_kind: str = Field(description="customer, address, api_key, business or source")
    subject: str = Field(description="An id, or a network address with its last part hidden")
    customer_id: UUID | None = Field(default=None, foreign_key="customers.id", index=True, ondelete="CASCADE")
    most: int = Field(description="The limit that was met")
    window_seconds: int
    count: int = 1
    hour_at: datetime = time_field()
    last_at: datetime = time_field()


class AbuseEvent(Table, table=True):
    """One sign of abuse and what followed. `kind`: rapid_fire, gibberish, repetition, known_abuser, bad_address.

    `action`: noted, throttled, blocked. `evidence` is JSON encrypted under the customer's data key. A member of staff who looks
    at it sets `verdict` (right, wrong); wrong lifts what followed.
    """

    __tablename__ = "abuse_events"
    __table_args__ = (Index("ix_abuse_events_address", "business_id", "address_index"),)

    id: UUID = id_field()
    business_id: UUID = business_field()
    customer_id: UUID = Field(foreign_key="customers.id", index=True, ondelete="CASCADE")
    conversation_id: UUID | None = Field(default=None, foreign_key="conversations.id", index=True, ondelete="SET NULL")
    kind: str
    action: str
    score: float = Field(description="How far beyond the threshold, 0–1")
    evidence: str = Field(default="", description="Encrypted")
    address_index: str = Field(default="", description="Blind index of the network address, to know it again; empty when unknown")
    until: datetime | None = maybe_time_field()
    verdict: str = ""
    reviewed_by: str = ""
    reviewed_at: datetime | None = maybe_time_field()
    created_at: datetime = time_field(index=True)
