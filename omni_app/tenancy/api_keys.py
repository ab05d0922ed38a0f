"""Keys for programs: `ebk_` and 256 random bits, shown once, kept as SHA-256."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import insert, text

from omni_app import audit
from omni_app.infra.background import start_task
from omni_app.infra.clock import now
from omni_app.infra.crypto import fingerprint, new_secret
from omni_app.infra.database import Db, read_system, system_db
from omni_app.infra.errors import Forbidden, Invalid, NotFound, SignedOut
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Actor, Client, Permission, Scope
from omni_app.tenancy.checks import check_name
from omni_app.tenancy.models import ApiKey
from omni_app.tenancy.roles import check_role, permissions_of

PREFIX = "ebk_"
_SHOWN = 12
_NOTED_EVERY = timedelta(minutes=1)
_MOST_CALLS = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """One key as the settings page shows it. `prefix` is its beginning, to recognise it by; `calls_per_hour` None: the plan's."""

    id: UUID
    name: str
    prefix: str
    role: str
    created_by: UUID | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    calls_per_hour: int | None = None

    @property
    def is_active(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now())


async def create_key(
    db: Db, name: str, expires_at: datetime | None = None, role: str = "admin", calls_per_hour: int | None = None
) -> tuple[KeyRow, str]:
    """A new key and its secret, which nobody can read again. It may do what `role` may, at most what its maker may.

    `calls_per_hour` (1 to 10,000,000) replaces the number of the plan. Raise `Invalid` naming `name`, `expires_at` (aware, in the
    future), `role` or `calls_per_hour`, `Forbidden` for a role above the maker's.
    """
    db.scope.require(Permission.CONFIGURE)
    name, role = check_name(name, "name", "The name"), check_role(role)
    if not permissions_of(role) <= db.scope.permissions:
        raise Forbidden("A key cannot do more than you can.")
    if expires_at is not None and (expires_at.tzinfo is None or expires_at <= now()):
        raise Invalid("Choose a moment in the future.", field="expires_at")
    if calls_per_hour is not None and (type(calls_per_hour) is not int or not 1 <= calls_per_hour <= _MOST_CALLS):
        raise Invalid(f"Write a whole number from 1 to {_MOST_CALLS:,}.", field="calls_per_hour")
    secret = new_secret(PREFIX)
    actor = db.scope.actor
    row = KeyRow(
        id=new_id(),
        name=name,
        prefix=secret[:_SHOWN],
        role=role,
        created_by=actor.id if actor.kind == "member" else None,
        created_at=now(),
        expires_at=expires_at,
        revoked_at=None,
        last_used_at=None,
        calls_per_hour=calls_per_hour,
    )
    await db.execute(
        insert(ApiKey.__table__),  # type: ignore[attr-defined]
        {
            "id": row.id,
            "business_id": db.scope.business_id,
            "name": name,
            "prefix": row.prefix,
            "secret_hash": fingerprint(secret),
            "role": role,
            "created_by": row.created_by,
            "created_at": row.created_at,
            "expires_at": expires_at,
            "calls_per_hour": calls_per_hour,
        },
    )
    after = {"name": name, "role": role, "begins": row.prefix}
    if calls_per_hour is not None:
        after["calls_per_hour"] = str(calls_per_hour)
    await audit.record(db, "api_key.created", "api_key", row.id, after=after)
    return row, secret


async def list_keys(db: Db) -> list[KeyRow]:
    """All keys of the business, newest first, the revoked ones too."""
    db.scope.require(Permission.CONFIGURE)
    rows = await db.execute(
        "select id, name, prefix, role, created_by, created_at, expires_at, revoked_at, last_used_at, calls_per_hour"
        " from api_keys order by created_at desc, id desc"
    )
    return [KeyRow(**row._mapping) for row in rows]


async def revoke_key(db: Db, key_id: UUID) -> None:
    """End a key at once. Raise `NotFound` when it is not of this business or has ended already."""
    db.scope.require(Permission.CONFIGURE)
    ended = await db.execute(
        "update api_keys set revoked_at = :now where id = :id and revoked_at is null returning name",
        {"now": now(), "id": key_id},
    )
    name = ended.scalar_one_or_none()
    if name is None:
        raise NotFound("key")
    await audit.record(db, "api_key.revoked", "api_key", key_id, before={"name": name}, level="WARNING")


_FIND = text(
    "select k.id, k.business_id, k.name, k.role, k.last_used_at, k.calls_per_hour, b.plan"
    " from api_keys k join businesses b on b.id = k.business_id"
    " where k.secret_hash = :secret_hash and k.revoked_at is null and (k.expires_at is null or k.expires_at > :now)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHolder:
    """A program that showed a valid key: its scope, the plan of its business, and the key's own limit if it has one."""

    scope: Scope
    plan: str
    calls_per_hour: int | None


async def find_key_scope(secret: str, client: Client = Client()) -> Scope:
    """The scope of a program with this key. Raise `SignedOut` when it is forged, revoked or expired."""
    return (await find_key_holder(secret, client)).scope


async def find_key_holder(secret: str, client: Client = Client()) -> KeyHolder:
    """Who shows this key; one statement. Raise `SignedOut` when it is forged, revoked or expired."""
    if not isinstance(secret, str) or not secret.startswith(PREFIX) or not 20 <= len(secret) <= 100 or not secret.isascii():
        raise SignedOut("This API key is not valid.")
    at = now()
    async with read_system("whose API key") as connection:
        row = (await connection.execute(_FIND, {"secret_hash": fingerprint(secret), "now": at})).one_or_none()
    if row is None:
        raise SignedOut("This API key is not valid.")
    if (row.last_used_at is None or at - row.last_used_at >= _NOTED_EVERY) and row.id not in _noting:
        _noting.add(row.id)
        start_task(_note_use(row.id, at), "note the use of an API key")
    scope = Scope(
        business_id=row.business_id,
        actor=Actor(kind="api_key", id=row.id, name=row.name),
        permissions=permissions_of(row.role),
        client=client,
    )
    return KeyHolder(scope=scope, plan=row.plan, calls_per_hour=row.calls_per_hour)


_noting: set[UUID] = set()
"""Keys whose use is being written now: a burst of first requests writes once."""


async def _note_use(key_id: UUID, at: datetime) -> None:
    try:
        async with system_db("note the use of an API key") as db:
            await db.execute(
                "update api_keys set last_used_at = :at where id = :id and (last_used_at is null or last_used_at < :at)",
                {"at": at, "id": key_id},
            )
    finally:
        _noting.discard(key_id)
