"""A report in words, as HTML, as plain text and as pictures."""

import struct
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser

import pytest

from omni_app.budgets.budget import BudgetView
from omni_app.infra.money import NUSD
from omni_app.insights.costs import CostRow, DayCost
from omni_app.insights.forecasting import Forecast
from omni_app.insights.overview import Answers, Figures, PeriodReport
from omni_app.insights.report_content import change, money, write
from omni_app.insights.report_drawing import Chart, draw, draw_apart
from omni_app.insights.report_figures import ReportFigures
from omni_app.insights.report_mail import ReportMail, render
from omni_app.insights.report_periods import Kind, span_from
from tests.insights.history import utc

CENT = NUSD // 100
STARTS: dict[Kind, date] = {"daily": date(2026, 11, 20), "weekly": date(2026, 11, 9), "monthly": date(2026, 10, 1)}


def cost(label: str, cents: int, before: int = 0) -> CostRow:
    return CostRow(key=label, label=label, calls=3, cost_nusd=cents * CENT, before_nusd=before * CENT)


def figures(kind: Kind = "daily", name: str = "Brook Street Dental", cents: int = 10) -> ReportFigures:
    span = span_from(kind, STARTS[kind])

    def days(first: date, last: date, each: int) -> tuple[DayCost, ...]:
        return tuple(
            DayCost(day=first + timedelta(days=number), cost_nusd=each * CENT, calls=2, saved_nusd=CENT, saved_answers=1)
            for number in range((last - first).days)
        )

    answers = tuple(
        Answers(at=utc("2026-11-20T00:00"), kind=kind, answers=n, cost_nusd=0) for kind, n in (("faq", 3), ("model", 1))
    )
    return ReportFigures(
        span=span,
        business_name=name,
        services=(cost("Answers", 7, 4), cost("SMS", 3)),
        channels=(cost("Website chat", 10),),
        days=days(span.start, span.end, cents),
        days_before=days(span.before_start, span.start, 4),
        talks=PeriodReport(now=Figures(conversations=4), before=Figures(), answers=answers, channels=(), automatic=4, free=3),
        budget=BudgetView(
            limit_nusd=1000 * CENT, spent_nusd=800 * CENT, reserved_nusd=0, excess_nusd=0, period_start=span.last.replace(day=1)
        ),
        forecast=None,
        customers=(cost("S. M.", 6),) if kind == "monthly" else (),
        refused=12,
        abuse=1,
    )


def mail(of: ReportFigures) -> ReportMail:
    content = write(of)
    return render(content, "Europe/Berlin", {chart.name: b"png" for chart in content.charts})


