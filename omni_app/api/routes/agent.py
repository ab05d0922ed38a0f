"""POST /api/agent/process: one question, one answer."""

import hashlib
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Header
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from omni_app.api.access import KeyScope
from omni_app.api.envelope import Failure, Success, ok
from omni_app.api.idempotency import run_once
from omni_app.conversations.receiving import MAX_TEXT, Inbound, check_text
from omni_app.customers.addresses import parse_address
from omni_app.infra.errors import FieldError, Invalid
from omni_app.orchestrator.turn import Outcome, process

router = APIRouter(prefix="/api/agent", tags=["Agent"])

Channel = Literal["voice", "chat", "email", "sms", "whatsapp", "telegram", "instagram"]


class CustomerBody(BaseModel):
    """Exactly one of `email`, `phone` (E.164) and `external_id` (the id on the channel)."""

    model_config = ConfigDict(extra="forbid", strict=True)
    email: str | None = Field(default=None, examples=["sofia@example.com"])
    phone: str | None = Field(default=None, examples=["+1 902 555 0148"])
    external_id: str | None = None
    name: str = Field(default="", max_length=120, examples=["Sofia Marin"])


class ProcessBody(BaseModel):
    """One message from a customer. `text` has 1 to 8,000 characters."""

    model_config = ConfigDict(extra="forbid")
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
    source: Literal["faq", "passage", "model", "none", "human"]
    tier: Literal["l1", "l2", "l3"] | None
    sources: list[SourceData]
    confidence: float | None
    handed_over: bool
    cost_nusd: int
    receipt_id: UUID | None


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


def _inbound(body: ProcessBody, idempotency_key: str | None) -> Inbound:
    problems: list[FieldError] = []
    text, address = "", None
    try:
        text = check_text(body.text)
    except Invalid as error:
        problems += error.fields
    try:
        address = parse_address(body.channel, body.customer.email, body.customer.phone, body.customer.external_id)
    except Invalid as error:
        problems += error.fields
    if problems or address is None:
        raise Invalid(problems[0].message, fields=problems)
    # A repeat that comes while its answer is not stored yet must still be the same message.
    client_id = "idem:" + hashlib.sha256(idempotency_key.encode()).hexdigest() if idempotency_key else None
    return Inbound(
        channel=body.channel,
        address=address,
        text=text,
        name=" ".join(body.customer.name.replace("\x00", "").split()),
        conversation_id=body.conversation_id,
        client_id=client_id,
    )


@router.post(
    "/process",
    summary="Answer one message",
    response_model=Success[ProcessData],
    responses={code: {"model": Failure} for code in (401, 403, 404, 409, 413, 422, 429, 500, 503)},
)
async def process_message(
    body: ProcessBody,
    scope: KeyScope,
    idempotency_key: Annotated[
        str | None, Header(description="Send the same value again to get the same answer, for 24 h")
    ] = None,
) -> JSONResponse:
    """Store a customer's message and answer it inside the request."""
    inbound = _inbound(body, idempotency_key)

    async def work() -> JSONResponse:
        return ok(_data(await process(scope, inbound)))

    return await run_once(scope, idempotency_key, ["process", body.model_dump(mode="json")], work)
