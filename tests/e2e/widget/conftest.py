"""A real browser on a customer's strict page, talking with the chat stub."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Locator, Page

from tests.harness.contexts import Contexts
from tests.harness.waiting import until
from tests.stubs.chat_stub import ChatStub

# Runs before any page script; the list is read at the end of the test.
WATCH_POLICY = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (e) => window.violations.push(`${e.violatedDirective} ${e.blockedURI}`));
"""


@pytest.fixture
async def stub() -> AsyncIterator[ChatStub]:
    async with ChatStub().running() as running:
        yield running


class Visitor:
    """One tab of a visitor. Locators reach into the widget's open shadow root."""

    def __init__(self, page: Page, stub: ChatStub, complaints: list[str]) -> None:
        self.page = page
        self.stub = stub
        self.complaints = complaints
        self.has_own_clock = False
        self.pongs = 0
        self.launcher = page.locator(".ow-launch")
        self.panel = page.get_by_role("dialog")
        self.field = page.locator(".ow-in textarea")
        self.log = page.get_by_role("log")
        self.mine = page.locator(".ow-m.me")
        self.waiting = page.locator(".ow-m.wait")
        self.theirs = page.locator(".ow-log .ow-m:not(.me)")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    async def visit(self, query: str = "") -> None:
        await self.page.goto(f"{self.stub.page}/{query}")

    async def open(self, query: str = "") -> None:
        await self.visit(query)
        await self.launcher.click()

    async def say(self, text: str) -> None:
        await self.field.fill(text)
        await self.field.press("Enter")

    async def hold_the_clock(self) -> None:
        """From now on the page's time is moved by the test. Before the first visit."""
        self.has_own_clock = True
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._count))
        await self.page.clock.install()

    def _count(self, frame: str | bytes) -> None:
        self.pongs += '"pong"' in str(frame)

    async def beat(self) -> None:
        """Moves the clock to the next heartbeat, and waits until the page has its answer: without one the connection is dead."""
        before = self.pongs
        await self.page.clock.fast_forward(26_000)
        await until(lambda: self.pongs > before)

    async def texts(self) -> list[str]:
        """Every bubble after the greeting, top to bottom."""
        return (await self.page.locator(".ow-log .ow-b .ow-t").all_text_contents())[1:]

    async def violations(self) -> list[str]:
        return list(await self.page.evaluate("window.violations"))


@pytest.fixture
async def arrive(contexts: Contexts, stub: ChatStub) -> AsyncIterator[Callable[..., Awaitable[Visitor]]]:
    """`await arrive(**context options)` is a new visitor; `beside=` another tab of the same one.

    At the end no page has broken its security policy or logged an error.
    """
    visitors: list[Visitor] = []
    taken: list[BrowserContext] = []

    async def arrive_once(beside: Visitor | None = None, **options: Any) -> Visitor:
        if beside:
            page = await beside.page.context.new_page()
        else:
            context = await contexts.take(**({"locale": "en-CA", "viewport": {"width": 1280, "height": 800}} | options))
            taken.append(context)
            page = await contexts.page_of(context)
        await page.add_init_script(WATCH_POLICY)
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        visitors.append(Visitor(page, stub, complaints))
        return visitors[-1]

    yield arrive_once
    spent = {visitor.page.context for visitor in visitors if visitor.has_own_clock}
    try:
        for visitor in visitors:
            assert visitor.complaints == []
            if not visitor.page.is_closed():
                assert await visitor.violations() == []
    finally:
        for context in taken:
            await contexts.give_back(context, is_spent=context in spent)


@pytest.fixture
async def visitor(arrive: Callable[..., Awaitable[Visitor]]) -> Visitor:
    return await arrive()
