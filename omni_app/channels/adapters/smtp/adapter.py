"""A mailbox as a channel: what it can do, and how to set it up."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from omni_app.channels.adapters.smtp.account import SmtpSettings
from omni_app.channels.adapters.smtp.receiving import check_imap, fetch_new, on_thread
from omni_app.channels.adapters.smtp.sending import check_smtp, send_mail
from omni_app.channels.contract import (
    Capabilities,
    CheckResult,
    Hook,
    InboundEvent,
    InboundMedia,
    OutboundMessage,
    Polled,
    RawEvent,
    Receipt,
    Reply,
    SandboxAddress,
    Step,
    TextLimit,
    WebhookRequest,
)
from omni_app.channels.failures import InvalidSignature, Refused, Unavailable
from omni_app.channels.mail.arriving import Arrival, head_of, read_arrived, sender_of, unread_event
from omni_app.channels.mail.reading import read_mail
from omni_app.infra.errors import Invalid
from omni_app.infra.http import Http, check_host
from omni_app.settings import Settings

MIB = 1024 * 1024


class Smtp:
    """E-mail by any mail server."""

    kind: ClassVar[str] = "smtp"
    channel: ClassVar[str] = "email"
    title: ClassVar[str] = "E-mail by your mail server"
    summary: ClassVar[str] = "A mailbox you have already: answers go out by SMTP, new mail is fetched by IMAP."
    icon: ClassVar[str] = "mailbox"
    capabilities: ClassVar[Capabilities] = Capabilities(
        text_limit=TextLimit(most=100_000),
        formatting="html",
        media={"image": 15 * MIB, "audio": 15 * MIB, "video": 15 * MIB, "document": 15 * MIB},
        has_subject=True,
        may_start=True,
        polls=True,
        cost_unit="",
        sends_a_second=5,
    )
    settings_model: ClassVar[type[BaseModel]] = SmtpSettings
    webhooks: ClassVar[tuple[Hook, ...]] = ()
    guide: ClassVar[tuple[Step, ...]] = (
        Step(
            title="Make a mailbox ready",
            text="Use a mailbox of its own for support, with IMAP switched on. Gmail, Outlook and iCloud want an app password: "
            "create one in the account's security settings.",
        ),
        Step(
            title="Fill in both servers",
            text="SMTP sends (port 587 with STARTTLS or 465 with TLS), IMAP receives (port 993 with TLS). Test the connection: "
            "it signs in to both.",
        ),
        Step(
            title="Say whose word counts",
            text="Open any mail you received, show its original text and look for “Authentication-Results:”. Paste the first "
            "word behind it as the name of your receiving server. Without it nobody's address is proven, and a customer is not "
            "recognised over several channels by it.",
        ),
        Step(
            title="Write to it",
            text="Mail that is in the mailbox already stays untouched. New mail comes in within a minute; nothing is marked, "
            "moved or deleted unless you say so.",
        ),
    )

    def account_key(self, settings: BaseModel) -> str:
        """The mailbox that signing in proves, not the address, which anybody could write here."""
        own = _own(settings)
        return f"{own.imap_login[0].lower()} at {own.imap_host}"

    def webhook_keys(self, settings: BaseModel) -> Mapping[str, str]:
        return {}

    def deployment_keys(self, env: Settings) -> Mapping[str, str] | None:
        return None

    def at_sandbox(self, settings: BaseModel, sandbox: SandboxAddress) -> BaseModel:
        return settings.model_copy(
            update={
                "smtp_host": sandbox.host,
                "smtp_port": sandbox.smtp_port,
                "smtp_security": "none",
                "imap_host": sandbox.host,
                "imap_port": sandbox.imap_port,
                "imap_security": "none",
            }
        )

    def challenge(self, request: WebhookRequest, keys: Mapping[str, str]) -> Reply:
        raise InvalidSignature

    def authenticate(self, request: WebhookRequest, keys: Mapping[str, str]) -> None:
        """A mailbox has no webhooks: nobody may post here."""
        raise InvalidSignature

    def split(self, request: WebhookRequest) -> Sequence[RawEvent]:
        return ()

    def acknowledge(self, request: WebhookRequest) -> Reply:
        return Reply()

    def parse(self, body: bytes, hook: str) -> Sequence[InboundEvent]:
        return parse_mail(body)

    async def fetch(self, media: InboundMedia, settings: BaseModel, http: Http, most_bytes: int) -> bytes:
        raise Refused("The files of a mail come with it; there is nothing to fetch.")

    async def poll(self, settings: BaseModel, state: Mapping[str, Any], http: Http) -> Polled:
        own = _own(settings)
        address = await check_host(own.imap_host, own.imap_port)
        return await on_thread(fetch_new, own, address, state)

    async def send(self, message: OutboundMessage, settings: BaseModel, http: Http) -> Receipt:
        return await send_mail(message, _own(settings))

    async def show_typing(self, provider_id: str, settings: BaseModel, http: Http) -> None:
        """Mail shows no typing."""

    async def check(self, settings: BaseModel, http: Http) -> CheckResult:
        own = _own(settings)
        sending = await check_smtp(own)
        if not sending.is_ok:
            return sending
        try:
            address = await check_host(own.imap_host, own.imap_port)
        except Unavailable as error:
            return CheckResult(is_ok=False, text=str(error))
        receiving = await on_thread(check_imap, own, address)
        if not receiving.is_ok:
            return receiving
        return CheckResult(is_ok=True, text=f"{sending.text} {receiving.text}", account_key=self.account_key(settings))


def parse_mail(body: bytes) -> tuple[InboundEvent, ...]:
    """What a stored mail means (`receiving` says how it is stored). Raises `Invalid`."""
    head, _, content = body.partition(b"\n")
    try:
        said = json.loads(head)
        if failed := said.get("failed"):
            raise Invalid(f"The mail server could not give this mail: {failed}")
        own, recipient, is_proven = [str(one) for one in said["own"]], str(said["to"]), said["proven"] is True
        skipped = int(said.get("skipped") or 0)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Invalid("This is not a mail as Omni stores it.") from error
    if skipped:
        why = f"This mail of {skipped // MIB} MB is too large to be taken; it is in the mailbox."
        name, address = sender_of(head_of(content))
        mail = read_mail(content)
        if not address:
            raise Invalid(why)
        return (unread_event(mail.head, name, why, is_proven=is_proven, message_id=mail.head.message_id or head.hex()[:64]),)
    return read_arrived(content, Arrival(recipient=recipient, own=frozenset(own), is_proven=is_proven))


def _own(settings: BaseModel) -> SmtpSettings:
    assert isinstance(settings, SmtpSettings)
    return settings
