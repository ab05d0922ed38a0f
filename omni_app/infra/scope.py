"""Whose data a piece of work may touch, and who is doing it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal
from uuid import UUID

from omni_app.infra.errors import Forbidden


class Permission(StrEnum):
    """What a caller may do inside one business; roles are sets of these (`tenancy.roles`)."""

    VIEW = "view"
    REPLY = "reply"
    TEACH = "teach"
    CONFIGURE = "configure"
    ADMINISTER = "administer"
    OWN = "own"


ActorKind = Literal["member", "api_key", "customer", "system"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """The network side of a caller: where it comes from and which request this is."""

    ip: str | None = None
    user_agent: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: a member, an API key, a customer in the widget, or Omni itself."""

    kind: ActorKind
    id: UUID | None = None
    name: str = ""


SYSTEM = Actor(kind="system", name="Omni")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One business, one actor, and what the actor may do there."""

    business_id: UUID
    actor: Actor
    permissions: frozenset[Permission] = frozenset()
    client: Client = Client()

    def require(self, permission: Permission) -> None:
        """Raise `Forbidden` unless the actor holds `permission`."""
        if permission not in self.permissions:
            raise Forbidden


def system_scope(business_id: UUID) -> Scope:
    """The scope of Omni's own work for one business: workers, the chat gateway, seeding."""
    return Scope(business_id=business_id, actor=SYSTEM, permissions=frozenset(Permission))
