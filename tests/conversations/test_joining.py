"""Joining two customers moves everything and can be taken back."""

import asyncio
from uuid import UUID, uuid4

import pytest

from omni_app.conversations.answering import Answer, record_answer
from omni_app.conversations.facts import Inbound, read_facts
from omni_app.conversations.joining import accept_suggestion, join_by_staff
from omni_app.conversations.receiving import Moved, store
from omni_app.customers.claiming import claim_address
from omni_app.customers.suggesting import dismiss_suggestion, list_suggestions, suggest
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound
from omni_app.orchestrator.deciding import LOCAL_LEASE
from omni_app.orchestrator.turn import receive
from tests.conversations.desk import make_desk, state
from tests.conversations.pairs import belongings, join, two_people, undo
from tests.conversations.visitors import SOFIA, browser, known, mailbox, points, write
from tests.making import count, rows

pytestmark = pytest.mark.usefixtures("database")


async def test_a_restriction_of_either_holds_for_the_one_person_and_goes_with_an_undo() -> None:
    desk = await make_desk()
    stranger, owner = await two_people(desk)
    await rows(
        "update customers set restriction = 'blocked', restricted_until = now() + interval '1 hour' where id = :id returning id",
        id=stranger,
    )
    merge_id = await join(desk.system, stranger, owner)
    assert await rows("select restriction from customers where id = :id", id=owner) == [{"restriction": "blocked"}]
    await undo(desk.system, merge_id)
    assert await rows("select restriction, restricted_until from customers where id = :id", id=owner) == [
        {"restriction": "", "restricted_until": None}
    ]


async def test_everything_moves_and_can_still_be_read() -> None:
    desk = await make_desk()
    stranger, owner = await two_people(desk)
    await join(desk.system, stranger, owner, "code to the address")
    has = await belongings(owner)
    assert {one["text"] for one in has["messages"]} == {"As a stranger", "As Sofia"}
    assert {one["prompt"] for one in has["receipts"]} == {"prompt stranger", "prompt owner"}
    assert {one["text"] for one in has["customer_notes"]} == {"note stranger", "note owner"}
    assert {one["text"] for one in has["notes"]} == {"aside stranger", "aside owner"}
    assert {one["evidence"] for one in has["abuse_events"]} == {"sign stranger", "sign owner"}
    assert {one["name"] for one in has["attachments"]} == {"stranger.txt", "owner.txt"}
    assert {one["envelope"] for one in has["messages"]} == {"head stranger", "head owner"}
    assert (len(has["deliveries"]), len(has["channel_events"])) == (2, 2)
    assert {one["text"] for one in has["memories"]} == {"memory stranger", "memory owner"}
    assert await points(owner) == {("external", "chat", "visitor-1", "proven"), ("email", "", SOFIA, "proven")}
    shell = await belongings(stranger)
    assert shell["customer"]["merged_into_id"] == owner
    assert not any(value for name, value in shell.items() if name != "customer")
    (entry,) = await rows("select after from audit_entries where action = 'customer.merged'")
    assert entry["after"]["evidence"] == "code to the address"


async def test_joining_twice_joins_once() -> None:
    desk = await make_desk()
    stranger, owner = await two_people(desk)
    ids = await asyncio.gather(*(join(desk.system, stranger, owner) for _ in range(5)))
    assert len(set(ids)) == 1
    assert await count("merges") == 1


async def test_crosswise_joins_at_once_leave_one_shell() -> None:
    desk = await make_desk()
    stranger, owner = await two_people(desk)
    results = await asyncio.gather(join(desk.system, stranger, owner), join(desk.system, owner, stranger), return_exceptions=True)
    assert len([result for result in results if isinstance(result, UUID)]) == 1
    assert len([result for result in results if isinstance(result, Conflict)]) == 1


