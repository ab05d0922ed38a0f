"""What the cache page says: words for figures, plans and runs, and amounts people type."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from omni_app.infra.errors import Invalid
from omni_app.insights.cache_figures import CacheReport, DayFigures, EntryFigures, KindFigures
from omni_app.insights.periods import period_of
from omni_app.orchestrator.warming import WarmingPlan, WarmingView
from omni_app.ui.pages.cache.showing import figure_lines, hits_chart, milliseconds, plan_words, run_words, tier_lines, value_words
from omni_app.ui.pages.cache.warming import dollars_of

AT = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
REPORT = CacheReport(
    kinds=(
        KindFigures(kind="l1", answers=6, saved_nusd=900_000, p50_ms=0.42, p95_ms=2.0),
        KindFigures(kind="l2"),
        KindFigures(kind="l3"),
        KindFigures(kind="semantic", answers=2, saved_nusd=300_000, wrong=1, p50_ms=12.0, p95_ms=1_250.0),
        KindFigures(kind="faq"),
        KindFigures(kind="model", answers=2, paid=2, cost_nusd=400_000),
    ),
    days=(
        DayFigures(day=date(2026, 3, 9), answers={"l1": 2, "model": 2}),
        DayFigures(day=date(2026, 3, 10), answers={"l1": 4, "semantic": 2}),
    ),
    entries=(EntryFigures(kind="asked", entries=5, of_today=2, older=1, cost_nusd=9),),
    saved_nusd=1_200_000,
    spent_nusd=400_000,
    spared=4,
    spared_nusd=800_000,
    average_nusd=200_000,
    wrong_reported=1,
    wrong_estimated=0.26,
    has_model=True,
)
PLAN = WarmingPlan(questions=("A?", "B?"), stored=1, rare=3, taught=1, each_nusd=10_000_000, is_guess=False)
RUN = WarmingView(
    id=uuid4(),
    status="done",
    wanted=2,
    done=2,
    stored=1,
    cost_nusd=20_000_000,
    limit_nusd=10**9,
    problem="",
    created_by="Maya Chen",
    created_at=AT,
    finished_at=AT,
)


def test_figures_say_what_they_are_of_and_what_they_compare_with() -> None:
    assert [(line.value, line.note) for line in figure_lines(REPORT)] == [
        ("80%", "8 of 10 answers"),
        ("$0.0012", "75% of asking the model each time"),
        ("1", "about 0.3 to be expected"),
        ("5", "2 new in 24 hours"),
    ]
    empty = replace(REPORT, kinds=(), saved_nusd=0, spent_nusd=0, wrong_reported=0, wrong_estimated=None, entries=())
    assert [(line.value, line.note) for line in figure_lines(empty)][:3] == [
        ("–", "0 of 0 answers"),
        ("$0", "no model was paid"),
        ("0", "none by meaning yet"),
    ]


def test_the_worth_of_own_answers_is_told_apart_from_what_was_saved() -> None:
    assert value_words(REPORT).startswith("Beside that, 4 answers from FAQs and documents: worth $0.0008")
    assert "nothing is saved" in value_words(replace(REPORT, has_model=False, saved_nusd=0))
    assert "switched off" in value_words(replace(REPORT, has_model=False))
    assert "nothing to compare" in value_words(replace(REPORT, average_nusd=None))


def test_every_tier_is_listed_and_others_only_when_they_answered() -> None:
    lines = tier_lines(REPORT)
    assert [(line.about.split(",")[0], line.answers, line.p50, line.p95, line.wrong) for line in lines] == [
        ("at hand for 5 minutes", "6", "0.4 ms", "2.0 ms", "0"),
        ("close by", "0", "–", "–", "0"),
        ("stored for 7 days", "0", "–", "–", "0"),
        ("another wording", "2", "12 ms", "1.2 s", "1"),
        ("asked anew", "2", "–", "–", "–"),
    ]
    assert milliseconds(999.0) == "999 ms"


def test_the_chart_has_a_sentence_and_a_table() -> None:
    drawn = hits_chart(REPORT, period_of("week", "UTC", AT))
    assert drawn.sentence == "8 of 10 answers in 7 days came from the cache, most on 10 March (6)."
    assert [(line.label, line.cells) for line in drawn.lines] == [("9 March", ["2", "0", "2"]), ("10 March", ["4", "2", "0"])]
    assert [trace.name for trace in drawn.figure.data] == ["Same words", "Same meaning", "Other"]


def test_a_plan_says_what_it_costs_and_what_it_leaves_out() -> None:
    assert plan_words(PLAN) == (
        "2 common questions, about $0.02.",
        "Left out: 1 stored already, 3 asked too rarely to pay off. 1 taught wording answers free of charge anyway.",
    )
    assert plan_words(replace(PLAN, is_guess=True))[0] == "2 common questions, at most about $0.02."
    assert plan_words(replace(PLAN, questions=(), stored=0, rare=0, taught=0)) == ("No common question is left to ask ahead.", "")
    assert plan_words(replace(PLAN, problem="No price."))[0] == "No price."


def test_a_run_tells_how_it_ended() -> None:
    zone = ZoneInfo("UTC")
    assert run_words(RUN, zone) == "Last run 10 March: 1 of 2 answers stored for $0.02."
    stopped = replace(RUN, status="stopped", done=1, problem="The monthly budget is spent.")
    assert run_words(stopped, zone) == "Stopped 10 March after 1 of 2 questions, $0.02 spent. The monthly budget is spent."


def test_amounts_are_read_as_people_type_them() -> None:
    assert [dollars_of(typed, "limit") for typed in ("0.5", " $1,000.25 ", "0")] == [500_000_000, 1_000_250_000_000, 0]
    for wrong in ("", "five", "1.2.3", "nan", "0.0000000001"):
        with pytest.raises(Invalid):
            dollars_of(wrong, "limit")
