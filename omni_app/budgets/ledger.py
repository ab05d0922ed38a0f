"""The line that a paid, or free, use of a service leaves in the ledger, as SQL that fits into a wider statement.

`insert into ledger_entries ({LEDGER_COLUMNS}) values ({ledger_values()})` books `line.parameters(business_id)`; inside a CTE it
reads `insert into ledger_entries ({LEDGER_COLUMNS}) select {ledger_values()} from recorded`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from omni_app.infra.clock import now
from omni_app.infra.ids import new_id

# Each column with its type: a parameter in a select list has none of its own.
_COLUMNS = {
    "id": "uuid",
    "business_id": "uuid",
    "reservation_id": "uuid",
    "service": "text",
    "provider": "text",
    "model": "text",
    "units": "jsonb",
    "unit_prices": "jsonb",
    "cost_nusd": "bigint",
    "channel": "text",
    "customer_id": "uuid",
    "conversation_id": "uuid",
    "message_id": "uuid",
    "campaign_id": "uuid",
    "note": "text",
    "created_at": "timestamptz",
}

LEDGER_COLUMNS = ", ".join(_COLUMNS)


def ledger_values(prefix: str = "ledger_") -> str:
    """The parameters of one line in the order of `LEDGER_COLUMNS`: `cast(:ledger_id as uuid), …`."""
    return ", ".join(f"cast(:{prefix}{name} as {kind})" for name, kind in _COLUMNS.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """One use of a service. `units` {unit: count}, `unit_prices` {unit: nano-dollars}, `cost_nusd` their sum of products."""

    service: str
    provider: str
    model: str
    units: Mapping[str, int] = field(default_factory=dict)
    unit_prices: Mapping[str, int] = field(default_factory=dict)
    cost_nusd: int = 0
    channel: str | None = None
    customer_id: UUID | None = None
    conversation_id: UUID | None = None
    message_id: UUID | None = None
    campaign_id: UUID | None = None
    note: str = ""
    reservation_id: UUID | None = None

    def parameters(self, business_id: UUID, *, prefix: str = "ledger_", at: datetime | None = None) -> dict[str, Any]:
        """What `ledger_values(prefix)` needs, with a new id."""
        values: dict[str, Any] = {
            "id": new_id(),
            "business_id": business_id,
            "reservation_id": self.reservation_id,
            "service": self.service,
            "provider": self.provider,
            "model": self.model,
            "units": json.dumps(dict(self.units)),
            "unit_prices": json.dumps({unit: self.unit_prices[unit] for unit in self.units if unit in self.unit_prices}),
            "cost_nusd": self.cost_nusd,
            "channel": self.channel,
            "customer_id": self.customer_id,
            "conversation_id": self.conversation_id,
            "message_id": self.message_id,
            "campaign_id": self.campaign_id,
            "note": self.note,
            "created_at": at or now(),
        }
        return {prefix + name: value for name, value in values.items()}
