"""A business's accounts at providers: connect, change, switch off, remove."""

import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, SecretStr
from sqlalchemy import text

from omni_app import audit
from omni_app.channels.accounts import COLUMNS, account_of, read_settings, seal_settings, unseal_settings
from omni_app.channels.contract import Adapter
from omni_app.channels.jobs import HandleEvent
from omni_app.channels.registry import all_adapters, load_adapter
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.crypto import decrypt_system, encrypt_system, fingerprint, new_secret
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.jobs import enqueue
from omni_app.infra.scope import Permission
from omni_app.settings import load_settings

TOKEN = "channel_connections.token"  # noqa: S105 (a name, not a secret)
MOST_CONNECTIONS = 50
MOST_VALUE = 8_000

_LIST = f"select {COLUMNS}, token, health_detail, health_at, version, created_at from channel_connections"  # noqa: S608

_INSERT = text(
    """
    insert into channel_connections (id, business_id, kind, channel, name, settings, account_key, token, token_index, is_on,
      is_sandbox, allowed_ips, verified_at, health, health_detail, failures, state, version, created_at, updated_at)
    values (:id, :business_id, :kind, :channel, :name, :settings, :account_key, :token, :token_index, true, :is_sandbox,
      cast(:allowed_ips as jsonb), null, 'untested', '', 0, '{}', 1, :now, :now)
    """
)
# Other secrets or another account have to be proven anew; a new name has not.
_UPDATE = text(
    """
    update channel_connections set name = :name, settings = :settings, account_key = cast(:account_key as text),
      allowed_ips = cast(:allowed_ips as jsonb), version = version + 1, updated_at = :now,
      verified_at = case when account_key = cast(:account_key as text) and not cast(:is_changed as boolean) then verified_at end,
      health = case when cast(:is_changed as boolean) then 'untested' else health end,
      health_detail = case when cast(:is_changed as boolean) then '' else health_detail end,
      failures = case when cast(:is_changed as boolean) then 0 else failures end,
      paused_until = case when cast(:is_changed as boolean) then null else paused_until end,
      state = case when account_key = cast(:account_key as text) then state else '{}' end
    where id = :id and version = :version returning id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookAddress:
    """One address to give to the provider."""

    path: str
    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionView:
    """A connection as its page shows it. `values` {field: text} are without secrets; `has` names the secrets that are set.

    `health`: untested, ok, failing, revoked. `webhooks` carry the unguessable token. `made` {field: word} are those words that
    Omni makes and the provider is given.
    """

    id: UUID
    kind: str
    channel: str
    name: str
    is_on: bool
    is_sandbox: bool
    health: str
    health_detail: str
    health_at: datetime | None
    account_key: str
    is_verified: bool
    version: int
    created_at: datetime
    values: Mapping[str, str]
    has: frozenset[str]
    allowed_ips: tuple[str, ...]
    webhooks: tuple[WebhookAddress, ...]
    made: Mapping[str, str] = field(default_factory=dict)


async def create_connection(
    db: Db,
    kind: str,
    name: str,
    values: Mapping[str, str],
    *,
    is_sandbox: bool = False,
    allowed_ips: Sequence[str] = (),
) -> UUID:
    """Connect an account; it is not tested yet (`checking.check_connection`). `values` are texts by field of the adapter's model.

    Raises `Invalid` with each wrong field, `NotFound` for an unknown kind, `Forbidden` without CONFIGURE.
    """
    db.scope.require(Permission.CONFIGURE)
    adapter = load_adapter(kind)
    settings = read_settings(adapter, _with_made(adapter, _given(values)))
    count = (await db.execute("select count(*) from channel_connections")).scalar_one()
    if count >= MOST_CONNECTIONS:
        raise Conflict(f"A business connects at most {MOST_CONNECTIONS} accounts.")
    connection_id, token = new_id(), new_secret(nbytes=24)
    await db.execute(
        _INSERT,
        {
            "id": connection_id,
            "business_id": db.scope.business_id,
            "kind": kind,
            "channel": adapter.channel,
            "name": check_name(name),
            "settings": seal_settings(settings),
            "account_key": adapter.account_key(settings),
            "token": encrypt_system(token, TOKEN),
            "token_index": fingerprint(token),
            "is_sandbox": is_sandbox,
            "allowed_ips": json.dumps(check_networks(allowed_ips)),
            "now": now(),
        },
    )
    after = {"kind": kind, "name": name, "account": adapter.account_key(settings)}
    await audit.record(db, "channel.connected", "channel", connection_id, after=after)
    live.publish(db, "channel.changed", connection_id=connection_id)
    return connection_id


async def update_connection(
    db: Db,
    connection_id: UUID,
    name: str,
    values: Mapping[str, str],
    version: int,
    *,
    allowed_ips: Sequence[str] | None = None,
) -> None:
    """Change an account; a secret left empty stays as it is, unless it would go to another server now. What changed in the
    settings has to be tested anew.

    Raises `Invalid`, `Conflict` when somebody changed it since `version`, `NotFound`, `Forbidden`.
    """
    db.scope.require(Permission.CONFIGURE)
    row = await _load(db, connection_id)
    adapter = load_adapter(row.kind)
    old = unseal_settings(adapter, row.settings)
    kept = {name: value.get_secret_value() for name, value in _secrets(old).items() if not str(values.get(name, "")).strip()}
    settings = read_settings(adapter, _with_made(adapter, {**_given(values), **kept}))
    _check_destinations(old, settings, kept)
    networks = row.allowed_ips if allowed_ips is None else check_networks(allowed_ips)
    is_changed = settings != old
    changed = await db.execute(
        _UPDATE,
        {
            "id": connection_id,
            "version": version,
            "name": check_name(name),
            "settings": seal_settings(settings),
            "account_key": adapter.account_key(settings),
            "allowed_ips": json.dumps(networks),
            "is_changed": is_changed,
            "now": now(),
        },
    )
    if changed.one_or_none() is None:
        raise Conflict("Somebody changed this connection meanwhile. Look at it again, then save.")
    secrets = sorted(field for field in _secrets(settings) if getattr(settings, field) != getattr(old, field, None))
    await audit.record(
        db,
        "channel.changed",
        "channel",
        connection_id,
        before={"name": row.name, "account": row.account_key, "allowed_ips": row.allowed_ips},
        after={"name": name, "account": adapter.account_key(settings), "allowed_ips": networks, "new_secrets": secrets},
    )
    live.publish(db, "channel.changed", connection_id=connection_id)


async def switch_connection(db: Db, connection_id: UUID, is_on: bool) -> None:
    """Switch an account on or off. Off: nothing goes out over it; what comes in is kept and answered once it is on.

    Raises `NotFound`, `Forbidden`.
    """
    db.scope.require(Permission.CONFIGURE)
    changed = await db.execute(
        """update channel_connections set is_on = :is_on, version = version + 1, updated_at = :now, failures = 0,
             paused_until = null where id = :id returning name""",
        {"id": connection_id, "is_on": is_on, "now": now()},
    )
    name = changed.scalar_one_or_none()
    if name is None:
        raise NotFound("channel connection")
    if is_on:
        await ask_for_waiting(db, connection_id)
    await audit.record(
        db, "channel.switched_on" if is_on else "channel.switched_off", "channel", connection_id, after={"name": name}
    )
    live.publish(db, "channel.changed", connection_id=connection_id)


async def ask_for_waiting(db: Db, connection_id: UUID) -> None:
    """Have what came in while the account was off handled now."""
    waiting = await db.execute(
        "select id from channel_events where connection_id = :id and status = 'new' order by received_at limit 10000",
        {"id": connection_id},
    )
    for event_id in waiting.scalars().all():
        await enqueue(db, HandleEvent(event_id=event_id))


async def remove_connection(db: Db, connection_id: UUID) -> None:
    """Remove an account with what its provider sent; conversations stay. Raises `NotFound`, `Forbidden` without ADMINISTER."""
    db.scope.require(Permission.ADMINISTER)
    removed = await db.execute(
        "delete from channel_connections where id = :id returning name, kind, account_key", {"id": connection_id}
    )
    row = removed.one_or_none()
    if row is None:
        raise NotFound("channel connection")
    before = {"name": row.name, "kind": row.kind, "account": row.account_key}
    await audit.record(db, "channel.removed", "channel", connection_id, before=before, level="WARNING")
    live.publish(db, "channel.changed", connection_id=connection_id)


async def list_connections(db: Db) -> list[ConnectionView]:
    """All accounts of the business, by channel and name. Raises `Forbidden`."""
    db.scope.require(Permission.CONFIGURE)
    rows = await db.execute(f"{_LIST} order by channel, lower(name), created_at")
    return [_view(row) for row in rows if row.kind in all_adapters()]


async def load_connection(db: Db, connection_id: UUID) -> ConnectionView:
    """One account. Raises `NotFound`, `Forbidden`."""
    db.scope.require(Permission.CONFIGURE)
    return _view(await _load(db, connection_id))


async def _load(db: Db, connection_id: UUID) -> Any:
    row = (await db.execute(f"{_LIST} where id = :id", {"id": connection_id})).one_or_none()
    if row is None:
        raise NotFound("channel connection")
    return row


def _view(row: Any) -> ConnectionView:
    adapter = load_adapter(row.kind)
    settings = unseal_settings(adapter, row.settings)
    secrets = _secrets(settings)
    shown = {name: value for name, value in settings.model_dump(mode="json").items() if name not in secrets}
    account = account_of(row)
    return ConnectionView(
        id=row.id,
        kind=row.kind,
        channel=row.channel,
        name=row.name,
        is_on=row.is_on,
        is_sandbox=row.is_sandbox,
        health=row.health,
        health_detail=row.health_detail,
        health_at=row.health_at,
        account_key=row.account_key,
        is_verified=account.is_verified,
        version=row.version,
        created_at=row.created_at,
        values={name: _text(value) for name, value in shown.items()},
        has=frozenset(name for name, value in secrets.items() if value.get_secret_value()),
        allowed_ips=account.allowed_ips,
        webhooks=webhook_addresses(adapter, decrypt_system(row.token, TOKEN)),
        made={name: secrets[name].get_secret_value() for name in _made_fields(adapter) if name in secrets},
    )


def webhook_addresses(adapter: Adapter, token: str) -> tuple[WebhookAddress, ...]:
    """The addresses a provider is given for one connection."""
    base = load_settings().base_url
    return tuple(
        WebhookAddress(path=hook.path, title=hook.title, url=f"{base}/webhooks/{hook.path}/{token}") for hook in adapter.webhooks
    )


def check_name(name: str) -> str:
    """A connection's name, 1 to 80 characters. Raises `Invalid` (field `name`)."""
    cleaned = " ".join(name.replace("\x00", "").split())
    if not 1 <= len(cleaned) <= 80:
        raise Invalid("Give it a name of 1 to 80 characters.", "name")
    return cleaned


def check_networks(networks: Sequence[str]) -> list[str]:
    """Addresses or CIDR ranges, normalised; empty lines are left out. Raises `Invalid` (field `allowed_ips`)."""
    found = []
    for one in networks:
        if not one.strip():
            continue
        try:
            found.append(str(ipaddress.ip_network(one.strip(), strict=False)))
        except ValueError as error:
            raise Invalid(f"“{one.strip()[:50]}” is not an address or a range like 203.0.113.0/24.", "allowed_ips") from error
    if len(found) > 200:
        raise Invalid("At most 200 ranges.", "allowed_ips")
    return found


def _given(values: Mapping[str, str]) -> dict[str, Any]:
    """What was written, trimmed; an empty text stands for the field's default."""
    given = {}
    for name, value in values.items():
        if not isinstance(value, str):
            given[name] = value
            continue
        cleaned = value.replace("\x00", "").strip()
        if len(cleaned) > MOST_VALUE:
            raise Invalid(f"This takes at most {MOST_VALUE:,} characters.", name)
        if cleaned:
            given[name] = cleaned
    return given


def _made_fields(adapter: Adapter) -> list[str]:
    """The fields whose value Omni makes when nobody wrote one; whoever sets the provider up copies it from here."""
    fields = adapter.settings_model.model_fields.items()
    return [name for name, info in fields if isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get("made")]


def _with_made(adapter: Adapter, given: dict[str, Any]) -> dict[str, Any]:
    missing = (name for name in _made_fields(adapter) if not str(given.get(name, "")).strip())
    return {**given, **{name: new_secret(nbytes=24) for name in missing}}


def _check_destinations(old: BaseModel, new: BaseModel, kept: Mapping[str, str]) -> None:
    """Whoever may change the server must not learn a secret they never saw: it is asked for again."""
    for name, info in type(new).model_fields.items():
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        receives, trusted = extra.get("receives"), extra.get("trusted")
        is_trusted = isinstance(trusted, list) and getattr(new, name) in trusted
        if not isinstance(receives, list) or is_trusted or getattr(new, name) == getattr(old, name):
            continue
        for secret in receives:
            if kept.get(str(secret)):
                raise Invalid(f"“{info.title}” has changed, so enter this again: it goes to another server now.", str(secret))


def _secrets(settings: BaseModel) -> dict[str, SecretStr]:
    return {name: value for name, value in ((n, getattr(settings, n)) for n in type(settings).model_fields) if _is_secret(value)}


def _is_secret(value: object) -> bool:
    return isinstance(value, SecretStr)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "\n".join(str(one) for one in value)
    return "" if value is None else str(value)
