"""/api/faq: what the assistant was taught."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from omni_app.api.access import IdempotencyKey, KeyScope
from omni_app.api.envelope import Success, described, fresh, ok, paged
from omni_app.api.idempotency import run_once
from omni_app.api.routes.parameters import Limit, PageNumber, Search
from omni_app.infra.database import open_db
from omni_app.infra.scope import Permission
from omni_app.knowledge.faqs import FaqView, create_faq, delete_faq, list_faqs, prepare_faq, update_faq
from omni_app.knowledge.suggestions import list_suggestions
from omni_app.orchestrator.suggesting import MOST, suggest_faqs

router = APIRouter(prefix="/api/faq", tags=["Knowledge"])


_EXAMPLE: dict[str, Any] = {
    "id": "0199a3c2-8000-7c55-9d0f-3a4b5c6d7e8f",
    "question": "Do you bill Sun Life directly?",
    "answer": "Yes. You only pay what your plan leaves open.",
    "phrasings": ["sun life direct billing?"],
    "version": 1,
    "created_at": "2026-03-01T09:00:00+00:00",
    "updated_at": "2026-03-01T09:00:00+00:00",
}


_SUGGESTION: dict[str, Any] = {
    "id": "0199a3c2-8100-7c55-9d0f-3a4b5c6d7e8f",
    "kind": "often_asked",
    "question": "Do you offer teeth whitening?",
    "answer": "Yes, in two visits.",
    "examples": ["teeth whitening, do you offer that"],
    "asked": 41,
    "saving_nusd": 9_100_000,
}


class FaqBody(BaseModel):
    """A question with its answer, and up to 50 other ways to ask it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"question": _EXAMPLE["question"], "answer": _EXAMPLE["answer"], "phrasings": _EXAMPLE["phrasings"]}]
        },
    )
    question: str = Field(strict=True, examples=["Do you bill Sun Life directly?"])
    answer: str = Field(strict=True, examples=["Yes. You only pay what your plan leaves open."])
    phrasings: list[Annotated[str, Field(strict=True)]] = Field(default=[], examples=[["sun life direct billing?"]])


class FaqChange(FaqBody):
    """With `version`, a change by somebody else since then is refused with 409."""

    version: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)] | None = None


class FaqData(BaseModel):
    id: UUID
    question: str
    answer: str
    phrasings: list[str]
    version: int
    created_at: str
    updated_at: str


class SuggestionData(BaseModel):
    """An FAQ worth writing. `kind`: often_asked (a model answers it, `answer` is its draft) or not_known (nobody could).

    `asked` counts 30 days; `saving_nusd` is what the model was paid for that.
    """

    id: UUID
    kind: str
    question: str
    answer: str
    examples: list[str]
    asked: int
    saving_nusd: int


class Deleted(BaseModel):
    id: UUID
    deleted: bool


def _data(faq: FaqView) -> dict[str, Any]:
    return {
        "id": str(faq.id),
        "question": faq.question,
        "answer": faq.answer,
        "phrasings": list(faq.phrasings),
        "version": faq.version,
        "created_at": faq.created_at.isoformat(),
        "updated_at": faq.updated_at.isoformat(),
    }


@router.get(
    "", summary="List FAQs", response_model=Success[list[FaqData]], responses=described([_EXAMPLE], pages=True, read=True)
)
async def list_all(
    request: Request,
    scope: KeyScope,
    page: PageNumber = 1,
    limit: Limit = 25,
    search: Search = "",
) -> Response:
    """One page of FAQs, newest change first; `search` looks in questions, answers and phrasings."""
    async with open_db(scope) as db:
        faqs, total = await list_faqs(db, search.replace("\x00", ""), page, limit)
    return fresh(request, [_data(faq) for faq in faqs], paged(page, limit, total))


@router.post(
    "",
    summary="Teach an FAQ",
    status_code=201,
    response_model=Success[FaqData],
    responses=described(_EXAMPLE, 400, 409, 413, status=201),
)
async def create(body: FaqBody, scope: KeyScope, idempotency_key: IdempotencyKey = None) -> JSONResponse:
    """Add an FAQ; the next answer may use it."""
    scope.require(Permission.TEACH)
    prepared = await prepare_faq(body.question, body.answer, body.phrasings)

    async def work() -> JSONResponse:
        async with open_db(scope) as db:
            faq = await create_faq(db, prepared)
        return ok(_data(faq), 201)

    return await run_once(scope, idempotency_key, ["faq", body.model_dump(mode="json")], work)


@router.post(
    "/extract",
    summary="Suggest FAQs from conversations",
    response_model=Success[list[SuggestionData]],
    responses=described([_SUGGESTION]),
)
async def extract(scope: KeyScope) -> JSONResponse:
    """Look through 30 days of conversations for what a model is asked often or nobody could answer; nothing is taught by it.

    The suggestions that would save most come first. What was taken or put aside before does not come back.
    """
    await suggest_faqs(scope)
    async with open_db(scope) as db:
        found, _ = await list_suggestions(db, limit=MOST)
    return ok(
        [
            {
                "id": str(one.id),
                "kind": one.kind,
                "question": one.question,
                "answer": one.answer,
                "examples": list(one.examples),
                "asked": one.asked,
                "saving_nusd": one.saving_nusd,
            }
            for one in found
        ]
    )


@router.put(
    "/{faq_id}", summary="Change an FAQ", response_model=Success[FaqData], responses=described(_EXAMPLE, 400, 404, 409, 413)
)
async def update(faq_id: UUID, body: FaqChange, scope: KeyScope) -> JSONResponse:
    """Replace question, answer and phrasings."""
    scope.require(Permission.TEACH)
    prepared = await prepare_faq(body.question, body.answer, body.phrasings)
    async with open_db(scope) as db:
        faq = await update_faq(db, faq_id, prepared, body.version)
    return ok(_data(faq))


@router.delete(
    "/{faq_id}",
    summary="Delete an FAQ",
    response_model=Success[Deleted],
    responses=described({"id": _EXAMPLE["id"], "deleted": True}, 404),
)
async def delete(faq_id: UUID, scope: KeyScope) -> JSONResponse:
    """Forget an FAQ; the next answer does not use it."""
    async with open_db(scope) as db:
        await delete_faq(db, faq_id)
    return ok({"id": str(faq_id), "deleted": True})
