"""The sandbox page with the real processes: a customer's message travels all the way and the answer comes back to the phone."""

from uuid import UUID

import pytest
from playwright.async_api import Page, expect

from omni_app.budgets.listed import seed_prices
from omni_app.channels.checking import check_connection
from omni_app.channels.connections import create_connection, load_connection
from omni_app.infra.database import open_db, system_db
from tests.e2e.staff import Shop, open_shop
from tests.harness.processes import Processes
from tests.harness.simulator import Sandbox, SandboxAccount

pytestmark = pytest.mark.usefixtures("database")


async def connect(shop: Shop, number: SandboxAccount) -> UUID:
    """A tested connection to the simulated number, its webhooks set, in a deployment that knows what a message costs."""
    async with system_db("test prices") as db:
        await seed_prices(db)
    values = {
        "phone_number_id": number.credentials["phone_number_id"],
        "business_account_id": number.credentials["waba_id"],
        "access_token": number.credentials["access_token"],
        "app_secret": number.credentials["app_secret"],
        "verify_token": number.credentials["verify_token"],
    }
    async with open_db(shop.scope) as db:
        connection_id = await create_connection(db, "whatsapp", "Front desk", values, is_sandbox=True)
        view = await load_connection(db, connection_id)
    await number.connect(view.webhooks[0].url)
    await check_connection(shop.scope, connection_id)
    return connection_id


async def test_a_customer_gets_the_answer_on_their_phone(
    sandbox: Sandbox, page: Page, web_server: str, worker_process: Processes
) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    shop = await open_shop(page, web_server)
    await shop.teach("Do you treat children?", "Yes, from three years of age.")
    await connect(shop, await sandbox.account("whatsapp", options={"statuses": "auto"}))
    await page.goto("/sandbox")
    await page.get_by_role("button", name="New customer").first.click()
    await page.get_by_label("Name", exact=True).fill("Ann Lee")
    await page.get_by_label("Phone number").fill("555")
    await page.get_by_role("button", name="Be this customer").click()
    await expect(page.get_by_text("Write a number with its country code")).to_be_visible()
    await page.get_by_label("Phone number").fill("+1 902 555 0123")
    await page.get_by_role("button", name="Be this customer").click()
    message = page.get_by_label("Message", exact=True)
    await message.fill("Do you treat children?")
    await message.press("Enter")
    talk = page.get_by_role("log", name="Messages")
    await expect(talk.locator("li.out")).to_contain_text("Do you treat children?")
    await expect(talk.locator("li.in")).to_contain_text("Yes, from three years of age.")
    await expect(message).to_have_value("")
    # How far it got comes by itself, and so does the way to the inbox.
    await expect(talk.locator("li.in .meta")).to_contain_text("read")
    await expect(page.get_by_role("list", name="Webhooks, newest first").get_by_text("Taken").first).to_be_visible()
    assert not await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    await page.get_by_role("link", name="Open in inbox").click()
    await expect(page.get_by_role("heading", name="Ann Lee").first).to_be_visible()


async def test_a_failure_is_played_and_cleared(sandbox: Sandbox, page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    number = await sandbox.account("whatsapp")
    await connect(shop, number)
    await number.inbound("19025550123", name="Ann Lee", text="Hello")
    await page.goto("/sandbox")
    await expect(page.get_by_role("log", name="Messages")).to_contain_text("Hello")
    await page.get_by_label("Let the provider fail").select_option("rate_limited")
    await page.get_by_label("How many requests").fill("many")
    await page.get_by_role("button", name="Play it").click()
    await expect(page.get_by_text("Write a whole number.")).to_be_visible()
    await page.get_by_label("How many requests").fill("3")
    await page.get_by_role("button", name="Play it").click()
    failures = page.get_by_role("list", name="Failures in force")
    await expect(failures).to_contain_text("Too many requests (429), come back in a second: 3 more")
    await page.get_by_role("button", name="Clear all").click()
    await expect(failures).to_have_count(0)
    (before,) = await number.webhooks()
    await page.get_by_role("button", name="Send this webhook once more").first.click()
    await expect(page.get_by_text("Sent once more")).to_be_visible()
    _, again = await number.webhooks()
    assert (again["size"], again["tries"][0]["status"]) == (before["size"], 200)
