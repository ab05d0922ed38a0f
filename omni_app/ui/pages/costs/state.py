"""What the costs page knows of one month."""

from datetime import date, datetime, timedelta
from time import monotonic
from typing import cast as typed
from zoneinfo import ZoneInfo

import plotly.graph_objs as graph
import reflex as rx

from omni_app.budgets.alerts import AlertView, list_alerts
from omni_app.budgets.budget import BudgetView, load_budget
from omni_app.budgets.rules import BudgetRules, load_rules
from omni_app.infra import money
from omni_app.infra.clock import now
from omni_app.insights.costs import (
    By,
    DayCost,
    HeldWork,
    cost_breakdown,
    daily_costs,
    first_day,
    forecast_month,
    list_held,
    load_zone,
    month_of,
)
from omni_app.insights.forecasting import Forecast
from omni_app.ui.access import ViewerState, handler, loader, viewer_db
from omni_app.ui.components.charts import NumbersLine
from omni_app.ui.live import watch
from omni_app.ui.pages.costs.showing import (
    AlertLine,
    CostLine,
    ahead_words,
    alert_lines,
    compared_words,
    cost_lines,
    forecast_words,
    held_words,
    month_chart,
    month_name,
    steadiness,
    unusual_day,
)
from omni_app.ui.words import cost, count

MONTHS_BACK = 24
SHOWN = 8
WHOLE_READ_SECONDS = 8.0
LIVE_KINDS = ("budget", "message.created", "business")

LEFT: tuple[By, ...] = ("service", "model")
RIGHT: tuple[By, ...] = ("channel", "customer", "conversation")


