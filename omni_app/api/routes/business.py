"""/api/business/me: the profile of the business the key belongs to."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from omni_app.api.access import KeyScope
from omni_app.api.envelope import Success, described, fresh, ok
from omni_app.api.routes.parameters import Time
from omni_app.infra.database import open_db
from omni_app.infra.scope import Permission
from omni_app.tenancy.businesses import BusinessView, load_business, update_business

router = APIRouter(prefix="/api/business", tags=["Business"])

_EXAMPLE: dict[str, Any] = {
    "id": "0199a3c2-0000-7c55-9d0f-3a4b5c6d7e8f",
    "name": "Brook Street Dental",
    "widget_key": "wk_4f2a…",
    "industry": "Dentistry",
    "timezone": "America/Halifax",
    "locale": "en-CA",
    "opening_hours": {"mon": [["08:00", "12:00"], ["13:00", "18:00"]], "2026-12-25": []},
    "contact": {"phone": "+1 902 555 0100"},
    "price_list": [{"name": "Check-up", "price_minor": 18900, "currency": "CAD"}],
    "rules": "Never give a diagnosis.",
    "greeting": "Hello, how can we help?",
    "suggestions": ["What does a check-up cost?"],
    "colors": {"primary": "#0f4c5c"},
    "daily_messages": 50,
    "created_at": "2026-01-02T09:00:00+00:00",
    "updated_at": "2026-03-01T09:00:00+00:00",
}


class PriceData(BaseModel):
    """`price_minor` is in hundredths of the currency."""

    model_config = ConfigDict(extra="forbid")
    name: StrictStr
    price_minor: StrictInt
    currency: StrictStr


class BusinessData(BaseModel):
    """The profile. `opening_hours`: weekday (mon … sun) to intervals in local time; a missing day is closed.

    A date like 2026-12-25 is a holiday or another special day: its intervals hold in place of its weekday's.
    """

    id: UUID
    name: str
    widget_key: str
    industry: str
    timezone: str
    locale: str
    opening_hours: dict[str, list[list[str]]]
    contact: dict[str, str]
    price_list: list[PriceData]
    rules: str
    greeting: str
    suggestions: list[str]
    colors: dict[str, str]
    daily_messages: int
    created_at: Time
    updated_at: Time


class BusinessChange(BaseModel):
    """Each field may be left out; what is named is replaced as a whole. With `updated_at` as it was read, a change by somebody
    else since then is refused with 409."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"greeting": "Hello, how can we help?", "opening_hours": {"mon": [["08:00", "18:00"]]}}]},
    )
    name: StrictStr = ""
    industry: StrictStr = ""
    timezone: Annotated[StrictStr, Field(examples=["America/Halifax"])] = "UTC"
    locale: Annotated[StrictStr, Field(examples=["en-CA"])] = "en"
    opening_hours: dict[str, list[list[StrictStr]]] = {}
    contact: dict[str, StrictStr] = {}
    price_list: list[PriceData] = []
    rules: StrictStr = ""
    greeting: StrictStr = ""
    suggestions: list[StrictStr] = []
    colors: dict[str, StrictStr] = {}
    daily_messages: StrictInt = 50
    updated_at: datetime | None = None


def _data(view: BusinessView) -> dict[str, Any]:
    return {
        "id": str(view.id),
        "name": view.name,
        "widget_key": view.widget_key,
        "industry": view.industry,
        "timezone": view.timezone,
        "locale": view.locale,
        "opening_hours": view.opening_hours,
        "contact": view.contact,
        "price_list": view.price_list,
        "rules": view.rules,
        "greeting": view.greeting,
        "suggestions": view.suggestions,
        "colors": view.colors,
        "daily_messages": view.daily_messages,
        "created_at": view.created_at.isoformat(),
        "updated_at": view.updated_at.isoformat(),
    }


@router.get("/me", summary="Read the profile", response_model=Success[BusinessData], responses=described(_EXAMPLE, read=True))
async def get(request: Request, scope: KeyScope) -> Response:
    """The profile the assistant answers from."""
    scope.require(Permission.VIEW)
    async with open_db(scope) as db:
        return fresh(request, _data(await load_business(db)))


@router.put(
    "/me", summary="Change the profile", response_model=Success[BusinessData], responses=described(_EXAMPLE, 400, 409, 413)
)
async def change(body: BusinessChange, scope: KeyScope) -> JSONResponse:
    """Change what is named; the next answer uses it. Nothing is stored when one field is wrong."""
    changes = {name: value for name, value in body.model_dump().items() if name in body.model_fields_set - {"updated_at"}}
    async with open_db(scope) as db:
        return ok(_data(await update_business(db, unless_changed_since=body.updated_at, **changes)))
