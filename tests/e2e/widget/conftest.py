"""A real browser on a customer's strict page, talking with the chat stub."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page

from tests.harness.plugin import PAGE_PATIENCE_MS
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

    async def texts(self) -> list[str]:
        """Every bubble after the greeting, top to bottom."""
        return (await self.page.locator(".ow-log .ow-b .ow-t").all_text_contents())[1:]

    async def violations(self) -> list[str]:
        return list(await self.page.evaluate("window.violations"))


@pytest.fixture
async def arrive(browser: Browser, stub: ChatStub) -> AsyncIterator[Callable[..., Awaitable[Visitor]]]:
    """`await arrive(**context options)` is a new visitor; `beside=` another tab of the same one.

    At the end no page has broken its security policy or logged an error.
    """
    visitors: list[Visitor] = []
    contexts: list[BrowserContext] = []

    async def arrive_once(beside: Visitor | None = None, **options: Any) -> Visitor:
        if beside:
            context = beside.page.context
        else:
            context = await browser.new_context(**({"locale": "en-CA", "viewport": {"width": 1280, "height": 800}} | options))
            contexts.append(context)
            context.set_default_timeout(PAGE_PATIENCE_MS)
            await context.add_init_script(WATCH_POLICY)
        page = await context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        visitors.append(Visitor(page, stub, complaints))
        return visitors[-1]

    yield arrive_once
    for visitor in visitors:
        assert visitor.complaints == []
        if not visitor.page.is_closed():
            assert await visitor.violations() == []
    for context in contexts:
        await context.close()


@pytest.fixture
async def visitor(arrive: Callable[..., Awaitable[Visitor]]) -> Visitor:
    return await arrive()
