"""The page of limits and abuse: what was seen is judged and lifted there, and the rules are set."""

from datetime import timedelta

from playwright.async_api import Page, expect

from omni_app.infra.background import finish_tasks
from omni_app.limits.refusals import flush_refusals, note_refusal
from omni_app.orchestrator.turn import receive
from tests.e2e.staff import Shop, open_shop
from tests.making import inbound
from tests.tenancy.people import sql

NOISE = "$%^&*()#@!~{}"


async def be_noisy(shop: Shop, times: int, who: str = "visitor-1") -> None:
    """A visitor without a name sends noise."""
    for _ in range(times):
        await receive(shop.scope, inbound(NOISE, who=who))
    await finish_tasks(2.0)


async def test_signs_are_judged_lifted_and_blocked(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    await page.goto("/limits")
    await expect(page.get_by_text("Nothing looked like abuse")).to_be_visible()
    await be_noisy(shop, 2)

    signs = page.get_by_role("table", name="Signs of abuse")
    await expect(signs.get_by_text("100% of it is no text")).to_have_count(2)  # told live
    await expect(signs.get_by_text(NOISE)).to_have_count(2)
    held = signs.get_by_role("row").filter(has_text="Slowed down")
    await held.get_by_role("button", name="Lift").click()
    await expect(page.get_by_text("may write again")).to_be_visible()
    await expect(held.get_by_role("button", name="Lift")).to_have_count(0)

    await signs.get_by_role("row").filter(has_text="Noted").get_by_role("button", name="Wrong").click()
    await expect(signs.get_by_text("Wrong · Maya Chen")).to_be_visible()
    await page.get_by_label("Which signs").select_option("wrong")
    await expect(signs.get_by_role("row")).to_have_count(2)
    await page.get_by_label("Kind of sign").select_option("rapid_fire")
    await page.get_by_role("button", name="Clear filters").click()

    await held.get_by_role("button", name="Block").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Block customer").click()
    await expect(signs.get_by_text("Blocked for good")).to_have_count(2)
    (row,) = await sql("select block_reason from customers where business_id = :id", id=shop.viewer.business_id)
    assert row["block_reason"] == "Gibberish: 100% of it is no text"


async def test_limits_and_rules_are_checked_saved_and_guarded(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    note_refusal(shop.viewer.business_id, "visitors", "address", "8.8.8.8", 60, timedelta(hours=1))
    note_refusal(shop.viewer.business_id, "upload", "address", "9.9.9.9", 100, timedelta(hours=1))
    await flush_refusals()
    await page.goto("/limits")
    refusals = page.get_by_role("table", name="Refusals")
    await expect(refusals.get_by_text("Network 8.8.8.0/24")).to_be_visible()
    await page.get_by_label("Which limit").select_option("Files from one address")
    await expect(refusals.get_by_text("Network 9.9.9.0/24")).to_be_visible()
    await expect(refusals.get_by_text("Network 8.8.8.0/24")).to_have_count(0)
    await page.get_by_label("Messages a customer may send in 24 hours").fill("lots")
    await page.get_by_label("Block at sign number").fill("1")
    await page.get_by_role("button", name="Save limits").click()
    await expect(page.get_by_text("Write a whole number.", exact=True)).to_be_visible()

    await page.get_by_label("Messages a customer may send in 24 hours").fill("12")
    await page.get_by_role("button", name="Save limits").click()
    await expect(page.get_by_text("Write a whole number from 2 to 50.")).to_be_visible()
    assert await sql("select 1 from businesses where id = :id and daily_messages = 12", id=shop.viewer.business_id) == []

    await page.get_by_label("Block at sign number").fill("6")
    await page.get_by_role("link", name="Team").first.click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Keep editing").click()
    await page.get_by_role("switch", name="Look for abuse").click()
    await page.get_by_role("button", name="Save limits").click()
    await expect(page.get_by_text("Limits saved")).to_be_visible()
    await expect(page.get_by_role("switch", name="Look for abuse")).to_have_attribute("aria-checked", "false")
    (row,) = await sql("select daily_messages, limits from businesses where id = :id", id=shop.viewer.business_id)
    assert (row["daily_messages"], row["limits"]["abuse"]["block_after"], row["limits"]["abuse"]["is_on"]) == (12, 6, False)


async def test_who_may_only_look_changes_nothing(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server, role="viewer")
    await be_noisy(shop, 1)
    await page.goto("/limits")
    await expect(page.get_by_role("table", name="Signs of abuse").get_by_text("Gibberish")).to_be_visible()
    await expect(page.get_by_role("button", name="Wrong")).to_have_count(0)
    await expect(page.get_by_role("button", name="Save limits")).to_have_count(0)
    await expect(page.get_by_label("Block at sign number")).to_be_disabled()
