"""Customers in a real browser: found, looked at, changed, vouched for, blocked and erased."""

import asyncio
import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from omni_app.customers.editing import change_customer
from omni_app.infra.background import finish_tasks
from omni_app.infra.database import open_db
from tests.customers.crowd import claim, make_customer, talk
from tests.e2e.staff import Shop, open_shop
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")


async def make_crowd(shop: Shop) -> dict[str, Any]:
    """Sofia, who wrote and claims a number; Bob; a stranger who claims Sofia's address."""
    sofia = await make_customer(shop.scope, "sofia@example.com", "Sofia Marin", tags=json.dumps(["vip"]))
    await claim(shop.scope, sofia, "+19025550148")
    await talk(shop.scope, sofia, ("customer", 0), ("assistant", 1), subject="Price of a check-up", summary="Asked for prices.")
    bob = await make_customer(shop.scope, "+19025550199", "Bob Okafor")
    stranger = await make_customer(shop.scope, "visitor-1")
    await claim(shop.scope, stranger, "sofia@example.com")
    return {"sofia": sofia, "bob": bob, "stranger": stranger}


async def open_profile(page: Page, customer_id: object, name: str) -> None:
    await page.goto(f"/customers/{customer_id}")
    await expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


async def choose(page: Page, item: str) -> None:
    await page.get_by_role("button", name="More about this customer").click()
    await page.get_by_role("menuitem", name=item).click()


