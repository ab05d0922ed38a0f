"""The page of the business, in a real browser: its words and hours reach the chat, wrong fields say so, roles are kept."""

import itertools
import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

from omni_app.tenancy.sessions import Viewer, load_viewer
from tests.tenancy.people import CLIENT, found, sql

pytestmark = pytest.mark.usefixtures("database")

_numbers = itertools.count(1)
WEEK = '{"mon": [["08:00", "18:00"]], "tue": [["09:00", "17:00"]]}'


async def enter(page: Page, web_server: str, role: str = "owner") -> Viewer:
    """A new business open on Monday and Tuesday; its owner (or a colleague with `role`) is signed in and sees the page."""
    token = await found("Harbour Dental", f"maya-{next(_numbers)}@business.example", "Maya Chen")
    viewer = await load_viewer(token, CLIENT)
    await sql("update members set role = :role where id = :id", role=role, id=viewer.member_id)
    await sql(
        "update businesses set greeting = 'Hello!', opening_hours = cast(:week as jsonb) where id = :id",
        week=WEEK,
        id=viewer.business_id,
    )
    await page.context.add_cookies([{"name": "omni_session", "value": token, "url": web_server, "httpOnly": True}])
    await page.goto("/business")
    await expect(page.get_by_label("Greeting")).to_have_value("Hello!")
    return viewer


async def config_of(viewer: Viewer, web_server: str) -> dict[str, Any]:
    """What the widget of this business is told."""
    (row,) = await sql("select widget_key from businesses where id = :id", id=viewer.business_id)
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(f"{web_server}/chat/{row['widget_key']}/config")).json()


async def hours_of(viewer: Viewer) -> dict[str, Any]:
    (row,) = await sql("select opening_hours from businesses where id = :id", id=viewer.business_id)
    return row["opening_hours"]


def day(page: Page, name: str) -> Locator:
    return page.locator(".week li").filter(has=page.get_by_text(name, exact=True))


async def save(page: Page) -> None:
    await page.get_by_role("button", name="Save changes").click()
    await expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    await expect(page.get_by_text("Unsaved changes")).to_have_count(0)


async def test_words_and_colours_reach_the_chat(page: Page, web_server: str) -> None:
    viewer = await enter(page, web_server)
    preview = page.get_by_role("region", name="Preview of the chat widget")
    await page.get_by_label("Greeting").fill("Good day! Ask me anything.")
    await page.get_by_label("Suggested question 1").fill("What does a check-up cost?")
    # Text that cannot be read is warned about.
    await page.get_by_role("textbox", name="Primary", exact=True).fill("#ffd000")
    await expect(page.get_by_text("Text on primary is hard to read. It needs 4.5:1.")).to_be_visible()
    await page.get_by_role("button", name="Use dark text").click()
    await expect(page.get_by_text("Text on primary is hard to read.")).to_have_count(0)
    await expect(page.get_by_role("textbox", name="Text on primary", exact=True)).to_have_value("#16262b")
    await page.get_by_role("textbox", name="Primary", exact=True).fill("#123456")
    await page.get_by_role("textbox", name="Text on primary", exact=True).fill("#ffffff")
    await expect(preview).to_contain_text("Good day! Ask me anything.")
    await expect(preview).to_contain_text("What does a check-up cost?")
    await expect(preview.locator(".ow-head")).to_have_css("background-color", "rgb(18, 52, 86)")

    await save(page)

    config = await config_of(viewer, web_server)
    assert config["greeting"] == "Good day! Ask me anything."
    assert config["suggestions"] == ["What does a check-up cost?"]
    assert config["colors"] == {"primary": "#123456", "on_primary": "#ffffff", "accent": "#b84a1e"}
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.reload()
    await expect(page.get_by_label("Greeting")).to_have_value("Good day! Ask me anything.")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await page.get_by_label("Greeting").fill("Hello from a phone")
    await save(page)


async def test_hours_are_changed_and_copied(page: Page, web_server: str) -> None:
    viewer = await enter(page, web_server)
    await page.get_by_label("Monday opens").fill("07:30")
    await page.get_by_label("Monday closes").fill("12:00")
    await page.get_by_role("button", name="Add a second interval on Monday").click()
    await page.get_by_label("Monday opens").nth(1).fill("13:00")
    await page.get_by_label("Monday closes").nth(1).fill("18:00")
    await page.get_by_role("button", name="Copy Monday to weekdays").click()
    await expect(page.get_by_label("Friday closes").nth(1)).to_have_value("18:00")
    await page.get_by_role("switch", name="Open on Tuesday").click()
    await page.get_by_role("switch", name="Open on Sunday").click()
    await page.get_by_label("Sunday opens").fill("20:00")
    await page.get_by_label("Sunday closes").fill("00:00")
    # Two dates: one is taken out again, the other is a holiday.
    await page.get_by_role("button", name="Add a date").click()
    await page.get_by_role("button", name="Add a date").click()
    await page.get_by_label("Date", exact=True).nth(1).fill("2099-12-25")
    await page.get_by_role("button", name="Save changes").click()
    await expect(page.get_by_text("Choose a date.")).to_be_visible()
    await expect(page.get_by_label("Date", exact=True).first).to_be_focused()
    await page.get_by_role("button", name="Remove The new date").first.click()
    await expect(page.get_by_label("Date", exact=True)).to_have_value("2099-12-25")

    await save(page)

    usual = [["07:30", "12:00"], ["13:00", "18:00"]]
    expected = {"mon": usual, "tue": [], "wed": usual, "thu": usual, "fri": usual, "sat": [], "sun": [["20:00", "24:00"]]}
    assert await hours_of(viewer) == {**expected, "2099-12-25": []}


