"""A business's own page vouches for its users with a secret."""

import hashlib
import hmac
from dataclasses import replace

import pytest

from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission, Scope, system_scope
from omni_app.tenancy.site_identity import has_secret, hash_user, require_user, rotate_secret, show_secret, try_hash
from tests.making import make_business, rows

pytestmark = pytest.mark.usefixtures("database")


async def _secret(scope: Scope) -> str:
    async with open_db(scope) as db:
        return await show_secret(db)


async def _require(scope: Scope, user: str, user_hash: str) -> None:
    async with open_db(scope) as db:
        await require_user(db, user, user_hash)


def test_the_hash_is_what_every_language_makes() -> None:
    # RFC 4231, test case 2.
    assert hash_user("Jefe", "what do ya want for nothing?") == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )
    assert hash_user("ids_x", "zoë") == hmac.new(b"ids_x", "zoë".encode(), hashlib.sha256).hexdigest()


async def test_the_secret_is_made_on_demand_kept_encrypted_and_noted() -> None:
    made = await make_business(faqs=())
    async with open_db(made.scope) as db:
        assert not await has_secret(db)
    secret = await _secret(made.scope)
    assert await _secret(made.scope) == secret
    (row,) = await rows("select identity_secret from businesses")
    assert secret not in row["identity_secret"]
    actions = [
        row["action"] for row in await rows("select action from audit_entries where action like 'business.id%' order by id")
    ]
    assert actions == ["business.identity_secret_made", "business.identity_secret_shown"]
    assert secret not in str(await rows("select * from audit_entries"))


async def test_a_signed_user_is_accepted() -> None:
    made = await make_business(faqs=())
    secret = await _secret(made.scope)
    await _require(made.scope, "user-77", hash_user(secret, "user-77"))
    await _require(made.scope, "user-77", f" {hash_user(secret, 'user-77').upper()} ")


@pytest.mark.parametrize(
    ("user", "user_hash"),
    [("user-78", None), ("", None), ("x" * 321, None), ("user-77", ""), ("user-77", "0" * 64), ("\ud800", "\ud800")],
)
async def test_everything_else_is_refused(user: str, user_hash: str | None) -> None:
    made = await make_business(faqs=())
    secret = await _secret(made.scope)
    given = user_hash if user_hash is not None else hash_user(secret, user if len(user) in (0, 321) else "user-77")
    with pytest.raises(Forbidden):
        await _require(made.scope, user, given)


async def test_nobody_is_accepted_before_a_secret_exists() -> None:
    made = await make_business(faqs=())
    with pytest.raises(Forbidden):
        await _require(made.scope, "user-77", hash_user("", "user-77"))


async def test_a_new_secret_ends_the_old_one() -> None:
    made = await make_business(faqs=())
    old = await _secret(made.scope)
    async with open_db(made.scope) as db:
        new = await rotate_secret(db)
    assert old != new
    with pytest.raises(Forbidden):
        await _require(made.scope, "user-77", hash_user(old, "user-77"))
    await _require(made.scope, "user-77", hash_user(new, "user-77"))


async def test_only_who_may_configure_sees_it() -> None:
    made = await make_business(faqs=())
    scope = replace(made.scope, permissions=made.scope.permissions - {Permission.CONFIGURE})
    for read in (show_secret, rotate_secret):
        with pytest.raises(Forbidden):
            async with open_db(scope) as db:
                await read(db)
    with pytest.raises(Forbidden):
        async with open_db(scope) as db:
            await try_hash(db, "user-77", "0" * 64)


async def test_the_secret_of_another_business_proves_nothing() -> None:
    one, other = await make_business(faqs=()), await make_business("Other", faqs=())
    await _secret(one.scope)
    with pytest.raises(Forbidden):
        await _require(one.scope, "user-77", hash_user(await _secret(other.scope), "user-77"))
    with pytest.raises(NotFound):
        await _require(system_scope(new_id()), "user-77", "0" * 64)


async def test_the_tester_says_what_is_wrong() -> None:
    made = await make_business(faqs=())
    secret = await _secret(made.scope)
    async with open_db(made.scope) as db:
        assert await try_hash(db, "user-77", hash_user(secret, "user-77")) == ""
        assert "does not fit" in await try_hash(db, "user-77 ", hash_user(secret, "user-77"))
        with pytest.raises(Invalid) as caught:
            await try_hash(db, "user-77", "abc")
    assert caught.value.fields[0].field == "user_hash"
