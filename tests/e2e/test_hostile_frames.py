"""Garbage on the pages' socket of the running server: nothing breaks, nothing is logged at length, the next event is heard."""

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.harness.processes import Processes

pytestmark = pytest.mark.usefixtures("database")

RESET = "reflex___state____state.omni_app___ui___pages___signing_in___reset____reset_state"
REFUSED = "Load this page again"
PAGE = {"pathname": "/reset", "asPath": "/reset"}
ODD = (
    '42/_event,["event",["no event"]]',
    '42/_event,["event"]',
    '42/_event,["event",{"name":"no.such"},{},{}]',
    '42/_event,["connect",{"asgi.scope":{"client":["203.0.113.9",1],"headers":[]}}]',
    '42/_event,[["event"],{}]',
    "42/_event,[5]",
    "42/_event,[]",
    '42/_event,{"secret":1}',
    "42/_event,[secret",
    "42/_event,",
    "42/nowhere,[]",
    "49",
    "451-/_event,[]",
    '42/_event,["client_error",{"message":["secret"]}]',
)


async def open_socket(web_server: str, token: str) -> ClientConnection:
    address = web_server.replace("http://", "ws://") + f"/_event/?EIO=4&transport=websocket&token={token}"
    socket = await connect(address, origin=web_server, additional_headers={"raw-headers": "x"})  # type: ignore[arg-type]
    await socket.recv()
    await socket.send("40/_event,")
    await socket.recv()
    return socket


async def hears(socket: ClientConnection, words: str, name: str, payload: Any, router_data: Any = PAGE) -> None:
    """Send one event and wait until the server says `words`."""
    await socket.send("42/_event," + json.dumps(["event", {"name": name, "payload": payload, "router_data": router_data}]))
    async with asyncio.timeout(60):
        while words not in str(await socket.recv()):
            pass


async def ended(socket: ClientConnection) -> None:
    async with asyncio.timeout(30):
        async for _ in socket:
            pass


async def test_a_socket_of_garbage_is_still_a_socket(web_server: str, processes: Processes) -> None:
    async with asyncio.timeout(120), await open_socket(web_server, "hostile-frames") as socket:
        for frame in ODD:
            await socket.send(frame)
        for payload in ({}, {"form": ["secret"]}, {"form": {"email": float("nan")}}, {"form": {"email": "x@x"}, "secret": 1}):
            await hears(socket, REFUSED, f"{RESET}.request", payload)
        for router_data in (["secret"], {"asPath": "//["}, {"query": {"a": {"secret": 1}}}):
            await hears(socket, REFUSED, f"{RESET}.load", {}, router_data)
        await hears(socket, "Write an e-mail address", f"{RESET}.request", {"form": {"email": "nobody"}})
        await socket.send("42/_event," + json.dumps(["event", {"name": "x" * 2_000_000}]))
        await ended(socket)
    async with await open_socket(web_server, "hostile-frames-2") as socket:
        await socket.send("no frame at all: secret")
        await ended(socket)
    log = processes.log("web")
    assert "Traceback" not in log
    assert "secret" not in log
