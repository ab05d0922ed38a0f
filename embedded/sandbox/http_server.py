"""A small HTTP/1.1 server for the simulator: it can do what a real one never offers, break a connection on purpose.

The whole request is read before the app sees it. `scope["break_off"]()` closes the connection without (or amid) an answer.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote_to_bytes

import h11

MOST_BODY_BYTES = 60 * 1024 * 1024
IDLE_SECONDS = 75.0

App = Callable[[MutableMapping[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]


class HttpServer:
    """Serves one ASGI app on 127.0.0.1."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    async def start(self, port: int) -> int:
        """Listen; returns the port (0 chooses a free one). Raises OSError when it is taken."""
        self._server = await asyncio.start_server(self._converse, "127.0.0.1", port, backlog=512)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            tasks = [task for task in self._open.values() if task is not None]
            for writer in list(self._open):
                writer.transport.abort()
            if tasks:
                await asyncio.wait(tasks, timeout=1)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open[writer] = asyncio.current_task()
        connection = h11.Connection(h11.SERVER)
        try:
            while (request := await _next_request(connection, reader, writer)) is not None:
                await self._answer(connection, *request, writer)
                if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE or writer.is_closing():
                    return
                connection.start_next_cycle()
        except (h11.RemoteProtocolError, h11.LocalProtocolError, ConnectionError, TimeoutError):
            # Whoever calls went away or spoke no HTTP: there is nobody to tell.
            pass
        finally:
            self._open.pop(writer, None)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, connection: h11.Connection, request: h11.Request, body: bytes, writer: asyncio.StreamWriter) -> None:
        path, _, query = request.target.partition(b"?")
        host, port = writer.get_extra_info("sockname")[:2]
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": request.http_version.decode(),
            "method": request.method.decode(),
            "scheme": "http",
            "path": _unquote(path),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": [(bytes(name), bytes(value)) for name, value in request.headers],
            "client": writer.get_extra_info("peername")[:2],
            "server": (host, port),
            "break_off": writer.transport.abort,
        }
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Any:
            return messages.pop() if messages else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if writer.is_closing():
                return
            if message["type"] == "http.response.start":
                event: Any = h11.Response(status_code=message["status"], headers=list(message.get("headers", ())))
                writer.write(connection.send(event) or b"")
                return
            if message.get("body"):
                writer.write(connection.send(h11.Data(data=message["body"])) or b"")
            if not message.get("more_body"):
                writer.write(connection.send(h11.EndOfMessage()) or b"")
                await writer.drain()

        await self._app(scope, receive, send)


async def _next_request(
    connection: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> tuple[h11.Request, bytes] | None:
    """A whole request, None when the other side is done."""
    request: h11.Request | None = None
    parts: list[bytes] = []
    size = 0
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                writer.write(connection.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            async with asyncio.timeout(IDLE_SECONDS):
                connection.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            size += len(event.data)
            if size > MOST_BODY_BYTES:
                return None
            parts.append(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage):
            return None if request is None else (request, b"".join(parts))
        else:
            return None


def _unquote(path: bytes) -> str:
    return unquote_to_bytes(path).decode("utf-8", "replace")
