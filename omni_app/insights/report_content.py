"""What a report says, in words: key figures, tables with their charts, remarks. HTML and plain text both show exactly this."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from omni_app.infra.money import NUSD, show
from omni_app.insights.costs import CostRow
from omni_app.insights.forecasting import Forecast
from omni_app.insights.report_drawing import Chart
from omni_app.insights.report_figures import ReportFigures

NAMES = {"daily": "Daily report", "weekly": "Weekly report", "monthly": "Monthly report"}
_BEFORE = {"daily": "the day before", "weekly": "the week before", "monthly": "the month before"}
_COLUMN = {"daily": "Day before", "weekly": "Week before", "monthly": "Month before"}

SOURCES = {
    "cache": ("Cache", "#0a5047"),
    "faq": ("FAQ", "#00796c"),
    "passage": ("Documents", "#27a191"),
    "model": ("Language model", "#5b5bd6"),
    "person": ("People", "#ef5f00"),
    "unsure": ("Not sure, offered a person", "#8b8d98"),
    "courtesy": ("Greetings, hand-overs", "#8b8d98"),
}
"""Kind of answer -> its name and its colour in every chart."""

_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigure:
    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A table: the first column is text, the others figures. `chart` shows the same figures above it."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    chart: Chart | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetBar:
    """`percent` may be above 100 after an overcharge; `tone` good, warn (75 and more) or bad (100 and more)."""

    title: str
    used: str
    percent: float
    tone: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One report in words. `lead` is the one sentence to read if only one is read."""

    subject: str
    title: str
    business_name: str
    period: str
    lead: str
    figures: tuple[KeyFigure, ...]
    budget: BudgetBar
    sections: tuple[Section, ...]
    is_empty: bool

    @property
    def charts(self) -> tuple[Chart, ...]:
        return tuple(section.chart for section in self.sections if section.chart is not None)


def money(nusd: int) -> str:
    """Two decimals; what is above zero and below a cent says so."""
    return "<$0.01" if 0 < nusd < NUSD // 200 else show(nusd)


def change(now: int, before: int) -> str:
    """ "+12%", "−40%", "same", "new"; empty when both are nothing."""
    if now == before:
        return "same" if now else ""
    if not before:
        return "new"
    percent = round(100 * (now - before) / before)
    return f"+{percent:,}%" if percent > 0 else f"−{-percent:,}%" if percent < 0 else "same"


def write(figures: ReportFigures) -> Content:
    """The report of these figures."""
    span = figures.span
    title = NAMES[span.kind]
    return Content(
        subject=f"{title}: {figures.business_name}, {span.title()}: {money(figures.cost_nusd)}",
        title=title,
        business_name=figures.business_name,
        period=span.title(),
        lead=_lead(figures),
        figures=_key_figures(figures),
        budget=_budget(figures),
        sections=() if figures.is_empty else tuple(_sections(figures)),
        is_empty=figures.is_empty,
    )


def _lead(figures: ReportFigures) -> str:
    before = f"{money(figures.before_nusd)} {_BEFORE[figures.span.kind]}"
    if figures.is_empty:
        return f"Nothing was asked and nothing was spent. It was {before}."
    count = figures.talks.now.conversations
    talks = f"{count:,} conversation" + ("" if count == 1 else "s")
    return f"{talks} cost {money(figures.cost_nusd)}; it was {before}."


def _key_figures(figures: ReportFigures) -> tuple[KeyFigure, ...]:
    moved = change(figures.cost_nusd, figures.before_nusd)
    against = f" against {money(figures.before_nusd)} {_BEFORE[figures.span.kind]}"
    answers = sum(figures.answers.values())
    free = round(100 * figures.talks.free / figures.talks.automatic) if figures.talks.automatic else None
    saved = figures.saved_answers
    return (
        KeyFigure(label="Cost", value=money(figures.cost_nusd), note=(moved + against).strip() if moved else f"as {against[9:]}"),
        KeyFigure(
            label="Answers",
            value=f"{answers:,}",
            note="none given automatically" if free is None else f"{free}% of the automatic ones cost nothing",
        ),
        KeyFigure(
            label="Saved by the cache",
            value=money(figures.saved_nusd),
            note=f"{saved:,} answer{'' if saved == 1 else 's'} the model need not give again" if saved else "by no stored answer",
        ),
    )


