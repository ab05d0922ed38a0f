"""The page that sets up the website chat: the secret for signed-in users, a check of a hash, the form before the chat."""

import httpx
import pytest
from playwright.async_api import Page, expect

from omni_app.tenancy.site_identity import hash_user
from tests.e2e.staff import Shop, open_shop
from tests.tenancy.people import sql

pytestmark = pytest.mark.usefixtures("database")


async def enter(page: Page, web_server: str, role: str = "owner") -> Shop:
    shop = await open_shop(page, web_server, role)
    await page.goto("/chat-setup")
    return shop


async def shown_secret(page: Page) -> str:
    secret = page.locator("#site-secret")
    await expect(secret).to_contain_text("ids_")
    return (await secret.text_content()) or ""


async def check(page: Page, user: str, user_hash: str) -> None:
    await page.get_by_label("User", exact=True).fill(user)
    await page.get_by_label("Hash", exact=True).fill(user_hash)
    await page.get_by_role("button", name="Check the hash").click()


async def test_the_secret_is_made_shown_hidden_replaced_and_checked_with(page: Page, web_server: str) -> None:
    await enter(page, web_server)
    await page.get_by_role("button", name="Make the secret").click()
    first = await shown_secret(page)
    await page.get_by_role("button", name="Hide").click()
    await expect(page.locator("#site-secret")).to_have_count(0)
    await page.get_by_role("button", name="Show the secret").click()
    assert await shown_secret(page) == first
    await page.get_by_role("button", name="Make a new one").click()
    await page.get_by_role("button", name="Keep this one").click()
    await page.get_by_role("button", name="Make a new one").click()
    await page.get_by_role("button", name="Make a new secret").click()
    await expect(page.get_by_text("New secret made")).to_be_visible()
    await expect(page.locator("#site-secret")).not_to_have_text(first)
    secret = await shown_secret(page)

    await check(page, "sofia@example.com", hash_user(secret, "sofia@example.com"))
    await expect(page.get_by_text("This hash fits")).to_be_visible()
    await check(page, "sofia@example.com", "0" * 64)
    await expect(page.get_by_text("This hash does not fit")).to_be_visible()
    await check(page, "sofia@example.com", "abc")
    await expect(page.get_by_text("The hash has 64 hex digits")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("button", name="Show the secret")).to_be_visible()
    await expect(page.locator("#site-secret")).to_have_count(0)


async def test_the_form_before_the_chat_reaches_the_widget(page: Page, web_server: str) -> None:
    shop = await enter(page, web_server)
    await page.get_by_label("Ask before the chat starts").check()
    await page.get_by_label("Name", exact=True).uncheck()
    await page.get_by_label("E-mail", exact=True).uncheck()
    await page.get_by_role("button", name="Save form").click()
    await expect(page.get_by_text("Choose at least one field to ask for.")).to_be_visible()
    await page.get_by_label("Phone number").check()
    await page.get_by_label("Must be filled in").check()
    await page.get_by_role("button", name="Save form").click()
    await expect(page.get_by_text("Form saved")).to_be_visible()
    (row,) = await sql("select widget_key from businesses where id = :id", id=shop.viewer.business_id)
    async with httpx.AsyncClient(trust_env=False) as client:
        config = (await client.get(f"{web_server}/chat/{row['widget_key']}/config")).json()
    assert config["pre_chat"] == {"enabled": True, "required": True, "fields": ["phone"]}


async def test_agents_see_neither_page_nor_secret(page: Page, web_server: str) -> None:
    await enter(page, web_server, "agent")
    await expect(page.get_by_text("could not be loaded").first).to_be_visible()
    await expect(page.get_by_role("button", name="Make the secret")).to_have_count(0)
