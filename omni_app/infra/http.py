"""The one way out to other people's servers: time-outs, a guard against private addresses, capped answers.

Whoever sends something that must not be done twice has to know whether it left: `NotReached` says it surely did not, `Broken`
that it may have.

OmniError
├── Unavailable ── NotReached    nothing left: unknown name, nobody answers, no free connection
│                  └─ NotAllowed the guard said no (`egress`); no later try helps
└── Broken                       the request left and no whole answer came back
    └─ TooLarge                  the answer is longer than the caller takes

Nothing is shared between calls but connections: no cookies, no redirects, no proxy or certificate settings of the environment.
"""

import asyncio
import json as json_text
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpcore2
import httpx2

from omni_app.infra.clock import now
from omni_app.infra.egress import (
    CONNECT_SECONDS,
    GUARD,
    WEB_PORTS,
    Guard,
    GuardedNetwork,
    NotAllowed,
    NotReached,
    check_host,
)
from omni_app.infra.errors import OmniError

MOST_BYTES = 4 * 1024 * 1024
MOST_WAIT = timedelta(hours=1)

_CONNECTIONS, _IDLE = 100, 20
# Servers close idle connections after five seconds and more; one that closes just as we write leaves nobody knowing what became
# of the request.
_IDLE_SECONDS = 4.0
_HEADERS = {"user-agent": "Omni", "accept": "*/*", "accept-encoding": "gzip, deflate"}
# Decompressing this much at a time keeps the loop for less than about ten milliseconds.
_BREATH = 512 * 1024
_BEGUN, _WRITTEN = "http11.send_request_headers.started", "http11.send_request_headers.complete"


class Broken(OmniError):
    """The request left and no whole answer came back: it may have been carried out."""

    code = "broken"


class TooLarge(Broken):
    """The answer is longer than the caller takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server answered; `headers` have lower-case names, a repeated one holds its values with commas."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON, None when it is none."""
        try:
            return json_text.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def retry_after(self) -> timedelta | None:
        """How long the server asks to wait (RFC 9110, section 10.2.3), at most an hour."""
        value = self.headers.get("retry-after", "").strip()
        if not value:
            return None
        if value.isascii() and value.isdigit():
            return min(timedelta(seconds=min(int(value[:9]), 10**6)), MOST_WAIT)
        try:
            at = parsedate_to_datetime(value)
            return max(timedelta(0), min(at - now(), MOST_WAIT))
        except (TypeError, ValueError, OverflowError):  # no date, or one without a zone
            return None


