"""Every page by axe-core, in light and dark, and at 390 px: WCAG 2.2 A and AA, the order of headings, nothing that sticks out.

The sidebar says which pages there are, so a new one is walked without being named here. One browser page goes over all of them.
"""

from collections.abc import Sequence
from importlib.resources import files
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Page, ViewportSize, expect

from omni_app.channels.connections import create_connection
from omni_app.infra.database import open_db
from tests.e2e.staff import Shop, open_shop
from tests.knowledge.paper import add_ready

pytestmark = pytest.mark.usefixtures("database")

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
WIDE: ViewportSize = {"width": 1280, "height": 800}
SMALL: ViewportSize = {"width": 390, "height": 844}
ACCOUNT = {
    "phone_number_id": "173471982383386",
    "business_account_id": "104996122399160",
    "access_token": "EAAB-test",
    "app_secret": "0123456789abcdef0123456789abcdef",
    "verify_token": "verify-test",
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_SETTLED = """([title, dark]) => document.title !== title && document.documentElement.classList.contains("dark") === dark
  && document.querySelector("h1") && !document.querySelector("[aria-busy=true]")"""
_AXE = """async (options) => (await axe.run(document, { resultTypes: ["violations"], ...options })).violations.flatMap(
  (found) => found.nodes.map((node) => `${found.id}: ${node.target.join(" ")} ${node.failureSummary.replace(/\\s+/g, " ")}`))"""
_STICKS_OUT = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
  .filter((part) => part.getBoundingClientRect().right > innerWidth + 1).slice(0, 3)
  .map((part) => `beyond 390 px: ${part.tagName} ${part.className}`)"""


class Walk:
    """Goes over addresses with one page and notes what is wrong."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: list[str] = []

    async def visit(self, path: str) -> None:
        """By the sidebar where it leads there: the page stays alive, which costs a third of a new one."""
        before = await self.page.title()
        link = self.page.locator(f".sidebar a.nav[href='{path}']:not([aria-current])")
        if await link.count():
            await link.click()
            await self.settled(before)
        else:
            await self.page.goto(path)
            await self.settled()

    async def look(self, where: str) -> None:
        """Everything in light, the colours once more in dark, and the width of a phone."""
        headings = await self.page.locator("h1:visible").count()
        self._note(where, [f"{headings} headings of level 1"] if headings != 1 else [])
        self._note(where, await self._axe({"type": "tag", "values": RULES}))
        await self.page.emulate_media(color_scheme="dark")
        await self.settled(dark=True)
        self._note(f"{where} in dark", await self._axe({"type": "rule", "values": ["color-contrast"]}))
        await self.page.set_viewport_size(SMALL)
        self._note(where, await self.page.evaluate(_STICKS_OUT))
        await self.page.set_viewport_size(WIDE)
        await self.page.emulate_media(color_scheme="light")
        await self.settled()

    async def settled(self, before: str = "", *, dark: bool = False) -> None:
        await self.page.wait_for_function(_SETTLED, arg=[before, dark])

    async def _axe(self, rules: dict[str, Any]) -> list[str]:
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(AXE)
        found: list[str] = await self.page.evaluate(_AXE, {"runOnly": rules})
        return found

    def _note(self, where: str, found: Sequence[str]) -> None:
        self.wrong += [f"{where}: {problem}" for problem in found]


async def account_of(shop: Shop) -> UUID:
    async with open_db(shop.scope) as db:
        return await create_connection(db, "whatsapp", "Front desk", ACCOUNT, is_sandbox=True)


async def test_pages_for_strangers(open_page: Any, web_server: str) -> None:
    walk = Walk(await open_page(base_url=web_server, viewport=WIDE, color_scheme="light", reduced_motion="reduce"))
    for path in ("/sign-in", "/sign-up", "/reset"):
        await walk.visit(path)
        await walk.look(path)
    assert not walk.wrong, "\n".join(walk.wrong)


async def test_pages_for_staff(open_page: Any, web_server: str) -> None:
    page = await open_page(base_url=web_server, viewport=WIDE, color_scheme="light", reduced_motion="reduce")
    shop = await open_shop(page, web_server)
    await shop.teach("Where can I park?", "Behind the clinic, free.", "Is there parking?")
    await shop.ask("Where can I park?", name="Ann Lee")
    asked = await shop.ask("Can I speak to a person?", name="Ann Lee")
    await add_ready(shop.scope)
    account_id = await account_of(shop)

    walk = Walk(page)
    await page.goto("/")
    await expect(page.locator(".pill")).to_have_text("Live")
    for path in await page.locator(".sidebar a.nav").evaluate_all("links => links.map((link) => link.getAttribute('href'))"):
        await walk.visit(path)
        await walk.look(path)
    conversation = f"/inbox?conversation={asked['conversation']['id']}"
    for path in (conversation, "/knowledge/documents", "/knowledge/suggested", f"/channels/{account_id}", "/channels/new/smtp"):
        await walk.visit(path)
        await walk.look(path)
    for list_, link in (("/customers", "a[href^='/customers/']"), ("/knowledge/documents", "a[href^='/knowledge/documents/']")):
        await walk.visit(list_)
        before = await page.title()
        await page.locator(f"#main {link}").first.click()
        await walk.settled(before)
        await walk.look(f"the page of one of {list_}")
    assert not walk.wrong, "\n".join(walk.wrong)


async def test_tabs_by_arrows_unsaved_changes_and_where_the_focus_returns(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    await page.goto(f"/channels/{await account_of(shop)}")
    settings, templates, events = (page.get_by_role("tab", name=name) for name in ("Settings", "Templates", "Events"))
    await settings.focus()
    await page.keyboard.press("ArrowRight")
    await expect(templates).to_be_focused()
    await expect(templates).to_have_attribute("aria-selected", "true")
    await expect(page.get_by_role("tabpanel", name="Templates")).to_contain_text("No templates yet")
    await page.keyboard.press("End")
    await expect(events).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("ArrowRight")
    await expect(settings).to_have_attribute("aria-selected", "true")
    await expect(settings).to_have_attribute("tabindex", "0")
    await expect(events).to_have_attribute("tabindex", "-1")

    sidebar = page.get_by_role("navigation", name="Main", exact=True)
    await sidebar.get_by_role("link", name="Budget and plan").click()
    limit = page.get_by_label("Monthly budget")
    stored = await limit.input_value()
    await limit.fill("99.00")
    asked = page.get_by_role("alertdialog")
    await sidebar.get_by_role("link", name="Team").click()
    await asked.get_by_role("button", name="Keep editing").click()
    await expect(asked).to_have_count(0)
    await expect(limit).to_have_value("99.00")
    await limit.fill(stored)
    # As it was: nothing to ask.
    await sidebar.get_by_role("link", name="Prices").click()
    await expect(page.get_by_role("heading", name="Prices", level=1)).to_be_visible()
    await sidebar.get_by_role("link", name="Budget and plan").click()
    await limit.fill("98.00")
    await sidebar.get_by_role("link", name="Team").click()
    await asked.get_by_role("button", name="Discard changes").click()
    await expect(page.get_by_role("heading", name="Team", level=1)).to_be_visible()

    invite = page.get_by_role("button", name="Invite colleague")
    await invite.press("Enter")
    await expect(page.get_by_role("dialog").get_by_role("heading", name="Invite a colleague", level=2)).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(invite).to_be_focused()
