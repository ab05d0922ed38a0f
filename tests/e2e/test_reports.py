"""Reports in a real browser: looked at, set, sent and read in the mailbox."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.staff import Shop, open_shop
from tests.harness.processes import Processes
from tests.insights.history import CACHE, FAQ, MODEL, talk
from tests.insights.spending import CENT, book
from tests.tenancy.people import sql

pytestmark = pytest.mark.usefixtures("database")


async def spent(shop: Shop) -> None:
    """Two weeks of costs and answers, up to yesterday."""
    yesterday = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
    for days in range(14):
        at = yesterday - timedelta(days=days)
        await book(shop.scope, at, (30 + 7 * (days % 5)) * CENT)
        await book(shop.scope, at, 12 * CENT, service="embedding", channel=None)
        await book(shop.scope, at, (4 + days) * CENT, service="whatsapp", channel="whatsapp")
        await talk(shop.scope, at, MODEL, FAQ, CACHE, CACHE)


async def test_a_report_is_looked_at_set_and_sent(page: Page, web_server: str, worker_process: Processes) -> None:
    shop = await open_shop(page, web_server)
    await spent(shop)
    await page.goto("/reports")
    mail = page.frame_locator("iframe[title='The report as it looks in a mail program']")
    await expect(mail.get_by_role("heading", name="Weekly report")).to_be_visible()
    await expect(mail.get_by_role("img")).to_have_count(4)
    await expect(mail.get_by_role("img").first).to_have_js_property("naturalWidth", 1120)
    await page.get_by_role("button", name="Daily").click()
    await expect(mail.get_by_role("heading", name="Daily report")).to_be_visible()
    await page.get_by_role("button", name="Plain text").click()
    await expect(page.get_by_label("The report as plain text")).to_contain_text("Cost by service")

    await page.get_by_label("Monthly").uncheck()
    await page.get_by_label("Recipients").fill("books@example.com\nmaya")
    await page.get_by_role("button", name="Save settings").click()
    await expect(page.get_by_text("“maya” is not an e-mail address.")).to_be_visible()
    await page.get_by_label("Recipients").fill("books@example.com, Maya@example.com")
    await page.get_by_label("At", exact=True).select_option("7")
    await page.get_by_role("button", name="Save settings").click()
    await expect(page.get_by_text("Settings saved")).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("Recipients")).to_have_value("books@example.com\nmaya@example.com")
    await expect(page.get_by_label("Monthly")).not_to_be_checked()
    await expect(page.get_by_label("At", exact=True)).to_have_value("7")

    await page.get_by_role("button", name="Send to me").click()
    line = page.get_by_role("table", name="Reports that went out").get_by_role("row", name="Daily report")
    await expect(line).to_contain_text("asked for by Maya Chen")
    await expect(line.get_by_text("Sent", exact=True)).to_be_visible()
    await expect(line).to_contain_text(shop.viewer.email)
    (row,) = await sql("select count(*) as n from mails where html <> '' and to_email = :email", email=shop.viewer.email)
    assert row["n"] == 1

    await page.goto("/mailbox")
    letter = page.frame_locator("article iframe")
    await expect(letter.get_by_role("heading", name="Daily report")).to_be_visible()
    assert await page.locator("article iframe").get_attribute("sandbox") == "allow-popups allow-popups-to-escape-sandbox"
    await page.get_by_role("button", name="Plain text").click()
    await expect(page.locator("article pre")).to_contain_text("Cost by service")


async def test_a_viewer_looks_on_a_small_screen_and_changes_nothing(open_page: Any, web_server: str) -> None:
    page = await open_page(base_url=web_server, viewport={"width": 390, "height": 844})
    await open_shop(page, web_server, "viewer")
    await page.goto("/reports")
    mail = page.frame_locator("iframe")
    await expect(mail.get_by_text("Nothing was asked and nothing was spent.").last).to_be_visible()
    await expect(page.get_by_role("heading", name="No report yet")).to_be_visible()
    for name in ("Send to me", "Send to all", "Save settings"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
