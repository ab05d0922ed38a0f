"""Replies proposed to staff: from the model when it is paid, else from FAQs and documents."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest

from omni_app.budgets.budget import set_limit
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid, NotFound, Unavailable
from omni_app.infra.scope import Permission
from omni_app.orchestrator.drafting import draft_reply
from omni_app.orchestrator.turn import process
from tests.conversations.desk import make_member, without
from tests.knowledge.paper import add_ready
from tests.making import Made, inbound, make_business, rows
from tests.orchestrator.paying import paid_model, priced_business, spent
from tests.stubs.openai_stub import OpenAIStub

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIStub]:
    with paid_model(monkeypatch) as stub:
        yield stub


async def waiting(made: Made, *texts: str, name: str = "Sofia Marin") -> UUID:
    """A conversation that was handed over, with these messages of the customer."""
    outcome = await process(made.scope, inbound("agent please", name=name))
    for text in texts:
        await process(made.scope, inbound(text))
    return outcome.conversation_id


async def test_the_likeliest_faq_is_proposed_with_a_greeting_and_its_source() -> None:
    made = await make_business()
    maya = await make_member(made.scope, "Maya Chen")
    made_draft = await draft_reply(maya, await waiting(made, "how much is a dental check-up"), "new", "")
    assert made_draft.text == "Hi Sofia,\n\nA check-up is $189."
    assert made_draft.sources[0]["title"] == "What does a check-up cost?"
    assert made_draft.cost_nusd == 0


async def test_the_question_before_the_wish_for_a_person_is_the_one_to_answer() -> None:
    made = await make_business()
    await process(made.scope, inbound("how much is a dental check-up"))
    outcome = await process(made.scope, inbound("agent please"))
    assert "$189" in (await draft_reply(made.scope, outcome.conversation_id, "new", "")).text


async def test_a_document_is_proposed_too() -> None:
    made = await make_business()
    await add_ready(made.scope)
    made_draft = await draft_reply(made.scope, await waiting(made, "How long must I not rinse after an extraction?"), "new", "")
    assert "twenty-four hours" in made_draft.text
    assert made_draft.sources[0]["kind"] == "passage"


async def test_without_any_answer_nothing_is_proposed() -> None:
    made = await make_business()
    with pytest.raises(Unavailable):
        await draft_reply(made.scope, await waiting(made, "Which moons of Jupiter have volcanoes?"), "new", "")


async def test_a_draft_is_made_shorter_and_warmer_without_a_model() -> None:
    made = await make_business()
    conversation = await waiting(made)
    draft = "Hello Sofia. Your crown is ready. Come on Monday. We open at eight. Bring your card."
    assert (await draft_reply(made.scope, conversation, "shorter", draft)).text == "Your crown is ready. Come on Monday."
    warm = await draft_reply(made.scope, conversation, "warmer", "Your crown is ready.")
    assert warm.text == "Hi Sofia,\n\nYour crown is ready."


async def test_a_model_writes_it_and_it_is_booked_as_a_draft(model: OpenAIStub) -> None:
    made = await priced_business()
    conversation = await waiting(made, "how much is a dental check-up")
    model.behave(text="Dear Sofia, it is $189.", usage=(800, 10))
    made_draft = await draft_reply(made.scope, conversation, "new", "")
    assert made_draft.text == "Dear Sofia, it is $189."
    assert made_draft.cost_nusd == 800 * 150 + 10 * 600
    assert await spent(made) == (made_draft.cost_nusd, 0)
    (entry,) = await rows("select service, cost_nusd, conversation_id from ledger_entries where cost_nusd > 0")
    assert entry == {"service": "draft", "cost_nusd": made_draft.cost_nusd, "conversation_id": conversation}
    assert "A check-up is $189." in model.calls[-1].body["messages"][0]["content"]
    changed = await draft_reply(made.scope, conversation, "shorter", "It is one hundred and eighty-nine dollars, Sofia.")
    assert changed.sources == ()
    assert "one hundred and eighty-nine" in model.calls[-1].body["messages"][-1]["content"]


@pytest.mark.parametrize(("how", "is_billed"), [({"status": 500}, True), ({"status": 401}, False), ({"text": "UNSURE"}, True)])
async def test_a_failing_model_leaves_the_local_draft(model: OpenAIStub, how: dict[str, object], is_billed: bool) -> None:
    made = await priced_business()
    conversation = await waiting(made, "how much is a dental check-up")
    model.behave(**how)
    assert "A check-up is $189." in (await draft_reply(made.scope, conversation, "new", "")).text
    booked, held = await spent(made)
    assert (booked > 0, held) == (is_billed, 0)


async def test_without_money_the_local_draft_is_proposed(model: OpenAIStub) -> None:
    made = await priced_business()
    conversation = await waiting(made, "how much is a dental check-up")
    async with open_db(made.scope) as db:
        await set_limit(db, 0)
    assert "A check-up is $189." in (await draft_reply(made.scope, conversation, "new", "")).text
    assert model.count == 0


async def test_who_may_not_reply_gets_no_draft_and_nobody_one_of_another_business() -> None:
    made, other = await make_business(), await make_business("Other")
    conversation = await waiting(made, "price of a checkup")
    with pytest.raises(Forbidden):
        await draft_reply(without(made.scope, Permission.REPLY), conversation, "new", "")
    with pytest.raises(NotFound):
        await draft_reply(other.scope, conversation, "new", "")
    with pytest.raises(NotFound):
        await draft_reply(made.scope, uuid4(), "new", "")
    for style, draft in (("funnier", ""), ("shorter", "x" * 9000)):
        with pytest.raises(Invalid):
            await draft_reply(made.scope, conversation, style, draft)
