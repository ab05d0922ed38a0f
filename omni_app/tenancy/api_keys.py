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


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """One key as the settings page shows it. `prefix` is its beginning, to recognise it by."""

    id: UUID
    name: str
    prefix: str
    role: str
    created_by: UUID | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    @property
    def is_active(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now())


async def create_key(db: Db, name: str, expires_at: datetime | None = None, role: str = "admin") -> tuple[KeyRow, str]:
    """A new key and its secret, which nobody can read again. It may do what `role` may, at most what its maker may.

    Raise `Invalid` naming `name`, `expires_at` (aware, in the future) or `role`, `Forbidden` for a role above the maker's.
    """
    db.scope.require(Permission.CONFIGURE)
    name, role = check_name(name, "name", "The name"), check_role(role)
    if not permissions_of(role) <= db.scope.permissions:
        raise Forbidden("A key cannot do more than you can.")
    if expires_at is not None and (expires_at.tzinfo is None or expires_at <= now()):
        raise Invalid("Choose a moment in the future.", field="expires_at")
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
        },
    )
    await audit.record(db, "api_key.created", "api_key", row.id, after={"name": name, "role": role, "begins": row.prefix})
    return row, secret


async def list_keys(db: Db) -> list[KeyRow]:
    """All keys of the business, newest first, the revoked ones too."""
    db.scope.require(Permission.CONFIGURE)
    rows = await db.execute(
        "select id, name, prefix, role, created_by, created_at, expires_at, revoked_at, last_used_at from api_keys"
        " order by created_at desc, id desc"
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
    "select id, business_id, name, role, last_used_at from api_keys"
    " where secret_hash = :secret_hash and revoked_at is null and (expires_at is null or expires_at > :now)"
)


async def find_key_scope(secret: str, client: Client = Client()) -> Scope:
    """The scope of a program with this key; one statement. Raise `SignedOut` when it is forged, revoked or expired."""
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
    return Scope(
        business_id=row.business_id,
        actor=Actor(kind="api_key", id=row.id, name=row.name),
        permissions=permissions_of(row.role),
        client=client,
    )


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
