"""The form before the chat, the code by e-mail, a page that vouches for its user, a customer who is forgotten."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.widget.conftest import Visitor
from tests.stubs.chat_stub import CODE, ChatStub

pytestmark = pytest.mark.e2e


def form(visitor: Visitor) -> Locator:
    return visitor.page.locator(".ow-form")


def label(visitor: Visitor, name: str) -> Locator:
    return visitor.page.get_by_label(name)


def asks(stub: ChatStub, *, required: bool) -> None:
    stub.config |= {"pre_chat": {"enabled": True, "required": required, "fields": ["name", "email"]}}


def claims(stub: ChatStub) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in frame.items() if name not in ("t", "id")} for frame in stub.heard if frame["t"] == "claim"
    ]


async def test_a_required_form_stands_before_the_first_message(visitor: Visitor, stub: ChatStub) -> None:
    asks(stub, required=True)
    await visitor.open()
    await expect(form(visitor)).to_have_accessible_name("Before we start")
    await expect(visitor.field).to_be_hidden()
    await visitor.button("Start chat").click()
    await expect(visitor.page.locator("#ow-name-error")).to_have_text("This is needed.")
    await expect(label(visitor, "Your name")).to_be_focused()
    await label(visitor, "Your name").fill("Sarah Miller")
    await label(visitor, "E-mail").fill("sarah@example.com")
    await label(visitor, "E-mail").press("Enter")
    await expect(visitor.field).to_be_focused()
    await expect(form(visitor)).to_have_count(0)
    assert claims(stub) == [{"name": "Sarah Miller", "email": "sarah@example.com"}]
    await visitor.page.reload()
    await expect(visitor.field).to_be_visible()
    await expect(form(visitor)).to_have_count(0)


async def test_wrong_fields_are_named_by_the_server_and_kept_on_reload(visitor: Visitor, stub: ChatStub) -> None:
    asks(stub, required=True)
    wrong = {"field": "email", "message": "This is not a valid e-mail address."}
    stub.refuse_claim = {"code": "invalid", "retry": False, **wrong, "fields": [wrong]}
    await visitor.open()
    await label(visitor, "Your name").fill("Sarah")
    await label(visitor, "E-mail").fill("sarah@")
    await visitor.button("Start chat").click()
    email = label(visitor, "E-mail")
    await expect(email).to_have_attribute("aria-invalid", "true")
    await expect(email).to_be_focused()
    await expect(email).to_have_accessible_description("This is not a valid e-mail address.")
    await visitor.page.reload()
    await expect(email).to_have_value("sarah@")
    stub.refuse_claim = None
    await email.fill("sarah@example.com")
    await visitor.button("Start chat").click()
    await expect(visitor.field).to_be_focused()


async def test_an_optional_form_can_be_skipped_for_good(visitor: Visitor, stub: ChatStub) -> None:
    asks(stub, required=False)
    await visitor.open()
    await expect(form(visitor)).to_contain_text("(optional)")
    await visitor.button("Skip").click()
    await expect(form(visitor)).to_have_count(0)
    await visitor.page.reload()
    await expect(visitor.field).to_be_visible()
    await visitor.say("hello")
    await expect(visitor.theirs.last).to_contain_text("You asked: hello")
    assert claims(stub) == []


async def test_writing_answers_an_optional_form(visitor: Visitor, stub: ChatStub) -> None:
    asks(stub, required=False)
    await visitor.open()
    await expect(form(visitor)).to_be_visible()
    await visitor.say("hello")
    await expect(visitor.theirs.last).to_contain_text("You asked: hello")
    await expect(form(visitor)).to_have_count(0)


async def test_a_form_sent_while_the_connection_is_lost_arrives_later(visitor: Visitor, stub: ChatStub) -> None:
    asks(stub, required=True)
    await visitor.open()
    await label(visitor, "Your name").fill("Sarah")
    await label(visitor, "E-mail").fill("sarah@example.com")
    stub.is_down = True
    await stub.drop()
    await expect(visitor.panel).to_contain_text("Connecting again…")
    await visitor.button("Start chat").click()
    await expect(visitor.button("Start chat")).to_be_disabled()
    stub.is_down = False
    await expect(visitor.field).to_be_visible()
    assert claims(stub) == [{"name": "Sarah", "email": "sarah@example.com"}]


async def test_a_code_by_email_proves_who_it_is(arrive: Callable[..., Any], stub: ChatStub) -> None:
    visitor = await arrive()
    await visitor.open()
    await visitor.say("hello")
    await expect(visitor.theirs).to_have_count(2)
    beside = await arrive(beside=visitor)
    await beside.open()
    await visitor.button("More").click()
    await expect(visitor.page.get_by_role("menuitem", name="It’s me: get a code")).to_be_focused()
    await visitor.page.keyboard.press("Enter")
    await expect(label(visitor, "E-mail")).to_be_focused()
    await label(visitor, "E-mail").fill("sarah@example.com")
    await visitor.button("Send code").click()
    await expect(form(visitor)).to_contain_text("We sent a code to s•••@example.com.")
    code = label(visitor, "Six-digit code")
    await expect(code).to_be_focused()
    await expect(code).to_have_attribute("autocomplete", "one-time-code")
    await expect(visitor.page.get_by_role("button", name="Send again in")).to_be_disabled()

    await code.fill("000 000")
    await expect(code).to_have_accessible_description("This is not the code we sent.")
    await code.fill(CODE)  # six digits need no button
    await expect(form(visitor)).to_have_count(0)
    await expect(visitor.page.get_by_text("We know it is you")).to_be_attached()
    for tab in (visitor, beside):
        await tab.button("More").click()
        await expect(tab.page.get_by_role("menu")).to_contain_text("We know it is you")
        await expect(tab.page.get_by_role("menuitem", name="It’s me: get a code")).to_have_count(0)


async def test_a_code_can_be_sent_again_after_a_while_and_to_another_address(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.hold_the_clock()
    await visitor.open()
    await visitor.button("More").click()
    await visitor.page.get_by_role("menuitem", name="It’s me: get a code").click()
    await label(visitor, "E-mail").fill("sarah@example.com")
    await visitor.button("Send code").click()
    await expect(label(visitor, "Six-digit code")).to_be_visible()
    await visitor.page.clock.run_for(31_000)
    await visitor.button("Send again").click()
    await stub.has_heard("code", times=2)
    await visitor.button("Another address").click()
    await label(visitor, "E-mail").fill("other@example.com")
    await visitor.button("Send code").click()
    await expect(form(visitor)).to_contain_text("o•••@example.com")
    await visitor.page.keyboard.press("Escape")
    await expect(form(visitor)).to_have_count(0)
    await expect(visitor.panel).to_be_visible()


async def test_the_page_vouches_for_its_user(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.open('?tag=data-user="sarah@example.com"+data-user-hash="abc123"')
    await stub.has_heard("hello", times=1)
    assert (stub.heard[0]["user"], stub.heard[0]["user_hash"]) == ("sarah@example.com", "abc123")


async def test_what_is_known_about_me_is_asked_from_the_menu(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.open()
    await visitor.button("More").click()
    await visitor.page.keyboard.press("ArrowDown")
    await expect(visitor.page.get_by_role("menuitem", name="What do you know about me?")).to_be_focused()
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.theirs.last).to_contain_text("You asked: What do you know about me?")
    await visitor.button("More").click()
    await visitor.page.keyboard.press("Escape")
    await expect(visitor.page.get_by_role("menu")).to_be_hidden()
    await expect(visitor.button("More")).to_be_focused()


async def test_a_forgotten_visitor_starts_afresh_in_every_tab(arrive: Callable[..., Any], stub: ChatStub) -> None:
    one = await arrive()
    await one.open()
    await one.say("my secret")
    two = await arrive(beside=one)
    await two.open()
    for tab in (one, two):
        await expect(tab.theirs.last).to_contain_text("You asked: my secret")
    await stub.forget_customer()
    for tab in (one, two):
        await expect(tab.mine).to_have_count(0)
        await expect(tab.button("I have a toothache")).to_be_visible()
    await one.say("hello again")
    for tab in (one, two):
        await expect(tab.theirs.last).to_contain_text("You asked: hello again")
    assert await one.texts() == await two.texts() == ["hello again", "You asked: hello again"]
