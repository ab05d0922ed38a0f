"""/api/conversations: what was said, and what staff do with it."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StrictStr

from omni_app.api.access import IdempotencyKey, KeyScope
from omni_app.api.envelope import Success, described, fresh, ok, paged
from omni_app.api.idempotency import run_once
from omni_app.api.routes.parameters import Channel, Limit, PageNumber, Search, Time
from omni_app.conversations.handling import close_conversation, delete_conversation, transfer_conversation
from omni_app.conversations.listing import ConversationFilter, list_pages
from omni_app.conversations.reading import ConversationView, MessageView, list_messages, load_conversation
from omni_app.infra.database import open_db
from omni_app.infra.errors import Invalid
from omni_app.infra.scope import Scope

router = APIRouter(prefix="/api/conversations", tags=["Conversations"])

Status = Literal["open", "waiting", "snoozed", "closed"]
Speaker = Literal["ai", "human"]
LAST_SEQ = 2**31 - 1


class Named(BaseModel):
    id: UUID
    name: str


class PageData(BaseModel):
    url: str = ""
    title: str = ""


class ConversationData(BaseModel):
    """One thread with one customer on one channel. `speaker`: who may answer; `page`: where a website visitor was last."""

    id: UUID
    customer: Named
    channel: str
    status: Status
    speaker: Speaker
    priority: Literal["low", "normal", "high", "urgent"]
    subject: str
    summary: str
    language: str
    labels: list[str]
    assignee: Named | None
    handover_reason: str | None
    handover_summary: str
    page: PageData
    last_text: str
    last_role: str
    last_seq: int
    last_message_at: Time
    waiting_since: Time | None
    snoozed_until: Time | None
    created_at: Time


class FileData(BaseModel):
    id: str
    name: str
    media_type: str
    size: int


class MessageData(BaseModel):
    """One message, numbered from 1 inside its conversation. `source` of an answer: faq, passage, model, none.

    `problem` is what the provider said when it was not delivered.
    """

    id: UUID
    seq: int
    role: Literal["customer", "assistant", "staff", "system"]
    text: str
    status: Literal["queued", "sent", "unknown", "delivered", "read", "failed"]
    problem: str
    author: str | None
    source: str | None
    tier: str | None
    confidence: float | None
    sources: list[dict[str, Any]]
    attachments: list[FileData]
    cost_nusd: int
    receipt_id: UUID | None
    created_at: Time


class TransferBody(BaseModel):
    """`member_id` null gives it to the whole team; `reason` becomes a note that only staff see."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"member_id": None, "reason": "Wants to speak about a bill"}]}
    )
    member_id: UUID | None = None
    reason: Annotated[StrictStr, Field(json_schema_extra={"maxLength": 500})] = ""


class Deleted(BaseModel):
    id: UUID
    deleted: bool


def conversation_json(view: ConversationView) -> dict[str, Any]:
    assignee = {"id": str(view.assignee_id), "name": view.assignee_name or ""} if view.assignee_id else None
    return {
        "id": str(view.id),
        "customer": {"id": str(view.customer_id), "name": view.customer_name},
        "channel": view.channel,
        "status": view.status,
        "speaker": view.speaker,
        "priority": view.priority,
        "subject": view.subject,
        "summary": view.summary,
        "language": view.language,
        "labels": [label["name"] for label in view.labels],
        "assignee": assignee,
        "handover_reason": view.handover_reason,
        "handover_summary": view.handover_summary,
        "page": {name: str(view.page.get(name) or "") for name in ("url", "title")},
        "last_text": view.last_text,
        "last_role": view.last_role,
        "last_seq": view.last_seq,
        "last_message_at": view.last_message_at.isoformat(),
        "waiting_since": view.waiting_since.isoformat() if view.waiting_since else None,
        "snoozed_until": view.snoozed_until.isoformat() if view.snoozed_until else None,
        "created_at": view.created_at.isoformat(),
    }


def _message_json(view: MessageView) -> dict[str, Any]:
    return {
        "id": str(view.id),
        "seq": view.seq,
        "role": view.role,
        "text": view.text,
        "status": view.status,
        "problem": view.problem,
        "author": view.author_name,
        "source": view.source,
        "tier": view.tier,
        "confidence": view.confidence,
        "sources": list(view.sources),
        "attachments": [{name: file.get(name) for name in ("id", "name", "media_type", "size")} for file in view.attachments],
        "cost_nusd": view.cost_nusd,
        "receipt_id": str(view.receipt_id) if view.receipt_id else None,
        "created_at": view.created_at.isoformat(),
    }


EXAMPLE: dict[str, Any] = {
    "id": "0199a3c2-8000-7c55-9d0f-3a4b5c6d7e8f",
    "customer": {"id": "0199a3c2-7b1e-7c55-9d0f-3a4b5c6d7e8f", "name": "Sofia Marin"},
    "channel": "chat",
    "status": "open",
    "speaker": "ai",
    "priority": "normal",
    "subject": "What does a check-up cost?",
    "summary": "",
    "language": "en",
    "labels": ["billing"],
    "assignee": None,
    "handover_reason": None,
    "handover_summary": "",
    "page": {"url": "https://clinic.example/prices", "title": "Prices"},
    "last_text": "A check-up is $189.",
    "last_role": "assistant",
    "last_seq": 2,
    "last_message_at": "2026-03-04T14:05:00+00:00",
    "waiting_since": None,
    "snoozed_until": None,
    "created_at": "2026-03-04T14:04:58+00:00",
}
_MESSAGE: dict[str, Any] = {
    "id": "0199a3c2-8001-7c55-9d0f-3a4b5c6d7e8f",
    "seq": 2,
    "role": "assistant",
    "text": "A check-up is $189.",
    "status": "sent",
    "problem": "",
    "author": None,
    "source": "faq",
    "tier": None,
    "confidence": 0.93,
    "sources": [{"kind": "faq", "id": "0199…", "title": "What does a check-up cost?", "quote": "A check-up is $189."}],
    "attachments": [],
    "cost_nusd": 0,
    "receipt_id": "0199a3c2-8002-7c55-9d0f-3a4b5c6d7e8f",
    "created_at": "2026-03-04T14:05:00+00:00",
}


