"""The cache's figures in words and charts. Nothing in here reads anything."""

from dataclasses import dataclass

import plotly.graph_objs as graph

from omni_app.cache.stored import EntryView
from omni_app.insights.cache_figures import TIERS, CacheReport, DayFigures, KindFigures
from omni_app.insights.periods import Period
from omni_app.orchestrator.warming import WarmingPlan, WarmingView
from omni_app.ui.components.charts import NumbersLine, stacked_days
from omni_app.ui.words import cost, count, when

NAMES = {
    "l1": ("Same words", "at hand for 5 minutes"),
    "l2": ("Same words", "close by, up to 24 hours"),
    "l3": ("Same words", "stored for 7 days"),
    "semantic": ("Same meaning", "another wording, judged alike"),
    "faq": ("FAQ", "looked up anew"),
    "passage": ("Document", "looked up anew"),
    "model": ("Model", "asked anew"),
    "unsure": ("Nobody knew", "offered a person"),
}
"""Kind of answer -> its name and what that means."""
ENTRY_KINDS = {"asked": "Asked", "warmed": "Warmed", "faq": "FAQ", "same": "Other wording"}
EXACT = ("l1", "l2", "l3")
SERIES = {"Same words": "#0f9483", "Same meaning": "#2f86da"}
"""Series of the chart -> its colour: green costs nothing, as everywhere. Both read in light and dark."""
_DOT = {"l1": "cache", "l2": "cache", "l3": "cache", "semantic": "cache", "unsure": "unsure"}


@dataclass
class FigureLine:
    label: str
    value: str
    note: str


@dataclass
class TierLine:
    """One kind of answer: `tone` is the colour class of its mark."""

    name: str
    about: str
    tone: str
    answers: str
    share: str
    p50: str
    p95: str
    saved: str
    wrong: str


@dataclass
class EntryLine:
    id: str
    question: str
    answer: str
    about: str
    kind: str
    made: str
    until: str
    served: str
    saves: str


def share(part: float | None) -> str:
    """ "64%"; "–" when there is nothing to share."""
    return "–" if part is None else f"{100 * part:.0f}%"


def milliseconds(value: float | None) -> str:
    """ "0.4 ms", "23 ms", "1.2 s"; "–" for None."""
    if value is None:
        return "–"
    if value < 10:
        return f"{value:.1f} ms"
    return f"{value:,.0f} ms" if value < 1000 else f"{value / 1000:.1f} s"


def figure_lines(report: CacheReport) -> list[FigureLine]:
    """The four figures on top."""
    saved = f"{share(report.saved_rate)} of asking the model each time" if report.saved_rate is not None else "no model was paid"
    expected = (
        f"about {report.wrong_estimated:.1f} to be expected" if report.wrong_estimated is not None else "none by meaning yet"
    )
    today = sum(entry.of_today for entry in report.entries)
    return [
        FigureLine("From the cache", share(report.hit_rate), f"{report.hits:,} of {count(report.answers, 'answer')}"),
        FigureLine("Saved", cost(report.saved_nusd), saved),
        FigureLine("Marked wrong", f"{report.wrong_reported:,}", expected),
        FigureLine("Stored answers", f"{report.stored:,}", f"{today:,} new in 24 hours"),
    ]


def value_words(report: CacheReport) -> str:
    """What the business's own answers are worth, kept apart from what was saved for sure."""
    if not report.has_model and not report.saved_nusd:
        return "Without a language model no answer costs anything, so nothing is saved either."
    if report.average_nusd is None:
        return "No model answer was paid for yet, so there is nothing to compare with."
    average = cost(report.average_nusd)
    if not report.has_model:
        return "The language model is switched off now. What was saved is what it was paid before."
    if not report.spared:
        return f"A model answer costs {average} on average."
    own = count(report.spared, "answer")
    return f"Beside that, {own} from FAQs and documents: worth {cost(report.spared_nusd)} at {average} a model answer."


def tier_lines(report: CacheReport) -> list[TierLine]:
    return [_tier(one, report.answers) for one in report.kinds if one.answers or one.kind in TIERS]


