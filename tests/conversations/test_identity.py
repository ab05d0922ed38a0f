"""Claims join nothing; a code or the business's page proves; two proven people are never mixed."""

import asyncio
from uuid import UUID, uuid4

import pytest

from omni_app.conversations.identity import (
    BUSINESS_CODES_AN_HOUR,
    HOUR,
    IdentityState,
    claim,
    identity_of,
    prove_by_code,
    prove_by_page,
    send_code,
)
from omni_app.customers.addresses import Address
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid, TooMany
from omni_app.infra.scope import Permission, Scope
from omni_app.limits.window import take
from omni_app.tenancy.site_identity import hash_user, show_secret
from tests.conversations.desk import make_desk, without
from tests.conversations.visitors import (
    SOFIA,
    browser,
    claim_and_get_code,
    known,
    mailbox,
    mails,
    newest_code,
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


async def test_a_visitor_without_a_word_said_can_claim() -> None:
    desk = await make_desk()
    assert await identity_of(desk.system, browser()) == IdentityState()
    state = await claim(desk.system, browser(), name=" Sofia  Marin ", email="Sofia@Example.com")
    assert (state.name, state.proof, state.claimed) == ("Sofia Marin", "claimed", "s•••@example.com")
    assert state.customer_id == await owner_of(browser())
    assert await identity_of(desk.system, browser()) == state


async def test_a_claim_joins_nothing_and_tells_nothing_of_the_owner() -> None:
    desk = await make_desk()
    owner = await known(desk.system)
    known_address = await claim(desk.system, browser(), email=SOFIA)
    unknown = await claim(desk.system, browser("visitor-2"), email="nobody@example.com")
    assert known_address.customer_id != owner
    assert (known_address.name, known_address.proof, known_address.conversation_id) == ("", "claimed", None)
    assert (unknown.name, unknown.proof, unknown.conversation_id) == ("", "claimed", None)


async def test_a_national_number_is_completed_with_the_country_of_the_business() -> None:
    desk = await make_desk()
    await rows("update businesses set locale = 'en-CA' returning id")
    state = await claim(desk.system, browser(), phone="(902) 555-0148", email=SOFIA)
    assert ("phone", "", "+19025550148", "claimed") in await points(state.customer_id or uuid4())
    assert ("email", "", SOFIA, "claimed") in await points(state.customer_id or uuid4())


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "email"),
        ({"name": "  "}, "email"),
        ({"email": "sofia"}, "email"),
        ({"email": "a@b.example\r\nBcc: x@y.example"}, "email"),
        ({"phone": "12"}, "phone"),
        ({"name": "x" * 500}, "name"),
        ({"name": "\u202egro.elpmaxe"}, "name"),
        ({"name": "\ud800"}, "name"),
    ],
)
async def test_a_claim_that_cannot_be_is_refused_by_field(given: dict[str, str], field: str) -> None:
    desk = await make_desk()
    with pytest.raises(Invalid) as caught:
        await claim(desk.system, browser(), **given)
    assert [problem.field for problem in caught.value.fields] == [field]
    assert await count("customers") == 0


async def test_claims_are_limited_by_the_hour() -> None:
    desk = await make_desk()
    for number in range(20):
        await claim(desk.system, browser(), name=f"Name {number}")
    with pytest.raises(TooMany):
        await claim(desk.system, browser(), name="Once more")


async def test_ten_tabs_claim_at_once_and_are_one_customer_with_one_claim() -> None:
    desk = await make_desk()
    await asyncio.gather(*(claim(desk.system, browser(), email=f"tab{number}@example.com") for number in range(10)))
    assert await count("customers") == 1
    assert len(await rows("select id from contact_points where proof = 'claimed'")) == 1


# Codes


