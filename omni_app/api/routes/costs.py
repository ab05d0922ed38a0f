"""What was spent: /api/business/costs, /api/business/ledger, /api/analytics/costs, and the ledger as a file for the pages."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from omni_app.api.access import KeyScope
from omni_app.api.envelope import Success, described, fresh, paged
from omni_app.api.routes.parameters import Limit, PageNumber, Search, Time
from omni_app.budgets.budget import load_budget
from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db
from omni_app.infra.errors import Invalid
from omni_app.infra.scope import Permission
from omni_app.insights.costs import (
    CostRow,
    check_span,
    cost_breakdown,
    daily_costs,
    forecast_month,
    list_held,
    load_zone,
    month_of,
)
from omni_app.insights.forecasting import Forecast
from omni_app.insights.ledger import LedgerFilter, LedgerRow, list_ledger, stream_csv
from omni_app.insights.ledger_links import open_export

router = APIRouter()

_FORECAST: dict[str, Any] = {
    "low_nusd": 109_000_000_000,
    "likely_nusd": 118_000_000_000,
    "high_nusd": 127_000_000_000,
    "known_days": 41,
}
_NOW: dict[str, Any] = {
    "month": "2026-03-01",
    "limit_nusd": 120_000_000_000,
    "spent_nusd": 46_180_000_000,
    "reserved_nusd": 420_000_000,
    "left_nusd": 73_400_000_000,
    "excess_nusd": 0,
    "percent": 38.48,
    "is_paused": False,
    "credit_total_nusd": 50_000_000_000,
    "credit_left_nusd": 50_000_000_000,
    "today_nusd": 3_880_000_000,
    "today_calls": 214,
    "saved_nusd": 20_950_000_000,
    "saved_answers": 3080,
    "held": [{"service": "answer", "calls": 6, "amount_nusd": 420_000_000}],
    "forecast": _FORECAST,
}
_BREAKDOWN: dict[str, Any] = {
    "from": "2026-03-01",
    "to": "2026-03-31",
    "group_by": "service",
    "total_nusd": 46_180_000_000,
    "before_nusd": 41_020_000_000,
    "calls": 5200,
    "saved_nusd": 20_950_000_000,
    "rows": [
        {
            "key": "sms",
            "label": "SMS",
            "calls": 2470,
            "cost_nusd": 12_350_000_000,
            "before_nusd": 11_020_000_000,
            "conversations": 0,
            "units": {"segment": 2470},
        }
    ],
}
_LINE: dict[str, Any] = {
    "id": "0199a3c2-8000-7c55-9d0f-3a4b5c6d7e8f",
    "created_at": "2026-03-12T17:17:26+00:00",
    "service": "answer",
    "provider": "openai",
    "model": "gpt-4o",
    "units": {"input_token": 1906, "output_token": 341},
    "unit_prices": {"input_token": 2500, "output_token": 10000},
    "cost_nusd": 8_175_000,
    "channel": "whatsapp",
    "customer_id": "0199a3c2-9000-7c55-9d0f-3a4b5c6d7e8f",
    "customer": "Sofia Marin",
    "conversation_id": "0199a3c2-a000-7c55-9d0f-3a4b5c6d7e8f",
    "campaign_id": None,
    "note": "",
}


class ForecastData(BaseModel):
    """Four months in five end between low and high; `known_days` whole days it rests on. Null with fewer than three."""

    low_nusd: int
    likely_nusd: int
    high_nusd: int
    known_days: int


class HeldData(BaseModel):
    """Calls of one service that are under way."""

    service: str
    calls: int
    amount_nusd: int


class CostsNowData(BaseModel):
    """The month that runs, in nano-dollars. `saved_*`: what stored answers made unnecessary in it."""

    month: date
    limit_nusd: int
    spent_nusd: int
    reserved_nusd: int
    left_nusd: int
    excess_nusd: int
    percent: float
    is_paused: bool
    credit_total_nusd: int
    credit_left_nusd: int
    today_nusd: int
    today_calls: int
    saved_nusd: int
    saved_answers: int
    held: list[HeldData]
    forecast: ForecastData | None


class CostRowData(BaseModel):
    """One line. `key` empty where the ledger names none; `before_nusd` is the same in as many days before."""

    key: str
    label: str
    calls: int
    cost_nusd: int
    before_nusd: int
    conversations: int
    units: dict[str, int]


class BreakdownData(BaseModel):
    """`from` and `to` are days of the business, both included."""

    first: date = Field(alias="from")
    to: date
    group_by: str
    total_nusd: int
    before_nusd: int
    calls: int
    saved_nusd: int
    rows: list[CostRowData]


class LedgerLineData(BaseModel):
    """One use of a service; `unit_prices` in nano-dollars a unit."""

    id: UUID
    created_at: Time
    service: str
    provider: str
    model: str
    units: dict[str, int]
    unit_prices: dict[str, int]
    cost_nusd: int
    channel: str | None
    customer_id: UUID | None
    customer: str
    conversation_id: UUID | None
    campaign_id: UUID | None
    note: str


def _forecast(forecast: Forecast) -> dict[str, Any] | None:
    if not forecast.is_known:
        return None
    return {
        "low_nusd": forecast.low_nusd,
        "likely_nusd": forecast.likely_nusd,
        "high_nusd": forecast.high_nusd,
        "known_days": forecast.known_days,
    }


@router.get(
    "/api/business/costs",
    tags=["Business"],
    summary="Costs of the month that runs",
    response_model=Success[CostsNowData],
    responses=described(_NOW, read=True),
)
async def costs_now(request: Request, scope: KeyScope) -> Response:
    """Spent, held, left, credit, today and where the month will likely end, as of now."""
    scope.require(Permission.VIEW)
    at = now()
    async with open_db(scope) as db:
        today = at.astimezone(await load_zone(db)).date()
        budget, held, forecast = await load_budget(db, at), await list_held(db, at), await forecast_month(db, at)
        days = await daily_costs(db, today.replace(day=1), today + timedelta(days=1))
    data = {
        "month": budget.period_start.isoformat(),
        "limit_nusd": budget.limit_nusd,
        "spent_nusd": budget.spent_nusd,
        "reserved_nusd": budget.reserved_nusd,
        "left_nusd": budget.left_nusd,
        "excess_nusd": budget.excess_nusd,
        "percent": round(budget.percent, 2),
        "is_paused": budget.is_paused,
        "credit_total_nusd": budget.credit_total_nusd,
        "credit_left_nusd": budget.credit_left_nusd,
        "today_nusd": days[-1].cost_nusd,
        "today_calls": days[-1].calls,
        "saved_nusd": sum(day.saved_nusd for day in days),
        "saved_answers": sum(day.saved_answers for day in days),
        "held": [{"service": work.service, "calls": work.calls, "amount_nusd": work.amount_nusd} for work in held],
        "forecast": _forecast(forecast),
    }
    return fresh(request, data)


Day = Annotated[date | None, Query(description="A day where the business is, like 2026-03-01")]


async def _span(db: Db, since: date | None, until: date | None) -> tuple[date, date]:
    """First day and the day after the last; this month when nothing is named. Raises `Invalid`."""
    for day, name in ((since, "from"), (until, "to")):
        if day is not None and not 2000 <= day.year <= 2200:
            raise Invalid("Choose a day from 2000 to 2200.", field=name)
    today = now().astimezone(await load_zone(db)).date()
    if since is None and until is None:
        return month_of(today)
    first = since or month_of(until or today)[0]
    last = until or max(today, first)
    check_span(first, last + timedelta(days=1))
    return first, last + timedelta(days=1)


@router.get(
    "/api/analytics/costs",
    tags=["Analytics"],
    summary="Costs by service, channel, model, customer, conversation or day",
    response_model=Success[BreakdownData],
    responses=described(_BREAKDOWN, read=True),
)
async def breakdown(
    request: Request,
    scope: KeyScope,
    group_by: Literal["service", "channel", "model", "customer", "conversation", "day"] = "service",
    since: Annotated[Day, Query(alias="from")] = None,
    until: Annotated[Day, Query(alias="to")] = None,
    limit: Limit = 50,
) -> Response:
    """What these days cost, the dearest first (all days, in order), beside as many days before. Without days: this month."""
    scope.require(Permission.VIEW)
    async with open_db(scope) as db:
        start, end = await _span(db, since, until)
        before = start - (end - start)
        rows = await cost_breakdown(db, start, end, group_by, before_start=before, most=limit)
        whole = await cost_breakdown(db, start, end, "channel", before_start=before)
        days = await daily_costs(db, start, end)
    if group_by == "day":
        rows = [row for row in rows if row.key >= start.isoformat()]
    data = {
        "from": start.isoformat(),
        "to": (end - timedelta(days=1)).isoformat(),
        "group_by": group_by,
        "total_nusd": sum(row.cost_nusd for row in whole),
        "before_nusd": sum(row.before_nusd for row in whole),
        "calls": sum(row.calls for row in whole),
        "saved_nusd": sum(day.saved_nusd for day in days),
        "rows": [_row(row) for row in rows],
    }
    return fresh(request, data)


def _row(row: CostRow) -> dict[str, Any]:
    return {
        "key": row.key,
        "label": row.label,
        "calls": row.calls,
        "cost_nusd": row.cost_nusd,
        "before_nusd": row.before_nusd,
        "conversations": row.conversations,
        "units": dict(row.units),
    }


@router.get(
    "/api/business/ledger",
    tags=["Business"],
    summary="Every charge",
    response_model=Success[list[LedgerLineData]],
    responses=described([_LINE], pages=True, read=True),
)
async def ledger(
    request: Request,
    scope: KeyScope,
    page: PageNumber = 1,
    limit: Limit = 25,
    service: Annotated[str, Query(max_length=100)] = "",
    channel: Annotated[str, Query(max_length=100, description="A channel, or none")] = "",
    model: Annotated[str, Query(max_length=100)] = "",
    customer_id: UUID | None = None,
    conversation_id: UUID | None = None,
    since: Annotated[Day, Query(alias="from")] = None,
    until: Annotated[Day, Query(alias="to")] = None,
    min_cost_nusd: Annotated[int, Query(ge=0, le=10**15, description="Nano-dollars a line")] = 0,
    search: Search = "",
) -> Response:
    """One page of the ledger, newest first."""
    wanted = LedgerFilter(
        service=service,
        channel=channel,
        model=model,
        customer_id=customer_id,
        conversation_id=conversation_id,
        since=since,
        until=until,
        least_nusd=min_cost_nusd,
        search=search,
    )
    for day, name in ((since, "from"), (until, "to")):
        if day is not None and not 2000 <= day.year <= 2200:
            raise Invalid("Choose a day from 2000 to 2200.", field=name)
    async with open_db(scope) as db:
        rows, total = await list_ledger(db, wanted, page, limit)
    return fresh(request, [_line(row) for row in rows], paged(page, limit, total))


def _line(row: LedgerRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "created_at": row.created_at.isoformat(),
        "service": row.service,
        "provider": row.provider,
        "model": row.model,
        "units": row.units,
        "unit_prices": row.unit_prices,
        "cost_nusd": row.cost_nusd,
        "channel": row.channel,
        "customer_id": str(row.customer_id) if row.customer_id else None,
        "customer": row.customer,
        "conversation_id": str(row.conversation_id) if row.conversation_id else None,
        "campaign_id": str(row.campaign_id) if row.campaign_id else None,
        "note": row.note,
    }


@router.get("/exports/ledger/{token}", summary="The ledger as CSV, by a link of the page", include_in_schema=False)
async def export(token: str) -> Response:
    """The lines a signed link names, streamed. Raises `Forbidden` for a link that is too old or not ours."""
    scope, wanted = open_export(token)
    pieces = stream_csv(scope, wanted)
    # The first piece is made here, so what is wrong is answered as an error and not as a broken file.
    first = await anext(pieces)

    async def body() -> Any:
        yield first
        async for piece in pieces:
            yield piece

    name = f"ledger-{now():%Y-%m-%d}.csv"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    return StreamingResponse(body(), media_type="text/csv; charset=utf-8", headers=headers)
