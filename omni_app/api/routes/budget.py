"""How much may be spent: /api/business/budget, /api/business/credits and /api/business/plan."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from omni_app.api.access import IdempotencyKey, KeyScope
from omni_app.api.envelope import Success, described, fresh, ok, paged
from omni_app.api.errors import fields_called
from omni_app.api.idempotency import run_once
from omni_app.api.routes.parameters import Limit, PageNumber, Time
from omni_app.budgets.budget import BudgetView, load_budget, set_limit
from omni_app.budgets.credit import CreditMovementView, list_movements, top_up
from omni_app.budgets.rules import BudgetRules, load_rules, set_rules
from omni_app.infra.database import open_db
from omni_app.infra.scope import Permission
from omni_app.tenancy.plans import PLANS, Plan, PlanUse, change_plan, load_plan_use

router = APIRouter(tags=["Business"])

Nusd = Annotated[StrictInt, Field(ge=-(10**15), le=10**15)]

_BUDGET: dict[str, Any] = {
    "month": "2026-03-01",
    "limit_nusd": 120_000_000_000,
    "spent_nusd": 46_180_000_000,
    "reserved_nusd": 420_000_000,
    "left_nusd": 73_400_000_000,
    "is_paused": False,
    "alert_percents": [75, 90],
    "alert_emails": [],
    "customer_cap_nusd": None,
    "campaign_cap_nusd": None,
}
_MOVEMENT: dict[str, Any] = {
    "id": "0199a3c2-8000-7c55-9d0f-3a4b5c6d7e8f",
    "amount_nusd": 50_000_000_000,
    "note": "Invoice 2026-118",
    "client_id": "invoice-2026-118",
    "created_by": "Maya Chen",
    "created_at": "2026-03-02T09:00:00+00:00",
}
_CREDITS: dict[str, Any] = {
    "total_nusd": 50_000_000_000,
    "spent_nusd": 1_250_000_000,
    "reserved_nusd": 0,
    "left_nusd": 48_750_000_000,
    "movements": [_MOVEMENT],
}
_STARTER: dict[str, Any] = {
    "name": "starter",
    "label": "Starter",
    "price_cents": 9900,
    "monthly_messages": 5000,
    "members": 5,
    "api_calls_per_hour": 1000,
    "documents": 100,
}
_PLAN: dict[str, Any] = {
    "plan": _STARTER,
    "since": "2026-03-02T09:00:00+00:00",
    "use": {"messages": 1240, "members": 3, "documents": 12},
    "plans": [_STARTER],
}


class BudgetData(BaseModel):
    """The month that runs and what was set, in nano-dollars. A cap of null is no cap."""

    month: str
    limit_nusd: int
    spent_nusd: int
    reserved_nusd: int
    left_nusd: int
    is_paused: bool
    alert_percents: list[int]
    alert_emails: list[str]
    customer_cap_nusd: int | None
    campaign_cap_nusd: int | None


class BudgetBody(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"limit_nusd": 120_000_000_000, "alert_percents": [75, 90]}]}
    )
    limit_nusd: Nusd = 0
    alert_percents: list[StrictInt] = []
    alert_emails: list[StrictStr] = []
    customer_cap_nusd: Nusd | None = None
    campaign_cap_nusd: Nusd | None = None


class MovementData(BaseModel):
    id: UUID
    amount_nusd: int
    note: str
    client_id: str | None
    created_by: str
    created_at: Time


class CreditsData(BaseModel):
    """The prepaid credit, used after the month's budget."""

    total_nusd: int
    spent_nusd: int
    reserved_nusd: int
    left_nusd: int
    movements: list[MovementData]


class TopUpBody(BaseModel):
    """`amount_nusd` below zero takes credit back that nobody used. The same `client_id` is booked once."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"amount_nusd": 50_000_000_000, "note": "Invoice 2026-118", "client_id": "invoice-118"}]},
    )
    amount_nusd: Nusd
    note: StrictStr = ""
    client_id: StrictStr | None = None


class PlanQuotas(BaseModel):
    """`price_cents` US cents a month; quotas a month, in all, an hour and key, in all."""

    name: str
    label: str
    price_cents: int
    monthly_messages: int
    members: int
    api_calls_per_hour: int
    documents: int


class UseData(BaseModel):
    messages: int
    members: int
    documents: int


class PlanData(BaseModel):
    """`since` is null for a business that never changed its plan."""

    plan: PlanQuotas
    since: Time | None
    use: UseData
    plans: list[PlanQuotas]


class PlanBody(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"plan": "growth"}]})
    plan: StrictStr


def _budget(budget: BudgetView, rules: BudgetRules) -> dict[str, Any]:
    return {
        "month": budget.period_start.isoformat(),
        "limit_nusd": budget.limit_nusd,
        "spent_nusd": budget.spent_nusd,
        "reserved_nusd": budget.reserved_nusd,
        "left_nusd": budget.left_nusd,
        "is_paused": budget.is_paused,
        "alert_percents": list(rules.alert_percents),
        "alert_emails": list(rules.alert_emails),
        "customer_cap_nusd": rules.customer_cap_nusd,
        "campaign_cap_nusd": rules.campaign_cap_nusd,
    }


@router.get(
    "/api/business/budget", summary="Read the budget", response_model=Success[BudgetData], responses=described(_BUDGET, read=True)
)
async def read_budget(request: Request, scope: KeyScope) -> Response:
    """The month's limit, what is used of it, and who is told at which share of it."""
    scope.require(Permission.VIEW)
    async with open_db(scope) as db:
        return fresh(request, _budget(await load_budget(db), await load_rules(db)))


