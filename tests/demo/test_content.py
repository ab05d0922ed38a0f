"""The demo content is complete, consistent with itself and refuses mistakes."""

import json
import re
import shutil
from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from omni_app.demo.content import CONTENT, load_demo_content

SITE = CONTENT.parent / "site"
AMOUNT = re.compile(r"\$([\d,]+)")
FEE_TABLE = re.compile(r"<table>.*</table>", re.DOTALL)


def test_business_matches_what_the_website_promises() -> None:
    business = load_demo_content().business
    assert business.timezone == "America/Halifax"
    assert business.opening_hours["mon"] == ((time(8), time(18)),)
    assert business.opening_hours["sat"] == ((time(9), time(13)),)
    assert business.opening_hours["sun"] == ()
    assert len(business.suggestions) == 3


def test_enough_faqs_each_with_several_wordings() -> None:
    faqs = load_demo_content().faqs
    assert len(faqs) >= 45
    assert all(len(faq.phrasings) >= 5 for faq in faqs)


def test_every_suggestion_is_a_taught_wording() -> None:
    content = load_demo_content()
    taught = {wording for faq in content.faqs for wording in (faq.question, *faq.phrasings)}
    assert set(content.business.suggestions) <= taught


def test_every_price_stands_in_an_answer() -> None:
    content = load_demo_content()
    named = {int(amount.replace(",", "")) * 100 for faq in content.faqs for amount in AMOUNT.findall(faq.answer)}
    assert [price.name for price in content.business.price_list if price.price_minor not in named] == []


def test_website_prices_come_from_the_price_list() -> None:
    prices = {price.price_minor for price in load_demo_content().business.price_list}
    table = FEE_TABLE.search((SITE / "index.html").read_text())
    assert table
    shown = {int(amount.replace(",", "")) * 100 for amount in AMOUNT.findall(table[0])}
    assert shown
    assert shown <= prices


def test_website_embeds_the_widget_like_a_customer_and_holds_no_inline_code() -> None:
    page = (SITE / "index.html").read_text()
    assert '<script async src="{{ORIGIN}}/widget.js" data-business="{{WIDGET_KEY}}"></script>' in page
    assert page.count("<script") == 1
    assert "<style" not in page
    assert not re.search(r"\s(style|on\w+)=", page)
    assert "http" not in re.sub(r"http://www\.w3\.org/\S+", "", page)


def _double_a_wording(business: Any, faqs: Any) -> None:
    faqs[1]["phrasings"][0] = faqs[0]["question"].upper()


def _too_few_wordings(business: Any, faqs: Any) -> None:
    del faqs[0]["phrasings"][4:]


def _hours_backwards(business: Any, faqs: Any) -> None:
    business["opening_hours"]["mon"] = [["18:00", "08:00"]]


def _day_left_out(business: Any, faqs: Any) -> None:
    del business["opening_hours"]["sun"]


def _unknown_day(business: Any, faqs: Any) -> None:
    business["opening_hours"]["funday"] = []


def _unknown_timezone(business: Any, faqs: Any) -> None:
    business["timezone"] = "Atlantis/Harbour"


def _foreign_price(business: Any, faqs: Any) -> None:
    business["price_list"][0]["currency"] = "USD"


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (_double_a_wording, "wording given twice"),
        (_too_few_wordings, "phrasings"),
        (_hours_backwards, "mon"),
        (_day_left_out, "sun"),
        (_unknown_day, "opening_hours"),
        (_unknown_timezone, "timezone"),
        (_foreign_price, "USD"),
    ],
)
def test_a_mistake_is_refused_and_named(tmp_path: Path, spoil: Callable[[Any, Any], None], named: str) -> None:
    shutil.copytree(CONTENT, tmp_path, dirs_exist_ok=True)
    files = [tmp_path / "business.json", tmp_path / "faqs.json"]
    loaded = [json.loads(file.read_text()) for file in files]
    spoil(*loaded)
    for file, data in zip(files, loaded, strict=True):
        file.write_text(json.dumps(data))
    with pytest.raises(ValueError, match=named):
        load_demo_content(tmp_path)


def test_the_leaflets_have_titles_and_say_nothing_else_than_the_faqs() -> None:
    content = load_demo_content()
    assert [document.title for document in content.documents] == ["Aftercare at home", "Preparing for your visit"]
    assert all(document.text.startswith(f"# {document.title}\n") for document in content.documents)
    known = {amount for faq in content.faqs for amount in AMOUNT.findall(faq.answer)}
    assert all(set(AMOUNT.findall(document.text)) <= known for document in content.documents)
