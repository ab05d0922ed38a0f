"""A new business and its first owner."""

from uuid import UUID

from sqlalchemy import insert

from omni_app import audit
from omni_app.infra.clock import now
from omni_app.infra.crypto import new_secret
from omni_app.infra.database import Db, system_db
from omni_app.infra.errors import Conflict
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Actor, Client
from omni_app.notices import queue_mail
from omni_app.settings import load_settings
from omni_app.tenancy.checks import check_email, check_name, check_timezone
from omni_app.tenancy.models import Business, Member
from omni_app.tenancy.passwords import check_strength, hash_password
from omni_app.tenancy.sessions import start_session


async def sign_up(
    business_name: str, person_name: str, email: str, password: str, timezone: str, client: Client = Client()
) -> str:
    """Create a business with its owner in one transaction; give back a sign-in ticket for `complete_sign_in`.

    Raise `Invalid` naming the field, or `Conflict` when the e-mail has an account. That answer tells who has one, and each
    call costs a password hash: the edges that call this must limit it by address (`limits.addresses`).
    """
    business_name = check_name(business_name, "business_name", "The business name")
    person_name = check_name(person_name, "person_name", "Your name")
    email = check_email(email)
    timezone = check_timezone(timezone)
    check_strength(password, email, business_name, person_name)
    password_hash = await hash_password(password)

    async with system_db("sign up a business") as db:
        user_id = await _create_user(db, email, person_name, password_hash)
        business_id, member_id = new_id(), new_id()
        await _create_business(db, business_id, business_name, timezone)
        await db.execute(
            insert(Member.__table__),  # type: ignore[attr-defined]
            {
                "id": member_id,
                "business_id": business_id,
                "user_id": user_id,
                "name": person_name,
                "email": email,
                "role": "owner",
                "created_at": now(),
            },
        )
        await audit.record(
            db,
            "business.created",
            "business",
            business_id,
            after={"name": business_name, "timezone": timezone, "owner": email},
            business_id=business_id,
            actor=Actor(kind="member", id=member_id, name=person_name),
            client=client,
        )
        await queue_mail(db, email, f"{business_name} is on Omni", _welcome(person_name, business_name))
        return await start_session(db, user_id, business_id, client)


async def _create_user(db: Db, email: str, name: str, password_hash: str) -> UUID:
    # The unique index decides between two people who sign up with one address at the same moment.
    created = await db.execute(
        "insert into users (id, email, name, password_hash, failed_sign_ins, created_at, password_changed_at)"
        " values (:id, :email, :name, :password_hash, 0, :now, :now) on conflict (email) do nothing returning id",
        {"id": new_id(), "email": email, "name": name, "password_hash": password_hash, "now": now()},
    )
    user_id: UUID | None = created.scalar_one_or_none()
    if user_id is None:
        raise Conflict("This e-mail already has an account. Sign in, or reset the password.")
    return user_id


async def _create_business(db: Db, business_id: UUID, name: str, timezone: str) -> None:
    business = Business(id=business_id, name=name, widget_key=new_secret("wk_", 18), timezone=timezone)
    await db.execute(insert(Business.__table__), business.model_dump())  # type: ignore[attr-defined]


def _welcome(person_name: str, business_name: str) -> str:
    return (
        f"Hello {person_name},\n\n"
        f"{business_name} is set up on Omni. Next, teach the assistant what your customers ask, then put it on your website:\n\n"
        f"{load_settings().base_url}/\n"
    )
