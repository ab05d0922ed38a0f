"""Joining two customers moves everything and can be taken back."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omni_app.conversations.answering import Answer, record_answer
from omni_app.conversations.facts import Inbound, read_facts
from omni_app.conversations.joining import accept_suggestion, join_by_staff, join_customers, undo_join
from omni_app.conversations.mail_envelopes import ENVELOPE
from omni_app.conversations.notes import NOTE
from omni_app.conversations.receiving import Moved, store
from omni_app.customers.claiming import claim_address
from omni_app.customers.identifying import CONTACT_POINT
from omni_app.customers.notes import CUSTOMER_NOTE
from omni_app.customers.proving import accept_claim, find_claimed_email
from omni_app.customers.suggesting import dismiss_suggestion, list_suggestions, suggest
from omni_app.infra.crypto import decrypt, encrypt, unwrap_data_key
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope
from omni_app.limits.ladder import EVIDENCE
from omni_app.orchestrator.deciding import LOCAL_LEASE
from omni_app.orchestrator.turn import receive
from tests.conversations.desk import Desk, make_desk, state
from tests.conversations.visitors import SOFIA, browser, known, mailbox, owner_of, points, write
from tests.making import count, rows

pytestmark = pytest.mark.usefixtures("database")

SEALED = (
    ("contact_points", "value", CONTACT_POINT),
    ("messages", "envelope", ENVELOPE),
    ("receipts", "prompt", "receipts.prompt"),
    ("customer_notes", "text", CUSTOMER_NOTE),
    ("abuse_events", "evidence", EVIDENCE),
)


async def _join(scope: Scope, from_id: UUID, into_id: UUID, evidence: str = "test") -> UUID:
    async with open_db(scope) as db:
        return await join_customers(db, from_id, into_id, evidence)


async def _undo(scope: Scope, merge_id: UUID) -> None:
    async with open_db(scope) as db:
        await undo_join(db, merge_id)


async def _belongings(customer_id: UUID) -> dict[str, Any]:
    """Everything of a customer in clear, as it would be shown; what a join may change without harm is left out."""
    (row,) = await rows("select * from customers where id = :id", id=customer_id)
    key = unwrap_data_key(row["data_key"])
    found: dict[str, Any] = {"customer": {n: v for n, v in row.items() if n != "version"}}
    for table in (
        "conversations",
        "messages",
        "memories",
        "attachments",
        "receipts",
        "customer_notes",
        "abuse_events",
        "contact_points",
        "deliveries",
        "channel_events",
    ):
        found[table] = await rows(f"select * from {table} where customer_id = :id order by id", id=customer_id)
    for table, column, context in SEALED:
        for one in found[table]:
            one[column] = decrypt(key, one[column], context) if one[column] else ""
    for one in found["conversations"]:
        for name in ("fence", "lease_holder", "lease_until"):
            del one[name]
    found["notes"] = await rows(
        "select n.* from notes n join conversations c on c.id = n.conversation_id where c.customer_id = :id order by n.id",
        id=customer_id,
    )
    for one in found["notes"]:
        one["text"] = decrypt(key, one["text"], NOTE)
    return found


async def _connect(scope: Scope) -> UUID:
    """A connection to a provider."""
    connection_id = new_id()
    await rows(
        """insert into channel_connections (id, business_id, kind, channel, name, settings, token, token_index, created_at,
           updated_at) values (:id, :business_id, 'smtp', 'email', 'Mail', '', '', :index, now(), now()) returning id""",
        id=connection_id,
        business_id=scope.business_id,
        index=str(connection_id),
    )
    return connection_id


async def _fill(scope: Scope, customer_id: UUID, conversation_id: UUID, mark: str) -> None:
    """A receipt, two kinds of notes and a file, each with `mark` in it."""
    (row,) = await rows("select data_key from customers where id = :id", id=customer_id)
    key = unwrap_data_key(row["data_key"])
    common = {"business_id": scope.business_id, "customer_id": customer_id, "conversation_id": conversation_id}
    await rows(
        """insert into receipts (id, business_id, conversation_id, customer_id, source, provider, model, input_tokens,
           output_tokens, cost_nusd, knowledge_version, sources, steps, note, prompt, created_at)
           values (:id, :business_id, :conversation_id,
           :customer_id, 'model', '', '', 0, 0, 0, 1, '[]', '[]', '', :sealed, now()) returning id""",
        id=new_id(),
        sealed=encrypt(key, f"prompt {mark}", "receipts.prompt"),
        **common,
    )
    await rows(
        """insert into customer_notes (id, business_id, customer_id, author_name, text, created_at)
           values (:id, :business_id, :customer_id, 'Maya', :sealed, now()) returning id""",
        id=new_id(),
        sealed=encrypt(key, f"note {mark}", CUSTOMER_NOTE),
        business_id=scope.business_id,
        customer_id=customer_id,
    )
    await rows(
        """insert into notes (id, business_id, conversation_id, after_seq, author_name, text, mentions, created_at)
           values (:id, :business_id, :conversation_id, 1, 'Maya', :sealed, '[]', now()) returning id""",
        id=new_id(),
        sealed=encrypt(key, f"aside {mark}", NOTE),
        business_id=scope.business_id,
        conversation_id=conversation_id,
    )
    await rows(
        """insert into attachments (id, business_id, customer_id, conversation_id, uploaded_by, name, media_type, size, sha256,
           storage_key, created_at) values (:id, :business_id, :customer_id, :conversation_id, 'visitor:x', :name, 'text/plain',
           1, '', '', now()) returning id""",
        id=new_id(),
        name=f"{mark}.txt",
        **common,
    )
    await rows(
        """insert into abuse_events (id, business_id, customer_id, conversation_id, kind, action, score, evidence, address_index,
           verdict, reviewed_by, created_at) values (:id, :business_id, :customer_id, :conversation_id, 'gibberish', 'noted', 1,
           :sealed, '', '', '', now()) returning id""",
        id=new_id(),
        sealed=encrypt(key, f"sign {mark}", EVIDENCE),
        **common,
    )
    (message,) = await rows(
        """update messages set envelope = :sealed where conversation_id = :id
           and seq = (select max(seq) from messages where conversation_id = :id) returning id""",
        sealed=encrypt(key, f"head {mark}", ENVELOPE),
        id=conversation_id,
    )
    connection_id = await _connect(scope)
    await rows(
        """insert into deliveries (id, business_id, conversation_id, message_id, customer_id, connection_id, channel, seq,
           available_at, created_at) values (:id, :business_id, :conversation_id, :message_id, :customer_id, :connection_id,
           'email', 1, now(), now()) returning id""",
        id=new_id(),
        message_id=message["id"],
        connection_id=connection_id,
        **common,
    )
    await rows(
        """insert into channel_events (id, business_id, connection_id, hook, event_key, customer_id, message_id, received_at)
           values (:id, :business_id, :connection_id, 'mail', :key, :customer_id, :message_id, now()) returning id""",
        id=new_id(),
        business_id=scope.business_id,
        connection_id=connection_id,
        key=str(new_id()),
        customer_id=customer_id,
        message_id=message["id"],
    )
    await rows(
        """insert into memories (id, business_id, customer_id, conversation_id, kind, text, embedding_model, embedding,
           created_at) values (:id, :business_id, :customer_id, :conversation_id, 'summary', :text, 'test', '[1,2]', now())
           returning id""",
        id=new_id(),
        text=f"memory {mark}",
        **common,
    )


async def _two(desk: Desk) -> tuple[UUID, UUID]:
    """A stranger and a known customer, each with everything."""
    stranger = await write(desk.system, browser(), "As a stranger")
    owner = await write(desk.system, mailbox(), "As Sofia", "Sofia Marin")
    await _fill(desk.system, stranger.customer.id, stranger.conversation_id, "stranger")
    await _fill(desk.system, owner.customer.id, owner.conversation_id, "owner")
    return stranger.customer.id, owner.customer.id


async def test_a_restriction_of_either_holds_for_the_one_person_and_goes_with_an_undo() -> None:
    desk = await make_desk()
    stranger, owner = await _two(desk)
    await rows(
        "update customers set restriction = 'blocked', restricted_until = now() + interval '1 hour' where id = :id returning id",
        id=stranger,
    )
    merge_id = await _join(desk.system, stranger, owner)
    assert await rows("select restriction from customers where id = :id", id=owner) == [{"restriction": "blocked"}]
    await _undo(desk.system, merge_id)
    assert await rows("select restriction, restricted_until from customers where id = :id", id=owner) == [
        {"restriction": "", "restricted_until": None}
    ]


async def test_everything_moves_and_can_still_be_read() -> None:
    desk = await make_desk()
    stranger, owner = await _two(desk)
    await _join(desk.system, stranger, owner, "code to the address")
    has = await _belongings(owner)
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
    shell = await _belongings(stranger)
    assert shell["customer"]["merged_into_id"] == owner
    assert not any(value for name, value in shell.items() if name != "customer")
    (entry,) = await rows("select after from audit_entries where action = 'customer.merged'")
    assert entry["after"]["evidence"] == "code to the address"


async def test_joining_twice_joins_once() -> None:
    desk = await make_desk()
    stranger, owner = await _two(desk)
    ids = await asyncio.gather(*(_join(desk.system, stranger, owner) for _ in range(5)))
    assert len(set(ids)) == 1
    assert await count("merges") == 1


async def test_crosswise_joins_at_once_leave_one_shell() -> None:
    desk = await make_desk()
    stranger, owner = await _two(desk)
    results = await asyncio.gather(
        _join(desk.system, stranger, owner), _join(desk.system, owner, stranger), return_exceptions=True
    )
    assert len([result for result in results if isinstance(result, UUID)]) == 1
    assert len([result for result in results if isinstance(result, Conflict)]) == 1


async def test_the_owners_profile_wins_and_is_completed() -> None:
    desk = await make_desk()
    stranger, owner = await _two(desk)
    await rows(
        """update customers set name = 'S.', timezone = 'Europe/Paris', tags = '["new", "vip"]', 
           attributes = '{"size": "L", "city": "Paris"}' where id = :id returning id""",
        id=stranger,
    )
    await rows("""update customers set tags = '["vip"]', attributes = '{"size": "M"}' where id = :id returning id""", id=owner)
    await _join(desk.system, stranger, owner)
    (row,) = await rows("select name, timezone, tags, attributes from customers where id = :id", id=owner)
    assert row == {
        "name": "Sofia Marin",
        "timezone": "Europe/Paris",
        "tags": ["vip", "new"],
        "attributes": {"size": "M", "city": "Paris"},
    }


async def test_a_block_of_either_holds_for_both() -> None:
    desk = await make_desk()
    stranger, owner = await _two(desk)
    await rows("update customers set blocked_at = now(), block_reason = 'abuse' where id = :id returning id", id=stranger)
    await _join(desk.system, stranger, owner)
    with pytest.raises(Forbidden):
        await write(desk.system, mailbox())


async def test_a_claim_gives_way_to_the_proven_address() -> None:
    desk = await make_desk()
    stranger, owner = await _two(desk)
    async with open_db(desk.system) as db:
        await claim_address(db, stranger, mailbox())
    merge_id = await _join(desk.system, stranger, owner)
    assert ("email", "", SOFIA, "claimed") not in await points(owner)
    await _undo(desk.system, merge_id)
    assert ("email", "", SOFIA, "claimed") in await points(stranger)


async def test_two_people_with_proven_emails_are_joined_by_staff_only() -> None:
    desk = await make_desk()
    ann, sofia = await known(desk.system, "ann@example.com"), await known(desk.system)
    with pytest.raises(Conflict):
        await _join(desk.system, ann, sofia)
    await _join(desk.maya, ann, sofia, "they called")
    assert {value for _, _, value, _ in await points(sofia)} == {"ann@example.com", SOFIA}


async def test_who_may_not_join_and_what_cannot_be_joined() -> None:
    desk, other = await make_desk(), await make_desk("Other")
    stranger, owner = await _two(desk)
    with pytest.raises(Forbidden):
        await _join(desk.vera, stranger, owner)
    with pytest.raises(NotFound):
        await _join(other.system, stranger, owner)
    with pytest.raises(NotFound):
        await _join(desk.system, stranger, uuid4())
    with pytest.raises(Conflict):
        await _join(desk.system, owner, owner)
    third = (await write(desk.system, browser("visitor-3"))).customer.id
    await _join(desk.system, stranger, owner)
    with pytest.raises(Conflict):
        await _join(desk.system, stranger, third)
    with pytest.raises(Conflict):
        await _join(desk.system, third, stranger)
    with pytest.raises(NotFound):
        await _undo(desk.system, uuid4())
    with pytest.raises(Forbidden):
        await _undo(desk.vera, (await rows("select id from merges"))[0]["id"])


async def test_a_chain_of_joins_is_undone_from_its_end() -> None:
    desk = await make_desk()
    first, second = await _two(desk)
    third = (await write(desk.system, browser("visitor-3"))).customer.id
    before = [await _belongings(one) for one in (first, second, third)]
    one = await _join(desk.maya, first, third)
    two = await _join(desk.maya, third, second)
    assert {row["id"] for row in await rows("select id from customers where merged_into_id = :id", id=second)} == {first, third}
    with pytest.raises(Conflict):
        await _undo(desk.maya, one)
    await _undo(desk.maya, two)
    await _undo(desk.maya, one)
    with pytest.raises(Conflict):
        await _undo(desk.maya, one)
    assert [await _belongings(one) for one in (first, second, third)] == before


async def test_what_was_said_since_goes_back_with_its_conversation() -> None:
    desk = await make_desk()
    stranger, owner = await _two(desk)
    (thread,) = await rows("select id from conversations where customer_id = :id", id=stranger)
    merge_id = await _join(desk.system, stranger, owner)
    said = await write(desk.system, browser(), "Since then", conversation_id=thread["id"])
    assert said.customer.id == owner
    await _undo(desk.system, merge_id)
    assert "Since then" in {one["text"] for one in (await _belongings(stranger))["messages"]}
    assert await owner_of(browser()) == stranger


async def test_an_answer_under_way_is_not_recorded_for_the_wrong_customer_but_made_anew() -> None:
    desk = await make_desk()
    owner = await known(desk.system)
    said = await write(desk.system, browser(), "Is there parking?")
    assert said.turn_id is not None
    await _join(desk.system, said.customer.id, owner)
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
        await _join(desk.system, facts.customer.id, owner)
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
        await _join(desk.system, stranger, owner)
        with pytest.raises(Moved):
            await store(db, message, facts, facts.customer, LOCAL_LEASE)


async def test_messages_written_while_customers_are_joined_are_all_kept() -> None:
    desk = await make_desk()
    owner = await known(desk.system)
    stranger = (await write(desk.system, browser(), "First")).customer.id
    await asyncio.gather(
        *(write(desk.system, browser(), f"Message {number}") for number in range(8)), _join(desk.system, stranger, owner)
    )
    found = await rows("select customer_id, text from messages where text like 'Message%'")
    assert len(found) == 8
    assert {row["customer_id"] for row in found} == {owner}


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
    await _fill(desk.system, received.customer.id, received.conversation_id, who)
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
    stranger, owner = await _two(desk)
    async with open_db(desk.system) as db:
        await claim_address(db, stranger, mailbox())
    (thread,) = await rows(
        """update conversations set contact_point_id = (select id from contact_points where customer_id = :id and kind = 'email')
           where customer_id = :id returning id, contact_point_id""",
        id=stranger,
    )
    merge_id = await _join(desk.system, stranger, owner)
    (proven,) = await rows("select id from contact_points where customer_id = :id and kind = 'email'", id=owner)
    assert await _reply_point(thread["id"]) == proven["id"]
    await _undo(desk.system, merge_id)
    assert await _reply_point(thread["id"]) == thread["contact_point_id"]


async def test_a_conversation_begun_since_over_an_address_that_goes_back_goes_with_it() -> None:
    desk = await make_desk()
    stranger, owner = await _two(desk)
    merge_id = await _join(desk.system, stranger, owner)
    (point,) = await rows("select id from contact_points where customer_id = :id and kind = 'external'", id=owner)
    begun = await write(desk.system, browser(), "A new matter", conversation_id=None)
    await rows(
        "update conversations set contact_point_id = :point where id = :id returning id",
        point=point["id"],
        id=begun.conversation_id,
    )
    await _undo(desk.system, merge_id)
    assert await rows("select customer_id from conversations where id = :id", id=begun.conversation_id) == [
        {"customer_id": stranger}
    ]
    assert await rows("select distinct customer_id from messages where conversation_id = :id", id=begun.conversation_id) == [
        {"customer_id": stranger}
    ]


async def test_an_address_that_takes_no_mail_is_known_as_such_again() -> None:
    desk = await make_desk()
    stranger, owner = await _two(desk)
    async with open_db(desk.system) as db:
        await claim_address(db, stranger, mailbox())
    await rows(
        """update contact_points set undeliverable_at = now(), undeliverable_reason = 'full' where customer_id = :id
           and kind = 'email' returning id""",
        id=stranger,
    )
    before = await _belongings(stranger)
    merge_id = await _join(desk.system, stranger, owner)
    await _undo(desk.system, merge_id)
    assert await _belongings(stranger) == before


async def test_a_join_settles_the_suggestion_and_its_undo_says_they_are_two() -> None:
    desk = await make_desk()
    stranger, owner = await _two(desk)
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
    await _undo(desk.maya, merge_id)
    assert await rows("select status from merge_suggestions") == [{"status": "dismissed"}]


async def test_a_suggestion_stands_for_whom_they_were_joined_into() -> None:
    desk = await make_desk()
    stranger, owner = await _two(desk)
    third = (await write(desk.system, browser("visitor-3"))).customer.id
    async with open_db(desk.system) as db:
        await suggest(db, stranger, third, "same phone claimed")
    await _join(desk.maya, stranger, owner)
    async with open_db(desk.maya) as db:
        (found,) = await list_suggestions(db, third)
        assert found.customer_id == owner
        with pytest.raises(Conflict):
            await accept_suggestion(db, found.id, stranger)
        await accept_suggestion(db, found.id, owner)
    assert await rows("select merged_into_id from customers where id = :id", id=third) == [{"merged_into_id": owner}]


async def test_who_may_decide_about_suggestions_and_join_by_hand() -> None:
    desk, other = await make_desk(), await make_desk("Other")
    stranger, owner = await _two(desk)
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


_step = st.tuples(st.integers(0, 1), st.booleans())


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=_profile, other=_profile, since=st.lists(_step, max_size=3))
async def test_join_and_undo_leave_everything_as_it_was(
    one: dict[str, Any], other: dict[str, Any], since: list[tuple[int, bool]]
) -> None:
    desk = await make_desk()
    names = f"a{uuid4()}", f"b{uuid4()}"
    first, second = await _person(desk, names[0], one), await _person(desk, names[1], other)
    threads = [(await rows("select id from conversations where customer_id = :id", id=i))[0]["id"] for i in (first, second)]
    before = [await _belongings(first), await _belongings(second)]
    merge_id = await _join(desk.maya, first, second)
    assert len((await _belongings(second))["messages"]) == one["messages"] + other["messages"] + 2
    said: list[set[str]] = [set(), set()]
    for number, (who, is_filled) in enumerate(since):
        # Nobody writes so fast that a limit is reached.
        await rows("update messages set created_at = created_at - interval '1 hour' returning id")
        await write(desk.system, browser(names[who]), f"since {number}", conversation_id=threads[who])
        said[who].add(f"since {number}")
        if is_filled:
            await _fill(desk.system, second, threads[who], f"later {number}")
    await _undo(desk.maya, merge_id)
    for customer_id, was, words in zip((first, second), before, said, strict=True):
        # Reading decrypts every sealed value under this customer's own key.
        now = await _belongings(customer_id)
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
