"""One build serves any port, and the live connection belongs to its own pages only."""

import re

import httpx
import pytest
from playwright.async_api import Page, WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.harness.services import Services
from tests.harness.waiting import until

EVENTS = "/_event/?EIO=4&transport=websocket"


async def test_a_page_connects_to_the_port_that_served_it(web_server: str, page: Page) -> None:
    sockets: list[WebSocket] = []
    page.on("websocket", lambda socket: sockets.append(socket))
    await page.goto("/sign-in")
    await page.wait_for_url(re.compile(r"/sign-in/?$"))
    await until(lambda: any("_event" in socket.url for socket in sockets))
    assert {re.sub(r"^ws(://[^/]+)/.*", r"http\1", socket.url) for socket in sockets} == {web_server}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_the_live_connection_opens_from_this_machine(web_server: str, services: Services, host: str) -> None:
    async with connect(f"ws://127.0.0.1:{services.port}{EVENTS}", origin=f"http://{host}:{services.port}") as socket:
        assert str(await socket.recv()).startswith("0{")


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:1", "null"])
async def test_the_live_connection_is_refused_to_other_sites(web_server: str, services: Services, origin: str) -> None:
    with pytest.raises(InvalidStatus):
        async with connect(f"ws://127.0.0.1:{services.port}{EVENTS}", origin=origin):
            pass


async def test_who_sends_too_much_is_told_so_and_not_cut_off(web_server: str) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        answer = await client.post(f"{web_server}/chat/wk_any/attachments", content=b"x" * (12 * 1024 * 1024))
    assert answer.status_code == 413
    assert answer.json()["message"] == "The body is larger than 10 MiB."
