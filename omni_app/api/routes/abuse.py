"""/api/abuse and /api/analytics/abuse: what looked like abuse, what limits refused, and the judgement of staff."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from omni_app.api.access import IdempotencyKey, KeyScope
from omni_app.api.envelope import Success, described, fresh, ok, paged
from omni_app.api.idempotency import run_once
from omni_app.api.routes.parameters import Limit, PageNumber, Time
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.errors import Invalid
from omni_app.limits import abuse
from omni_app.limits.abuse import AbuseFigures, AbuseFilter, AbuseView
from omni_app.limits.refusals import RefusalFigures, refusal_figures

router = APIRouter(tags=["Abuse"])

USUAL_PERIOD = timedelta(days=30)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Kind = Literal["rapid_fire", "gibberish", "repetition", "known_abuser", "bad_address"]
Action = Literal["noted", "throttled", "blocked"]
_Since = Annotated[datetime | None, Query(description="From this moment; 30 days ago unless said. Without a time zone it is UTC")]
_Until = Annotated[datetime | None, Query(description="Before this moment; now unless said")]


class AbuseEventData(BaseModel):
    """One sign of abuse. `score`: how far beyond the threshold, 0–1. `restriction` is how the customer is held back now."""

    id: UUID
    customer_id: UUID
    customer_name: str
    conversation_id: UUID | None
    channel: str
    kind: Kind
    action: Action
    score: float
    evidence: dict[str, Any]
    until: Time | None
    verdict: Literal["", "right", "wrong"]
    reviewed_by: str
    reviewed_at: Time | None
    created_at: Time
    trust: int
    restriction: Literal["", "throttled", "blocked"]
    restricted_until: Time | None


class DayData(BaseModel):
    day: Annotated[str, Field(json_schema_extra={"format": "date"})]
    events: int


class SubjectData(BaseModel):
    """A customer with many signs of abuse."""

    customer_id: UUID
    name: str
    events: int
    last_at: Time
    trust: int
    restriction: Literal["", "throttled", "blocked"]


class RefusedData(BaseModel):
    """How often one limit refused, and how many different subjects."""

    limit: str
    refused: int
    subjects: int


class AbuseFiguresData(BaseModel):
    """Signs of a period by kind, by what followed and by day of the business; `wrong` of `judged` were false alarms.

    `restricted` customers are held back at this moment. `refused` counts what limits turned away in the period.
    """

    since: Time
    until: Time
    events: int
    customers: int
    judged: int
    wrong: int
    restricted: int
    by_kind: dict[str, int]
    by_action: dict[str, int]
    by_day: list[DayData]
    top_customers: list[SubjectData]
    refused: int
    refused_by_limit: list[RefusedData]


class ReviewBody(BaseModel):
    """`wrong` lifts what followed and gives the trust back."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"verdict": "wrong"}]}, extra="forbid")

    verdict: Literal["right", "wrong"]


_ID = "0199a3c2-7b1e-7c55-9d0f-3a4b5c6d7e8f"
_EVENT: dict[str, Any] = {
    "id": _ID,
    "customer_id": "0199a3c2-6a0d-7b44-8c9e-2f3a4b5c6d7e",
    "customer_name": "Sofia Marin",
    "conversation_id": "0199a3c2-5c9c-7a33-9b8d-1e2f3a4b5c6d",
    "channel": "chat",
    "kind": "rapid_fire",
    "action": "throttled",
    "score": 0.4,
    "evidence": {"messages": 7, "seconds": 10, "most": 5},
    "until": "2026-03-14T10:10:00+00:00",
    "verdict": "",
    "reviewed_by": "",
    "reviewed_at": None,
    "created_at": "2026-03-14T10:00:00+00:00",
    "trust": 15,
    "restriction": "throttled",
    "restricted_until": "2026-03-14T10:10:00+00:00",
}
_FIGURES: dict[str, Any] = {
    "since": "2026-03-01T00:00:00+00:00",
    "until": "2026-03-31T00:00:00+00:00",
    "events": 12,
    "customers": 4,
    "judged": 3,
    "wrong": 1,
    "restricted": 1,
    "by_kind": {"rapid_fire": 9, "gibberish": 3},
    "by_action": {"noted": 7, "throttled": 4, "blocked": 1},
    "by_day": [{"day": "2026-03-14", "events": 12}],
    "top_customers": [
        {
            "customer_id": _EVENT["customer_id"],
            "name": "Sofia Marin",
            "events": 7,
            "last_at": "2026-03-14T10:00:00+00:00",
            "trust": 15,
            "restriction": "throttled",
        }
    ],
    "refused": 31,
    "refused_by_limit": [{"limit": "messages", "refused": 31, "subjects": 2}],
}


@router.get(
    "/api/analytics/abuse",
    summary="Figures of abuse",
    response_model=Success[AbuseFiguresData],
    responses=described(_FIGURES, read=True),
)
async def figures(request: Request, scope: KeyScope, since: _Since = None, until: _Until = None) -> Response:
    """Signs of abuse and refusals of a period, the last 30 days unless said."""
    start, end = _period(since, until)
    async with open_db(scope) as db:
        seen = await abuse.figures(db, start, end)
        refused = await refusal_figures(db, start)
    return fresh(request, _figures_json(seen, refused, start, end))