class CostsState(ViewerState, rx.State):
    month: str = ""
    """The month shown as YYYY-MM; empty for the one that runs."""
    months: list[tuple[str, str]] = []
    month_words: str = ""
    about: str = ""
    has_lines: bool = False
    is_now: bool = True

    month_total: str = ""
    spent: str = ""
    limit: str = ""
    spent_percent: str = "0"
    held_percent: str = "0"
    likely_percent: str = "0"
    percent_words: str = ""
    ticks: list[tuple[str, str]] = []
    """Alert shares: (left as CSS, words)."""
    likely_words: str = ""
    is_paused: bool = False
    left: str = ""
    likely: str = ""
    between: str = ""
    how: str = ""
    held: str = ""
    held_for: str = ""
    saved: str = ""
    saved_for: str = ""
    credit: str = ""
    stops: str = ""
    ahead: str = ""
    compared: str = ""

    figure: graph.Figure = graph.Figure()
    series: list[str] = []
    has_other: bool = False
    heads: list[str] = []
    lines: list[NumbersLine] = []
    sentence: str = ""
    alerts: list[AlertLine] = []
    unusual: str = ""
    unusual_about: str = ""

    left_by: str = "service"
    right_by: str = "channel"
    left_lines: list[CostLine] = []
    right_lines: list[CostLine] = []

    _read_at: float = 0.0

    @loader
    async def load(self) -> None:
        await watch(self, CostsState.on_live, LIVE_KINDS, every=2.0)
        await self._read()

    @handler
    async def on_live(self, note: dict) -> None:
        # The meter follows every answer; a month of a busy business takes longer to count.
        await self._read(whole=monotonic() - self._read_at > WHOLE_READ_SECONDS)

    @handler
    async def set_month(self, month: str) -> None:
        self.month = month if month in [value for value, _ in self.months] else ""
        await self._read()

    @handler
    async def set_left(self, by: str) -> None:
        self.left_by = by if by in LEFT else "service"
        await self._read_breakdowns()

    @handler
    async def set_right(self, by: str) -> None:
        self.right_by = by if by in RIGHT else "channel"
        await self._read_breakdowns()

    def _span(self, today: date) -> tuple[date, date]:
        if not self.month:
            return month_of(today)
        return month_of(date.fromisoformat(self.month + "-01"))

    async def _read(self, whole: bool = True) -> None:
        at = now()
        async with viewer_db(self) as db:
            zone = await load_zone(db)
            today = at.astimezone(zone).date()
            start, end = self._span(today)
            before = month_of(start - timedelta(days=1))
            budget, held = await load_budget(db, at), await list_held(db, at)
            if whole:
                forecast, begun = await forecast_month(db, at), await first_day(db)
                days, earlier = await daily_costs(db, start, end), await daily_costs(db, *before)
                rules, told = await load_rules(db), await list_alerts(db, budget.period_start)
        self._show_meter(budget, held, today)
        if not whole:
            return
        self._read_at = monotonic()
        self.has_lines = begun is not None
        self._show_month(start, today, begun)
        self._show_forecast(forecast, budget)
        self._show_days(days, earlier, forecast if self.is_now else None, today, before[0])
        self._show_alerts(rules, told, forecast, budget, zone, at)
        await self._read_breakdowns()

    async def _read_breakdowns(self) -> None:
        at = now()
        async with viewer_db(self) as db:
            today = at.astimezone(await load_zone(db)).date()
            start, end = self._span(today)
            earlier, _ = month_of(start - timedelta(days=1))
            # A month that runs is compared with as many days of the one before it.
            until = min(end, today + timedelta(days=1))
            since = max(earlier, start - (until - start)) if until < end else earlier
            left = await cost_breakdown(db, start, end, _by(self.left_by), before_start=since, most=SHOWN)
            right = await cost_breakdown(db, start, end, _by(self.right_by), before_start=since, most=SHOWN)
        self.left_lines, self.right_lines = cost_lines(left, self.left_by), cost_lines(right, self.right_by)

    def _show_month(self, start: date, today: date, begun: date | None) -> None:
        self.is_now = start == month_of(today)[0]
        self.month_words = month_name(start)
        self.about = f"{self.month_words}{' so far' if self.is_now else ''}, in US dollars"
        options = []
        shown, oldest = today.replace(day=1), (begun or today).replace(day=1)
        while shown >= oldest and len(options) < MONTHS_BACK:
            options.append(("" if not options else f"{shown:%Y-%m}", month_name(shown)))
            shown = (shown - timedelta(days=1)).replace(day=1)
        self.months = options

    def _show_meter(self, budget: BudgetView, held: list[HeldWork], today: date) -> None:
        limit = budget.limit_nusd
        spent = min(budget.percent, 100.0)
        reserved = 100 * budget.reserved_nusd / limit if limit else 0.0
        self.spent, self.limit = money.show(budget.spent_nusd), money.show(limit)
        self.spent_percent, self.held_percent = f"{spent:.2f}", f"{min(reserved, 100 - spent):.2f}"
        start, end = month_of(today)
        self.percent_words = f"{budget.percent:.0f}%, day {today.day} of {(end - start).days}"
        self.left, self.is_paused = money.show(budget.left_nusd), budget.is_paused
        in_work = budget.reserved_nusd + budget.credit_reserved_nusd
        self.held, self.held_for = cost(in_work), held_words(held)
        self.credit = cost(budget.credit_left_nusd) if budget.credit_total_nusd else ""
        beyond = f" and {money.show(budget.credit_left_nusd)} of credit" if budget.credit_left_nusd else ""
        at_limit = f"Spending stops at {money.show(limit)}{beyond}."
        first = "Paid answers are paused: the budget is used up." if budget.is_paused else at_limit
        self.stops = f"{first} Cached answers, FAQ and passages go on, because they cost nothing."

    def _show_forecast(self, forecast: Forecast, budget: BudgetView) -> None:
        self.likely, self.between = forecast_words(forecast)
        self.how, self.ahead = steadiness(forecast), ahead_words(forecast, budget)
        _, end = month_of(budget.period_start)
        last = end - timedelta(days=1)
        # The words need the room before the first mark at 75 %.
        rest = 100 * (forecast.likely_nusd - budget.spent_nusd) / budget.limit_nusd if budget.limit_nusd else 0.0
        room = 100 - float(self.spent_percent)
        self.likely_percent = f"{min(max(rest, 0.0), room):.2f}" if forecast.is_known else self.held_percent
        self.likely_words = f"likely by {last.day} {last:%B}" if forecast.is_known and rest > 4 and room > 61 else ""

    def _show_days(
        self, days: list[DayCost], earlier: list[DayCost], forecast: Forecast | None, today: date, before: date
    ) -> None:
        drawn = month_chart(days, earlier, forecast if forecast and forecast.is_known else None, f"{before:%B}")
        self.figure, self.series, self.has_other = drawn.figure, drawn.names, drawn.has_other
        self.heads, self.lines, self.sentence = drawn.heads, drawn.lines, drawn.sentence
        self.compared = compared_words(days, earlier, today, f"{before:%B}")
        self.unusual, self.unusual_about = unusual_day(days, today)
        saved, answers = sum(day.saved_nusd for day in days), sum(day.saved_answers for day in days)
        self.saved, self.saved_for = cost(saved), count(answers, "stored answer")
        self.month_total = cost(sum(day.cost_nusd for day in days))

    def _show_alerts(
        self, rules: BudgetRules, told: list[AlertView], forecast: Forecast, budget: BudgetView, zone: ZoneInfo, at: datetime
    ) -> None:
        self.ticks = [(f"{percent}%", f"{percent}%") for percent in rules.alert_percents if percent >= 50]
        self.alerts = alert_lines(rules.alert_percents, rules.alert_emails, told, forecast, budget, zone, at)


def _by(name: str) -> By:
    return typed(By, name)
