"""SendGrid as a channel: what it can do, its webhooks, and how to set it up."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from omni_app.channels.adapters.sendgrid.account import SendGridSettings
from omni_app.channels.adapters.sendgrid.events import parse_event, split_events
from omni_app.channels.adapters.sendgrid.inbound import parse_mail, split_mail
from omni_app.channels.adapters.sendgrid.sending import check_key, send_mail
from omni_app.channels.adapters.sendgrid.signing import check_signature
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
from omni_app.channels.failures import InvalidSignature, Refused
from omni_app.infra.http import Http
from omni_app.settings import Settings

MIB = 1024 * 1024
INBOUND = Hook(
    path="sendgrid/inbound",
    title="Inbound parse",
    aliases=("sendgrid/email",),
    # SendGrid takes mail of 30 MB; the form around it and the spam report come on top.
    most_bytes=32 * MIB,
)
EVENTS = Hook(path="sendgrid/events", title="Event webhook", most_bytes=8 * MIB)


class SendGrid:
    """E-mail by SendGrid."""

    kind: ClassVar[str] = "sendgrid"
    channel: ClassVar[str] = "email"
    title: ClassVar[str] = "E-mail by SendGrid"
    summary: ClassVar[str] = "Customers write to your address; answers thread in their mailbox, bounces and complaints come back."
    icon: ClassVar[str] = "mail"
    capabilities: ClassVar[Capabilities] = Capabilities(
        text_limit=TextLimit(most=100_000),
        formatting="html",
        # All of a mail together may have 30 MB, and base64 makes four bytes of three.
        media={"image": 20 * MIB, "audio": 20 * MIB, "video": 20 * MIB, "document": 20 * MIB},
        has_subject=True,
        may_start=True,
        reports_delivered=True,
        cost_unit="mail",
        sends_a_second=50,
    )
    settings_model: ClassVar[type[BaseModel]] = SendGridSettings
    webhooks: ClassVar[tuple[Hook, ...]] = (INBOUND, EVENTS)
    guide: ClassVar[tuple[Step, ...]] = (
        Step(
            title="Authenticate your domain",
            text="In SendGrid open Settings → Sender Authentication and authenticate the domain of your support address. "
            "Mail of a domain that is not authenticated lands in spam.",
        ),
        Step(
            title="Create an API key",
            text="Settings → API Keys → Create API Key → Restricted Access: “Mail Send” in full, “Sender Authentication” to "
            "read. Paste the key here, with the address customers write to, and test the connection.",
        ),
        Step(
            title="Let mail come in",
            text="Give a subdomain that receives no other mail (help.example.com) an MX record: priority 10, mx.sendgrid.net. "
            "Then open Settings → Inbound Parse → Add Host & URL, choose that host, paste {webhook:sendgrid/inbound} and tick "
            "“POST the raw, full MIME message”, which keeps every mail exactly as it was sent. To go on using an address of your "
            "main domain, have it forward to one of this host.",
        ),
        Step(
            title="Let reports come in",
            text="Settings → Mail Settings → Event Webhooks → Create new webhook: paste {webhook:sendgrid/events}, tick "
            "Delivered, Bounced, Dropped, Deferred, Spam Reports and Unsubscribes.",
        ),
        Step(
            title="Sign both",
            text="Switch on “Signed Event Webhook” and paste its verification key here. For inbound parse create a security "
            "policy with signature (POST /v3/user/webhooks/security/policies), attach it to the host and paste its public key. "
            "Without a key what comes in is unsigned: it is believed because nobody else knows the webhook's address.",
        ),
    )

    def account_key(self, settings: BaseModel) -> str:
        return _own(settings).address

    def webhook_keys(self, settings: BaseModel) -> Mapping[str, str]:
        own = _own(settings)
        return {"inbound": own.parse_key, "events": own.event_key}

    def deployment_keys(self, env: Settings) -> Mapping[str, str] | None:
        key = env.sendgrid_webhook_key and env.sendgrid_webhook_key.get_secret_value().strip()
        return {"inbound": key, "events": key} if key else None

    def at_sandbox(self, settings: BaseModel, sandbox: SandboxAddress) -> BaseModel:
        return settings.model_copy(update={"base_url": f"{sandbox.http}/sendgrid"})

    def challenge(self, request: WebhookRequest, keys: Mapping[str, str]) -> Reply:
        raise InvalidSignature

    def authenticate(self, request: WebhookRequest, keys: Mapping[str, str]) -> None:
        """Without a key the unguessable address stands for the signature; the shared address always has one."""
        if key := keys.get("inbound" if request.hook == INBOUND.path else "events", ""):
            check_signature(request, key)

    def split(self, request: WebhookRequest) -> Sequence[RawEvent]:
        return split_mail(request, INBOUND) if request.hook == INBOUND.path else split_events(request)

    def acknowledge(self, request: WebhookRequest) -> Reply:
        return Reply()

    def parse(self, body: bytes, hook: str) -> Sequence[InboundEvent]:
        return parse_mail(body) if hook == INBOUND.path else parse_event(body)

    async def fetch(self, media: InboundMedia, settings: BaseModel, http: Http, most_bytes: int) -> bytes:
        raise Refused("The files of a mail come with it; there is nothing to fetch.")

    async def poll(self, settings: BaseModel, state: Mapping[str, Any], http: Http) -> Polled:
        return Polled(events=(), state=state)

    async def send(self, message: OutboundMessage, settings: BaseModel, http: Http) -> Receipt:
        return await send_mail(message, _own(settings), http)

    async def show_typing(self, provider_id: str, settings: BaseModel, http: Http) -> None:
        """Mail shows no typing."""

    async def check(self, settings: BaseModel, http: Http) -> CheckResult:
        return await check_key(_own(settings), http)


def _own(settings: BaseModel) -> SendGridSettings:
    assert isinstance(settings, SendGridSettings)
    return settings
