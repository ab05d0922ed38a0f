"""Be a customer: drive the built-in provider simulator on behalf of one sandbox connection (docs/sandbox.md has its control API).

Only connections of the caller's own business that are marked as sandbox can be driven, so nobody plays another one's customers.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from omni_app.channels.accounts import Account, open_account
from omni_app.infra.database import Db, open_db
from omni_app.infra.errors import Invalid, NotFound, Unavailable
from omni_app.infra.http import Broken, open_http
from omni_app.infra.scope import Permission, Scope
from omni_app.settings import load_settings

MOST_TEXT = 4_000
MOST_SHOWN = 200
# It runs on this machine: when it does not answer at once, it is stuck.
PATIENCE_SECONDS = 4.0

FAULTS: Mapping[str, str] = {
    "rate_limited": "Too many requests (429), come back in a second",
    "server_error": "The provider breaks down (500)",
    "slow": "The answer takes five seconds",
    "timeout_after_accept": "The connection breaks after the message was taken",
    "timeout_before_accept": "The connection breaks before the message was taken",
    "duplicate": "The next webhook is sent twice",
    "disorder": "The next webhook comes late",
    "revoked": "The access token is withdrawn, until cleared",
    "window_closed": "Only templates are taken, until cleared",
    "reject": "The message is refused for good",
    "fail_later": "Accepted, then reported as failed",
}
"""What can be played, in words."""

_UNTIL_CLEARED = frozenset({"revoked", "window_closed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A sandbox connection somebody can be a customer of."""

    connection_id: UUID
    kind: str
    channel: str
    name: str
    is_on: bool
    health: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedThread:
    """One played customer: the address they write from, their name, what was said last."""

    address: str
    name: str
    last_text: str
    last_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedMessage:
    """One message as the customer's device shows it. `is_ours`: the business sent it; `state` is how far the provider got.

    `choices` are the titles of quick replies, `files` the names of files. A reaction's `text` is its emoji (empty: taken
    off), put on the message `target`.
    """

    id: str
    is_ours: bool
    kind: str
    text: str
    subject: str
    choices: tuple[str, ...]
    files: tuple[str, ...]
    state: str
    at: datetime
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedWebhook:
    """One webhook the simulator sent: what for, how often it was tried, the last answer and how long it took."""

    id: int
    hook: str
    state: str
    tries: int
    status: int
    milliseconds: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedFault:
    """A failure in force; `left` requests will still fail, None until it is cleared."""

    id: int
    kind: str
    left: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """All there is to see of one sandbox connection: who was played, one of their threads, what the provider did and will do."""

    threads: list[PlayedThread]
    messages: list[PlayedMessage]
    webhooks: list[PlayedWebhook]
    faults: list[PlayedFault]


async def list_phones(db: Db) -> list[Phone]:
    """The sandbox connections of the business, chats before mail. Raises `Forbidden` without VIEW."""
    db.scope.require(Permission.VIEW)
    rows = await db.execute(
        """select id, kind, channel, name, is_on, health from channel_connections where is_sandbox
           order by channel = 'email', channel, name"""
    )
    return [
        Phone(connection_id=row.id, kind=row.kind, channel=row.channel, name=row.name, is_on=row.is_on, health=row.health)
        for row in rows
    ]


async def watch_phone(scope: Scope, connection_id: UUID, address: str = "") -> Played:
    """What happened so far: customers (who wrote last first), the messages of `address` (empty: of who wrote last; oldest first),
    the newest webhooks and the failures in force.

    Raises `NotFound` (not a sandbox connection of this business, or its account is gone), `Forbidden` without VIEW, `Unavailable`
    when the simulator does not answer.
    """
    account = await _account(scope, connection_id, Permission.VIEW)
    threads, webhooks, faults = await asyncio.gather(
        _threads(account["id"]), _webhooks(account["id"], 25), _faults(account["id"])
    )
    address = address or (threads[0].address if threads else "")
    messages = await _messages(account["id"], address) if address else []
    return Played(threads=threads, messages=messages, webhooks=webhooks, faults=faults)