def _tier(one: KindFigures, answers: int) -> TierLine:
    name, about = NAMES[one.kind]
    return TierLine(
        name=name,
        about=about,
        tone=f"k-{_DOT.get(one.kind, one.kind)}",
        answers=f"{one.answers:,}",
        share=share(one.answers / answers if answers else None),
        p50=milliseconds(one.p50_ms),
        p95=milliseconds(one.p95_ms),
        saved=cost(one.saved_nusd) if one.kind in TIERS else "–",
        wrong=f"{one.wrong:,}" if one.kind in TIERS else "–",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The chart of hits by day, the table behind it, and what it shows in one sentence."""

    figure: graph.Figure
    heads: list[str]
    lines: list[NumbersLine]
    sentence: str


def _exact(day: DayFigures) -> int:
    return sum(day.answers.get(kind, 0) for kind in EXACT)


def hits_chart(report: CacheReport, period: Period) -> Drawn:
    """Answers of each day: by the same words, by the same meaning, and the rest in grey."""
    days = report.days
    exact = [_exact(day) for day in days]
    alike = [day.answers.get("semantic", 0) for day in days]
    rest = [sum(day.answers.values()) - one - other for day, one, other in zip(days, exact, alike, strict=True)]
    names = list(SERIES)
    figure = stacked_days([day.day for day in days], dict(zip(names, (exact, alike), strict=True)), other=rest, prefix="")
    for name, color in SERIES.items():
        figure.update_traces(marker_color=color, selector={"name": name})
    figure.update_layout(yaxis={"hoverformat": ",d", "tickformat": ",d"})
    if len(days) <= 7:
        figure.update_layout(xaxis={"dtick": 86_400_000, "tickformat": "%a %-d"})
    lines = [
        NumbersLine(label=f"{day.day.day} {day.day:%B}", cells=[f"{one:,}", f"{other:,}", f"{left:,}"])
        for day, one, other, left in zip(days, exact, alike, rest, strict=True)
    ]
    best = max(days, key=lambda day: _exact(day) + day.answers.get("semantic", 0))
    hits = _exact(best) + best.answers.get("semantic", 0)
    over = {"today": "today", "week": "in 7 days", "month": "in 30 days"}[period.name]
    sentence = f"{report.hits:,} of {count(report.answers, 'answer')} {over} came from the cache"
    if len(days) > 1 and hits:
        sentence += f", most on {best.day.day} {best.day:%B} ({hits:,})"
    return Drawn(figure=figure, heads=[*names, "Not from the cache"], lines=lines, sentence=sentence + ".")


def entry_line(view: EntryView, served: int, zone: object) -> EntryLine:
    kind = ENTRY_KINDS.get(view.kind, view.kind)
    return EntryLine(
        id=str(view.id),
        question=view.question,
        answer=" ".join(view.text.split())[:200],
        about=f"Taken for “{view.matched_question}”" if view.matched_question else "",
        kind=kind,
        made=when(view.created_at, zone),  # type: ignore[arg-type]
        until=f"{view.expires_at.astimezone(zone):%-d %B, %H:%M}",  # type: ignore[arg-type]
        served=f"{served:,}",
        saves=cost(view.cost_nusd),
    )


def plan_words(plan: WarmingPlan) -> tuple[str, str]:
    """What a run would do, and what it leaves out."""
    left_out = []
    if plan.stored:
        left_out.append(f"{plan.stored:,} stored already")
    if plan.rare:
        left_out.append(f"{plan.rare:,} asked too rarely to pay off")
    aside = f"Left out: {', '.join(left_out)}." if left_out else ""
    taught = f"{count(plan.taught, 'taught wording')} {'answers' if plan.taught == 1 else 'answer'} free of charge anyway."
    taught = taught if plan.taught else ""
    if plan.problem:
        return plan.problem, taught
    if not plan.questions:
        return "No common question is left to ask ahead.", f"{aside} {taught}".strip()
    how = "about" if not plan.is_guess else "at most about"
    return f"{count(len(plan.questions), 'common question')}, {how} {cost(plan.expected_nusd)}.", f"{aside} {taught}".strip()


def run_words(run: WarmingView, zone: object) -> str:
    """How the last run ended."""
    at = when(run.finished_at or run.created_at, zone)  # type: ignore[arg-type]
    told = f"Last run {at}: {run.stored:,} of {count(run.wanted, 'answer')} stored for {cost(run.cost_nusd)}."
    if run.status == "stopped":
        told = f"Stopped {at} after {run.done:,} of {count(run.wanted, 'question')}, {cost(run.cost_nusd)} spent."
    return f"{told} {run.problem}".strip()
