"""The cache's figures: rates, savings, doubts and times of a period, counted from receipts."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from omni_app.infra.database import open_db, system_db
from omni_app.infra.errors import Forbidden
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope
from omni_app.insights.cache_figures import CacheReport, load_cache_report
from omni_app.insights.periods import period_of
from tests.insights.history import GREETING, STAFF, UNSURE, Line, talk, utc
from tests.making import make_business
from tests.orchestrator.paying import paid_model

pytestmark = pytest.mark.usefixtures("database")

NOON = utc("2026-03-10 12:00")


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with paid_model(monkeypatch):
        yield


async def answer(
    scope: Scope, line: Line, at: datetime = NOON - timedelta(hours=1), ms: tuple[float, ...] = (2.0, 3.0), **values: object
) -> UUID:
    """One answered question with its receipt; `values` are columns of it. Gives the receipt's id."""
    conversation_id, receipt_id = await talk(scope, at, line), new_id()
    steps = json.dumps([{"name": f"step {number}", "ms": one} for number, one in enumerate(ms)])
    columns = {"saved_nusd": 0, "confidence": None, "wrong_at": None, "matched": "", **values}
    async with system_db("test receipt") as db:
        await db.execute(
            """insert into receipts (id, business_id, conversation_id, customer_id, message_id, source, tier, provider, model,
                 input_tokens, output_tokens, cost_nusd, confidence, knowledge_version, sources, steps, note, prompt,
                 matched_question, saved_nusd, wrong_at, wrong_by, created_at)
               select :id, m.business_id, m.conversation_id, m.customer_id, m.id, m.source, m.tier, '', '', 0, 0, m.cost_nusd,
                 :confidence, 1, '[]', cast(:steps as jsonb), '', '', :matched, :saved_nusd,
                 cast(:wrong_at as timestamptz), '', m.created_at
               from messages m where m.conversation_id = :conversation_id and m.role = 'assistant'""",
            {"id": receipt_id, "conversation_id": conversation_id, "steps": steps, **columns},
        )
    return receipt_id


def cached(tier: str, source: str = "model") -> Line:
    return Line(source=source, tier=tier)


def paid(nusd: int) -> Line:
    return Line(source="model", cost_nusd=nusd)


async def report(scope: Scope, name: str = "week", zone: str = "UTC") -> CacheReport:
    async with open_db(scope) as db:
        return await load_cache_report(db, period_of(name, zone, NOON))


async def test_rates_count_what_a_cache_could_answer_and_nothing_else(model: None) -> None:
    scope, stranger = (await make_business(faqs=())).scope, (await make_business(faqs=())).scope
    for line in (cached("l1"), cached("l2"), cached("semantic"), cached("l1", "faq"), paid(4_000), Line(), UNSURE):
        await answer(scope, line, saved_nusd=3_000 if line.tier and line.source == "model" else 0)
    for line in (GREETING, Line(source="memory")):
        await answer(scope, line)
    await talk(scope, NOON - timedelta(hours=2), STAFF)
    await answer(scope, cached("l3"), NOON - timedelta(days=8))
    await answer(stranger, cached("l1"))
    found = await report(scope)
    assert {figures.kind: figures.answers for figures in found.kinds if figures.answers} == {
        "l1": 2,
        "l2": 1,
        "semantic": 1,
        "faq": 1,
        "model": 1,
        "unsure": 1,
    }
    assert (found.answers, found.hits, found.hit_rate) == (7, 4, 4 / 7)
    # Exact: what the stored answers cost. Valued: two answers from the FAQs at the price of the average model answer.
    assert (found.saved_nusd, found.spent_nusd, found.saved_rate) == (9_000, 4_000, 9 / 13)
    assert (found.spared, found.average_nusd, found.spared_nusd) == (2, 4_000, 8_000)
    assert found.free_rate == pytest.approx(6 / 7)
    assert (await report(scope, "month")).hits == 5


async def test_without_a_model_nothing_is_valued() -> None:
    scope = (await make_business(faqs=())).scope
    await answer(scope, Line())
    found = await report(scope)
    assert (found.has_model, found.spared, found.spared_nusd, found.average_nusd, found.saved_rate) == (False, 1, 0, None, None)


async def test_false_hits_are_those_reported_and_those_to_be_expected() -> None:
    scope = (await make_business(faqs=())).scope
    assert (await report(scope)).wrong_estimated is None
    await answer(scope, cached("semantic"), confidence=0.98)
    await answer(scope, cached("semantic"), confidence=0.93, wrong_at=NOON)
    await answer(scope, cached("l1"), confidence=0.5)
    # The wording of a semantic hit asked once more: as doubtful as the first time.
    await answer(scope, cached("l1"), confidence=0.96, matched="How much is it?")
    found = await report(scope)
    assert (found.wrong_reported, found.wrong_rate) == (1, 1 / 4)
    assert found.wrong_estimated == pytest.approx(0.13)


async def test_times_are_sums_of_steps_and_days_are_the_business_own() -> None:
    scope = (await make_business(faqs=())).scope
    for ms in (1.0, 2.0, 9.0):
        await answer(scope, cached("l1"), ms=(ms, 1.0))
    # Half past nine in the evening of the day before, in Halifax.
    await answer(scope, cached("l1"), utc("2026-03-10 00:30"), saved_nusd=7)
    found = await report(scope, zone="America/Halifax")
    l1 = found.kinds[0]
    assert (l1.kind, l1.answers, l1.p50_ms) == ("l1", 4, 4.0)
    assert l1.p95_ms == pytest.approx(9.25)
    assert [day.answers.get("l1", 0) for day in found.days[-2:]] == [1, 3]
    assert [day.saved_nusd for day in found.days[-2:]] == [7, 0]
    assert len(found.days) == 7


async def test_entries_are_counted_by_kind_and_age_while_they_live() -> None:
    scope = (await make_business(faqs=())).scope
    ages = [("asked", 0.5, 6), ("asked", 3, 4), ("asked", 9, 1), ("faq", 0.1, 7), ("asked", 2, -1)]
    async with system_db("test entries") as db:
        for kind, days_old, days_left in ages:
            await db.execute(
                """insert into cached_answers (id, business_id, question_hash, question, knowledge_version, kind, text,
                     answer_hash, source, sources, depends, cost_nusd, embedding_model, created_at, expires_at)
                   values (:id, :business_id, cast(:id as text), 'Q', 1, :kind, 'A', '', 'model', '[]', '[]', 5, '', :made,
                     :until)""",
                {
                    "id": new_id(),
                    "business_id": scope.business_id,
                    "kind": kind,
                    "made": NOON - timedelta(days=days_old),
                    "until": NOON + timedelta(days=days_left),
                },
            )
    found = await report(scope)
    assert {one.kind: (one.of_today, one.of_this_week, one.older, one.cost_nusd) for one in found.entries} == {
        "asked": (1, 1, 1, 15),
        "faq": (1, 0, 0, 5),
    }
    assert found.stored == 4


async def test_a_stranger_to_the_business_sees_nothing() -> None:
    scope = (await make_business(faqs=())).scope
    async with open_db(Scope(business_id=scope.business_id, actor=scope.actor)) as db:
        with pytest.raises(Forbidden):
            await load_cache_report(db, period_of("today", "UTC", NOON))