def _budget(figures: ReportFigures) -> BudgetBar:
    budget = figures.budget
    limit, spent = budget.limit_nusd, budget.spent_nusd
    percent = 100 * spent / limit if limit else 100.0 if spent else 0.0
    notes = []
    if budget.is_paused and limit:
        notes.append("Paid answers pause. Cache, FAQ and document answers go on.")
    elif budget.is_spent and limit:
        notes.append("The month's budget is used up; the prepaid credit pays.")
    if budget.credit_left_nusd or budget.credit_total_nusd:
        notes.append(f"Prepaid credit left: {money(budget.credit_left_nusd)} of {money(budget.credit_total_nusd)}.")
    if budget.excess_nusd:
        notes.append(f"Beyond the limit, by an overcharge or a lowered limit: {money(budget.excess_nusd)}.")
    if figures.forecast is not None:
        notes.append(_forecast(figures.forecast, limit))
    return BudgetBar(
        title=f"Budget of {budget.period_start:%B %Y}",
        used=f"{money(spent)} of {money(limit)}, {percent:.0f}%",
        percent=percent,
        tone="bad" if percent >= 100 else "warn" if percent >= 75 else "good",
        notes=tuple(notes),
    )


def _forecast(forecast: Forecast, limit: int) -> str:
    if not forecast.is_known:
        return "A forecast needs three full days."
    rough = " (rough, from less than two weeks)" if forecast.is_rough else ""
    low, high = money(forecast.low_nusd), money(forecast.high_nusd)
    words = f"By the end of the month likely {money(forecast.likely_nusd)}, between {low} and {high}{rough}."
    reached = forecast.reaches_on(limit)
    return f"{words} The budget lasts until about {reached.day} {reached:%B}." if reached else words


def _sections(figures: ReportFigures) -> Iterable[Section]:
    kind = figures.span.kind
    if kind != "daily":
        yield _days(figures)
    if figures.services:
        yield _breakdown(figures, "service", "Cost by service", "Service", figures.services)
    if figures.channels:
        yield _breakdown(figures, "channel", "Cost by channel", "Channel", figures.channels)
    if figures.answers:
        yield _answers(figures)
    if kind == "monthly":
        if figures.customers:
            yield Section(
                title="Most expensive customers",
                heads=("Customer", "Uses", "Cost"),
                rows=tuple((row.label, f"{row.calls:,}", money(row.cost_nusd)) for row in figures.customers),
                note="Initials only, as this leaves by e-mail. The Costs page has the names.",
            )
        yield Section(
            title="Limits and abuse",
            heads=("What", "Times"),
            rows=(("Messages and calls refused by a limit", f"{figures.refused:,}"), ("Signs of abuse", f"{figures.abuse:,}")),
        )


