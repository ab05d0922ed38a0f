"""Figures as the overview shows them: words, notes and the heights of bars. Nothing in here reads anything."""

import math
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from omni_app.insights.overview import Answers, Figures, PeriodReport, Standing
from omni_app.insights.periods import Door, Period
from omni_app.tenancy.opening_hours import hours_on, minutes
from omni_app.ui.words import cost, count

KINDS = {
    "person": "Person",
    "unsure": "Not sure",
    "courtesy": "Other",
    "model": "Model",
    "passage": "Passage",
    "faq": "FAQ",
    "cache": "Cache",
}
"""Kind of answer -> its name, as stacked from top to bottom."""
_ONLY_IF_ANY = {"courtesy", "passage"}

PERIODS = [("today", "Today"), ("week", "7 days"), ("month", "30 days")]


@dataclass
class FigureLine:
    label: str
    value: str
    unit: str
    note: str
    more: str


@dataclass
class Part:
    kind: str
    height: str


@dataclass
class Bar:
    label: str
    title: str
    parts: list[Part]


@dataclass
class Tick:
    label: str
    top: str


@dataclass
class SourceLine:
    kind: str
    label: str
    answers: str
    percent: str
    note: str


@dataclass
class TableLine:
    label: str
    cells: list[str]


@dataclass
class Chart:
    """`sentence` says in words what the bars show; `lines` hold the same numbers as a table with `heads`."""

    bars: list[Bar]
    ticks: list[Tick]
    sources: list[SourceLine]
    heads: list[str]
    lines: list[TableLine]
    total: str
    sentence: str


def headline(name_of_zone: str, local: datetime, door: Door | None) -> str:
    """ "Thursday 12 March, 14:32 in Halifax · open until 18:00"."""
    place = name_of_zone.rsplit("/", 1)[-1].replace("_", " ")
    where = "UTC" if place in ("UTC", "GMT") else f"in {place}"
    text = f"{local:%A} {local.day} {local:%B}, {local:%H:%M} {where}"
    if door is None:
        return text
    word = "open" if door.is_open else "closed"
    if door.until is None:
        return f"{text} · always {word}"
    until = door.until.astimezone(local.tzinfo)
    days = (until.date() - local.date()).days
    day = "" if days == 0 else "tomorrow " if days == 1 else f"{until:%A} " if days < 7 else f"{until.day} {until:%B} "
    return f"{text} · {word} until {day}{until:%H:%M}"


def compared_with(period: Period) -> str:
    """The name of the stretch a figure is compared with: "last Thursday", "the 7 days before"."""
    if period.name == "today":
        return f"last {period.before_start.astimezone(period.zone):%A}"
    return "the 7 days before" if period.name == "week" else "the 30 days before"


