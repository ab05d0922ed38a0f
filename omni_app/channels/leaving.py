"""What goes out to a provider, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from omni_app.channels.arriving import Identifier, TemplateInfo

DeliveryStatus = Literal["queued", "sending", "unknown", "sent", "delivered", "read", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateUse:
    """A template with its variables filled in, in their order (or by name).

    `header_kind` is image, video or document when one stands at the top; `header_media` is its web address, or `file:` and the
    id of a stored attachment, whose bytes then travel in `OutboundMessage.files`.
    """

    name: str
    language: str
    variables: Mapping[str, str] = field(default_factory=dict)
    header_text: str = ""
    header_kind: str = ""
    header_media: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundFile:
    """A file to send."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMail:
    """What a mail needs beside its text. `from_address`/`reply_to` come from the connection; `quoted` stands below the text."""

    message_id: str
    subject: str
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    reply_tag: str = ""
    from_name: str = ""
    quoted: str = ""
    is_automatic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMessage:
    """One provider message. `delivery_id` travels with it where the provider gives something back.

    `text` is Markdown as our answers use it; the adapter turns it into the channel's own formatting. `choices` are quick replies.
    `reaction` is an emoji to put on the message `answers_id` instead of a text, "" takes ours off; None for anything else.
    """

    delivery_id: UUID
    to: tuple[Identifier, ...]
    text: str = ""
    files: tuple[OutboundFile, ...] = ()
    template: TemplateUse | None = None
    choices: tuple[str, ...] = ()
    answers_id: str = ""
    reaction: str | None = None
    mail: OutboundMail | None = None
    is_from_person: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The provider has the message. `units` {unit: count} to book; None books one `cost_unit`."""

    provider_id: str
    status: Literal["sent", "delivered"] = "sent"
    units: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The outcome of a connection test, in the provider's own words where there are any. `account_key` is what it proved."""

    is_ok: bool
    text: str
    is_revoked: bool = False
    account_key: str = ""
    templates: tuple[TemplateInfo, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxAddress:
    """Where the built-in provider simulator answers: `http` is its base address, the ports are those of its mail servers."""

    http: str
    host: str
    smtp_port: int
    imap_port: int
