"""Connect the demo business to the built-in provider simulator, so that every channel can be tried with no account anywhere.

One simulated account for each channel, with a fixed id. What somebody removed or changed in Omni stays as they left it.
"""

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app.channels.checking import check_connection
from omni_app.channels.connections import ConnectionView, create_connection, list_connections, load_connection, update_connection
from omni_app.channels.polling import poll_connection
from omni_app.channels.registry import all_adapters, load_adapter
from omni_app.infra.database import open_db, read_system
from omni_app.infra.errors import OmniError
from omni_app.infra.http import open_http
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Scope, system_scope
from omni_app.settings import load_settings

log = get_logger(__name__)

PATIENCE_SECONDS = 15.0
# Adapter -> (name of the connection, name of each field of its settings -> credential of the simulated account, fixed values).
CHANNELS: Mapping[str, tuple[str, Mapping[str, str], Mapping[str, str]]] = {
    "whatsapp": (
        "WhatsApp (sandbox)",
        {
            "phone_number_id": "phone_number_id",
            "business_account_id": "waba_id",
            "access_token": "access_token",
            "app_secret": "app_secret",
            "verify_token": "verify_token",
        },
        {},
    ),
    "sendgrid": (
        "E-mail by SendGrid (sandbox)",
        {
            "address": "address",
            "api_key": "api_key",
            "event_key": "verification_key",
            "parse_key": "parse_verification_key",
        },
        {},
    ),
    "smtp": (
        "E-mail by SMTP and IMAP (sandbox)",
        {
            "address": "address",
            "username": "username",
            "password": "password",
            "smtp_host": "smtp_host",
            "smtp_port": "smtp_port",
            "imap_host": "imap_host",
            "imap_port": "imap_port",
        },
        {"smtp_security": "none", "imap_security": "none", "authserv_id": "mx.sandbox.example"},
    ),
}
_ADDRESSES = {"sendgrid": "support@harbour-dental.example", "smtp": "office@harbour-dental.example"}


async def connect_sandbox(owner_email: str) -> int:
    """Make what is missing; how many connections were made. Does nothing without a simulator or without the demo business."""
    if not load_settings().sandbox_url:
        return 0
    business_id = await _find_business(owner_email)
    if business_id is None or not await _is_up():
        return 0
    scope = system_scope(business_id)
    made = 0
    for kind in CHANNELS:
        if kind in all_adapters():
            try:
                made += await _connect(scope, kind)
            except OmniError as error:
                # A channel that cannot be played must not keep Omni from starting.
                log.warning("sandbox connection not made", kind=kind, error=str(error))
    return made


async def _find_business(owner_email: str) -> UUID | None:
    query = text("select m.business_id from users u join members m on m.user_id = u.id where u.email = :email limit 1")
    async with read_system("demo: whose sandbox") as connection:
        found = (await connection.execute(query, {"email": owner_email})).scalar_one_or_none()
    return None if found is None else UUID(str(found))


async def _is_up() -> bool:
    # By the clock: one that takes connections and says nothing costs a call its whole time-out, and Omni waits with its start.
    deadline = monotonic() + PATIENCE_SECONDS
    while monotonic() < deadline:
        try:
            await _call("GET", "/state")
        except OmniError:
            await asyncio.sleep(0.1)
        else:
            return True
    log.warning("the sandbox does not answer")
    return False


async def _connect(scope: Scope, kind: str) -> int:
    name, fields, fixed = CHANNELS[kind]
    account, is_new = await _account(kind, f"demo-{kind}", name)
    values = {**fixed, **{field: str(account["credentials"][credential]) for field, credential in fields.items()}}
    async with open_db(scope) as db:
        view = next((one for one in await list_connections(db) if one.kind == kind and one.is_sandbox), None)
        if view is None and account["options"].get("is_connected") and not is_new:
            return 0
        if view is None:
            connection_id = await create_connection(db, kind, name, values, is_sandbox=True)
        else:
            connection_id = view.id
            if is_new:
                await update_connection(db, view.id, view.name, values, view.version)
        connection = await load_connection(db, connection_id)
    # Its address holds the port, which may be another one today.
    change = {"webhooks": _webhooks(connection), "options": {"is_connected": True}}
    await _call("PATCH", f"/accounts/{account['id']}", body=change)
    if view is None or is_new:
        await check_connection(scope, connection_id)
        if load_adapter(kind).capabilities.polls:
            # The first look only remembers where the mailbox stands: what is written from now on is answered.
            await poll_connection(scope, connection_id)
    return int(view is None)


async def _account(kind: str, account_id: str, name: str) -> tuple[Mapping[str, Any], bool]:
    """The simulated account, and whether it was made now."""
    known = (await _call("GET", "/accounts", {"provider": kind})).get("accounts", [])
    for account in known:
        if account["id"] == account_id:
            return account, False
    wanted = {"id": account_id, "provider": kind, "name": name, "options": {"reads": True, "delay_ms": 700}}
    if kind in _ADDRESSES:
        wanted |= {"address": _ADDRESSES[kind], "domain": _ADDRESSES[kind].partition("@")[2]}
    return await _call("POST", "/accounts", body=wanted), True


def _webhooks(connection: ConnectionView) -> Mapping[str, str]:
    """Hook of the simulated account -> address. Ours end in the provider's name for it, before the token."""
    return {one.path.rpartition("/")[2]: one.url for one in connection.webhooks}


async def _call(method: str, path: str, query: Mapping[str, str] | None = None, body: Any = None) -> dict[str, Any]:
    settings = load_settings()
    token = settings.sandbox_token.get_secret_value() if settings.sandbox_token else ""
    url = f"{settings.sandbox_url}/control{path}"
    answer = await open_http().request(method, url, headers={"authorization": f"Bearer {token}"}, query=query, json=body)
    if answer.status >= 400:
        raise OmniError(f"the sandbox answered {answer.status}: {answer.body[:300].decode(errors='replace')}")
    return dict(answer.json())
