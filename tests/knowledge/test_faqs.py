"""Teaching: what may be said, who may teach, and how two editors notice each other."""

import asyncio
import csv
import io
from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from omni_app.infra.background import finish_tasks
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.live import subscribe
from omni_app.infra.scope import Permission, Scope
from omni_app.knowledge.exporting import export_faqs
from omni_app.knowledge.faqs import (
    MAX_ANSWER,
    MAX_PHRASINGS,
    MAX_QUESTION,
    FaqView,
    create_faq,
    delete_faq,
    list_faqs,
    load_faq,
    prepare_faq,
    update_faq,
)
from omni_app.llm.embedding import load_embedder
from tests.making import FAQS, make_business, rows

pytestmark = pytest.mark.usefixtures("database")


async def business(faqs: tuple[tuple[str, str, tuple[str, ...]], ...] = ()) -> Scope:
    return (await make_business(faqs=faqs)).scope


async def teach(
    scope: Scope, question: str = "Do you do veneers?", answer: str = "Yes.", phrasings: tuple[str, ...] = ()
) -> FaqView:
    prepared = await prepare_faq(question, answer, phrasings)
    async with open_db(scope) as db:
        return await create_faq(db, prepared)


async def change(scope: Scope, faq: FaqView, answer: str, version: int | None = None, question: str = "") -> FaqView:
    prepared = await prepare_faq(question or faq.question, answer, faq.phrasings)
    async with open_db(scope) as db:
        return await update_faq(db, faq.id, prepared, version)


async def forget(scope: Scope, faq_id: UUID) -> None:
    async with open_db(scope) as db:
        await delete_faq(db, faq_id)


async def listed(scope: Scope, search: str = "", page: int = 1, limit: int = 25) -> tuple[list[str], int]:
    async with open_db(scope) as db:
        faqs, total = await list_faqs(db, search, page, limit)
    return [faq.question for faq in faqs], total


async def knowledge_version(scope: Scope) -> int:
    (row,) = await rows("select knowledge_version from businesses where id = :id", id=scope.business_id)
    return int(row["knowledge_version"])


async def test_an_faq_is_kept_with_its_phrasings_and_a_vector_for_each_wording() -> None:
    scope = await business()
    faq = await teach(
        scope, "  Do you do\nveneers? ", " Yes. \n", ("veneer price", "Do you do veneers", "VENEER  price", "porcelain")
    )
    assert (faq.question, faq.answer, faq.phrasings, faq.version) == (
        "Do you do veneers?",
        "Yes.",
        ("veneer price", "porcelain"),
        1,
    )
    async with open_db(scope) as db:
        assert await load_faq(db, faq.id) == faq
    stored = await rows("select position, text, embedding_model, embedding::text as vector from phrasings order by position")
    assert [(row["position"], row["text"]) for row in stored] == [
        (0, "Do you do veneers?"),
        (1, "veneer price"),
        (2, "porcelain"),
    ]
    assert {row["embedding_model"] for row in stored} == {load_embedder().name}
    vector = np.array(stored[0]["vector"][1:-1].split(","), np.float32)
    assert vector.shape == (384,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-3)


async def test_every_wrong_field_is_named_and_nothing_is_stored() -> None:
    scope = await business()
    with pytest.raises(Invalid) as caught:
        await teach(scope, " \x00 ", "a" * (MAX_ANSWER + 1), ("fine", " ", "b" * (MAX_QUESTION + 1)))
    assert [item.field for item in caught.value.fields] == ["question", "answer", "phrasings.1", "phrasings.2"]
    with pytest.raises(Invalid) as caught:
        await teach(scope, "a" * (MAX_QUESTION + 1), "", tuple(f"way {number}" for number in range(MAX_PHRASINGS + 1)))
    assert [item.field for item in caught.value.fields] == ["question", "answer", "phrasings"]
    assert await listed(scope) == ([], 0)


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>?", "كم سعر التنظيف؟", "\u202eabc\u202c?", "🦷" * 200, "a\ud800b?", "'; drop table faqs; --"],
)
async def test_any_text_is_only_text(text: str) -> None:
    scope = await business()
    faq = await teach(scope, text, text, (text + " again",))
    (kept,) = (await listed(scope))[0]
    assert kept == faq.question == text.replace("\ud800", "?")


async def test_a_question_is_taught_once() -> None:
    scope = await business()
    first, second = await teach(scope), await teach(scope, "Do you do crowns?")
    with pytest.raises(Conflict):
        await teach(scope, "DO YOU DO VENEERS?")
    with pytest.raises(Conflict):
        await change(scope, second, "Yes.", question="do you do veneers?")
    assert (await change(scope, first, "No.")).answer == "No."


