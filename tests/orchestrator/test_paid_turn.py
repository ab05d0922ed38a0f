"""The turn with a paid model: a server that speaks OpenAI's interface, prices, budget, and what happens when it fails."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from omni_app.budgets.budget import set_limit
from omni_app.conversations.handling import take_over
from omni_app.infra.database import open_db
from omni_app.infra.scope import Actor, Permission, Scope
from omni_app.llm.health import is_provider_down
from omni_app.orchestrator.receipts import load_receipt
from omni_app.orchestrator.turn import process, receive
from omni_app.settings import load_settings
from tests.harness.waiting import until
from tests.making import Made, inbound, rows
from tests.orchestrator.paying import paid_model, priced_business, spent
from tests.stubs.openai_stub import OpenAIStub

pytestmark = pytest.mark.usefixtures("database")

OUTPUT_NUSD = 600
INPUT_NUSD = 150


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIStub]:
    with paid_model(monkeypatch) as stub:
        yield stub


async def limit(made: Made, nusd: int) -> None:
    async with open_db(made.scope) as db:
        await set_limit(db, nusd)


async def test_a_model_answers_from_the_best_faqs_and_its_cost_is_booked_to_the_nano_dollar(model: OpenAIStub) -> None:
    made = await priced_business()
    model.behave(text="It is $189, X-rays not included.", usage=(900, 20))
    outcome = await process(made.scope, inbound("how much is a dental check-up"))
    cost = 900 * INPUT_NUSD + 20 * OUTPUT_NUSD
    assert (outcome.source, outcome.reply_text, outcome.cost_nusd) == ("model", "It is $189, X-rays not included.", cost)
    assert await spent(made) == (cost, 0)
    assert [row["cost_nusd"] for row in await rows("select cost_nusd from ledger_entries")] == [cost]
    sent = model.calls[0].body
    assert "A check-up is $189." in str(sent["messages"][0])
    async with open_db(made.scope) as db:
        assert outcome.receipt_id is not None
        receipt = await load_receipt(db, outcome.receipt_id)
    assert (receipt.input_tokens, receipt.output_tokens, receipt.cost_nusd) == (900, 20, cost)
    assert "how much is a dental check-up" in receipt.prompt
    assert "model" in [step["name"] for step in receipt.steps]
    (stored,) = await rows("select prompt from receipts")
    assert "check-up" not in stored["prompt"]


async def test_a_model_that_is_unsure_offers_a_person(model: OpenAIStub) -> None:
    made = await priced_business()
    model.behave(text='"UNSURE."')
    outcome = await process(made.scope, inbound("Which moons of Jupiter have volcanoes?"))
    assert outcome.source == "none"
    assert "not sure" in (outcome.reply_text or "")
    assert outcome.cost_nusd > 0


async def test_the_same_words_again_cost_nothing_but_only_without_personal_context(model: OpenAIStub) -> None:
    made = await priced_business()
    model.behave(text="It is $189.")
    await process(made.scope, inbound("how much is a dental check-up"))
    again = await process(made.scope, inbound("how much is a dental check-up", who="visitor-2"))
    assert (again.tier, again.cost_nusd, model.count) == ("l1", 0, 1)
    await process(made.scope, inbound("where do I leave my car", who="visitor-3", name="Ann"))
    fresh = await process(made.scope, inbound("where do I leave my car", who="visitor-4"))
    assert (fresh.tier, model.count) == (None, 3)


async def test_with_the_budget_spent_cache_and_faqs_still_answer(model: OpenAIStub) -> None:
    made = await priced_business()
    model.behave(text="It is $189.")
    await process(made.scope, inbound("how much is a dental check-up"))
    await limit(made, (await spent(made))[0])
    cached = await process(made.scope, inbound("how much is a dental check-up", who="visitor-2"))
    taught = await process(made.scope, inbound("is there parking", who="visitor-2"))
    assert (cached.source, cached.tier) == ("model", "l1")
    assert (taught.source, taught.reply_text, taught.cost_nusd) == ("faq", "Behind the clinic, free.", 0)
    assert model.count == 1
    assert "budget is spent" in (await rows("select note from receipts order by created_at desc limit 1"))[0]["note"]


@pytest.mark.parametrize(("status", "is_billed"), [(500, True), (429, True), (401, False), (400, False)])
async def test_a_failing_model_falls_back_to_the_faqs(model: OpenAIStub, status: int, is_billed: bool) -> None:
    made = await priced_business()
    model.behave(status=status)
    outcome = await process(made.scope, inbound("is there parking"))
    assert (outcome.source, outcome.reply_text) == ("faq", "Behind the clinic, free.")
    booked, held = await spent(made)
    assert held == 0
    assert (booked > 0) == is_billed


async def test_a_bill_above_the_worst_case_is_booked_alarmed_and_stops_further_calls(model: OpenAIStub) -> None:
    made = await priced_business()
    await limit(made, 3_000_000)
    model.behave(text="Fine.", usage=(50_000, 9_000))
    await process(made.scope, inbound("how much is a dental check-up"))
    cost = 50_000 * INPUT_NUSD + 9_000 * OUTPUT_NUSD
    assert await spent(made) == (cost, 0)
    assert len(await rows("select 1 from audit_entries where action = 'budget.overcharged'")) == 1
    await process(made.scope, inbound("is there parking"))
    assert model.count == 1


async def test_an_unknown_price_refuses_the_call_and_says_why(model: OpenAIStub, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await priced_business()
    monkeypatch.setenv("OPENAI_MODEL", "nobody-knows-its-price")
    load_settings.cache_clear()
    outcome = await process(made.scope, inbound("is there parking"))
    assert outcome.source == "faq"
    assert model.count == 0
    assert "price" in (await rows("select note from receipts"))[0]["note"]


async def test_two_hundred_callers_on_a_budget_for_fifty_make_exactly_fifty_calls(model: OpenAIStub) -> None:
    made = await priced_business(faqs=(), daily_messages=10_000)
    # Every call is billed its worst case: the first one shows how much that is.
    model.behave(text="Fine.", usage=None)
    await process(made.scope, inbound("tell me about question number 999", who="probe"))
    (worst,) = await rows("select cost_nusd from ledger_entries")
    price = worst["cost_nusd"]
    await limit(made, price + 50 * price)
    outcomes = []
    for start in range(0, 200, 40):
        batch = (
            process(made.scope, inbound(f"tell me about question number {number:03}", who=f"v{number:03}"))
            for number in range(start, start + 40)
        )
        outcomes += await asyncio.gather(*batch)
    paid = [outcome for outcome in outcomes if outcome.cost_nusd]
    assert model.count == 51
    assert len(paid) == 50
    assert {outcome.cost_nusd for outcome in paid} == {price}
    assert await spent(made) == (51 * price, 0)
    assert (await rows("select sum(cost_nusd)::bigint as total from ledger_entries"))[0]["total"] == 51 * price


async def test_taking_over_while_the_model_thinks_silences_the_ai_and_the_call_is_still_paid(model: OpenAIStub) -> None:
    made = await priced_business()
    await rows(
        """with u as (insert into users (id, email, name, failed_sign_ins, created_at)
             values (gen_random_uuid(), 'maya@example.com', 'Maya', 0, now()) returning id)
           insert into members (id, business_id, user_id, name, email, role, created_at)
           select gen_random_uuid(), :business, id, 'Maya', 'maya@example.com', 'agent', now() from u returning id""",
        business=made.scope.business_id,
    )
    (member,) = await rows("select id from members")
    staff = Scope(
        business_id=made.scope.business_id,
        actor=Actor(kind="member", id=member["id"], name="Maya"),
        permissions=frozenset({Permission.REPLY}),
    )
    first, _ = await receive(made.scope, inbound("hello", client_id="first"))
    assert first.turn_id is not None
    await rows("update conversations set lease_until = now() - interval '1 second' returning id")
    thinking, go_on = threading.Event(), threading.Event()
    model.behave(text="Too late.", hold=go_on, on_call=thinking.set)
    turn = asyncio.create_task(process(made.scope, inbound("how much is a dental check-up")))
    await asyncio.to_thread(thinking.wait, 10)
    async with open_db(staff) as db:
        await take_over(db, first.conversation_id)
    go_on.set()
    outcome = await turn
    assert (outcome.reply_id, outcome.source, outcome.speaker) == (None, "human", "human")
    assert await rows("select 1 from messages where role = 'assistant'") == []
    booked, held = await spent(made)
    assert booked > 0
    assert held == 0
    assert "not sent" in (await rows("select note from ledger_entries"))[0]["note"]


async def test_a_provider_that_fails_is_shown_as_down_until_it_answers_again(model: OpenAIStub) -> None:
    made = await priced_business()
    assert not await is_provider_down()
    model.behave(status=500)
    await process(made.scope, inbound("is there parking"))
    await until(is_provider_down)
    model.behave(text="Behind the clinic.")
    await process(made.scope, inbound("do you see kids"))

    async def is_up() -> bool:
        return not await is_provider_down()

    await until(is_up)
