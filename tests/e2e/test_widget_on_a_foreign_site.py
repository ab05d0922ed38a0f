"""The widget of the real server on somebody else's website, under the strictest policy it must live with."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.async_api import expect

from omni_app.conversations.handling import take_over
from omni_app.infra.database import open_db
from tests.flows.test_chat_socket import agent_of
from tests.harness.plugin import OpenPage
from tests.making import make_business, rows

pytestmark = pytest.mark.usefixtures("database", "clean_database")


@contextmanager
def foreign_site(omni: str, widget_key: str) -> Iterator[str]:
    """A shop's page on an origin of its own, with one tag and a policy that allows Omni's script and connections only."""
    policy = f"default-src 'none'; script-src {omni}; connect-src {omni} {omni.replace('http', 'ws', 1)}"
    tag = f'<script async src="{omni}/widget.js" data-business="{widget_key}"></script>'
    page = f"<!doctype html><title>Shop</title><h1>Shop</h1>{tag}"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = page.encode()
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-security-policy", policy)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Keep the test output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


async def test_a_stranger_asks_on_a_website_omni_answers_and_a_person_takes_over(web_server: str, open_page: OpenPage) -> None:
    made = await make_business()
    staff = await agent_of(made, "Maya Chen")
    page = await open_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if "Content Security Policy" in message.text else None)
    with foreign_site(web_server, made.widget_key) as site:
        await page.goto(f"{site}/")
        await page.get_by_role("button", name="Open chat").click()
        field = page.get_by_role("textbox")
        await field.fill("price of a checkup <img src=x onerror=alert(1)>")
        await field.press("Enter")
        log = page.get_by_role("log")
        await expect(log.get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()
        await field.fill("price of a checkup")
        await field.press("Enter")
        await expect(log.get_by_text("A check-up is $189.", exact=True).first).to_be_visible()
        await page.reload()
        await expect(page.get_by_role("log").get_by_text("A check-up is $189.", exact=True).first).to_be_visible()
        (conversation,) = await rows("select id from conversations")
        async with open_db(staff) as db:
            await take_over(db, conversation["id"])
        await expect(page.get_by_role("dialog").get_by_text("Maya Chen", exact=True)).to_be_visible()
    assert complaints == []
    customers = await rows("select text from messages where role = 'customer' order by seq")
    assert [row["text"] for row in customers] == ["price of a checkup <img src=x onerror=alert(1)>", "price of a checkup"]
