"""What every HTTP request goes through: request id, size limit, security headers, figures, one log line."""

import asyncio
import re
import time
from contextlib import suppress

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from omni_app.api import content_policy
from omni_app.api.access import MANY_KEYLESS
from omni_app.api.errors import failure, unexpected
from omni_app.channels.registry import all_hooks
from omni_app.infra.ids import new_id
from omni_app.infra.log import get_logger
from omni_app.infra.metrics import HTTP_SECONDS
from omni_app.limits.addresses import take_keyless_call
from omni_app.limits.headers import rate_limit_headers
from omni_app.tenancy.sessions import COOKIE, find_viewer

log = get_logger("omni_app.http")

MAX_BODY = 1024 * 1024
# A file of 10 MiB, as much as `conversations.attachments` takes, in its multipart wrapping.
MAX_UPLOAD = 10 * 1024 * 1024 + 64 * 1024
# What a page's dialog sends at once, through the route Reflex has for it: five documents of 20 MiB.
MAX_PAGE_UPLOAD = 5 * 20 * 1024 * 1024 + 64 * 1024
_PAGE_UPLOAD = "/_upload"
_PAGE_SOCKET = "/_event"
# Who is refused while still sending hears of it only when somebody reads on: a server that closes with bytes unread resets the
# connection, and the browser shows a network error instead of our words. So much is read and dropped for that.
MAX_DROPPED = 64 * 1024 * 1024
DROP_SECONDS = 20.0
_UPLOAD = re.compile(r"/chat/[^/]+/attachments")
_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")
# The widget lives on other people's pages; everything else is for our own origin.
_PUBLIC = ("/chat/", "/widget.js")
_OWN = ("/api/", "/chat/", "/files/", "/auth/", "/webhooks/", "/health", "/ready", "/live", "/metrics", "/demo")


class _TooLarge(HTTPException):
    """FastAPI answers 400 to what else is raised while it reads a body, and lets this pass."""

    def __init__(self, most: int) -> None:
        super().__init__(413, too_large(most))


def too_large(most: int) -> str:
    return f"The body is larger than {most // 2**20} MiB."


# What providers send at most, by the start of the address: a token may follow.
_WEBHOOK_SIZES = tuple((f"/webhooks/{path}", hook.most_bytes) for _, hook in all_hooks() for path in (hook.path, *hook.aliases))


def _most(path: str) -> int:
    if path.startswith("/webhooks/"):
        return next((most for start, most in _WEBHOOK_SIZES if path.startswith(start)), MAX_BODY)
    if path == _PAGE_UPLOAD:
        return MAX_PAGE_UPLOAD
    return MAX_UPLOAD if _UPLOAD.fullmatch(path) else MAX_BODY


def is_ours(path: str) -> bool:
    """Whether the API answers this path, not the prebuilt pages."""
    return path.startswith(_OWN)


class Edge:
    """Outermost ASGI layer of the web process."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._serve_socket(scope, receive, send)
            return
        path, started = scope["path"], time.perf_counter()
        headers = dict(scope["headers"])
        request_id = _request_id(headers)
        scope["omni_request_id"] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        is_public = path.startswith(_PUBLIC)
        if is_public and scope["method"] == "OPTIONS":
            await _preflight(send)
            return
        status, has_answered = 500, False

        async def answer(message: Message) -> None:
            nonlocal status, has_answered
            if message["type"] == "http.response.start":
                status, has_answered = message["status"], True
                given = message["headers"]
                message = {**message, "headers": _headers(given, path, request_id, is_public) + _limits(scope, given)}
            await send(message)

        out = _with_policy_of_body(answer) if content_policy.is_described(path) else answer
        try:
            given = headers.get(b"content-length", b"") or b"0"
            if not given.isdigit():
                await failure(400, "invalid", "The Content-Length is not a number.")(scope, receive, out)
                return
            digits = given.lstrip(b"0")
            # int() refuses more than 4,300 digits.
            is_limited = is_ours(path) or path == _PAGE_UPLOAD
            if is_limited and (len(digits) > 12 or int(digits or b"0") > _most(path)):
                await _drop_rest(receive)
                await failure(413, "too_large", too_large(_most(path)))(scope, receive, out)
                return
            if path == _PAGE_UPLOAD and not await _is_signed_in(headers):
                await _drop_rest(receive)
                await failure(401, "signed_out", "Sign in, then send the file again.")(scope, receive, out)
                return
            if path.startswith("/api/") and b"authorization" not in headers and not await _may_call(scope):
                await failure(429, "too_many", MANY_KEYLESS)(scope, receive, out)
                return
            await self._inner(scope, _limited(receive, _most(path)) if is_limited else receive, out)
        except _TooLarge as error:
            await failure(413, "too_large", str(error.detail))(scope, receive, out)
        except Exception as error:
            if not has_answered:
                await unexpected(error, request_id)(scope, receive, out)
            elif status != 500:
                raise
            # Else the app's own handler answered and raised again, so that servers may log it; it is logged already.
        finally:
            seconds = time.perf_counter() - started
            if is_ours(path):
                HTTP_SECONDS.labels(scope["method"], _route(scope), str(status)).observe(seconds)
                log.info("request", method=scope["method"], route=_route(scope), status=status, ms=round(seconds * 1000, 1))
            structlog.contextvars.unbind_contextvars("request_id")

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._inner(scope, receive, send)
        except ValueError as error:
            # What is no frame of engine.io ends its connection as an error that quotes the frame.
            if not scope.get("path", "").startswith(_PAGE_SOCKET):
                raise
            log.warning("pages' socket ended: no frame of its protocol", error=type(error).__name__)


def _request_id(headers: dict[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id", b"").decode("latin-1")
    return given if _REQUEST_ID.match(given) else new_id().hex


def _route(scope: Scope) -> str:
    # The template, never the path: ids would make a series each, and paths may hold secrets.
    route = scope.get("route")
    return str(getattr(route, "path", "other"))


async def _is_signed_in(headers: dict[bytes, bytes]) -> bool:
    """Whether a page of somebody who is signed in asks; the handler that gets the files asks who may do what."""
    cookies = cookie_parser(headers.get(b"cookie", b"").decode("latin-1"))
    return await find_viewer(cookies.get(COOKIE, "")) is not None


async def _may_call(scope: Scope) -> bool:
    """Count a call without a key for its network address; `access.key_scope` counts those with one, valid or not."""
    client = scope.get("client")
    scope["omni_limit"] = decision = await take_keyless_call(client[0] if client else None)
    return decision.allowed


def _limits(scope: Scope, given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """What is left of the window this call counted in; a limit that refused it spoke for itself in the answer's own headers."""
    decision = scope.get("omni_limit")
    if decision is None or any(name.lower() == b"ratelimit-limit" for name, _ in given):
        return []
    return [(name.lower().encode(), value.encode()) for name, value in rate_limit_headers(decision).items()]


