"""Warming the cache: common questions are asked ahead, within a limit nothing passes, once, and in nobody's name."""

import asyncio
from collections.abc import Iterator
from uuid import UUID

import pytest

from omni_app.budgets.budget import set_limit
from omni_app.budgets.prices import forget_prices
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission, Scope
from omni_app.orchestrator.asking_ahead import warm
from omni_app.orchestrator.turn import process
from omni_app.orchestrator.warming import (
    WarmingView,
    find_last_warming,
    load_warming,
    plan_warming,
    start_warming,
    stop_warming,
)
from tests.insights.history import MODEL, talk
from tests.making import Made, inbound, rows
from tests.orchestrator.paying import paid_model, priced_business, spent
from tests.stubs.openai_stub import OpenAIStub
from workers import warming  # noqa: F401
from workers.outbox import run_row
from workers.warming_sweeps import ask_for_lost_warmings

pytestmark = pytest.mark.usefixtures("database")

GYM = "Is there a gym in the building?"
DOG = "Can I bring my dog to the clinic?"
PIANO = "Do you also sell grand pianos?"
DOLLAR = 1_000_000_000
# 900 tokens in, 20 out.
EACH = 900 * 150 + 20 * 600


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIStub]:
    with paid_model(monkeypatch) as stub:
        stub.behave(text="Yes, it is.", usage=(900, 20))
        yield stub


async def ask_often(made: Made, *said: str, times: int = 6) -> None:
    """By people with a name, so that nothing of it is stored for others."""
    for text in said:
        await process(made.scope, inbound(text, who=new_id().hex, name="Ann"))
        for _ in range(times - 1):
            await talk(made.scope, now(), MODEL, text=text, name="Ann")


async def asked_often(*said: str, suggestions: str = "[]") -> Made:
    made = await priced_business()
    await rows("update businesses set suggestions = cast(:chips as jsonb) returning 1", chips=suggestions)
    await ask_often(made, *said)
    await rows("delete from outbox returning 1")
    return made


async def run_all() -> None:
    while due := await rows("select id from outbox where name = 'WarmCache' and available_at <= now() and dead_at is null"):
        for row in due:
            await run_row(row["id"])


async def view(made: Made, warming_id: UUID) -> WarmingView:
    async with open_db(made.scope) as db:
        return await load_warming(db, warming_id)


async def warmed(made: Made) -> list[str]:
    return [
        row["question"] for row in await rows("select question from cached_answers where kind = 'warmed' order by created_at")
    ]


async def test_common_questions_are_asked_once_and_then_answered_free_for_everybody(model: OpenAIStub) -> None:
    made = await asked_often(GYM, DOG, suggestions='["Do you also sell grand pianos?", "Where can I park?", "And that?"]')
    plan = await plan_warming(made.scope)
    assert set(plan.questions) == {GYM, DOG, PIANO}
    assert (plan.each_nusd, plan.is_guess, plan.expected_nusd, plan.stored) == (EACH, False, 3 * EACH, 0)
    before, calls = await spent(made), model.count
    started = await start_warming(made.scope, DOLLAR)
    assert (started.status, started.wanted, started.done) == ("running", 3, 0)
    await run_all()
    done = await view(made, started.id)
    assert (done.status, done.wanted, done.done, done.stored, done.cost_nusd, done.problem) == ("done", 3, 3, 3, 3 * EACH, "")
    assert done.finished_at is not None
    assert await spent(made) == (before[0] + 3 * EACH, 0)
    assert model.count == calls + 3
    assert "Ann" not in str(model.calls[-1].body)
    ledger = await rows("select sum(cost_nusd) as nusd from ledger_entries where service = 'warming'")
    assert ledger[0]["nusd"] == 3 * EACH
    assert set(await warmed(made)) == {GYM, DOG, PIANO}
    outcome = await process(made.scope, inbound(GYM, who="somebody new"))
    assert (outcome.tier is not None, outcome.cost_nusd, outcome.reply_text, model.count) == (True, 0, "Yes, it is.", calls + 3)
    after = await plan_warming(made.scope)
    assert (after.questions, after.stored) == ((), 2)


async def test_rare_questions_are_left_out_because_asking_ahead_costs_more_than_it_saves(model: OpenAIStub) -> None:
    made = await asked_often(GYM)
    await ask_often(made, DOG, times=2)
    # Asked as often as the gym, but answers about prices are kept for a day only.
    await ask_often(made, "How much is teeth whitening for students?")
    plan = await plan_warming(made.scope)
    assert (plan.questions, plan.rare) == ((GYM,), 2)


async def test_no_call_is_made_that_could_pass_the_limit_of_the_run(model: OpenAIStub) -> None:
    made = await asked_often(GYM, DOG)
    started = await start_warming(made.scope, 1_000)
    calls = model.count
    await run_all()
    stopped = await view(made, started.id)
    assert (stopped.status, stopped.cost_nusd, model.count) == ("stopped", 0, calls)
    assert "limit" in stopped.problem
    assert (await spent(made))[1] == 0


async def test_a_spent_budget_stops_a_run_with_the_reason(model: OpenAIStub) -> None:
    made = await asked_often(GYM)
    started = await start_warming(made.scope, DOLLAR)
    async with open_db(made.scope) as db:
        await set_limit(db, 0)
    await run_all()
    stopped = await view(made, started.id)
    assert (stopped.status, stopped.done) == ("stopped", 0)
    assert "budget" in stopped.problem


