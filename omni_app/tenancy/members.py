"""Who works for a business, and in which role."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from omni_app import audit
from omni_app.infra.background import start_task
from omni_app.infra.clock import now
from omni_app.infra.database import Db, system_db
from omni_app.infra.errors import Conflict, Forbidden, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission, Scope
from omni_app.notices import queue_mail
from omni_app.settings import load_settings
from omni_app.tenancy.checks import check_email, check_name
from omni_app.tenancy.plans import check_room_for_member
from omni_app.tenancy.resetting import create_reset_link
from omni_app.tenancy.roles import check_role, permissions_of

INVITATION_LIFE = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """One person of the business."""

    id: UUID
    user_id: UUID
    name: str
    email: str
    role: str
    created_at: datetime
    is_me: bool = False


_COLUMNS = "id, user_id, name, email, role, created_at"


async def list_members(db: Db) -> list[MemberRow]:
    """Everyone who works for the business, by name."""
    db.scope.require(Permission.VIEW)
    rows = await db.execute(f"select {_COLUMNS} from members order by lower(name), id")  # noqa: S608 (a constant)
    actor = db.scope.actor
    return [MemberRow(**row._mapping, is_me=actor.kind == "member" and row.id == actor.id) for row in rows]


def _require_over(scope: Scope, role: str) -> None:
    """Only an owner makes, changes or removes an owner."""
    if role == "owner" and Permission.OWN not in scope.permissions:
        raise Forbidden("Only an owner can do this to an owner.")


async def add_member(db: Db, email: str, name: str, role: str) -> MemberRow:
    """Let a person work for the business, and mail them: who has no account yet gets a link to set a password (7 days).

    A system transaction of its own does all of it, because people are not inside one business; it commits before this
    returns. Raise `Conflict` when the plan has no room for them, when the person is a member already, or has an account whose
    e-mail was never confirmed: anyone may have signed up under that address, so its owner gets a link first, and can be added
    once it was used.
    """
    scope = db.scope
    scope.require(Permission.ADMINISTER)
    email, name, role = check_email(email), check_name(name, "name", "The name"), check_role(role)
    _require_over(scope, role)
    member_id, created_at = new_id(), now()
    async with system_db("add a member") as system:
        await system.execute(
            "insert into users (id, email, name, failed_sign_ins, created_at) values (:id, :email, :name, 0, :now)"
            " on conflict (email) do nothing",
            {"id": new_id(), "email": email, "name": name, "now": created_at},
        )
        user = (await system.execute("select id, password_hash from users where email = :email", {"email": email})).one()
        is_proven = user.password_hash is None or await _is_proven(system, user.id, scope.business_id)
        if not is_proven:
            proof = await create_reset_link(system, user.id, INVITATION_LIFE)
            await queue_mail(system, email, "Confirm your e-mail for Omni", _confirmation(name, proof))
    if not is_proven:
        raise Conflict("This account's e-mail was never confirmed. A link went to it; add the person once it was used.")
    async with system_db("add a member") as system:
        known = {"user_id": user.id, "business_id": scope.business_id}
        is_member = await system.execute(
            "select exists (select from members where user_id = :user_id and business_id = :business_id)", known
        )
        if not is_member.scalar_one():
            await check_room_for_member(system, scope.business_id)
        added = await system.execute(
            "insert into members (id, business_id, user_id, name, email, role, created_at)"
            " values (:id, :business_id, :user_id, :name, :email, :role, :now)"
            " on conflict (business_id, user_id) do nothing returning id",
            {
                "id": member_id,
                "business_id": scope.business_id,
                "user_id": user.id,
                "name": name,
                "email": email,
                "role": role,
                "now": created_at,
            },
        )
        if added.scalar_one_or_none() is None:
            raise Conflict("This person works here already.")
        # Sessions of an earlier membership must not come alive again.
        await _end_sessions(system, user.id, scope.business_id)
        link = await create_reset_link(system, user.id, INVITATION_LIFE) if user.password_hash is None else None
        await audit.record(
            system,
            "member.added",
            "member",
            member_id,
            after={"email": email, "name": name, "role": role},
            business_id=scope.business_id,
            actor=scope.actor,
            client=scope.client,
        )
        business = await system.execute("select name from businesses where id = :id", {"id": scope.business_id})
        business_name = business.scalar_one()
        await queue_mail(system, email, f"You work for {business_name} on Omni now", _invitation(name, business_name, role, link))
    return MemberRow(id=member_id, user_id=user.id, name=name, email=email, role=role, created_at=created_at)


async def _is_proven(db: Db, user_id: UUID, business_id: UUID) -> bool:
    """Whether the person used a link from their mail once, or works in this business already."""
    found = await db.execute(
        "select exists (select from reset_tokens where user_id = :id and used_at is not null)"
        " or exists (select from members where user_id = :id and business_id = :business_id)",
        {"id": user_id, "business_id": business_id},
    )
    return bool(found.scalar_one())


def _confirmation(name: str, link: str) -> str:
    return (
        f"Hello {name},\n\nsomebody wants to add you to their business on Omni, and your account's e-mail was never confirmed. "
        f"Set a new password here, then they can add you:\n\n{link}\n\nNothing changes if you do not.\n"
    )


def _invitation(name: str, business_name: str, role: str, link: str | None) -> str:
    how = (
        f"Set your password here within seven days:\n\n{link}\n"
        if link
        else f"Sign in as always and choose {business_name} at the top:\n\n{load_settings().base_url}/\n"
    )
    return f"Hello {name},\n\nyou were added to {business_name} as {role}. {how}"


async def change_role(db: Db, member_id: UUID, role: str) -> MemberRow:
    """Give a member another role. Raise `Conflict` when the business would be left without an owner."""
    db.scope.require(Permission.ADMINISTER)
    check_role(role)
    member = await _lock_member(db, member_id, leaves_owners=role != "owner")
    _require_over(db.scope, role)
    if member.role == role:
        return member
    await db.execute("update members set role = :role where id = :id", {"role": role, "id": member_id})
    await audit.record(db, "member.role_changed", "member", member_id, before={"role": member.role}, after={"role": role})
    return MemberRow(
        id=member.id, user_id=member.user_id, name=member.name, email=member.email, role=role, created_at=member.created_at
    )


async def remove_member(db: Db, member_id: UUID) -> None:
    """End a membership and the person's sessions in this business. Raise `Conflict` for the last owner.

    The sessions are dead from the commit on, because every look-up asks for the membership; their rows are marked just after.
    """
    db.scope.require(Permission.ADMINISTER)
    member = await _lock_member(db, member_id, leaves_owners=True)
    await db.execute("delete from members where id = :id", {"id": member_id})
    await audit.record(
        db,
        "member.removed",
        "member",
        member_id,
        before={"email": member.email, "name": member.name, "role": member.role},
        level="WARNING",
    )
    user_id, business_id = member.user_id, db.scope.business_id

    def end_sessions() -> None:
        start_task(_end_sessions_later(user_id, business_id), "end sessions of a removed member")

    db.after_commit(end_sessions)


async def _lock_member(db: Db, member_id: UUID, *, leaves_owners: bool) -> MemberRow:
    """The member, whom the actor may change. Raise `NotFound`, `Forbidden`, or `Conflict` when it is the last owner who leaves.

    All owners are locked with the member: two owners who demote each other at the same moment come one after the other.
    """
    rows = await db.execute(
        f"select {_COLUMNS} from members where id = :id or id = :actor or role = 'owner' order by id for update",  # noqa: S608
        {"id": member_id, "actor": db.scope.actor.id if db.scope.actor.kind == "member" else None},
    )
    locked = {row.id: MemberRow(**row._mapping) for row in rows}
    member = locked.get(member_id)
    if member is None:
        raise NotFound("member")
    _require_over(_todays_scope(db.scope, locked), member.role)
    if leaves_owners and member.role == "owner" and sum(row.role == "owner" for row in locked.values()) == 1:
        raise Conflict("A business needs an owner. Make somebody else an owner first.")
    return member


def _todays_scope(scope: Scope, locked: dict[UUID, MemberRow]) -> Scope:
    """The actor's scope by the role it has under the lock, not by the one it had when the request began."""
    if scope.actor.kind != "member":
        return scope
    me = locked.get(scope.actor.id) if scope.actor.id else None
    today = Scope(
        business_id=scope.business_id,
        actor=scope.actor,
        permissions=scope.permissions & permissions_of(me.role) if me else frozenset(),
        client=scope.client,
    )
    today.require(Permission.ADMINISTER)
    return today


async def _end_sessions(db: Db, user_id: UUID, business_id: UUID) -> None:
    await db.execute(
        "update sessions set revoked_at = :now where user_id = :user_id and business_id = :business_id and revoked_at is null",
        {"now": now(), "user_id": user_id, "business_id": business_id},
    )


async def _end_sessions_later(user_id: UUID, business_id: UUID) -> None:
    async with system_db("end sessions of a removed member") as db:
        # Added again meanwhile: the sessions alive now are new ones.
        again = await db.execute(
            "select 1 from members where user_id = :user_id and business_id = :business_id",
            {"user_id": user_id, "business_id": business_id},
        )
        if again.first() is None:
            await _end_sessions(db, user_id, business_id)
