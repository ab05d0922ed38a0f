"""How figures become words, notes and bars."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from omni_app.insights.overview import Answers, Figures, PeriodReport, Standing
from omni_app.insights.periods import Door, period_of
from omni_app.ui.pages.overview.showing import chart, duration, figure_lines, headline, scale, waited

HALIFAX = ZoneInfo("America/Halifax")
AT = datetime(2026, 3, 12, 17, 32, tzinfo=UTC)
LOCAL = AT.astimezone(HALIFAX)
HOURS = {"thu": [["08:00", "18:00"]]}


def standing(hours: dict[str, list[list[str]]] | None = None) -> Standing:
    return Standing(
        name="Harbour Dental",
        timezone="America/Halifax",
        opening_hours=hours or {},
        faqs=1,
        members=1,
        has_conversations=True,
        has_chat=True,
        waiting=(),
        waiting_count=0,
    )


def report(*answers: Answers) -> PeriodReport:
    return PeriodReport(now=Figures(), before=Figures(), answers=answers, channels=(), automatic=0, free=0)


def answers(hour: int, kind: str, number: int, cost_nusd: int = 0) -> Answers:
    return Answers(at=datetime(2026, 3, 12, hour), kind=kind, answers=number, cost_nusd=cost_nusd)  # noqa: DTZ001 (local)


@pytest.mark.parametrize(
    ("door", "words"),
    [
        (None, ""),
        (Door(is_open=True, until=AT + timedelta(hours=3, minutes=28)), " · open until 18:00"),
        (Door(is_open=False, until=AT + timedelta(hours=18)), " · closed until tomorrow 08:32"),
        (Door(is_open=False, until=AT + timedelta(days=3)), " · closed until Sunday 14:32"),
        (Door(is_open=False, until=AT + timedelta(days=10)), " · closed until 22 March 14:32"),
        (Door(is_open=True, until=None), " · always open"),
    ],
)
def test_the_headline_says_where_and_whether_it_is_open(door: Door | None, words: str) -> None:
    assert headline("America/Halifax", LOCAL, door) == f"Thursday 12 March, 14:32 in Halifax{words}"
    assert headline("UTC", AT, None) == "Thursday 12 March, 17:32 UTC"
    assert headline("America/New_York", AT, None).endswith("in New York")


def test_times_as_people_say_them() -> None:
    assert [" ".join(duration(seconds)) for seconds in (0.034, 0.9999, 1.44, 9.96, 59.4, 60, 220, 3600, 7500)] == [
        "34 ms",
        "1.0 s",
        "1.4 s",
        "10 s",
        "59 s",
        "1 min",
        "3 min 40 s",
        "1 h",
        "2 h 5 min",
    ]
    spans = {0: "just now", -5: "just now", 12: "12 min", 60: "1 h", 95: "1 h 35 min", 60 * 49: "2 d"}
    assert {minutes: waited(AT - timedelta(minutes=minutes), AT) for minutes in spans} == spans


@pytest.mark.parametrize(
    ("top", "expected"), [(0, (1, 1)), (1, (1, 1)), (4, (1, 4)), (5, (2, 3)), (68, (20, 4)), (1001, (500, 3))]
)
def test_an_axis_has_at_most_four_round_steps(top: int, expected: tuple[int, int]) -> None:
    assert scale(top) == expected


def test_key_figures_compare_with_the_same_weekday() -> None:
    now = Figures(conversations=112, solved=90, with_person=12, first_reply=1.4, spent_nusd=3_880_000_000)
    before = Figures(conversations=100, solved=84, with_person=16, first_reply=2.0, spent_nusd=2_000_000_000)
    lines = figure_lines(now, before, period_of("today", "America/Halifax", AT))
    assert [(line.value, line.unit, line.note, line.more) for line in lines] == [
        ("112", "", "+12% on last Thursday", "both up to 14:32"),
        ("80", "%", "84% last Thursday", "12 went to a person, 10 left open"),
        ("1.4", "s", "2.0 s last Thursday", ""),
        ("$3.88", "", "$2.00 last Thursday", "$0.03 per conversation"),
    ]


def test_small_and_missing_figures_say_so() -> None:
    lines = figure_lines(Figures(), Figures(), period_of("week", "UTC", AT))
    assert [(line.value, line.note) for line in lines] == [
        ("0", "none the 7 days before"),
        ("–", "none the 7 days before"),
        ("–", "none the 7 days before"),
        ("$0", "$0 the 7 days before"),
    ]
    few = figure_lines(Figures(conversations=3), Figures(conversations=9), period_of("month", "UTC", AT))
    assert few[0].note == "9 the 30 days before"
    less = figure_lines(Figures(conversations=5), Figures(conversations=10), period_of("today", "UTC", AT))
    assert less[0].note == "−50% on last Thursday"


def test_the_chart_stacks_sources_over_the_hours_the_business_is_open() -> None:
    found = chart(
        report(answers(10, "cache", 6), answers(10, "faq", 2), answers(6, "model", 1, 4_000_000), answers(6, "courtesy", 1)),
        standing(HOURS),
        period_of("today", "America/Halifax", AT),
    )
    assert [bar.label for bar in found.bars] == [f"{hour:02}" for hour in range(6, 18)]
    assert [(part.kind, part.height) for part in found.bars[4].parts] == [("faq", "25.00%"), ("cache", "75.00%")]
    assert found.bars[4].title == "10:00: 8 answers"
    assert [tick.label for tick in found.ticks] == ["0", "2", "4", "6", "8"]
    assert [(line.label, line.answers, line.percent) for line in found.sources] == [
        ("Person", "0", "0%"),
        ("Not sure", "0", "0%"),
        ("Other", "1", "10%"),
        ("Model", "1", "10%"),
        ("FAQ", "2", "20%"),
        ("Cache", "6", "60%"),
    ]
    assert found.sources[3].note == "$0.0040"
    assert found.sentence == "Answers per hour by source: 10 in all, most at 10:00: 8."
    assert found.heads == ["Person", "Not sure", "Other", "Model", "FAQ", "Cache", "All"]
    assert found.lines[4].cells == ["0", "0", "0", "0", "2", "6", "8"]


def test_a_silent_day_still_has_six_hours_and_an_axis() -> None:
    found = chart(report(), standing(), period_of("today", "America/Halifax", AT))
    assert len(found.bars) == 6
    assert [tick.label for tick in found.ticks] == ["0", "1"]
    assert (found.total, found.sentence) == ("0", "No answers today yet.")
    assert {line.percent for line in found.sources} == {""}


def test_the_last_hour_of_a_day_is_on_the_chart() -> None:
    at = datetime(2026, 3, 12, 23, 59, tzinfo=UTC)
    found = chart(report(answers(23, "faq", 1)), standing(), period_of("today", "UTC", at))
    assert [bar.title for bar in found.bars][-1] == "23:00: 1 answer"


@pytest.mark.parametrize(("name", "bars", "labels"), [("week", 7, 7), ("month", 30, 6)])
def test_longer_periods_have_a_bar_for_each_day(name: str, bars: int, labels: int) -> None:
    found = chart(report(answers(0, "faq", 3)), standing(), period_of(name, "America/Halifax", AT))
    assert len(found.bars) == bars
    assert len([bar for bar in found.bars if bar.label]) == labels
    assert found.bars[-1].label
    assert found.sentence == "Answers per day by source: 3 in all, most on Thursday 12 March: 3."
