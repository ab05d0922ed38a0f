"""Sign in with e-mail and password: first a ticket of seconds, then the session behind a cookie.

Only an HTTP answer can set an HttpOnly cookie, so the form gets a ticket and `/auth/complete` trades it. Unknown people cost the
same statements and the same hash as known ones. An attempt is counted before the password is looked at and forgiven when it was
right: a hundred guesses at the same moment are a hundred attempts, not one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.infra.clock import now
from omni_app.infra.crypto import fingerprint, new_secret
from omni_app.infra.database import Db, system_db
from omni_app.infra.errors import Invalid, Rejected, SignedOut, TooMany
from omni_app.infra.scope import Actor, Client
from omni_app.notices import queue_mail
from omni_app.settings import load_settings
from omni_app.tenancy.checks import check_email
from omni_app.tenancy.passwords import hash_password, is_outdated, verify_password
from omni_app.tenancy.sessions import SESSION_LIFE, is_plausible, start_session

ATTEMPTS = 5
"""Wrong passwords in a row before the first lock of a minute; each further one doubles it, up to an hour."""

WRONG = "The e-mail address or the password is wrong."

# The most recently used business comes first, so that signing in again leads to where the person was.
_PERSON = text(
    """
    select u.id as user_id, u.email, u.name as user_name, u.locked_until, m.id as member_id, m.business_id, m.name
      from users u
      left join lateral (
        select m.id, m.business_id, m.name from members m
         where m.user_id = u.id and (cast(:business_id as uuid) is null or m.business_id = :business_id)
         order by (select max(s.created_at) from sessions s where s.user_id = u.id and s.business_id = m.business_id)
               desc nulls last, m.created_at
         limit 1
      ) m on true
     where u.email = :email
    """
)

_ATTEMPT = text(
    f"""
    update users
       set failed_sign_ins = failed_sign_ins + 1,
           locked_until = case when failed_sign_ins + 1 >= {ATTEMPTS}
             then :now + least(interval '1 hour', interval '1 minute' * power(2, least(failed_sign_ins + 1 - {ATTEMPTS}, 10))) end
     where email = :email and (locked_until is null or locked_until <= :now)
    returning failed_sign_ins, locked_until, password_hash
    """  # noqa: S608 (a constant)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """A counted attempt. `password_hash` is None for unknown people and those who never set a password."""

    person: Any
    failed: int
    locked_until: datetime | None
    password_hash: str | None

    @property
    def actor(self) -> Actor:
        if self.person is None:
            return Actor(kind="member", name="somebody unknown")
        return Actor(kind="member", id=self.person.member_id, name=self.person.name or self.person.user_name)


async def sign_in(email: str, password: str, client: Client = Client(), business_id: UUID | None = None) -> str:
    """A ticket for `complete_sign_in`; into `business_id`, else into the business used last.

    Raise `Invalid` for a malformed e-mail, `Rejected` for wrong words or a person without a business, `TooMany` when locked.
    """
    attempt = await _prove(check_email(email), password, client, business_id)
    person = attempt.person
    async with system_db("sign in") as db:
        await _forgive(db, attempt, password)
        if person.member_id is not None:
            ticket = await start_session(db, person.user_id, person.business_id, client)
            await audit.record(
                db,
                "member.signed_in",
                "member",
                person.member_id,
                business_id=person.business_id,
                actor=attempt.actor,
                client=client,
            )
            return ticket
    raise Rejected("You do not work for this business." if business_id else "This account belongs to no business any more.")


async def check_password(email: str, password: str, field: str, client: Client = Client()) -> None:
    """Raise `Invalid` for `field` unless this is the person's password; counts like a sign-in, so `TooMany` may come."""
    try:
        attempt = await _prove(email, password, client, None)
    except Rejected as error:
        raise Invalid("This is not your password.", field=field) from error
    async with system_db("check a password") as db:
        await _forgive(db, attempt, password)


