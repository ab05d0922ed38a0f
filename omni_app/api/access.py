"""Who calls the API: `Authorization: Bearer ebk_…` and nothing else. Cookies are never read here."""

from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from omni_app.infra.errors import SignedOut
from omni_app.infra.scope import Client, Scope
from omni_app.limits.addresses import take_api_call
from omni_app.settings import load_settings
from omni_app.tenancy.api_keys import find_key_scope

_bearer = HTTPBearer(auto_error=False, description="An API key, `ebk_…`")


def client_of(request: Request) -> Client:
    """The caller's address, program and request id."""
    return Client(
        ip=request.client.host if request.client else None,
        user_agent=request.headers.get("user-agent"),
        request_id=request.scope.get("omni_request_id"),
    )


async def key_scope(request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Scope:
    """The scope of the API key in the request; counts the call. Raises `SignedOut`, `TooMany`."""
    if credentials is None:
        raise SignedOut("Send an API key: Authorization: Bearer ebk_…")
    scope = await find_key_scope(credentials.credentials, client_of(request))
    assert scope.actor.id is not None
    limit = load_settings().api_calls_per_hour
    decision = await take_api_call(scope.actor.id, limit)
    request.scope["omni_limit"] = decision
    decision.require(f"This API key made its {limit:,} calls of this hour.")
    return scope


KeyScope = Annotated[Scope, Depends(key_scope)]
IdempotencyKey = Annotated[str | None, Header(description="Send the same value again to get the same answer, for 24 h")]
