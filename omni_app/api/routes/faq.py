"""/api/faq: what the assistant was taught."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from omni_app.api.access import KeyScope
from omni_app.api.envelope import Failure, Success, ok, paged
from omni_app.infra.database import open_db
from omni_app.infra.scope import Permission
from omni_app.knowledge.faqs import FaqView, create_faq, delete_faq, list_faqs, prepare_faq, update_faq

router = APIRouter(prefix="/api/faq", tags=["Knowledge"])


class FaqBody(BaseModel):
    """A question with its answer, and up to 50 other ways to ask it."""

    model_config = ConfigDict(extra="forbid")
    question: str = Field(strict=True, examples=["Do you bill Sun Life directly?"])
    answer: str = Field(strict=True, examples=["Yes. You only pay what your plan leaves open."])
    phrasings: list[Annotated[str, Field(strict=True)]] = Field(default=[], examples=[["sun life direct billing?"]])


class FaqChange(FaqBody):
    """With `version`, a change by somebody else since then is refused with 409."""

    version: int | None = None


class FaqData(BaseModel):
    id: UUID
    question: str
    answer: str
    phrasings: list[str]
    version: int
    created_at: str
    updated_at: str


class Deleted(BaseModel):
    id: UUID
    deleted: bool


def _responses(*codes: int) -> dict[int | str, dict[str, Any]]:
    return {code: {"model": Failure} for code in (401, 403, 422, 429, 500, 503, *codes)}


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


@router.get("", summary="List FAQs", response_model=Success[list[FaqData]], responses=_responses())
async def list_all(
    scope: KeyScope,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    limit: Annotated[int, Query(ge=1, le=100)] = 25,
    search: Annotated[str, Query(max_length=200)] = "",
) -> JSONResponse:
    """One page of FAQs, newest change first; `search` looks in questions, answers and phrasings."""
    async with open_db(scope) as db:
        faqs, total = await list_faqs(db, search.replace("\x00", ""), page, limit)
    return ok([_data(faq) for faq in faqs], pagination=paged(page, limit, total))


@router.post("", summary="Teach an FAQ", status_code=201, response_model=Success[FaqData], responses=_responses(409, 413))
async def create(body: FaqBody, scope: KeyScope) -> JSONResponse:
    """Add an FAQ; the next answer may use it."""
    scope.require(Permission.TEACH)
    prepared = await prepare_faq(body.question, body.answer, body.phrasings)
    async with open_db(scope) as db:
        faq = await create_faq(db, prepared)
    return ok(_data(faq), 201)


@router.put("/{faq_id}", summary="Change an FAQ", response_model=Success[FaqData], responses=_responses(404, 409, 413))
async def update(faq_id: UUID, body: FaqChange, scope: KeyScope) -> JSONResponse:
    """Replace question, answer and phrasings."""
    scope.require(Permission.TEACH)
    prepared = await prepare_faq(body.question, body.answer, body.phrasings)
    async with open_db(scope) as db:
        faq = await update_faq(db, faq_id, prepared, body.version)
    return ok(_data(faq))


@router.delete("/{faq_id}", summary="Delete an FAQ", response_model=Success[Deleted], responses=_responses(404))
async def delete(faq_id: UUID, scope: KeyScope) -> JSONResponse:
    """Forget an FAQ; the next answer does not use it."""
    async with open_db(scope) as db:
        await delete_faq(db, faq_id)
    return ok({"id": str(faq_id), "deleted": True})
