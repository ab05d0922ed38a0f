"""The turn on real PostgreSQL and Redis, with the local brain."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from omni_app.cache.process import forget_all
from omni_app.conversations.answering import claim_turn
from omni_app.customers.blocking import block_customer
from omni_app.infra.background import finish_tasks
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, NotFound, TooMany
from omni_app.infra.redis import redis_client
from omni_app.knowledge.faqs import delete_faq, list_faqs, prepare_faq, update_faq
from omni_app.orchestrator.receipts import load_receipt
from omni_app.orchestrator.turn import Outcome, continue_conversation, process, receive
from tests.harness.waiting import until
from tests.making import count, inbound, make_business, rows
from tests.orchestrator.wire import traced

pytestmark = pytest.mark.usefixtures("database")


async def test_a_taught_question_is_answered_from_its_faq_with_source_and_receipt() -> None:
    made = await make_business()
    outcome = await process(made.scope, inbound("how much is a dental check-up"))
    assert (outcome.source, outcome.reply_text, outcome.cost_nusd) == ("faq", "A check-up is $189.", 0)
    assert outcome.sources[0]["title"] == "What does a check-up cost?"
    async with open_db(made.scope) as db:
        receipt = await load_receipt(db, outcome.receipt_id)
    assert receipt.message_id == outcome.reply_id
    assert [step["name"] for step in receipt.steps] == [
        "identify",
        "gates",
        "store message",
        "cache",
        "embed",
        "knowledge",
        "match",
    ]
    assert receipt.sources[0]["quote"] == "A check-up is $189."
    (entry,) = await rows("select service, provider, cost_nusd from ledger_entries")
    assert entry == {"service": "chat", "provider": "local", "cost_nusd": 0}


async def test_what_was_not_taught_is_refused_honestly_and_a_person_offered() -> None:
    made = await make_business()
    outcome = await process(made.scope, inbound("Which moons of Jupiter have volcanoes?"))
    assert outcome.source == "none"
    assert "not sure" in outcome.reply_text
    (message,) = await rows("select offers_person, sources from messages where role = 'assistant'")
    assert message == {"offers_person": True, "sources": []}
    assert not outcome.handed_over


async def test_yes_after_the_offer_hands_over() -> None:
    made = await make_business()
    await process(made.scope, inbound("Which moons of Jupiter have volcanoes?"))
    outcome = await process(made.scope, inbound("yes please"))
    assert outcome.handed_over
    assert outcome.status == "waiting"
    assert await rows("select speaker, status from conversations") == [{"speaker": "human", "status": "waiting"}]
    assert [row["name"] for row in await rows("select name from outbox where kind = 'event'")] == ["conversation.handed_over"]


async def test_a_person_asked_for_gets_the_conversation_and_the_ai_is_silent() -> None:
    made = await make_business()
    outcome = await process(made.scope, inbound("I want to talk to a person"))
    assert outcome.handed_over
    silent = await process(made.scope, inbound("What does a check-up cost?"))
    assert (silent.reply_id, silent.source, silent.speaker) == (None, "human", "human")
    assert await count("messages") == 4  # the last one: both sides see that the team was asked


async def test_the_same_words_again_come_from_the_cache_of_any_process() -> None:
    made = await make_business()
    first = await process(made.scope, inbound("how much is a dental check-up"))
    second = await process(made.scope, inbound("  How much is a dental CHECK-UP?? ", who="visitor-2"))
    await finish_tasks(30)

    async def third_turn() -> Outcome | None:
        forget_all()
        outcome = await process(made.scope, inbound("how much is a dental check-up", who=f"visitor-{uuid4()}"))
        # PostgreSQL is asked when Redis takes long, as on a busy machine.
        assert outcome.tier in ("l2", "l3")
        return outcome if outcome.tier == "l2" else None

    third = await until(third_turn)
    await finish_tasks(30)
    forget_all()
    await redis_client().flushdb()
    fourth = await process(made.scope, inbound("how much is a dental check-up", who="visitor-4"))
    assert (first.tier, second.tier, third.tier, fourth.tier) == (None, "l1", "l2", "l3")
    assert first.reply_text == second.reply_text == third.reply_text == fourth.reply_text


async def test_a_changed_faq_is_never_answered_from_the_cache() -> None:
    made = await make_business()
    await process(made.scope, inbound("price of a checkup"))
    prepared = await prepare_faq("What does a check-up cost?", "Now it is $199.", ["price of a checkup"])
    async with open_db(made.scope) as db:
        found, _ = await list_faqs(db, "check-up cost")
        await update_faq(db, found[0].id, prepared)
    assert (await process(made.scope, inbound("price of a checkup"))).reply_text == "Now it is $199."
    async with open_db(made.scope) as db:
        await delete_faq(db, found[0].id)
    assert (await process(made.scope, inbound("price of a checkup"))).source == "none"


async def test_a_message_that_needs_its_context_never_asks_the_cache() -> None:
    made = await make_business()
    for _ in range(2):
        outcome = await process(made.scope, inbound("and how much is that one?"))
        assert outcome.tier is None


async def test_a_blocked_customer_is_refused_and_nothing_is_stored() -> None:
    made = await make_business()
    await process(made.scope, inbound("price of a checkup"))
    (customer,) = await rows("select id from customers")
    async with open_db(made.scope) as db:
        await block_customer(db, customer["id"], "spam")
    before = await count("messages")
    with pytest.raises(Forbidden):
        await process(made.scope, inbound("price of a checkup"))
    assert await count("messages") == before


async def test_the_daily_window_lets_exactly_its_number_through() -> None:
    made = await make_business(daily_messages=3)
    for _ in range(3):
        await process(made.scope, inbound("price of a checkup"))
    with pytest.raises(TooMany) as refused:
        await process(made.scope, inbound("price of a checkup"))
    assert refused.value.retry_after.total_seconds() > 3600
    assert len(await rows("select 1 from messages where role = 'customer'")) == 3


async def test_a_refused_first_message_leaves_no_customer_behind() -> None:
    made = await make_business(daily_messages=1)
    await process(made.scope, inbound("price of a checkup"))
    with pytest.raises(TooMany):
        await process(made.scope, inbound("price of a checkup"))
    assert await count("customers") == 1


async def test_one_message_sent_ten_times_at_once_is_stored_and_answered_once() -> None:
    made = await make_business()
    outcomes = await asyncio.gather(*(process(made.scope, inbound("price of a checkup", client_id="same-id")) for _ in range(10)))
    assert len({outcome.message_id for outcome in outcomes}) == 1
    assert {outcome.reply_text for outcome in outcomes} == {"A check-up is $189."}
    assert await rows("select role, count(*) as n from messages group by role order by role") == [
        {"role": "assistant", "n": 1},
        {"role": "customer", "n": 1},
    ]


async def test_first_messages_of_one_person_at_once_make_one_customer() -> None:
    made = await make_business()
    await asyncio.gather(*(process(made.scope, inbound("price of a checkup", client_id=str(number))) for number in range(8)))
    assert await count("customers") == 1
    assert await count("contact_points") == 1


async def test_every_message_of_a_burst_gets_an_answer_that_covers_it() -> None:
    made = await make_business()
    texts = ("is there parking", "price of a checkup", "do you see kids")
    outcomes = await asyncio.gather(*(process(made.scope, inbound(text)) for text in texts))
    assert all(outcome.reply_id is not None for outcome in outcomes)
    (conversation,) = await rows("select last_customer_seq, answered_seq, lease_holder from conversations")
    assert conversation["answered_seq"] == conversation["last_customer_seq"]
    assert conversation["lease_holder"] is None


async def test_a_stored_message_whose_process_died_is_answered_by_another_turn_once() -> None:
    made = await make_business()
    received, _ = await receive(made.scope, inbound("price of a checkup"))
    assert await continue_conversation(made.scope, received.conversation_id) == []
    async with open_db(made.scope) as db:
        await db.execute("update conversations set lease_until = now() - interval '1 second'")
    both = await asyncio.gather(*(continue_conversation(made.scope, received.conversation_id) for _ in range(2)))
    assert sum(len(done) for done in both) == 1
    assert [row["text"] for row in await rows("select text from messages where role = 'assistant'")] == ["A check-up is $189."]


async def test_another_tenants_conversation_is_not_found() -> None:
    mine, theirs = await make_business(), await make_business("Other")
    outcome = await process(theirs.scope, inbound("price of a checkup"))
    with pytest.raises(NotFound):
        await process(mine.scope, inbound("hello there", conversation_id=outcome.conversation_id))
    async with open_db(mine.scope) as db:
        assert await claim_turn(db, outcome.conversation_id, timedelta(seconds=1)) is None
        with pytest.raises(NotFound):
            await load_receipt(db, outcome.receipt_id)
    with pytest.raises(NotFound):
        await process(mine.scope, inbound("hello there", conversation_id=uuid4()))


@pytest.mark.parametrize(
    ("text", "most"), [("price of a checkup", 9), ("what would a check up set me back", 9), ("I want to talk to a person", 14)]
)
async def test_a_turn_takes_few_statements_and_two_commits(text: str, most: int) -> None:
    made = await make_business()
    await process(made.scope, inbound("is there parking"))
    await finish_tasks(30)  # the first message of a month asks once how full it is
    with traced() as wire:
        await process(made.scope, inbound(text))
    assert 0 < wire.statements <= most
    # Handing over looks at the line of people once.
    assert 0 < wire.commits <= (3 if most > 9 else 2)


async def test_a_question_in_another_language_is_told_so_and_a_person_offered() -> None:
    made = await make_business()
    outcome = await process(made.scope, inbound("¿Cuánto cuesta una ortodoncia y cómo puedo pagar?"))
    assert outcome.source == "none"
    assert "idioma" in (outcome.reply_text or "")
    assert (await process(made.scope, inbound("si"))).handed_over
