"""Forms in a real browser whose server answers late: the message comes, and whoever types meanwhile is not disturbed."""

import re

import pytest
from playwright.async_api import Locator, Page, WebSocketRoute, expect

from tests.e2e.staff import open_shop

pytestmark = pytest.mark.usefixtures("database")


class Answers:
    """What the server says to a page on its live connection: passed on at once, or held back until it is let go."""

    def __init__(self) -> None:
        self._is_held = False
        self._waiting: list[tuple[WebSocketRoute, str | bytes]] = []

    def relay(self, page_side: WebSocketRoute) -> None:
        page_side.connect_to_server().on_message(lambda message: self._pass_on(page_side, message))

    def _pass_on(self, page_side: WebSocketRoute, message: str | bytes) -> None:
        if self._is_held:
            self._waiting.append((page_side, message))
        else:
            page_side.send(message)

    def hold(self) -> None:
        self._is_held = True

    def let_go(self) -> None:
        self._is_held = False
        for page_side, message in self._waiting:
            page_side.send(message)
        self._waiting.clear()


async def answers_of(page: Page) -> Answers:
    answers = Answers()
    await page.route_web_socket(re.compile("/_event"), answers.relay)
    return answers


async def type_around_the_answer(answers: Answers, send: Locator, field: Locator, wrong: Locator) -> None:
    """Send the form as it is and write "Tom Okafor" into `field`; while the second word is typed it is said that `wrong` is."""
    await expect(send).to_be_enabled()
    answers.hold()
    await send.click()
    await field.press_sequentially("Tom ")
    answers.let_go()
    await expect(wrong).to_have_attribute("aria-invalid", "true")
    await field.page.keyboard.type("Okafor", delay=40)


async def test_what_is_typed_while_the_answer_comes_stays_in_its_field(page: Page, web_server: str) -> None:
    await open_shop(page, web_server)
    answers = await answers_of(page)
    await page.goto("/team")
    await page.get_by_role("button", name="Invite colleague").click()
    name, email = page.get_by_role("textbox", name="Name"), page.get_by_role("textbox", name="E-mail")
    await expect(name).to_be_focused()

    await type_around_the_answer(answers, page.get_by_role("button", name="Invite", exact=True), name, email)

    await expect(name).to_have_value("Tom Okafor")
    await expect(name).to_be_focused()
    await expect(email).to_have_value("")
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text("One thing needs a change.")


async def test_a_password_typed_while_the_answer_comes_is_not_shown(page: Page, web_server: str) -> None:
    answers = await answers_of(page)
    await page.goto("/sign-in")
    email, password = page.get_by_role("textbox", name="E-mail"), page.get_by_label("Password", exact=True)
    await expect(email).to_be_focused()

    await type_around_the_answer(answers, page.get_by_role("button", name="Sign in"), password, email)

    await expect(password).to_have_value("Tom Okafor")
    await expect(email).to_have_value("")


async def test_who_waits_for_the_answer_is_led_to_the_first_wrong_field(page: Page, web_server: str) -> None:
    await page.goto("/sign-in")
    email, password = page.get_by_role("textbox", name="E-mail"), page.get_by_label("Password", exact=True)
    await expect(email).to_be_focused()
    send = page.get_by_role("button", name="Sign in")
    for place in (password, send):
        await password.fill("four plain words here")
        await expect(send).to_be_enabled()
        await place.press("Enter")
        await expect(page.get_by_text("Write your e-mail address.")).to_be_visible()
        await expect(email).to_be_focused()
