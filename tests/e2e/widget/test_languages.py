"""The widget speaks the page's language."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import expect

from tests.e2e.widget.conftest import Visitor
from tests.stubs.chat_stub import WIDGET, ChatStub

pytestmark = pytest.mark.e2e

SOURCE = WIDGET.read_text()
NAMES = "".join(re.findall(r'"([^"]*)"', SOURCE[SOURCE.index("const NAMES") : SOURCE.index("const TEXTS")])).strip().split(" ")


def texts() -> dict[str, list[str]]:
    body = SOURCE[SOURCE.index("const TEXTS = {") : SOURCE.index("let language")]
    found = re.findall(r'^    (\w\w):\n((?:      (?:\+ )?"[^\n]*\n)+)', body, re.MULTILINE)
    return {
        name: "".join(json.loads(line) for line in re.findall(r'"(?:[^"\\]|\\.)*"', lines)).split("|") for name, lines in found
    }


def test_every_language_has_every_text_with_the_same_blanks() -> None:
    known = texts()
    assert sorted(known) == ["ar", "de", "en", "es", "fr", "hi", "it", "pt"]
    blanks = [sorted(re.findall(r"\{\w+\}", text)) for text in known["en"]]
    for language, words in known.items():
        assert len(words) == len(NAMES), language
        assert [sorted(re.findall(r"\{\w+\}", text)) for text in words] == blanks, language
        assert all(text.strip() for text in words), language


def test_every_text_is_used_and_every_used_text_is_there() -> None:
    used = set(re.findall(r'"(\w+)"', SOURCE[SOURCE.index("let language") :]))
    assert set(NAMES) <= used | {"away", "awayLong", "wait", "waitLong", "phone"}  # made of parts
    assert set(re.findall(r'\bsay\("(\w+)"', SOURCE)) <= set(NAMES)


@pytest.mark.parametrize(
    ("query", "business", "wanted"),
    [
        ("?lang=fr", "en", "Écrivez un message"),
        ("?lang=pt-BR", "en", "Escreva uma mensagem"),
        ("?lang=nl", "de", "Nachricht schreiben"),  # a page language nobody translated
        ("?lang=", "it-IT", "Scrivi un messaggio"),
        ("?lang=fr&tag=data-lang=es", "en", "Escribe un mensaje"),
    ],
)
async def test_tag_before_page_before_business(visitor: Visitor, stub: ChatStub, query: str, business: str, wanted: str) -> None:
    stub.config |= {"lang": business}
    await visitor.open(query)
    await expect(visitor.field).to_have_attribute("placeholder", wanted)
    await expect(visitor.page.locator(".ow")).to_have_attribute("dir", "ltr")


async def test_the_server_hears_the_language_of_the_page(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.open("?lang=hi")
    await stub.has_heard("hello", times=1)
    assert stub.heard[0]["lang"] == "hi"
    await expect(visitor.panel).to_contain_text("कुछ सेकंड में उत्तर")


async def test_each_language_fits_on_a_phone(arrive: Callable[..., Any], stub: ChatStub) -> None:
    stub.config |= {"pre_chat": {"enabled": True, "required": False, "fields": ["name", "email", "phone"]}}
    visitor = await arrive(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    for language in texts():
        await visitor.open(f"?lang={language}")
        await expect(visitor.page.locator(".ow-form")).to_be_visible()
        assert await visitor.page.evaluate("document.documentElement.scrollWidth") == 390
        assert await visitor.page.locator(".ow-scroll").evaluate("node => node.scrollWidth <= node.clientWidth"), language