def duration(seconds: float) -> tuple[str, str]:
    """Number and unit of a short wait: ("34", "ms"), ("1.4", "s"), ("3 min 40", "s"), ("2 h 5", "min")."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}", "ms"
    if seconds < 9.95:
        return f"{seconds:.1f}", "s"
    whole = round(seconds)
    if whole < 60:
        return str(whole), "s"
    if whole < 3600:
        return (f"{whole // 60} min {whole % 60}", "s") if whole % 60 else (str(whole // 60), "min")
    return (f"{whole // 3600} h {whole % 3600 // 60}", "min") if whole % 3600 >= 60 else (str(whole // 3600), "h")


def waited(since: datetime, at: datetime) -> str:
    """How long somebody waits: "just now", "35 min", "1 h 35 min", "2 d"."""
    whole = max(0, int((at - since).total_seconds() // 60))
    if whole < 60:
        return f"{whole} min" if whole else "just now"
    if whole < 24 * 60:
        return f"{whole // 60} h {whole % 60} min" if whole % 60 else f"{whole // 60} h"
    return f"{whole // (24 * 60)} d"


def _change(now: int, before: int, than: str) -> str:
    # A percentage of a handful says nothing, so small numbers are shown as they are.
    if before < 10:
        return f"{before or 'none'} {than}"
    percent = round(100 * (now - before) / before)
    return f"{percent:+d}% on {than}".replace("-", "−") if percent else f"as many as {than}"


def figure_lines(now: Figures, before: Figures, period: Period) -> list[FigureLine]:
    """The four key figures, each with what it compares with."""
    than = compared_with(period)
    reply, unit = duration(now.first_reply) if now.first_reply is not None else ("–", "")
    return [
        FigureLine(
            "Conversations",
            f"{now.conversations:,}",
            "",
            _change(now.conversations, before.conversations, than),
            f"both up to {period.until.astimezone(period.zone):%H:%M}" if period.name == "today" else "",
        ),
        FigureLine(
            "Solved without a person",
            "–" if now.solved_percent is None else str(now.solved_percent),
            "" if now.solved_percent is None else "%",
            f"none {than}" if before.solved_percent is None else f"{before.solved_percent}% {than}",
            _rest(now),
        ),
        FigureLine(
            "First reply, median",
            reply,
            unit,
            f"none {than}" if before.first_reply is None else f"{' '.join(duration(before.first_reply))} {than}",
            "",
        ),
        FigureLine(
            "Spend today" if period.name == "today" else "Spend",
            cost(now.spent_nusd),
            "",
            f"{cost(before.spent_nusd)} {than}",
            f"{cost(now.spent_nusd // now.conversations)} per conversation" if now.conversations and now.spent_nusd else "",
        ),
    ]


def _rest(figures: Figures) -> str:
    parts = [f"{figures.with_person:,} went to a person"] if figures.with_person else []
    parts += [f"{figures.left_open:,} left open"] if figures.left_open else []
    return ", ".join(parts)


def scale(top: int) -> tuple[int, int]:
    """(step, steps) of an axis from 0 to at least `top` with at most four steps of 1, 2 or 5 times a power of ten."""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if 4 * step >= top:
                return step, max(1, math.ceil(top / step))
        size *= 10


def _hours_shown(answers: tuple[Answers, ...], standing: Standing, local: datetime) -> range:
    """From the first hour anything can be in to this hour or closing time, at least six of them."""
    hours = [local.hour, *(entry.at.hour for entry in answers)]
    first, last = min(hours), max(hours)
    for opens, closes in hours_on(standing.opening_hours, local.date()):
        first = min(first, minutes(opens) // 60)
        closing = minutes(closes) if minutes(closes) > minutes(opens) else 24 * 60
        last = max(last, (closing - 1) // 60)
    last = max(last, min(23, first + 5))
    return range(min(first, last - 5), last + 1)


def _buckets(report: PeriodReport, standing: Standing, period: Period) -> list[datetime]:
    local = period.until.astimezone(period.zone)
    midnight = datetime.combine(local.date(), time.min)
    if period.unit == "hour":
        return [midnight + timedelta(hours=hour) for hour in _hours_shown(report.answers, standing, local)]
    first = period.start.astimezone(period.zone).date()
    days = (local.date() - first).days + 1
    return [datetime.combine(first, time.min) + timedelta(days=number) for number in range(days)]


def _label(at: datetime, place: int, buckets: int, unit: str) -> str:
    every = 1 if buckets <= 12 else 3 if unit == "hour" else 5
    if (at.hour if unit == "hour" else buckets - 1 - place) % every:
        return ""
    return f"{at:%H}" if unit == "hour" else f"{at:%a} {at.day}" if buckets <= 7 else f"{at.day} {at:%b}"


def _name(at: datetime, unit: str) -> str:
    return f"{at:%H:%M}" if unit == "hour" else f"{at:%A} {at.day} {at:%B}"


def chart(report: PeriodReport, standing: Standing, period: Period) -> Chart:
    """Answers by source, one bar for each hour of today or each day."""
    counts = {(entry.at, entry.kind): entry.answers for entry in report.answers}
    costs = {kind: sum(entry.cost_nusd for entry in report.answers if entry.kind == kind) for kind in KINDS}
    totals = {kind: sum(entry.answers for entry in report.answers if entry.kind == kind) for kind in KINDS}
    kinds = [kind for kind in KINDS if totals[kind] or kind not in _ONLY_IF_ANY]
    buckets = _buckets(report, standing, period)
    sums = {at: sum(counts.get((at, kind), 0) for kind in KINDS) for at in buckets}
    step, steps = scale(max(sums.values(), default=0))
    full, total = step * steps, sum(totals.values())
    bars = [
        Bar(
            _label(at, place, len(buckets), period.unit),
            f"{_name(at, period.unit)}: {count(sums[at], 'answer')}",
            [Part(kind, f"{100 * counts[at, kind] / full:.2f}%") for kind in kinds if counts.get((at, kind))],
        )
        for place, at in enumerate(buckets)
    ]
    sources = [
        SourceLine(
            kind,
            KINDS[kind],
            f"{totals[kind]:,}",
            f"{100 * totals[kind] / total:.0f}%" if total else "",
            "greetings, hand-overs" if kind == "courtesy" else cost(costs[kind]) if costs[kind] else "",
        )
        for kind in kinds
    ]
    lines = [
        TableLine(_name(at, period.unit), [*(f"{counts.get((at, kind), 0):,}" for kind in kinds), f"{sums[at]:,}"])
        for at in buckets
    ]
    return Chart(
        bars=bars,
        ticks=[Tick(f"{step * number:,}", f"{100 - 100 * number / steps:.2f}%") for number in range(steps + 1)],
        sources=sources,
        heads=[KINDS[kind] for kind in kinds] + ["All"],
        lines=lines,
        total=f"{total:,}",
        sentence=_sentence(sums, total, period),
    )


def _sentence(sums: dict[datetime, int], total: int, period: Period) -> str:
    if not total:
        return f"No answers {'today' if period.name == 'today' else 'in these days'} yet."
    most = max(sums, key=lambda at: sums[at])
    unit, on = ("hour", f"at {most:%H:%M}") if period.unit == "hour" else ("day", f"on {most:%A} {most.day} {most:%B}")
    return f"Answers per {unit} by source: {total:,} in all, most {on}: {sums[most]:,}."
