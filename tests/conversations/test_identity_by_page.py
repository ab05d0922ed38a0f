"""The business's own page says who its visitor is: vouched for, forged, and on a shared computer."""

import asyncio
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from omni_app.conversations.identity import (
    IdentityState,
    claim,
    identity_of,
    prove_by_code,
    prove_by_page,
)
from omni_app.customers.addresses import Address
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid, OmniError
from omni_app.infra.scope import Scope
from omni_app.tenancy.site_identity import hash_user, rotate_secret, show_secret
from tests.conversations.desk import make_desk
from tests.conversations.visitors import (
    SOFIA,
    browser,
    claim_and_get_code,
    known,
    owner_of,
    points,
    write,
)
from tests.making import count, rows

pytestmark = pytest.mark.usefixtures("database")

BOB = "bob@example.com"


async def _vouch(scope: Scope, visitor: Address, user: str) -> IdentityState:
    """What happens when the business's page signed `user`."""
    async with open_db(scope) as db:
        secret = await show_secret(db)
    return await prove_by_page(scope, visitor, user, hash_user(secret, user))


async def _threads(customer_id: UUID | None) -> set[UUID]:
    return {row["id"] for row in await rows("select id from conversations where customer_id = :id", id=customer_id)}


async def test_the_page_vouches_for_an_email_and_for_an_id_of_its_own() -> None:
    desk = await make_desk()
    owner = await known(desk.system)
    state = await _vouch(desk.system, browser(), "Sofia@Example.com")
    assert (state.customer_id, state.proof, state.is_by_page) == (owner, "proven", True)
    state = await _vouch(desk.system, browser("visitor-2"), "user-77")
    assert ("external", "site", "user-77", "proven") in await points(state.customer_id or uuid4())


async def test_a_stranger_the_page_vouches_for_takes_the_conversation_along() -> None:
    desk = await make_desk()
    owner = await known(desk.system)
    said = await write(desk.system, browser(), "Before I signed in")
    state = await _vouch(desk.system, browser(), SOFIA)
    assert state.customer_id == owner
    assert state.conversation_id == said.conversation_id
    assert await _vouch(desk.system, browser(), SOFIA) == state
    assert await count("merges") == 1


async def test_a_claim_becomes_proven_when_the_page_says_the_same() -> None:
    desk = await make_desk()
    before = await claim(desk.system, browser(), email=SOFIA)
    state = await _vouch(desk.system, browser(), SOFIA)
    assert (state.customer_id, state.proof, state.claimed) == (before.customer_id, "proven", "")


@pytest.mark.parametrize("given", ["", "0" * 64, "not hex", "\ud800", "é" * 64])
async def test_a_forged_hash_is_refused_and_the_visitor_stays_a_stranger(given: str) -> None:
    desk = await make_desk()
    await known(desk.system)
    async with open_db(desk.system) as db:
        await show_secret(db)
    with capture_logs() as logs, pytest.raises(Forbidden):
        await prove_by_page(desk.system, browser(), SOFIA, given)
    assert await identity_of(desk.system, browser()) == IdentityState()
    assert SOFIA not in str(logs)


async def test_forged_hashes_do_not_fill_the_log() -> None:
    desk = await make_desk()
    with capture_logs() as logs:
        for _ in range(12):
            with pytest.raises(Forbidden):
                await prove_by_page(desk.system, browser(), SOFIA, "0" * 64)
    assert len([line for line in logs if "forged" in line["event"]]) == 10


async def test_a_hash_of_another_business_or_of_an_old_secret_is_forged() -> None:
    desk, other = await make_desk(), await make_desk("Other")
    async with open_db(other.system) as db:
        foreign = await show_secret(db)
    async with open_db(desk.system) as db:
        old = await show_secret(db)
        await rotate_secret(db)
    for secret in (foreign, old):
        with pytest.raises(Forbidden):
            await prove_by_page(desk.system, browser(), SOFIA, hash_user(secret, SOFIA))


async def test_on_a_shared_computer_the_second_user_sees_nothing_of_the_first() -> None:
    desk = await make_desk()
    ann = await _vouch(desk.system, browser(), "ann@example.com")
    said = await write(desk.system, browser(), "Ann's question")
    bob = await _vouch(desk.system, browser(), BOB)
    assert bob.customer_id != ann.customer_id
    assert bob.conversation_id is None
    assert (await write(desk.system, browser(), "Bob's question")).conversation_id != said.conversation_id
    again = await _vouch(desk.system, browser(), "ann@example.com")
    assert (again.customer_id, again.conversation_id) == (ann.customer_id, said.conversation_id)
    assert await count("merges") == 0


async def test_on_a_shared_computer_a_known_second_user_gets_their_own_history() -> None:
    desk = await make_desk()
    ann = await _vouch(desk.system, browser(), "user-1")
    mine = await _vouch(desk.system, browser("bobs-phone"), "user-2")
    said = await write(desk.system, browser("bobs-phone"), "From my phone")
    state = await _vouch(desk.system, browser(), "user-2")
    assert (state.customer_id, state.conversation_id) == (mine.customer_id, said.conversation_id)
    assert mine.customer_id != ann.customer_id


async def test_somebody_known_to_the_page_is_not_joined_with_who_proved_an_email_in_this_browser_before() -> None:
    desk = await make_desk()
    _, code = await claim_and_get_code(desk.system, browser())
    first = await prove_by_code(desk.system, browser(), code)
    second = await _vouch(desk.system, browser("seconds-phone"), "user-2")
    await write(desk.system, browser("seconds-phone"), "From my phone")
    state = await _vouch(desk.system, browser(), "user-2")
    assert state.customer_id == second.customer_id != first.customer_id
    assert await count("merges") == 0


async def test_ten_tabs_vouched_for_at_once_are_one_customer() -> None:
    desk = await make_desk()
    async with open_db(desk.system) as db:
        given = hash_user(await show_secret(db), "user-77")
    states = await asyncio.gather(*(prove_by_page(desk.system, browser(), "user-77", given) for _ in range(10)))
    assert len({state.customer_id for state in states}) == 1
    assert await count("customers") == 1


async def test_two_users_vouched_for_in_two_tabs_at_once_stay_two_people() -> None:
    desk = await make_desk()
    await write(desk.system, browser(), "Hello")
    results = await asyncio.gather(
        *(_vouch(desk.system, browser(), user) for user in ("user-1", "user-2")), return_exceptions=True
    )
    assert not [result for result in results if isinstance(result, BaseException) and not isinstance(result, OmniError)]
    owners = {await owner_of(Address(kind="external", channel="site", value=user)) for user in ("user-1", "user-2")}
    assert len(owners) == 2


@pytest.mark.parametrize("user", ["a@b@c", "tab\tid", " "])
async def test_a_signed_user_that_can_be_no_address_is_refused(user: str) -> None:
    desk = await make_desk()
    with pytest.raises(Invalid):
        await _vouch(desk.system, browser(), user)
