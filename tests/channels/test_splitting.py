"""Long texts in parts: nothing lost, nothing moved, cut where readers would."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omni_app.channels.contract import TextLimit
from omni_app.channels.splitting import size_of, split_text

UNITS = ("characters", "bytes", "utf16")
PIECES = st.sampled_from(
    [
        "word",
        "été",
        "日本語。",
        "end. ",
        "why? ",
        "\n",
        "\n\n",
        " ",
        "\t",
        "👍🏽",
        "👨‍👩‍👧",
        "🇨🇦",
        "🇫🇷",
        "e\u0301",
        "\r\n",
        "”",
        "x" * 30,
    ]
)
TEXTS = st.one_of(st.lists(PIECES, max_size=60).map("".join), st.text(max_size=200))


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.integers(min_value=4, max_value=60), st.sampled_from(UNITS))
def test_parts_fit_and_put_together_are_the_text(text: str, most: int, unit: str) -> None:
    limit = TextLimit(most=most, unit=unit)  # type: ignore[arg-type]
    parts = split_text(text, limit)
    assert all(0 < size_of(part, limit) <= most for part in parts)
    assert all(part == part.strip() for part in parts)
    assert [c for part in parts for c in part if not c.isspace()] == [c for c in text if not c.isspace()]
    # White space inside a part is untouched: each part stands in the text as it is, one behind the other.
    at = 0
    for part in parts:
        found = text.find(part, at)
        assert found >= 0
        assert text[at:found].strip() == ""
        at = found + len(part)
    assert text[at:].strip() == ""


@pytest.mark.parametrize(
    ("text", "most", "parts"),
    [
        ("", 10, []),
        ("  \n ", 10, []),
        ("short", 10, ["short"]),
        ("One two.\n\nThree four five.", 20, ["One two.", "Three four five."]),
        ("First line here\nsecond line here", 20, ["First line here", "second line here"]),
        ("It is so. And then it is not so.", 20, ["It is so.", "And then it is not", "so."]),
        ("one two three", 8, ["one two", "three"]),
        ("x" * 12, 5, ["xxxxx", "xxxxx", "xx"]),
        ("He said “no.” Then he left us.", 18, ["He said “no.”", "Then he left us."]),
    ],
)
def test_it_is_cut_at_the_best_place(text: str, most: int, parts: list[str]) -> None:
    assert split_text(text, TextLimit(most=most)) == parts


def test_what_looks_like_one_character_stays_whole() -> None:
    assert split_text("ab👨‍👩‍👧cd", TextLimit(most=6)) == ["ab", "👨‍👩‍👧c", "d"]
    assert split_text("🇨🇦🇫🇷🇩🇪", TextLimit(most=3)) == ["🇨🇦", "🇫🇷", "🇩🇪"]
    assert split_text("e\u0301" * 3, TextLimit(most=3)) == ["e\u0301"] * 3
    assert split_text("👍🏽👍🏽", TextLimit(most=6, unit="utf16")) == ["👍🏽", "👍🏽"]


def test_bytes_are_counted_as_sent() -> None:
    assert [len(part.encode()) for part in split_text("é" * 10, TextLimit(most=7, unit="bytes"))] == [6, 6, 6, 2]


def test_a_limit_that_holds_nothing_is_a_fault() -> None:
    with pytest.raises(ValueError, match="holds nothing"):
        split_text("日", TextLimit(most=2, unit="bytes"))


def test_a_hundred_thousand_characters_are_cut_at_once() -> None:
    text = "All work and no play makes Jack a dull boy. " * 2_500
    parts = split_text(text, TextLimit(most=1_000))
    assert len(parts) < 140
    assert " ".join(parts) == text.strip()
