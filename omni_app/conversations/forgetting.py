"""Everything kept about one customer: shown, handed out, and erased everywhere."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from omni_app.infra.database import Db


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureView:
    """How many rows of each kind will go."""

    name: str
    contact_points: int
    conversations: int
    messages: int
    memories: int
    attachments: int
    notes: int


async def export_customer(db: Db, customer_id: UUID) -> dict[str, Any]:
    """Everything kept about a customer as JSON values. Raises `Forbidden`, `NotFound`."""
    raise NotImplementedError


async def describe_erasure(db: Db, customer_id: UUID) -> ErasureView:
    """What `erase_customer` would remove. Raises `Forbidden`, `NotFound`."""
    raise NotImplementedError


async def erase_customer(db: Db, customer_id: UUID) -> ErasureView:
    """Remove a customer with everything said, remembered and stored; the data key goes too. Raises `Forbidden`, `NotFound`."""
    raise NotImplementedError
