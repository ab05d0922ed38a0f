"""Anger at the business is heard; pain and loud questions are not taken for it."""

import pytest

from omni_app.demo.content import load_demo_content
from omni_app.llm.embedding import load_embedder
from omni_app.understanding import ANGRY_AT, anger
from tests.understanding.wordings import ABOUT_SOMETHING_ELSE, ANGRY, CALM, WANTS_A_PERSON


def angry(texts: list[str]) -> list[str]:
    vectors = load_embedder().embed(texts)
    return [text for text, vector in zip(texts, vectors, strict=True) if anger(text, vector) >= ANGRY_AT]


def test_angry_customers_are_heard_in_many_languages() -> None:
    assert len(angry(ANGRY)) >= 0.9 * len(ANGRY)


def test_pain_worry_and_capitals_are_not_anger() -> None:
    assert angry(CALM) == []
    assert angry(ABOUT_SOMETHING_ELSE) == []
    assert len(angry(WANTS_A_PERSON)) <= 1
    ordinary = [text for faq in load_demo_content().faqs for text in (faq.question, *faq.phrasings)]
    assert len(angry(ordinary)) <= 0.005 * len(ordinary)


def test_shouting_makes_anger_worse_and_never_makes_it() -> None:
    assert anger("This is ridiculous") < anger("THIS IS RIDICULOUS!!!")
    assert anger("WHAT DOES A CHECK-UP COST???") == 0


@pytest.mark.parametrize("text", ["", "!!!", "😡", "a" * 9000])
def test_any_text_has_a_level(text: str) -> None:
    assert 0 <= anger(text, load_embedder().embed([text])[0]) <= 1