async def test_the_owners_profile_wins_and_is_completed() -> None:
    desk = await make_desk()
    stranger, owner = await two_people(desk)
    await rows(
        """update customers set name = 'S.', timezone = 'Europe/Paris', tags = '["new", "vip"]', 
           attributes = '{"size": "L", "city": "Paris"}' where id = :id returning id""",
        id=stranger,
    )
    await rows("""update customers set tags = '["vip"]', attributes = '{"size": "M"}' where id = :id returning id""", id=owner)
    await join(desk.system, stranger, owner)
    (row,) = await rows("select name, timezone, tags, attributes from customers where id = :id", id=owner)
    assert row == {
        "name": "Sofia Marin",
        "timezone": "Europe/Paris",
        "tags": ["vip", "new"],
        "attributes": {"size": "M", "city": "Paris"},
    }


async def test_a_block_of_either_holds_for_both() -> None:
    desk = await make_desk()
    stranger, owner = await two_people(desk)
    await rows("update customers set blocked_at = now(), block_reason = 'abuse' where id = :id returning id", id=stranger)
    await join(desk.system, stranger, owner)
    with pytest.raises(Forbidden):
        await write(desk.system, mailbox())


async def test_a_claim_gives_way_to_the_proven_address() -> None:
    desk = await make_desk()
    stranger, owner = await two_people(desk)
    async with open_db(desk.system) as db:
        await claim_address(db, stranger, mailbox())
    merge_id = await join(desk.system, stranger, owner)
    assert ("email", "", SOFIA, "claimed") not in await points(owner)
    await undo(desk.system, merge_id)
    assert ("email", "", SOFIA, "claimed") in await points(stranger)


async def test_two_people_with_proven_emails_are_joined_by_staff_only() -> None:
    desk = await make_desk()
    ann, sofia = await known(desk.system, "ann@example.com"), await known(desk.system)
    with pytest.raises(Conflict):
        await join(desk.system, ann, sofia)
    await join(desk.maya, ann, sofia, "they called")
    assert {value for _, _, value, _ in await points(sofia)} == {"ann@example.com", SOFIA}


async def test_who_may_not_join_and_what_cannot_be_joined() -> None:
    desk, other = await make_desk(), await make_desk("Other")
    stranger, owner = await two_people(desk)
    with pytest.raises(Forbidden):
        await join(desk.vera, stranger, owner)
    with pytest.raises(NotFound):
        await join(other.system, stranger, owner)
    with pytest.raises(NotFound):
        await join(desk.system, stranger, uuid4())
    with pytest.raises(Conflict):
        await join(desk.system, owner, owner)
    third = (await write(desk.system, browser("visitor-3"))).customer.id
    await join(desk.system, stranger, owner)
    with pytest.raises(Conflict):
        await join(desk.system, stranger, third)
    with pytest.raises(Conflict):
        await join(desk.system, third, stranger)
    with pytest.raises(NotFound):
        await undo(desk.system, uuid4())
    with pytest.raises(Forbidden):
        await undo(desk.vera, (await rows("select id from merges"))[0]["id"])


async def test_an_answer_under_way_is_not_recorded_for_the_wrong_customer_but_made_anew() -> None:
    desk = await make_desk()
    owner = await known(desk.system)
    said = await write(desk.system, browser(), "Is there parking?")
    assert said.turn_id is not None
    await join(desk.system, said.customer.id, owner)
    async with open_db(desk.system) as db:
        answer = Answer(text="Behind the clinic.", source="faq")
        assert await record_answer(db, said.conversation_id, said.turn_id, said.fence, said.seq, "parking", answer) is None
    assert (await state(said.conversation_id))["lease_holder"] is None
    jobs = await rows("select payload from outbox where name = 'AnswerConversation'")
    assert {"conversation_id": str(said.conversation_id)} in [job["payload"] for job in jobs]


async def test_a_message_that_meets_a_join_starts_over_and_lands_with_the_owner() -> None:
    desk = await make_desk()
    owner = await known(desk.system)
    await write(desk.system, browser(), "First")
    message = Inbound(channel="chat", address=browser(), text="Second", client_id=str(uuid4()))
    async with open_db(desk.system) as db:
        facts = await read_facts(db, message, "")
        assert facts.customer is not None
        await join(desk.system, facts.customer.id, owner)
        with pytest.raises(Moved):
            await store(db, message, facts, facts.customer, LOCAL_LEASE)
    received, _ = await receive(desk.system, message)
    assert received.customer.id == owner