@router.put(
    "/api/business/budget",
    summary="Change the budget",
    response_model=Success[BudgetData],
    responses=described(_BUDGET, 400, 413),
)
async def change_budget(body: BudgetBody, scope: KeyScope) -> JSONResponse:
    """Change what is named; it holds for the next call. Nothing is stored when one field is wrong."""
    named = body.model_fields_set
    async with open_db(scope) as db:
        rules = await load_rules(db)
        wanted = BudgetRules(
            alert_percents=tuple(body.alert_percents) if "alert_percents" in named else rules.alert_percents,
            alert_emails=tuple(body.alert_emails) if "alert_emails" in named else rules.alert_emails,
            customer_cap_nusd=body.customer_cap_nusd if "customer_cap_nusd" in named else rules.customer_cap_nusd,
            campaign_cap_nusd=body.campaign_cap_nusd if "campaign_cap_nusd" in named else rules.campaign_cap_nusd,
        )
        rules = await set_rules(db, wanted)
        with fields_called(limit="limit_nusd"):
            budget = await set_limit(db, body.limit_nusd) if "limit_nusd" in named else await load_budget(db)
        return ok(_budget(budget, rules))


def _movement(item: CreditMovementView) -> dict[str, Any]:
    return {
        "id": str(item.id),
        "amount_nusd": item.amount_nusd,
        "note": item.note,
        "client_id": item.client_id,
        "created_by": item.created_by,
        "created_at": item.created_at.isoformat(),
    }


@router.get(
    "/api/business/credits",
    summary="Prepaid credit",
    response_model=Success[CreditsData],
    responses=described(_CREDITS, pages=True, read=True),
)
async def read_credits(request: Request, scope: KeyScope, page: PageNumber = 1, limit: Limit = 25) -> Response:
    """What is left of the credit, what was used, and what was paid in, newest first."""
    scope.require(Permission.VIEW)
    async with open_db(scope) as db:
        budget, moves = await load_budget(db), await list_movements(db, page, limit)
    data = {
        "total_nusd": budget.credit_total_nusd,
        "spent_nusd": budget.credit_spent_nusd,
        "reserved_nusd": budget.credit_reserved_nusd,
        "left_nusd": budget.credit_left_nusd,
        "movements": [_movement(item) for item in moves.items],
    }
    return fresh(request, data, paged(page, limit, moves.total))


@router.post(
    "/api/business/credits",
    summary="Add credit",
    status_code=201,
    response_model=Success[MovementData],
    responses=described(_MOVEMENT, 400, 409, 413, status=201),
)
async def add_credit(body: TopUpBody, scope: KeyScope, idempotency_key: IdempotencyKey = None) -> JSONResponse:
    """Book a payment into the credit; the next call may use it. Needs a key with the role owner."""
    scope.require(Permission.OWN)

    async def work() -> JSONResponse:
        with fields_called(amount="amount_nusd"):
            async with open_db(scope) as db:
                return ok(_movement(await top_up(db, body.amount_nusd, body.note, body.client_id)), 201)

    return await run_once(scope, idempotency_key, ["credits", body.model_dump(mode="json")], work)


def _quotas(plan: Plan) -> dict[str, Any]:
    return {
        "name": plan.name,
        "label": plan.label,
        "price_cents": plan.price_cents,
        "monthly_messages": plan.monthly_messages,
        "members": plan.members,
        "api_calls_per_hour": plan.api_calls_per_hour,
        "documents": plan.documents,
    }


def _plan(use: PlanUse) -> dict[str, Any]:
    return {
        "plan": _quotas(use.plan),
        "since": use.since.isoformat() if use.since else None,
        "use": {"messages": use.messages, "members": use.members, "documents": use.documents},
        "plans": [_quotas(plan) for plan in PLANS.values()],
    }


@router.get(
    "/api/business/plan", summary="Read the plan", response_model=Success[PlanData], responses=described(_PLAN, read=True)
)
async def read_plan(request: Request, scope: KeyScope) -> Response:
    """The plan, how much of it is used, and every plan there is."""
    scope.require(Permission.VIEW)
    async with open_db(scope) as db:
        return fresh(request, _plan(await load_plan_use(db)))


@router.put(
    "/api/business/plan",
    summary="Change the plan",
    response_model=Success[PlanData],
    responses=described(_PLAN, 400, 409, 413),
)
async def put_plan(body: PlanBody, scope: KeyScope) -> JSONResponse:
    """Upgrade or downgrade from now on. Refused with 409 when what is there does not fit. Needs a key with the role owner."""
    async with open_db(scope) as db:
        return ok(_plan(await change_plan(db, body.plan)))
