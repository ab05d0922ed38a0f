"""WhatsApp webhooks as Meta sends them, signed here and not by the adapter."""

import hashlib
import hmac
import json
from typing import Any
from uuid import UUID

from omni_app.channels.connections import create_connection, load_connection
from omni_app.infra.database import open_db
from tests.making import Made, rows

SECRET = "app-secret-of-tests"
VERIFY = "verify-token-of-tests"


def values(phone_number_id: str = "100200300") -> dict[str, str]:
    return {
        "phone_number_id": phone_number_id,
        "business_account_id": "900800",
        "access_token": "EAAB-test-token",
        "app_secret": SECRET,
        "verify_token": VERIFY,
        # An address the guard refuses: nothing these tests do may wait for a provider.
        "graph_url": "https://127.0.0.1",
    }


def text_message(text: str, wamid: str, who: str = "19025550123", at: str = "1795262400") -> dict[str, Any]:
    return {"from": who, "id": wamid, "timestamp": at, "type": "text", "text": {"body": text}}


def envelope(*messages: dict[str, Any], phone_number_id: str = "100200300", **lists: Any) -> bytes:
    """One POST with these messages (and `statuses=[…]`), its text escaped as Meta does."""
    senders = {message["from"]: None for message in messages if message.get("from")}
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "19025550100", "phone_number_id": phone_number_id},
        "contacts": [{"profile": {"name": "Ann Lee"}, "wa_id": who} for who in senders],
        "messages": list(messages),
        **lists,
    }
    value = {name: item for name, item in value.items() if item}
    entry = {"id": "900800", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"content-type": "application/json", "x-hub-signature-256": f"sha256={mac}"}


async def connect(made: Made, phone_number_id: str = "100200300", **options: Any) -> tuple[UUID, str]:
    """A WhatsApp connection; its id and the path of its own webhook address."""
    async with open_db(made.scope) as db:
        connection_id = await create_connection(db, "whatsapp", "Front desk", values(phone_number_id), **options)
        view = await load_connection(db, connection_id)
    return connection_id, "/webhooks/" + view.webhooks[0].url.partition("/webhooks/")[2]


async def verify(connection_id: UUID) -> None:
    """As a successful connection test leaves it."""
    await rows("update channel_connections set verified_at = now(), health = 'ok' where id = :id returning id", id=connection_id)
