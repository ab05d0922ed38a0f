"""New passwords: by a mailed link, or by somebody who knows the old one."""

import asyncio
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text

from omni_app import audit
from omni_app.infra.clock import now
from omni_app.infra.crypto import fingerprint, new_secret
from omni_app.infra.database import Db, read_system, system_db
from omni_app.infra.errors import Rejected
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Actor, Client
from omni_app.notices import queue_mail
from omni_app.settings import load_settings
from omni_app.tenancy.checks import check_email
from omni_app.tenancy.models import ResetToken
from omni_app.tenancy.passwords import check_strength, hash_password
from omni_app.tenancy.sessions import Viewer, is_plausible, revoke_all
from omni_app.tenancy.signing_in import check_password

LINK_LIFE = timedelta(hours=1)
LINKS_PER_HOUR = 3
_ANSWER_SECONDS = 0.2
_OLD_LINK = "This link was used already or is too old. Ask for a new one."


async def create_reset_link(db: Db, user_id: UUID, life: timedelta) -> str:
    """The address at which this person may set a password once within `life`; `db` comes from `system_db`."""
    token, created_at = new_secret(), now()
    await db.execute(
        insert(ResetToken.__table__),  # type: ignore[attr-defined]
        {
            "id": new_id(),
            "user_id": user_id,
            "token_hash": fingerprint(token),
            "created_at": created_at,
            "expires_at": created_at + life,
        },
    )
    return f"{load_settings().base_url}/reset/new?token={token}"


async def request_reset(email: str, client: Client = Client()) -> None:
    """Mail a link good for an hour to whoever has this address; the same answer after the same time when nobody has.

    One person gets at most three links an hour, so that nobody's mailbox can be filled. Raise `Invalid` for a malformed address.
    """
    email = check_email(email)
    answer_at = time.monotonic() + _ANSWER_SECONDS
    async with system_db("request a password reset") as db:
        user = (
            await db.execute(
                "select u.id, u.name, (select count(*) from reset_tokens t where t.user_id = u.id and t.created_at > :since)"
                " as links from users u where u.email = :email",
                {"email": email, "since": now() - LINK_LIFE},
            )
        ).one_or_none()
        if user is not None and user.links < LINKS_PER_HOUR:
            link = await create_reset_link(db, user.id, LINK_LIFE)
            await _record(db, user.id, "member.password_reset_requested", client)
            await queue_mail(
                db,
                email,
                "Set a new password for Omni",
                f"Hello {user.name},\n\nset a new password here within the next hour:\n\n{link}\n\n"
                "If you did not ask for this, ignore this mail: your password stays as it is.\n",
            )
    # Writing a mail takes longer than finding nobody; the clock would tell who has an account.
    await asyncio.sleep(max(0.0, answer_at - time.monotonic()))


async def reset_password(token: str, new_password: str, client: Client = Client()) -> None:
    """Set the password of whom the link was mailed to; all their sessions end and a lock is lifted.

    Raise `Rejected` when the link is forged, used or too old, `Invalid` when the password is weak (the link stays good then).
    """
    if not is_plausible(token):
        raise Rejected(_OLD_LINK)
    token_hash = fingerprint(token)
    async with read_system("whose password reset") as connection:
        known = await connection.execute(
            text(
                "select u.email, u.name, array(select b.name from members m join businesses b on b.id = m.business_id"
                " where m.user_id = u.id) as businesses from reset_tokens t join users u on u.id = t.user_id"
                " where t.token_hash = :token_hash and t.used_at is null and t.expires_at > :now"
            ),
            {"token_hash": token_hash, "now": now()},
        )
        user = known.one_or_none()
    if user is None:
        raise Rejected(_OLD_LINK)
    check_strength(new_password, user.email, user.name, *user.businesses)
    password_hash = await hash_password(new_password)
    async with system_db("reset a password") as db:
        used = await db.execute(
            "update reset_tokens set used_at = :now where token_hash = :token_hash and used_at is null and expires_at > :now"
            " returning user_id",
            {"token_hash": token_hash, "now": now()},
        )
        user_id = used.scalar_one_or_none()
        if user_id is None:  # the same link, used twice at the same moment
            raise Rejected(_OLD_LINK)
        await _set_password(db, user_id, password_hash)
        await revoke_all(db, user_id)
        await _record(db, user_id, "member.password_reset", client)
        await _mail_changed(db, user.email, user.name)


async def change_password(viewer: Viewer, old_password: str, new_password: str) -> None:
    """Set a new password; the person's other sessions end, this one stays.

    Raise `Invalid` for a wrong old or a weak new password, `TooMany` after too many wrong ones.
    """
    check_strength(new_password, viewer.email, viewer.name, viewer.business_name)
    await check_password(viewer.email, old_password, "old_password", viewer.client)
    password_hash = await hash_password(new_password)
    async with system_db("change a password") as db:
        await _set_password(db, viewer.user_id, password_hash)
        await revoke_all(db, viewer.user_id, keep=viewer.session_id)
        await _record(db, viewer.user_id, "member.password_changed", viewer.client)
        await _mail_changed(db, viewer.email, viewer.name)


async def _set_password(db: Db, user_id: UUID, password_hash: str) -> None:
    await db.execute(
        "update users set password_hash = :password_hash, password_changed_at = :now, failed_sign_ins = 0, locked_until = null"
        " where id = :user_id",
        {"password_hash": password_hash, "now": now(), "user_id": user_id},
    )
    # Links mailed earlier would set the password back.
    await db.execute(
        # Ended, not used: a used link proves that its reader owns the address.
        "update reset_tokens set expires_at = :now where user_id = :user_id and used_at is null and expires_at > :now",
        {"now": now(), "user_id": user_id},
    )


async def _record(db: Db, user_id: UUID, action: str, client: Client) -> None:
    """A password opens every business the person works for, so each of their trails gets the line."""
    members: Any = await db.execute("select id, business_id, name from members where user_id = :id", {"id": user_id})
    for member in members.all():
        await audit.record(
            db,
            action,
            "member",
            member.id,
            business_id=member.business_id,
            actor=Actor(kind="member", id=member.id, name=member.name),
            client=client,
        )


async def _mail_changed(db: Db, email: str, name: str) -> None:
    await queue_mail(
        db,
        email,
        "Your Omni password was changed",
        f"Hello {name},\n\nyour password was changed just now, and you were signed out elsewhere.\n\n"
        f"If it was not you, set a new one: {load_settings().base_url}/reset\n",
    )
