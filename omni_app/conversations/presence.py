"""Who is here now: visitors with an open widget, staff who look at or write in a conversation. Kept in Redis for seconds."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

Who = Literal["assistant", "staff", "customer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewing:
    """A member who has a conversation open."""

    member_id: UUID
    name: str
    is_typing: bool


async def mark_viewing(business_id: UUID, conversation_id: UUID, member_id: UUID, name: str, on: bool) -> None:
    """A member opened (or, with `on` False, left) a conversation; call it again within the time to live."""


async def viewers(business_id: UUID, conversation_id: UUID) -> list[Viewing]:
    """Members who have this conversation open now."""
    return []


async def show_typing(
    business_id: UUID, conversation_id: UUID, who: Who, name: str, on: bool, member_id: UUID | None = None
) -> None:
    """Tell everybody that somebody writes (or stopped). Marks vanish by themselves after five seconds."""


async def are_here(business_id: UUID, conversation_ids: Collection[UUID]) -> set[UUID]:
    """Those of the conversations whose customer has the widget open now."""
    return set()