async def test_a_new_conversation_is_never_opened_for_a_shell() -> None:
    desk = await make_desk()
    owner = await known(desk.system)
    stranger = (await write(desk.system, browser(), "First")).customer.id
    message = Inbound(channel="sms", address=browser(), text="On another channel", client_id=str(uuid4()))
    async with open_db(desk.system) as db:
        facts = await read_facts(db, message, "")
        assert facts.customer is not None
        await join(desk.system, stranger, owner)
        with pytest.raises(Moved):
            await store(db, message, facts, facts.customer, LOCAL_LEASE)


async def test_messages_written_while_customers_are_joined_are_all_kept() -> None:
    desk = await make_desk()
    owner = await known(desk.system)
    stranger = (await write(desk.system, browser(), "First")).customer.id
    await asyncio.gather(
        *(write(desk.system, browser(), f"Message {number}") for number in range(8)), join(desk.system, stranger, owner)
    )
    found = await rows("select customer_id, text from messages where text like 'Message%'")
    assert len(found) == 8
    assert {row["customer_id"] for row in found} == {owner}


async def test_a_join_settles_the_suggestion_and_its_undo_says_they_are_two() -> None:
    desk = await make_desk()
    stranger, owner = await two_people(desk)
    async with open_db(desk.system) as db:
        assert await suggest(db, stranger, owner, "same name")
        assert not await suggest(db, owner, stranger, "again")
    async with open_db(desk.maya) as db:
        (found,) = await list_suggestions(db, owner)
        merge_id = await accept_suggestion(db, found.id, owner)
    assert await rows("select status, decided_by from merge_suggestions") == [{"status": "joined", "decided_by": "Maya Chen"}]
    async with open_db(desk.maya) as db:
        with pytest.raises(Conflict):
            await accept_suggestion(db, found.id, owner)
        with pytest.raises(Conflict):
            await dismiss_suggestion(db, found.id)
        assert await list_suggestions(db, owner) == []
    await undo(desk.maya, merge_id)
    assert await rows("select status from merge_suggestions") == [{"status": "dismissed"}]


async def test_a_suggestion_stands_for_whom_they_were_joined_into() -> None:
    desk = await make_desk()
    stranger, owner = await two_people(desk)
    third = (await write(desk.system, browser("visitor-3"))).customer.id
    async with open_db(desk.system) as db:
        await suggest(db, stranger, third, "same phone claimed")
    await join(desk.maya, stranger, owner)
    async with open_db(desk.maya) as db:
        (found,) = await list_suggestions(db, third)
        assert found.customer_id == owner
        with pytest.raises(Conflict):
            await accept_suggestion(db, found.id, stranger)
        await accept_suggestion(db, found.id, owner)
    assert await rows("select merged_into_id from customers where id = :id", id=third) == [{"merged_into_id": owner}]


async def test_who_may_decide_about_suggestions_and_join_by_hand() -> None:
    desk, other = await make_desk(), await make_desk("Other")
    stranger, owner = await two_people(desk)
    async with open_db(desk.system) as db:
        await suggest(db, stranger, owner, "same name")
    (suggestion,) = await rows("select id from merge_suggestions")
    for scope, error in ((desk.vera, Forbidden), (other.maya, NotFound)):
        async with open_db(scope) as db:
            with pytest.raises(error):
                await dismiss_suggestion(db, suggestion["id"])
            with pytest.raises(error):
                await accept_suggestion(db, suggestion["id"], owner)
            with pytest.raises(error):
                await join_by_staff(db, stranger, owner, "they called")
    async with open_db(other.maya) as db:
        assert await list_suggestions(db, owner) == []
    async with open_db(desk.system) as db:
        with pytest.raises(Conflict):
            await join_by_staff(db, stranger, owner, "a machine thinks so")
    async with open_db(desk.maya) as db:
        for reason in ("", " ", "x" * 201):
            with pytest.raises(Invalid):
                await join_by_staff(db, stranger, owner, reason)
        await dismiss_suggestion(db, suggestion["id"])
        await dismiss_suggestion(db, suggestion["id"])
        await join_by_staff(db, stranger, owner, "they  called\n us")
    assert await rows("select evidence from merges") == [{"evidence": "they called us"}]
