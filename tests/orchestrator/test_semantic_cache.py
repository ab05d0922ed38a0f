"""The semantic cache in the turn: what is served for other words, what never is, and what a receipt says about it."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from omni_app.budgets.budget import set_limit
from omni_app.budgets.ledger import LEDGER_COLUMNS, LedgerLine, ledger_values
from omni_app.cache import flight, index, process
from omni_app.customers.identifying import create_customer
from omni_app.infra.background import finish_tasks
from omni_app.infra.database import open_db
from omni_app.infra.redis import redis_client
from omni_app.orchestrator.receipts import ReceiptView, load_receipt
from omni_app.orchestrator.turn import Outcome
from omni_app.orchestrator.turn import process as take_turn
from tests.harness.waiting import until
from tests.making import Made, count, inbound, rows
from tests.orchestrator.paying import paid_model, priced_business, spent
from tests.stubs.openai_stub import OpenAIStub

pytestmark = pytest.mark.usefixtures("database")

# How near is near enough is the verifier's own matter (tests/cache/test_judging.py).
ALIKE: dict[str, Any] = {"mode": "fixed", "fixed_cosine": 0.85}
WHITENING = "Do you offer teeth whitening?"
WHITENING_TOO = "do you guys offer teeth whitening"
SAID = "Yes, at the clinic and to take home."


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIStub]:
    with paid_model(monkeypatch) as stub:
        stub.behave(text=SAID, usage=(900, 20))
        yield stub


COST = 900 * 150 + 20 * 600


async def ask(made: Made, text: str, who: str, **values: Any) -> Outcome:
    return await take_turn(made.scope, inbound(text, who, **values))


def waiting() -> int:
    """How many wait for an answer somebody else is getting."""
    return sum(len(answer._callbacks or ()) for answer in flight._underway.values())


async def receipt_of(made: Made, outcome: Outcome) -> ReceiptView:
    assert outcome.receipt_id is not None
    async with open_db(made.scope) as db:
        return await load_receipt(db, outcome.receipt_id)


async def new_process() -> None:
    """What a process that has just started knows: nothing."""
    await finish_tasks(30)
    process.forget_all()
    index.forget_all()


async def test_other_words_for_a_question_get_its_answer_and_the_receipt_names_it(model: OpenAIStub) -> None:
    made = await priced_business(cache_rules=ALIKE)
    first = await ask(made, WHITENING, "ann")
    other = await ask(made, WHITENING_TOO, "bob")
    assert (first.source, first.tier, first.cost_nusd) == ("model", None, COST)
    assert (other.source, other.tier, other.cost_nusd, other.reply_text) == ("model", "semantic", 0, SAID)
    assert model.count == 1
    (entry,) = await rows("select id from cached_answers where kind = 'asked'")
    (receipt,) = await rows("select matched_question, cached_answer_id, saved_nusd from receipts where tier = 'semantic'")
    assert receipt == {"matched_question": WHITENING, "cached_answer_id": entry["id"], "saved_nusd": COST}
    # Asked again in these words it needs no sentence vector, and it says still what it was taken for.
    again = await ask(made, WHITENING_TOO, "cy")
    assert again.tier == "l1"
    await new_process()
    await redis_client().flushdb()
    stored = await ask(made, WHITENING_TOO, "dan")
    assert (stored.tier, model.count) == ("l3", 1)
    (receipt,) = await rows("select matched_question, saved_nusd from receipts where tier = 'l3'")
    assert receipt == {"matched_question": WHITENING, "saved_nusd": COST}
    assert (await spent(made)) == (COST, 0)


async def test_a_taught_wording_is_answered_by_its_faq_before_anything_is_computed_or_paid(model: OpenAIStub) -> None:
    made = await priced_business(cache_rules=ALIKE)
    outcome = await ask(made, "how much is a dental check-up", "ann")
    assert (outcome.source, outcome.reply_text, outcome.tier, model.count) == ("faq", "A check-up is $189.", "l1", 0)
    assert outcome.sources[0]["title"] == "What does a check-up cost?"
    near = await ask(made, "how much is the dental check-up", "bob")
    assert (near.source, near.tier, near.reply_text, model.count) == ("faq", "semantic", "A check-up is $189.", 0)
    async with open_db(made.scope) as db:
        assert near.receipt_id is not None
        receipt = await load_receipt(db, near.receipt_id)
    assert "embed" in [step["name"] for step in receipt.steps]


async def test_a_fresh_process_needs_no_vectors_from_postgresql(model: OpenAIStub) -> None:
    made = await priced_business(cache_rules=ALIKE)
    await ask(made, WHITENING, "ann")
    await new_process()
    await redis_client().flushdb()
    model.behave(text="Io has.", usage=(900, 20))
    await ask(made, "Do you also sell grand pianos?", "bob")
    await new_process()
    # Whatever PostgreSQL says of the question now, Redis holds it under its version.
    await rows("update cached_answers set embedding = null, embedding_model = '' returning id")
    outcome = await ask(made, WHITENING_TOO, "cy")
    assert (outcome.tier, outcome.reply_text) == ("semantic", SAID)


@pytest.mark.parametrize("rules", [{"mode": "exact"}, {"mode": "fixed", "fixed_cosine": 0.9999}, {"is_on": False}])
async def test_the_owner_decides_how_alike_is_alike(model: OpenAIStub, rules: dict[str, Any]) -> None:
    made = await priced_business(cache_rules=rules)
    await ask(made, WHITENING, "ann")
    assert (await ask(made, WHITENING_TOO, "bob")).tier is None
    assert model.count == 2
    again = await ask(made, WHITENING, "cy")
    assert (again.tier is None) == (rules == {"is_on": False})
    if rules == {"is_on": False}:
        assert await count("cached_answers") == 0


async def test_another_question_is_asked_of_the_model(model: OpenAIStub) -> None:
    made = await priced_business(cache_rules=ALIKE)
    await ask(made, WHITENING, "ann")
    assert (await ask(made, "Do you also sell grand pianos?", "bob")).tier is None
    assert model.count == 2


async def test_order_numbers_amounts_and_dates_must_agree(model: OpenAIStub) -> None:
    made = await priced_business(cache_rules=ALIKE)
    await ask(made, "Does teeth whitening for 250 dollars include a check?", "ann")
    other = await ask(made, "Does teeth whitening for 350 dollars include a check?", "bob")
    assert (other.tier, model.count) == (None, 2)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("I am Sofia and would like to know: do you offer teeth whitening?", SAID),
        ("sofia here, do you offer teeth whitening please", "Hello Sofia, yes we do."),
        (WHITENING, "Yes. We are open until 18:00 today."),
        (WHITENING, "Yes, tomorrow at ten a place is free."),
    ],
)
async def test_an_answer_for_one_person_or_one_day_is_not_shared(model: OpenAIStub, question: str, answer: str) -> None:
    made = await priced_business(cache_rules=ALIKE)
    model.behave(text=answer, usage=(900, 20))
    outcome = await ask(made, question, "ann")
    assert outcome.source == "model"
    assert await count("cached_answers") == 0
    assert (await ask(made, question, "bob")).tier is None


async def test_twenty_who_ask_the_same_at_once_cost_one_call(model: OpenAIStub) -> None:
    made = await priced_business(cache_rules=ALIKE)
    go_on = threading.Event()
    model.behave(text=SAID, usage=(900, 20), hold=go_on)
    asked = asyncio.gather(*(ask(made, WHITENING, f"visitor-{number}") for number in range(20)))
    await until(lambda: waiting() == 19)
    go_on.set()
    outcomes = await asked
    assert {outcome.reply_text for outcome in outcomes} == {SAID}
    assert model.count == 1
    assert sorted(outcome.tier or "" for outcome in outcomes) == ["", *["l1"] * 19]
    paid = await rows("select cost_nusd from ledger_entries where cost_nusd > 0")
    assert [row["cost_nusd"] for row in paid] == [COST]
    (figures,) = await rows("select count(*) filter (where saved_nusd = :cost) as saved, count(*) as n from receipts", cost=COST)
    assert figures == {"saved": 19, "n": 20}


async def test_those_who_wait_for_a_model_that_fails_are_not_billed_as_well(model: OpenAIStub) -> None:
    made = await priced_business(cache_rules=ALIKE)
    go_on = threading.Event()
    model.behave(status=500, hold=go_on)
    asked = asyncio.gather(*(ask(made, WHITENING, f"visitor-{number}") for number in range(6)))
    await until(lambda: waiting() == 5)
    go_on.set()
    outcomes = await asked
    assert model.count == 1
    assert all(outcome.reply_text for outcome in outcomes)


async def test_without_money_the_cache_goes_on_and_for_the_rest_a_person_is_promised(model: OpenAIStub) -> None:
    made = await priced_business(cache_rules=ALIKE)
    await ask(made, WHITENING, "ann")
    async with open_db(made.scope) as db:
        await set_limit(db, COST)
    near = await ask(made, WHITENING_TOO, "bob")
    assert (near.tier, near.reply_text) == ("semantic", SAID)
    taught = await ask(made, "so is there somewhere to put my car", "cy")
    assert taught.source in ("faq", "none")
    unknown = await ask(made, "Which moons of Jupiter have volcanoes?", "dan")
    assert unknown.handed_over
    assert "I have asked the team" in (unknown.reply_text or "")
    receipt = await receipt_of(made, unknown)
    assert "budget is spent" in receipt.note
    assert model.count == 1


async def test_a_model_that_is_down_hands_over_what_nothing_else_answers(model: OpenAIStub) -> None:
    made = await priced_business(cache_rules=ALIKE)
    model.behave(status=503)
    unknown = await ask(made, "Which moons of Jupiter have volcanoes?", "dan")
    assert (unknown.handed_over, unknown.status) == (True, "waiting")
    assert "did not answer" in (await receipt_of(made, unknown)).note


async def test_wordings_of_one_answer_do_not_stand_in_each_others_way(model: OpenAIStub) -> None:
    made = await priced_business(cache_rules=ALIKE)
    await ask(made, WHITENING, "ann")
    model.behave(text="Yes, at the clinic, and to take home.", usage=(900, 20))
    await ask(made, "Is it possible to have my teeth made whiter at your clinic?", "bob")
    keys = {row["answer_hash"] for row in await rows("select answer_hash from cached_answers where kind = 'asked'")}
    assert len(keys) == 1


async def test_who_has_reached_a_cap_of_their_own_leaves_the_model_to_others_who_ask_the_same(model: OpenAIStub) -> None:
    made = await priced_business(cache_rules=ALIKE, budget_rules={"customer_cap_nusd": 20 * COST})
    # What Ann cost this month already, so that the worst case of one more call does not fit.
    async with open_db(made.scope) as db:
        customer = await create_customer(db, inbound("", "ann").address, "", "")
        line = LedgerLine(service="chat", provider="openai", model="gpt-4o-mini", cost_nusd=20 * COST, customer_id=customer.id)
        await db.execute(
            f"insert into ledger_entries ({LEDGER_COLUMNS}) values ({ledger_values()})", line.parameters(made.scope.business_id)
        )
    model.behave(text=SAID, usage=(900, 20), seconds=0.2)
    asking = asyncio.create_task(ask(made, WHITENING, "ann"))
    # Ann is the first at the model: after the others she would be given their answer.
    await until(lambda: flight._underway or asking.done())
    ann, *others = await asyncio.gather(asking, ask(made, WHITENING, "bob"), ask(made, WHITENING, "cy"))
    assert (ann.source, ann.cost_nusd) == ("none", 0)
    assert "what one customer may cost" in (await receipt_of(made, ann)).note
    assert [other.reply_text for other in others] == [SAID, SAID]
    # Whom she let go on may each have asked for themselves.
    assert 1 <= model.count <= 2


async def test_a_language_the_question_is_written_in_keeps_no_answer_from_others(model: OpenAIStub) -> None:
    made = await priced_business(cache_rules=ALIKE)
    model.behave(text="Sí, hay doce plazas detrás de la clínica.")
    for who in ("ana", "eva"):
        outcome = await ask(made, "¿Tienen aparcamiento para los clientes?", who, language="es-MX")
    assert (model.count, outcome.source, outcome.cost_nusd) == (1, "model", 0)
    # Words that tell no language are answered in the one the customer is known by: for them alone.
    for who in ("carla", "dora"):
        outcome = await ask(made, "Check-up XXL 3D scanner?", who, language="es-MX")
    assert (model.count, outcome.tier) == (3, None)
