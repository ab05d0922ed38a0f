"""For the simulator's tests: a place its webhooks go to, and a plain HTTP client in Omni's place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2


@dataclass(slots=True)
class Ear:
    """Hears webhooks: each next one is answered with the next of `answers`, then with 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    heard: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    async def listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            target = head[0].split(" ")[1]
            self.heard.append((target, headers, body))
            query = dict(httpx2.QueryParams(target.partition("?")[2]))
            said = query.get("hub.challenge", "") if head[0].startswith("GET") else ""
            status = 200 if said or not self.answers else self.answers.pop(0)
            writer.write(f"HTTP/1.1 {status} Said\r\ncontent-length: {len(said)}\r\nconnection: close\r\n\r\n{said}".encode())
            await writer.drain()
        finally:
            writer.close()

    @property
    def bodies(self) -> list[bytes]:
        return [body for _, _, body in self.heard if body]


@asynccontextmanager
async def open_ear() -> AsyncIterator[Ear]:
    ear = Ear()
    server = await asyncio.start_server(ear.listen, "127.0.0.1", 0)
    ear.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    async with server:
        yield ear


async def call(method: str, url: str, token: str = "", *, json: object = None, **more: object) -> httpx2.Response:
    """One request to a simulated provider with a bearer token. Raises what httpx2 raises."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
        return await client.request(method, url, json=json, headers=headers, **more)  # type: ignore[arg-type]
