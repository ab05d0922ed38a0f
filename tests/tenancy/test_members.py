import asyncio
from uuid import UUID

import pytest

from omni_app.infra.background import finish_tasks
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope, system_scope
from omni_app.tenancy.members import MemberRow, add_member, change_role, list_members, remove_member
from omni_app.tenancy.resetting import change_password, request_reset, reset_password
from omni_app.tenancy.sessions import Viewer, find_viewer
from omni_app.tenancy.signing_in import complete_sign_in, sign_in
from tests.tenancy.people import CLIENT, PASSWORD, actions, confirm, enter, link_token, mails_to, owner, sql


async def add(viewer: Viewer, email: str, role: str, name: str = "Ben Carter") -> MemberRow:
    async with open_db(viewer.scope(CLIENT)) as db:
        return await add_member(db, email, name, role)


async def join(viewer: Viewer, email: str, role: str) -> Viewer:
    """Add somebody new, who sets a password by the mailed link and signs in."""
    await add(viewer, email, role)
    await reset_password(await link_token(email), PASSWORD, CLIENT)
    return await enter(email)


async def change(viewer: Viewer, member_id: UUID, role: str) -> MemberRow:
    async with open_db(viewer.scope(CLIENT)) as db:
        return await change_role(db, member_id, role)


async def remove(viewer: Viewer, member_id: UUID) -> None:
    async with open_db(viewer.scope(CLIENT)) as db:
        await remove_member(db, member_id)


async def roles(viewer: Viewer) -> dict[str, str]:
    async with open_db(viewer.scope(CLIENT)) as db:
        return {row.email: row.role for row in await list_members(db)}


async def test_a_new_person_gets_a_link_and_works_in_the_given_role(database: None) -> None:
    maya = await owner()
    ben = await join(maya, "Ben@Example.com", "agent")
    assert (ben.role, ben.business_id, ben.name) == ("agent", maya.business_id, "Ben Carter")
    assert await roles(ben) == {"maya@example.com": "owner", "ben@example.com": "agent"}
    assert "member.added" in await actions()


async def test_the_invitation_works_for_seven_days(database: None) -> None:
    await add(await owner(), "ben@example.com", "agent")
    (token,) = await sql("select extract(day from expires_at - created_at) as days from reset_tokens")
    assert token["days"] == 7


async def test_somebody_with_an_account_joins_with_their_own_password(database: None) -> None:
    maya, ben = await owner(), await owner("Other", "ben@example.com", "Ben")
    await confirm("ben@example.com")
    await add(maya, "ben@example.com", "viewer")
    subject, text = (await mails_to("ben@example.com"))[0]
    assert subject == "You work for Brook Street Dental on Omni now"
    assert "token=" not in text
    ticket = await sign_in("ben@example.com", PASSWORD, CLIENT, business_id=maya.business_id)
    there = await find_viewer(await complete_sign_in(ticket, CLIENT), CLIENT)
    assert there is not None
    assert (there.user_id, there.role) == (ben.user_id, "viewer")


async def test_who_signed_up_under_somebodys_address_is_not_let_in_by_adding_that_address(database: None) -> None:
    maya, squatter = await owner(), await owner("Other", "ben@example.com", "Not Ben")
    with pytest.raises(Conflict, match="never confirmed"):
        await add(maya, "ben@example.com", "agent")
    await request_reset("ben@example.com", CLIENT)
    await change_password(squatter, PASSWORD, "another four plain words")
    with pytest.raises(Conflict, match="never confirmed"):
        await add(maya, "ben@example.com", "agent")
    assert [row["role"] for row in await sql("select role from members where business_id = :id", id=maya.business_id)] == [
        "owner"
    ]
    await reset_password(await link_token("ben@example.com"), PASSWORD, CLIENT)
    await add(maya, "ben@example.com", "agent")
    assert await sql("select 1 from sessions where id = :id and revoked_at is null", id=squatter.session_id) == []


async def test_nobody_is_added_twice_even_at_one_moment(database: None) -> None:
    maya = await owner()
    results = await asyncio.gather(*(add(maya, "ben@example.com", "agent") for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(result, MemberRow) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 3
    assert len(await mails_to("ben@example.com")) == 1


@pytest.mark.parametrize(
    ("field", "email", "name", "role"),
    [
        ("email", "ben", "Ben", "agent"),
        ("name", "ben@example.com", " ", "agent"),
        ("role", "ben@example.com", "Ben", "root"),
    ],
)
async def test_wrong_input_names_its_field_and_adds_nobody(database: None, field: str, email: str, name: str, role: str) -> None:
    maya = await owner()
    with pytest.raises(Invalid) as refused:
        await add(maya, email, role, name)
    assert refused.value.fields[0].field == field
    assert len(await sql("select 1 from users")) == 1


@pytest.mark.parametrize("role", ["agent", "viewer"])
async def test_agents_and_viewers_change_nobody(database: None, role: str) -> None:
    maya = await owner()
    ben = await join(maya, "ben@example.com", role)
    for attempt in (
        add(ben, "eve@example.com", "viewer"),
        change(ben, ben.member_id, "admin"),
        remove(ben, maya.member_id),
    ):
        with pytest.raises(Forbidden):
            await attempt
    assert await roles(maya) == {"maya@example.com": "owner", "ben@example.com": role}


async def test_admins_cannot_make_or_touch_owners(database: None) -> None:
    maya = await owner()
    ben = await join(maya, "ben@example.com", "admin")
    for attempt in (
        add(ben, "eve@example.com", "owner"),
        change(ben, ben.member_id, "owner"),
        change(ben, maya.member_id, "viewer"),
        remove(ben, maya.member_id),
    ):
        with pytest.raises(Forbidden):
            await attempt
    await add(ben, "eve@example.com", "admin", "Eve")
    assert (await roles(maya))["eve@example.com"] == "admin"


async def test_the_last_owner_stays(database: None) -> None:
    maya = await owner()
    await add(maya, "ben@example.com", "admin")
    with pytest.raises(Conflict):
        await change(maya, maya.member_id, "admin")
    with pytest.raises(Conflict):
        await remove(maya, maya.member_id)
    assert (await roles(maya))["maya@example.com"] == "owner"


@pytest.mark.parametrize("act", ["change", "remove"])
async def test_two_owners_who_end_each_other_leave_one(database: None, act: str) -> None:
    maya = await owner()
    ben = await join(maya, "ben@example.com", "owner")

    async def end(viewer: Viewer, member_id: UUID) -> None:
        if act == "change":
            await change(viewer, member_id, "agent")
        else:
            await remove(viewer, member_id)

    results = await asyncio.gather(end(maya, ben.member_id), end(ben, maya.member_id), return_exceptions=True)
    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, Forbidden | Conflict) for result in results) == 1
    assert len(await sql("select 1 from members where role = 'owner'")) == 1


