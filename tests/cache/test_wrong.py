"""Wrong here: staff keep an answer from a question, for good, and the verifier learns from it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from omni_app.cache import index, process
from omni_app.cache.index import load_shelf
from omni_app.cache.judging import COEFFICIENTS
from omni_app.cache.keys import answer_key, question_key
from omni_app.cache.refitting import refit
from omni_app.cache.stored import store_answers
from omni_app.cache.wrong import mark_wrong
from omni_app.infra.background import finish_tasks
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission
from omni_app.llm.embedding import embedder_name
from omni_app.orchestrator.receipts import load_receipt
from omni_app.orchestrator.turn import Outcome
from omni_app.orchestrator.turn import process as take_turn
from tests.cache.entries import cache_version, new_entry, questions, store
from tests.making import Made, inbound, make_business, rows
from tests.orchestrator.paying import paid_model, priced_business
from tests.stubs.openai_stub import OpenAIStub

pytestmark = pytest.mark.usefixtures("database")

ALIKE: dict[str, Any] = {"mode": "fixed", "fixed_cosine": 0.85}
WHITENING = "Do you offer teeth whitening?"
WORDING = "do you guys offer teeth whitening"
ALSO = "do you guys offer any teeth whitening"


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIStub]:
    with paid_model(monkeypatch) as stub:
        stub.behave(text="Yes, we do.", usage=(900, 20))
        yield stub


async def ask(made: Made, text: str, who: str) -> Outcome:
    return await take_turn(made.scope, inbound(text, who))


async def wrong(made: Made, outcome: Outcome) -> None:
    assert outcome.receipt_id is not None
    async with open_db(made.scope) as db:
        await mark_wrong(db, outcome.receipt_id)


async def test_what_staff_called_wrong_is_served_neither_there_nor_to_what_means_the_same(model: OpenAIStub) -> None:
    made = await priced_business(faqs=(), cache_rules=ALIKE)
    await ask(made, WHITENING, "ann")
    semantic = await ask(made, WORDING, "bob")
    assert semantic.tier == "semantic"
    held, shelves = dict(process._entries), dict(index._kept)
    before = await cache_version(made.scope)
    await wrong(made, semantic)
    assert await cache_version(made.scope) == before + 1
    # This process missed the news, and Redis still holds what it held.
    process._entries.update(held)
    index._kept.update(shelves)
    # The model may say the same again: that is an answer of its own, not of the cache, and it is not kept for these words.
    assert [(await ask(made, WORDING, f"cy-{number}")).tier for number in range(2)] == [None, None]
    assert (await ask(made, ALSO, "dan")).tier is None
    assert (await ask(made, WHITENING, "eve")).tier == "l3"
    assert question_key(WORDING) not in {row["question_hash"] for row in await rows("select question_hash from cached_answers")}
    await finish_tasks(30)
    process.forget_all()
    index.forget_all()
    assert (await ask(made, WORDING, "fay")).tier is None


async def test_the_receipt_the_trail_and_a_job_say_so_once(model: OpenAIStub) -> None:
    made = await priced_business(faqs=(), cache_rules=ALIKE)
    await ask(made, WHITENING, "ann")
    outcome = await ask(made, WORDING, "bob")
    await wrong(made, outcome)
    await wrong(made, outcome)
    assert outcome.receipt_id is not None
    async with open_db(made.scope) as db:
        receipt = await load_receipt(db, outcome.receipt_id)
    assert receipt.wrong_at is not None
    assert (receipt.wrong_by, receipt.matched_question, receipt.tier) == ("Omni", WHITENING, "semantic")
    (kept,) = await rows("select question, matched_question, answer_hash, receipt_id from cache_rejections")
    assert kept == {
        "question": WORDING,
        "matched_question": WHITENING,
        "answer_hash": answer_key("Yes, we do."),
        "receipt_id": outcome.receipt_id,
    }
    (trail,) = await rows("select after from audit_entries where action = 'cache.marked_wrong'")
    assert trail["after"] == {"tier": "semantic", "source": "model"}
    assert len(await rows("select 1 from outbox where name = 'RefitCache'")) == 1


async def test_the_free_brain_does_not_say_it_there_either() -> None:
    made = await make_business()
    await ask(made, "is there parking", "ann")
    cached = await ask(made, "is there parking", "bob")
    assert (cached.tier, cached.source) == ("l1", "faq")
    await wrong(made, cached)
    again = await ask(made, "is there parking", "cy")
    assert (again.tier, again.source) == (None, "none")
    assert (await ask(made, "where do I leave my car", "dan")).source == "faq"


async def test_a_taught_wording_that_is_wrong_goes_to_the_model(model: OpenAIStub) -> None:
    made = await priced_business(cache_rules=ALIKE)
    taught = await ask(made, "is there parking", "ann")
    assert (taught.tier, taught.source) == ("l1", "faq")
    await wrong(made, taught)
    assert (await ask(made, "is there parking", "bob")).source == "model"


async def test_asking_ahead_does_not_bring_it_back() -> None:
    made = await make_business(faqs=())
    await rows(
        """insert into cache_rejections (id, business_id, question_hash, question, answer_hash, matched_question,
             embedding_model, created_by, created_at)
           values (gen_random_uuid(), :b, :hash, :question, :answer, '', '', '', now()) returning id""",
        b=made.scope.business_id,
        hash=question_key(WHITENING),
        question=WHITENING,
        answer=answer_key("Yes."),
    )
    entries = [await new_entry(made.scope, WHITENING, "Yes."), await new_entry(made.scope, WORDING, "Yes.")]
    async with open_db(made.scope) as db:
        assert await store_answers(db, entries) == 1
    assert await questions() == {WORDING}


async def test_only_who_replies_marks_and_only_answers_from_the_own_cache() -> None:
    made, other = await make_business(), await make_business("Other")
    fresh = await ask(made, "is there parking", "ann")
    cached = await ask(made, "is there parking", "bob")
    assert fresh.receipt_id is not None
    assert cached.receipt_id is not None
    async with open_db(made.scope) as db:
        with pytest.raises(Conflict):
            await mark_wrong(db, fresh.receipt_id)
    async with open_db(replace(made.scope, permissions=frozenset({Permission.VIEW}))) as db:
        with pytest.raises(Forbidden):
            await mark_wrong(db, cached.receipt_id)
    for scope, receipt_id in ((other.scope, cached.receipt_id), (made.scope, new_id())):
        async with open_db(scope) as db:
            with pytest.raises(NotFound):
                await mark_wrong(db, receipt_id)
    assert await rows("select 1 from cache_rejections") == []


async def test_a_verifier_is_fitted_from_enough_evidence_and_every_process_uses_it() -> None:
    made = await make_business(faqs=())
    assert not await refit(made.scope)
    topics = ("parking", "whitening", "a crown", "braces", "an implant", "a night guard", "x-rays", "cleaning")
    for number, topic in enumerate(topics):
        wordings = (
            f"Do you offer {topic}?",
            f"Is {topic} available here?",
            f"Can I get {topic} at your clinic?",
            f"Is there {topic}?",
        )
        await store(made.scope, *wordings, text=f"Answer {number}.")
    before = await cache_version(made.scope)
    assert await refit(made.scope)
    after = await cache_version(made.scope)
    (fitted,) = await rows("select business_id, embedding_model, coefficients, pairs from cache_verifiers")
    assert (fitted["business_id"], fitted["embedding_model"]) == (made.scope.business_id, embedder_name())
    assert fitted["pairs"] >= 30
    assert after > before
    shared = COEFFICIENTS[embedder_name()]
    assert len(fitted["coefficients"]) == len(shared)
    assert tuple(fitted["coefficients"]) != shared
    shelf = await load_shelf(made.scope, after, 1, embedder_name())
    assert shelf.rule.coefficients == pytest.approx(tuple(fitted["coefficients"]))
