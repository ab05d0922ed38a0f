"""What a channel adapter is: authenticate → split → parse on the way in, send → receipt on the way out.

    class Adapter: kind, channel, capabilities, settings_model, webhooks, guide
      webhook in   challenge · authenticate · split · acknowledge        (in the request; no database, no network)
      worker in    parse · fetch · poll                                  (later, as often as needed)
      out          send · show_typing · check

Adapters hold no state and touch no database. What differs between channels is data in `Capabilities`; a rule is written once,
above. Errors are those of `failures`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, Literal, Protocol

from pydantic import BaseModel

from omni_app.channels.arriving import (
    AccountNotice,
    AddressChange,
    AddressProblem,
    ConsentChange,
    Correction,
    DeliveryUpdate,
    Echo,
    Identifier,
    Ignored,
    InboundEvent,
    InboundMedia,
    InboundMessage,
    MailHead,
    MediaKind,
    Polled,
    Pricing,
    ProviderError,
    RawEvent,
    Reaction,
    Reply,
    Sender,
    TemplateInfo,
    WebhookRequest,
)
from omni_app.channels.leaving import (
    CheckResult,
    DeliveryStatus,
    OutboundFile,
    OutboundMail,
    OutboundMessage,
    Receipt,
    SandboxAddress,
    TemplateUse,
)
from omni_app.infra.http import Http
from omni_app.settings import Settings

__all__ = [
    "AccountNotice",
    "Adapter",
    "AddressChange",
    "AddressProblem",
    "Capabilities",
    "CheckResult",
    "ConsentChange",
    "Correction",
    "DeliveryStatus",
    "DeliveryUpdate",
    "Echo",
    "Hook",
    "Identifier",
    "Ignored",
    "InboundEvent",
    "InboundMedia",
    "InboundMessage",
    "MailHead",
    "MediaKind",
    "OutboundFile",
    "OutboundMail",
    "OutboundMessage",
    "Polled",
    "Pricing",
    "ProviderError",
    "RawEvent",
    "Reaction",
    "Receipt",
    "Reply",
    "SandboxAddress",
    "Sender",
    "Step",
    "TemplateInfo",
    "TemplateUse",
    "TextLimit",
    "WebhookRequest",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLimit:
    """The longest text of one provider message: `most` characters, UTF-8 bytes or UTF-16 units."""

    most: int
    unit: Literal["characters", "bytes", "utf16"] = "characters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a channel can do, as data.

    `reply_window`: how long after the customer's last message free text may be sent, None for always. `media` {kind: most bytes}.
    `cost_unit` is the unit of the price list one accepted send is booked in, "" when it costs nothing; with `bills_window` one
    unit pays for everything sent to a customer within 24 hours. `asks_again`: a send whose outcome is not known may be repeated
    without being received twice. `has_reactions`: the business may put an emoji on a customer's message, one at a time;
    `bills_reactions`: each costs a `cost_unit`. `sends_a_second`: how many messages one connection may send in a second.
    """

    text_limit: TextLimit
    formatting: Literal["plain", "whatsapp", "telegram_html", "html"] = "plain"
    media: Mapping[MediaKind, int] = field(default_factory=dict)
    media_types: frozenset[str] = frozenset()
    reply_window: timedelta | None = None
    has_typing: bool = False
    has_templates: bool = False
    has_reactions: bool = False
    bills_reactions: bool = False
    has_subject: bool = False
    may_start: bool = False
    reports_delivered: bool = False
    reports_read: bool = False
    polls: bool = False
    asks_again: bool = False
    cost_unit: str = ""
    bills_window: bool = False
    sends_a_second: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """One webhook address below `/webhooks/`: `path` and its `aliases`, each also with an unguessable `/{token}` appended.

    `answers_challenge`: the provider checks the address by GET first. `most_bytes` is the longest body taken.
    """

    path: str
    title: str
    aliases: tuple[str, ...] = ()
    answers_challenge: bool = False
    most_bytes: int = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the set-up guide in plain words. `{webhook:PATH}` in the text stands for that webhook's address,
    `{made:FIELD}` for a word of the settings that we make."""

    title: str
    text: str


class Adapter(Protocol):
    """One way to one provider. Every method may be called from many tasks at once."""

    kind: ClassVar[str]
    """The folder's name, stored in rows."""
    channel: ClassVar[str]
    """One of `customers.addresses.CHANNELS`; several adapters may serve the same channel."""
    title: ClassVar[str]
    summary: ClassVar[str]
    icon: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    settings_model: ClassVar[type[BaseModel]]
    """Its fields make the set-up form: `title`, `description` (help), `SecretStr` for secrets, `json_schema_extra`
    {"placeholder", "group": "advanced", "multiline", "made", "trusted", "receives"}; a `made` secret is a word we
    make when it is left empty, shown to be copied. `trusted` lists the values of a field that lead to the provider itself: what
    another server says proves nothing. `receives` names the secrets that are sent to the server this field names."""
    webhooks: ClassVar[tuple[Hook, ...]]
    guide: ClassVar[tuple[Step, ...]]

    def account_key(self, settings: BaseModel) -> str:
        """What names this account among all of the kind (a phone number id, a mail address); one business proves it at a time."""

    def webhook_keys(self, settings: BaseModel) -> Mapping[str, str]:
        """The secrets that `challenge` and `authenticate` need, of one connection."""

    def deployment_keys(self, env: Settings) -> Mapping[str, str] | None:
        """The same for the webhook address shared by all businesses (one app of the deployment); None when it is not set up."""

    def at_sandbox(self, settings: BaseModel, sandbox: SandboxAddress) -> BaseModel:
        """The settings with their addresses pointed at the simulator."""

    def challenge(self, request: WebhookRequest, keys: Mapping[str, str]) -> Reply:
        """Answer the provider's check of the address. Raises `InvalidSignature`."""

    def authenticate(self, request: WebhookRequest, keys: Mapping[str, str]) -> None:
        """Raise `InvalidSignature` unless the provider sent this, now. Compares in constant time."""

    def split(self, request: WebhookRequest) -> Sequence[RawEvent]:
        """One raw event for each event of a verified request. Never raises: what cannot be read is one event of its own."""

    def acknowledge(self, request: WebhookRequest) -> Reply:
        """What the provider is told once the events are stored."""

    def parse(self, body: bytes, hook: str) -> Sequence[InboundEvent]:
        """Translate one raw event. Raises `Invalid` with a readable reason when it cannot be understood."""

    async def fetch(self, media: InboundMedia, settings: BaseModel, http: Http, most_bytes: int) -> bytes:
        """The bytes behind `media.ref`. Raises `Refused` (gone, too large, other than promised), `Unavailable`, `Revoked`."""

    async def poll(self, settings: BaseModel, state: Mapping[str, Any], http: Http) -> Polled:
        """Ask the provider for news, where `capabilities.polls`. Raises `Unavailable`, `Revoked`."""

    async def send(self, message: OutboundMessage, settings: BaseModel, http: Http) -> Receipt:
        """Hand over one message, once. Raises `Refused`, `Unavailable`, `Revoked`, or `Uncertain` when it may have been taken."""

    async def show_typing(self, provider_id: str, settings: BaseModel, http: Http) -> None:
        """Mark the customer's message as read and show that an answer is being written; where `has_typing`."""

    async def check(self, settings: BaseModel, http: Http) -> CheckResult:
        """Try the settings against the provider. Never raises for what the provider says."""