def _limited(receive: Receive, most: int) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            if message.get("more_body", False):
                await _drop_rest(receive)
            raise _TooLarge(most)
        return message

    return counted


async def _drop_rest(receive: Receive) -> None:
    dropped = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(DROP_SECONDS):
            while dropped < MAX_DROPPED:
                message = await receive()
                dropped += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return


def _with_policy_of_body(send: Send) -> Send:
    """Hold the head of an HTML answer back until its body is there, and give it the policy its scripts need."""
    held: Message = {}

    async def out(message: Message) -> None:
        nonlocal held
        if message["type"] == "http.response.start":
            if any(name == b"content-type" and value.startswith(b"text/html") for name, value in message["headers"]):
                held = message
                return
        elif held:
            policy = content_policy.page_policy(message.get("body", b"").decode()).encode()
            head, held = {**held, "headers": [*held["headers"], (b"content-security-policy", policy)]}, {}
            await send(head)
        await send(message)

    return out


async def _preflight(send: Send) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": 204,
            "headers": [
                (b"access-control-allow-origin", b"*"),
                (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
                (b"access-control-allow-headers", b"content-type"),
                (b"access-control-max-age", b"600"),
            ],
        }
    )
    await send({"type": "http.response.body", "body": b""})


def _headers(given: list[tuple[bytes, bytes]], path: str, request_id: str, is_public: bool) -> list[tuple[bytes, bytes]]:
    headers = [pair for pair in given if not (is_public and pair[0].lower().startswith(b"access-control-"))]
    names = {name.lower() for name, _ in headers}
    headers += [(b"x-request-id", request_id.encode()), (b"x-content-type-options", b"nosniff")]
    headers += [(b"permissions-policy", content_policy.PERMISSIONS.encode()), *content_policy.transport_headers()]
    if b"referrer-policy" not in names:
        headers.append((b"referrer-policy", b"strict-origin-when-cross-origin"))
    if b"content-security-policy" not in names:
        is_page = not is_ours(path) and not is_public and content_policy.is_page(path)
        policy = content_policy.built_policy(path) if is_page else content_policy.NOTHING
        headers.append((b"content-security-policy", policy.encode()))
    if is_public:
        headers += [(b"access-control-allow-origin", b"*"), (b"cross-origin-resource-policy", b"cross-origin")]
    else:
        # Mails are shown in a frame of the inbox, so that nothing of them reaches it.
        headers.append((b"x-frame-options", b"SAMEORIGIN" if path.startswith("/files/html/") else b"DENY"))
    if b"cache-control" not in names:
        if path == "/widget.js":
            headers.append((b"cache-control", b"public, max-age=300"))
        elif path.startswith("/assets/"):
            headers.append((b"cache-control", b"public, max-age=31536000, immutable"))
        elif path.startswith(("/api/", "/auth/", "/health", "/ready", "/live", "/metrics")):
            headers.append((b"cache-control", b"no-store"))
    return headers
