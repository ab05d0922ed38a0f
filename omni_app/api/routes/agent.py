"""/api/agent: one message, one answer. `process` takes any channel, `chat` what a website's own chat knows."""

import hashlib
from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StrictStr

from omni_app.api.access import IdempotencyKey, KeyScope
from omni_app.api.envelope import Success, described, ok
from omni_app.api.idempotency import run_once
from omni_app.api.routes.parameters import Channel
from omni_app.conversations.facts import Inbound
from omni_app.conversations.identity import identity_of
from omni_app.conversations.receiving import MAX_TEXT, check_text
from omni_app.customers.addresses import Address, parse_address
from omni_app.infra.database import open_db
from omni_app.infra.errors import FieldError, Invalid
from omni_app.infra.scope import Scope
from omni_app.orchestrator.turn import Outcome, process
from omni_app.tenancy.businesses import load_business

router = APIRouter(prefix="/api/agent", tags=["Agent"])

# The turn knows a message by its key and gives a repeat the same answer, so the key of a dead process need not stay taken.
HELD = timedelta(seconds=5)


class CustomerBody(BaseModel):
    """Exactly one of `email`, `phone` (E.164) and `external_id` (the id on the channel)."""

    model_config = ConfigDict(extra="forbid", strict=True)
    email: str | None = Field(default=None, examples=["sofia@example.com"])
    phone: str | None = Field(default=None, examples=["+1 902 555 0148"])
    external_id: str | None = None
    name: str = Field(default="", max_length=120, examples=["Sofia Marin"])


class ProcessBody(BaseModel):
    """One message from a customer. `text` has 1 to 8,000 characters."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "channel": "chat",
                    "customer": {"email": "sofia@example.com", "name": "Sofia Marin"},
                    "text": "What does a check-up cost?",
                }
            ]
        },
    )
    channel: Channel = Field(description="Where the customer writes")
    customer: CustomerBody
    text: str = Field(
        strict=True, json_schema_extra={"minLength": 1, "maxLength": MAX_TEXT}, examples=["What does a check-up cost?"]
    )
    conversation_id: UUID | None = Field(default=None, description="Continue this conversation of the same customer and channel")


class ConversationData(BaseModel):
    id: UUID
    status: Literal["open", "waiting", "snoozed", "closed"]
    speaker: Literal["ai", "human"]


class MessageData(BaseModel):
    id: UUID


class ReplyData(BaseModel):
    id: UUID
    text: str


class SourceData(BaseModel):
    """What an answer rests on; `quote` is the text it was taken from."""

    kind: str
    id: str
    title: str
    quote: str


class ProcessData(BaseModel):
    """The answer. `reply` is null when a person has the conversation; `cost_nusd` is in billionths of a dollar."""

    conversation: ConversationData
    message: MessageData
    reply: ReplyData | None
    source: Literal["faq", "passage", "model", "memory", "none", "human"]
    tier: Literal["l1", "l2", "l3"] | None
    sources: list[SourceData]
    confidence: float | None
    handed_over: bool
    cost_nusd: int
    receipt_id: UUID | None


class PageBody(BaseModel):
    """Where on the website the visitor is."""

    model_config = ConfigDict(extra="forbid")
    url: Annotated[StrictStr, Field(max_length=2000)] = ""
    title: Annotated[StrictStr, Field(max_length=300)] = ""


class ChatBody(BaseModel):
    """One message of a website's visitor. `visitor_id` is the website's own id of the browser, 1 to 200 characters."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "visitor_id": "browser-7f3a",
                    "text": "What does a check-up cost?",
                    "page": {"url": "https://clinic.example/prices", "title": "Prices"},
                    "language": "en",
                }
            ]
        },
    )
    visitor_id: StrictStr
    text: Annotated[StrictStr, Field(json_schema_extra={"minLength": 1, "maxLength": MAX_TEXT})]
    conversation_id: UUID | None = Field(default=None, description="Continue this conversation of the same visitor")
    name: Annotated[StrictStr, Field(max_length=120)] = ""
    page: PageBody | None = None
    language: Annotated[StrictStr, Field(pattern=r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3})?$", max_length=35)] = ""


class IdentityData(BaseModel):
    """What is known of the visitor. `claimed` is the address they typed, masked."""

    proof: Literal["none", "claimed", "proven"]
    name: str
    claimed: str


class ChatData(ProcessData):
    """The answer, questions to offer, and what is known of the visitor."""

    suggestions: list[str]
    identity: IdentityData