def _assignee(value: str) -> UUID | Literal["none"] | None:
    if value in ("", "none"):
        return "none" if value else None
    try:
        return UUID(value)
    except ValueError:
        raise Invalid("Give a member's id, or none.", "assignee") from None


@router.get(
    "",
    summary="List conversations",
    response_model=Success[list[ConversationData]],
    responses=described([EXAMPLE], pages=True, read=True),
)
async def list_all(
    request: Request,
    scope: KeyScope,
    page: PageNumber = 1,
    limit: Limit = 25,
    status: Status | None = None,
    channel: Channel | None = None,
    speaker: Speaker | None = None,
    assignee: Annotated[str, Query(max_length=40, description="A member's id, or `none`")] = "",
    label: Annotated[str, Query(max_length=100, description="A label's name")] = "",
    customer_id: UUID | None = None,
    search: Annotated[Search, Query(description="Part of a name, a subject or a message")] = "",
) -> Response:
    """One page of conversations, the last active first."""
    wanted = ConversationFilter(
        status=status or "",
        channel=channel or "",
        speaker=speaker or "",
        assignee=_assignee(assignee),
        label=label,
        customer_id=customer_id,
        search=search,
    )
    async with open_db(scope) as db:
        rows, total = await list_pages(db, wanted, page, limit)
    return fresh(request, [conversation_json(row) for row in rows], paged(page, limit, total))


@router.get(
    "/{conversation_id}",
    summary="Get a conversation",
    response_model=Success[ConversationData],
    responses=described(EXAMPLE, 404, read=True),
)
async def get(request: Request, conversation_id: UUID, scope: KeyScope) -> Response:
    """One conversation without its messages."""
    return fresh(request, await _read(scope, conversation_id))


@router.delete(
    "/{conversation_id}",
    summary="Delete a conversation",
    response_model=Success[Deleted],
    responses=described({"id": EXAMPLE["id"], "deleted": True}, 404),
)
async def delete(conversation_id: UUID, scope: KeyScope) -> JSONResponse:
    """Delete it with its messages, notes, memories and files; the customer stays. This cannot be undone."""
    async with open_db(scope) as db:
        await delete_conversation(db, conversation_id)
    return ok({"id": str(conversation_id), "deleted": True})


@router.get(
    "/{conversation_id}/messages",
    summary="Messages of a conversation",
    response_model=Success[list[MessageData]],
    responses=described([_MESSAGE], 404, pages=True, read=True),
)
async def messages(
    request: Request,
    conversation_id: UUID,
    scope: KeyScope,
    page: PageNumber = 1,
    limit: Limit = 25,
    after: Annotated[
        int | None, Query(ge=0, le=LAST_SEQ, description="Only messages numbered above this, in place of a page")
    ] = None,
) -> Response:
    """Messages in their order, by number: page 1 holds numbers 1 to `limit`. Ask with `after` for what is new."""
    first = min(after if after is not None else (page - 1) * limit, LAST_SEQ - limit - 1)
    async with open_db(scope) as db:
        conversation = await load_conversation(db, conversation_id)
        found = await list_messages(db, conversation_id, after=first, before=first + limit + 1, limit=limit)
    return fresh(request, [_message_json(view) for view in found], paged(page, limit, conversation.last_seq))


@router.post(
    "/{conversation_id}/close",
    summary="Close a conversation",
    response_model=Success[ConversationData],
    responses=described({**EXAMPLE, "status": "closed"}, 404, 409),
)
async def close(conversation_id: UUID, scope: KeyScope, idempotency_key: IdempotencyKey = None) -> JSONResponse:
    """Close it; the customer's next message opens it again with the AI. 409 when it is closed already."""

    async def work() -> JSONResponse:
        async with open_db(scope) as db:
            await close_conversation(db, conversation_id)
        return ok(await _read(scope, conversation_id))

    return await run_once(scope, idempotency_key, ["close", str(conversation_id)], work)


@router.post(
    "/{conversation_id}/transfer",
    summary="Transfer a conversation to a person",
    response_model=Success[ConversationData],
    responses=described({**EXAMPLE, "status": "waiting", "speaker": "human"}, 400, 404, 409, 413),
)
async def transfer(
    conversation_id: UUID, body: TransferBody, scope: KeyScope, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Give it to a member of the team, or to the team; the AI is silent from then on. 409 when it is closed."""

    async def work() -> JSONResponse:
        async with open_db(scope) as db:
            await transfer_conversation(db, conversation_id, body.member_id, body.reason)
        return ok(await _read(scope, conversation_id))

    return await run_once(scope, idempotency_key, ["transfer", str(conversation_id), body.model_dump(mode="json")], work)


async def _read(scope: Scope, conversation_id: UUID) -> dict[str, Any]:
    async with open_db(scope) as db:
        return conversation_json(await load_conversation(db, conversation_id))
