"""A visitor asks and is answered; a person takes over; what is shown is what was said."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import expect

from tests.e2e.widget.conftest import Visitor
from tests.harness.waiting import until
from tests.stubs.chat_stub import ChatStub, Frame

pytestmark = pytest.mark.e2e


def sourced(text: str) -> Frame:
    """An answer with one source."""
    source = {"kind": "faq", "id": "1", "title": "Fees", "quote": "A check-up with cleaning is $189."}
    return {"text": "It is $189.", "sources": [source]}


async def test_opens_greets_and_answers(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.visit()
    await expect(visitor.launcher).to_have_accessible_name("Open chat, 1 unread")
    await expect(visitor.page.locator(".ow-tease")).to_contain_text("Questions about a visit?")
    assert stub.heard == []  # a passer-by costs no connection

    await visitor.launcher.click()
    await expect(visitor.panel).to_have_accessible_name("Chat with Harbour Dental")
    await expect(visitor.panel).to_contain_text("Answers in seconds")
    await expect(visitor.page.locator(".ow-tease")).to_be_hidden()
    await visitor.say("What does a cleaning cost?")
    await expect(visitor.theirs.last).to_contain_text("You asked: What does a cleaning cost?")
    await expect(visitor.mine).to_contain_text("Read")
    await expect(visitor.field).to_have_value("")
    assert stub.heard[0]["t"] == "hello"
    assert stub.heard[0]["session"] is None
    assert stub.heard[0]["page"] == {"url": f"{stub.page}/", "title": "A customer"}


async def test_suggestions_ask_and_leave(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.open()
    await visitor.button("What does a check-up cost?").click()
    await expect(visitor.theirs.last).to_contain_text("You asked: What does a check-up cost?")
    await expect(visitor.button("I have a toothache")).to_have_count(0)
    await expect(visitor.field).to_be_focused()


async def test_a_source_opens_its_quote(visitor: Visitor, stub: ChatStub) -> None:
    stub.answer = sourced
    await visitor.open()
    await visitor.say("cost?")
    chip = visitor.button("Fees")
    quote = visitor.page.locator(".ow-quote")
    await expect(chip).to_have_attribute("aria-expanded", "false")
    await expect(quote).to_be_hidden()
    await chip.click()
    await expect(chip).to_have_attribute("aria-expanded", "true")
    await expect(quote).to_have_text("A check-up with cleaning is $189.")
    await chip.click()
    await expect(quote).to_be_hidden()


async def test_an_unsure_answer_offers_a_person_who_takes_over(visitor: Visitor, stub: ChatStub) -> None:
    stub.answer = lambda text: {"text": "I’m not sure. Shall I ask the team?", "offer_person": True}
    await visitor.open()
    await visitor.say("Can my son have sedation?")
    await visitor.button("Yes, ask the team").click()
    await expect(visitor.page.locator(".ow-ev")).to_contain_text("We are asking the team.")
    await expect(visitor.panel).to_contain_text("Asking the team…")
    await expect(visitor.button("Talk to a person")).to_have_count(0)

    await stub.take_over()
    await expect(visitor.page.locator(".ow-head b")).to_have_text("Maya Chen")
    await expect(visitor.page.locator(".ow-face")).to_have_text("MC")
    await expect(visitor.page.get_by_text("Maya Chen is here now")).to_be_attached()
    await expect(visitor.field).to_have_attribute("placeholder", "Write to Maya")
    await stub.staff_says("Hi, Maya here.")
    await expect(visitor.theirs.last).to_contain_text("Maya · now")

    await stub.hand_back()
    await expect(visitor.page.locator(".ow-head b")).to_have_text("Harbour Dental")
    assert stub.heard_kinds().count("person") == 1


async def test_typing_shows_and_goes_with_the_answer(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.open()
    await visitor.say("hello")
    await expect(visitor.theirs).to_have_count(2)
    await stub.is_typing("assistant", True)
    dots = visitor.page.locator(".ow-typing")
    await expect(dots).to_be_visible()
    await expect(visitor.page.get_by_text("Assistant is typing")).to_be_attached()
    await stub.is_typing("assistant", False)
    await expect(dots).to_have_count(0)
    await stub.is_typing("staff", True)
    await expect(dots).to_be_visible()
    await stub.staff_says("Done.")
    await expect(dots).to_have_count(0)


async def test_unread_messages_are_counted_until_read(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.open()
    await visitor.say("hello")
    await expect(visitor.theirs).to_have_count(2)
    await visitor.button("Close chat").click()
    await stub.staff_says("One more thing.")
    await stub.staff_says("And another.")
    await expect(visitor.launcher).to_have_accessible_name("Open chat, 2 unread")
    await visitor.launcher.click()
    await expect(visitor.launcher).to_have_accessible_name("Hide chat")
    await visitor.button("Close chat").click()
    await expect(visitor.launcher).to_have_accessible_name("Open chat")
    await until(lambda: [frame["seq"] for frame in stub.heard if frame["t"] == "read"][-1:] == [4])


HOSTILE = (
    "<img src=x onerror='window.pwned=1'><script>window.pwned=1</script>",
    "<b>bold</b> &amp; &lt;i&gt; {{constructor.constructor('window.pwned=1')()}} ${window.pwned=1}",
    "javascript:window.pwned=1 and data:text/html,<script>window.pwned=1</script>",
    "abc \u202egnp.exe\u2066 \u2067 end",
    "😀" * 500 + "\u0000\u0007",
    "مرحبا hello مرحبا",
    "line one\nline two\n\n    indented",
)


async def test_hostile_text_is_only_text_from_both_sides(visitor: Visitor, stub: ChatStub) -> None:
    every = " ".join(HOSTILE)
    stub.answer = lambda asked: {"text": asked, "sources": [{"kind": "faq", "id": "1", "title": asked, "quote": asked}]}
    stub.config |= {"name": every, "greeting": every, "suggestions": [*HOSTILE], "status_line": every, "foot": every}
    await visitor.open()
    for number, text in enumerate(HOSTILE, 1):
        await visitor.say(text)
        await expect(visitor.theirs, text).to_have_count(1 + number)
    for number, text in enumerate(HOSTILE, 1):
        await stub.take_over(name=text, initials="<>")
        await stub.staff_says(text, author=text)
        await expect(visitor.theirs, text).to_have_count(1 + len(HOSTILE) + number)

    assert stub.said() == [*HOSTILE]
    assert await visitor.texts() == [said for text in HOSTILE for said in (text, text)] + [*HOSTILE]
    assert await visitor.page.evaluate("window.pwned") is None
    assert await visitor.page.locator("omni-widget").locator("img, script, b b, a").count() == 0
    isolated = "nodes => nodes.every(node => getComputedStyle(node).unicodeBidi === 'isolate')"
    assert await visitor.page.locator(".ow-t, .ow-head b > span").evaluate_all(isolated)


async def test_web_addresses_become_safe_links(visitor: Visitor, stub: ChatStub) -> None:
    text = "See https://example.com/a?b=1&c=2, or (http://example.org). Not ftp://x or javascript://y or https://\u202eevil"
    stub.answer = lambda asked: {"text": text}
    await visitor.open()
    await visitor.say("links")
    links = visitor.theirs.last.locator("a")
    await expect(links).to_have_text(["https://example.com/a?b=1&c=2", "http://example.org"])
    await expect(links.first).to_have_attribute("href", "https://example.com/a?b=1&c=2")
    await expect(links.first).to_have_attribute("rel", "noopener noreferrer")
    await expect(links.first).to_have_attribute("target", "_blank")
    assert (await visitor.texts())[-1] == text


async def test_refused_message_says_why_and_can_be_sent_again_or_edited(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.open()
    stub.refuse_with = {"code": "too_many", "message": "That was a lot. Wait a minute.", "retry": True, "retry_after": 60}
    await visitor.say("first")
    await expect(visitor.mine.get_by_role("alert")).to_contain_text("That was a lot. Wait a minute.")
    stub.refuse_with = None
    await visitor.button("Try again").click()
    await expect(visitor.theirs.last).to_contain_text("You asked: first")

    stub.refuse_with = {"code": "invalid", "field": "text", "message": "This cannot be sent.", "retry": False}
    await visitor.say("second")
    await expect(visitor.mine.last).to_contain_text("This cannot be sent.")
    await visitor.button("Edit").click()
    await expect(visitor.field).to_have_value("second")
    await expect(visitor.field).to_be_focused()
    await expect(visitor.mine).to_have_count(1)
    await visitor.say("third")
    await visitor.button("Remove").click()
    await expect(visitor.mine).to_have_count(1)
    assert stub.said() == ["first"]


async def test_length_is_counted_near_the_limit_and_stops_beyond(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.open()
    send, counter = visitor.button("Send"), visitor.page.locator(".ow-count")
    await expect(send).to_be_disabled()
    await visitor.field.fill("   \n ")
    await expect(send).to_be_disabled()
    await visitor.field.fill("😀" * 7400)  # one character each, whatever JavaScript's length says
    await expect(counter).to_be_hidden()
    await visitor.field.fill("😀" * 8001)
    await expect(counter).to_have_text("1 over the limit")
    await expect(send).to_be_disabled()
    await visitor.field.press("Enter")
    await visitor.field.fill("😀" * 8000)
    await expect(counter).to_have_text("0 left")
    await send.click()
    await expect(visitor.theirs).to_have_count(2)
    assert stub.said() == ["😀" * 8000]


async def test_unknown_key_shows_nothing_and_asks_once(visitor: Visitor, stub: ChatStub) -> None:
    async with visitor.page.expect_console_message(lambda message: "unknown" in message.text):
        await visitor.visit("?key=wk_nobody")
    await expect(visitor.launcher).to_have_count(0)
    assert stub.config_calls == 1


async def test_two_tags_make_one_widget_with_its_page_api(visitor: Visitor) -> None:
    await visitor.visit("?tags=2")
    await expect(visitor.launcher).to_have_count(1)
    await visitor.page.evaluate("Omni.open()")
    await expect(visitor.panel).to_be_visible()
    await visitor.page.evaluate("Omni.close()")
    await expect(visitor.panel).to_be_hidden()
    assert sorted(await visitor.page.evaluate("Object.keys(Omni)")) == ["close", "open"]


async def test_works_with_blocked_storage(arrive: Callable[..., Any], stub: ChatStub) -> None:
    visitor = await arrive()
    await visitor.page.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage'])"
        " Object.defineProperty(window, name, { get() { throw new DOMException('blocked', 'SecurityError'); } });"
    )
    await visitor.open()
    await visitor.say("hello")
    await expect(visitor.theirs.last).to_contain_text("You asked: hello")
    await visitor.button("Close chat").click()
    await expect(visitor.launcher).to_have_accessible_name(re.compile("Open chat"))
