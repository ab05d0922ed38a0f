"""The figures of one report, gathered from the ledger, the receipts, the messages and the budget."""

from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import text

from omni_app.budgets.budget import BudgetView, load_budget
from omni_app.infra.database import Db
from omni_app.infra.scope import Permission
from omni_app.insights.costs import CostRow, DayCost, cost_breakdown, daily_costs, forecast_month
from omni_app.insights.forecasting import Forecast
from omni_app.insights.overview import PeriodReport, load_report
from omni_app.insights.periods import Period, zone_of
from omni_app.insights.report_periods import Span, begins
from omni_app.tenancy.businesses import load_business

TOP_CUSTOMERS = 5

_REFUSED = text(
    """
    select (select coalesce(sum(count), 0) from limit_refusals where hour_at >= :since and hour_at < :until) as refused,
      (select count(*) from abuse_events where created_at >= :since and created_at < :until) as abuse
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFigures:
    """One stretch of one business. Amounts in nano-dollars, days as the business counts them.

    `days` holds each day of the stretch, `days_before` those of the stretch it is compared with. `talks` counts conversations and
    answers by source in both. `budget` is that of the month the stretch ends in, as it stands now; `forecast` is None unless that
    month goes on after the stretch. `customers` (monthly only) carry initials instead of names: a report leaves by e-mail.
    """

    span: Span
    business_name: str
    services: tuple[CostRow, ...]
    channels: tuple[CostRow, ...]
    days: tuple[DayCost, ...]
    days_before: tuple[DayCost, ...]
    talks: PeriodReport
    budget: BudgetView
    forecast: Forecast | None
    customers: tuple[CostRow, ...] = ()
    refused: int = 0
    abuse: int = 0

    @property
    def cost_nusd(self) -> int:
        return sum(day.cost_nusd for day in self.days)

    @property
    def before_nusd(self) -> int:
        return sum(day.cost_nusd for day in self.days_before)

    @property
    def calls(self) -> int:
        return sum(day.calls for day in self.days)

    @property
    def saved_nusd(self) -> int:
        """What stored answers made unnecessary to pay."""
        return sum(day.saved_nusd for day in self.days)

    @property
    def saved_answers(self) -> int:
        return sum(day.saved_answers for day in self.days)

    @property
    def answers(self) -> dict[str, int]:
        """Kind of `overview.Answers` -> how many of them."""
        found: dict[str, int] = {}
        for part in self.talks.answers:
            found[part.kind] = found.get(part.kind, 0) + part.answers
        return found

    @property
    def is_empty(self) -> bool:
        """Nothing was asked, answered or spent."""
        return not (self.calls or self.answers or self.talks.now.conversations)


async def gather(db: Db, span: Span) -> ReportFigures:
    """Read everything a report of `span` says. Raises `Forbidden`, and `NotFound` for a business that is gone."""
    db.scope.require(Permission.VIEW)
    business = await load_business(db)
    zone = zone_of(business.timezone)
    start, until, before = begins(span.start, zone), begins(span.end, zone), begins(span.before_start, zone)
    period = Period(
        name="today" if span.kind == "daily" else "month",
        start=start,
        until=until,
        before_start=before,
        before_until=start,
        zone=zone,
    )
    days = await daily_costs(db, span.before_start, span.end)
    is_monthly = span.kind == "monthly"
    goes_on = span.last.month == span.end.month
    refused = (await db.execute(_REFUSED, {"since": start, "until": until})).one() if is_monthly else None
    return ReportFigures(
        span=span,
        business_name=business.name,
        services=tuple(await cost_breakdown(db, span.start, span.end, "service", before_start=span.before_start)),
        channels=tuple(await cost_breakdown(db, span.start, span.end, "channel", before_start=span.before_start)),
        days=tuple(day for day in days if day.day >= span.start),
        days_before=tuple(day for day in days if day.day < span.start),
        talks=await load_report(db, period),
        budget=await load_budget(db, until - timedelta(microseconds=1)),
        forecast=await forecast_month(db, until) if goes_on else None,
        customers=await _dearest(db, span) if is_monthly else (),
        refused=int(refused.refused) if refused else 0,
        abuse=int(refused.abuse) if refused else 0,
    )


async def _dearest(db: Db, span: Span) -> tuple[CostRow, ...]:
    rows = await cost_breakdown(db, span.start, span.end, "customer", before_start=span.before_start, most=TOP_CUSTOMERS + 1)
    paid = [row for row in rows if row.key and row.cost_nusd > 0][:TOP_CUSTOMERS]
    return tuple(replace(row, label=initials(row.label, row.key)) for row in paid)


def initials(name: str, key: str) -> str:
    """ "Sofia Marin" -> "S. M."; a visitor known by the end of their id alone stays so; anything else is "A customer"."""
    if name == f"Visitor {key[-4:]}":
        return name
    words = [word for word in name.split() if word[0].isalpha()]
    return " ".join(f"{word[0].upper()}." for word in (*words[:1], *words[1:][-1:])) or "A customer"
