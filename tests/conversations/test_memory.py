"""Vectors of what was said: made in the background, found again for their customer alone."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import numpy as np
import pytest

from omni_app.conversations.answering import Answer, record_answer
from omni_app.conversations.memory import (
    Remembered,
    embed_messages,
    embed_texts,
    list_unembedded,
    recall,
    remember,
    says_something,
    write_vector,
)
from omni_app.conversations.sending import send_reply
from omni_app.customers.addresses import Address
from omni_app.infra.database import open_db
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope
from omni_app.llm.embedding import embed_one, embedder_name
from omni_app.orchestrator.turn import receive
from tests.conversations.desk import Desk, make_desk
from tests.making import count, inbound, make_business, rows

pytestmark = pytest.mark.usefixtures("database")

OTHER_MODEL = "another-model"


async def near(scope: Scope, customer_id: UUID, question: str, **values: object) -> list[Remembered]:
    vector = await embed_one(question)
    async with open_db(scope) as db:
        return await recall(db, customer_id, vector, **{"without": None, **values})


async def test_what_a_customer_said_is_found_by_its_meaning() -> None:
    desk = await make_desk()
    ann = await desk.ask("I am allergic to penicillin")
    await desk.ask("Where can I park my car?")
    await desk.ask("My son Leo is afraid of drills")
    assert await embed_messages(desk.system) == 3
    best, *_ = await near(desk.system, ann.customer_id, "Which antibiotics can this patient not take?")
    assert (best.text, best.role, best.kind, best.channel) == ("I am allergic to penicillin", "customer", "message", "chat")
    assert best.conversation_id == ann.conversation_id
    assert 0.2 < best.score < 1


async def test_memories_of_another_customer_or_business_never_come_back() -> None:
    desk, other = await make_desk(), await make_desk("Other Clinic")
    ann, bob = await desk.ask("I am allergic to penicillin", "ann"), await desk.ask("I love chocolate", "bob")
    eve = await other.ask("I take blood thinners", "ann")
    await embed_messages(desk.system)
    await embed_messages(other.system)
    assert [one.text for one in await near(desk.system, ann.customer_id, "allergies")] == ["I am allergic to penicillin"]
    assert [one.text for one in await near(desk.system, bob.customer_id, "allergies")] == ["I love chocolate"]
    # Not even by the id: row-level security knows nobody of another business.
    assert await near(desk.system, eve.customer_id, "blood thinners") == []
    assert await near(desk.system, uuid4(), "blood thinners") == []


async def test_twins_courtesies_refusals_and_quotes_of_memories_are_left_out() -> None:
    desk = await make_desk()
    ann = await desk.ask("What does a check-up cost?")
    for text in ("What does a check-up cost", "ok thanks!", "👍", "what does a checkup cost??"):
        await desk.ask(text)
    last = await desk.ask("Do you whiten teeth?")
    assert ann.turn_id is not None
    async with open_db(desk.system) as db:
        answer = Answer(text="I am not sure about whitening teeth.", source="none")
        await record_answer(db, ann.conversation_id, ann.turn_id, last.fence, last.seq, "", answer)
    await embed_messages(desk.system)
    assert [one.text for one in await near(desk.system, ann.customer_id, "cost of a check-up", limit=10)] == [
        "What does a check-up cost",
        "Do you whiten teeth?",
    ]


async def test_what_the_turn_has_in_view_is_no_memory() -> None:
    desk = await make_desk()
    ann = await desk.ask("I am allergic to penicillin")
    await embed_messages(desk.system)
    assert await near(desk.system, ann.customer_id, "allergies", without=ann.conversation_id) == []
    for number in range(10):
        await desk.ask(f"Question number {number}: where is room {number}?")
    await embed_messages(desk.system)
    found = await near(desk.system, ann.customer_id, "allergies", without=ann.conversation_id)
    assert [one.text for one in found] == ["I am allergic to penicillin"]


async def test_a_customer_who_comes_back_on_another_channel_is_remembered() -> None:
    made = await make_business(faqs=())
    address = Address(kind="email", channel="", value="ann@example.com")
    first = replace(inbound("I am allergic to penicillin"), channel="email", address=address)
    again = replace(inbound("Hello again"), channel="whatsapp", address=address)
    (mail, _), (chat, _) = await receive(made.scope, first), await receive(made.scope, again)
    assert mail.customer.id == chat.customer.id
    assert mail.conversation_id != chat.conversation_id
    await embed_messages(made.scope)
    (found,) = await near(made.scope, chat.customer.id, "allergies", without=chat.conversation_id)
    assert (found.text, found.channel) == ("I am allergic to penicillin", "email")


async def test_staff_and_assistant_are_remembered_and_system_lines_are_not() -> None:
    desk = await make_desk()
    ann = await desk.ask("When can I come?")
    async with open_db(desk.maya) as db:
        await send_reply(db, ann.conversation_id, "Your appointment is on Tuesday at ten.")
    await embed_messages(desk.system)
    best, *_ = await near(desk.system, ann.customer_id, "When is the appointment?")
    assert (best.role, best.author) == ("staff", "Maya Chen")
    assert await rows("select count(*) as n from messages where role = 'system'") == [{"n": 0}]
    async with open_db(desk.system) as db:
        await db.execute("update messages set role = 'system', embedded_at = null where role = 'staff'")
    assert await embed_messages(desk.system) == 0


async def test_running_twice_and_at_once_keeps_one_vector_each() -> None:
    desk = await make_desk()
    await desk.ask("one question about crowns")
    await desk.ask("another question about fillings")
    async with open_db(desk.system) as db:
        messages = await list_unembedded(db)
    vectors = await embed_texts(messages)
    for _ in (1, 2):
        async with open_db(desk.system) as db:
            assert await remember(db, messages, vectors) == 2
    assert await embed_messages(desk.system) == 0
    for number in range(8):
        await desk.ask(f"question {number} about bridge {number}", f"visitor-{number}")
    await asyncio.gather(*(embed_messages(desk.system) for _ in range(3)))
    assert await count("memories") == 10


async def test_killed_between_embedding_and_insert_the_next_run_does_it() -> None:
    desk = await make_desk()
    ann = await desk.ask("I am allergic to penicillin")
    async with open_db(desk.system) as db:
        await embed_texts(await list_unembedded(db))
    # The process dies here: nothing was written, so the message still waits.
    assert await count("memories") == 0
    assert await embed_messages(desk.system) == 1
    assert len(await near(desk.system, ann.customer_id, "allergies")) == 1


async def test_a_message_deleted_meanwhile_is_skipped() -> None:
    desk = await make_desk()
    ann = await desk.ask("I am allergic to penicillin", "ann")
    bob = await desk.ask("I love chocolate", "bob")
    async with open_db(desk.system) as db:
        messages = await list_unembedded(db)
    vectors = await embed_texts(messages)
    async with open_db(desk.system) as db:
        await db.execute("delete from conversations where id = :id", {"id": ann.conversation_id})
    async with open_db(desk.system) as db:
        assert await remember(db, messages, vectors) == 1
    assert [one.text for one in await near(desk.system, bob.customer_id, "sweets")] == ["I love chocolate"]


async def test_a_message_without_words_is_done_and_remembers_nothing() -> None:
    desk = await make_desk()
    await desk.ask("🙂🙂🙂")
    assert await embed_messages(desk.system) == 1
    assert await count("memories") == 0
    assert await embed_messages(desk.system) == 0


async def test_vectors_of_another_model_are_never_compared_and_made_anew() -> None:
    desk = await make_desk()
    ann = await desk.ask("I am allergic to penicillin")
    await embed_messages(desk.system)
    vector = write_vector(np.full(7, 0.3, np.float32))
    async with open_db(desk.system) as db:
        await db.execute(
            """insert into memories (id, business_id, customer_id, conversation_id, kind, text, embedding_model, embedding,
                 created_at)
               select :id, business_id, customer_id, conversation_id, 'summary', 'Asked about allergies.', :model,
                 cast(:vector as vector), now() from memories""",
            {"id": new_id(), "model": OTHER_MODEL, "vector": vector},
        )
        await db.execute(
            "update memories set embedding_model = :model, embedding = cast(:vector as vector)",
            {"model": OTHER_MODEL, "vector": vector},
        )
    assert await near(desk.system, ann.customer_id, "allergies") == []
    assert await embed_messages(desk.system) == 2
    assert {row["embedding_model"] for row in await rows("select embedding_model from memories")} == {embedder_name()}
    assert {one.kind for one in await near(desk.system, ann.customer_id, "allergies")} == {"message", "summary"}


async def test_a_limited_run_leaves_the_rest_for_the_next(desk_with_many: Desk) -> None:
    async with open_db(desk_with_many.system) as db:
        assert len(await list_unembedded(db, limit=5)) == 5
    assert await embed_messages(desk_with_many.system) == 70


@pytest.fixture
async def desk_with_many() -> Desk:
    desk = await make_desk()
    ann = await desk.ask("How are you open?")
    async with open_db(desk.system) as db:
        await db.execute(
            """insert into messages (id, business_id, conversation_id, customer_id, seq, role, text, status, sources, attachments,
                 offers_person, cost_nusd, created_at)
               select gen_random_uuid(), m.business_id, m.conversation_id, m.customer_id, m.seq + n, 'customer', m.text, 'sent',
                 '[]', '[]', false, 0, now()
               from messages m cross join generate_series(1, 69) n where m.conversation_id = :id""",
            {"id": ann.conversation_id},
        )
    return desk


@pytest.mark.parametrize(
    ("text", "says"),
    [("ok thanks", False), ("👍", False), ("Hi there!", False), ("", False), ("penicillin", True), ("ok, Tuesday", True)],
)
def test_courtesies_say_nothing(text: str, says: bool) -> None:
    assert says_something(text) is says