async def _threads(account_id: str) -> list[PlayedThread]:
    found = await _ask("GET", "/threads", query={"account": account_id})
    threads = [_thread(one) for one in found.get("threads", [])]
    return sorted(threads, key=lambda one: one.last_at or datetime.min.replace(tzinfo=UTC), reverse=True)[:MOST_SHOWN]


async def _messages(account_id: str, address: str) -> list[PlayedMessage]:
    query = {"account": account_id, "address": address, "limit": str(MOST_SHOWN)}
    return [_message(one) for one in (await _ask("GET", "/messages", query=query)).get("messages", [])]


async def _webhooks(account_id: str, limit: int) -> list[PlayedWebhook]:
    query = {"account": account_id, "limit": str(limit)}
    return [_webhook(one) for one in (await _ask("GET", "/webhooks", query=query)).get("webhooks", [])]


async def _faults(account_id: str) -> list[PlayedFault]:
    found = (await _ask("GET", "/faults")).get("faults", [])
    mine = [one for one in found if one.get("account_id") in ("", account_id)]
    return [PlayedFault(id=int(one["id"]), kind=str(one["kind"]), left=one.get("left")) for one in mine]


async def say(scope: Scope, connection_id: UUID, given: Mapping[str, Any]) -> None:
    """Do what a customer would: `given` as the simulator's inbound call takes it (`from`, `name`, `type`, `text`, `subject`, …).

    Raises `Invalid` when the simulator cannot do it, `NotFound`, `Forbidden` without REPLY, `Unavailable`.
    """
    text = str(given.get("text", ""))
    if len(text) > MOST_TEXT:
        raise Invalid(f"At most {MOST_TEXT:,} characters.", "text")
    account = await _account(scope, connection_id, Permission.REPLY)
    await _ask("POST", f"/{account['provider']}/inbound", json={**given, "account": account["id"]})


async def play_fault(scope: Scope, connection_id: UUID, kind: str, count: int = 1) -> None:
    """Let the next `count` (1 to 100) requests of this account go wrong. Raises `Invalid`, and as `say`."""
    if kind not in FAULTS:
        raise Invalid("Choose what should go wrong.", "kind")
    if not 1 <= count <= 100:
        raise Invalid("Choose a number from 1 to 100.", "count")
    account = await _account(scope, connection_id, Permission.REPLY)
    wanted: dict[str, Any] = {"account": account["id"], "kind": kind, "count": None if kind in _UNTIL_CLEARED else count}
    if kind in {"slow", "disorder"}:
        wanted["seconds"] = 5 if kind == "slow" else 3
    await _ask("POST", "/faults", json=wanted)


async def clear_faults(scope: Scope, connection_id: UUID) -> None:
    """Let everything work again. Raises as `say`."""
    account = await _account(scope, connection_id, Permission.REPLY)
    await _ask("DELETE", "/faults", query={"account": account["id"]})


async def send_webhook_again(scope: Scope, connection_id: UUID, webhook_id: int) -> None:
    """Send one webhook once more, as providers do. Raises `NotFound` for another account's, and as `say`."""
    account = await _account(scope, connection_id, Permission.REPLY)
    if webhook_id not in {one.id for one in await _webhooks(account["id"], 1000)}:
        raise NotFound("webhook")
    await _ask("POST", f"/webhooks/{webhook_id}/again")


async def _account(scope: Scope, connection_id: UUID, permission: Permission) -> dict[str, Any]:
    """The simulator's account behind a connection: one whose secrets the connection knows.

    Its public number or address would not do: anybody may write that of another business into a connection of their own.
    """
    scope.require(permission)
    async with open_db(scope) as db:
        opened = await open_account(db, connection_id)
    if not opened.is_sandbox:
        raise NotFound("sandbox connection")
    secrets = _secrets(opened)
    found = (await _ask("GET", "/accounts", query={"provider": opened.kind})).get("accounts", [])
    known = [one for one in found if secrets & set(map(str, one["credentials"].values()))]
    if not known:
        raise NotFound("account in the sandbox")
    return dict(max(known, key=lambda one: opened.account_key in map(str, one["credentials"].values())))