_EXAMPLE: dict[str, Any] = {
    "conversation": {"id": "0199a3c2-8000-7c55-9d0f-3a4b5c6d7e8f", "status": "open", "speaker": "ai"},
    "message": {"id": "0199a3c2-8000-7c55-9d0f-3a4b5c6d7e90"},
    "reply": {"id": "0199a3c2-8001-7c55-9d0f-3a4b5c6d7e8f", "text": "A check-up is $189."},
    "source": "faq",
    "tier": None,
    "sources": [{"kind": "faq", "id": "0199…", "title": "What does a check-up cost?", "quote": "A check-up is $189."}],
    "confidence": 0.93,
    "handed_over": False,
    "cost_nusd": 0,
    "receipt_id": "0199a3c2-8002-7c55-9d0f-3a4b5c6d7e8f",
}
_CHAT_EXAMPLE: dict[str, Any] = {
    **_EXAMPLE,
    "suggestions": ["Where can I park?"],
    "identity": {"proof": "none", "name": "", "claimed": ""},
}


def _data(outcome: Outcome) -> dict[str, Any]:
    reply = None if outcome.reply_id is None else {"id": str(outcome.reply_id), "text": outcome.reply_text}
    return {
        "conversation": {"id": str(outcome.conversation_id), "status": outcome.status, "speaker": outcome.speaker},
        "message": {"id": str(outcome.message_id)},
        "reply": reply,
        "source": outcome.source,
        "tier": outcome.tier,
        "sources": [{name: source[name] for name in ("kind", "id", "title", "quote")} for source in outcome.sources],
        "confidence": outcome.confidence,
        "handed_over": outcome.handed_over,
        "cost_nusd": outcome.cost_nusd,
        "receipt_id": str(outcome.receipt_id) if outcome.receipt_id else None,
    }


def _client_id(idempotency_key: str | None) -> str | None:
    # A repeat that comes while its answer is not stored yet must still be the same message.
    return "idem:" + hashlib.sha256(idempotency_key.encode()).hexdigest() if idempotency_key else None


def _one_line(name: str) -> str:
    return " ".join(name.replace("\x00", "").split())


def _checked(text: str, parse: Any) -> tuple[str, Address]:
    """Text and address, or `Invalid` with what is wrong about both."""
    problems: list[FieldError] = []
    clean, address = "", None
    try:
        clean = check_text(text)
    except Invalid as error:
        problems += error.fields
    try:
        address = parse()
    except Invalid as error:
        problems += error.fields
    if problems or address is None:
        raise Invalid(problems[0].message, fields=problems)
    return clean, address


def _inbound(body: ProcessBody, idempotency_key: str | None) -> Inbound:
    given = body.customer
    text, address = _checked(body.text, lambda: parse_address(body.channel, given.email, given.phone, given.external_id))
    return Inbound(
        channel=body.channel,
        address=address,
        text=text,
        name=_one_line(given.name),
        conversation_id=body.conversation_id,
        client_id=_client_id(idempotency_key),
    )


def _visitor(visitor_id: str) -> Address:
    try:
        return parse_address("chat", None, None, visitor_id)
    except Invalid as error:
        raise Invalid("A visitor's id has 1 to 200 printable characters.", "visitor_id") from error


def _chat_inbound(body: ChatBody, idempotency_key: str | None) -> Inbound:
    text, address = _checked(body.text, lambda: _visitor(body.visitor_id))
    page = {name: _one_line(value) for name, value in body.page.model_dump().items()} if body.page else None
    return Inbound(
        channel="chat",
        address=address,
        text=text,
        name=_one_line(body.name),
        language=body.language,
        conversation_id=body.conversation_id,
        client_id=_client_id(idempotency_key),
        page=page,
    )


@router.post(
    "/process",
    summary="Answer one message",
    response_model=Success[ProcessData],
    responses=described(_EXAMPLE, 400, 404, 409, 413),
)
async def process_message(body: ProcessBody, scope: KeyScope, idempotency_key: IdempotencyKey = None) -> JSONResponse:
    """Store a customer's message and answer it inside the request."""
    inbound = _inbound(body, idempotency_key)

    async def work() -> JSONResponse:
        return ok(_data(await process(scope, inbound)))

    return await run_once(scope, idempotency_key, ["process", body.model_dump(mode="json")], work, held=HELD)


@router.post(
    "/chat",
    summary="Answer one message of a website's visitor",
    response_model=Success[ChatData],
    responses=described(_CHAT_EXAMPLE, 400, 404, 409, 413),
)
async def chat(body: ChatBody, scope: KeyScope, idempotency_key: IdempotencyKey = None) -> JSONResponse:
    """Like `process` for the website chat, for sites that draw their own: adds questions to offer and what is known of the
    visitor. An address typed into a chat proves nothing; the visitor's id alone finds their conversation again."""
    inbound = _chat_inbound(body, idempotency_key)

    async def work() -> JSONResponse:
        outcome = await process(scope, inbound)
        return ok({**_data(outcome), **await _around(scope, inbound.address)})

    return await run_once(scope, idempotency_key, ["chat", body.model_dump(mode="json")], work, held=HELD)


async def _around(scope: Scope, visitor: Address) -> dict[str, Any]:
    async with open_db(scope) as db:
        suggestions = list((await load_business(db)).suggestions)
    identity = await identity_of(scope, visitor)
    return {
        "suggestions": suggestions,
        "identity": {"proof": identity.proof, "name": identity.name, "claimed": identity.claimed},
    }
