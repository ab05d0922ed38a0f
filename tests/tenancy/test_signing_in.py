import asyncio
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from omni_app.infra.errors import Invalid, NotFound, Rejected, SignedOut, TooMany
from omni_app.infra.ids import new_id
from omni_app.tenancy.sessions import (
    find_viewer,
    list_businesses,
    list_sessions,
    load_viewer,
    revoke_session,
    sign_out,
    switch_business,
)
from omni_app.tenancy.signing_in import complete_sign_in, sign_in
from omni_app.tenancy.signing_up import sign_up
from tests.tenancy.people import CLIENT, PASSWORD, actions, enter, found, mails_to, owner, sql

WRONG = "another password"


async def guess(times: int, email: str = "maya@example.com") -> list[Exception]:
    """Wrong guesses one after the other, and what each was answered."""
    answers: list[Exception] = []
    for _ in range(times):
        with pytest.raises((Rejected, TooMany)) as refused:
            await sign_in(email, WRONG, CLIENT)
        answers.append(refused.value)
    return answers


async def test_the_right_password_signs_in(database: None) -> None:
    await owner()
    viewer = await enter(" MAYA@example.com ")
    assert viewer.business_name == "Brook Street Dental"
    assert (await actions())[-1] == "member.signed_in"


async def test_wrong_password_and_unknown_person_get_one_answer(database: None) -> None:
    await owner()
    answers = []
    for email in ("maya@example.com", "nobody@example.com"):
        with pytest.raises(Rejected) as refused:
            await sign_in(email, WRONG, CLIENT)
        answers.append(str(refused.value))
    assert answers[0] == answers[1]
    lines = await sql(
        "select business_id, after from audit_entries where action = 'member.sign_in_failed' order by created_at, id"
    )
    assert [line["business_id"] is None for line in lines] == [False, True]
    assert "nobody@example.com" not in str(lines)


async def test_a_malformed_address_names_its_field(database: None) -> None:
    with pytest.raises(Invalid) as refused:
        await sign_in("maya", PASSWORD, CLIENT)
    assert refused.value.fields[0].field == "email"


