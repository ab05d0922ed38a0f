"""What one unit of each service costs: /api/prices."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from omni_app.api.access import IdempotencyKey, KeyScope
from omni_app.api.envelope import Success, described, fresh, ok
from omni_app.api.idempotency import run_once
from omni_app.api.routes.parameters import Time
from omni_app.budgets.price_list import PriceView, end_price, list_prices, set_price
from omni_app.infra.database import open_db
from omni_app.infra.scope import Permission

router = APIRouter(tags=["Business"])

Nusd = Annotated[StrictInt, Field(ge=-(10**15), le=10**15)]

_PRICE: dict[str, Any] = {
    "id": "0199a3c2-8000-7c55-9d0f-3a4b5c6d7e8f",
    "provider": "openai",
    "model": "gpt-4o",
    "unit": "input_token",
    "nusd_per_unit": 2500,
    "list_nusd": 2500,
    "is_own": False,
    "valid_from": "2026-01-01T00:00:00+00:00",
    "valid_until": None,
    "note": "",
}


class UnitPriceData(BaseModel):
    """One price, nano-dollars a unit; `list_nusd` is the list price of today."""

    id: UUID
    provider: str
    model: str
    unit: str
    nusd_per_unit: int
    list_nusd: int | None
    is_own: bool
    valid_from: Time
    valid_until: Time | None
    note: str


class UnitPriceBody(BaseModel):
    """A price of your own contract; without `valid_from` it holds from now on, without `valid_until` for good."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"provider": "openai", "model": "gpt-4o", "unit": "input_token", "nusd_per_unit": 2000, "note": "Contract"}
            ]
        },
    )
    provider: StrictStr
    model: StrictStr
    unit: StrictStr
    nusd_per_unit: Nusd
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    note: StrictStr = ""


class UnitPriceEnd(BaseModel):
    """When an own price ends; null: it holds until further notice."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"valid_until": "2026-12-31T23:00:00Z"}]})
    valid_until: datetime | None = None


def _price(price: PriceView) -> dict[str, Any]:
    return {
        "id": str(price.id),
        "provider": price.provider,
        "model": price.model,
        "unit": price.unit,
        "nusd_per_unit": price.nusd_per_unit,
        "list_nusd": price.list_nusd,
        "is_own": price.is_own,
        "valid_from": price.valid_from.isoformat(),
        "valid_until": price.valid_until.isoformat() if price.valid_until else None,
        "note": price.note,
    }


@router.get(
    "/api/prices", summary="Price list", response_model=Success[list[UnitPriceData]], responses=described([_PRICE], read=True)
)
async def read_prices(request: Request, scope: KeyScope) -> Response:
    """What one unit of each service costs this business now, and what is planned."""
    scope.require(Permission.VIEW)
    async with open_db(scope) as db:
        return fresh(request, [_price(price) for price in await list_prices(db)])


@router.post(
    "/api/prices",
    summary="Set an own price",
    status_code=201,
    response_model=Success[UnitPriceData],
    responses=described({**_PRICE, "is_own": True}, 400, 409, 413, status=201),
)
async def add_price(body: UnitPriceBody, scope: KeyScope, idempotency_key: IdempotencyKey = None) -> JSONResponse:
    """A price of your own contract in place of the list's. A time in which nobody would know the price is refused."""
    scope.require(Permission.ADMINISTER)

    async def work() -> JSONResponse:
        async with open_db(scope) as db:
            made = await set_price(
                db, body.provider, body.model, body.unit, body.nusd_per_unit, body.valid_from, body.valid_until, body.note
            )
            return ok(_price(made), 201)

    return await run_once(scope, idempotency_key, ["prices", body.model_dump(mode="json")], work)


@router.put(
    "/api/prices/{price_id}/end",
    summary="End an own price",
    response_model=Success[UnitPriceData],
    responses=described({**_PRICE, "is_own": True}, 400, 404, 409, 413),
)
async def put_end(price_id: UUID, body: UnitPriceEnd, scope: KeyScope) -> JSONResponse:
    """From that moment the list price holds again; a planned price is taken back by ending it where it begins."""
    async with open_db(scope) as db:
        return ok(_price(await end_price(db, price_id, body.valid_until)))
