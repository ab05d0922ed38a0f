"""The one shape of every answer under /api, and how it is described."""

import hashlib
import re
from typing import Any, Generic, TypeVar

from fastapi import Request, Response
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


_TAG = re.compile(r'(?:W/)?"[^"]*"|\*')


def fresh(request: Request, data: Any, pagination: Pagination | None = None) -> Response:
    """The answer to a read: with an `ETag`, and 304 without a body when the caller has this very answer (RFC 9110 §13.1.2).

    The caller's own store may keep it but asks each time, so nobody acts on what has changed.
    """
    answer = ok(data, pagination=pagination)
    tag = f'"{hashlib.sha256(bytes(answer.body)).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    known = _TAG.findall(request.headers.get("if-none-match", ""))
    if "*" in known or tag in {name.removeprefix("W/") for name in known}:
        return Response(status_code=304, headers=headers)
    answer.headers.update(headers)
    return answer


_FAILURES: dict[int, tuple[str, str, str]] = {
    400: ("Not readable", "invalid", "There was an error parsing the body"),
    401: ("No valid API key", "unauthorized", "Send an API key: Authorization: Bearer ebk_…"),
    403: ("The key's role cannot do this", "forbidden", "Your role cannot do this."),
    404: ("Not in this business", "not_found", "There is no such customer."),
    409: ("Somebody was faster, or the state forbids it", "conflict", "Somebody else changed this customer."),
    413: ("Larger than 1 MiB", "too_large", "The body is larger than 1 MiB."),
    422: ("Some fields cannot be accepted", "invalid", "Some fields cannot be accepted."),
    429: ("A limit is reached; see Retry-After", "too_many", "This API key made its 1,000 calls of this hour."),
    500: ("A fault of ours", "error", "Something went wrong on our side. Give support this request id: 0199…"),
    503: ("A part is away for a moment; see Retry-After", "unavailable", "The database is away for a moment. Try again."),
}


def described(example: Any, *codes: int, status: int = 200, pages: bool = False, read: bool = False) -> dict[int | str, Any]:
    """The `responses` of a route: an example of success with `example` as its data, and every failure it may answer.

    Every route may answer 401, 403, 422, 429, 500 and 503; `codes` are those beside. A `read` may answer 304.
    """
    success: dict[str, Any] = {"success": True, "data": example}
    if pages:
        success["pagination"] = {"page": 1, "limit": 25, "total": 1, "totalPages": 1}
    answers: dict[int | str, Any] = {status: {"content": {"application/json": {"example": success}}}}
    if read:
        answers[status]["headers"] = {"ETag": {"description": "Names this very answer", "schema": {"type": "string"}}}
        answers[304] = {"description": "You have this answer already (If-None-Match)"}
    for code in sorted({401, 403, 422, 429, 500, 503, *codes}):
        title, name, message = _FAILURES[code]
        fields = [{"field": "page", "message": "This must be a whole number."}] if code == 422 else []
        body = {"success": False, "message": message, "code": name, "errors": fields}
        answers[code] = {"model": Failure, "description": title, "content": {"application/json": {"example": body}}}
    return answers
