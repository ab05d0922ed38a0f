"""Keyboard, screen reader, right to left, phone, dark, reduced motion, and a page that allows nothing."""

import gzip
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import expect

from tests.e2e.widget.conftest import Visitor
from tests.stubs.chat_stub import WIDGET, ChatStub

pytestmark = pytest.mark.e2e

ACTIVE = "(({shadowRoot, tagName}) => shadowRoot ? shadowRoot.activeElement.className : tagName)(document.activeElement)"
PRESS_ENTER = """(node, more) => node.dispatchEvent(
    new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true, ...more }))"""
COUNT_REMOVALS = """node => {
    window.removed = 0;
    new MutationObserver((list) => list.forEach((record) => { window.removed += record.removedNodes.length; }))
        .observe(node, { childList: true });
}"""
FORBIDDEN = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", '"style",', "import ")
RUDE_PAGE_STYLE = "* { color: red !important; font-size: 40px !important; display: block; position: static; opacity: .5 }"


def test_file_is_small_and_holds_nothing_a_strict_page_refuses() -> None:
    source = WIDGET.read_text()
    assert len(gzip.compress(source.encode(), 9)) <= 30 * 1024
    for forbidden in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        '"style",',
        "import ",
    ):
        assert forbidden not in source.replace('el("style", {}, STYLE)', ""), forbidden
    addresses = re.sub(r"http://www\.w3\.org/2000/svg|https://your-omni", "", source)
    assert not re.search(r"https?://\w", addresses)


