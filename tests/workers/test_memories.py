"""The jobs that remember, sum up and forget, as the scheduler and a worker run them."""

import pytest

from omni_app.conversations.handling import close_conversation
from omni_app.conversations.jobs import FinishErasure, ForgetCustomer
from omni_app.infra.database import open_db
from omni_app.infra.jobs import enqueue
from tests.conversations.desk import make_desk, state
from tests.making import count, rows
from workers import memories  # noqa: F401
from workers.memory_sweeps import ask_for_idle_summaries, ask_for_memories, ask_for_new_vectors
from workers.outbox import run_row

pytestmark = pytest.mark.usefixtures("database")


async def waiting(name: str) -> list[dict[str, object]]:
    return await rows("select id, business_id, payload from outbox where name = :name", name=name)


async def settle() -> None:
    """As if every message had been written a minute ago."""
    await rows("update messages set created_at = created_at - interval '1 minute' returning 1")


async def run_all() -> None:
    """Run what is due until nothing is."""
    while due := await rows("select id from outbox where available_at <= now() and dead_at is null"):
        for row in due:
            await run_row(row["id"])


async def test_the_sweep_asks_once_for_each_business_and_the_job_makes_the_vectors() -> None:
    desk, other = await make_desk(), await make_desk("Other Clinic")
    await desk.ask("Where can I park?", "ann")
    await desk.ask("Do you whiten teeth?", "bob")
    await other.ask("How are you open?")
    await ask_for_memories()
    assert await waiting("EmbedMessages") == []  # they were written just now
    await settle()
    await ask_for_memories()
    await ask_for_memories()
    assert {row["business_id"] for row in await waiting("EmbedMessages")} == {desk.system.business_id, other.system.business_id}
    assert len(await waiting("EmbedMessages")) == 2
    await run_all()
    assert await count("memories") == 3
    await ask_for_memories()
    assert await waiting("EmbedMessages") == []


async def test_vectors_of_another_model_are_asked_for_anew() -> None:
    desk = await make_desk()
    await desk.ask("Where can I park?")
    await settle()
    await ask_for_memories()
    await run_all()
    await ask_for_new_vectors()
    assert await waiting("EmbedMessages") == []
    await rows("update memories set embedding_model = 'another-model' returning 1")
    await ask_for_new_vectors()
    assert len(await waiting("EmbedMessages")) == 1
    await run_all()
    assert await rows("select 1 from memories where embedding_model = 'another-model'") == []


async def test_closing_a_conversation_sums_it_up() -> None:
    desk = await make_desk()
    ann = await desk.ask("Do you whiten teeth?")
    async with open_db(desk.maya) as db:
        await close_conversation(db, ann.conversation_id)
    await run_all()
    assert (await state(ann.conversation_id))["summary"] == "Asked: “Do you whiten teeth?” Nobody has answered."
    assert [row["kind"] for row in await rows("select kind from memories")] == ["summary"]


async def test_a_conversation_left_for_a_day_is_summed_up_but_stays_open() -> None:
    desk = await make_desk()
    ann = await desk.ask("Do you whiten teeth?")
    await ask_for_idle_summaries()
    assert await waiting("SummariseConversation") == []
    await rows("update conversations set last_message_at = last_message_at - interval '25 hours' returning 1")
    await ask_for_idle_summaries()
    await ask_for_idle_summaries()
    assert len(await waiting("SummariseConversation")) == 1
    await run_all()
    row = await state(ann.conversation_id)
    assert (row["status"], row["summarised_seq"]) == ("open", 1)
    await ask_for_idle_summaries()
    assert await waiting("SummariseConversation") == []


async def test_a_customer_who_asked_for_it_is_forgotten_once() -> None:
    desk = await make_desk()
    ann, bob = await desk.ask("Where can I park?", "ann"), await desk.ask("Do you whiten teeth?", "bob")
    async with open_db(desk.system) as db:
        await enqueue(db, ForgetCustomer(customer_id=ann.customer_id))
        await enqueue(db, ForgetCustomer(customer_id=ann.customer_id))
    await run_all()
    assert [row["id"] for row in await rows("select id from customers")] == [bob.customer_id]
    (trail,) = await rows("select actor_kind, after from audit_entries where action = 'customer.erased'")
    assert (trail["actor_kind"], trail["after"]["asked_by"]) == ("system", "customer")
    # What a call under way books later is cleared a quarter of an hour later.
    (late,) = await waiting(FinishErasure.__name__)
    assert late["payload"]["customer_ids"] == [str(ann.customer_id)]
