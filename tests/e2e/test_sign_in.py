"""Getting in and out, in a real browser: sign up, sign in, wrong words, leaving, a forgotten password, and strangers."""

import itertools
import re

import pytest
from playwright.async_api import Page, expect

from tests.tenancy.people import PASSWORD, found, link_token

pytestmark = pytest.mark.usefixtures("database", "web_server")

_numbers = itertools.count(1)


def fresh_email(name: str) -> str:
    """These tests share one living database: every person in them is somebody new."""
    return f"{name}-{next(_numbers)}@sign-in.example"


def at(path: str) -> re.Pattern[str]:
    return re.compile(rf"^http://[^/]+{re.escape(path)}/?$")


async def fill_and_send(page: Page, email: str, password: str) -> None:
    await page.get_by_role("textbox", name="E-mail").fill(email)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.get_by_role("button", name="Sign in").click()


async def test_signing_in_leads_back_to_the_page_asked_for(page: Page) -> None:
    email = fresh_email("maya")
    await found("Harbour Dental", email, "Maya Chen")
    await page.goto("/team")
    await expect(page).to_have_url(re.compile(r"/sign-in/?\?next=/team/?$"))

    await fill_and_send(page, email, PASSWORD)

    await expect(page).to_have_url(at("/team"))
    await expect(page.get_by_role("heading", name="Team")).to_be_visible()
    await expect(page.get_by_role("cell", name=re.compile("Maya Chen"))).to_be_visible()
    await expect(page.locator(".topbar")).to_contain_text("Harbour Dental")

    # The session is out of reach of scripts.
    (cookie,) = [cookie for cookie in await page.context.cookies() if cookie["name"] == "omni_session"]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    assert "omni_session" not in await page.evaluate("document.cookie")
    assert cookie["value"] not in await page.content()


async def test_what_is_wrong_is_said_and_tells_nothing_about_who_is_known(page: Page) -> None:
    email = fresh_email("maya")
    await found("Harbour Dental", email)
    await page.goto("/sign-in?next=//evil.example/steal")
    await page.get_by_role("button", name="Sign in").click()
    field = page.get_by_role("textbox", name="E-mail")
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(field).to_be_focused()
    await expect(page.get_by_text("Write your e-mail address.")).to_be_visible()

    for who in (email, fresh_email("nobody")):
        await fill_and_send(page, who, "")
        await expect(page.get_by_text("Write your password.")).to_be_visible()
        await fill_and_send(page, who, "not the password")
        await expect(page.get_by_role("alert")).to_have_text("The e-mail address or the password is wrong.")
        await expect(field).to_have_value(who)
    assert not [cookie for cookie in await page.context.cookies() if cookie["name"] == "omni_session"]

    password = page.get_by_label("Password", exact=True)
    await password.fill("secret words")
    await page.get_by_role("button", name="Show password").click()
    await expect(password).to_have_attribute("type", "text")
    await page.get_by_role("button", name="Show password").click()
    await expect(password).to_have_attribute("type", "password")

    # No address leads to another site.
    await fill_and_send(page, email, PASSWORD)
    await expect(page).to_have_url(at("/"))


async def test_signing_up_opens_a_new_business(page: Page) -> None:
    await page.goto("/sign-up")
    await page.get_by_role("button", name="Create business").click()
    await expect(page.get_by_text("The business name is missing.")).to_be_visible()

    await page.get_by_label("Business name").fill("<b>Café Zoë</b>")
    await page.get_by_label("Your name").fill("Zoë Öztürk")
    await page.get_by_role("textbox", name="E-mail").fill(fresh_email("zoe"))
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_label("Time zone").select_option("Europe/Berlin")
    await page.get_by_role("button", name="Create business").click()

    await expect(page).to_have_url(at("/"))
    await expect(page.locator(".topbar")).to_contain_text("<b>Café Zoë</b>")
    await page.get_by_role("button", name="Account: Zoë Öztürk").click()
    await expect(page.get_by_role("menu")).to_contain_text("Owner")


async def test_signing_out_ends_every_tab(page: Page) -> None:
    email = fresh_email("maya")
    await found("Harbour Dental", email)
    await page.goto("/sign-in")
    await fill_and_send(page, email, PASSWORD)
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    other = await page.context.new_page()
    await other.goto("/team")
    await expect(other.get_by_role("button", name="Invite colleague")).to_be_visible()

    # By its whole name: until the page is alive, nobody's name is on the button and nothing happens when it is pressed.
    await page.get_by_role("button", name=re.compile("Account: Maya Okafor")).click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await expect(page).to_have_url(at("/sign-in"))

    # The other tab still holds its socket; the session behind it is gone.
    await other.get_by_role("button", name="Invite colleague").click()
    await expect(other).to_have_url(re.compile("/sign-in"))


async def test_next_person_in_the_tab_sees_nothing_of_the_one_before(page: Page) -> None:
    first, second = fresh_email("anna"), fresh_email("ben")
    await found("Anna's Atelier", first, "Anna Abt")
    await found("Ben's Bikes", second, "Ben Bauer")
    await page.goto("/sign-in?next=/team")
    await fill_and_send(page, first, PASSWORD)
    await expect(page.get_by_role("cell", name=re.compile("Anna Abt"))).to_be_visible()
    await page.get_by_role("button", name=re.compile("Account")).click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await expect(page).to_have_url(at("/sign-in"))

    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))))
    await page.goto("/sign-in?next=/team")
    await fill_and_send(page, second, PASSWORD)

    await expect(page.get_by_role("cell", name=re.compile("Ben Bauer"))).to_be_visible()
    assert "Ben Bauer" in "".join(frames)
    assert "Anna" not in "".join(frames)


async def test_forgotten_password(page: Page) -> None:
    email = fresh_email("maya")
    await found("Harbour Dental", email)
    await page.goto("/sign-in")
    await page.get_by_role("link", name="Forgot it?").click()
    # Both pages have a field of this name.
    await expect(page.get_by_role("heading", name="New password")).to_be_visible()
    await page.get_by_role("textbox", name="E-mail").fill(email)
    await page.get_by_role("button", name="Send link").click()
    await expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()

    await page.goto("/reset/new?token=forged")
    await page.get_by_label("New password", exact=True).fill("entirely different words")
    await page.get_by_role("button", name="Save password").click()
    await expect(page.get_by_role("alert")).to_be_visible()

    await page.goto(f"/reset/new?token={await link_token(email)}")
    await page.get_by_label("New password", exact=True).fill("short")
    await page.get_by_role("button", name="Save password").click()
    await expect(page.get_by_label("New password", exact=True)).to_have_attribute("aria-invalid", "true")
    await page.get_by_label("New password", exact=True).fill("entirely different words")
    await page.get_by_role("button", name="Save password").click()
    await expect(page.get_by_role("heading", name="Password saved")).to_be_visible()

    await page.get_by_role("link", name="Sign in").click()
    await fill_and_send(page, email, PASSWORD)
    await expect(page.get_by_role("alert")).to_be_visible()
    await fill_and_send(page, email, "entirely different words")
    await expect(page).to_have_url(at("/"))