async def test_two_who_teach_the_same_question_at_once_teach_it_once() -> None:
    scope = await business()
    outcomes = await asyncio.gather(*(teach(scope) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(outcome, FaqView) for outcome in outcomes) == 1
    assert all(isinstance(outcome, FaqView | Conflict) for outcome in outcomes)


async def test_a_change_by_somebody_else_is_noticed() -> None:
    scope = await business()
    faq = await teach(scope)
    changed = await change(scope, faq, "Since May.", faq.version)
    assert (changed.version, changed.answer) == (2, "Since May.")
    assert changed.updated_at > faq.updated_at
    with pytest.raises(Conflict, match="Somebody else changed this FAQ"):
        await change(scope, faq, "Never.", faq.version)
    assert (await change(scope, faq, "On Mondays.", changed.version)).version == 3


async def test_what_is_deleted_is_gone_with_its_phrasings() -> None:
    scope = await business()
    faq = await teach(scope, phrasings=("veneer price",))
    await forget(scope, faq.id)
    assert await rows("select 1 from phrasings") == []
    for attempt in (forget(scope, faq.id), change(scope, faq, "Yes.")):
        with pytest.raises(NotFound):
            await attempt


async def test_every_change_makes_the_knowledge_newer_and_leaves_a_trace() -> None:
    scope = await business()
    versions = [await knowledge_version(scope)]
    faq = await teach(scope)
    versions.append(await knowledge_version(scope))
    await change(scope, faq, "No.")
    versions.append(await knowledge_version(scope))
    await forget(scope, faq.id)
    versions.append(await knowledge_version(scope))
    assert versions == sorted(set(versions))
    trail = await rows("select action from audit_entries where action like 'faq.%' order by created_at, id")
    assert [row["action"] for row in trail] == ["faq.created", "faq.updated", "faq.deleted"]


async def test_a_refused_change_leaves_the_knowledge_as_it_was() -> None:
    scope = await business()
    faq = await teach(scope)
    before = await knowledge_version(scope)
    with pytest.raises(Conflict):
        await change(scope, faq, "Never.", version=7)
    with pytest.raises(Conflict):
        await teach(scope)
    assert await knowledge_version(scope) == before


async def test_open_pages_are_told_which_faq_changed() -> None:
    scope = await business()
    notes = subscribe()
    assert (await anext(notes)).kind == "resync"
    faq = await teach(scope)
    await change(scope, faq, "No.")
    await forget(scope, faq.id)
    await finish_tasks(30)
    async with asyncio.timeout(30):
        # Each change clears the cache of what it makes doubtful, which is news too.
        heard = [note for note in [await anext(notes) for _ in range(6)] if note.kind != "cache.changed"]
    await notes.aclose()  # type: ignore[attr-defined]
    assert {(note.kind, note.business_id, note.ids["faq_id"]) for note in heard} == {
        ("faq.changed", scope.business_id, str(faq.id))
    }
    assert len(heard) == 3


async def test_the_list_is_paged_newest_change_first_with_the_count() -> None:
    scope = await business()
    faqs = [await teach(scope, f"Question {number}?") for number in range(5)]
    await change(scope, faqs[0], "Changed.")
    assert await listed(scope, limit=2) == (["Question 0?", "Question 4?"], 5)
    assert await listed(scope, limit=2, page=3) == (["Question 1?"], 5)
    assert await listed(scope, limit=2, page=9) == ([], 5)


async def test_search_looks_in_questions_answers_and_phrasings_and_takes_signs_as_they_are() -> None:
    scope = await business(FAQS)
    assert await listed(scope, "PARKING near") == (["Where can I park?"], 1)
    assert await listed(scope, "$189") == (["What does a check-up cost?"], 1)
    assert (await listed(scope, "kids"))[0] == ["Do you treat children?"]
    for signs in ("100%", "_", "\\", "' or 1=1", "\ud800\x00x"):
        assert await listed(scope, signs) == ([], 0)
    assert (await listed(scope, "  "))[1] == 3


@pytest.mark.parametrize("role", [frozenset({Permission.VIEW}), frozenset({Permission.VIEW, Permission.REPLY})])
async def test_those_who_may_not_teach_only_read(role: frozenset[Permission]) -> None:
    scope = await business()
    faq = await teach(scope)
    reader = replace(scope, permissions=role)
    for attempt in (teach(reader, "Crowns?"), change(reader, faq, "No."), forget(reader, faq.id)):
        with pytest.raises(Forbidden):
            await attempt
    assert await listed(reader) == (["Do you do veneers?"], 1)
    with pytest.raises(Forbidden):
        await listed(replace(scope, permissions=frozenset()))


async def test_another_business_neither_sees_nor_touches_it() -> None:
    mine, theirs = await business(), await business()
    faq = await teach(mine)
    assert await listed(theirs) == ([], 0)
    assert (await teach(theirs)).id != faq.id
    for attempt in (change(theirs, faq, "No."), forget(theirs, faq.id), forget(theirs, new_id())):
        with pytest.raises(NotFound):
            await attempt
    assert (await listed(mine))[1] == 1


async def test_the_export_holds_all_faqs_of_this_business_and_no_formula() -> None:
    scope = await business(FAQS)
    await make_business("Other")
    await teach(scope, "=HYPERLINK(evil)", '-1 "quoted"\nsecond line', ("@x", "plain"))
    async with open_db(scope) as db:
        lines = list(csv.reader(io.StringIO(await export_faqs(db))))
    assert lines[0] == ["id", "question", "answer", "phrasings"]
    assert len(lines) == 5
    assert lines[1][1:] == ["'=HYPERLINK(evil)", '\'-1 "quoted"\nsecond line', "'@x\nplain"]
    assert ["What does a check-up cost?", "A check-up is $189."] in [line[1:3] for line in lines]
