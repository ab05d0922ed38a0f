"""The tier in PostgreSQL: store, look up, list and clear."""

from dataclasses import replace
from datetime import timedelta

import pytest

from omni_app.cache.keys import question_key
from omni_app.cache.stored import clear, find_stored, list_entries, served, store_answers
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission, Scope
from omni_app.tenancy.businesses import update_business
from tests.cache.entries import COST, cache_version, new_entry, questions, store
from tests.making import make_business, rows

pytestmark = pytest.mark.usefixtures("database")


def only(scope: Scope, *permissions: Permission) -> Scope:
    return replace(scope, permissions=frozenset(permissions))


async def test_a_stored_answer_is_found_by_its_words_alone() -> None:
    made = await make_business(faqs=())
    await store(made.scope, "Do you whiten teeth?", text="Yes, at the clinic.", depends=("faq:1",))
    async with open_db(made.scope) as db:
        version, found, rejected = await find_stored(db, question_key("  do you WHITEN teeth "))
        assert (await find_stored(db, question_key("Do you pull teeth?")))[1] is None
    assert (version, rejected) == (await cache_version(made.scope), ())
    assert found is not None
    stored = served(found)
    assert (stored.text, stored.cost_nusd, stored.depends, stored.persona_version) == ("Yes, at the clinic.", COST, ("faq:1",), 1)


async def test_what_changed_since_the_answer_was_made_keeps_it_out() -> None:
    made = await make_business(faqs=())
    entry = await new_entry(made.scope, "Do you whiten teeth?")
    async with open_db(made.scope) as db:
        await clear(db)
    async with open_db(made.scope) as db:
        assert await store_answers(db, [entry]) == 0
    assert await questions() == set()


async def test_changed_hours_end_the_answers_of_a_model_and_no_others() -> None:
    made = await make_business(faqs=())
    await store(made.scope, "Do you whiten teeth?")
    await store(made.scope, "Do you pull teeth?", is_model_made=False)
    async with open_db(made.scope) as db:
        await update_business(db, opening_hours={"mon": [["08:00", "18:00"]]})
    async with open_db(made.scope) as db:
        assert (await find_stored(db, question_key("Do you whiten teeth?")))[1] is None
        assert (await find_stored(db, question_key("Do you pull teeth?")))[1] is not None
        entries, total = await list_entries(db)
    assert ([entry.question for entry in entries], total) == (["Do you pull teeth?"], 1)


async def test_past_days_are_neither_found_nor_listed() -> None:
    made = await make_business(faqs=())
    await store(made.scope, "Do you whiten teeth?", lasts=timedelta(seconds=-1))
    async with open_db(made.scope) as db:
        assert (await find_stored(db, question_key("Do you whiten teeth?")))[1] is None
        assert await list_entries(db) == ([], 0)


async def test_entries_are_listed_newest_first_and_searched() -> None:
    made, other = await make_business(faqs=()), await make_business("Other", faqs=())
    await store(other.scope, "Do you whiten teeth?")
    await store(made.scope, "Do you whiten teeth?", "100% safe?", "Is there a lift?", text="Yes, there is.")
    async with open_db(made.scope) as db:
        entries, total = await list_entries(db, limit=2)
        assert ([entry.question for entry in entries], total) == (["Is there a lift?", "100% safe?"], 3)
        assert [entry.question for entry in (await list_entries(db, page=2, limit=2))[0]] == ["Do you whiten teeth?"]
        assert await list_entries(db, page=3, limit=2) == ([], 3)
        assert [entry.question for entry in (await list_entries(db, "0%"))[0]] == ["100% safe?"]
        assert (await list_entries(db, "there is"))[1] == 3
        assert (await list_entries(db, "x\x00y"))[1] == 0


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("teeth", {"Is there a lift?", "100% safe?"}),
        ("Do*teeth*", {"Is there a lift?", "100% safe?"}),
        ("teeth*", {"Do you whiten teeth?", "Do you pull teeth?", "Is there a lift?", "100% safe?"}),
        ("%", {"Do you whiten teeth?", "Do you pull teeth?", "Is there a lift?"}),
        ("_", {"Do you whiten teeth?", "Do you pull teeth?", "Is there a lift?", "100% safe?"}),
    ],
)
async def test_a_pattern_clears_what_it_fits(pattern: str, left: set[str]) -> None:
    made = await make_business(faqs=())
    await store(made.scope, "Do you whiten teeth?", "Do you pull teeth?", "Is there a lift?", "100% safe?")
    before = await cache_version(made.scope)
    async with open_db(made.scope) as db:
        removed = await clear(db, pattern=pattern)
    assert (await questions(), removed) == (left, 4 - len(left))
    assert await cache_version(made.scope) == before + 1
    (trail,) = await rows("select after from audit_entries where action = 'cache.cleared'")
    assert trail["after"] == {"pattern": pattern, "removed": removed}


async def test_one_entry_goes_with_the_wordings_that_stand_for_it() -> None:
    made = await make_business(faqs=())
    await store(made.scope, "Do you whiten teeth?", "Is there a lift?")
    (entry,) = await rows("select id from cached_answers where question like 'Do%'")
    await store(made.scope, "do you guys whiten teeth", kind="same", same_as_id=entry["id"])
    async with open_db(made.scope) as db:
        assert await clear(db, entry_id=entry["id"]) == 2
    assert await questions() == {"Is there a lift?"}
    async with open_db(made.scope) as db:
        assert await clear(db) == 1


async def test_only_who_teaches_or_configures_clears_and_never_another_business() -> None:
    made, other = await make_business(faqs=()), await make_business("Other", faqs=())
    await store(other.scope, "Do you whiten teeth?")
    (entry,) = await rows("select id from cached_answers")
    async with open_db(only(made.scope, Permission.VIEW, Permission.REPLY)) as db:
        with pytest.raises(Forbidden):
            await clear(db)
        with pytest.raises(Forbidden):
            await store_answers(db, [])
    async with open_db(only(made.scope, Permission.TEACH)) as db:
        assert await clear(db) == 0
    for entry_id in (entry["id"], new_id()):
        with pytest.raises(NotFound):
            async with open_db(made.scope) as db:
                await clear(db, entry_id=entry_id)
    async with open_db(only(made.scope)) as db:
        with pytest.raises(Forbidden):
            await list_entries(db)
    assert await questions() == {"Do you whiten teeth?"}


@pytest.mark.parametrize("pattern", ["", " * ", "a" * 201, "\x00"])
async def test_a_pattern_that_says_nothing_is_refused(pattern: str) -> None:
    made = await make_business(faqs=())
    await store(made.scope, "Do you whiten teeth?")
    with pytest.raises(Invalid) as caught:
        async with open_db(made.scope) as db:
            await clear(db, pattern=pattern)
    assert caught.value.fields[0].field == "pattern"
    assert await questions() == {"Do you whiten teeth?"}
