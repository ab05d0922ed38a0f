"""Bodies and answers of /api/customers."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr

from omni_app.api.routes.parameters import Time
from omni_app.customers.figures import CustomerFigures
from omni_app.customers.listing import CustomerRow
from omni_app.customers.profiles import CustomerView

_ID = "0199a3c2-7b1e-7c55-9d0f-3a4b5c6d7e8f"


class PointData(BaseModel):
    """One address. `proof`: proven, or claimed (typed by a stranger). `proven_by`: code, page, channel, api, staff or empty."""

    id: UUID
    kind: Literal["email", "phone", "external"]
    channel: str
    value: str
    proof: Literal["proven", "claimed"]
    proven_by: str


class ConsentData(BaseModel):
    given: bool
    at: Time
    source: str


class MergedData(BaseModel):
    """Somebody who turned out to be this customer."""

    customer_id: UUID
    name: str
    evidence: str
    at: Time


class CustomerRowData(BaseModel):
    """A customer in a list. `cost_nusd` is in billionths of a dollar; `has_proof`: an e-mail or number is proven."""

    id: UUID
    name: str
    language: str
    tags: list[str]
    channels: list[str]
    verified: bool
    blocked: bool
    has_proof: bool
    has_claims: bool
    conversations: int
    messages: int
    cost_nusd: int
    created_at: Time
    last_seen_at: Time


class CustomerData(BaseModel):
    """A customer. `version` grows with each change; `cost_nusd` is in billionths of a dollar; `trust` is 0–100. `restriction` is
    set by abuse detection and holds until `restricted_until`."""

    id: UUID
    name: str
    language: str
    timezone: str
    birthday: Annotated[str, Field(json_schema_extra={"format": "date"})] | None
    tags: list[str]
    attributes: dict[str, Any]
    consent: dict[str, ConsentData]
    contact_points: list[PointData]
    verified: bool
    verified_at: Time | None
    blocked: bool
    block_reason: str | None
    trust: int
    restriction: Literal["", "throttled", "blocked"]
    restricted_until: Time | None
    merged_into_id: UUID | None
    merged_from: list[MergedData]
    conversations: int
    messages: int
    cost_nusd: int
    version: int
    created_at: Time
    last_seen_at: Time


class WaitsData(BaseModel):
    ai: float | None
    staff: float | None


class MessageFigures(BaseModel):
    total: int
    from_customer: int
    from_assistant: int
    from_staff: int


class ConversationFigures(BaseModel):
    total: int
    open: int
    by_channel: dict[str, int]


class FiguresData(BaseModel):
    """`hand_overs`: conversations a person took part in or was asked for. `not_known`: answers that said so.
    `average_wait_seconds`: from the customer's last message to the answer, null when there was none."""

    messages: MessageFigures
    conversations: ConversationFigures
    hand_overs: int
    not_known: int
    average_wait_seconds: WaitsData
    cost_nusd: int
    first_seen_at: Time
    last_seen_at: Time


class TagsData(BaseModel):
    tags: list[str]


class ErasedData(BaseModel):
    """What went, in rows."""

    id: UUID
    erased: bool
    contact_points: int
    conversations: int
    messages: int
    memories: int
    attachments: int
    notes: int


class CustomerChange(BaseModel):
    """Each field may be left out. `attributes` replaces all of them (at most 50; keys up to 200, texts up to 2,000 characters);
    `consent` changes the named purposes only."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"name": "Sofia Marin", "language": "en-CA", "attributes": {"plan": "Sun Life"}, "consent": {"marketing": True}}
            ]
        },
    )
    name: Annotated[StrictStr, Field(max_length=120)] = ""
    language: Annotated[StrictStr, Field(max_length=40, examples=["en-CA"])] = ""
    timezone: Annotated[StrictStr, Field(max_length=80, examples=["America/Halifax"])] = ""
    birthday: Annotated[StrictStr, Field(examples=["1990-04-23"], json_schema_extra={"format": "date"})] | None = None
    attributes: Annotated[
        dict[str, Any],
        Field(json_schema_extra={"additionalProperties": {"type": ["string", "number", "boolean", "null"]}, "maxProperties": 50}),
    ] = {}
    consent: dict[str, StrictBool] = {}
    version: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)] | None = None


class TagsBody(BaseModel):
    """1 to 30 tags of 1 to 40 characters."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"tags": ["vip", "sun life"]}]})
    tags: Annotated[list[StrictStr], Field(min_length=1, max_length=30)]


class VerifyBody(BaseModel):
    """Why the team vouches for them; `verified` false takes the mark away again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "Showed an ID at the desk"}]})
    reason: Annotated[StrictStr, Field(json_schema_extra={"minLength": 1, "maxLength": 300})]
    contact_point_id: UUID | None = None
    verified: StrictBool = True


class BlockBody(BaseModel):
    """A block needs a reason of 1 to 300 characters; your team sees it, the customer does not."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"blocked": True, "reason": "Insults the team"}]})
    blocked: StrictBool
    reason: StrictStr = ""


