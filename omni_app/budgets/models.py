"""Prices, budgets, reservations and the ledger. All cost money is integer nano-dollars."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from omni_app.infra.tables import Table, business_field, id_field, json_field, maybe_time_field, time_field

CREDIT = date(1, 1, 1)
"""The period of the prepaid credit: it lies in no month."""


class Price(Table, table=True):
    """What one unit costs from `valid_from` on. A system table that everyone reads; a later row replaces an earlier one."""

    __tablename__ = "prices"

    id: UUID = id_field()
    provider: str
    model: str
    unit: str = Field(description="input_token, output_token, …")
    nusd_per_unit: int = Field(sa_type=BigInteger)
    valid_from: datetime = time_field()


class BusinessPrice(Table, table=True):
    """What one business pays by its own contract instead of the list, from `valid_from` to `valid_until` (None: for good)."""

    __tablename__ = "business_prices"
    __table_args__ = (UniqueConstraint("business_id", "provider", "model", "unit", "valid_from"),)

    id: UUID = id_field()
    business_id: UUID = business_field(index=False)
    provider: str
    model: str
    unit: str
    nusd_per_unit: int = Field(sa_type=BigInteger)
    valid_from: datetime = time_field()
    valid_until: datetime | None = maybe_time_field()
    note: str = ""
    created_by: str = ""
    created_at: datetime = time_field()


class Budget(Table, table=True):
    """One month of one business. `excess` grows only by a provider's overcharge or a lowered limit, both alarmed.

    The row whose `period_start` is `CREDIT` is the prepaid credit: its limit is all that was ever paid in, and no month ends it.
    """

    __tablename__ = "budgets"
    __table_args__ = (
        CheckConstraint("spent_nusd + reserved_nusd <= limit_nusd + excess_nusd", name="within_limit"),
        CheckConstraint("limit_nusd >= 0 and spent_nusd >= 0 and reserved_nusd >= 0 and excess_nusd >= 0", name="not_negative"),
    )

    business_id: UUID = Field(foreign_key="businesses.id", primary_key=True, ondelete="CASCADE")
    period_start: date = Field(primary_key=True, description="First day of the month in the business's time zone")
    limit_nusd: int = Field(sa_type=BigInteger)
    spent_nusd: int = Field(default=0, sa_type=BigInteger)
    reserved_nusd: int = Field(default=0, sa_type=BigInteger)
    excess_nusd: int = Field(default=0, sa_type=BigInteger)
    updated_at: datetime = time_field()


class BudgetCap(Table, table=True):
    """What one customer or one campaign may cost in one month, beside the budget of the business."""

    __tablename__ = "budget_caps"
    __table_args__ = (
        CheckConstraint("spent_nusd + reserved_nusd <= limit_nusd + excess_nusd", name="within_limit"),
        CheckConstraint("limit_nusd >= 0 and spent_nusd >= 0 and reserved_nusd >= 0 and excess_nusd >= 0", name="not_negative"),
    )

    business_id: UUID = Field(foreign_key="businesses.id", primary_key=True, ondelete="CASCADE")
    period_start: date = Field(primary_key=True, description="First day of the month in the business's time zone")
    kind: str = Field(primary_key=True, description="customer or campaign")
    subject_id: UUID = Field(primary_key=True)
    limit_nusd: int = Field(sa_type=BigInteger)
    spent_nusd: int = Field(default=0, sa_type=BigInteger)
    reserved_nusd: int = Field(default=0, sa_type=BigInteger)
    excess_nusd: int = Field(default=0, sa_type=BigInteger)


class BudgetAlert(Table, table=True):
    """That a period reached a share of its limit (`kind` spent), or went beyond it (`kind` excess); told once a period.

    100 % also stands for a limit whose rest holds no usual call any more. `limit_nusd` is the limit at that moment, `told_at`
    when the mails were queued.
    """

    __tablename__ = "budget_alerts"
    __table_args__ = (UniqueConstraint("business_id", "period_start", "kind", "percent"),)

    id: UUID = id_field()
    business_id: UUID = business_field(index=False)
    period_start: date
    kind: str
    percent: int
    spent_nusd: int = Field(sa_type=BigInteger)
    limit_nusd: int = Field(sa_type=BigInteger)
    created_at: datetime = time_field()
    told_at: datetime | None = maybe_time_field()


class CreditMovement(Table, table=True):
    """One payment into the prepaid credit, or a correction of it. The same `client_id` is booked once."""

    __tablename__ = "credit_movements"
    __table_args__ = (UniqueConstraint("business_id", "client_id"),)

    id: UUID = id_field()
    business_id: UUID = business_field(index=False)
    amount_nusd: int = Field(sa_type=BigInteger)
    note: str = ""
    client_id: str | None = None
    created_by: str = ""
    created_at: datetime = time_field()


class Reservation(Table, table=True):
    """The worst case of one paid call, held until it is settled; the reaper settles abandoned ones at full cost."""

    __tablename__ = "reservations"

    id: UUID = id_field()
    business_id: UUID = business_field()
    period_start: date
    amount_nusd: int = Field(sa_type=BigInteger)
    provider: str
    model: str
    service: str
    channel: str | None = None
    customer_id: UUID | None = None
    campaign_id: UUID | None = None
    cap_month: date | None = Field(default=None, description="The month whose caps hold this amount as well; None: no cap")
    created_at: datetime = time_field()
    expires_at: datetime = time_field(index=True)
    settled_at: datetime | None = maybe_time_field()


class LedgerEntry(Table, table=True):
    """One paid (or free) use of a service. `units` {unit: count}; `cost_nusd` = sum of units × unit prices."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        Index("ix_ledger_entries_day", "business_id", "created_at"),
        Index("ix_ledger_entries_customer", "business_id", "customer_id", "created_at"),
    )

    id: UUID = id_field()
    business_id: UUID = business_field(index=False)
    reservation_id: UUID | None = Field(default=None, unique=True)
    service: str
    provider: str
    model: str
    units: dict[str, Any] = json_field()
    unit_prices: dict[str, Any] = json_field()
    cost_nusd: int = Field(default=0, sa_type=BigInteger)
    channel: str | None = None
    customer_id: UUID | None = None
    conversation_id: UUID | None = None
    message_id: UUID | None = None
    campaign_id: UUID | None = None
    note: str = ""
    created_at: datetime = time_field()