@router.get(
    "/api/abuse/events",
    summary="List signs of abuse",
    response_model=Success[list[AbuseEventData]],
    responses=described([_EVENT], pages=True, read=True),
)
async def events(
    request: Request,
    scope: KeyScope,
    page: PageNumber = 1,
    limit: Limit = 25,
    kind: Kind | None = None,
    action: Action | None = None,
    state: Annotated[
        Literal["open", "right", "wrong", "restricted"] | None,
        Query(description="Not judged yet, judged right or wrong, or holding somebody back now"),
    ] = None,
    customer_id: UUID | None = None,
    since: Annotated[datetime | None, Query(description="Without a time zone it is UTC")] = None,
    until: Annotated[datetime | None, Query(description="Without a time zone it is UTC")] = None,
) -> Response:
    """One page of signs with their evidence, the newest first."""
    wanted = AbuseFilter(
        kind=kind or "",
        action=action or "",
        state=state or "",
        customer_id=customer_id,
        since=_aware(since) if since else None,
        until=_aware(until) if until else None,
    )
    async with open_db(scope) as db:
        found, total = await abuse.list_events(db, wanted, page, limit)
    return fresh(request, [_event_json(one) for one in found], paged(page, limit, total))


@router.post(
    "/api/abuse/events/{event_id}/review",
    summary="Judge a sign of abuse",
    response_model=Success[AbuseEventData],
    responses=described({**_EVENT, "verdict": "right", "reviewed_by": "Maya"}, 400, 404, 409, 413),
)
async def review(event_id: UUID, body: ReviewBody, scope: KeyScope, idempotency_key: IdempotencyKey = None) -> JSONResponse:
    """Say whether a sign was right. A wrong one counts no more: it lifts what followed and gives the trust back."""

    async def work() -> JSONResponse:
        async with open_db(scope) as db:
            return ok(_event_json(await abuse.review(db, event_id, body.verdict)))

    return await run_once(scope, idempotency_key, ["review abuse", str(event_id), body.verdict], work)


@router.post(
    "/api/abuse/events/{event_id}/lift",
    summary="Lift a restriction",
    response_model=Success[AbuseEventData],
    responses=described({**_EVENT, "restriction": "", "restricted_until": None}, 400, 404, 409, 413),
)
async def lift(event_id: UUID, scope: KeyScope, idempotency_key: IdempotencyKey = None) -> JSONResponse:
    """Let the customer behind a sign write again at once; the sign itself goes on counting."""

    async def work() -> JSONResponse:
        async with open_db(scope) as db:
            return ok(_event_json(await abuse.lift(db, event_id)))

    return await run_once(scope, idempotency_key, ["lift abuse", str(event_id)], work)


def _period(since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    end = _aware(until) if until else now()
    start = _aware(since) if since else max(_EPOCH, end - USUAL_PERIOD)
    if start >= end:
        raise Invalid("The period ends before it begins.", "until")
    return start, end


def _aware(at: datetime) -> datetime:
    """A moment that has its zone, and that PostgreSQL and every clock can hold."""
    known = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return max(_EPOCH, known)


def _event_json(event: AbuseView) -> dict[str, Any]:
    return {
        "id": str(event.id),
        "customer_id": str(event.customer_id),
        "customer_name": event.customer_name,
        "conversation_id": str(event.conversation_id) if event.conversation_id else None,
        "channel": event.channel,
        "kind": event.kind,
        "action": event.action,
        "score": event.score,
        "evidence": event.evidence,
        "until": _time(event.until),
        "verdict": event.verdict,
        "reviewed_by": event.reviewed_by,
        "reviewed_at": _time(event.reviewed_at),
        "created_at": event.created_at.isoformat(),
        "trust": event.trust,
        "restriction": event.restriction,
        "restricted_until": _time(event.restricted_until),
    }


def _figures_json(seen: AbuseFigures, refused: RefusalFigures, since: datetime, until: datetime) -> dict[str, Any]:
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "events": seen.events,
        "customers": seen.customers,
        "judged": seen.judged,
        "wrong": seen.wrong,
        "restricted": seen.restricted,
        "by_kind": seen.by_kind,
        "by_action": seen.by_action,
        "by_day": [{"day": day.isoformat(), "events": count} for day, count in seen.by_day.items()],
        "top_customers": [
            {
                "customer_id": str(one.customer_id),
                "name": one.name,
                "events": one.events,
                "last_at": one.last_at.isoformat(),
                "trust": one.trust,
                "restriction": one.restriction,
            }
            for one in seen.subjects
        ],
        "refused": refused.refused,
        "refused_by_limit": [
            {"limit": one.limit_name, "refused": one.refused, "subjects": one.subjects} for one in refused.by_limit
        ],
    }


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