async def _prove(email: str, password: str, client: Client, business_id: UUID | None) -> _Attempt:
    """The counted attempt of a person whose password this is. Raise `Rejected` or `TooMany`, noted in the trail."""
    attempt = await _count_attempt(email, business_id)
    if await verify_password(attempt.password_hash, password):
        return attempt
    await _note_failure(email, attempt, client)
    if attempt.locked_until is not None:
        raise _locked(attempt.locked_until)
    raise Rejected(WRONG)


async def _forgive(db: Db, attempt: _Attempt, password: str) -> None:
    """Forget the wrong attempts before a right one; hash anew when the parameters changed since.

    Raise `Rejected` when the password was changed since it was checked: a reset wins over a sign-in of the same moment.
    """
    old = attempt.password_hash or ""
    kept = await db.execute(
        "update users set failed_sign_ins = 0, locked_until = null, password_hash = :fresh"
        " where id = :id and password_hash = :old returning id",
        {"id": attempt.person.user_id, "fresh": await hash_password(password) if is_outdated(old) else old, "old": old},
    )
    if kept.scalar_one_or_none() is None:
        raise Rejected(WRONG)


async def _count_attempt(email: str, business_id: UUID | None) -> _Attempt:
    async with system_db("count a sign-in attempt") as db:
        at = now()
        person = (await db.execute(_PERSON, {"email": email, "business_id": business_id})).one_or_none()
        counted = (await db.execute(_ATTEMPT, {"email": email, "now": at})).one_or_none()
        if counted is not None:
            return _Attempt(
                person=person,
                failed=counted.failed_sign_ins,
                locked_until=counted.locked_until,
                password_hash=counted.password_hash,
            )
        if person is not None:
            locked = await db.execute("select locked_until from users where email = :email", {"email": email})
            raise _locked(locked.scalar_one_or_none() or at)
    return _Attempt(person=None, failed=0, locked_until=None, password_hash=None)


def _locked(until: datetime) -> TooMany:
    return TooMany("Too many wrong passwords.", max(until - now(), timedelta(seconds=1)))


async def _note_failure(email: str, attempt: _Attempt, client: Client) -> None:
    person = attempt.person
    async with system_db("note a failed sign-in") as db:
        await audit.record(
            db,
            "member.sign_in_failed" if attempt.locked_until is None else "member.locked_out",
            "member",
            person.member_id if person else None,
            after={"email": email, "in_a_row": attempt.failed},
            level="WARNING",
            business_id=person.business_id if person else None,
            actor=attempt.actor,
            client=client,
        )
        # One mail when it starts: every further attempt would let a stranger fill the person's mailbox.
        if attempt.failed == ATTEMPTS:
            await queue_mail(
                db,
                person.email,
                "Your Omni account is locked for a moment",
                f"Hello {person.user_name},\n\n"
                f"somebody typed a wrong password {ATTEMPTS} times in a row. Signing in is closed for one minute; each further"
                " wrong password doubles that, up to an hour.\n\n"
                f"If it was not you, set a new password: {load_settings().base_url}/reset\n",
            )


async def complete_sign_in(ticket: str, client: Client = Client()) -> str:
    """Trade a ticket, once, for the session token behind the cookie (256 random bits, good for 14 days).

    Raise `SignedOut` when the ticket is forged, used or older than 30 seconds.
    """
    token, at = new_secret(), now()
    if not is_plausible(ticket):
        raise SignedOut("This sign-in is not valid. Sign in again.")
    async with system_db("complete a sign-in") as db:
        traded = await db.execute(
            "update sessions set ticket_hash = null, ticket_expires_at = null, token_hash = :token_hash,"
            " expires_at = :expires_at, ip = :ip, user_agent = :user_agent"
            " where ticket_hash = :ticket_hash and ticket_expires_at > :now and revoked_at is null returning id",
            {
                "token_hash": fingerprint(token),
                "expires_at": at + SESSION_LIFE,
                "ip": client.ip,
                "user_agent": (client.user_agent or "")[:300] or None,
                "ticket_hash": fingerprint(ticket),
                "now": at,
            },
        )
        if traded.scalar_one_or_none() is None:
            raise SignedOut("This sign-in has expired. Sign in again.")
    return token
