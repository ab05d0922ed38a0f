"""/api/cache and /api/analytics/cache: stored answers, what they save, and warming them."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from omni_app.api.access import IdempotencyKey, KeyScope
from omni_app.api.envelope import Success, described, fresh, ok
from omni_app.api.idempotency import run_once
from omni_app.api.routes.parameters import Time
from omni_app.cache.rules import load_cache_rules
from omni_app.cache.stored import clear
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.scope import Permission
from omni_app.insights.cache_figures import CacheReport, KindFigures, load_cache_report
from omni_app.insights.periods import period_of
from omni_app.orchestrator.warming import MAX_LIMIT_NUSD, WarmingView, find_last_warming, start_warming
from omni_app.tenancy.businesses import load_business

router = APIRouter(tags=["Cache"])

_RUN: dict[str, Any] = {
    "id": "0199a3c2-9000-7c55-9d0f-3a4b5c6d7e8f",
    "status": "running",
    "wanted": 120,
    "done": 18,
    "stored": 17,
    "cost_nusd": 4_100_000,
    "limit_nusd": 50_000_000,
    "problem": "",
    "created_at": "2026-03-01T09:00:00+00:00",
    "finished_at": None,
}
_ENTRIES = [{"kind": "asked", "entries": 412, "of_today": 31, "of_this_week": 300, "older": 81, "cost_nusd": 96_000_000}]
_STATS: dict[str, Any] = {
    "is_on": True,
    "mode": "learned",
    "stored": 412,
    "entries": _ENTRIES,
    "hit_rate": 0.64,
    "saved_nusd": 1_250_000_000,
    "last_warming": _RUN,
}
_TIER: dict[str, Any] = {
    "kind": "semantic",
    "answers": 280,
    "rate": 0.23,
    "cost_nusd": 0,
    "saved_nusd": 61_000_000,
    "wrong": 1,
    "p50_ms": 9.4,
    "p95_ms": 21.0,
}
_FIGURES: dict[str, Any] = {
    "period": "week",
    "answers": 1_204,
    "hits": 771,
    "hit_rate": 0.64,
    "tiers": [_TIER],
    "saved_nusd": 1_250_000_000,
    "spent_nusd": 400_000_000,
    "saved_rate": 0.76,
    "faq_and_document_answers": 90,
    "faq_and_document_value_nusd": 20_000_000,
    "average_model_answer_nusd": 222_000,
    "wrong_reported": 1,
    "wrong_estimated": 3.4,
    "days": [{"day": "2026-03-01", "answers": {"l1": 80, "semantic": 41, "model": 60}, "saved_nusd": 26_000_000}],
    "entries": _ENTRIES,
}


class EntriesData(BaseModel):
    """Stored answers of one kind (asked, warmed, faq, same) by age: of today, up to seven days, older."""

    kind: str
    entries: int
    of_today: int
    of_this_week: int
    older: int
    cost_nusd: int


class WarmingData(BaseModel):
    """One warming run: `done` of `wanted` questions asked; `status` running, done or stopped (`problem` says why)."""

    id: UUID
    status: str
    wanted: int
    done: int
    stored: int
    cost_nusd: int
    limit_nusd: int
    problem: str
    created_at: Time
    finished_at: Time | None


class StatsData(BaseModel):
    """The cache as it is now; `hit_rate` (0–1) and `saved_nusd` of the last seven days."""

    is_on: bool
    mode: str
    stored: int
    entries: list[EntriesData]
    hit_rate: float | None
    saved_nusd: int
    last_warming: WarmingData | None


class TierData(BaseModel):
    """Answers of one kind: l1, l2, l3 (word for word), semantic, faq, passage, model, unsure. Times in milliseconds."""

    kind: str
    answers: int
    rate: float | None
    cost_nusd: int
    saved_nusd: int
    wrong: int
    p50_ms: float | None
    p95_ms: float | None


class DayData(BaseModel):
    day: date
    answers: dict[str, int]
    saved_nusd: int


class FiguresData(BaseModel):
    """A period. `hit_rate` is over all answers a cache could have given.

    `saved_nusd` is what the served answers cost to make; `faq_and_document_value_nusd` values the business's own answers at the
    average model answer and is 0 without a model. `wrong_reported` cached answers were marked wrong by staff, `wrong_estimated`
    is the sum of 1 − probability over semantic hits.
    """

    period: str
    answers: int
    hits: int
    hit_rate: float | None
    tiers: list[TierData]
    saved_nusd: int
    spent_nusd: int
    saved_rate: float | None
    faq_and_document_answers: int
    faq_and_document_value_nusd: int
    average_model_answer_nusd: int | None
    wrong_reported: int
    wrong_estimated: float | None
    days: list[DayData]
    entries: list[EntriesData]


class WarmBody(BaseModel):
    """What the run may cost at most, in nano-dollars ($0.05 is 50,000,000)."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"limit_nusd": 50_000_000}]})
    limit_nusd: Annotated[int, Field(strict=True, ge=0, le=MAX_LIMIT_NUSD)]