async def test_a_customer_is_found_and_their_page_tells_what_is_known(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    await page.goto("/customers")
    await expect(page.get_by_text("Nobody has written yet")).to_be_visible()
    await make_crowd(shop)
    await page.reload()
    await expect(page.get_by_role("status").filter(has_text="3 customers")).to_be_visible()
    await page.get_by_role("searchbox", name="Search customers").fill("sofia@example.com")
    await expect(page.get_by_role("status").filter(has_text="2 customers found")).to_be_visible()
    await page.get_by_role("combobox", name="Tag").select_option("vip")
    await expect(page.get_by_role("status").filter(has_text="1 customer found")).to_be_visible()
    await page.get_by_role("searchbox", name="Search customers").fill("nobody at all")
    await page.get_by_role("button", name="Clear filters").click()
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Export CSV").click()
    file = await asyncio.to_thread(Path(await (await download.value).path()).read_text, "utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(file)))
    assert {line["name"] for line in lines} == {"Sofia Marin", "Bob Okafor", ""}

    await page.get_by_role("link", name="Sofia Marin").click()
    await expect(page.get_by_role("heading", level=1, name="Sofia Marin")).to_be_visible()
    for text in ("sofia@example.com", "Typed, not proven", "Price of a check-up", "Asked for prices.", "100% by the AI"):
        await expect(page.get_by_text(text, exact=True)).to_be_visible()
    await page.get_by_role("link", name="Price of a check-up").click()
    await expect(page).to_have_url(re.compile(r"/inbox"))


async def test_details_tags_notes_and_consent_are_changed(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    sofia = (await make_crowd(shop))["sofia"]
    await open_profile(page, sofia, "Sofia Marin")
    await page.get_by_role("button", name="Edit details").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("textbox", name="Language").fill("no such language")
    await dialog.get_by_role("button", name="Add attribute").click()
    await dialog.get_by_role("textbox", name="Name of the attribute").fill("insurance")
    await dialog.get_by_role("textbox", name="Value of the attribute").fill("Sun Life")
    await dialog.get_by_role("button", name="Save customer").click()
    await expect(dialog).to_contain_text("Write a language like en or en-CA.")
    await page.keyboard.press("Escape")
    await page.get_by_role("alertdialog").get_by_role("button", name="Keep editing").click()
    await dialog.get_by_role("textbox", name="Language").fill("en-CA")

    async with open_db(shop.scope) as db:  # somebody else saves first
        await change_customer(db, sofia, name="Sofia M. Marin")
    await finish_tasks(2.0)
    await dialog.get_by_role("button", name="Save customer").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("Sofia M. Marin")
    await dialog.get_by_role("button", name="Save over theirs").click()
    await expect(page.get_by_text("Customer saved")).to_be_visible()
    await expect(page.get_by_text("Sun Life", exact=True)).to_be_visible()

    await page.get_by_role("textbox", name="Add a tag").fill("Recall, VIP")
    await page.get_by_role("textbox", name="Add a tag").press("Enter")
    await page.get_by_role("button", name="Remove tag vip").click()
    await expect(page.get_by_role("button", name="Remove tag vip")).to_have_count(0)
    await page.get_by_role("switch", name="Offers and news").click()
    await expect(page.get_by_role("switch", name="Offers and news")).to_have_attribute("aria-checked", "true")
    await page.get_by_role("textbox", name="A note for your team").fill("Afraid of needles.")
    await page.get_by_role("button", name="Add note").click()
    await expect(page.get_by_text("Afraid of needles.")).to_be_visible()
    await page.get_by_role("button", name="Remove the note of Maya Chen").click()
    await expect(page.get_by_text("No notes yet.")).to_be_visible()
    (row,) = await rows("select name, language, tags, attributes, consent from customers where id = :id", id=sofia)
    assert (row["name"], row["language"], row["tags"]) == ("Sofia Marin", "en-CA", ["recall"])
    assert row["attributes"] == {"insurance": "Sun Life"}
    assert row["consent"]["marketing"]["given"] is True


async def test_an_address_is_vouched_for_and_a_taken_one_refused(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    crowd = await make_crowd(shop)
    await open_profile(page, crowd["sofia"], "Sofia Marin")
    await page.get_by_role("button", name="Verify +19025550148").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Verify address").click()
    await expect(dialog).to_contain_text("The reason is missing.")
    await dialog.get_by_role("textbox", name="How do you know").fill("Called back")
    await dialog.get_by_role("button", name="Verify address").click()
    await expect(page.get_by_text("Proven by staff")).to_be_visible()

    await page.goto(f"/customers/{crowd['stranger']}")
    await page.get_by_role("button", name="Verify sofia@example.com").click()
    await dialog.get_by_role("textbox", name="How do you know").fill("They said so")
    await dialog.get_by_role("button", name="Verify address").click()
    await expect(page.get_by_text("Another customer has proven this address.")).to_be_visible()


async def test_a_customer_is_blocked_exported_and_erased(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    sofia = (await make_crowd(shop))["sofia"]
    await open_profile(page, sofia, "Sofia Marin")
    await choose(page, "Block customer")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("textbox", name="Reason").fill("Insults the team")
    await dialog.get_by_role("button", name="Block customer").click()
    await expect(page.get_by_text("Insults the team", exact=True)).to_be_visible()
    await choose(page, "Unblock customer")
    await expect(page.get_by_text("Sofia Marin can write again")).to_be_visible()
    async with page.expect_download() as download:
        await choose(page, "Export all data")
    kept = await asyncio.to_thread(Path(await (await download.value).path()).read_text)
    assert "sofia@example.com" in kept

    await choose(page, "Erase customer")
    await expect(dialog).to_contain_text("2 messages")
    await dialog.get_by_role("textbox").fill("Sofia")
    await dialog.get_by_role("button", name="Erase customer").click()
    await expect(dialog).to_contain_text("Write Sofia Marin to confirm.")
    await dialog.get_by_role("textbox").fill("sofia marin")
    await dialog.get_by_role("button", name="Erase customer").click()
    await expect(page.get_by_text("Sofia Marin is erased")).to_be_visible()
    await expect(page.get_by_role("link", name="Bob Okafor")).to_be_visible()
    assert await rows("select 1 from customers where id = :id", id=sofia) == []


async def test_a_viewer_looks_and_changes_nothing(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server, "viewer")
    sofia = (await make_crowd(shop))["sofia"]
    await open_profile(page, sofia, "Sofia Marin")
    await expect(page.get_by_text("sofia@example.com")).to_be_visible()
    for name in ("Edit details", "More about this customer", "Add note", "Verify +19025550148", "Remove tag vip"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)
    await expect(page.get_by_role("switch", name="Offers and news")).to_be_disabled()
