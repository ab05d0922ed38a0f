"""The plan's month is full: messages are taken, nothing paid answers, whichever process does."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from omni_app.infra.background import finish_tasks
from omni_app.infra.redis import key, redis_client
from omni_app.limits.customers import load_month_use, month_gate
from omni_app.limits.rules import LimitRules
from omni_app.limits.window import take_all
from omni_app.orchestrator.turn import continue_conversation, process, receive
from tests.making import Made, inbound, rows
from tests.orchestrator.paying import paid_model, priced_business, spent
from tests.stubs.openai_stub import OpenAIStub

pytestmark = pytest.mark.usefixtures("database")

QUESTION = "how much is a dental check-up, and may I bring my dog along?"


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIStub]:
    with paid_model(monkeypatch) as stub:
        yield stub


async def with_messages_left(left: int) -> Made:
    made = await priced_business()
    rules = LimitRules()
    gate = month_gate(made.scope.business_id, rules, "UTC")
    await take_all([replace(gate, amount=rules.monthly_messages - left)])
    return made


async def test_the_last_message_of_the_month_is_answered_by_the_model_and_the_next_without(model: OpenAIStub) -> None:
    made = await with_messages_left(1)
    last = await process(made.scope, inbound(QUESTION))
    beyond = await process(made.scope, inbound(f"{QUESTION} It is small."))
    assert (last.source, len(model.calls)) == ("model", 1)
    assert beyond.source != "model"
    assert (await spent(made))[0] == last.cost_nusd
    await finish_tasks(30)
    (kept,) = await rows("select limit_name, subject_kind, most, count from limit_refusals")
    assert kept == {"limit_name": "month", "subject_kind": "business", "most": 5_000, "count": 1}


async def test_an_emptied_redis_learns_from_postgresql_how_full_the_month_is() -> None:
    made = await priced_business(faqs=())
    for number in range(4):
        await receive(made.scope, inbound(f"hello {number}"))
    await redis_client().delete(*[name async for name in redis_client().scan_iter(key("limit", "*"))])
    await receive(made.scope, inbound("hello again"))
    await finish_tasks(30)
    assert 4 <= (await load_month_use(made.scope.business_id, LimitRules())).used <= 5


async def test_the_worker_knows_that_the_month_is_full(model: OpenAIStub) -> None:
    made = await with_messages_left(0)
    received, _ = await receive(made.scope, inbound(QUESTION))
    await rows("update conversations set lease_until = now() - interval '1 second' returning id")
    assert await continue_conversation(made.scope, received.conversation_id)
    assert (model.calls, await spent(made)) == ([], (0, 0))
