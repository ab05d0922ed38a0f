"""Costs as the page shows them: words, widths and days. Nothing in here reads anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import plotly.graph_objs as graph

from omni_app.budgets.alerts import AlertView
from omni_app.budgets.budget import BudgetView
from omni_app.infra import money
from omni_app.insights.costs import CostRow, DayCost, HeldWork, label_of
from omni_app.insights.forecasting import STEADY_DAYS, Forecast
from omni_app.insights.ledger import LedgerRow
from omni_app.ui.components.charts import MOST_SERIES, NumbersLine, stacked_days
from omni_app.ui.words import cost, count, when

_UNITS = {
    "input_token": "tokens in",
    "output_token": "tokens out",
    "token": "tokens",
    "segment": "segments",
    "minute": "minutes",
    "second": "seconds",
    "message": "messages",
    "conversation": "conversations",
    "call": "calls",
    "image": "images",
    "character": "characters",
    "answer": "answers",
    "embedding": "embeddings",
    "analysis": "analyses",
    "mail": "mails",
    "use": "uses",
}

_ONE = {
    "answer": "answer",
    "summary": "summary",
    "warming": "cache warming",
    "embedding": "embedding",
    "translation": "translation",
}
"""One use of a service, where its name is of many."""

UNUSUAL = 2.0
"""A day that cost so many times the usual one is pointed at."""


@dataclass
class CostLine:
    """One line of a breakdown; `width` is its share of the dearest as a CSS width, `place` its colour 1–3 or 0 for grey."""

    key: str
    label: str
    value: str
    note: str
    change: str
    width: str
    place: int
    href: str


@dataclass
class AlertLine:
    title: str
    about: str
    is_told: bool


@dataclass
class LedgerLine:
    id: str
    time: str
    what: str
    units: str
    channel: str
    customer: str
    customer_id: str
    conversation_id: str
    note: str
    state: str
    amount: str
    zeros: str


@dataclass
class MonthChart:
    """`sentence` says what the figure shows; `lines` hold the same numbers under `heads`; `names` are its colours in order."""

    figure: graph.Figure
    names: list[str]
    has_other: bool
    heads: list[str]
    lines: list[NumbersLine]
    sentence: str


def month_name(day: date) -> str:
    return f"{day:%B %Y}"


def day_words(day: date) -> str:
    """ "24 March"."""
    return f"{day.day} {day:%B}"


def unit_words(units: Mapping[str, int]) -> str:
    """ "1,284 tokens in, 212 tokens out"; one of a thing in the singular."""
    parts = []
    for unit, number in units.items():
        name = _UNITS.get(unit, unit.replace("_", " ") + "s")
        if number == 1:
            name = name.replace("tokens", "token") if "token" in name else unit.replace("_", " ")
        parts.append(f"{number:,} {name}")
    return ", ".join(parts)


def ledger_units(units: Mapping[str, int], prices: Mapping[str, int]) -> str:
    """What one line used: "1,284 in, 212 out" for tokens, "2 segments × $0.005" for others."""
    if "reservation" in units:
        return "booked in full"
    if units and all(unit.endswith("token") for unit in units):
        short = {"input_token": "in", "output_token": "out"}
        return ", ".join(f"{number:,} {short.get(unit, 'tokens')}" for unit, number in units.items())
    if len(units) == 1:
        (unit,) = units
        if prices.get(unit):
            return f"{unit_words(units)} × ${money.dollars(int(prices[unit])).normalize():f}"
    return unit_words(units)


def six_decimals(nusd: int) -> tuple[str, str]:
    """A ledger amount in two parts, "$0.00032" and its trailing zeros "0"; at least two decimals are in the first."""
    text = money.show(nusd, 6)
    kept = text.rstrip("0")
    shortest = len(text) - 4
    kept = text[: max(len(kept), shortest)]
    if nusd and kept == text[:shortest] and money.show(nusd, 6) == "$0.000000":
        return "<$0.000001", ""
    return kept, text[len(kept) :]


def change_words(now: int, before: int) -> str:
    """How a cost moved against the stretch before: "+12%", "new"; empty for nothing to compare."""
    if before == 0:
        return "new" if now else ""
    if now == 0:
        return "none now"
    percent = round(100 * (now - before) / before)
    if abs(percent) >= 1000:
        return f"{now / before:,.0f} times"
    return f"{percent:+d}%".replace("-", "−") if percent else "same"


def cost_lines(rows: Sequence[CostRow], by: str) -> list[CostLine]:
    """A breakdown with bars; the dearest fills the width."""
    most = max((row.cost_nusd for row in rows), default=0)
    return [_cost_line(row, by, place, most) for place, row in enumerate(rows) if row.cost_nusd or row.calls or row.before_nusd]


def _cost_line(row: CostRow, by: str, place: int, most: int) -> CostLine:
    if by == "service":
        is_plain = len(row.units) == 1 and not any(unit.endswith("token") or unit == "reservation" for unit in row.units)
        note = unit_words(row.units) if is_plain else count(row.calls, "call")
    elif by == "channel" and row.key and row.conversations:
        note = f"{cost(row.cost_nusd // row.conversations)} a conversation"
    else:
        note = count(row.calls, "call")
    href = ""
    if row.key and by == "customer":
        href = f"/customers/{row.key}"
    elif row.key and by == "conversation" and not row.label.startswith("A conversation since"):
        href = f"/inbox?conversation={row.key}"
    return CostLine(
        key=row.key,
        label=row.label,
        value=cost(row.cost_nusd),
        note=note,
        change=change_words(row.cost_nusd, row.before_nusd),
        width=f"{100 * row.cost_nusd / most:.1f}%" if most else "0%",
        place=place + 1 if by == "service" and place < MOST_SERIES else 0,
        href=href,
    )


def held_words(held: Sequence[HeldWork]) -> str:
    """ "6 answers, 1 other call"; "nothing under way" when nothing is."""
    if not held:
        return "nothing under way"
    answers = sum(work.calls for work in held if work.service == "answer")
    rest = sum(work.calls for work in held) - answers
    parts = [count(answers, "answer")] if answers else []
    parts += [count(rest, "other call")] if rest else []
    return ", ".join(parts)


def forecast_words(forecast: Forecast) -> tuple[str, str]:
    """The likely end and how sure it is: ("$118", "between $109 and $127")."""
    if not forecast.is_known:
        return "–", "Too early to say: it takes three whole days"
    rough = f", rough: {count(forecast.known_days, 'day')} known" if forecast.is_rough else ""
    return cost(forecast.likely_nusd), f"between {cost(forecast.low_nusd)} and {cost(forecast.high_nusd)}{rough}"


def ahead_words(forecast: Forecast, budget: BudgetView) -> str:
    """What the forecast means for the budget; empty when it stays below."""
    if not forecast.is_known or budget.is_paused:
        return ""
    room = budget.limit_nusd + budget.credit_left_nusd
    if (day := forecast.reaches_on(room)) is not None:
        what = "budget and credit" if budget.credit_left_nusd else "budget"
        return f"At this pace the {what} will be used up on {day_words(day)}."
    if budget.credit_left_nusd and (day := forecast.reaches_on(budget.limit_nusd)) is not None:
        return f"At this pace the budget is used up on {day_words(day)}, and the credit goes on from there."
    return ""


def alert_lines(
    percents: Sequence[int],
    emails: Sequence[str],
    told: Sequence[AlertView],
    forecast: Forecast,
    budget: BudgetView,
    zone: ZoneInfo,
    at: datetime,
) -> list[AlertLine]:
    """Each share that is told: to whom, and when it was or likely will be."""
    known = {alert.percent: alert for alert in told if alert.kind == "spent"}
    whom = ", ".join(emails) if emails else "owners and admins"
    lines = []
    for percent in [*percents, 100]:
        then = ": the credit goes on" if budget.credit_left_nusd else ": paid answers pause"
        title = f"{percent}% of budget" + (then if percent == 100 else "")
        if percent in known:
            lines.append(AlertLine(title, f"Reached {when(known[percent].created_at, zone, at)}. Mail to {whom}.", True))
            continue
        day = forecast.reaches_on(budget.limit_nusd * percent // 100) if forecast.is_known else None
        likely = f" Likely {day_words(day)}." if day is not None else ""
        lines.append(AlertLine(title, f"Mail to {whom}.{likely}", False))
    return lines


def unusual_day(days: Sequence[DayCost], today: date) -> tuple[str, str]:
    """The latest day that cost more than twice the usual one: (title, what it went to), or two empty texts."""
    past = [day for day in days if day.day <= today and day.cost_nusd]
    if len(past) < 5:
        return "", ""
    for day in reversed(past[-7:]):
        others = [other.cost_nusd for other in past if other.day != day.day]
        usual = sum(others) / len(others)
        if day.cost_nusd > UNUSUAL * usual:
            service = max(day.services, key=lambda name: day.services[name])
            title = f"{day.day:%A} {day_words(day.day)} cost {cost(day.cost_nusd)}"
            return title, f"A usual day costs {cost(round(usual))}. Most of it: {label_of('service', service)}."
    return "", ""


def month_chart(days: Sequence[DayCost], before: Sequence[DayCost], forecast: Forecast | None, name_before: str) -> MonthChart:
    """Each day of a month by its three dearest services, what is expected of the rest, and the month before as a line."""
    totals: dict[str, int] = {}
    for day in days:
        for service, amount in day.services.items():
            totals[service] = totals.get(service, 0) + amount
    top = sorted((name for name in totals if totals[name]), key=lambda name: (-totals[name], name))[:MOST_SERIES]
    series = {label_of("service", name): [float(money.dollars(day.services.get(name, 0))) for day in days] for name in top}
    rest = [day.cost_nusd - sum(day.services.get(name, 0) for name in top) for day in days]
    expected = {entry.day: float(money.dollars(entry.likely_nusd)) for entry in forecast.days} if forecast else {}
    earlier: list[float | None] = [
        float(money.dollars(before[place].cost_nusd)) if place < len(before) else None for place in range(len(days))
    ]
    figure = stacked_days(
        [day.day for day in days],
        series,
        other=[float(money.dollars(amount)) for amount in rest],
        expected=expected,
        before=earlier if any(day.cost_nusd for day in before) else None,
        before_name=name_before,
    )
    names = [label_of("service", name) for name in top]
    heads = [*names, *(["Other"] if any(rest) else []), "All", "Saved", name_before]
    lines = [
        NumbersLine(
            day_words(day.day),
            [
                *(cost(day.services.get(name, 0)) for name in top),
                *([cost(rest[place])] if any(rest) else []),
                cost(day.cost_nusd),
                cost(day.saved_nusd),
                cost(before[place].cost_nusd) if place < len(before) else "",
            ],
        )
        for place, day in enumerate(days)
    ]
    return MonthChart(figure, names, any(rest), heads, lines, _chart_sentence(days, forecast))


def _chart_sentence(days: Sequence[DayCost], forecast: Forecast | None) -> str:
    total = sum(day.cost_nusd for day in days)
    if not total:
        return "Nothing was spent in these days."
    most = max(days, key=lambda day: day.cost_nusd)
    ahead = ", and what is expected of the days to come" if forecast and forecast.days else ""
    return f"Spend per day by service: {cost(total)} in all, most on {day_words(most.day)}: {cost(most.cost_nusd)}{ahead}."


def compared_words(days: Sequence[DayCost], before: Sequence[DayCost], today: date, name_before: str) -> str:
    """The month so far against the same days of the month before; empty when there was nothing then."""
    so_far = [day for day in days if day.day <= today]
    then = sum(day.cost_nusd for day in before[: len(so_far)])
    now = sum(day.cost_nusd for day in so_far)
    if not then:
        return ""
    return f"{change_words(now, then)} on the first {count(len(so_far), 'day')} of {name_before}: {cost(then)}"


def ledger_line(row: LedgerRow, zone: ZoneInfo, at: datetime) -> LedgerLine:
    local = row.created_at.astimezone(zone)
    time = f"{local:%H:%M:%S}" if local.date() == at.astimezone(zone).date() else f"{local.day} {local:%b %H:%M}"
    kept, zeros = six_decimals(row.cost_nusd)
    service = _ONE.get(row.service) or label_of("service", row.service)
    name = row.model if row.model not in ("", "*") else row.provider
    return LedgerLine(
        id=str(row.id),
        time=time,
        what=service[:1].upper() + service[1:] if name in ("", row.service) else f"{name}, {service}",
        units=ledger_units(row.units, row.unit_prices),
        channel=row.channel or "",
        customer=(row.customer.strip() or f"Visitor {row.customer_id.hex[-4:]}") if row.customer_id else "",
        customer_id=str(row.customer_id or ""),
        conversation_id=str(row.conversation_id or ""),
        note=row.note,
        state="Unknown outcome" if row.note == "abandoned" else "Settled" if row.cost_nusd else "Free",
        amount=kept,
        zeros=zeros,
    )


def steadiness(forecast: Forecast) -> str:
    """How the forecast is made, for the hint beside it."""
    if not forecast.is_known:
        return "After three whole days Omni says where the month will end."
    weeks = (
        "each weekday seen twice or more" if forecast.known_days >= STEADY_DAYS else "fewer than two weeks, so take it as rough"
    )
    return f"From {count(forecast.known_days, 'day')} ({weeks}): level, trend and weekdays. Four months in five end in the range."
