"""The fitted matcher of each business follows what is taught."""

import asyncio
from uuid import uuid4

import pytest

from omni_app.infra.database import open_db
from omni_app.infra.scope import Scope
from omni_app.knowledge import taught
from omni_app.knowledge.faqs import create_faq, delete_faq, list_faqs, prepare_faq
from omni_app.knowledge.taught import Knowledge, load_knowledge
from omni_app.llm.embedding import embed_one
from tests.making import make_business, rows

pytestmark = pytest.mark.usefixtures("database")


async def now_known(scope: Scope) -> Knowledge:
    (row,) = await rows("select knowledge_version from businesses where id = :id", id=scope.business_id)
    return await load_knowledge(scope, row["knowledge_version"])


async def best(scope: Scope, text: str) -> str | None:
    """The question of the FAQ that comes closest."""
    knowledge = await now_known(scope)
    match = knowledge.matcher.match(text, await embed_one(text))
    return knowledge.faqs[match.faq_id].question if match is not None else None


async def test_a_new_faq_is_known_to_the_next_question() -> None:
    scope = (await make_business()).scope
    assert await best(scope, "how much is a dental check-up") == "What does a check-up cost?"
    prepared = await prepare_faq("Do you sell gift cards?", "Yes.", ["gift voucher", "present for my mother"])
    async with open_db(scope) as db:
        await create_faq(db, prepared)
    assert await best(scope, "gift voucher") == "Do you sell gift cards?"


async def test_a_deleted_faq_is_not() -> None:
    scope = (await make_business()).scope
    assert await best(scope, "is there parking") == "Where can I park?"
    async with open_db(scope) as db:
        (faq,), _ = await list_faqs(db, "park")
        await delete_faq(db, faq.id)
    assert await best(scope, "is there parking") != "Where can I park?"


async def test_nothing_taught_matches_nothing() -> None:
    scope = (await make_business(faqs=())).scope
    assert await best(scope, "is there parking") is None
    assert (await now_known(scope)).faqs == {}


async def test_what_is_known_is_fitted_once_also_for_many_who_ask_at_once() -> None:
    scope = (await make_business()).scope
    knowledge = await asyncio.gather(*(now_known(scope) for _ in range(5)))
    assert all(one is knowledge[0] for one in knowledge)
    assert await load_knowledge(scope, 0) is knowledge[0]


async def test_vectors_of_another_model_are_made_anew() -> None:
    scope = (await make_business()).scope
    # Vectors of another model may have another size; compared with ours they would mean nothing.
    await rows("update phrasings set embedding = '[1, 0, 0]', embedding_model = 'older' where position > 0 returning id")
    assert await best(scope, "where do I leave my car") == "Where can I park?"


async def test_each_business_knows_its_own() -> None:
    one = (await make_business()).scope
    other = (await make_business(faqs=(("Do you repair bikes?", "Yes.", ("bicycle repair",)),))).scope
    assert await best(one, "bicycle repair") != "Do you repair bikes?"
    assert set((await now_known(other)).faqs).isdisjoint((await now_known(one)).faqs)


async def test_the_longest_unused_business_is_forgotten_first() -> None:
    scope = (await make_business(faqs=())).scope
    first = await now_known(scope)
    for _ in range(taught.KEPT):
        taught._kept[uuid4()] = first
    other = (await make_business(faqs=())).scope
    await now_known(other)
    assert len(taught._kept) == taught.KEPT
    assert scope.business_id not in taught._kept
    taught._kept.clear()