class Tags(HTMLParser):
    """Every tag with its attributes, and whether they are closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in {"meta", "base", "img", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("kind", ["daily", "weekly", "monthly"])
def test_text_and_html_say_the_same(kind: Kind) -> None:
    of = figures(kind)
    content, made = write(of), mail(of)
    for section in content.sections:
        for row in section.rows:
            for cell in row:
                assert cell in made.text
                assert cell in made.html
    for figure in content.figures:
        assert figure.value in made.text
        assert figure.value in made.html
    tags = Tags(made.html)
    assert tags.open == []
    images = {attributes["src"]: attributes["alt"] for tag, attributes in tags.found if tag == "img"}
    assert images == {f"cid:{chart.name}": chart.alt for chart in content.charts}
    assert all(images.values())


@pytest.mark.parametrize("kind", ["daily", "weekly", "monthly"])
def test_nothing_in_the_html_is_a_script_or_loaded_from_elsewhere(kind: Kind) -> None:
    for tag, attributes in Tags(mail(figures(kind)).html).found:
        assert tag not in {"script", "link", "iframe", "form", "object"}
        assert not str(attributes.get("src", "cid:")).startswith("http")
        assert not [name for name in attributes if name.startswith("on")]


def test_names_are_text_and_never_markup() -> None:
    evil = '<script>alert(1)</script> & "Söhne" {{ 7*7 }}'
    made = mail(figures(name=evil))
    assert "<script>" not in made.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#34;Söhne&#34; {{ 7*7 }}" in made.html
    assert evil in made.text


def test_columns_of_the_text_stand_under_each_other() -> None:
    text = mail(figures("weekly")).text
    lines = text.split("\n\n")
    (table,) = [part.splitlines() for part in lines if part.startswith("Cost per day")]
    assert table[2:4] == ["Day         Uses   Cost  Week before", "Mon 9 Nov      2  $0.10        $0.04"]
    assert table[-1] == "Together      14  $0.70        $0.28"
    assert len({len(line) for line in table[2:]}) == 1
    assert max(len(line) for line in text.splitlines()) <= 110


def test_the_subject_names_kind_business_period_and_cost() -> None:
    assert mail(figures("weekly")).subject == "Weekly report: Brook Street Dental, 9–15 November 2026: $0.70"


def test_a_stretch_without_anything_is_told_in_a_few_words_and_has_no_chart() -> None:
    empty = replace(
        figures("weekly"),
        services=(),
        channels=(),
        days=tuple(DayCost(day=day.day) for day in figures("weekly").days),
        talks=PeriodReport(now=Figures(), before=Figures(), answers=(), channels=(), automatic=0, free=0),
    )
    content = write(empty)
    assert (content.is_empty, content.sections, content.charts) == (True, (), ())
    assert content.lead == "Nothing was asked and nothing was spent. It was $0.28 the week before."
    assert "Cost per day" not in mail(empty).html


def test_answers_without_a_cent_have_no_chart_of_zeros() -> None:
    free = replace(
        figures("weekly"),
        services=(cost("Answers", 0),),
        days=tuple(DayCost(day=day.day, calls=2) for day in figures("weekly").days),
        days_before=tuple(DayCost(day=day.day) for day in figures("weekly").days_before),
    )
    content = write(free)
    assert not content.is_empty
    assert [chart.name for chart in content.charts] == ["sources"]


def test_a_month_names_customers_by_initials_what_was_refused_and_its_weeks() -> None:
    text = mail(figures("monthly")).text
    assert "S. M." in text
    assert "Initials only" in text
    assert "Messages and calls refused by a limit     12" in text
    assert next(line.split("  ")[0] for line in text.splitlines() if line.endswith("$0.28")) == "1–7 October"
    assert "29–31 October" in text


@pytest.mark.parametrize(
    ("spent", "tone", "percent"), [(0, "good", "0%"), (749, "good", "75%"), (750, "warn", "75%"), (1000, "bad", "100%")]
)
def test_the_budget_shows_how_near_its_end_is(spent: int, tone: str, percent: str) -> None:
    of = figures()
    content = write(replace(of, budget=replace(of.budget, spent_nusd=spent * CENT)))
    assert (content.budget.tone, content.budget.used.rsplit(" ", 1)[1]) == (tone, percent)


def test_a_budget_of_nothing_and_one_overrun_are_drawn_within_their_bar() -> None:
    of = figures()
    for limit, spent in ((0, 0), (0, 5), (100, 260)):
        made = mail(replace(of, budget=replace(of.budget, limit_nusd=limit * CENT, spent_nusd=spent * CENT)))
        assert 'width="260%"' not in made.html


def test_the_forecast_says_until_when_the_budget_lasts() -> None:
    of = figures("weekly")
    known = Forecast(low_nusd=900 * CENT, likely_nusd=950 * CENT, high_nusd=990 * CENT, spent_nusd=800 * CENT, known_days=9)
    assert (
        "By the end of the month likely $9.50, between $9.00 and $9.90 (rough, from less than two weeks)."
        in write(replace(of, forecast=known)).budget.notes
    )
    unknown = replace(known, known_days=1)
    assert "A forecast needs three full days." in write(replace(of, forecast=unknown)).budget.notes


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [(112, 100, "+12%"), (60, 100, "−40%"), (5, 5, "same"), (5, 0, "new"), (0, 0, ""), (0, 5, "−100%")],
)
def test_changes_in_words(now: int, before: int, words: str) -> None:
    assert change(now, before) == words


@pytest.mark.parametrize(("nusd", "words"), [(0, "$0.00"), (1, "<$0.01"), (CENT, "$0.01"), (1_234_567 * CENT, "$12,345.67")])
def test_money_has_two_decimals(nusd: int, words: str) -> None:
    assert money(nusd) == words


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_charts_are_pictures_at_twice_the_resolution() -> None:
    drawn = draw([chart for kind in STARTS for chart in write(figures(kind)).charts])
    assert {name: size(png) for name, png in drawn.items()} == {
        "service": (1120, 168),
        "sources": (1120, 168),
        "days": (1120, 480),
    }


def test_charts_of_odd_values_are_drawn() -> None:
    odd = [
        Chart(name="a", kind="bars", alt="", labels=("x" * 300,), values=(0,), texts=("$0",)),
        Chart(name="b", kind="bars", alt="", labels=("a", "$b$ _c^"), values=(1, 10**18), texts=("$1", "$2 $")),
        Chart(name="c", kind="total", alt="", labels=("1",), values=(5,), before=(0,), before_name="b", limit=1),
        Chart(name="d", kind="days", alt="", labels=("1", "2"), values=(0, 0), before=(0, 1), before_name="b"),
    ]
    assert {name: size(png)[0] for name, png in draw(odd).items()} == dict.fromkeys("abcd", 1120)


async def test_a_process_of_its_own_draws_the_same() -> None:
    charts = write(figures("weekly")).charts
    assert await draw_apart(charts) == draw(charts)
    assert await draw_apart(()) == {}
