"""FAQ suggestions: from what the model is paid for and from what nobody could answer, and never with anybody's name in them."""

import asyncio
from collections.abc import Iterator

import pytest

from omni_app.conversations.forgetting import erase_customer
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission, Scope
from omni_app.knowledge.faqs import prepare_faq
from omni_app.knowledge.suggestions import (
    SuggestionView,
    dismiss_suggestion,
    list_suggestions,
    load_suggestion,
    take_suggestion,
)
from omni_app.orchestrator.asked import may_be_shown
from omni_app.orchestrator.suggesting import suggest_faqs
from omni_app.orchestrator.turn import process
from tests.making import Made, inbound, make_business, rows
from tests.orchestrator.paying import paid_model, priced_business
from tests.stubs.openai_stub import OpenAIStub

pytestmark = pytest.mark.usefixtures("database")

GYM = ("Is there a gym in the building?", "is there a gym in your building", "do you have a gym in the building")


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIStub]:
    with paid_model(monkeypatch) as stub:
        yield stub


async def ask(made: Made, *said: str, name: str = "") -> None:
    """Each by a customer of their own."""
    for number, text in enumerate(said):
        await process(made.scope, inbound(text, who=f"{name}{number}-{new_id().hex[:6]}", name=name))


async def suggested(made: Made, status: str | None = "open") -> list[SuggestionView]:
    await suggest_faqs(made.scope)
    async with open_db(made.scope) as db:
        found, total = await list_suggestions(db, status)
    assert total == len(found)
    return found


def as_role(made: Made, *permissions: Permission) -> Scope:
    return Scope(business_id=made.scope.business_id, actor=made.scope.actor, permissions=frozenset(permissions))


async def test_what_nobody_could_answer_becomes_one_suggestion_and_lone_or_taught_questions_none() -> None:
    made = await make_business()
    await ask(made, *GYM, GYM[0], "Which planets have rings around them?", "Where can I park?")
    (found,) = await suggested(made)
    assert (found.kind, found.question, found.asked, found.saving_nusd, found.answer) == ("not_known", GYM[0], 4, 0, "")
    assert set(found.examples) <= set(GYM)
    async with open_db((await make_business()).scope) as db:
        assert await list_suggestions(db) == ([], 0)
        with pytest.raises(NotFound):
            await load_suggestion(db, found.id)


async def test_what_the_model_is_paid_for_brings_its_answer_and_the_saving(model: OpenAIStub) -> None:
    made = await priced_business()
    model.behave(text="Yes, on the second floor.", usage=(900, 20))
    await ask(made, GYM[0], GYM[0], GYM[1], name="Ann")
    paid = sum(row["cost_nusd"] for row in await rows("select cost_nusd from messages"))
    (found,) = await suggested(made)
    assert (found.kind, found.asked, found.saving_nusd) == ("often_asked", 3, paid)
    # What was said to Ann by name is no draft for everybody; what came out of the cache is.
    assert found.answer == ""
    await ask(made, GYM[0], GYM[0])
    (found,) = await suggested(made)
    assert (found.asked, found.answer) == (5, "Yes, on the second floor.")


async def test_a_suggestion_is_taken_once_and_never_comes_back() -> None:
    made = await make_business()
    await ask(made, *GYM)
    (found,) = await suggested(made)
    faq = await prepare_faq(found.question, "On the second floor.", found.examples)

    async def take() -> bool:
        try:
            async with open_db(made.scope) as db:
                await take_suggestion(db, found.id, faq)
        except Conflict:
            return False
        return True

    assert sorted(await asyncio.gather(take(), take())) == [False, True]
    assert await suggested(made) == []
    (taken,) = await suggested(made, "taken")
    assert (await rows("select id from faqs where question = :question", question=found.question))[0]["id"] == taken.faq_id
    await ask(made, GYM[0])
    assert await suggested(made) == []


async def test_a_dismissed_suggestion_stays_away_also_under_another_wording() -> None:
    made = await make_business()
    await ask(made, *GYM)
    (found,) = await suggested(made)
    async with open_db(made.scope) as db:
        await dismiss_suggestion(db, found.id)
    await ask(made, GYM[1], GYM[1], GYM[1])
    assert await suggested(made) == []
    async with open_db(made.scope) as db:
        with pytest.raises(Conflict, match="put aside"):
            await dismiss_suggestion(db, found.id)
        with pytest.raises(NotFound):
            await dismiss_suggestion(db, new_id())


async def test_what_is_taught_meanwhile_is_not_suggested_any_more() -> None:
    made = await make_business()
    await ask(made, *GYM)
    assert len(await suggested(made)) == 1
    # The same question is found again and updated, not doubled.
    assert len(await suggested(made, None)) == 1
    from omni_app.knowledge.faqs import create_faq

    faq = await prepare_faq(GYM[0], "Yes.", GYM[1:])
    async with open_db(made.scope) as db:
        await create_faq(db, faq)
    assert await suggested(made, None) == []


async def test_only_teachers_may_look_take_or_dismiss() -> None:
    made = await make_business()
    await ask(made, *GYM)
    (found,) = await suggested(made)
    reader = as_role(made, Permission.VIEW)
    with pytest.raises(Forbidden):
        await suggest_faqs(reader)
    faq = await prepare_faq("A?", "B.")
    async with open_db(reader) as db:
        assert (await load_suggestion(db, found.id)).question == found.question
        with pytest.raises(Forbidden):
            await take_suggestion(db, found.id, faq)
        with pytest.raises(Forbidden):
            await dismiss_suggestion(db, found.id)
    async with open_db(as_role(made)) as db:
        with pytest.raises(Forbidden):
            await list_suggestions(db)


async def test_an_erased_customer_leaves_no_wording_behind() -> None:
    made = await make_business()
    for who, text in (("ann", GYM[1]), ("ben", GYM[0]), ("cid", GYM[0])):
        await process(made.scope, inbound(text, who=who))
    (found,) = await suggested(made)
    assert (found.question, found.examples) == (GYM[0], (GYM[1],))
    owners = await rows("select m.customer_id, m.text from messages m where role = 'customer' order by m.created_at")
    async with open_db(made.scope) as db:
        await erase_customer(db, owners[0]["customer_id"])
    (left,) = await rows("select question, examples from faq_suggestions")
    assert left == {"question": GYM[0], "examples": []}
    async with open_db(made.scope) as db:
        await erase_customer(db, owners[1]["customer_id"])
    assert await rows("select id from faq_suggestions") == []


@pytest.mark.parametrize(
    "said",
    [
        "Can you call me back at 902 555 01 48 about whitening?",
        "Do you deliver to 12 Salter Street on weekends?",
        "What do you know about https://example.com/teeth whitening?",
        "My name is Ann, do you offer whitening?",
        "I'm Ann Marin from Halifax, do you offer whitening?",
        "Does Sofia get a discount for whitening?",
        "And how much is that?",
        "Where is my order?",
        "word " * 80,
    ],
)
def test_a_wording_that_names_somebody_is_never_shown(said: str) -> None:
    assert not may_be_shown(said, "Sofia Marin")
    assert may_be_shown("How much is teeth whitening for students?", "Sofia Marin")
