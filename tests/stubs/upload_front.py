"""A door before the chat stub: it takes uploads, which the WebSocket server behind it cannot read, and passes on the rest."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

Upload = Callable[[str, bytes], Awaitable[tuple[int, dict[str, Any]]]]


@asynccontextmanager
async def open_front(behind: int, upload: Upload) -> AsyncIterator[int]:
    """A port of this machine: `upload(path, body)` answers POST, the server on port `behind` everything else."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith((b"POST ", b"OPTIONS ")):
                await _answer(reader, writer, head, upload)
            else:
                await _pass_on(reader, writer, head, behind)
        except (OSError, asyncio.IncompleteReadError):
            # What the server behind cut off is cut off here too, without waiting for the browser.
            writer.transport.abort()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes, upload: Upload) -> None:
    line, _, rest = head.partition(b"\r\n")
    method, path, _ = line.decode().split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (row.partition(":") for row in rest.decode().splitlines())}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    status, answer = (204, {}) if method == "OPTIONS" else await upload(path, body)
    content = b"" if method == "OPTIONS" else json.dumps(answer).encode()
    allowed = "Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Headers: content-type\r\nConnection: close\r\n"
    writer.write(f"HTTP/1.1 {status} X\r\n{allowed}Content-Length: {len(content)}\r\n\r\n".encode() + content)
    await writer.drain()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes, behind: int) -> None:
    inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", behind)
    inner_writer.write(head)
    one = asyncio.create_task(_copy(reader, inner_writer))
    other = asyncio.create_task(_copy(inner_reader, writer))
    try:
        done, _ = await asyncio.wait({one, other}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        one.cancel()
        other.cancel()
        inner_writer.transport.abort()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while chunk := await source.read(65536):
        sink.write(chunk)
        await sink.drain()


def read_parts(body: bytes) -> tuple[str, str, str, bytes]:
    """Session, file name, type and bytes of a multipart body as browsers write it."""
    boundary = body.partition(b"\r\n")[0]
    token, name, kind, data = "", "", "", b""
    for part in body.split(boundary)[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        words = head.decode()
        if 'name="session"' in words:
            token = value.removesuffix(b"\r\n").decode()
        elif 'name="file"' in words:
            name = words.partition('filename="')[2].partition('"')[0]
            kind = words.partition("Content-Type: ")[2].partition("\r\n")[0]
            data = value.removesuffix(b"\r\n")
    return token, name, kind, data
