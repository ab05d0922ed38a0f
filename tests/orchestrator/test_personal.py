"""A customer's questions about themselves, answered from their own rows and nobody else's."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from omni_app.conversations.answering import Answer, record_answer
from omni_app.conversations.facts import read_facts_of
from omni_app.conversations.memory import embed_messages
from omni_app.conversations.receiving import Received
from omni_app.conversations.sending import send_reply
from omni_app.customers.addresses import Address
from omni_app.customers.identifying import CONTACT_POINT
from omni_app.infra.crypto import encrypt, unwrap_data_key
from omni_app.infra.database import open_db
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission, Scope
from omni_app.orchestrator.personal import answer_personal, mask_address
from omni_app.orchestrator.personal_phrases import PHRASES
from omni_app.orchestrator.turn import process, receive
from tests.conversations.desk import make_desk, without
from tests.making import inbound, make_business, rows
from workers import memories  # noqa: F401
from workers.outbox import run_row

pytestmark = pytest.mark.usefixtures("database")


async def tell(scope: Scope, text: str, who: str = "visitor-1", answer: str = "", source: str = "faq") -> Received:
    """Store a customer's message and, when given, the assistant's answer to it."""
    received, _ = await receive(scope, inbound(text, who, client_id=str(new_id())))
    if answer:
        assert received.turn_id is not None
        async with open_db(scope) as db:
            said = Answer(text=answer, source=source)
            assert await record_answer(db, received.conversation_id, received.turn_id, received.fence, received.seq, text, said)
    return received


async def ask(scope: Scope, text: str, who: str = "visitor-1") -> Answer | None:
    """What the turn would get: facts are read before the question is stored."""
    received = await tell(scope, text, who)
    async with open_db(scope) as db:
        facts = await read_facts_of(db, received.conversation_id)
    before = tuple(message for message in facts.history if message["seq"] < received.seq)
    answer = await answer_personal(scope, replace(facts, history=before), text)
    if received.turn_id is not None:
        said = answer or Answer(text="Behind the clinic.", source="faq")
        async with open_db(scope) as db:
            await record_answer(db, received.conversation_id, received.turn_id, received.fence, received.seq, text, said)
    return answer


async def days_ago(days: int) -> None:
    await rows("update messages set created_at = created_at - make_interval(days => :days) returning 1", days=days)


async def test_what_did_i_order_quotes_the_own_words_and_the_answer() -> None:
    desk = await make_desk()
    first = await tell(desk.system, "I would like to order two whitening kits, please.", answer="Two kits are $80.")
    await tell(desk.system, "Where can I park?", answer="Behind the clinic.")
    await embed_messages(desk.system)
    await days_ago(3)
    answer = await ask(desk.system, "What did I order last time?")
    assert answer is not None
    assert "you wrote: “I would like to order two whitening kits, please.”." in answer.text
    assert "The answer was: “Two kits are $80.”." in answer.text
    assert "park" not in answer.text
    assert answer.shared is None
    (source,) = answer.sources
    assert (source["kind"], source["id"]) == ("memory", str(first.message_id))
    assert source["quote"] == "I would like to order two whitening kits, please."


async def test_a_stranger_and_another_business_learn_nothing() -> None:
    desk, other = await make_desk(), await make_desk("Other Clinic")
    await tell(desk.system, "I would like to order two whitening kits, please.", "ann")
    await tell(other.system, "I would like to order a crown.", "ann")
    await embed_messages(desk.system)
    for scope, who in ((desk.system, "eve"), (other.system, "eve")):
        answer = await ask(scope, "What did I order?", who)
        assert answer is not None
        assert (answer.sources, answer.offers_person, answer.source) == ((), True, "memory")
        assert "whitening" not in answer.text
        assert "crown" not in answer.text


async def test_what_nobody_said_is_not_made_up() -> None:
    desk = await make_desk()
    await tell(desk.system, "Where can I park my car?", answer="Behind the clinic.")
    await embed_messages(desk.system)
    answer = await ask(desk.system, "Did I tell you about my penicillin allergy?")
    assert answer is not None
    assert answer.text == PHRASES["en"].nothing_like_it
    fresh = await ask(desk.system, "What did I order?", "somebody-new")
    assert fresh is not None
    assert fresh.text == PHRASES["en"].nothing_at_all


async def test_last_time_is_the_visit_before() -> None:
    desk = await make_desk()
    await tell(desk.system, "My wisdom tooth hurts.", answer="Please come by.", source="model")
    await tell(desk.system, "ok thanks", answer="You are welcome.", source="none")
    await days_ago(2)
    await tell(desk.system, "Do you also treat children?", answer="Yes.")
    answer = await ask(desk.system, "What did I say last time?")
    assert answer is not None
    assert "wisdom tooth" in answer.text
    assert "children" not in answer.text
    assert "thanks" not in answer.text


async def test_what_was_just_said_is_found_before_it_has_a_vector() -> None:
    desk = await make_desk()
    await tell(desk.system, "I want to order one electric toothbrush")
    answer = await ask(desk.system, "what did I order")
    assert answer is not None
    assert "electric toothbrush" in answer.text


async def test_staff_are_quoted_by_name() -> None:
    desk = await make_desk()
    ann = await desk.ask("Can you book me for a cleaning?")
    async with open_db(desk.maya) as db:
        await send_reply(db, ann.conversation_id, "Your appointment is on Tuesday 24 November at 10:00.")
        await db.execute("update conversations set speaker = 'ai'")
    await embed_messages(desk.system)
    answer = await ask(desk.system, "When is my appointment?")
    assert answer is not None
    assert "Maya Chen wrote: “Your appointment is on Tuesday 24 November at 10:00.”." in answer.text


async def test_earlier_personal_questions_are_not_quoted() -> None:
    desk = await make_desk()
    await tell(desk.system, "I would like to order two whitening kits")
    await ask(desk.system, "What did I order?")
    await embed_messages(desk.system)
    answer = await ask(desk.system, "What did I order?")
    assert answer is not None
    assert answer.text.count("you wrote") == 1
    assert "whitening" in answer.text


async def test_a_customer_who_comes_back_by_a_proven_address_on_another_channel_is_remembered() -> None:
    made = await make_business(faqs=())
    address = Address(kind="email", channel="", value="ann@example.com")
    mail = replace(inbound("I am allergic to penicillin"), channel="email", address=address)
    await receive(made.scope, mail)
    await embed_messages(made.scope)
    question = "Did I tell you about my allergies?"
    received, _ = await receive(made.scope, replace(inbound(question), channel="whatsapp", address=address))
    async with open_db(made.scope) as db:
        facts = await read_facts_of(db, received.conversation_id)
    answer = await answer_personal(made.scope, facts, question)
    assert answer is not None
    assert "I am allergic to penicillin" in answer.text
    assert answer.sources[0]["title"].endswith("· email")


async def claim(customer_id: UUID, value: str, proof: str, kind: str = "email") -> None:
    (customer,) = await rows("select business_id, data_key from customers where id = :id", id=customer_id)
    await rows(
        """insert into contact_points (id, business_id, customer_id, kind, channel, value, value_index, hints, proof, proven_by,
             created_at) values (:id, :business, :customer, :kind, '', :value, :index, '[]', :proof, '', now()) returning id""",
        id=new_id(),
        business=customer["business_id"],
        customer=customer_id,
        kind=kind,
        value=encrypt(unwrap_data_key(customer["data_key"]), value, CONTACT_POINT),
        index=Address(kind=kind, channel="", value=value).index,
        proof=proof,
    )


async def test_what_is_known_is_listed_with_proof_and_masked() -> None:
    desk = await make_desk()
    ann = await desk.ask("Do you whiten teeth?", name="Ann Lee")
    await claim(ann.customer_id, "ann@example.com", "claimed")
    await claim(ann.customer_id, "+19025550148", "proven", "phone")
    await rows("update conversations set summary = 'Asked: “Do you whiten teeth?”' returning 1")
    answer = await ask(desk.system, "What do you know about me?")
    assert answer is not None
    assert "Your name: Ann Lee" in answer.text
    assert "a…@example.com (typed by you, not proven)" in answer.text
    assert "…0148 (proven to be yours)" in answer.text
    assert "Conversations: 1, messages: 2" in answer.text
    assert "• Asked: “Do you whiten teeth?”" in answer.text
    assert "forget me" in answer.text
    assert "ann@example.com" not in answer.text
    assert answer.sources[0]["id"] == str(ann.conversation_id)


async def test_an_anonymous_visitor_hears_that_little_is_known() -> None:
    desk = await make_desk()
    answer = await ask(desk.system, "¿Qué sabes de mí?")
    assert answer is not None
    assert PHRASES["es"].no_name in answer.text
    assert PHRASES["es"].browser in answer.text


@pytest.mark.parametrize(
    ("wish", "confirmation", "language"),
    [
        ("forget me", "Yes, forget me!", "en"),
        ("Delete my data", "forget me now", "en"),
        ("Olvídame", "sí, olvídame", "es"),
        ("Oubliez-moi", "Oui, oubliez-moi", "fr"),
        ("Vergessen Sie mich", "Ja, vergessen Sie mich.", "de"),
        ("esqueça-me", "sim, esqueça-me", "pt"),
        ("dimenticami", "sì, dimenticami", "it"),
    ],
)
async def test_forgetting_asks_first_and_comes_after_the_answer(wish: str, confirmation: str, language: str) -> None:
    desk = await make_desk()
    asked = await ask(desk.system, wish)
    assert asked is not None
    assert asked.text == PHRASES[language].ask.format(business="Harbour Dental", confirm=PHRASES[language].confirm)
    assert await rows("select 1 from outbox where name = 'ForgetCustomer'") == []
    done = await ask(desk.system, confirmation)
    assert done is not None
    assert done.text == PHRASES[language].done
    (job,) = await rows("select payload, available_at - created_at as wait from outbox where name = 'ForgetCustomer'")
    (customer,) = await rows("select id from customers")
    assert job["payload"] == {"customer_id": str(customer["id"])}
    assert job["wait"] > timedelta(seconds=4)


async def test_the_words_of_confirmation_alone_forget_nobody() -> None:
    desk = await make_desk()
    for text in ("yes, forget me", "forget me now", "yes"):
        answer = await ask(desk.system, text)
        assert answer is None or answer.text != PHRASES["en"].done
    await ask(desk.system, "forget me")
    await ask(desk.system, "Where can I park?")
    await ask(desk.system, "yes, forget me")
    assert await rows("select 1 from outbox where name = 'ForgetCustomer'") == []


async def test_a_key_that_may_only_reply_hands_the_wish_to_the_team() -> None:
    desk = await make_desk()
    scope = without(desk.system, Permission.ADMINISTER)
    await ask(scope, "forget me")
    answer = await ask(scope, "yes, forget me")
    assert answer is not None
    assert answer.handover_reason == "asks to be forgotten"
    assert await rows("select 1 from outbox where name = 'ForgetCustomer'") == []


async def test_other_questions_are_left_to_the_brain() -> None:
    desk = await make_desk()
    for text in ("What does a check-up cost?", "What do I need to bring?", "Can I order contact lenses?"):
        assert await ask(desk.system, text) is None


def test_addresses_are_masked() -> None:
    assert mask_address("email", "sofia@example.com") == "s…@example.com"
    assert mask_address("phone", "+19025550148") == "…0148"


async def test_the_turn_answers_from_the_own_history_and_forgets_after_the_answer() -> None:
    made = await make_business()
    await process(made.scope, inbound("I would like to order two whitening kits"))
    past = await process(made.scope, inbound("What did I order?"))
    assert (past.source, past.tier, past.cost_nusd) == ("memory", None, 0)
    assert "two whitening kits" in (past.reply_text or "")
    assert past.sources[0]["kind"] == "memory"
    again = await process(made.scope, inbound("What did I order?", who="visitor-2"))
    assert "whitening" not in (again.reply_text or "")
    asked = await process(made.scope, inbound("forget me"))
    assert "yes, forget me" in (asked.reply_text or "")
    done = await process(made.scope, inbound("Yes, forget me."))
    assert done.reply_text == PHRASES["en"].done
    (job,) = await rows("update outbox set available_at = created_at where name = 'ForgetCustomer' returning id")
    assert await run_row(job["id"])
    assert await rows("select 1 from conversations where id = :id", id=done.conversation_id) == []
    new = await process(made.scope, inbound("What did I order?"))
    assert new.conversation_id != done.conversation_id
    assert new.reply_text == PHRASES["en"].nothing_at_all
    assert [row["n"] for row in await rows("select count(*) as n from cached_answers where source = 'memory'")] == [0]
