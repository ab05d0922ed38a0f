"""Sessions: who is behind a request, and ending that.

A session row starts as a ticket of seconds (`start_session`), becomes a cookie (`signing_in.complete_sign_in`) and is looked up
on every request and event (`find_viewer`), so revoking it, removing the member or changing the role works at once.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import insert, text

from omni_app import audit
from omni_app.infra.clock import now
from omni_app.infra.crypto import fingerprint, new_secret
from omni_app.infra.database import Db, read_system, system_db
from omni_app.infra.errors import NotFound, SignedOut
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Actor, Client, Permission, Scope
from omni_app.tenancy.models import Session
from omni_app.tenancy.roles import permissions_of

TICKET_LIFE = timedelta(seconds=30)
# The cookie of the pages; it holds the token.
COOKIE = "omni_session"
SESSION_LIFE = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A signed-in person in one business. `email` is the address the person signs in with, which no colleague can change."""

    user_id: UUID
    member_id: UUID
    session_id: UUID
    name: str
    email: str
    role: str
    business_id: UUID
    business_name: str
    permissions: frozenset[Permission]
    client: Client = field(default=Client(), repr=False)

    @property
    def actor(self) -> Actor:
        return Actor(kind="member", id=self.member_id, name=self.name)

    def scope(self, client: Client | None = None) -> Scope:
        """The scope of this person's work; `client` defaults to the one the person was found with."""
        return Scope(business_id=self.business_id, actor=self.actor, permissions=self.permissions, client=client or self.client)


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessChoice:
    """One business a person works for."""

    id: UUID
    name: str
    role: str
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """One place where a person is signed in."""

    id: UUID
    business_name: str
    ip: str | None
    user_agent: str | None
    created_at: datetime
    expires_at: datetime
    is_current: bool


def is_plausible(token: str) -> bool:
    """Whether `token` can be one of ours at all, so that junk is refused before it is hashed or looked up."""
    return isinstance(token, str) and 20 <= len(token) <= 100 and token.isascii()


async def start_session(db: Db, user_id: UUID, business_id: UUID, client: Client) -> str:
    """Write a session that is only a ticket yet, good for 30 seconds and once; `db` comes from `system_db`."""
    ticket, created_at = new_secret(), now()
    await db.execute(
        insert(Session.__table__),  # type: ignore[attr-defined]
        {
            "id": new_id(),
            "user_id": user_id,
            "business_id": business_id,
            "ticket_hash": fingerprint(ticket),
            "ticket_expires_at": created_at + TICKET_LIFE,
            "ip": client.ip,
            "user_agent": (client.user_agent or "")[:300] or None,
            "created_at": created_at,
            # A ticket nobody redeems leaves no session behind.
            "expires_at": created_at + TICKET_LIFE,
        },
    )
    return ticket


_FIND = text(
    """
    select s.id as session_id, s.user_id, s.business_id, u.email, m.id as member_id, m.name, m.role, b.name as business_name
      from sessions s
      join users u on u.id = s.user_id
      join members m on m.user_id = s.user_id and m.business_id = s.business_id
      join businesses b on b.id = s.business_id
     where s.token_hash = :token_hash and s.revoked_at is null and s.expires_at > :now
    """
)


async def find_viewer(token: str, client: Client = Client()) -> Viewer | None:
    """Who holds the session `token`: None when it is forged, revoked, expired, or the person is no member any more."""
    if not is_plausible(token):
        return None
    async with read_system("who holds this session") as connection:
        result = await connection.execute(_FIND, {"token_hash": fingerprint(token), "now": now()})
        row = result.one_or_none()
    if row is None:
        return None
    return Viewer(**row._mapping, permissions=permissions_of(row.role), client=client)


async def load_viewer(token: str, client: Client = Client()) -> Viewer:
    """Like `find_viewer`, but raise `SignedOut` when there is nobody."""
    viewer = await find_viewer(token, client)
    if viewer is None:
        raise SignedOut
    return viewer


async def list_businesses(viewer: Viewer) -> list[BusinessChoice]:
    """The businesses this person works for, by name."""
    async with read_system("businesses of a person") as connection:
        rows = await connection.execute(
            text(
                "select b.id, b.name, m.role from members m join businesses b on b.id = m.business_id"
                " where m.user_id = :user_id order by lower(b.name), b.id"
            ),
            {"user_id": viewer.user_id},
        )
        return [BusinessChoice(**row._mapping, is_current=row.id == viewer.business_id) for row in rows]


async def list_sessions(viewer: Viewer) -> list[SessionRow]:
    """Where this person is signed in, in any business, newest first."""
    async with read_system("sessions of a person") as connection:
        rows = await connection.execute(
            text(
                "select s.id, b.name as business_name, s.ip, s.user_agent, s.created_at, s.expires_at from sessions s"
                " join businesses b on b.id = s.business_id"
                " where s.user_id = :user_id and s.token_hash is not null and s.revoked_at is null and s.expires_at > :now"
                " order by s.created_at desc, s.id desc"
            ),
            {"user_id": viewer.user_id, "now": now()},
        )
        return [SessionRow(**row._mapping, is_current=row.id == viewer.session_id) for row in rows]


async def sign_out(token: str, client: Client = Client()) -> None:
    """End the session of `token`; nothing happens when it has ended already."""
    viewer = await find_viewer(token, client)
    if viewer is not None:
        await _revoke(viewer, viewer.session_id, "member.signed_out")


async def revoke_session(viewer: Viewer, session_id: UUID) -> None:
    """End one of the person's own sessions. Raise `NotFound` when it is somebody else's or has ended."""
    if not await _revoke(viewer, session_id, "member.session_revoked"):
        raise NotFound("session")


async def _revoke(viewer: Viewer, session_id: UUID, action: str) -> bool:
    async with system_db("end a session") as db:
        ended = await db.execute(
            "update sessions set revoked_at = :now"
            " where id = :id and user_id = :user_id and revoked_at is null and expires_at > :now returning business_id",
            {"id": session_id, "user_id": viewer.user_id, "now": now()},
        )
        business_id = ended.scalar_one_or_none()
        if business_id is None:
            return False
        await audit.record(db, action, "session", session_id, business_id=business_id, actor=viewer.actor, client=viewer.client)
    return True


async def revoke_all(db: Db, user_id: UUID, *, keep: UUID | None = None) -> int:
    """End all sessions and unused tickets of a person, except the session `keep`; `db` comes from `system_db`."""
    ended = await db.execute(
        "update sessions set revoked_at = :now where user_id = :user_id and revoked_at is null"
        " and id is distinct from cast(:keep as uuid) returning id",
        {"user_id": user_id, "now": now(), "keep": keep},
    )
    return len(ended.all())


async def switch_business(token: str, business_id: UUID, client: Client = Client()) -> None:
    """Move the session of `token` to another business of the same person.

    Raise `SignedOut` when nobody holds the token, `NotFound` when the person does not work there.
    """
    viewer = await load_viewer(token, client)
    async with system_db("switch the business of a session") as db:
        member = (
            await db.execute(
                "select id, name from members where user_id = :user_id and business_id = :business_id",
                {"user_id": viewer.user_id, "business_id": business_id},
            )
        ).one_or_none()
        if member is None:
            raise NotFound("business")
        await db.execute(
            "update sessions set business_id = :business_id where id = :id and revoked_at is null",
            {"business_id": business_id, "id": viewer.session_id},
        )
        await audit.record(
            db,
            "member.switched_business",
            "session",
            viewer.session_id,
            business_id=business_id,
            actor=Actor(kind="member", id=member.id, name=member.name),
            client=client,
        )
