"""An account at a simulated provider, and the messages and requests that belong to it: plain values."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Account:
    """One customer of a provider. `credentials` is what its developer console shows; `webhooks` {hook: address}.

    `options`: statuses "auto" or "manual", delay_ms between them, reads (whether "read" is reported), and what one provider
    needs; what begins with an underscore is not shown.
    `state`: is_revoked, is_verified, counters.
    """

    id: str
    provider: str
    name: str
    credentials: JSON
    options: JSON = field(default_factory=dict)
    webhooks: dict[str, str] = field(default_factory=dict)
    state: JSON = field(default_factory=dict)
    created_at: float = 0.0

    def as_json(self) -> JSON:
        return {
            "id": self.id,
            "provider": self.provider,
            "name": self.name,
            "credentials": self.credentials,
            "options": {name: value for name, value in self.options.items() if not name.startswith("_")},
            "webhooks": self.webhooks,
            "state": self.state,
            "created_at": self.created_at,
        }


@dataclass(slots=True, kw_only=True)
class Contact:
    """A customer as one account's provider knows them. `last_inbound_at` opens the reply window."""

    account_id: str
    address: str
    name: str = ""
    last_inbound_at: float | None = None
    details: JSON = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Message:
    """One message either way. `direction` "in" is from the customer; `states` [[state, unix seconds]] oldest first."""

    seq: int = 0
    id: str
    account_id: str
    provider: str
    direction: str
    address: str
    kind: str
    text: str
    detail: JSON
    states: list[list[Any]]
    at: float

    @property
    def state(self) -> str:
        return str(self.states[-1][0]) if self.states else ""

    def as_json(self) -> JSON:
        return {
            "seq": self.seq,
            "id": self.id,
            "account": self.account_id,
            "provider": self.provider,
            "direction": self.direction,
            "address": self.address,
            "kind": self.kind,
            "text": self.text,
            "state": self.state,
            "states": self.states,
            "detail": self.detail,
            "at": self.at,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One webhook request before it is signed. `query` is appended to the address; `spoil` names what is wrong on purpose."""

    hook: str
    body: bytes = b""
    content_type: str = "application/json"
    method: str = "POST"
    query: str = ""
    spoil: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    """Where it goes when a message named an address of its own; `hook` must then be none of the provider's."""


def digits(count: int) -> str:
    """A random number of so many digits that does not begin with zero."""
    return str(secrets.randbelow(9 * 10 ** (count - 1)) + 10 ** (count - 1))