def _days(figures: ReportFigures) -> Section:
    is_weekly = figures.span.kind == "weekly"
    now, before = [day.cost_nusd for day in figures.days], [day.cost_nusd for day in figures.days_before]
    heads: tuple[str, ...]
    if is_weekly:
        heads, names = (
            ("Day", "Uses", "Cost", "Week before"),
            [f"{day.day:%a} {day.day.day} {day.day:%b}" for day in figures.days],
        )
        rows = [
            (name, f"{day.calls:,}", money(day.cost_nusd), money(old.cost_nusd))
            for name, day, old in zip(names, figures.days, figures.days_before, strict=True)
        ]
        labels = [f"{day.day:%a}" for day in figures.days]
    else:
        # Thirty lines are too many to read: a month is told in weeks of seven days, the chart shows each day.
        heads, rows = ("Days", "Uses", "Cost", "Month before"), []
        for first in range(0, len(figures.days), 7):
            part = figures.days[first : first + 7]
            is_last = first + 7 >= len(figures.days)
            old = figures.days_before[first:] if is_last else figures.days_before[first : first + 7]
            name = (
                f"{part[0].day.day}–{part[-1].day.day} {part[0].day:%B}"
                if len(part) > 1
                else f"{part[0].day.day} {part[0].day:%B}"
            )
            calls, cost = sum(day.calls for day in part), sum(day.cost_nusd for day in part)
            rows.append((name, f"{calls:,}", money(cost), money(sum(day.cost_nusd for day in old))))
        labels = [str(day.day.day) for day in figures.days]
    rows.append(
        ("Together", f"{figures.calls:,}", money(figures.cost_nusd), money(figures.before_nusd)),
    )
    chart = None
    if any(now) or any(before):
        when = "week" if is_weekly else "month"
        dearest = max(figures.days, key=lambda day: day.cost_nusd)
        chart = Chart(
            name="days",
            kind="days" if is_weekly else "total",
            alt=(
                f"Cost per day: {money(sum(now))} in all, most on {dearest.day.day} {dearest.day:%B} "
                f"with {money(dearest.cost_nusd)}; {money(sum(before))} the {when} before."
            ),
            labels=tuple(labels),
            values=tuple(now),
            before=tuple(before),
            before_name=f"{when} before",
            limit=figures.budget.limit_nusd if not is_weekly else 0,
        )
    return Section(title="Cost per day" if is_weekly else "Cost over the month", heads=heads, rows=tuple(rows), chart=chart)


def _breakdown(figures: ReportFigures, name: str, title: str, head: str, found: Sequence[CostRow]) -> Section:
    paid = [row for row in found if row.cost_nusd > 0][:_SHOWN]
    chart = None
    if len(paid) > 1:
        chart = Chart(
            name=name,
            kind="bars",
            alt=f"{title}: " + ", ".join(f"{row.label} {money(row.cost_nusd)}" for row in paid) + ".",
            labels=tuple(row.label for row in paid),
            values=tuple(row.cost_nusd for row in paid),
            texts=tuple(money(row.cost_nusd) for row in paid),
        )
    shown = found[:_SHOWN]
    rows = [(row.label, f"{row.calls:,}", money(row.cost_nusd), money(row.before_nusd)) for row in shown]
    if rest := found[_SHOWN:]:
        cost, before = sum(row.cost_nusd for row in rest), sum(row.before_nusd for row in rest)
        rows.append((f"{len(rest)} more", f"{sum(row.calls for row in rest):,}", money(cost), money(before)))
    return Section(title=title, heads=(head, "Uses", "Cost", _COLUMN[figures.span.kind]), rows=tuple(rows), chart=chart)


def _answers(figures: ReportFigures) -> Section:
    found = [(kind, figures.answers[kind]) for kind in SOURCES if figures.answers.get(kind)]
    total = sum(number for _, number in found)
    shares = [f"{round(100 * number / total)}%" for _, number in found]
    return Section(
        title="Answers by source",
        heads=("Source", "Answers", "Share"),
        rows=tuple((SOURCES[kind][0], f"{number:,}", share) for (kind, number), share in zip(found, shares, strict=True)),
        chart=Chart(
            name="sources",
            kind="bars",
            alt="Answers by source: " + ", ".join(f"{SOURCES[kind][0]} {number:,}" for kind, number in found) + ".",
            labels=tuple(SOURCES[kind][0] for kind, _ in found),
            values=tuple(number for _, number in found),
            texts=tuple(f"{number:,} · {share}" for (_, number), share in zip(found, shares, strict=True)),
            colors=tuple(SOURCES[kind][1] for kind, _ in found),
        )
        if len(found) > 1
        else None,
    )
