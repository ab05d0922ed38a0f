"""Errors of the rooms below as HTTP answers, in one place."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from omni_app.infra.database import is_database_away
from omni_app.infra.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    OmniError,
    Rejected,
    SignedOut,
    TooMany,
    Unavailable,
)
from omni_app.infra.log import get_logger
from omni_app.infra.metrics import ERRORS
from omni_app.limits.headers import rate_limit_headers
from omni_app.limits.window import Exceeded

log = get_logger(__name__)

STATUS: dict[type[OmniError], int] = {
    Invalid: 422,
    NotFound: 404,
    SignedOut: 401,
    Forbidden: 403,
    Conflict: 409,
    TooMany: 429,
    Rejected: 400,
    Unavailable: 503,
}

_HTTP_CODES = {400: "invalid", 404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_media_type"}

_WORDS = {
    "missing": "This field is needed.",
    "string_type": "This must be text.",
    "int_type": "This must be a whole number.",
    "int_parsing": "This must be a whole number.",
    "list_type": "This must be a list.",
    "model_attributes_type": "This must be an object.",
    "dict_type": "This must be an object.",
    "bool_parsing": "Use true or false.",
    "bool_type": "This must be true or false.",
    "datetime_parsing": "Write a moment like 2026-03-01T09:00:00Z.",
    "datetime_from_date_parsing": "Write a moment like 2026-03-01T09:00:00Z.",
    "string_unicode": "This text holds a character that cannot be kept.",
    "uuid_parsing": "This is not a valid id.",
    "uuid_type": "This is not a valid id.",
    "extra_forbidden": "There is no such field.",
    "json_invalid": "The body is not valid JSON.",
    "float_type": "This must be a number.",
    "float_parsing": "This must be a number.",
    "int_from_float": "This must be a whole number.",
    "date_from_datetime_parsing": "Write a day like 2026-03-01.",
    "date_parsing": "Write a day like 2026-03-01.",
    "date_type": "Write a day like 2026-03-01.",
}
# Those with a number or a pattern in them: its name in pydantic's context, and the sentence around it.
_WORDS_WITH = {
    "greater_than_equal": ("ge", "This must be at least {}."),
    "greater_than": ("gt", "This must be more than {}."),
    "less_than_equal": ("le", "This must be at most {}."),
    "less_than": ("lt", "This must be less than {}."),
    "string_too_short": ("min_length", "Write at least {} characters."),
    "string_too_long": ("max_length", "Write at most {} characters."),
    "too_short": ("min_length", "Give at least {} of them."),
    "too_long": ("max_length", "Give at most {} of them."),
    "string_pattern_mismatch": ("pattern", "This is not written the way it has to be."),
}


def failure(
    status: int, code: str, message: str, fields: Sequence[FieldError] = (), headers: dict[str, str] | None = None
) -> JSONResponse:
    body = {
        "success": False,
        "message": message,
        "code": code,
        "errors": [{"field": problem.field, "message": problem.message} for problem in fields],
    }
    return JSONResponse(body, status, headers=headers)


def from_domain(error: OmniError) -> JSONResponse:
    """The answer to an error of the rooms below."""
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
    headers: dict[str, str] = {}
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(retry_after.total_seconds())))
    if isinstance(error, Exceeded):
        headers.update(rate_limit_headers(error.decision))
    if isinstance(error, SignedOut):
        headers["WWW-Authenticate"] = "Bearer"
    return failure(status, error.code, str(error), error.fields if isinstance(error, Invalid) else (), headers)


def _field(location: Sequence[Any]) -> str:
    # FastAPI puts the part of the request first: ("body", "customer", "email").
    parts = [str(part) for part in location]
    if parts and parts[0] in {"body", "query", "path", "header"}:
        parts = parts[1:] or parts
    # A JSON error is located by the position of the character; that is no field.
    return ".".join(part for part in parts if part) or "body"


def from_validation(error: RequestValidationError) -> JSONResponse:
    """The answer to a body, query or path of the wrong shape: every wrong field, in the reader's words."""
    fields = []
    for problem in error.errors():
        kind = str(problem.get("type", ""))
        message = _WORDS.get(kind)
        if kind in {"literal_error", "enum"}:
            message = f"Use one of: {problem.get('ctx', {}).get('expected', '')}."
        elif kind in _WORDS_WITH:
            name, sentence = _WORDS_WITH[kind]
            value = problem.get("ctx", {}).get(name, "")
            message = sentence.format(f"{value:,}" if isinstance(value, int) else value)
        if message is None:
            message = str(problem.get("msg", "This value cannot be used.")).removeprefix("Value error, ")
        field = "body" if kind == "json_invalid" else _field(problem.get("loc", ()))
        fields.append(FieldError(field=field, message=message))
    return failure(422, "invalid", "Some fields cannot be accepted.", fields)


@contextmanager
def fields_called(**names: str) -> Iterator[None]:
    """Say an `Invalid` of the domain with the names the body has: `fields_called(limit="limit_nusd")`."""
    try:
        yield
    except Invalid as error:
        fields = [FieldError(field=names.get(one.field, one.field), message=one.message) for one in error.fields]
        raise Invalid(str(error), fields=fields) from error


def add_error_handlers(api: FastAPI) -> None:
    """Translate everything that can be raised; what nobody expected is logged with its traceback and answered without one."""

    @api.exception_handler(OmniError)
    async def _domain(_: Request, error: OmniError) -> JSONResponse:
        return from_domain(error)

    @api.exception_handler(RequestValidationError)
    async def _validation(_: Request, error: RequestValidationError) -> JSONResponse:
        return from_validation(error)

    @api.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        code = _HTTP_CODES.get(error.status_code, "error")
        return failure(error.status_code, code, str(error.detail), headers=dict(error.headers or {}))

    @api.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> JSONResponse:
        return unexpected(error, request.scope.get("omni_request_id", ""))


def unexpected(error: Exception, request_id: str) -> JSONResponse:
    """503 when the database is away, else a 500 that names the request id and nothing of the inside."""
    if is_database_away(error):
        log.warning("database away", error=type(error).__name__)
        return failure(503, "unavailable", "The database is away for a moment. Try again.", headers={"Retry-After": "2"})
    ERRORS.labels("http").inc()
    log.error("unexpected error", exc_info=error)
    return failure(500, "error", f"Something went wrong on our side. Give support this request id: {request_id}")