def _time(at: datetime) -> str:
    return at.isoformat()


def row_json(row: CustomerRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "name": row.name,
        "language": row.language,
        "tags": list(row.tags),
        "channels": list(row.channels),
        "verified": row.is_verified,
        "blocked": row.is_blocked,
        "has_proof": row.has_proof,
        "has_claims": row.has_claims,
        "conversations": row.conversations,
        "messages": row.messages,
        "cost_nusd": row.cost_nusd,
        "created_at": _time(row.created_at),
        "last_seen_at": _time(row.last_seen_at),
    }


def customer_json(view: CustomerView) -> dict[str, Any]:
    return {
        "id": str(view.id),
        "name": view.name,
        "language": view.language,
        "timezone": view.timezone,
        "birthday": view.birthday.isoformat() if view.birthday else None,
        "tags": list(view.tags),
        "attributes": view.attributes,
        "consent": view.consent,
        "contact_points": [
            {
                "id": str(point.id),
                "kind": point.kind,
                "channel": point.channel,
                "value": point.value,
                "proof": point.proof,
                "proven_by": point.proven_by,
            }
            for point in view.points
        ],
        "verified": view.verified_at is not None,
        "verified_at": _time(view.verified_at) if view.verified_at else None,
        "blocked": view.is_blocked,
        "block_reason": view.block_reason,
        "trust": view.trust,
        "restriction": view.restriction,
        "restricted_until": _time(view.restricted_until) if view.restricted_until else None,
        "merged_into_id": str(view.merged_into_id) if view.merged_into_id else None,
        "merged_from": [
            {"customer_id": str(item.customer_id), "name": item.name, "evidence": item.evidence, "at": _time(item.at)}
            for item in view.merged_from
        ],
        "conversations": view.conversations,
        "messages": view.messages,
        "cost_nusd": view.cost_nusd,
        "version": view.version,
        "created_at": _time(view.created_at),
        "last_seen_at": _time(view.last_seen_at),
    }


def figures_json(figures: CustomerFigures) -> dict[str, Any]:
    return {
        "messages": {
            "total": figures.from_customer + figures.from_assistant + figures.from_staff,
            "from_customer": figures.from_customer,
            "from_assistant": figures.from_assistant,
            "from_staff": figures.from_staff,
        },
        "conversations": {
            "total": figures.conversations,
            "open": figures.open_conversations,
            "by_channel": figures.by_channel,
        },
        "hand_overs": figures.hand_overs,
        "not_known": figures.not_known,
        "average_wait_seconds": {"ai": figures.ai_wait, "staff": figures.staff_wait},
        "cost_nusd": figures.cost_nusd,
        "first_seen_at": _time(figures.first_seen_at),
        "last_seen_at": _time(figures.last_seen_at),
    }


ROW: dict[str, Any] = {
    "id": _ID,
    "name": "Sofia Marin",
    "language": "en",
    "tags": ["vip"],
    "channels": ["chat", "email"],
    "verified": True,
    "blocked": False,
    "has_proof": True,
    "has_claims": False,
    "conversations": 3,
    "messages": 21,
    "cost_nusd": 8_200_000,
    "created_at": "2026-01-12T09:30:00+00:00",
    "last_seen_at": "2026-03-04T14:05:00+00:00",
}
EXAMPLE: dict[str, Any] = {
    **{name: ROW[name] for name in ("id", "name", "language", "tags", "verified", "blocked", "conversations", "messages")},
    **{name: ROW[name] for name in ("cost_nusd", "created_at", "last_seen_at")},
    "timezone": "America/Halifax",
    "birthday": "1990-04-23",
    "attributes": {"plan": "Sun Life"},
    "consent": {"marketing": {"given": True, "at": "2026-02-01T10:00:00+00:00", "source": "api"}},
    "contact_points": [
        {
            "id": "0199a3c2-7b1e-7c55-9d0f-3a4b5c6d7e90",
            "kind": "email",
            "channel": "",
            "value": "sofia@example.com",
            "proof": "proven",
            "proven_by": "code",
        }
    ],
    "verified_at": "2026-02-01T10:00:00+00:00",
    "block_reason": None,
    "trust": 72,
    "restriction": "",
    "restricted_until": None,
    "merged_into_id": None,
    "merged_from": [],
    "version": 4,
}
FIGURES: dict[str, Any] = {
    "messages": {"total": 42, "from_customer": 21, "from_assistant": 18, "from_staff": 3},
    "conversations": {"total": 3, "open": 1, "by_channel": {"chat": 2, "email": 1}},
    "hand_overs": 1,
    "not_known": 2,
    "average_wait_seconds": {"ai": 0.21, "staff": 340.5},
    "cost_nusd": 8_200_000,
    "first_seen_at": "2026-01-12T09:30:00+00:00",
    "last_seen_at": "2026-03-04T14:05:00+00:00",
}
