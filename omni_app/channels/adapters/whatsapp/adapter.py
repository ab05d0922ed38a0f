"""The adapter: one line for each duty of the contract."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, SecretStr

from omni_app.channels.adapters.whatsapp.checking import check_settings
from omni_app.channels.adapters.whatsapp.media import download
from omni_app.channels.adapters.whatsapp.parsing import parse_event
from omni_app.channels.adapters.whatsapp.sending import mark_typing, send_message
from omni_app.channels.adapters.whatsapp.settings import CAPABILITIES, GUIDE, WEBHOOKS, WhatsAppSettings
from omni_app.channels.adapters.whatsapp.signature import answer_challenge, check_signature
from omni_app.channels.adapters.whatsapp.splitting import split_webhook
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
    WebhookRequest,
)
from omni_app.channels.failures import Refused
from omni_app.infra.http import Http
from omni_app.settings import Settings


def _own(settings: BaseModel) -> WhatsAppSettings:
    if not isinstance(settings, WhatsAppSettings):
        raise TypeError(f"these are settings of another channel: {type(settings).__name__}")
    return settings


class WhatsApp:
    """See `contract.Adapter`."""

    kind: ClassVar[str] = "whatsapp"
    channel: ClassVar[str] = "whatsapp"
    title: ClassVar[str] = "WhatsApp"
    summary: ClassVar[str] = "Messages, files and templates through Meta's Cloud API."
    icon: ClassVar[str] = "message-circle"
    capabilities: ClassVar[Capabilities] = CAPABILITIES
    settings_model: ClassVar[type[BaseModel]] = WhatsAppSettings
    webhooks: ClassVar[tuple[Hook, ...]] = WEBHOOKS
    guide: ClassVar[tuple[Step, ...]] = GUIDE

    def account_key(self, settings: BaseModel) -> str:
        return _own(settings).phone_number_id

    def webhook_keys(self, settings: BaseModel) -> Mapping[str, str]:
        own = _own(settings)
        return {"app_secret": own.app_secret.get_secret_value(), "verify_token": own.verify_token.get_secret_value()}

    def deployment_keys(self, env: Settings) -> Mapping[str, str] | None:
        if env.meta_app_secret is None:
            return None
        token = env.meta_verify_token or SecretStr("")
        return {"app_secret": env.meta_app_secret.get_secret_value(), "verify_token": token.get_secret_value()}

    def at_sandbox(self, settings: BaseModel, sandbox: SandboxAddress) -> BaseModel:
        return _own(settings).model_copy(update={"graph_url": f"{sandbox.http}/graph"})

    def challenge(self, request: WebhookRequest, keys: Mapping[str, str]) -> Reply:
        return answer_challenge(request, keys)

    def authenticate(self, request: WebhookRequest, keys: Mapping[str, str]) -> None:
        check_signature(request, keys)

    def split(self, request: WebhookRequest) -> Sequence[RawEvent]:
        return split_webhook(request.body)

    def acknowledge(self, request: WebhookRequest) -> Reply:
        return Reply()

    def parse(self, body: bytes, hook: str) -> Sequence[InboundEvent]:
        return parse_event(body)

    async def fetch(self, media: InboundMedia, settings: BaseModel, http: Http, most_bytes: int) -> bytes:
        return await download(media, _own(settings), http, most_bytes)

    async def poll(self, settings: BaseModel, state: Mapping[str, Any], http: Http) -> Polled:
        raise Refused("WhatsApp sends its news by webhook.")

    async def send(self, message: OutboundMessage, settings: BaseModel, http: Http) -> Receipt:
        return await send_message(message, _own(settings), http)

    async def show_typing(self, provider_id: str, settings: BaseModel, http: Http) -> None:
        await mark_typing(provider_id, _own(settings), http)

    async def check(self, settings: BaseModel, http: Http) -> CheckResult:
        return await check_settings(_own(settings), http)
