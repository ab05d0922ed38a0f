"""The session cookie: set, moved to another business, ended.

Only these routes and the pages read the cookie. Each takes JSON alone and refuses a foreign `Origin`, so that another website
can neither sign a visitor in nor out (a cross-site form cannot send JSON; SameSite=Lax keeps the cookie away from it too).
"""

from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from omni_app.api.access import client_of
from omni_app.infra.errors import Forbidden, SignedOut
from omni_app.settings import load_settings
from omni_app.tenancy.sessions import COOKIE, SESSION_LIFE, sign_out, switch_business
from omni_app.tenancy.signing_in import complete_sign_in

_PORTS = {"http": 80, "https": 443}


def own_pages_only(request: Request) -> None:
    """Raise 415 unless the body is JSON, `Forbidden` when a page of another origin asks."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "Send JSON.")
    origin = request.headers.get("origin")
    if origin is not None and not _is_own(origin, request.headers.get("host", "")):
        raise Forbidden("This may only be asked by Omni's own pages.")


def _is_own(origin: str, host: str) -> bool:
    """Whether `origin` is this site: the host asked for, or the public address (a proxy may change the Host header)."""
    try:
        page = urlsplit(origin)
        asked = urlsplit(f"{page.scheme}://{host}")
        public = urlsplit(load_settings().base_url)
        port = page.port or _PORTS.get(page.scheme)
        if page.scheme not in _PORTS or not page.hostname:
            return False
        return (page.hostname, port) == (asked.hostname, asked.port or _PORTS[page.scheme]) or (
            page.scheme,
            page.hostname,
            port,
        ) == (public.scheme, public.hostname, public.port or _PORTS.get(public.scheme))
    except ValueError:
        return False


router = APIRouter(prefix="/auth", include_in_schema=False, dependencies=[Depends(own_pages_only)])


class Ticket(BaseModel):
    model_config = ConfigDict(extra="forbid")
    ticket: Annotated[str, Field(min_length=1, max_length=200)]


class Switch(BaseModel):
    model_config = ConfigDict(extra="forbid")
    business_id: UUID


@router.post("/complete", status_code=204)
async def complete(body: Ticket, request: Request) -> Response:
    """Trade a sign-in ticket for the session cookie. A session this browser had before ends."""
    client = client_of(request)
    token = await complete_sign_in(body.ticket, client)
    if old := request.cookies.get(COOKIE):
        await sign_out(old, client)
    response = Response(status_code=204)
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(SESSION_LIFE.total_seconds()),
        path="/",
        secure=load_settings().secure_cookies,
        httponly=True,
        samesite="lax",
    )
    return response


@router.post("/sign-out", status_code=204)
async def end(request: Request) -> Response:
    """End the session and forget the cookie; fine without one."""
    if token := request.cookies.get(COOKIE):
        await sign_out(token, client_of(request))
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path="/", secure=load_settings().secure_cookies, httponly=True, samesite="lax")
    return response


@router.post("/switch", status_code=204)
async def switch(body: Switch, request: Request) -> Response:
    """Move the session to another business of the same person; the page loads itself afresh after it."""
    token = request.cookies.get(COOKIE)
    if not token:
        raise SignedOut
    await switch_business(token, body.business_id, client_of(request))
    return Response(status_code=204)
