"""The one shape of every answer under /api."""

from typing import Any, Generic, TypeVar

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

Data = TypeVar("Data")


class Pagination(BaseModel):
    """Where one page stands: `page` from 1, `limit` rows a page."""

    page: int
    limit: int
    total: int
    totalPages: int


class Success(BaseModel, Generic[Data]):
    """`{"success": true, "data": …}`; lists add `pagination`."""

    success: bool = True
    data: Data
    pagination: Pagination | None = None


class FieldProblem(BaseModel):
    """One wrong field and the reason."""

    field: str
    message: str


class Failure(BaseModel):
    """`{"success": false, "message", "code", "errors"}`; `errors` names fields when the input was wrong."""

    success: bool = False
    message: str = Field(examples=["Write a message."])
    code: str = Field(examples=["invalid"])
    errors: list[FieldProblem] = []


def ok(data: Any, status: int = 200, pagination: Pagination | None = None, headers: dict[str, str] | None = None) -> JSONResponse:
    """A success; `data` holds JSON values only."""
    body: dict[str, Any] = {"success": True, "data": data}
    if pagination is not None:
        body["pagination"] = pagination.model_dump()
    return JSONResponse(body, status, headers=headers)


def paged(page: int, limit: int, total: int) -> Pagination:
    return Pagination(page=page, limit=limit, total=total, totalPages=max(1, -(-total // limit)))
