"""Ledger lines and savings at chosen times, written as rows."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from omni_app.budgets.models import LedgerEntry
from omni_app.customers.models import Customer
from omni_app.infra.database import system_db
from omni_app.infra.money import NUSD
from omni_app.infra.scope import Scope
from omni_app.orchestrator.models import Receipt

CENT = NUSD // 100


def _line(scope: Scope, at: datetime, cost_nusd: int, values: dict[str, Any]) -> LedgerEntry:
    usual = {
        "service": "answer",
        "provider": "openai",
        "model": "gpt-4o",
        "channel": "chat",
        "units": {"input_token": 100, "output_token": 10},
        "unit_prices": {},
    }
    return LedgerEntry(**{**usual, "business_id": scope.business_id, "cost_nusd": cost_nusd, "created_at": at, **values})


async def book(scope: Scope, at: datetime, cost_nusd: int = CENT, **values: Any) -> UUID:
    """One line of the ledger, by default an answer of gpt-4o in the chat. Returns its id."""
    line = _line(scope, at, cost_nusd, values)
    line_id = line.id
    async with system_db("test spending") as db:
        db.add(line)
    return line_id


async def book_many(scope: Scope, lines: int, until: datetime, days: int) -> None:
    """`lines` of different costs, spread evenly over the `days` before `until`."""
    step = timedelta(days=days) / lines
    async with system_db("test spending") as db:
        db.session.add_all(_line(scope, until - step * number, 1_000_003 * (number + 1), {}) for number in range(lines))


async def make_person(scope: Scope, name: str) -> UUID:
    """A customer called `name`. Returns their id."""
    customer = Customer(business_id=scope.business_id, name=name, data_key="none")
    customer_id = customer.id
    async with system_db("test spending") as db:
        db.add(customer)
    return customer_id


async def save(scope: Scope, at: datetime, saved_nusd: int, conversation_id: UUID, customer_id: UUID) -> None:
    """The receipt of an answer that the cache gave and the model need not."""
    receipt = Receipt(
        id=uuid4(),
        business_id=scope.business_id,
        conversation_id=conversation_id,
        customer_id=customer_id,
        source="model",
        tier="l1",
        saved_nusd=saved_nusd,
        created_at=at,
    )
    async with system_db("test spending") as db:
        db.add(receipt)