async def test_the_right_code_joins_the_visitor_to_the_owner() -> None:
    desk = await make_desk()
    owner = await known(desk.system)
    said = await write(desk.system, browser(), "Is there parking?")
    _, code = await claim_and_get_code(desk.system, browser())
    state = await prove_by_code(desk.system, browser(), code)
    assert (state.customer_id, state.name, state.proof, state.claimed) == (owner, "Sofia Marin", "proven", "")
    assert said.conversation_id in await _threads(owner)
    assert (await write(desk.system, browser(), "And now?")).customer.id == owner


@pytest.mark.parametrize(
    ("locale", "chat", "subject", "letter"),
    [
        ("en", "es-MX", "es su código para el chat con", "Escriba este código"),
        ("de", "", "ist Ihr Code für den Chat mit", "innerhalb von zehn Minuten"),
        ("sv", "xx", "is your code for the chat with", "within ten minutes"),
    ],
)
async def test_the_code_comes_in_the_language_of_the_chat(locale: str, chat: str, subject: str, letter: str) -> None:
    desk = await make_desk()
    await rows("update businesses set locale = :locale returning id", locale=locale)
    await write(desk.system, browser(), "Hello")
    await rows("update conversations set language = :chat returning id", chat=chat)
    _, code = await claim_and_get_code(desk.system, browser())
    ((title, text),) = await mails()
    assert (title.startswith(f"{code} {subject}"), letter in text, f"    {code}\n" in text) == (True, True, True)


async def test_the_right_code_for_an_unknown_address_makes_it_the_visitors() -> None:
    desk = await make_desk()
    before, code = await claim_and_get_code(desk.system, browser())
    state = await prove_by_code(desk.system, browser(), code)
    assert (state.customer_id, state.proof) == (before.customer_id, "proven")
    assert await owner_of(mailbox()) == before.customer_id


async def test_the_mail_is_the_same_whether_or_not_the_address_is_known() -> None:
    desk = await make_desk("Harbour Dental")
    await known(desk.system)
    _, code = await claim_and_get_code(desk.system, browser())
    _, other = await claim_and_get_code(desk.system, browser("visitor-2"), "nobody@example.com")
    (subject, text), (other_subject, other_text) = (await mails())[0], (await mails("nobody@example.com"))[0]
    assert subject.replace(code, "") == other_subject.replace(other, "")
    assert text.replace(code, "") == other_text.replace(other, "")
    assert "Harbour Dental" in subject
    assert "Sofia" not in text


async def test_a_used_code_changes_nothing_for_its_user_and_helps_nobody_else() -> None:
    desk = await make_desk()
    owner = await known(desk.system)
    _, code = await claim_and_get_code(desk.system, browser())
    first = await prove_by_code(desk.system, browser(), code)
    assert await prove_by_code(desk.system, browser(), code) == first
    await claim(desk.system, browser("thief"), email=SOFIA)
    with pytest.raises(Invalid):
        await prove_by_code(desk.system, browser("thief"), code)
    assert await owner_of(browser("thief")) != owner


async def test_ten_tabs_with_the_same_code_join_once() -> None:
    desk = await make_desk()
    owner = await known(desk.system)
    _, code = await claim_and_get_code(desk.system, browser())
    states = await asyncio.gather(*(prove_by_code(desk.system, browser(), code) for _ in range(10)))
    assert {state.customer_id for state in states} == {owner}
    assert await count("merges") == 1


async def test_wrong_codes_are_counted_although_each_is_refused() -> None:
    desk = await make_desk()
    _, code = await claim_and_get_code(desk.system, browser())
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(4):
        with pytest.raises(Invalid):
            await prove_by_code(desk.system, browser(), wrong)
    with pytest.raises(TooMany):
        await prove_by_code(desk.system, browser(), wrong)
    with pytest.raises(TooMany):
        await prove_by_code(desk.system, browser(), code)
    assert (await identity_of(desk.system, browser())).proof == "claimed"


async def test_a_code_that_expired_or_was_never_asked_for_says_so() -> None:
    desk = await make_desk()
    with pytest.raises(Invalid, match="Ask for a code first"):
        await prove_by_code(desk.system, browser(), "123456")
    _, code = await claim_and_get_code(desk.system, browser())
    await rows("update verification_codes set expires_at = expires_at - interval '1 hour' returning id")
    with pytest.raises(Invalid, match="expired"):
        await prove_by_code(desk.system, browser(), code)