class Cleared(BaseModel):
    removed: int


def _run(view: WarmingView) -> dict[str, Any]:
    return {
        "id": str(view.id),
        "status": view.status,
        "wanted": view.wanted,
        "done": view.done,
        "stored": view.stored,
        "cost_nusd": view.cost_nusd,
        "limit_nusd": view.limit_nusd,
        "problem": view.problem,
        "created_at": view.created_at.isoformat(),
        "finished_at": view.finished_at.isoformat() if view.finished_at else None,
    }


def _entries(report: CacheReport) -> list[dict[str, Any]]:
    return [
        {
            "kind": one.kind,
            "entries": one.entries,
            "of_today": one.of_today,
            "of_this_week": one.of_this_week,
            "older": one.older,
            "cost_nusd": one.cost_nusd,
        }
        for one in report.entries
    ]


def _tier(one: KindFigures, answers: int) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "answers": one.answers,
        "rate": round(one.answers / answers, 4) if answers else None,
        "cost_nusd": one.cost_nusd,
        "saved_nusd": one.saved_nusd,
        "wrong": one.wrong,
        "p50_ms": _rounded(one.p50_ms, 2),
        "p95_ms": _rounded(one.p95_ms, 2),
    }


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(value, digits)


@router.get(
    "/api/cache/stats",
    summary="Read the state of the cache",
    response_model=Success[StatsData],
    responses=described(_STATS, read=True),
)
async def stats(request: Request, scope: KeyScope) -> Response:
    """What is stored, whether it is served, what it saved in seven days, and the last warming run."""
    async with open_db(scope) as db:
        rules = await load_cache_rules(db)
        report = await load_cache_report(db, period_of("week", (await load_business(db)).timezone, now()))
        run = await find_last_warming(db)
    data = {
        "is_on": rules.is_on,
        "mode": rules.mode,
        "stored": report.stored,
        "entries": _entries(report),
        "hit_rate": _rounded(report.hit_rate),
        "saved_nusd": report.saved_nusd,
        "last_warming": None if run is None else _run(run),
    }
    return fresh(request, data)


@router.get(
    "/api/analytics/cache",
    summary="Read the cache's figures",
    response_model=Success[FiguresData],
    responses=described(_FIGURES, read=True),
)
async def figures(request: Request, scope: KeyScope, period: Literal["today", "week", "month"] = "week") -> Response:
    """Hits by tier, times, false hits, and what was saved: today, 7 or 30 days, in the business's time zone."""
    async with open_db(scope) as db:
        report = await load_cache_report(db, period_of(period, (await load_business(db)).timezone, now()))
    data = {
        "period": period,
        "answers": report.answers,
        "hits": report.hits,
        "hit_rate": _rounded(report.hit_rate),
        "tiers": [_tier(one, report.answers) for one in report.kinds],
        "saved_nusd": report.saved_nusd,
        "spent_nusd": report.spent_nusd,
        "saved_rate": _rounded(report.saved_rate),
        "faq_and_document_answers": report.spared,
        "faq_and_document_value_nusd": report.spared_nusd,
        "average_model_answer_nusd": report.average_nusd,
        "wrong_reported": report.wrong_reported,
        "wrong_estimated": _rounded(report.wrong_estimated, 2),
        "days": [{"day": day.day.isoformat(), "answers": dict(day.answers), "saved_nusd": day.saved_nusd} for day in report.days],
        "entries": _entries(report),
    }
    return fresh(request, data)


@router.post(
    "/api/cache/warm",
    summary="Warm the cache",
    status_code=202,
    response_model=Success[WarmingData],
    responses=described(_RUN, 400, 409, 413, status=202),
)
async def warm(body: WarmBody, scope: KeyScope, idempotency_key: IdempotencyKey = None) -> JSONResponse:
    """Ask the model the commonest questions ahead, for at most `limit_nusd`. One run at a time; a worker does it."""
    scope.require(Permission.ADMINISTER)

    async def work() -> JSONResponse:
        return ok(_run(await start_warming(scope, body.limit_nusd)), 202)

    return await run_once(scope, idempotency_key, ["cache.warm", body.model_dump(mode="json")], work)


@router.delete(
    "/api/cache",
    summary="Clear the cache",
    response_model=Success[Cleared],
    responses=described({"removed": 412}),
)
async def remove(
    scope: KeyScope,
    pattern: Annotated[
        str | None,
        Query(max_length=200, description="Only questions that fit it; `*` stands for anything, without one anywhere in it"),
    ] = None,
) -> JSONResponse:
    """Remove stored answers from every tier, all or those whose question fits `pattern`."""
    async with open_db(scope) as db:
        removed = await clear(db, pattern=pattern)
    return ok({"removed": removed})
