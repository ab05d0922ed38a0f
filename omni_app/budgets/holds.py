"""What a paid call may cost at most, the money that is held for it, and the refusal when none can be."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from omni_app.infra.errors import Rejected
from omni_app.settings import load_settings

# Longer than any call may take, a model's aside; past it the caller is taken for dead.
HOLD = timedelta(minutes=5)


def longest_hold() -> timedelta:
    """How long the money for one call of a model stands held before its caller is taken for dead."""
    return HOLD + timedelta(seconds=load_settings().model_timeout_seconds)


Purse = Literal["month", "credit", "customer", "campaign"]
"""What refused: the month (there is no credit), the credit as well, the customer's cap, the campaign's cap."""

_REASONS: Mapping[Purse, str] = {
    "month": "The monthly budget is spent. Raise it, or wait for the next month; free answers go on.",
    "credit": "The monthly budget and the prepaid credit are spent. Raise the budget or top up the credit; free answers go on.",
    "customer": "This customer has reached what one customer may cost in a month. Free answers go on.",
    "campaign": "This campaign has reached what one campaign may cost in a month.",
}


class BudgetSpent(Rejected):
    """Money is left for this call nowhere, or a cap forbids it; free answers go on. `purse` says what refused."""

    code = "budget_spent"

    def __init__(self, needed_nusd: int, purse: Purse = "month") -> None:
        super().__init__(_REASONS[purse])
        self.needed_nusd = needed_nusd
        self.purse = purse


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """The most that one call can use: `units` {unit: count}, counted upwards."""

    provider: str
    model: str
    service: str
    units: Mapping[str, int]
    channel: str | None = None
    customer_id: UUID | None = None
    campaign_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Held money for one call, at the prices of the moment. `period_start` names the purse: a month, or `CREDIT`; None for a
    free call, for which nothing is held."""

    id: UUID
    business_id: UUID
    worst: Worst
    prices: Mapping[str, int]
    amount_nusd: int
    period_start: date | None = None

    @property
    def is_free(self) -> bool:
        return self.period_start is None
