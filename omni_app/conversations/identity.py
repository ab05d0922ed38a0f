"""Who a visitor of the widget says to be, and what proves it."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from omni_app.customers.addresses import Address
from omni_app.infra.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityState:
    """`proof`: none, claimed (typed by the visitor) or proven. `claimed` is the address, masked."""

    customer_id: UUID | None = None
    name: str = ""
    proof: Literal["none", "claimed", "proven"] = "none"
    claimed: str = ""
    conversation_id: UUID | None = None


async def claim(scope: Scope, visitor: Address, *, name: str = "", email: str = "", phone: str = "") -> IdentityState:
    """Note what the visitor typed. Staff see it; nothing of a known customer is joined. Raises `Invalid` by field."""
    raise NotImplementedError


async def send_code(scope: Scope, visitor: Address) -> None:
    """Mail a six-digit code to the claimed e-mail. Raises `Invalid` (nothing claimed, only a phone), `TooMany`."""
    raise NotImplementedError


async def prove_by_code(scope: Scope, visitor: Address, code: str) -> IdentityState:
    """Join the visitor to the owner of the address. Raises `Invalid` (field `code`), `TooMany` after five wrong tries."""
    raise NotImplementedError


async def prove_by_page(scope: Scope, visitor: Address, user: str, user_hash: str) -> IdentityState:
    """Accept who the business's own page vouches for. Raises `Forbidden` when the hash is not the business's."""
    raise NotImplementedError


async def identity_of(scope: Scope, visitor: Address) -> IdentityState:
    """What is known of this visitor."""
    return IdentityState()
