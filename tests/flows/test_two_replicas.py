"""Two web processes on one database and one Redis: what one does, the other knows at once."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect

from embedded.children import Program
from omni_app.infra.database import open_db
from omni_app.infra.scope import system_scope
from omni_app.settings import ROOT
from omni_app.tenancy.api_keys import create_key
from omni_app.tenancy.sessions import load_viewer
from tests.harness.processes import MODULES, get_status
from tests.harness.services import Services, free_port
from tests.harness.waiting import wait_until
from tests.tenancy.people import CLIENT, found

pytestmark = pytest.mark.usefixtures("database", "clean_database")

PATIENCE = 60.0
LOADED = '"is_hydrated_rx_state_":true'
INBOX = {"pathname": "/inbox", "asPath": "/inbox"}


@pytest.fixture(scope="module")
def start_second(services: Services) -> Iterator[Any]:
    """Start another web process on a port of its own; gone after the module."""
    started = []

    def start() -> str:

        port = free_port()
        program = Program(
            name="web-2",
            command=[sys.executable, "-m", MODULES["web"]],
            log=services.home / "web-2.log",
            cwd=ROOT,
            environment=services.child_environment(OMNI_DATABASE_OWNER_URL="", PORT=str(port)),
            parent_death_signal=signal.SIGKILL,
        )
        started.append(program.popen())
        wait_until(lambda: get_status(port, "/health") == 200, 120)
        return f"http://localhost:{port}"

    yield start
    for process in started:
        process.terminate()
        process.wait(10)


@asynccontextmanager
async def tab(address: str, cookie: str, token: str) -> AsyncIterator[ClientConnection]:
    """A browser's tab with the inbox open, without the browser."""
    url = address.replace("http://", "ws://") + f"/_event/?EIO=4&transport=websocket&token={token}"
    headers = {"cookie": f"omni_session={cookie}"}
    async with connect(url, origin=address, additional_headers=headers, max_size=None) as socket:  # type: ignore[arg-type]
        await socket.recv()
        await socket.send("40/_event,")
        await socket.recv()
        await send(socket, "reflex___state____state.hydrate_and_load", vars={}, hashes=None)
        yield socket


async def send(socket: ClientConnection, name: str, **payload: Any) -> None:
    await socket.send("42/_event," + json.dumps(["event", {"name": name, "payload": payload, "router_data": INBOX}]))


async def hears(socket: ClientConnection, words: str) -> None:
    """Wait until the server sends `words` to this tab; answer its pings meanwhile."""
    async with asyncio.timeout(PATIENCE):
        while words not in (frame := str(await socket.recv())):
            if frame == "2":
                await socket.send("3")


async def test_what_one_replica_does_the_other_knows(web_server: str, start_second: Any) -> None:
    first, second = web_server, start_second()
    cookie = await found()
    viewer = await load_viewer(cookie, CLIENT)
    async with open_db(system_scope(viewer.business_id)) as db:
        _, key = await create_key(db, "Test key")
    bearer = {"Authorization": f"Bearer {key}"}
    async with (
        httpx2.AsyncClient(base_url=first, headers=bearer, timeout=PATIENCE) as one,
        httpx2.AsyncClient(base_url=second, headers=bearer, timeout=PATIENCE) as two,
    ):

        async def ask(client: httpx2.AsyncClient, text: str, who: str) -> httpx2.Response:
            body = {"channel": "email", "customer": {"email": who}, "text": text}
            answer = await client.post("/api/agent/process", json=body)
            assert answer.status_code == 200, answer.text
            return answer

        # What comes in through one replica is counted at once on a page that hangs on the other.
        async with tab(first, cookie, "replica-one") as page, tab(second, cookie, "replica-two") as other:
            await hears(page, LOADED)
            await hears(other, LOADED)
            await ask(two, "Do you have a zebra crossing?", "ann@example.com")
            await hears(page, '"ai":1,"all":1')
            await ask(one, "And a giraffe?", "ben@example.com")
            await hears(other, '"ai":2,"all":2')

            # What is taught, changed and forgotten through one is so at once for the other, whose caches are warm.
            faq = {"question": "Where can I park?", "answer": "Behind the house.", "phrasings": ["is there parking"]}
            made = (await one.post("/api/faq", json=faq)).json()["data"]
            for client, who in ((one, "cy@example.com"), (two, "di@example.com"), (one, "ed@example.com")):
                assert "Behind the house." in (await ask(client, "Where can I park?", who)).text
            changed = await one.put(f"/api/faq/{made['id']}", json={**faq, "answer": "In the yard."})
            assert changed.status_code == 200, changed.text
            for client, who in ((two, "fay@example.com"), (one, "gus@example.com")):
                said = (await ask(client, "Where can I park?", who)).text
                assert "In the yard." in said
                assert "Behind the house." not in said
            assert (await two.delete(f"/api/faq/{made['id']}")).status_code in {200, 204}
            assert "In the yard." not in (await ask(one, "Where can I park?", "hal@example.com")).text

            # Both count in one window.
            left = [int((await client.get("/api/faq")).headers["RateLimit-Remaining"]) for client in (one, two, one, two)]
            assert left == [left[0], left[0] - 1, left[0] - 2, left[0] - 3]

            # Who signs out through one is a stranger to the other.
            async with httpx2.AsyncClient(base_url=first, cookies={"omni_session": cookie}, timeout=PATIENCE) as browser:
                ended = await browser.post("/auth/sign-out", json={}, headers={"Origin": first})
            assert ended.status_code == 204
            await send(other, "reflex___state____state.omni_app___ui___account____shell_state.load")
            await hears(other, "/sign-in")
