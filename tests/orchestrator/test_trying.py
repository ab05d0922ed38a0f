"""Asking on the side says what a customer would hear, and leaves no trace."""

from dataclasses import replace

import pytest

from omni_app.infra.errors import Forbidden, Invalid
from omni_app.knowledge.matching import ANSWER_AT
from omni_app.orchestrator.trying import Trial, try_question
from omni_app.orchestrator.turn import process
from tests.making import count, inbound, make_business

pytestmark = pytest.mark.usefixtures("database")

GREETING = "Welcome to Brook Street."


async def test_a_taught_wording_names_its_faq_and_how_sure_it_is() -> None:
    made = await make_business()
    trial = await try_question(made.scope, "how much is a dental check-up")
    assert (trial.answer, trial.source) == ("A check-up is $189.", "faq")
    assert trial.faq is not None
    assert trial.faq.question == "What does a check-up cost?"
    assert trial.needed == ANSWER_AT <= (trial.confidence or 0) <= 1


async def test_what_is_not_taught_shows_the_closest_faq_and_that_it_is_not_close_enough() -> None:
    made = await make_business()
    trial = await try_question(made.scope, "Which moons of Jupiter have volcanoes?")
    assert trial.source == "none"
    assert "not sure" in trial.answer
    assert trial.faq is not None
    assert (trial.confidence or 0) < trial.needed


async def test_nothing_taught_is_not_sure() -> None:
    made = await make_business(faqs=())
    trial = await try_question(made.scope, "Where can I park?")
    assert (trial.source, trial.faq, trial.confidence) == ("none", None, None)


@pytest.mark.parametrize(
    "text",
    [
        "how much is a dental check-up",
        "is there parking",
        "Which moons of Jupiter have volcanoes?",
        "hello",
        "thanks",
        "bye",
        "Can I talk to a person?",
    ],
)
async def test_a_customer_hears_the_same(text: str) -> None:
    made = await make_business(greeting=GREETING)
    trial: Trial = await try_question(made.scope, text)
    outcome = await process(made.scope, inbound(text))
    assert trial.answer == outcome.reply_text
    assert (trial.source == "person") == outcome.handed_over


async def test_nothing_is_written() -> None:
    made = await make_business()
    for text in ("is there parking", "Can I talk to a person?", "Which moons of Jupiter have volcanoes?"):
        await try_question(made.scope, text)
    tables = ("conversations", "messages", "customers", "receipts", "ledger_entries", "cached_answers", "reservations", "outbox")
    assert [await count(table) for table in tables] == [0] * len(tables)


async def test_another_business_s_faqs_do_not_answer() -> None:
    await make_business()
    other = await make_business(faqs=())
    assert (await try_question(other.scope, "is there parking")).source == "none"


async def test_bad_texts_and_strangers_are_refused() -> None:
    made = await make_business()
    for text in ("", " \x00 ", "a" * 8001):
        with pytest.raises(Invalid) as caught:
            await try_question(made.scope, text)
        assert caught.value.fields[0].field == "text"
    with pytest.raises(Forbidden):
        await try_question(replace(made.scope, permissions=frozenset()), "is there parking")
