import asyncio
from datetime import timedelta

import pytest

from omni_app.infra.background import finish_tasks
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid, NotFound, SignedOut
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission, Scope
from omni_app.tenancy.api_keys import KeyRow, create_key, find_key_scope, list_keys, revoke_key
from omni_app.tenancy.roles import permissions_of
from omni_app.tenancy.sessions import Viewer
from tests.tenancy.people import CLIENT, actions, owner, sql


def as_role(viewer: Viewer, role: str) -> Scope:
    return Scope(business_id=viewer.business_id, actor=viewer.actor, permissions=permissions_of(role), client=CLIENT)


async def make(viewer: Viewer, name: str = "Booking system", **options: object) -> tuple[KeyRow, str]:
    async with open_db(viewer.scope(CLIENT)) as db:
        return await create_key(db, name, **options)  # type: ignore[arg-type]


async def test_a_key_opens_its_business_with_its_role(database: None) -> None:
    maya = await owner()
    await owner("Other", "ben@example.com", "Ben")
    row, secret = await make(maya, role="agent")
    scope = await find_key_scope(secret, CLIENT)
    assert scope.business_id == maya.business_id
    assert (scope.actor.kind, scope.actor.id, scope.actor.name) == ("api_key", row.id, "Booking system")
    assert scope.permissions == permissions_of("agent")
    assert scope.client == CLIENT


async def test_the_secret_is_shown_once_and_kept_nowhere(database: None) -> None:
    maya = await owner()
    row, secret = await make(maya)
    assert secret.startswith("ebk_")
    assert len(secret) == 47
    assert secret.startswith(row.prefix)
    for table in ("api_keys", "audit_entries"):
        assert secret not in str(await sql(f"select * from {table}"))
    async with open_db(maya.scope()) as db:
        (listed,) = await list_keys(db)
    assert listed == row
    assert listed.created_by == maya.member_id


@pytest.mark.parametrize(
    "secret", ["", "ebk_", "ebk_" + "x" * 43, "sk-" + "x" * 43, "ebk_" + "é" * 43, "ebk_" + "x" * 100_000, "ebk_" + "\0" * 43]
)
async def test_forged_keys_are_refused(database: None, secret: str) -> None:
    await make(await owner())
    with pytest.raises(SignedOut):
        await find_key_scope(secret, CLIENT)


async def test_a_revoked_key_ends_at_once(database: None) -> None:
    maya = await owner()
    row, secret = await make(maya)
    async with open_db(maya.scope(CLIENT)) as db:
        await revoke_key(db, row.id)
    with pytest.raises(SignedOut):
        await find_key_scope(secret, CLIENT)
    with pytest.raises(NotFound):
        async with open_db(maya.scope(CLIENT)) as db:
            await revoke_key(db, row.id)
    async with open_db(maya.scope()) as db:
        assert [key.is_active for key in await list_keys(db)] == [False]
    assert (await actions())[-2:] == ["api_key.created", "api_key.revoked"]


async def test_a_key_ends_at_its_time(database: None) -> None:
    maya = await owner()
    _, secret = await make(maya, expires_at=now() + timedelta(days=1))
    assert await find_key_scope(secret, CLIENT)
    await sql("update api_keys set expires_at = now() - interval '1 second'")
    with pytest.raises(SignedOut):
        await find_key_scope(secret, CLIENT)


async def test_the_use_of_a_key_is_noted_once_a_minute(database: None) -> None:
    _, secret = await make(await owner())
    await asyncio.gather(*(find_key_scope(secret, CLIENT) for _ in range(8)))
    await finish_tasks(30)
    (first,) = await sql("select last_used_at from api_keys")
    assert first["last_used_at"] is not None
    await find_key_scope(secret, CLIENT)
    await finish_tasks(30)
    assert await sql("select last_used_at from api_keys") == [first]
    await sql("update api_keys set last_used_at = now() - interval '61 seconds'")
    await find_key_scope(secret, CLIENT)
    await finish_tasks(30)
    (later,) = await sql("select last_used_at from api_keys")
    assert later["last_used_at"] > first["last_used_at"]


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("name", {"name": ""}),
        ("role", {"role": "root"}),
        ("expires_at", {"expires_at": now() - timedelta(days=1)}),
        ("expires_at", {"expires_at": now().replace(tzinfo=None) + timedelta(days=1)}),
    ],
)
async def test_wrong_input_names_its_field(database: None, field: str, options: dict[str, object]) -> None:
    maya = await owner()
    with pytest.raises(Invalid) as refused:
        await make(maya, **options)  # type: ignore[arg-type]
    assert refused.value.fields[0].field == field
    assert await sql("select 1 from api_keys") == []


async def test_a_key_cannot_do_more_than_its_maker(database: None) -> None:
    maya = await owner()
    async with open_db(as_role(maya, "admin")) as db:
        with pytest.raises(Forbidden):
            await create_key(db, "Too much", role="owner")
        assert (await create_key(db, "Enough", role="admin"))[0].role == "admin"


@pytest.mark.parametrize("role", ["agent", "viewer"])
async def test_only_who_configures_sees_and_changes_keys(database: None, role: str) -> None:
    maya = await owner()
    row, _ = await make(maya)
    async with open_db(as_role(maya, role)) as db:
        for attempt in (create_key(db, "Mine"), list_keys(db), revoke_key(db, row.id)):
            with pytest.raises(Forbidden):
                await attempt


async def test_keys_of_another_business_do_not_exist(database: None) -> None:
    maya, ben = await owner(), await owner("Other", "ben@example.com", "Ben")
    row, secret = await make(maya)
    async with open_db(ben.scope(CLIENT)) as db:
        assert await list_keys(db) == []
        for key_id in (row.id, new_id()):
            with pytest.raises(NotFound):
                await revoke_key(db, key_id)
    assert Permission.CONFIGURE in (await find_key_scope(secret, CLIENT)).permissions
