from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from omni_app.infra.errors import Invalid
from omni_app.ui.components.basics import avatar_tone, initials
from omni_app.ui.pages.chat_setup.page import embed_code
from omni_app.ui.pages.limits.rules import LADDER_FIELDS, LIMIT_FIELDS, SIGN_FIELDS, read_numbers
from omni_app.ui.words import ago, cost, count, held_back, on_day, when, zone_of

NOW = datetime(2026, 3, 12, 14, 32, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (None, ""),
        (datetime(2026, 3, 12, 9, 5, tzinfo=UTC), "09:05"),
        (datetime(2026, 3, 11, 23, 59, tzinfo=UTC), "yesterday 23:59"),
        (datetime(2026, 2, 1, 8, 0, tzinfo=UTC), "1 February"),
        (datetime(2025, 12, 31, 8, 0, tzinfo=UTC), "31 December 2025"),
    ],
)
def test_when(at: datetime | None, expected: str) -> None:
    assert when(at, zone_of("UTC"), NOW) == expected


def test_days_are_the_business_s_own() -> None:
    at = datetime(2026, 3, 12, 2, 0, tzinfo=UTC)
    assert when(at, ZoneInfo("America/Halifax"), NOW) == "yesterday 23:00"
    assert on_day(at, ZoneInfo("America/Halifax"), NOW) == "11 March"
    assert zone_of("Nowhere/At-all").key == "UTC"


def test_ago() -> None:
    spans = {5: "now", 65: "1 min", 3 * 3600: "3 h", 50 * 3600: "2 d"}
    assert {seconds: ago(NOW - timedelta(seconds=seconds), NOW) for seconds in spans} == spans


def test_counts_and_costs() -> None:
    assert (count(1, "answer"), count(1240, "answer"), count(2, "person", "people")) == ("1 answer", "1,240 answers", "2 people")
    assert (cost(0), cost(46_180_000_000), cost(8_200_000), cost(300)) == ("$0", "$46.18", "$0.0082", "<$0.0001")


def test_initials() -> None:
    assert [initials(name) for name in ("Maya Chen", "Tom", "Ana María de la Cruz", "", "  ", "!!")] == [
        "MC",
        "T",
        "AC",
        "?",
        "?",
        "?",
    ]
    assert avatar_tone("Maya Chen") == avatar_tone("Maya Chen")


def test_limits_name_every_wrong_field() -> None:
    form = {field.name: "7" for field in (*LIMIT_FIELDS, *SIGN_FIELDS, *LADDER_FIELDS)}
    with pytest.raises(Invalid) as caught:
        read_numbers({**form, "daily_messages": "many", "gibberish_share": ""})
    assert [item.field for item in caught.value.fields] == ["daily_messages", "gibberish_share"]
    numbers = read_numbers({**form, "daily_messages": "1,000", "gibberish_share": "70 %"})
    assert (numbers["daily_messages"], numbers["gibberish_share"], numbers["block_after"]) == (1000, 0.7, 7)


def test_a_restriction_says_until_when() -> None:
    at, zone = datetime(2026, 3, 14, 10, tzinfo=UTC), ZoneInfo("Europe/Berlin")
    assert held_back("throttled", at + timedelta(minutes=10), zone, at) == "Slowed down until 11:10"
    assert held_back("blocked", at + timedelta(days=1), zone, at) == "Blocked until 15 March 11:00"
    assert held_back("blocked", at, zone, at) == held_back("", at + timedelta(days=1), zone, at) == ""


def test_embed_code_is_one_tag() -> None:
    assert (
        embed_code("https://omni.example", "wk_1")
        == '<script async src="https://omni.example/widget.js" data-business="wk_1"></script>'
    )