async def test_codes_need_an_email_and_say_that_phones_get_none_yet() -> None:
    desk = await make_desk()
    with pytest.raises(Invalid, match="e-mail"):
        await send_code(desk.system, browser())
    await claim(desk.system, browser(), phone="+1 902 555 0148")
    with pytest.raises(Invalid, match="text message"):
        await send_code(desk.system, browser())


async def test_three_codes_an_hour_go_to_one_address_whoever_asks() -> None:
    desk = await make_desk()
    for number in range(3):
        await claim_and_get_code(desk.system, browser(f"visitor-{number}"))
    await claim(desk.system, browser("visitor-9"), email=SOFIA)
    with pytest.raises(TooMany):
        await send_code(desk.system, browser("visitor-9"))
    assert len(await mails()) == 3


async def test_a_business_sends_sixty_codes_an_hour() -> None:
    desk = await make_desk()
    for _ in range(BUSINESS_CODES_AN_HOUR):
        await take("codes", str(desk.system.business_id), BUSINESS_CODES_AN_HOUR, HOUR)
    await claim(desk.system, browser(), email=SOFIA)
    with pytest.raises(TooMany):
        await send_code(desk.system, browser())


async def test_an_owner_erased_meanwhile_leaves_the_address_to_the_visitor() -> None:
    desk = await make_desk()
    owner = await known(desk.system)
    before, code = await claim_and_get_code(desk.system, browser())
    await rows("delete from customers where id = :id returning id", id=owner)
    state = await prove_by_code(desk.system, browser(), code)
    assert (state.customer_id, state.proof) == (before.customer_id, "proven")


async def test_two_visitors_prove_the_same_new_address_at_once_and_become_one() -> None:
    desk = await make_desk()
    _, first = await claim_and_get_code(desk.system, browser("one"))
    _, second = await claim_and_get_code(desk.system, browser("two"))
    states = await asyncio.gather(
        prove_by_code(desk.system, browser("one"), first), prove_by_code(desk.system, browser("two"), second)
    )
    owner = await owner_of(mailbox())
    assert {state.proof for state in states} == {"proven"}
    assert {await owner_of(browser("one")), await owner_of(browser("two"))} == {owner}


async def test_a_second_person_with_a_code_on_the_same_computer_does_not_get_the_firsts_history() -> None:
    desk = await make_desk()
    first = await known(desk.system)
    _, code = await claim_and_get_code(desk.system, browser())
    await prove_by_code(desk.system, browser(), code)
    said = await write(desk.system, browser(), "My own affairs")
    _, code = await claim_and_get_code(desk.system, browser(), BOB)
    state = await prove_by_code(desk.system, browser(), code)
    assert state.customer_id != first
    assert (state.proof, state.claimed, state.conversation_id) == ("proven", "", None)
    assert said.conversation_id in await _threads(first)
    assert await points(first) == {("email", "", SOFIA, "proven")}


async def test_without_the_right_to_reply_nothing_is_claimed_or_proven() -> None:
    desk = await make_desk()
    scope = without(desk.system, Permission.REPLY)
    with pytest.raises(Forbidden):
        await claim(scope, browser(), email=SOFIA)
    with pytest.raises(Forbidden):
        await send_code(scope, browser())
    with pytest.raises(Forbidden):
        await prove_by_code(scope, browser(), "123456")
    with pytest.raises(Forbidden):
        await prove_by_page(scope, browser(), SOFIA, "0" * 64)


async def test_another_business_knows_nothing_of_the_visitor() -> None:
    desk, other = await make_desk(), await make_desk("Other")
    _, code = await claim_and_get_code(desk.system, browser())
    assert await identity_of(other.system, browser()) == IdentityState()
    with pytest.raises(Invalid):
        await prove_by_code(other.system, browser(), code)
    assert await newest_code() == code
