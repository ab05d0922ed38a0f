"""The pages of channels: connecting an account, its events, and what a small screen and a lost account show."""

import pytest
from playwright.async_api import Page, expect

from omni_app.budgets import seed_prices
from omni_app.channels.connections import create_connection
from omni_app.infra.database import open_db, system_db
from omni_app.infra.live import publish_now
from tests.e2e.staff import Shop, open_shop
from tests.harness.simulator import Sandbox, SandboxAccount
from tests.harness.waiting import until
from tests.tenancy.people import sql

pytestmark = pytest.mark.usefixtures("database")


async def connect(shop: Shop, number: SandboxAccount) -> str:
    """A connection to the simulated number, without the page; its id."""
    values = {
        "phone_number_id": number.credentials["phone_number_id"],
        "business_account_id": number.credentials["waba_id"],
        "access_token": number.credentials["access_token"],
        "app_secret": number.credentials["app_secret"],
        "verify_token": number.credentials["verify_token"],
    }
    async with open_db(shop.scope) as db:
        return str(await create_connection(db, "whatsapp", "Front desk", values, is_sandbox=True))


async def scrolls_sideways(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


async def test_an_account_is_connected_tested_and_tried(sandbox: Sandbox, page: Page, web_server: str) -> None:
    await open_shop(page, web_server)
    async with system_db("test prices") as db:
        await seed_prices(db)
    number = await sandbox.account("whatsapp")
    await page.goto("/channels")
    await expect(page.get_by_text("Nothing is connected yet")).to_be_visible()
    await page.locator("a[href='/channels/new/whatsapp']").click()
    await page.get_by_role("button", name="Save and go on").click()
    await expect(page.get_by_text("Three things need a change.")).to_be_visible()
    await page.get_by_label("Phone number id").fill(number.credentials["phone_number_id"])
    await page.get_by_label("WhatsApp Business account id").fill(number.credentials["waba_id"])
    await page.get_by_label("Access token", exact=True).fill("EAAB-wrong")
    await page.get_by_text("More settings").click()
    await page.get_by_label("Graph address").fill(f"{sandbox.url}/graph")
    await page.get_by_role("button", name="Save and go on").click()
    # Step 2: the addresses to paste; step 3: the test, in Meta's own words.
    await expect(page.get_by_role("heading", name="Webhook addresses")).to_be_visible()
    await expect(page.locator(".addresses .code").first).to_contain_text("/webhooks/meta/whatsapp/")
    await page.get_by_role("button", name="Test connection").click()
    await expect(page.locator(".health .callout.bad")).to_contain_text("access token")
    token = page.get_by_label("Access token", exact=True)
    await expect(token).to_have_value("")
    await expect(token).to_have_attribute("placeholder", "Set. Leave empty to keep it.")
    await token.fill(number.credentials["access_token"])
    await page.get_by_role("button", name="Save settings").click()
    await expect(page.get_by_text("Saved. Test the connection now")).to_be_visible()
    await page.get_by_role("button", name="Test connection").click()
    await expect(page.locator(".head .badge.good")).to_have_text("Working")
    await page.get_by_role("tab", name="Templates").click()
    await expect(page.get_by_role("table", name="Templates").get_by_text("Approved").first).to_be_visible()
    await page.get_by_role("tab", name="Settings").click()
    await number.inbound(**{"from": "16505551234", "name": "Sheena", "text": "Hello"})
    await page.get_by_label("Phone number", exact=True).fill("555")
    await page.get_by_role("button", name="Send test").click()
    await expect(page.get_by_text("Write the phone number with its country code")).to_be_visible()
    await page.get_by_label("Phone number", exact=True).fill("+1 650 555 1234")
    await page.get_by_role("button", name="Send test").click()
    await expect(page.get_by_text("WhatsApp took the message")).to_be_visible()
    assert len(await number.outbox()) == 1


async def test_an_event_is_looked_at_and_handled_again(sandbox: Sandbox, page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    number = await sandbox.account("whatsapp")
    connection_id = await connect(shop, number)
    await page.goto(f"/channels/{connection_id}?tab=events")
    await expect(page.get_by_text("Nothing came in yet")).to_be_visible()
    await page.get_by_role("tab", name="Settings").click()
    await number.connect(await page.locator(".addresses .code").first.inner_text())
    await page.get_by_role("tab", name="Events").click()
    await number.inbound(**{"from": "16505551234", "name": "Sheena", "text": "Do you treat children?"})

    async def stored() -> object:
        return await sql("select id from channel_events where connection_id = :id", id=connection_id)

    await until(stored)
    await sql(
        "update channel_events set status = 'failed', detail = 'The message has no sender.' where connection_id = :id",
        id=connection_id,
    )
    await page.get_by_label("Status").select_option("failed")
    row = page.get_by_role("row").filter(has_text="The message has no sender.")
    await row.get_by_role("button", name="Look").click()
    await expect(page.get_by_label("Content")).to_contain_text("Do you treat children?")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    noted = await sql(
        "select count(*) as n from audit_entries where action = 'channel.event_read' and business_id = :id",
        id=shop.viewer.business_id,
    )
    assert noted[0]["n"] == 1
    await row.get_by_role("button", name="Handle again").click()
    await expect(page.get_by_text("No event has this status")).to_be_visible()
    (event,) = await sql("select status from channel_events where connection_id = :id", id=connection_id)
    assert event["status"] != "failed"


async def test_a_lost_account_is_told_and_nothing_typed_is_lost_on_a_small_screen(
    sandbox: Sandbox, page: Page, web_server: str
) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    shop = await open_shop(page, web_server)
    connection_id = await connect(shop, await sandbox.account("whatsapp"))
    await page.goto("/channels")
    await expect(page.get_by_text("Front desk")).to_be_visible()
    await sql(
        "update channel_connections set health = 'revoked', health_detail = 'Session has expired.' where id = :id",
        id=connection_id,
    )
    await publish_now(shop.viewer.business_id, "channel.changed", connection_id=connection_id)
    await expect(page.locator(".strip.bad")).to_contain_text("WhatsApp “Front desk” is disconnected.")
    assert not await scrolls_sideways(page)
    await page.get_by_role("link", name="Connect again").click()
    await expect(page.get_by_role("heading", name="Front desk")).to_be_visible()
    await expect(page.locator(".callout.bad").get_by_text("Session has expired.")).to_be_visible()
    assert not await scrolls_sideways(page)
    await page.get_by_label("Phone number id").fill("42")
    await expect(page.get_by_text("Not saved yet")).to_be_visible()
    await page.locator(".back a").click()
    await page.get_by_role("button", name="Keep editing").click()
    await expect(page.get_by_label("Phone number id")).to_have_value("42")
    await page.locator(".back a").click()
    await page.get_by_role("button", name="Discard changes").click()
    await expect(page.get_by_role("heading", name="Channels", exact=True)).to_be_visible()
    await page.goto("/channels/new/smtp")
    await expect(page.get_by_role("button", name="Save and go on")).to_be_visible()
    assert not await scrolls_sideways(page)
