"""The cache's jobs: wordings of an erased customer leave Redis, the verifier is fitted."""

from datetime import timedelta

import pytest

from omni_app.cache import shared
from omni_app.cache.jobs import ForgetShared, RefitCache
from omni_app.cache.keys import question_key
from omni_app.conversations.forgetting import erase_customer
from omni_app.infra.background import finish_tasks
from omni_app.infra.database import open_db
from omni_app.infra.jobs import enqueue
from omni_app.orchestrator.turn import process
from tests.cache.entries import answer
from tests.making import inbound, make_business, rows
from workers import cache_upkeep, memories  # noqa: F401
from workers.outbox import run_row

pytestmark = pytest.mark.usefixtures("database")


async def run(name: str) -> None:
    (row,) = await rows("select id from outbox where name = :name", name=name)
    await run_row(row["id"])
    assert await rows("select id from outbox where name = :name", name=name) == []


async def test_what_an_erased_customer_asked_leaves_redis() -> None:
    made = await make_business()
    await process(made.scope, inbound("is there parking"))
    await process(made.scope, inbound("do you see kids", "visitor-2"))
    await finish_tasks(30)
    business_id = made.scope.business_id
    assert await shared.find(business_id, question_key("is there parking")) is not None
    (customer,) = await rows("select customer_id as id from messages where text = 'is there parking'")
    async with open_db(made.scope) as db:
        await erase_customer(db, customer["id"])
    await run(ForgetShared.__name__)
    assert await shared.find(business_id, question_key("is there parking")) is None
    assert await shared.find(business_id, question_key("do you see kids")) is not None


async def test_forgetting_what_is_not_there_is_done_as_well() -> None:
    made = await make_business(faqs=())
    await shared.keep(made.scope.business_id, "one", 1, answer(), timedelta(hours=1))
    async with open_db(made.scope) as db:
        await enqueue(db, ForgetShared(question_hashes=("one", "two")))
    await run(ForgetShared.__name__)
    assert await shared.find(made.scope.business_id, "one") is None


async def test_a_business_without_evidence_keeps_the_shared_rule() -> None:
    made = await make_business()
    async with open_db(made.scope) as db:
        await enqueue(db, RefitCache())
    await run(RefitCache.__name__)
    assert await rows("select 1 from cache_verifiers") == []
