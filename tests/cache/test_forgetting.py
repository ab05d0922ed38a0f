"""What a change removes, what it leaves, and that no process serves what was removed, whoever missed the news."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from omni_app.cache import index, process, shared
from omni_app.cache.forgetting import forget_document, forget_faq, forget_local, forget_questions
from omni_app.cache.keys import question_key
from omni_app.cache.stored import clear
from omni_app.conversations.answering import Answer, record_answer
from omni_app.infra.background import finish_tasks
from omni_app.infra.database import open_db
from omni_app.knowledge.documents import delete_document, rename_document
from omni_app.knowledge.faqs import create_faq, delete_faq, list_faqs, prepare_faq, update_faq
from omni_app.orchestrator.turn import Outcome, receive
from omni_app.orchestrator.turn import process as take_turn
from omni_app.tenancy.businesses import update_business
from tests.cache.entries import cache_version, new_entry, questions, store
from tests.harness.waiting import until
from tests.knowledge.paper import add_ready
from tests.making import Made, inbound, make_business, rows
from tests.orchestrator.paying import paid_model, priced_business
from tests.stubs.openai_stub import OpenAIStub

Superuser = Callable[[], psycopg.Connection]

pytestmark = pytest.mark.usefixtures("database")

WHITENING = "Do you offer teeth whitening?"
CROWN = "How long does a crown last?"
LIFT = "Is there a lift in the building?"


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIStub]:
    with paid_model(monkeypatch) as stub:
        stub.behave(text="Yes.", usage=(900, 20))
        yield stub


async def faq_of(made: Made, search: str) -> UUID:
    async with open_db(made.scope) as db:
        found, _ = await list_faqs(db, search)
    return found[0].id


async def test_a_new_faq_removes_what_it_might_answer_better_and_what_the_free_brain_said() -> None:
    made = await make_business(faqs=())
    await store(made.scope, WHITENING, CROWN)
    await store(made.scope, LIFT, source="faq", is_model_made=False, vector=None, embedding_model="")
    before = await cache_version(made.scope)
    faq = await prepare_faq("Can you make my teeth whiter?", "Yes, $350.", ["teeth whitening offer"])
    async with open_db(made.scope) as db:
        await create_faq(db, faq)
    assert await questions() == {CROWN}
    assert await cache_version(made.scope) == before + 1


async def test_a_changed_or_deleted_faq_removes_what_was_made_from_it() -> None:
    made = await make_business()
    parking = await faq_of(made, "park")
    await store(made.scope, WHITENING, depends=(f"faq:{parking}", "document:1"))
    await store(made.scope, CROWN, depends=("faq:1",))
    changed = await prepare_faq("Where can I park?", "In the garage.", ["is there parking"])
    async with open_db(made.scope) as db:
        await update_faq(db, parking, changed)
    assert await questions() == {CROWN}
    await store(made.scope, WHITENING, depends=(f"faq:{parking}",))
    async with open_db(made.scope) as db:
        await delete_faq(db, parking)
    assert await questions() == {CROWN}


async def test_a_document_in_service_renamed_or_deleted_removes_what_it_touches() -> None:
    made = await make_business(faqs=())
    await store(made.scope, "How much does whitening cost?", "Do you employ apprentices in accounting?")
    document = await add_ready(made.scope)
    assert await questions() == {"Do you employ apprentices in accounting?"}
    named = (f"document:{document.view.id}",)
    await store(made.scope, LIFT, depends=named)
    async with open_db(made.scope) as db:
        await rename_document(db, document.view.id, "Before you come", document.view.version)
    assert LIFT not in await questions()
    await store(made.scope, LIFT, depends=named)
    async with open_db(made.scope) as db:
        await delete_document(db, document.view.id)
    assert await questions() == {"Do you employ apprentices in accounting?"}


async def test_vectors_of_another_model_are_not_compared_but_removed() -> None:
    made = await make_business(faqs=())
    await store(made.scope, WHITENING, embedding_model="another")
    faq = await prepare_faq("Is there a garden?", "Yes.")
    async with open_db(made.scope) as db:
        await forget_faq(db, None, faq.vectors, faq.model)
    assert await questions() == set()


async def test_too_much_to_compare_is_removed_unseen() -> None:
    made = await make_business(faqs=())
    document = await add_ready(made.scope)
    await store(made.scope, LIFT)
    async with open_db(made.scope) as db:
        await forget_document(db, document.view.id, most_compared=0)
    assert await questions() == set()


async def test_the_free_brain_forgets_alone() -> None:
    made, other = await make_business(faqs=()), await make_business("Other", faqs=())
    local: dict[str, Any] = {"source": "passage", "is_model_made": False, "vector": None, "embedding_model": ""}
    await store(made.scope, LIFT, **local)
    await store(made.scope, CROWN)
    await store(other.scope, WHITENING, **local)
    async with open_db(made.scope) as db:
        await forget_local(db)
    assert await questions() == {CROWN, WHITENING}


async def test_an_entry_takes_the_wordings_that_stand_for_it_along() -> None:
    made = await make_business(faqs=())
    await store(made.scope, WHITENING, depends=("faq:00000000-0000-0000-0000-000000000001",))
    (entry,) = await rows("select id from cached_answers")
    await store(made.scope, "do you guys whiten", kind="same", same_as_id=entry["id"], vector=None, embedding_model="")
    async with open_db(made.scope) as db:
        await forget_faq(db, UUID(int=1))
    assert await questions() == set()


# ---- No process serves what was removed ----------------------------------------------------------------------------------


async def ask(made: Made, text: str, who: str) -> Outcome:
    return await take_turn(made.scope, inbound(text, who))


async def change_faq(made: Made) -> None:
    faq = await prepare_faq("Where can I park?", "In the garage.", ["is there parking"])
    faq_id = await faq_of(made, "park")
    async with open_db(made.scope) as db:
        await update_faq(db, faq_id, faq)


async def teach_whitening(made: Made) -> None:
    async with open_db(made.scope) as db:
        await create_faq(db, await prepare_faq("Do you whiten teeth?", "No longer."))


async def change_hours(made: Made) -> None:
    async with open_db(made.scope) as db:
        await update_business(db, opening_hours={"mon": [["08:00", "18:00"]]})


async def change_prices(made: Made) -> None:
    async with open_db(made.scope) as db:
        await update_business(db, price_list=[{"name": "Whitening", "price_minor": 100, "currency": "USD"}])


async def clear_it(made: Made) -> None:
    async with open_db(made.scope) as db:
        await clear(db, pattern="whitening")


async def add_paper(made: Made) -> None:
    await add_ready(made.scope)


@pytest.mark.parametrize("change", [teach_whitening, change_hours, change_prices, clear_it, add_paper])
async def test_a_process_that_heard_no_news_asks_the_model_again(
    model: OpenAIStub, change: Callable[[Made], Awaitable[None]]
) -> None:
    made = await priced_business(faqs=(), cache_rules={"mode": "fixed", "fixed_cosine": 0.85})
    model.behave(text="Yes, we do.", usage=(900, 20))
    await ask(made, WHITENING, "ann")
    await ask(made, "do you guys offer teeth whitening", "bob")
    assert model.count == 1
    await finish_tasks(30)
    # Another process makes the change: nothing here is told, and Redis goes on holding what it held.
    held = dict(process._entries)
    shelves = dict(index._kept)
    await change(made)
    process._entries.update(held)
    index._kept.update(shelves)
    assert await shared.find(made.scope.business_id, question_key(WHITENING)) is not None
    model.behave(text="Not any more.", usage=(900, 20))
    for number, wording in enumerate(("do you guys offer teeth whitening", WHITENING)):
        outcome = await ask(made, wording, f"cy-{number}")
        assert outcome.reply_text in ("Not any more.", "No longer.")


async def test_what_a_change_does_not_touch_goes_on_costing_nothing(model: OpenAIStub) -> None:
    made = await priced_business(cache_rules={"mode": "fixed", "fixed_cosine": 0.85})
    model.behave(text="Ten years.", usage=(900, 20))
    await ask(made, "How long does a porcelain crown hold?", "ann")
    await rows("update cached_answers set depends = '[]' returning id")
    await change_faq(made)
    outcome = await ask(made, "How long does a porcelain crown hold?", "bob")
    assert (outcome.tier, outcome.reply_text, model.count) == ("l3", "Ten years.", 1)


# ---- An answer from older facts never slips in ---------------------------------------------------------------------------


async def begin(made: Made, who: str) -> tuple[UUID, UUID, int, int]:
    received, _ = await receive(made.scope, inbound(WHITENING, who))
    assert received.turn_id is not None
    return received.conversation_id, received.turn_id, received.fence, received.seq


@pytest.mark.parametrize("change", [teach_whitening, change_hours, clear_it])
async def test_an_answer_made_before_a_change_is_said_but_not_stored(change: Callable[[Made], Awaitable[None]]) -> None:
    made = await make_business(faqs=())
    turn = await begin(made, "ann")
    entry = await new_entry(made.scope, WHITENING)
    await change(made)
    async with open_db(made.scope) as db:
        recorded = await record_answer(db, *turn, WHITENING, Answer(text="Yes.", source="model", shared=entry))
    assert recorded is not None
    assert recorded.entry_id is None
    assert WHITENING not in await questions()


async def test_storing_waits_for_a_change_under_way_and_then_does_not(superuser: Superuser) -> None:
    made = await make_business(faqs=())
    turn = await begin(made, "ann")
    entry = await new_entry(made.scope, WHITENING)

    async def record() -> UUID | None:
        async with open_db(made.scope) as db:
            recorded = await record_answer(db, *turn, WHITENING, Answer(text="Yes.", source="model", shared=entry))
        assert recorded is not None
        return recorded.entry_id

    async with open_db(made.scope) as db:
        await forget_local(db)
        recording = asyncio.create_task(record())
        await waiting_for_a_lock(superuser)
    assert await recording is None
    assert await questions() == set()


async def test_a_change_waits_for_storing_under_way_and_removes_it(superuser: Superuser) -> None:
    made = await make_business(faqs=())
    turn = await begin(made, "ann")
    entry = await new_entry(made.scope, WHITENING)
    changing: asyncio.Task[None] | None = None
    async with open_db(made.scope) as db:
        recorded = await record_answer(db, *turn, WHITENING, Answer(text="Yes.", source="model", shared=entry))
        assert recorded is not None
        assert recorded.entry_id is not None
        changing = asyncio.create_task(teach_whitening(made))
        await waiting_for_a_lock(superuser)
    await changing
    assert await questions() == set()


async def waiting_for_a_lock(superuser: Superuser) -> None:
    """Until some transaction waits for another one's row."""

    async def is_waiting() -> bool:
        statement = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        return superuser().execute(statement).fetchone() is not None

    await until(is_waiting)


