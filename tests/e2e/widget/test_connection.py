"""Whatever the network does, each message arrives once and in order."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import expect

from tests.e2e.widget.conftest import Visitor
from tests.stubs.chat_stub import ChatStub

pytestmark = pytest.mark.e2e


async def test_reload_resumes_the_conversation(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.open()
    await visitor.say("one")
    await expect(visitor.theirs.last).to_contain_text("You asked: one")
    await visitor.page.reload()
    await expect(visitor.panel).to_be_visible()  # it was open in this tab
    await expect(visitor.theirs.last).to_contain_text("You asked: one")
    await visitor.say("two")
    await expect(visitor.theirs.last).to_contain_text("You asked: two")
    assert await visitor.texts() == ["one", "You asked: one", "two", "You asked: two"]
    hellos = [frame for frame in stub.heard if frame["t"] == "hello"]
    assert [(hello["session"], hello["seen"]) for hello in hellos] == [(None, 0), ("session-1", 0)]


async def test_returning_visitor_sees_what_came_meanwhile(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.open()
    await visitor.say("one")
    await expect(visitor.theirs.last).to_contain_text("You asked: one")
    await visitor.button("Close chat").click()
    await visitor.page.goto("about:blank")
    await stub.staff_says("While you were away.")
    await visitor.visit()
    await expect(visitor.launcher).to_have_accessible_name("Open chat, 1 unread")


@pytest.mark.parametrize("mishap", ["drop_before_storing", "drop_before_ack"])
@pytest.mark.parametrize("times", [1, 3])
async def test_connection_lost_while_sending_loses_and_doubles_nothing(
    visitor: Visitor, stub: ChatStub, mishap: str, times: int
) -> None:
    await visitor.open()
    await visitor.say("before")
    await expect(visitor.theirs.last).to_contain_text("You asked: before")
    setattr(stub, mishap, times)
    for text in ("first", "second", "third"):
        await visitor.say(text)
    await expect(visitor.waiting).to_have_count(0)
    await expect(visitor.theirs).to_have_count(5)
    assert stub.said() == ["before", "first", "second", "third"]
    assert await visitor.texts() == [message["text"] for message in stub.talk.messages]


async def test_doubled_frames_show_once(visitor: Visitor, stub: ChatStub) -> None:
    stub.is_doubling = True
    await visitor.open()
    await visitor.say("one")
    await visitor.say("two")
    await expect(visitor.theirs.last).to_contain_text("You asked: two")
    await stub.staff_says("bye")
    await expect(visitor.theirs.last).to_contain_text("bye")
    assert await visitor.texts() == [message["text"] for message in stub.talk.messages]


async def test_messages_of_a_gap_are_replayed_once_and_in_order(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.open()
    await visitor.say("one")
    await expect(visitor.theirs.last).to_contain_text("You asked: one")
    stub.is_down = True
    await stub.drop()
    await expect(visitor.panel).to_contain_text("Connecting again…")
    await stub.staff_says("missed 1")
    await stub.staff_says("missed 2")
    stub.is_down = False
    await expect(visitor.theirs.last).to_contain_text("missed 2")
    await expect(visitor.panel).to_contain_text("Answers in seconds")
    assert await visitor.texts() == ["one", "You asked: one", "missed 1", "missed 2"]
    assert [frame["seen"] for frame in stub.heard if frame["t"] == "hello"] == [0, 2]


async def test_offline_keeps_messages_and_sends_them_at_once_when_back(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.open()
    await visitor.say("one")
    await expect(visitor.theirs.last).to_contain_text("You asked: one")
    await visitor.page.context.set_offline(True)
    bar = visitor.page.locator(".ow-bar")
    await expect(bar).to_have_text("You are offline. We send your message as soon as you are back.")
    await visitor.say("two")
    await visitor.say("three")
    await expect(visitor.waiting).to_have_count(2)
    await expect(visitor.waiting.first).to_contain_text("Waiting to send")
    await visitor.page.context.set_offline(False)
    await expect(visitor.theirs.last).to_contain_text("You asked: three")
    await expect(bar).to_be_hidden()
    await expect(visitor.waiting).to_have_count(0)
    assert stub.said() == ["one", "two", "three"]


async def test_unsent_message_survives_leaving_the_page(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.open()
    await visitor.say("one")
    await expect(visitor.theirs.last).to_contain_text("You asked: one")
    stub.is_down = True
    await stub.drop()
    await visitor.say("two")
    await expect(visitor.waiting).to_have_count(1)
    await visitor.page.goto("about:blank")
    stub.is_down = False
    await visitor.visit()
    await expect(visitor.theirs.last).to_contain_text("You asked: two")
    assert stub.said() == ["one", "two"]


async def test_swallowed_message_is_sent_again_on_the_same_connection(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.hold_the_clock()
    await visitor.open()
    stub.forget_ack = 1
    await visitor.say("one")
    await stub.has_heard("say", times=1)
    await expect(visitor.waiting).to_have_count(1)
    await visitor.beat()  # may be too early for it
    await visitor.beat()
    await expect(visitor.theirs.last).to_contain_text("You asked: one")
    assert stub.said() == ["one"]
    assert stub.heard_kinds().count("hello") == 1


async def test_dead_connection_is_noticed_by_the_heartbeat(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.hold_the_clock()
    await visitor.open()
    await visitor.say("one")
    await expect(visitor.theirs.last).to_contain_text("You asked: one")
    stub.is_deaf = True
    await visitor.page.clock.fast_forward(26_000)
    await visitor.page.clock.fast_forward(11_000)
    await expect(visitor.panel).to_contain_text("Connecting again…")
    await visitor.say("two")
    stub.is_deaf = False
    answer = visitor.theirs.filter(has_text="You asked: two")
    for _ in range(10):  # each time the try nobody heard ends, or the next one begins
        await visitor.page.clock.fast_forward(16_000)
        with suppress(PlaywrightError):
            await answer.wait_for(timeout=3_000)
            break
    await expect(answer).to_have_count(1)
    assert stub.said() == ["one", "two"]


async def test_refused_session_starts_afresh_and_keeps_the_unsent(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.open()
    await visitor.say("one")
    await expect(visitor.theirs.last).to_contain_text("You asked: one")
    stub.is_down = True
    await stub.drop()
    await visitor.say("two")
    stub.sessions.clear()
    stub.is_down = False
    await expect(visitor.theirs.last).to_contain_text("You asked: two")
    assert await visitor.texts() == ["two", "You asked: two"]


async def test_config_that_fails_is_asked_again(visitor: Visitor, stub: ChatStub) -> None:
    stub.is_down = True
    async with visitor.page.expect_response("**/config"):
        await visitor.visit()
    await expect(visitor.launcher).to_have_count(0)
    stub.is_down = False
    await expect(visitor.launcher).to_be_visible()
    assert stub.config_calls >= 2


async def test_two_tabs_show_one_conversation(arrive: Callable[..., Any], stub: ChatStub) -> None:
    one = await arrive()
    await one.open()
    await one.say("from one")
    await expect(one.theirs.last).to_contain_text("You asked: from one")
    two = await arrive(beside=one)
    await two.open()
    await expect(two.theirs.last).to_contain_text("You asked: from one")
    await two.say("from two")
    await expect(one.theirs.last).to_contain_text("You asked: from two")
    await expect(two.theirs.last).to_contain_text("You asked: from two")
    assert len(stub.sessions) == 1
    assert await one.texts() == await two.texts() == [message["text"] for message in stub.talk.messages]


async def test_two_tabs_opened_before_any_session_agree_on_one(arrive: Callable[..., Any], stub: ChatStub) -> None:
    one = await arrive()
    two = await arrive(beside=one)
    await one.visit()
    await two.visit()
    stub.may_welcome.clear()
    await two.launcher.click()
    await one.page.evaluate("Omni.open()")
    await stub.has_heard("hello", times=2)
    stub.may_welcome.set()
    await two.say("hello")
    await expect(two.theirs.last).to_contain_text("You asked: hello")
    await expect(one.theirs.last).to_contain_text("You asked: hello")
    await one.say("again")
    await expect(two.theirs.last).to_contain_text("You asked: again")
    assert stub.said() == ["hello", "again"]


async def test_two_tabs_offline_resend_each_message_once(arrive: Callable[..., Any], stub: ChatStub) -> None:
    one = await arrive()
    await one.open()
    await one.say("start")
    await expect(one.theirs.last).to_contain_text("You asked: start")
    two = await arrive(beside=one)
    await two.open()
    await expect(two.theirs.last).to_contain_text("You asked: start")
    await one.page.context.set_offline(True)
    await one.say("from one")
    await two.say("from two")
    for tab in (one, two):
        await expect(tab.waiting).to_have_count(2)
    await one.page.context.set_offline(False)
    for tab in (one, two):
        await expect(tab.waiting).to_have_count(0)
        await expect(tab.theirs).to_have_count(4)
    assert sorted(stub.said()) == ["from one", "from two", "start"]
    assert await one.texts() == await two.texts() == [message["text"] for message in stub.talk.messages]
