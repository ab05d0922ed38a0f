"""Answers that grow, who is typing, how far a message came, whether the team is there, sounds."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import expect

from tests.e2e.widget.conftest import Visitor
from tests.stubs.chat_stub import ChatStub

pytestmark = pytest.mark.e2e

COUNT_BEEPS = """
window.beeps = 0;
window.AudioContext = class {
  currentTime = 0;
  resume() {}
  createOscillator() {
    return { frequency: { setValueAtTime() {} }, connect: (to) => to, start() { window.beeps += 1; }, stop() {} };
  }
  createGain() { return { gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} }, connect: (to) => to }; }
};
"""


async def test_an_answer_grows_and_becomes_one_message(visitor: Visitor, stub: ChatStub) -> None:
    stub.answer = lambda text: None
    await visitor.open()
    await visitor.say("cost?")
    await expect(visitor.mine).to_contain_text("Delivered")
    await stub.is_typing("assistant", True)
    growing = visitor.page.locator(".ow-caret")
    await stub.streams("talk-1-2", "A check-up", "A check-up costs <b>$189</b>")
    await expect(growing).to_have_text("A check-up costs <b>$189</b>")
    await expect(visitor.page.locator(".ow-typing")).to_have_count(0)
    await expect(visitor.theirs).to_have_count(1)  # the greeting: a screen reader hears the finished message only
    assert await growing.evaluate("node => Boolean(node.closest('[aria-hidden=true]')) && !node.closest('[role=log]')")

    await stub.assistant_says("A check-up costs <b>$189</b> with cleaning.")
    await expect(visitor.theirs.last).to_contain_text("A check-up costs <b>$189</b> with cleaning.")
    await expect(growing).to_be_hidden()
    await stub.streams("talk-1-2", "A late word")  # of the message that stands there already
    await stub.assistant_says("Anything else?")
    await expect(visitor.theirs.last).to_contain_text("Anything else?")
    await expect(growing).to_be_hidden()


async def test_a_growing_answer_ends_with_the_connection(visitor: Visitor, stub: ChatStub) -> None:
    stub.answer = lambda text: None
    await visitor.open()
    await visitor.say("cost?")
    await expect(visitor.mine).to_contain_text("Delivered")
    await stub.streams("talk-1-2", "A check-up")
    growing = visitor.page.locator(".ow-caret")
    await expect(growing).to_be_visible()
    stub.talk.store("assistant", "A check-up costs $189.")
    await stub.drop()
    await expect(visitor.theirs.last).to_contain_text("A check-up costs $189.")
    await expect(growing).to_be_hidden()
    assert await visitor.texts() == ["cost?", "A check-up costs $189."]


async def test_an_answer_taken_back_vanishes(visitor: Visitor, stub: ChatStub) -> None:
    stub.answer = lambda text: None
    await visitor.open()
    await visitor.say("cost?")
    await expect(visitor.mine).to_contain_text("Delivered")
    growing = visitor.page.locator(".ow-caret")
    await stub.streams("talk-1-2", "A check-up")
    await expect(growing).to_be_visible()
    await stub.streams("talk-1-2", "")
    await expect(growing).to_be_hidden()


async def test_staff_who_type_are_named(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.open()
    await visitor.say("hello")
    await expect(visitor.theirs).to_have_count(2)
    await stub.is_typing("staff", True, name="Maya Chen")
    await expect(visitor.page.get_by_text("Maya is typing")).to_be_visible()
    await stub.staff_says("Hi.")
    await expect(visitor.page.get_by_text("Maya is typing")).to_have_count(0)


async def test_the_team_hears_that_the_visitor_types_and_stops(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.open()
    await visitor.say("hello")
    await expect(visitor.theirs).to_have_count(2)
    stub.heard.clear()
    await visitor.field.press_sequentially("I am still wri")
    await stub.has_heard("typing", times=1)
    await visitor.field.press("Enter")
    await stub.has_heard("typing", times=2)
    on = [frame["on"] for frame in stub.heard if frame["t"] == "typing"]
    assert on[:2] == [True, False]


async def test_marks_go_from_waiting_over_delivered_to_read(visitor: Visitor, stub: ChatStub) -> None:
    stub.answer = lambda text: None
    stub.may_welcome.clear()
    await visitor.open()
    await visitor.say("one")
    await expect(visitor.mine).to_contain_text("Waiting to send")
    stub.may_welcome.set()
    await expect(visitor.mine).to_contain_text("Delivered")
    await visitor.say("two")
    await expect(visitor.mine.last).to_contain_text("Delivered")
    await stub.staff_has_read(1)
    await expect(visitor.mine.first).to_contain_text("Read")
    await expect(visitor.mine.last).to_contain_text("Delivered")


async def test_before_writing_it_says_when_the_team_is_back(visitor: Visitor, stub: ChatStub) -> None:
    back = datetime.now(UTC) + timedelta(days=2)
    stub.hours = {"online": False, "away": "", "back_at": back.isoformat()}
    stub.config |= stub.hours
    await visitor.open()
    notice = visitor.page.locator(".ow-away")
    await expect(notice).to_contain_text(f"Our team is back {back:%A}")
    await expect(notice).to_contain_text("The assistant answers now.")
    await visitor.say("cost?")
    await expect(visitor.theirs.last).to_contain_text("You asked: cost?")
    await expect(notice).to_be_hidden()


async def test_after_asking_for_a_person_outside_hours_an_address_can_be_left(visitor: Visitor, stub: ChatStub) -> None:
    stub.hours = {"online": False, "away": "", "back_at": (datetime.now(UTC) + timedelta(days=2)).isoformat()}
    await visitor.open()
    await visitor.say("hello")
    await visitor.button("Talk to a person").click()
    notice = visitor.page.locator(".ow-away")
    await expect(notice).to_contain_text("and answers then.")
    await visitor.button("Leave your e-mail").click()
    await visitor.page.get_by_role("textbox", name="E-mail").fill("sarah@example.com")
    await visitor.button("Save").click()
    await expect(notice).to_contain_text("We answer to s•••@example.com.")
    await expect(visitor.page.locator(".ow-form")).to_have_count(0)
    stub.hours = {"online": True, "away": "", "back_at": None}
    await stub.tell_state()
    await expect(notice).to_be_hidden()


async def test_sounds_are_off_until_switched_on_and_stay_so(arrive: Callable[..., Any], stub: ChatStub) -> None:
    visitor = await arrive()
    await visitor.page.add_init_script(COUNT_BEEPS)
    await visitor.open()
    await visitor.say("hello")
    await expect(visitor.theirs).to_have_count(2)
    await visitor.button("Close chat").click()
    await stub.staff_says("Quiet.")
    await expect(visitor.launcher).to_have_accessible_name("Open chat, 1 unread")
    assert await visitor.page.evaluate("window.beeps") == 0

    await visitor.launcher.click()
    await visitor.button("More").click()
    sounds = visitor.page.get_by_role("menuitemcheckbox", name="Sounds")
    await expect(sounds).to_have_attribute("aria-checked", "false")
    await sounds.click()
    assert await visitor.page.evaluate("window.beeps") == 1  # what it will sound like
    await visitor.page.reload()
    await visitor.button("Close chat").click()
    await stub.staff_says("Loud.")
    await expect(visitor.launcher).to_have_accessible_name("Open chat, 1 unread")
    assert await visitor.page.evaluate("window.beeps") == 1