async def test_every_wrong_field_says_so_in_its_place(page: Page, web_server: str) -> None:
    viewer = await enter(page, web_server)
    before = await hours_of(viewer)
    await page.get_by_role("textbox", name="E-mail").fill("hello at harbour")
    await page.get_by_role("combobox", name="Time zone").fill("Atlantis")
    await page.get_by_label("Tuesday closes").fill("09:00")
    await page.get_by_role("switch", name="Open on Sunday").click()
    await page.get_by_label("Sunday closes").fill("")
    await page.get_by_role("button", name="Save changes").click()

    await expect(page.get_by_role("alert")).to_have_text("4 things need a change.")
    await expect(day(page, "Sunday")).to_contain_text("Write times like 08:00 to 18:00.")
    await expect(day(page, "Tuesday")).to_contain_text("Opening and closing time are the same.")
    await expect(day(page, "Monday")).not_to_contain_text("Opening and closing time")
    await expect(page.get_by_label("Tuesday closes")).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_text("This time zone is not known. Choose one like Europe/Berlin.")).to_be_visible()
    await expect(page.get_by_role("combobox", name="Time zone")).to_be_focused()
    assert await hours_of(viewer) == before

    # Mending one field leaves the messages of the others.
    await page.get_by_role("textbox", name="E-mail").fill("hello@harbour.example")
    await expect(day(page, "Tuesday")).to_contain_text("Opening and closing time are the same.")
    await page.get_by_role("combobox", name="Time zone").fill("europe/berlin")
    await page.get_by_label("Tuesday closes").fill("16:00")
    await page.get_by_role("switch", name="Open on Sunday").click()
    await save(page)
    assert (await hours_of(viewer))["tue"] == [["09:00", "16:00"]]


async def test_leaving_asks_and_discarding_takes_back(page: Page, web_server: str) -> None:
    viewer = await enter(page, web_server)
    sidebar = page.get_by_role("navigation", name="Main", exact=True)
    await page.get_by_label("Greeting").fill("Never saved")
    await expect(page.get_by_text("Unsaved changes")).to_be_visible()
    await sidebar.get_by_role("link", name="Team").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Keep editing").click()
    # While it closes, its own "Discard changes" is the only one there is.
    await expect(page.get_by_role("alertdialog")).to_have_count(0)
    await expect(page.get_by_label("Greeting")).to_have_value("Never saved")

    await page.get_by_role("button", name="Discard changes").click()
    await expect(page.get_by_label("Greeting")).to_have_value("Hello!")
    await expect(page.get_by_text("Unsaved changes")).to_have_count(0)

    await page.get_by_label("Greeting").fill("Never saved either")
    await expect(page.get_by_text("Unsaved changes")).to_be_visible()
    await sidebar.get_by_role("link", name="Team").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Discard changes").click()
    await expect(page).to_have_url(re.compile(r"/team/?$"))
    await sidebar.get_by_role("link", name="Business").click()
    await expect(page.get_by_label("Greeting")).to_have_value("Hello!")
    assert (await config_of(viewer, web_server))["greeting"] == "Hello!"


async def test_others_see_it_and_cannot_change_it(page: Page, web_server: str) -> None:
    viewer = await enter(page, web_server, "agent")
    await expect(page.get_by_text("Only an owner or an admin can change this.")).to_be_visible()
    await expect(page.get_by_label("Greeting")).to_be_disabled()
    await expect(page.get_by_label("Monday opens")).to_be_disabled()
    await expect(page.get_by_role("switch", name="Open on Monday")).to_be_disabled()
    await expect(page.get_by_role("button", name="Save changes")).to_have_count(0)

    # What the page hides, the server refuses.
    await page.evaluate("document.querySelector('.biz-form').requestSubmit()")
    await expect(page.get_by_text("Your role cannot do this. Ask an owner.")).to_be_visible()
    assert (await config_of(viewer, web_server))["greeting"] == "Hello!"
