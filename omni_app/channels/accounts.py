"""A connection opened for work: its adapter and its settings in clear."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import BaseModel, SecretStr, ValidationError

from omni_app.channels.contract import Adapter, SandboxAddress
from omni_app.channels.registry import load_adapter
from omni_app.infra.crypto import decrypt_system, encrypt_system
from omni_app.infra.database import Db
from omni_app.infra.errors import FieldError, Invalid, NotFound
from omni_app.settings import load_settings

SETTINGS = "channel_connections.settings"

COLUMNS = """id, business_id, kind, channel, name, settings, is_on, is_sandbox, health, paused_until, state, account_key,
  verified_at, allowed_ips"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One connection as adapters need it. `settings` is an instance of the adapter's model."""

    id: UUID
    business_id: UUID
    kind: str
    channel: str
    name: str
    adapter: Adapter
    settings: BaseModel
    is_on: bool
    is_sandbox: bool
    health: str
    paused_until: datetime | None
    state: dict[str, Any]
    account_key: str = ""
    is_verified: bool = False
    allowed_ips: tuple[str, ...] = ()


async def open_account(db: Db, connection_id: UUID) -> Account:
    """The account behind a connection, pointed at the simulator when it is a sandbox one. Raises `NotFound`."""
    found = await db.execute(f"select {COLUMNS} from channel_connections where id = :id", {"id": connection_id})  # noqa: S608
    row = found.one_or_none()
    if row is None:
        raise NotFound("channel connection")
    return account_of(row)


def account_of(row: Any) -> Account:
    """A row of `COLUMNS` as an account."""
    adapter = load_adapter(row.kind)
    settings = unseal_settings(adapter, row.settings)
    if row.is_sandbox and (sandbox := sandbox_address()) is not None:
        settings = adapter.at_sandbox(settings, sandbox)
    return Account(
        id=row.id,
        business_id=row.business_id,
        kind=row.kind,
        channel=row.channel,
        name=row.name,
        adapter=adapter,
        settings=settings,
        is_on=row.is_on,
        is_sandbox=row.is_sandbox,
        health=row.health,
        paused_until=row.paused_until,
        state=dict(row.state),
        account_key=row.account_key,
        is_verified=row.verified_at is not None,
        allowed_ips=tuple(row.allowed_ips),
    )


def is_at_provider(account: Account) -> bool:
    """Whether the settings lead to the provider itself, a sandbox connection's to the simulator: a server that somebody named in
    them says whatever they like."""
    if account.is_sandbox and sandbox_address() is not None:
        return True
    for name, info in type(account.settings).model_fields.items():
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        trusted = extra.get("trusted")
        if isinstance(trusted, list) and getattr(account.settings, name) not in trusted:
            return False
    return True


def sandbox_address() -> SandboxAddress | None:
    """Where the simulator of this deployment answers, None when there is none."""
    env = load_settings()
    if not env.sandbox_url:
        return None
    return SandboxAddress(
        http=env.sandbox_url.rstrip("/"),
        host=urlsplit(env.sandbox_url).hostname or "127.0.0.1",
        smtp_port=env.sandbox_smtp_port,
        imap_port=env.sandbox_imap_port,
    )


def read_settings(adapter: Adapter, values: dict[str, Any]) -> BaseModel:
    """The adapter's model filled with what somebody wrote. Raises `Invalid` naming each field in the reader's words."""
    try:
        return adapter.settings_model.model_validate(values)
    except ValidationError as error:
        problems = [FieldError(field=_field(problem["loc"]), message=_words(problem)) for problem in error.errors()]
        raise Invalid("Some fields cannot be accepted.", fields=problems) from error


def _field(location: tuple[int | str, ...]) -> str:
    return str(location[0]) if location else "settings"


def _words(problem: Any) -> str:
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "missing" or (kind == "string_too_short" and not problem.get("input")):
        return "This field is needed."
    if kind == "string_too_short":
        return f"This needs at least {context.get('min_length')} characters."
    if kind == "string_too_long":
        return f"This takes at most {context.get('max_length')} characters."
    if kind == "string_pattern_mismatch":
        return "This does not have the expected form."
    if kind in {"int_parsing", "int_type"}:
        return "This must be a whole number."
    if kind in {"bool_parsing", "bool_type"}:
        return "Use true or false."
    return str(problem["msg"]).removeprefix("Value error, ")


def seal_settings(settings: BaseModel) -> str:
    """The settings with their secrets as one encrypted value for the row."""
    plain = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in settings.model_dump(mode="python").items()
    }
    return encrypt_system(json.dumps(plain, default=str), SETTINGS)


def unseal_settings(adapter: Adapter, sealed: str) -> BaseModel:
    """What `seal_settings` sealed. A field that is new since takes its default."""
    return adapter.settings_model.model_validate(json.loads(decrypt_system(sealed, SETTINGS)))