async def test_two_owners_who_leave_at_one_moment_leave_one(database: None) -> None:
    maya = await owner()
    ben = await join(maya, "ben@example.com", "owner")
    results = await asyncio.gather(
        change(maya, maya.member_id, "agent"), change(ben, ben.member_id, "agent"), return_exceptions=True
    )
    assert sum(isinstance(result, Conflict) for result in results) == 1
    assert len(await sql("select 1 from members where role = 'owner'")) == 1


async def test_a_role_lost_a_moment_ago_no_longer_counts(database: None) -> None:
    maya = await owner()
    ben = await join(maya, "ben@example.com", "owner")
    await change(maya, ben.member_id, "viewer")
    with pytest.raises(Forbidden):
        await change(ben, maya.member_id, "viewer")


async def test_a_removed_member_is_signed_out_and_stays_so_when_added_again(database: None) -> None:
    maya = await owner()
    await add(maya, "ben@example.com", "agent")
    await reset_password(await link_token("ben@example.com"), PASSWORD, CLIENT)
    token = await complete_sign_in(await sign_in("ben@example.com", PASSWORD, CLIENT), CLIENT)
    ben = await find_viewer(token, CLIENT)
    assert ben is not None
    await remove(maya, ben.member_id)
    assert await find_viewer(token, CLIENT) is None
    await add(maya, "ben@example.com", "agent")
    assert await find_viewer(token, CLIENT) is None
    await finish_tasks(30)
    assert "member.removed" in await actions()
    assert await enter("ben@example.com")


async def test_sessions_of_a_removed_member_end_in_this_business_alone(database: None) -> None:
    maya, _ = await owner(), await owner("Other", "ben@example.com", "Ben")
    await confirm("ben@example.com")
    ben = await enter("ben@example.com")
    member = await add(maya, "ben@example.com", "agent")
    ticket = await sign_in("ben@example.com", PASSWORD, CLIENT, business_id=maya.business_id)
    await complete_sign_in(ticket, CLIENT)
    await remove(maya, member.id)
    await finish_tasks(30)
    assert await sql("select id from sessions where user_id = :id and revoked_at is null", id=ben.user_id) == [
        {"id": ben.session_id}
    ]


async def test_a_removal_that_is_rolled_back_signs_nobody_out(database: None) -> None:
    maya = await owner()
    ben = await join(maya, "ben@example.com", "agent")

    async def break_off() -> None:
        async with open_db(maya.scope(CLIENT)) as db:
            await remove_member(db, ben.member_id)
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await break_off()
    await finish_tasks(30)
    assert len(await sql("select 1 from sessions where revoked_at is null and token_hash is not null")) == 2


async def test_members_of_another_business_do_not_exist(database: None) -> None:
    maya, ben = await owner(), await owner("Other", "ben@example.com", "Ben")
    for member_id in (ben.member_id, new_id()):
        with pytest.raises(NotFound):
            await change(maya, member_id, "viewer")
        with pytest.raises(NotFound):
            await remove(maya, member_id)
    assert await roles(maya) == {"maya@example.com": "owner"}
    assert await roles(ben) == {"ben@example.com": "owner"}


async def test_a_changed_role_is_in_the_trail_with_old_and_new(database: None) -> None:
    maya = await owner()
    member = await add(maya, "ben@example.com", "agent")
    assert (await change(maya, member.id, "admin")).role == "admin"
    await change(maya, member.id, "admin")
    (line,) = await sql("select before, after, actor_id from audit_entries where action = 'member.role_changed'")
    assert line == {"before": {"role": "agent"}, "after": {"role": "admin"}, "actor_id": maya.member_id}


async def test_omni_itself_may_set_up_people(database: None) -> None:
    maya = await owner()
    scope: Scope = system_scope(maya.business_id)
    async with open_db(scope) as db:
        await add_member(db, "ben@example.com", "Ben", "owner")
        assert [row.is_me for row in await list_members(db)] == [False, False]
    async with open_db(maya.scope(CLIENT)) as db:
        assert [(row.name, row.is_me) for row in await list_members(db)] == [("Ben", False), ("Maya Okafor", True)]
