"""Who calls the API: `Authorization: Bearer ebk_…` and nothing else. Cookies are never read here."""

from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from omni_app.infra.errors import SignedOut
from omni_app.infra.scope import Client, Scope
from omni_app.limits.addresses import API_WINDOW, take_api_call, take_keyless_call
from omni_app.limits.refusals import note_refusal
from omni_app.settings import load_settings
from omni_app.tenancy.api_keys import KeyHolder, find_key_holder
from omni_app.tenancy.plans import plan_of

MANY_KEYLESS = "Many calls without a valid API key came from your network. Send a key, or try again later."

_bearer = HTTPBearer(auto_error=False, description="An API key, `ebk_…`")


def client_of(request: Request) -> Client:
    """The caller's address, program and request id."""
    return Client(
        ip=request.client.host if request.client else None,
        user_agent=request.headers.get("user-agent"),
        request_id=request.scope.get("omni_request_id"),
    )


async def key_scope(request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Scope:
    """The scope of the API key in the request; counts the call. Raises `SignedOut`, `TooMany`.

    A call without a valid key counts for its network address: many of them are refused before they are told why.
    """
    client = client_of(request)
    try:
        if credentials is None:
            raise SignedOut("Send an API key: Authorization: Bearer ebk_…")
        holder = await find_key_holder(credentials.credentials, client)
    except SignedOut:
        # The edge counted a call that came without a header.
        if "omni_limit" not in request.scope:
            request.scope["omni_limit"] = decision = await take_keyless_call(client.ip)
            decision.require(MANY_KEYLESS)
        raise
    scope = holder.scope
    assert scope.actor.id is not None
    limit = calls_of(holder)
    decision = await take_api_call(scope.actor.id, limit)
    request.scope["omni_limit"] = decision
    if not decision.allowed:
        note_refusal(scope.business_id, decision.name, "api_key", str(scope.actor.id), limit, API_WINDOW)
    decision.require(f"This API key made its {limit:,} calls of this hour.")
    return scope


def calls_of(holder: KeyHolder) -> int:
    """How many calls a key may make in any 60 minutes: its own number, else the deployment's, else the plan's."""
    return holder.calls_per_hour or load_settings().api_calls_per_hour or plan_of(holder.plan).api_calls_per_hour


KeyScope = Annotated[Scope, Depends(key_scope)]
IdempotencyKey = Annotated[str | None, Header(description="Send the same value again to get the same answer, for 24 h")]
