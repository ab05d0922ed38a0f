"""A join is taken back: everything goes where it was."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omni_app.customers.claiming import claim_address
from omni_app.customers.proving import accept_claim, find_claimed_email
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict
from tests.conversations.desk import Desk, make_desk
from tests.conversations.pairs import belongings, fill, join, two_people, undo
from tests.conversations.visitors import browser, mailbox, owner_of, write
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")


async def test_a_chain_of_joins_is_undone_from_its_end() -> None:
    desk = await make_desk()
    first, second = await two_people(desk)
    third = (await write(desk.system, browser("visitor-3"))).customer.id
    before = [await belongings(one) for one in (first, second, third)]
    one = await join(desk.maya, first, third)
    two = await join(desk.maya, third, second)
    assert {row["id"] for row in await rows("select id from customers where merged_into_id = :id", id=second)} == {first, third}
    with pytest.raises(Conflict):
        await undo(desk.maya, one)
    await undo(desk.maya, two)
    await undo(desk.maya, one)
    with pytest.raises(Conflict):
        await undo(desk.maya, one)
    assert [await belongings(one) for one in (first, second, third)] == before


async def test_what_was_said_since_goes_back_with_its_conversation() -> None:
    desk = await make_desk()
    stranger, owner = await two_people(desk)
    (thread,) = await rows("select id from conversations where customer_id = :id", id=stranger)
    merge_id = await join(desk.system, stranger, owner)
    said = await write(desk.system, browser(), "Since then", conversation_id=thread["id"])
    assert said.customer.id == owner
    await undo(desk.system, merge_id)
    assert "Since then" in {one["text"] for one in (await belongings(stranger))["messages"]}
    assert await owner_of(browser()) == stranger


_words = st.text(alphabet="abcü ", max_size=5)
_profile = st.fixed_dictionaries(
    {
        "name": _words,
        "timezone": st.sampled_from(["", "UTC"]),
        "tags": st.lists(st.sampled_from(["a", "b", "c"]), unique=True),
        "attributes": st.dictionaries(st.sampled_from(["x", "y"]), st.integers(0, 2)),
        "claims": st.lists(st.sampled_from(["a@example.com", "b@example.com"]), max_size=1),
        "is_proven": st.booleans(),
        "messages": st.integers(0, 3),
    }
)


async def _person(desk: Desk, who: str, profile: dict[str, Any]) -> UUID:
    received = await write(desk.system, browser(who), f"{who} 0")
    for number in range(profile["messages"]):
        await write(desk.system, browser(who), f"{who} {number + 1}")
    await fill(desk.system, received.customer.id, received.conversation_id, who)
    await rows(
        """update customers set name = :name, timezone = :timezone, tags = cast(:tags as jsonb),
           attributes = cast(:attributes as jsonb) where id = :id returning id""",
        name=profile["name"],
        timezone=profile["timezone"],
        tags=json.dumps(profile["tags"]),
        attributes=json.dumps(profile["attributes"]),
        id=received.customer.id,
    )
    async with open_db(desk.system) as db:
        for email in profile["claims"]:
            await claim_address(db, received.customer.id, mailbox(email))
            if profile["is_proven"] and await owner_of(mailbox(email)) is None:
                await accept_claim(db, received.customer.id, await find_claimed_email(db, received.customer.id), "code")
    return received.customer.id


async def _reply_point(conversation_id: UUID) -> UUID | None:
    (row,) = await rows("select contact_point_id from conversations where id = :id", id=conversation_id)
    return row["contact_point_id"]


async def test_a_conversation_answers_to_the_same_address_through_join_and_undo() -> None:
    desk = await make_desk()
    stranger, owner = await two_people(desk)
    async with open_db(desk.system) as db:
        await claim_address(db, stranger, mailbox())
    (thread,) = await rows(
        """update conversations set contact_point_id = (select id from contact_points where customer_id = :id and kind = 'email')
           where customer_id = :id returning id, contact_point_id""",
        id=stranger,
    )
    merge_id = await join(desk.system, stranger, owner)
    (proven,) = await rows("select id from contact_points where customer_id = :id and kind = 'email'", id=owner)
    assert await _reply_point(thread["id"]) == proven["id"]
    await undo(desk.system, merge_id)
    assert await _reply_point(thread["id"]) == thread["contact_point_id"]


async def test_a_conversation_begun_since_over_an_address_that_goes_back_goes_with_it() -> None:
    desk = await make_desk()
    stranger, owner = await two_people(desk)
    merge_id = await join(desk.system, stranger, owner)
    (point,) = await rows("select id from contact_points where customer_id = :id and kind = 'external'", id=owner)
    begun = await write(desk.system, browser(), "A new matter", conversation_id=None)
    await rows(
        "update conversations set contact_point_id = :point where id = :id returning id",
        point=point["id"],
        id=begun.conversation_id,
    )
    await undo(desk.system, merge_id)
    assert await rows("select customer_id from conversations where id = :id", id=begun.conversation_id) == [
        {"customer_id": stranger}
    ]
    assert await rows("select distinct customer_id from messages where conversation_id = :id", id=begun.conversation_id) == [
        {"customer_id": stranger}
    ]


async def test_an_address_that_takes_no_mail_is_known_as_such_again() -> None:
    desk = await make_desk()
    stranger, owner = await two_people(desk)
    async with open_db(desk.system) as db:
        await claim_address(db, stranger, mailbox())
    await rows(
        """update contact_points set undeliverable_at = now(), undeliverable_reason = 'full' where customer_id = :id
           and kind = 'email' returning id""",
        id=stranger,
    )
    before = await belongings(stranger)
    merge_id = await join(desk.system, stranger, owner)
    await undo(desk.system, merge_id)
    assert await belongings(stranger) == before


_step = st.tuples(st.integers(0, 1), st.booleans())


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(one=_profile, other=_profile, since=st.lists(_step, max_size=3))
async def test_join_and_undo_leave_everything_as_it_was(
    one: dict[str, Any], other: dict[str, Any], since: list[tuple[int, bool]]
) -> None:
    desk = await make_desk()
    names = f"a{uuid4()}", f"b{uuid4()}"
    first, second = await _person(desk, names[0], one), await _person(desk, names[1], other)
    threads = [(await rows("select id from conversations where customer_id = :id", id=i))[0]["id"] for i in (first, second)]
    before = [await belongings(first), await belongings(second)]
    merge_id = await join(desk.maya, first, second)
    assert len((await belongings(second))["messages"]) == one["messages"] + other["messages"] + 2
    said: list[set[str]] = [set(), set()]
    for number, (who, is_filled) in enumerate(since):
        # Nobody writes so fast that a limit is reached.
        await rows("update messages set created_at = created_at - interval '1 hour' returning id")
        await write(desk.system, browser(names[who]), f"since {number}", conversation_id=threads[who])
        said[who].add(f"since {number}")
        if is_filled:
            await fill(desk.system, second, threads[who], f"later {number}")
    await undo(desk.maya, merge_id)
    for customer_id, was, words in zip((first, second), before, said, strict=True):
        # Reading decrypts every sealed value under this customer's own key.
        now = await belongings(customer_id)
        assert {m["text"] for m in now["messages"]} == {m["text"] for m in was["messages"]} | words
        if not since:
            assert now == was
        for table in ("memories", "attachments", "receipts", "abuse_events", "deliveries", "channel_events"):
            own = [row["id"] for row in was[table]]
            assert [row["id"] for row in now[table] if row["id"] in own] == own
        assert [(p["kind"], p["value"], p["proof"]) for p in now["contact_points"]] == [
            (p["kind"], p["value"], p["proof"]) for p in was["contact_points"]
        ]
        stray = await rows(
            """select 1 from messages m join conversations c on c.id = m.conversation_id where m.customer_id <> c.customer_id
               union all select 1 from deliveries d join conversations c on c.id = d.conversation_id
                 where d.customer_id <> c.customer_id
               union all select 1 from receipts r join conversations c on c.id = r.conversation_id
                 where r.customer_id <> c.customer_id
               union all select 1 from channel_events e join messages m on m.id = e.message_id
                 where e.customer_id <> m.customer_id"""
        )
        assert stray == []