async def test_an_answer_that_is_no_answer_is_paid_for_but_not_stored_and_not_asked_again(model: OpenAIStub) -> None:
    made = await asked_often(GYM, DOG)
    model.behave(text="UNSURE", usage=(900, 20))
    started = await start_warming(made.scope, DOLLAR)
    calls = model.count
    # No time at all: one question each job.
    await rows("delete from outbox returning 1")
    await warm(made.scope, started.id, seconds=0.0)
    (job,) = await rows("select payload from outbox where name = 'WarmCache'")
    assert len(job["payload"]["tried"]) == 1
    await run_all()
    done = await view(made, started.id)
    assert (done.status, done.done, done.stored, model.count, await warmed(made)) == ("done", 2, 0, calls + 2, [])


async def test_a_run_whose_worker_died_goes_on_and_pays_nothing_twice(model: OpenAIStub) -> None:
    made = await asked_often(GYM, DOG)
    started = await start_warming(made.scope, DOLLAR)
    await rows("delete from outbox returning 1")
    calls = model.count
    await warm(made.scope, started.id, seconds=0.0)
    await rows("delete from outbox returning 1")
    await ask_for_lost_warmings()
    await ask_for_lost_warmings()
    assert len(await rows("select id from outbox where name = 'WarmCache'")) == 1
    await run_all()
    done = await view(made, started.id)
    assert (done.status, done.done, done.stored, done.cost_nusd, model.count) == ("done", 2, 2, 2 * EACH, calls + 2)
    await warm(made.scope, started.id)
    assert model.count == calls + 2


async def test_a_model_that_fails_again_and_again_ends_the_run(model: OpenAIStub) -> None:
    made = await asked_often(GYM, DOG, suggestions='["Do you also sell grand pianos?", "Do you repair old violins too?"]')
    model.behave(status=500)
    started = await start_warming(made.scope, DOLLAR)
    await run_all()
    stopped = await view(made, started.id)
    assert (stopped.status, stopped.done, stopped.stored) == ("stopped", 3, 0)
    # Whether a failed call was billed nobody knows: it is booked at its worst.
    assert stopped.cost_nusd == (await rows("select sum(cost_nusd) as n from ledger_entries where service = 'warming'"))[0]["n"]


async def test_one_run_at_a_time_and_a_stopped_one_stays_stopped(model: OpenAIStub) -> None:
    made = await asked_often(GYM)

    async def start() -> WarmingView | None:
        try:
            return await start_warming(made.scope, DOLLAR)
        except Conflict:
            return None

    started = [run for run in await asyncio.gather(start(), start(), start()) if run]
    assert len(started) == 1
    async with open_db(made.scope) as db:
        await stop_warming(db, started[0].id)
        assert (await stop_warming(db, started[0].id)).status == "stopped"
        assert await find_last_warming(db) == await load_warming(db, started[0].id)
    calls = model.count
    await run_all()
    assert (model.count, (await view(made, started[0].id)).problem) == (calls, "")
    assert (await start_warming(made.scope, DOLLAR)).is_running


async def test_a_price_nobody_named_is_told_and_not_paid(model: OpenAIStub) -> None:
    made = await priced_business()
    await rows("delete from prices returning 1")
    forget_prices()
    plan = await plan_warming(made.scope)
    assert "costs" in plan.problem
    started = await start_warming(made.scope, DOLLAR)
    await run_all()
    assert (await view(made, started.id)).status == "stopped"


async def test_without_a_model_there_is_nothing_to_ask_and_the_run_says_so() -> None:
    made = await priced_business()
    plan = await plan_warming(made.scope)
    assert (plan.questions, plan.expected_nusd, plan.taught) == ((), 0, 12)
    assert "No language model" in plan.problem
    started = await start_warming(made.scope, DOLLAR)
    await run_all()
    done = await view(made, started.id)
    assert (done.status, done.cost_nusd, done.problem) == ("done", 0, plan.problem)


async def test_who_may_and_what_cannot_be() -> None:
    made = await priced_business()
    started = await start_warming(made.scope, 0)
    reader = Scope(business_id=made.scope.business_id, actor=made.scope.actor, permissions=frozenset({Permission.VIEW}))
    stranger = await priced_business()
    with pytest.raises(Forbidden):
        await start_warming(reader, 0)
    with pytest.raises(Forbidden):
        await plan_warming(Scope(business_id=made.scope.business_id, actor=made.scope.actor))
    for amount in (-1, 1_001 * DOLLAR, True):
        with pytest.raises(Invalid):
            await start_warming(made.scope, amount)
    async with open_db(reader) as db:
        with pytest.raises(Forbidden):
            await stop_warming(db, started.id)
    async with open_db(stranger.scope) as db:
        assert await find_last_warming(db) is None
        with pytest.raises(NotFound):
            await stop_warming(db, started.id)
    async with open_db(made.scope) as db:
        await stop_warming(db, started.id)
    await rows("""update businesses set cache_rules = '{"is_on": false}' returning 1""")
    with pytest.raises(Conflict, match="switched off"):
        await start_warming(made.scope, 0)