async def test_everything_works_by_keyboard_alone(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.visit()
    await expect(visitor.launcher).to_be_visible()
    keys = visitor.page.keyboard
    await visitor.page.get_by_text("A link").focus()
    for _ in range(3):  # the greeting, its dismiss button, the launcher
        await keys.press("Tab")
    assert await visitor.page.evaluate(ACTIVE) == "ow-launch"
    await keys.press("Enter")
    await expect(visitor.field).to_be_focused()
    await keys.type("one")
    await keys.press("Shift+Enter")
    await keys.type("two")
    await keys.press("Enter")
    await expect(visitor.theirs.last).to_contain_text("You asked: one\ntwo")
    assert stub.said() == ["one\ntwo"]

    await keys.press("Shift+Tab")
    await expect(visitor.button("Talk to a person")).to_be_focused()
    await keys.press("Enter")
    await expect(visitor.page.locator(".ow-ev")).to_contain_text("We are asking the team.")
    await expect(visitor.field).to_be_focused()
    await keys.press("Shift+Tab")
    assert await visitor.page.evaluate(ACTIVE) == "ow-scroll"
    await keys.press("Shift+Tab")
    await expect(visitor.button("Close chat")).to_be_focused()
    await keys.press("Escape")
    await expect(visitor.panel).to_be_hidden()
    await expect(visitor.launcher).to_be_focused()
    outline = await visitor.launcher.evaluate("node => getComputedStyle(node).outlineStyle + getComputedStyle(node).outlineWidth")
    assert outline == "solid2px"


async def test_enter_that_ends_a_composition_does_not_send(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.open()
    await visitor.field.fill("にほん")
    await visitor.field.evaluate(PRESS_ENTER, {"isComposing": True})
    await visitor.field.evaluate(PRESS_ENTER, {"keyCode": 229})
    await expect(visitor.field).to_have_value("にほん")
    await visitor.field.press("Enter")
    await expect(visitor.theirs.last).to_contain_text("You asked: にほん")
    assert stub.said() == ["にほん"]


async def test_screen_readers_get_roles_names_and_states(visitor: Visitor, stub: ChatStub) -> None:
    stub.answer = lambda text: {"text": "Here.", "sources": [{"kind": "faq", "id": "1", "title": "Fees", "quote": "Q"}]}
    await visitor.visit()
    await expect(visitor.launcher).to_have_attribute("aria-expanded", "false")
    await visitor.launcher.click()
    await expect(visitor.launcher).to_have_attribute("aria-expanded", "true")
    await visitor.say("hello")
    await expect(visitor.theirs.last).to_contain_text("Here.")
    await expect(visitor.log).to_have_attribute("aria-live", "polite")
    await expect(visitor.log).to_have_attribute("aria-relevant", "additions")
    await expect(visitor.log).to_have_accessible_name("Messages")
    await expect(visitor.page.get_by_role("textbox")).to_have_accessible_name("Write a message")
    await expect(visitor.mine).to_contain_text("You: hello")
    await expect(visitor.theirs.last).to_contain_text("Assistant: Here.")
    assert await visitor.panel.get_attribute("aria-modal") is None  # the page beside it stays usable
    for control in (
        await visitor.page.locator("omni-widget").locator("button:visible, textarea:visible, [role=group]:visible").all()
    ):
        await expect(control).to_have_accessible_name(re.compile(r"\S"))


async def test_messages_already_read_out_are_left_alone(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.open()
    await visitor.say("one")
    await expect(visitor.theirs.last).to_contain_text("You asked: one")
    await visitor.log.evaluate(COUNT_REMOVALS)
    await stub.drop()
    await visitor.say("two")
    await expect(visitor.theirs.last).to_contain_text("You asked: two")
    assert await visitor.page.evaluate("window.removed") == 0


async def test_right_to_left_is_mirrored_and_in_its_language(visitor: Visitor, stub: ChatStub) -> None:
    stub.config |= {"lang": "ar", "dir": "rtl", "greeting": "مرحبًا! كيف أساعدك؟"}
    await visitor.visit("?lang=ar&dir=rtl")
    box = await visitor.launcher.bounding_box()
    assert box
    assert box["x"] < 100
    await visitor.launcher.click()
    await expect(visitor.field).to_have_attribute("placeholder", "اكتب رسالة")
    await visitor.say("12:30 hello")
    await expect(visitor.theirs).to_have_count(2)
    log, mine, theirs = [await node.bounding_box() for node in (visitor.log, visitor.mine, visitor.theirs.last)]
    assert log
    assert mine
    assert theirs
    assert mine["x"] == pytest.approx(log["x"], abs=1)
    assert theirs["x"] + theirs["width"] == pytest.approx(log["x"] + log["width"], abs=1)
    assert await visitor.mine.locator(".ow-t").evaluate("node => getComputedStyle(node).direction") == "ltr"
    assert await visitor.theirs.first.locator(".ow-t").evaluate("node => getComputedStyle(node).direction") == "rtl"


async def test_phone_is_full_screen_with_the_focus_kept_inside(arrive: Callable[..., Any], stub: ChatStub) -> None:
    visitor = await arrive(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    stub.answer = lambda text: {"text": "Here.", "sources": [{"kind": "faq", "id": "1", "title": "Fees", "quote": "Q"}]}
    await visitor.visit()
    await visitor.launcher.tap()
    await visitor.say("hello")
    await expect(visitor.theirs.last).to_contain_text("Here.")
    await visitor.panel.evaluate("node => Promise.all(node.getAnimations().map(motion => motion.finished))")
    assert await visitor.panel.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
    await expect(visitor.panel).to_have_attribute("aria-modal", "true")
    assert await visitor.page.evaluate("document.documentElement.scrollWidth") == 390
    for button in await visitor.panel.get_by_role("button").all():
        box = await button.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 44
    visited = set()
    for _ in range(10):
        await visitor.page.keyboard.press("Tab")
        visited.add(await visitor.page.evaluate(ACTIVE))
    assert "ow-launch" not in visited
    assert "BODY" not in visited
    assert "ow-ib" in visited
    await visitor.button("Close chat").tap()
    await expect(visitor.launcher).to_be_focused()
    assert await visitor.page.evaluate("document.documentElement.style.overflow") == ""


async def test_dark_follows_the_system_and_stays_readable(arrive: Callable[..., Any]) -> None:
    visitor = await arrive(color_scheme="dark")
    await visitor.open()
    assert await visitor.panel.evaluate("node => getComputedStyle(node).backgroundColor") == "rgb(20, 25, 27)"
    await visitor.page.emulate_media(color_scheme="light")
    assert await visitor.panel.evaluate("node => getComputedStyle(node).backgroundColor") == "rgb(255, 255, 255)"


async def test_reduced_motion_moves_nothing(arrive: Callable[..., Any], stub: ChatStub) -> None:
    visitor = await arrive(reduced_motion="reduce")
    await visitor.open()
    await visitor.say("hello")
    await expect(visitor.theirs).to_have_count(2)
    await stub.is_typing("assistant", True)
    dot = visitor.page.locator(".ow-typing i").first
    await expect(dot).to_be_visible()
    assert await dot.evaluate("node => getComputedStyle(node).animationName") == "none"
    assert await visitor.panel.evaluate("node => getComputedStyle(node).animationName") == "none"


async def test_page_styles_do_not_reach_in(visitor: Visitor) -> None:
    await visitor.visit()
    await visitor.page.evaluate(
        "style => { const sheet = new CSSStyleSheet(); sheet.replaceSync(style); document.adoptedStyleSheets = [sheet]; }",
        RUDE_PAGE_STYLE,
    )
    await visitor.launcher.click()
    assert await visitor.field.evaluate("node => getComputedStyle(node).fontSize") == "14px"
    box = await visitor.panel.bounding_box()
    assert box
    assert box["width"] == pytest.approx(376, abs=1)


async def test_pale_brand_colour_keeps_text_readable(visitor: Visitor, stub: ChatStub) -> None:
    stub.config |= {"colors": {"primary": "#f6b92b", "on_primary": "#1d1a12", "accent": "#b84a1e"}}
    await visitor.open()
    assert await visitor.button("I have a toothache").evaluate("node => getComputedStyle(node).color") == "rgb(22, 38, 43)"
