"""The pages run under their content policy in a real browser, and what somebody slips into one does not."""

import pytest
from playwright.async_api import Page, expect

from tests.e2e.staff import open_shop
from tests.harness.waiting import until

pytestmark = pytest.mark.usefixtures("database")

# One of each make: charts, live updates and uploads, a preview, frames, the sign-in, the documentation with a script of its own.
PAGES = ("/", "/inbox", "/costs", "/chat-setup", "/knowledge/documents", "/customers/none", "/sign-in", "/api/docs")


async def test_pages_work_and_a_script_slipped_in_does_not(web_server: str, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    await open_shop(page, web_server)
    for path in PAGES:
        answer = await page.goto(path)
        assert answer is not None
        assert "script-src 'self' 'unsafe-eval' 'sha256-" in answer.headers["content-security-policy"], path
        if path == "/api/docs":
            await expect(page.get_by_text("/api/agent/process").first).to_be_visible()
        else:
            await expect(page.locator("[aria-busy=true]")).to_have_count(0)
            await until(lambda: page.evaluate("!!window.omni"), 20)
        assert complaints == [], path

    await page.goto("/sign-in")
    await page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.slipped = 1\">')")
    await page.evaluate("document.head.append(Object.assign(document.createElement('script'), {text: 'window.slipped = 2'}))")
    await page.evaluate(
        "document.head.append(Object.assign(document.createElement('script'), {src: 'https://evil.example/x.js'}))"
    )
    await until(lambda: len(complaints) >= 3, 20)
    assert await page.evaluate("window.slipped") is None
