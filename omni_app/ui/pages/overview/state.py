"""What the overview shows, read in four statements and again, at most once a second, whenever something changes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import reflex as rx

from omni_app.budgets.budget import BudgetView, load_budget
from omni_app.conversations.handling import take_over
from omni_app.conversations.reading import load_conversation
from omni_app.infra import money
from omni_app.infra.clock import now
from omni_app.infra.errors import Conflict
from omni_app.insights.overview import PeriodReport, Standing, Waiting, load_report, load_standing
from omni_app.insights.periods import Period, door, period_of
from omni_app.insights.questions import SHOWN, OpenQuestion, list_open_questions
from omni_app.ui.access import ViewerState, handler, loader, parse_id, viewer_db
from omni_app.ui.components import avatar_tone, initials
from omni_app.ui.live import watch
from omni_app.ui.pages.overview.showing import Bar, FigureLine, SourceLine, TableLine, Tick, chart, figure_lines, headline, waited
from omni_app.ui.words import cost, count

MOST_QUESTIONS = 50
LONG_PERIOD_SECONDS = 15.0
LIVE_KINDS = ("message.created", "conversation", "budget", "faq", "business")


@dataclass
class WaitLine:
    id: str
    name: str
    letters: str
    tone: str
    channel: str
    text: str
    waited: str
    assignee: str
    assignee_letters: str


@dataclass
class QuestionLine:
    text: str
    note: str
    href: str


@dataclass
class ChannelLine:
    kind: str
    conversations: str


class OverviewState(ViewerState, rx.State):
    period: str = "today"
    headline: str = ""
    business: str = ""
    is_new: bool = False
    """Nothing was taught yet, or nobody has written yet."""
    has_conversations: bool = False
    faqs: int = 0
    faqs_words: str = ""
    has_chat: bool = False
    has_colleagues: bool = False
    steps_done: int = 0

    figures: list[FigureLine] = []
    bars: list[Bar] = []
    ticks: list[Tick] = []
    sources: list[SourceLine] = []
    heads: list[str] = []
    lines: list[TableLine] = []
    total: str = "0"
    sentence: str = ""
    chart_note: str = ""

    spent: str = ""
    limit: str = ""
    spent_percent: str = "0"
    reserved_percent: str = "0"
    percent: str = ""
    left: str = ""
    held: str = ""
    renews: str = ""
    month: str = ""

    waiting: list[WaitLine] = []
    waiting_count: int = 0
    waiting_more: str = ""
    questions: list[QuestionLine] = []
    questions_more: str = ""
    all_questions: bool = False
    channels: list[ChannelLine] = []

    @loader
    async def load(self) -> None:
        await watch(self, OverviewState.on_live, LIVE_KINDS, every=1.0)
        await self._read()

    _report_at: float = 0.0

    @handler
    async def on_live(self, note: dict) -> None:
        # A month of a busy business takes a second to count, and one more message hardly moves it.
        await self._read(counts=self.period == "today" or monotonic() - self._report_at > LONG_PERIOD_SECONDS)

    @handler
    async def on_minute(self) -> None:
        """Called by the open page each minute: waits grow and the hour changes without anybody writing."""
        await self._read()

    @handler
    async def set_period(self, name: str) -> None:
        period_of(name, "UTC", now())  # raises for anything but the three
        self.period = name
        await self._read()

    @handler
    async def show_all_questions(self) -> None:
        self.all_questions = True
        await self._read()

    @handler
    async def take(self, conversation_id: str) -> Any:
        wanted = parse_id(conversation_id, "conversation")
        async with viewer_db(self) as db:
            found = await load_conversation(db, wanted)
            if found.status != "waiting" and found.assignee_id not in (None, db.scope.actor.id):
                raise Conflict(f"{found.assignee_name} took this conversation first.")
            await take_over(db, wanted)
        return rx.redirect(f"/inbox?conversation={wanted}")

    async def _read(self, counts: bool = True) -> None:
        at = now()
        async with viewer_db(self) as db:
            standing = await load_standing(db)
            period = period_of(self.period, standing.timezone, at)
            report = await load_report(db, period) if counts else None
            week = period_of("week", standing.timezone, at)
            questions, found = await list_open_questions(db, week.start, MOST_QUESTIONS if self.all_questions else SHOWN)
            budget = await load_budget(db)
        self._show_standing(standing, period)
        if report is not None:
            self._report_at = monotonic()
            self._show_report(report, standing, period)
        self._show_budget(budget)
        self._show_questions(questions, found)

    def _show_standing(self, standing: Standing, period: Period) -> None:
        local = period.until.astimezone(period.zone)
        self.headline = headline(period.zone.key, local, door(standing.opening_hours, standing.timezone, period.until))
        self.business = standing.name
        self.is_new = not (standing.has_conversations and standing.faqs)
        self.has_conversations, self.has_chat = standing.has_conversations, standing.has_chat
        self.faqs, self.faqs_words = standing.faqs, f"{count(standing.faqs, 'FAQ')} taught"
        self.has_colleagues = standing.members > 1
        self.steps_done = sum([standing.faqs > 0, standing.has_conversations, standing.has_chat, standing.members > 1])
        self.waiting = [_wait_line(entry, period.until) for entry in standing.waiting]
        self.waiting_count = standing.waiting_count
        rest = standing.waiting_count - len(standing.waiting)
        self.waiting_more = f"{rest} more, all waiting for less time" if rest > 0 else ""

    def _show_report(self, report: PeriodReport, standing: Standing, period: Period) -> None:
        drawn = chart(report, standing, period)
        self.figures = figure_lines(report.now, report.before, period)
        self.bars, self.ticks, self.sources = drawn.bars, drawn.ticks, drawn.sources
        self.heads, self.lines = drawn.heads, drawn.lines
        self.total, self.sentence = drawn.total, drawn.sentence
        self.chart_note = (
            f"{report.free:,} of {count(report.automatic, 'automatic answer')} cost nothing." if report.automatic else ""
        )
        self.channels = [ChannelLine(kind, f"{number:,}") for kind, number in report.channels]

    def _show_budget(self, budget: BudgetView) -> None:
        spent = 100 * budget.spent_nusd / budget.limit_nusd if budget.limit_nusd else 100.0
        reserved = 100 * budget.reserved_nusd / budget.limit_nusd if budget.limit_nusd else 0.0
        self.spent, self.limit = money.show(budget.spent_nusd), money.show(budget.limit_nusd)
        self.spent_percent = f"{min(spent, 100):.2f}"
        self.reserved_percent = f"{min(reserved, max(0.0, 100 - spent)):.2f}"
        self.percent = f"{spent:.0f}%"
        self.month = f"{budget.period_start:%B}"
        self.left, self.held = money.show(budget.left_nusd), cost(budget.reserved_nusd)
        after = (budget.period_start + timedelta(days=32)).replace(day=1)
        self.renews = f"{after.day} {after:%B}"

    def _show_questions(self, questions: list[OpenQuestion], found: int) -> None:
        self.questions = [QuestionLine(item.text, _asked(item), f"/knowledge?from={item.message_id}") for item in questions]
        rest = found - len(questions)
        self.questions_more = f"Show {min(rest, MOST_QUESTIONS - SHOWN)} more" if rest > 0 and not self.all_questions else ""


def _wait_line(entry: Waiting, at: datetime) -> WaitLine:
    name = entry.customer_name.strip() or f"Visitor {entry.customer_id.hex[-4:]}"
    return WaitLine(
        id=str(entry.id),
        name=name,
        letters=initials(name),
        tone=avatar_tone(str(entry.customer_id)),
        channel=entry.channel,
        text=" ".join(entry.text.split()),
        waited=waited(entry.waiting_since, at) if entry.waiting_since else "",
        assignee="you" if entry.is_mine else entry.assignee or "",
        assignee_letters=initials(entry.assignee or "") if entry.assignee else "",
    )


def _asked(item: OpenQuestion) -> str:
    times = {1: "asked once", 2: "asked twice"}.get(item.times, f"asked {item.times:,} times")
    if not item.went_to_person:
        return times
    return f"{times} · {count(item.went_to_person, 'customer')} went to a person"
