"""Two customers are found to be one person, in a real browser: by a suggestion, by search, and taken back."""

import pytest
from playwright.async_api import Page, expect

from omni_app.customers.suggesting import suggest
from omni_app.infra.database import open_db
from tests.customers.crowd import make_customer, talk
from tests.e2e.staff import open_shop
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")


async def test_staff_join_two_customers_and_take_it_back(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    sofia = await make_customer(shop.scope, "sofia@example.com", "Sofia Marin")
    twin = await make_customer(shop.scope, "visitor-1", "S. Marin")
    await talk(shop.scope, twin, ("customer", 0), subject="Price of a check-up")
    bob = await make_customer(shop.scope, "bob@example.com", "Bob Okafor")
    async with open_db(shop.scope) as db:
        await suggest(db, sofia, twin, "One of them typed an address that is proven to be the other's.")
        await suggest(db, sofia, bob, "Both are called alike.")

    await page.goto(f"/customers/{sofia}")
    await expect(page.get_by_text("Both are called alike.")).to_be_visible()
    await page.get_by_role("button", name="Bob Okafor is somebody else").click()
    await expect(page.get_by_text("Both are called alike.")).to_have_count(0)
    await page.get_by_role("button", name="Join with S. Marin").click()
    dialog = page.get_by_role("dialog", name="Join S. Marin into Sofia Marin")
    await dialog.get_by_role("button", name="Join customers").click()
    await expect(page.get_by_text("S. Marin is joined into Sofia Marin")).to_be_visible()
    await expect(page.get_by_role("link", name="Price of a check-up")).to_be_visible()
    await page.get_by_role("button", name="Undo the join with S. Marin").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Undo join").click()
    await expect(page.get_by_role("link", name="Price of a check-up")).to_have_count(0)

    await page.get_by_role("button", name="More about this customer").click()
    await page.get_by_role("menuitem", name="Join with another").click()
    dialog = page.get_by_role("dialog", name="Join another customer into Sofia Marin")
    await dialog.get_by_role("textbox", name="Who else are they").fill("okafor")
    await dialog.get_by_role("button", name="Find").click()
    await dialog.get_by_role("button", name="Choose Bob Okafor").click()
    dialog = page.get_by_role("dialog", name="Join Bob Okafor into Sofia Marin")
    await expect(dialog.get_by_text("more likely two people")).to_be_visible()
    await dialog.get_by_role("button", name="Join customers").click()
    await expect(dialog.get_by_text("Say how you know")).to_be_visible()
    await dialog.get_by_role("textbox", name="How do you know").fill("They told us on the phone")
    await dialog.get_by_role("button", name="Join customers").click()
    await expect(page.get_by_text("bob@example.com", exact=True)).to_be_visible()
    found = await rows(
        "select evidence, undone_at is null as holds from merges where business_id = :id order by created_at",
        id=shop.viewer.business_id,
    )
    assert [one["holds"] for one in found] == [False, True]
    assert found[1]["evidence"] == "They told us on the phone"
