"""Codes: made, compared, used up, too old."""

import asyncio
from uuid import UUID

import pytest

from omni_app.customers.claiming import claim_address
from omni_app.customers.proving import Checked, accept_claim, check_code, create_code, find_claimed_email, read_code
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid
from omni_app.infra.scope import Scope
from tests.conversations.desk import Desk, make_desk
from tests.conversations.visitors import SOFIA, mailbox, points
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")


async def _claimed(desk: Desk) -> UUID:
    stranger = (await desk.ask()).customer_id
    async with open_db(desk.system) as db:
        await claim_address(db, stranger, mailbox())
    return stranger


async def _code(scope: Scope, customer_id: UUID) -> str:
    async with open_db(scope) as db:
        return await create_code(db, await find_claimed_email(db, customer_id))


async def _try(scope: Scope, customer_id: UUID, code: str) -> Checked:
    async with open_db(scope) as db:
        return await check_code(db, customer_id, code)


def _other(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


@pytest.mark.parametrize("typed", ["123456", " 123 456 ", "123-456"])
def test_a_code_may_be_typed_in_groups(typed: str) -> None:
    assert read_code(typed) == "123456"


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "1" * 10_000, "\ud800"])
def test_anything_else_is_no_code(typed: str) -> None:
    with pytest.raises(Invalid):
        read_code(typed)


async def test_the_right_code_is_right_once() -> None:
    desk = await make_desk()
    stranger = await _claimed(desk)
    code = await _code(desk.system, stranger)
    checked = await _try(desk.system, stranger, code)
    assert checked.outcome == "right"
    assert checked.claim is not None
    assert checked.claim.address == mailbox()
    assert (await _try(desk.system, stranger, code)).outcome == "nothing"


async def test_the_code_itself_is_stored_nowhere() -> None:
    desk = await make_desk()
    stranger = await _claimed(desk)
    code = await _code(desk.system, stranger)
    (row,) = await rows("select * from verification_codes")
    assert code not in str({name: value for name, value in row.items() if not name.endswith(("_at", "id"))})


async def test_five_wrong_tries_end_the_code_and_are_five_for_many_tabs_at_once() -> None:
    desk = await make_desk()
    stranger = await _claimed(desk)
    code = await _code(desk.system, stranger)
    outcomes = await asyncio.gather(*(_try(desk.system, stranger, _other(code)) for _ in range(8)))
    assert sorted(checked.outcome for checked in outcomes) == ["too_many"] * 4 + ["wrong"] * 4
    assert (await _try(desk.system, stranger, code)).outcome == "too_many"
    (row,) = await rows("select tries from verification_codes")
    assert row["tries"] == 5


async def test_only_the_newest_code_counts() -> None:
    desk = await make_desk()
    stranger = await _claimed(desk)
    first, second = await _code(desk.system, stranger), await _code(desk.system, stranger)
    if first != second:
        assert (await _try(desk.system, stranger, first)).outcome == "wrong"
    assert (await _try(desk.system, stranger, second)).outcome == "right"


@pytest.mark.parametrize("shift", ["- interval '11 minutes'", "+ interval '1 hour'"])
async def test_a_code_lives_ten_minutes_also_when_the_clock_was_set_back(shift: str) -> None:
    desk = await make_desk()
    stranger = await _claimed(desk)
    code = await _code(desk.system, stranger)
    await rows(f"update verification_codes set expires_at = expires_at {shift} returning id")
    assert (await _try(desk.system, stranger, code)).outcome == "expired"


async def test_a_code_for_one_address_does_not_prove_the_next_claim() -> None:
    desk = await make_desk()
    stranger = await _claimed(desk)
    code = await _code(desk.system, stranger)
    async with open_db(desk.system) as db:
        await claim_address(db, stranger, mailbox("victim@example.com"))
    assert (await _try(desk.system, stranger, code)).outcome == "nothing"


async def test_another_business_and_a_mere_viewer_cannot_use_it() -> None:
    desk, other = await make_desk(), await make_desk("Other")
    stranger = await _claimed(desk)
    code = await _code(desk.system, stranger)
    assert (await _try(other.system, stranger, code)).outcome == "nothing"
    with pytest.raises(Forbidden):
        await _try(desk.vera, stranger, code)
    with pytest.raises(Forbidden):
        async with open_db(desk.vera) as db:
            await find_claimed_email(db, stranger)


async def test_an_accepted_claim_is_proven_and_says_by_what() -> None:
    desk = await make_desk()
    stranger = await _claimed(desk)
    async with open_db(desk.system) as db:
        await accept_claim(db, stranger, await find_claimed_email(db, stranger), "code")
    assert ("email", "", SOFIA, "proven") in await points(stranger)
    assert (await rows("select proven_by from contact_points where kind = 'email'"))[0]["proven_by"] == "code"