async def test_many_changes_and_recordings_at_once_leave_nothing_of_before() -> None:
    made = await make_business(faqs=())
    turns = [await begin(made, f"visitor-{number}") for number in range(6)]
    entry = await new_entry(made.scope, WHITENING)

    async def record(turn: tuple[UUID, UUID, int, int]) -> None:
        async with open_db(made.scope) as db:
            await record_answer(db, *turn, WHITENING, Answer(text="Yes.", source="model", shared=entry))

    await asyncio.gather(*(record(turn) for turn in turns), teach_whitening(made), change_hours(made))
    assert await questions() == set()


# ---- Erasure -------------------------------------------------------------------------------------------------------------


async def test_the_questions_of_an_erased_customer_go_from_every_place() -> None:
    made = await make_business(faqs=())
    await store(made.scope, WHITENING, LIFT)
    await rows(
        """insert into cache_rejections (id, business_id, question_hash, question, answer_hash, matched_question,
             embedding_model, created_by, created_at)
           values (gen_random_uuid(), :b, :own, :said, 'a', :said, '', '', now()),
             (gen_random_uuid(), :b, 'x', 'Other?', 'a', :said, '', '', now())
           returning id""",
        b=made.scope.business_id,
        own=question_key(WHITENING),
        said=WHITENING,
    )
    before = await cache_version(made.scope)
    async with open_db(made.scope) as db:
        await forget_questions(db, [question_key(WHITENING)], [WHITENING])
    assert await questions() == {LIFT}
    assert await rows("select question, matched_question from cache_rejections") == [
        {"question": "Other?", "matched_question": ""}
    ]
    assert await cache_version(made.scope) == before + 1
    (job,) = await rows("select name, payload from outbox where name = 'ForgetShared'")
    assert job["payload"]["question_hashes"] == [question_key(WHITENING)]
