"""What comes in from a provider: the request, the raw event, and what an adapter makes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

MediaKind = Literal["image", "audio", "video", "document", "sticker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    """One request of a provider. `hook` is the hook's `path`; `url` the public address it was sent to, with its query.

    `headers` have lower-case names; `body` are the bytes as received.
    """

    hook: str
    method: str
    url: str
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    received_at: datetime
    ip: str | None = None

    def first(self, name: str) -> str:
        """The first value of a query parameter, or ""."""
        return next((value for key, value in self.query if key == name), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the provider is answered."""

    status: int = 200
    body: str = ""
    media_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEvent:
    """One provider event of a verified request, as kept for reading and for replay.

    `key` (at most 200 characters) is unique per connection: the same event sent again is the same row. `body` is what `parse`
    reads, its own piece of the request. `account` says whose it is (`account_key` of the connection) on a webhook shared by all
    businesses. Messages with the same `order` (their sender as the provider names them) are handled one after the other.
    """

    key: str
    body: bytes
    account: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """One contact point of a sender as `customers.addresses.Address` knows it; `is_proven` when the channel vouches for it."""

    kind: Literal["email", "phone", "external"]
    value: str
    is_proven: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who wrote. The first identifier is where an answer goes; the others are the same person's."""

    identifiers: tuple[Identifier, ...]
    name: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMedia:
    """One file of a message: either its bytes (`data`, from a mail) or the provider's `ref` for `Adapter.fetch`.

    `content_id` names an image shown inside a mail's text. `sha256` (hex) as the provider states it, "" when it does not.
    """

    kind: MediaKind
    name: str = ""
    media_type: str = ""
    size: int | None = None
    sha256: str = ""
    ref: str = ""
    data: bytes | None = None
    content_id: str = ""
    is_inline: bool = False
    is_voice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MailHead:
    """The head of a mail. Ids are RFC 5322 message ids without angle brackets; `references` oldest first; addresses are bare.

    `tag` is what stood after the plus sign of the address the mail was sent to.
    """

    message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    subject: str = ""
    from_address: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """A customer's message. `id` is the provider's, the same on every repeat.

    `text` is what they wrote now; `folded` what stands below it (signature, quoted mail), kept and shown on request; `html` the
    raw HTML of a mail, "" without. `kind`: text, media, reply (a button or list choice), location, contacts, order, template,
    unsupported. `details` is what the kind needs to be shown. `answers_id` is the provider id of the message it answers.
    `automatic` says why no machine may answer it (auto-reply, list, own address, spam), "" for a person's.
    """

    id: str
    sender: Sender
    text: str = ""
    sent_at: datetime | None = None
    kind: str = "text"
    details: Mapping[str, Any] = field(default_factory=dict)
    media: tuple[InboundMedia, ...] = ()
    answers_id: str = ""
    folded: str = ""
    html: str = ""
    mail: MailHead | None = None
    automatic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """A message the business sent from elsewhere (the provider's own app): a person answered, automation has to pause."""

    id: str
    recipient: Sender
    text: str = ""
    sent_at: datetime | None = None
    kind: str = "text"
    details: Mapping[str, Any] = field(default_factory=dict)
    media: tuple[InboundMedia, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """An emoji on message `target_id`; an empty one takes it back."""

    sender: Sender
    target_id: str
    emoji: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """The customer changed (`text`) or deleted (None) a message they sent."""

    sender: Sender
    target_id: str
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderError:
    """The provider's own words. `kind` says what it means for us, as in `failures.Refused`."""

    code: str
    text: str
    kind: str = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pricing:
    """What the provider says of the price of one message."""

    is_billable: bool
    category: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryUpdate:
    """How far a message got. Found by `delivery_id` (ours, given back by the provider) or else by `provider_id`."""

    status: Literal["sent", "delivered", "read", "failed"]
    provider_id: str = ""
    delivery_id: UUID | None = None
    at: datetime | None = None
    error: ProviderError | None = None
    pricing: Pricing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentChange:
    """Somebody said yes or no to messages. `purpose`: marketing, or channel for every message that does not answer theirs."""

    sender: Sender
    purpose: Literal["marketing", "channel"]
    is_given: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressProblem:
    """An address that takes no messages (bounce, spam complaint). `delivery_id` or `provider_id` name what was sent."""

    identifier: Identifier
    kind: Literal["bounced", "blocked", "complained"]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressChange:
    """A customer's identifier became another one (a new phone number)."""

    old: Identifier
    new: Identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateInfo:
    """A message template as the provider keeps it. `body` holds its variables as `{{1}}` or `{{name}}`; `buttons` [{type, text}].

    `header` {kind: text | image | video | document, text}; `status` and `category` in the provider's words, lower case.
    """

    name: str
    language: str
    status: str
    category: str = ""
    body: str = ""
    header: Mapping[str, Any] = field(default_factory=dict)
    footer: str = ""
    buttons: tuple[Mapping[str, Any], ...] = ()
    external_id: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountNotice:
    """News of the account itself. `health` None leaves the light as it is; `template` carries a template's new state."""

    text: str
    health: Literal["ok", "failing", "revoked"] | None = None
    template: TemplateInfo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """An event that needs nothing done; `why` in words."""

    why: str


InboundEvent = (
    InboundMessage
    | Echo
    | Reaction
    | Correction
    | DeliveryUpdate
    | ConsentChange
    | AddressProblem
    | AddressChange
    | AccountNotice
    | Ignored
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """What a poll brought, and the state (JSON values) the next one starts from."""

    events: tuple[RawEvent, ...]
    state: Mapping[str, Any]