def _secrets(opened: Account) -> set[str]:
    values = (getattr(opened.settings, name) for name in type(opened.settings).model_fields)
    return {value.get_secret_value() for value in values if isinstance(value, SecretStr)} - {""}


async def _ask(method: str, path: str, *, query: Mapping[str, str] | None = None, json: Any = None) -> dict[str, Any]:
    env = load_settings()
    token = env.sandbox_token.get_secret_value() if env.sandbox_token else _read_token()
    if not env.sandbox_url or not token:
        raise Unavailable("The sandbox")
    url = f"{env.sandbox_url.rstrip('/')}/control{path}"
    headers = {"authorization": f"Bearer {token}"}
    try:
        answer = await open_http().request(method, url, headers=headers, query=query, json=json, timeout=PATIENCE_SECONDS)
    except Broken as error:
        raise Unavailable("The sandbox") from error
    body = answer.json()
    if answer.status == 400 and isinstance(body, dict):
        raise Invalid(f"The sandbox says: {body.get('error', 'no')}.", "text")
    if answer.status >= 300 or not isinstance(body, dict):
        raise Unavailable(f"The sandbox (answer {answer.status})")
    return body


def _read_token() -> str:
    path = load_settings().home / "sandbox.token"
    return path.read_text().strip() if path.exists() else ""


def _at(seconds: object) -> datetime:
    return datetime.fromtimestamp(float(str(seconds)), UTC)


def _thread(one: Mapping[str, Any]) -> PlayedThread:
    last = one.get("last") or {}
    return PlayedThread(
        address=str(one["address"]),
        name=str(one.get("name", "")),
        last_text=str(last.get("text", ""))[:120],
        last_at=_at(last["at"]) if last.get("at") else None,
    )


def _message(one: Mapping[str, Any]) -> PlayedMessage:
    detail = one.get("detail") or {}
    return PlayedMessage(
        id=str(one["id"]),
        is_ours=one["direction"] == "out",
        kind=str(one["kind"]),
        text=str(one["text"]),
        subject=str(detail.get("subject", "")),
        choices=_choices(detail),
        files=_files(str(one["kind"]), detail),
        state=str(one["state"]),
        at=_at(one["at"]),
        target=_target(detail),
    )


def _target(detail: Mapping[str, Any]) -> str:
    reaction = detail.get("reaction")
    return str(reaction.get("message_id") or reaction.get("mid") or "") if isinstance(reaction, Mapping) else ""


def _choices(detail: Mapping[str, Any]) -> tuple[str, ...]:
    """The titles of quick replies in an interactive message of WhatsApp."""
    action = (detail.get("interactive") or {}).get("action") or {}
    titles = [button.get("reply", {}).get("title", "") for button in action.get("buttons", [])]
    titles += [row.get("title", "") for section in action.get("sections", []) for row in section.get("rows", [])]
    return tuple(filter(None, titles))


def _files(kind: str, detail: Mapping[str, Any]) -> tuple[str, ...]:
    """Of a mail its attachments; elsewhere the name of a document."""
    part = detail.get(kind)
    named = [part] if isinstance(part, Mapping) and part.get("filename") else []
    listed = detail.get("files")
    return tuple(str(one.get("filename") or one.get("name") or "file") for one in [*named, *(listed or [])])


def _webhook(one: Mapping[str, Any]) -> PlayedWebhook:
    tries = one.get("tries") or []
    last = tries[-1] if tries else {}
    return PlayedWebhook(
        id=int(one["id"]),
        hook=str(one["hook"]),
        state=str(one["state"]),
        tries=len(tries),
        status=int(last.get("status") or 0),
        milliseconds=round(float(last.get("ms") or 0)),
        at=_at(one["at"]),
    )
