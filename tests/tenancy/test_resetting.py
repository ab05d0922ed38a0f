import asyncio
import time

import pytest

from omni_app.infra.errors import Invalid, Rejected, TooMany
from omni_app.infra.scope import Client
from omni_app.tenancy.resetting import change_password, request_reset, reset_password
from omni_app.tenancy.sessions import find_viewer, list_sessions
from omni_app.tenancy.signing_in import sign_in
from tests.tenancy.people import CLIENT, PASSWORD, actions, enter, found, link_token, mails_to, owner, sql

NEW = "five other words stand here"


async def test_a_mailed_link_sets_a_new_password(database: None) -> None:
    token = await found()
    await request_reset("Maya@Example.com", CLIENT)
    await reset_password(await link_token("maya@example.com"), NEW, CLIENT)
    assert await find_viewer(token, CLIENT) is None
    with pytest.raises(Rejected):
        await sign_in("maya@example.com", PASSWORD, CLIENT)
    await enter("maya@example.com", NEW)
    assert "member.password_reset_requested" in await actions()
    assert "member.password_reset" in await actions()
    assert (await mails_to("maya@example.com"))[0][0] == "Your Omni password was changed"


async def test_a_link_works_once_even_at_one_moment(database: None) -> None:
    await owner()
    await request_reset("maya@example.com", CLIENT)
    token = await link_token("maya@example.com")
    results = await asyncio.gather(*(reset_password(token, f"{NEW} {n}", CLIENT) for n in range(4)), return_exceptions=True)
    assert sorted(str(result is None) for result in results) == ["False", "False", "False", "True"]
    assert all(result is None or isinstance(result, Rejected) for result in results)


async def test_a_link_ends_after_an_hour(database: None) -> None:
    await owner()
    await request_reset("maya@example.com", CLIENT)
    await sql("update reset_tokens set expires_at = expires_at - interval '1 hour'")
    with pytest.raises(Rejected):
        await reset_password(await link_token("maya@example.com"), NEW, CLIENT)


async def test_setting_a_password_ends_all_other_links(database: None) -> None:
    await owner()
    await request_reset("maya@example.com", CLIENT)
    older = await link_token("maya@example.com")
    await request_reset("maya@example.com", CLIENT)
    await reset_password(await link_token("maya@example.com"), NEW, CLIENT)
    with pytest.raises(Rejected):
        await reset_password(older, NEW + " again", CLIENT)


async def test_a_weak_password_leaves_the_link_good(database: None) -> None:
    await owner()
    await request_reset("maya@example.com", CLIENT)
    token = await link_token("maya@example.com")
    for weak in ("short", "brook street dental", "maya@example.com"):
        with pytest.raises(Invalid) as refused:
            await reset_password(token, weak, CLIENT)
        assert refused.value.fields[0].field == "password"
    await reset_password(token, NEW, CLIENT)


async def test_a_reset_opens_a_locked_account(database: None) -> None:
    await owner()
    await sql("update users set failed_sign_ins = 9, locked_until = now() + interval '1 hour'")
    with pytest.raises(TooMany):
        await sign_in("maya@example.com", PASSWORD, CLIENT)
    await request_reset("maya@example.com", CLIENT)
    await reset_password(await link_token("maya@example.com"), NEW, CLIENT)
    await enter("maya@example.com", NEW)


async def test_an_unknown_address_gets_the_same_answer_after_the_same_time(database: None) -> None:
    await owner()
    seconds = []
    for email in ("maya@example.com", "nobody@example.com"):
        started = time.monotonic()
        await request_reset(email, CLIENT)
        seconds.append(time.monotonic() - started)
    # Both wait for the moment of the answer; a lower bound holds on any machine.
    assert min(seconds) >= 0.19
    assert await mails_to("nobody@example.com") == []


async def test_nobody_fills_a_mailbox_with_links(database: None) -> None:
    await owner()
    for _ in range(5):
        await request_reset("maya@example.com", CLIENT)
    assert len(await sql("select 1 from reset_tokens")) == 3


@pytest.mark.parametrize("token", ["", "x" * 43, "😀" * 30, "x" * 100_000, "\0" * 43])
async def test_forged_links_are_refused(database: None, token: str) -> None:
    await owner()
    with pytest.raises(Rejected):
        await reset_password(token, NEW, CLIENT)


async def test_a_malformed_address_names_its_field() -> None:
    with pytest.raises(Invalid) as refused:
        await request_reset("maya", Client())
    assert refused.value.fields[0].field == "email"


async def test_links_and_passwords_are_not_stored_readable(database: None) -> None:
    await owner()
    await request_reset("maya@example.com", CLIENT)
    token = await link_token("maya@example.com")
    for table in ("reset_tokens", "mails", "outbox", "audit_entries"):
        assert token not in str(await sql(f"select * from {table}"))


async def test_who_changes_the_password_stays_signed_in_here_alone(database: None) -> None:
    elsewhere = await owner()
    here = await enter("maya@example.com")
    await change_password(here, PASSWORD, NEW)
    assert [row.id for row in await list_sessions(elsewhere)] == [here.session_id]
    await enter("maya@example.com", NEW)
    assert "member.password_changed" in await actions()


async def test_changing_needs_the_old_password_and_counts_guesses(database: None) -> None:
    here = await owner()
    for _ in range(4):
        with pytest.raises(Invalid) as refused:
            await change_password(here, "not my password", NEW)
        assert refused.value.fields[0].field == "old_password"
    with pytest.raises(TooMany):
        await change_password(here, "not my password", NEW)
    with pytest.raises(TooMany):
        await change_password(here, PASSWORD, NEW)