async def test_a_ticket_works_once(database: None) -> None:
    await owner()
    ticket = await sign_in("maya@example.com", PASSWORD, CLIENT)
    results = await asyncio.gather(*(complete_sign_in(ticket, CLIENT) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(result, str) for result in results) == 1
    assert sum(isinstance(result, SignedOut) for result in results) == 3


async def test_a_ticket_works_for_seconds(database: None) -> None:
    ticket = await sign_up("Brook Street Dental", "Maya", "maya@example.com", PASSWORD, "UTC", CLIENT)
    await sql("update sessions set ticket_expires_at = now() - interval '1 second'")
    with pytest.raises(SignedOut):
        await complete_sign_in(ticket, CLIENT)


@pytest.mark.parametrize("ticket", ["", "x", "x" * 43, "😀" * 30, "x" * 100_000, "' or 1=1 --" * 3, "\0" * 30])
async def test_forged_tickets_and_tokens_are_refused(database: None, ticket: str) -> None:
    await owner()
    with pytest.raises(SignedOut):
        await complete_sign_in(ticket, CLIENT)
    assert await find_viewer(ticket, CLIENT) is None


async def test_a_ticket_is_no_token_and_neither_is_stored(database: None) -> None:
    await owner()
    ticket = await sign_in("maya@example.com", PASSWORD, CLIENT)
    assert await find_viewer(ticket, CLIENT) is None
    token = await complete_sign_in(ticket, CLIENT)
    stored = str(await sql("select * from sessions"))
    assert token not in stored
    assert ticket not in stored


async def test_five_wrong_passwords_lock_the_account_even_for_the_right_one(database: None) -> None:
    await owner()
    answers = await guess(5)
    assert [type(answer) for answer in answers] == [Rejected] * 4 + [TooMany]
    with pytest.raises(TooMany) as refused:
        await sign_in("maya@example.com", PASSWORD, CLIENT)
    assert timedelta(seconds=50) < refused.value.retry_after <= timedelta(minutes=1)
    assert (await actions())[-1] == "member.locked_out"


async def test_the_lock_ends_and_the_right_password_forgets_the_wrong_ones(database: None) -> None:
    await owner()
    await guess(5)
    await sql("update users set locked_until = now() - interval '1 second'")
    await enter("maya@example.com")
    assert await sql("select failed_sign_ins, locked_until from users") == [{"failed_sign_ins": 0, "locked_until": None}]
    assert isinstance((await guess(1))[0], Rejected)


async def test_each_further_wrong_password_doubles_the_lock_up_to_an_hour(database: None) -> None:
    await owner()
    await guess(4)
    minutes = []
    for _ in range(8):
        (answer,) = await guess(1)
        assert isinstance(answer, TooMany)
        minutes.append(round(answer.retry_after.total_seconds() / 60))
        await sql("update users set locked_until = now() - interval '1 second'")
    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_the_person_hears_of_a_lock_once(database: None) -> None:
    await owner()
    await guess(5)
    for _ in range(2):
        await sql("update users set locked_until = now() - interval '1 second'")
        await guess(1)
    subjects = [subject for subject, _ in await mails_to("maya@example.com")]
    assert subjects.count("Your Omni account is locked for a moment") == 1


async def test_guesses_at_one_moment_are_counted_one_by_one(database: None) -> None:
    await owner()
    results = await asyncio.gather(*(sign_in("maya@example.com", WRONG, CLIENT) for _ in range(12)), return_exceptions=True)
    assert sum(isinstance(result, Rejected) for result in results) == 4
    assert sum(isinstance(result, TooMany) for result in results) == 8
    assert await sql("select failed_sign_ins from users") == [{"failed_sign_ins": 5}]


async def test_an_old_hash_is_made_anew_at_sign_in(database: None) -> None:
    await owner()
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    await sql("update users set password_hash = :weak", weak=weak)
    await enter("maya@example.com")
    (person,) = await sql("select password_hash from users")
    assert "m=19456" in person["password_hash"]
    await enter("maya@example.com")


async def test_a_session_ends_after_its_time(database: None) -> None:
    token = await found()
    (session,) = await sql("select expires_at - created_at as life from sessions")
    assert timedelta(days=13, hours=23) < session["life"] < timedelta(days=14, hours=1)
    await sql("update sessions set expires_at = now() - interval '1 second'")
    assert await find_viewer(token, CLIENT) is None


async def test_signing_out_ends_this_session_alone(database: None) -> None:
    first = await found()
    second = await complete_sign_in(await sign_in("maya@example.com", PASSWORD, CLIENT), CLIENT)
    await sign_out(first, CLIENT)
    await sign_out(first, CLIENT)
    assert await find_viewer(first, CLIENT) is None
    assert await find_viewer(second, CLIENT) is not None
    assert (await actions()).count("member.signed_out") == 1


async def test_people_see_and_end_their_own_sessions_only(database: None) -> None:
    maya, ben = await owner(), await owner("Other", "ben@example.com", "Ben")
    phone = await enter("maya@example.com")
    rows = await list_sessions(maya)
    assert [(row.id == phone.session_id, row.is_current) for row in rows] == [(True, False), (False, True)]
    assert rows[0].user_agent == "Test browser"
    with pytest.raises(NotFound):
        await revoke_session(ben, phone.session_id)
    await revoke_session(maya, phone.session_id)
    assert [row.id for row in await list_sessions(maya)] == [maya.session_id]
    with pytest.raises(NotFound):
        await revoke_session(maya, phone.session_id)


async def test_who_is_no_member_any_more_is_signed_out(database: None) -> None:
    token = await found()
    await sql("delete from members")
    assert await find_viewer(token, CLIENT) is None
    with pytest.raises(Rejected, match="belongs to no business"):
        await sign_in("maya@example.com", PASSWORD, CLIENT)


async def test_a_changed_role_counts_at_once(database: None) -> None:
    token = await found()
    await sql("update members set role = 'viewer'")
    viewer = await load_viewer(token, CLIENT)
    assert viewer.scope().permissions == {"view"}
    assert viewer.scope().actor.id == viewer.member_id


async def test_a_person_of_two_businesses_chooses_and_comes_back_to_the_last(database: None) -> None:
    token, other = await found(), await owner("Other", "ben@example.com", "Ben")
    maya = await load_viewer(token, CLIENT)
    await sql(
        "insert into members (id, business_id, user_id, name, email, role, created_at)"
        " values (:id, :business, :user, 'Maya', 'maya@example.com', 'agent', now())",
        id=new_id(),
        business=other.business_id,
        user=maya.user_id,
    )
    assert [(one.name, one.role, one.is_current) for one in await list_businesses(maya)] == [
        ("Brook Street Dental", "owner", True),
        ("Other", "agent", False),
    ]
    await switch_business(token, other.business_id, CLIENT)
    there = await load_viewer(token, CLIENT)
    assert (there.business_id, there.role) == (other.business_id, "agent")
    assert (await enter("maya@example.com")).business_id == other.business_id
    ticket = await sign_in("maya@example.com", PASSWORD, CLIENT, business_id=maya.business_id)
    assert (await load_viewer(await complete_sign_in(ticket, CLIENT), CLIENT)).business_id == maya.business_id


async def test_nobody_switches_or_signs_in_to_a_business_they_do_not_work_for(database: None) -> None:
    token, other = await found(), await owner("Other", "ben@example.com", "Ben")
    for business_id in (other.business_id, new_id()):
        with pytest.raises(NotFound):
            await switch_business(token, business_id, CLIENT)
        with pytest.raises(Rejected):
            await sign_in("maya@example.com", PASSWORD, CLIENT, business_id=business_id)
    with pytest.raises(SignedOut):
        await switch_business("x" * 43, other.business_id, CLIENT)