class Http:
    """A client of one process and loop, closed with `close_http`."""

    def __init__(self, *, guard: Guard = GUARD, tls: ssl.SSLContext | None = None) -> None:
        """`guard` says what may be called, `tls` whose certificates are believed (default: the public authorities)."""
        self._guard = guard
        tls = tls or httpx2.create_ssl_context(trust_env=False)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_IDLE,
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=GuardedNetwork(guard),
        )

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        content: bytes | None = None,
        timeout: float = 15.0,
        most_bytes: int = MOST_BYTES,
    ) -> Answer:
        """One request, no redirects followed. Any status is an answer.

        `files` {field: (name, bytes, media type)}; `timeout` is seconds for everything together; `most_bytes` counts the answer
        unpacked. Raises `NotReached` (`NotAllowed` when the guard says no), `Broken` (`TooLarge`).
        """
        request = _build(method, url, headers, query, json, form, files, content)
        host = self._check(request.url)
        seen: set[str] = set()

        async def note(event: str, _: Mapping[str, Any]) -> None:
            seen.add(event)

        request.extensions = {"timeout": {"connect": min(timeout, CONNECT_SECONDS)}, "trace": note}
        try:
            async with asyncio.timeout(timeout):
                return await self._ask(request, host, most_bytes)
        except TimeoutError as error:
            if _BEGUN in seen:
                raise Broken(f"{host} took too long to answer.") from error
            raise NotReached(host, "it took too long") from error
        except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, httpx2.DecodingError) as error:
            # What h11 will not write (a line break inside a header) did not leave, although it was begun.
            if _WRITTEN in seen or (_BEGUN in seen and not isinstance(error, httpcore2.LocalProtocolError)):
                raise Broken(f"The connection to {host} broke before its answer was whole.") from error
            raise NotReached(host, "the connection failed") from error

    def _check(self, url: httpx2.URL) -> str:
        """The host's name, once scheme and port are such as may be called."""
        host, port = url.host, url.port or {"https": 443, "http": 80}.get(url.scheme, 0)
        if not host or url.scheme not in ("https", "http"):
            raise NotAllowed("This address", "it has to begin with https://")
        if url.userinfo:
            raise NotAllowed(host, "its address holds a password")
        if not self._guard.is_exempt(host, port):
            if url.scheme != "https":
                raise NotAllowed(host, "it has to be called by https")
            if port not in WEB_PORTS:
                raise NotAllowed(f"Port {port} of {host}", "only 443 and 8443 may be called")
        return host

    async def _ask(self, request: httpx2.Request, host: str, most_bytes: int) -> Answer:
        url = request.url
        answer = await self._pool.handle_async_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        try:
            response = httpx2.Response(answer.status, headers=answer.headers, stream=_Body(answer.stream))
            length = response.headers.get("content-length", "")
            if length.isdigit() and int(length[:18]) > most_bytes:
                raise TooLarge(f"The answer of {host} is larger than {most_bytes:,} bytes.")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > most_bytes:
                    raise TooLarge(f"The answer of {host} is larger than {most_bytes:,} bytes.")
                if len(chunk) >= _BREATH:
                    await asyncio.sleep(0)
            return Answer(status=answer.status, headers=dict(response.headers.items()), body=bytes(body))
        finally:
            await answer.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


class _Body(httpx2.AsyncByteStream):
    """The answer's bytes as httpx2 decodes them; closing is the caller's."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> Any:
        async for chunk in self._stream:
            yield chunk


def _build(
    method: str,
    url: str,
    headers: Mapping[str, str] | None,
    query: Mapping[str, str] | None,
    json: Any,
    form: Mapping[str, str] | None,
    files: Mapping[str, tuple[str, bytes, str]] | None,
    content: bytes | None,
) -> httpx2.Request:
    """The request. Raises `NotAllowed`, whose text does not repeat the URL: it may hold a token."""
    try:
        address = httpx2.URL(url)
        if query:
            address = address.copy_merge_params(dict(query))
        # Merged without regard to case: a name in the caller's spelling must not stand beside ours.
        named = httpx2.Headers(_HEADERS)
        named.update(dict(headers or {}))
        return httpx2.Request(
            method,
            address,
            headers=named,
            json=json,
            data=dict(form) if form is not None else None,
            files=dict(files) if files is not None else None,
            content=content,
        )
    except (httpx2.InvalidURL, ValueError, UnicodeError) as error:
        raise NotAllowed("This address", "it is not valid") from error


_open: tuple[asyncio.AbstractEventLoop, Http] | None = None


def open_http() -> Http:
    """The process's client, made when first asked for; connections belong to one loop, so another loop gets its own."""
    global _open
    loop = asyncio.get_running_loop()
    if _open is None or _open[0] is not loop:
        _open = (loop, Http())
    return _open[1]


async def close_http() -> None:
    """Close the process's client; the next `open_http` makes a new one."""
    global _open
    if _open is not None and _open[0] is asyncio.get_running_loop():
        await _open[1].aclose()
    _open = None


__all__ = [
    "MOST_BYTES",
    "Answer",
    "Broken",
    "Guard",
    "Http",
    "NotAllowed",
    "NotReached",
    "TooLarge",
    "check_host",
    "close_http",
    "open_http",
]
