"""Who calls the API: `Authorization: Bearer ebk_…` and nothing else. Cookies are never read here."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from omni_app.infra.errors import SignedOut
from omni_app.infra.scope import Client, Scope
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
    """The scope of the API key in the request. Raises `SignedOut`."""
    if credentials is None:
        raise SignedOut("Send an API key: Authorization: Bearer ebk_…")
    return await find_key_scope(credentials.credentials, client_of(request))


KeyScope = Annotated[Scope, Depends(key_scope)]
