"""What the assistant could not answer."""

from dataclasses import replace
from datetime import timedelta

import pytest

from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope
from omni_app.insights.questions import OpenQuestion, list_open_questions, load_question_text
from omni_app.knowledge.faqs import create_faq, prepare_faq
from tests.insights.history import FAQ, GREETING, UNSURE, talk, utc
from tests.making import make_business

pytestmark = pytest.mark.usefixtures("database")

AT = utc("2026-03-12T12:00")


async def business() -> Scope:
    return (await make_business(faqs=())).scope


async def read(scope: Scope, limit: int = 5) -> tuple[list[OpenQuestion], int]:
    async with open_db(scope) as db:
        return await list_open_questions(db, AT - timedelta(days=7), limit)


async def test_the_same_question_in_other_letters_counts_once_most_asked_first() -> None:
    scope = await business()
    await talk(scope, AT, UNSURE, text="Do you bill Sun Life?")
    await talk(scope, AT + timedelta(hours=1), UNSURE, text="  do you bill SUN  life ")
    await talk(scope, AT, UNSURE, text="Where do I leave a van?", handed_over_at=AT + timedelta(hours=2))
    await talk(scope, AT + timedelta(hours=2), UNSURE, text="Ｄo you bill Sun Life?!")
    found, total = await read(scope)
    assert [(item.text, item.times, item.went_to_person) for item in found] == [
        ("Ｄo you bill Sun Life?!", 3, 0),
        ("Where do I leave a van?", 1, 1),
    ]
    assert total == 2
    assert len((await read(scope, limit=1))[0]) == 1


async def test_answered_questions_greetings_and_old_ones_are_not_listed() -> None:
    scope = await business()
    await talk(scope, AT, FAQ, text="What does it cost?")
    await talk(scope, AT, GREETING, text="Hello")
    await talk(scope, AT - timedelta(days=8), UNSURE, text="Do you do veneers?")
    assert await read(scope) == ([], 0)


@pytest.mark.parametrize("taught", [("do you bill sun life", ()), ("Direct billing?", ("Do you bill Sun Life",))])
async def test_a_question_leaves_the_list_once_it_is_taught(taught: tuple[str, tuple[str, ...]]) -> None:
    scope = await business()
    await talk(scope, AT, UNSURE, text="Do you bill Sun Life?")
    prepared = await prepare_faq(taught[0], "Yes.", taught[1])
    async with open_db(scope) as db:
        await create_faq(db, prepared)
    assert await read(scope) == ([], 0)


async def test_very_long_questions_are_cut() -> None:
    scope = await business()
    await talk(scope, AT, UNSURE, text="Is it so that " + "very " * 900)
    ((found,), _) = await read(scope)
    assert len(found.text) == 500
    async with open_db(scope) as db:
        assert await load_question_text(db, found.message_id) == found.text


async def test_another_business_sees_no_question() -> None:
    mine, theirs = await business(), await business()
    await talk(mine, AT, UNSURE, text="Do you bill Sun Life?")
    ((found,), _) = await read(mine)
    assert await read(theirs) == ([], 0)
    async with open_db(theirs) as db:
        with pytest.raises(NotFound):
            await load_question_text(db, found.message_id)
        with pytest.raises(NotFound):
            await load_question_text(db, new_id())


async def test_reading_questions_needs_permission() -> None:
    scope = replace(await business(), permissions=frozenset())
    with pytest.raises(Forbidden):
        await read(scope)
    async with open_db(scope) as db:
        with pytest.raises(Forbidden):
            await load_question_text(db, new_id())
