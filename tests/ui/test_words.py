from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from omni_app.infra.errors import Invalid
from omni_app.infra.money import NUSD
from omni_app.ui.components.basics import avatar_tone, initials
from omni_app.ui.pages.chat_setup.page import embed_code
from omni_app.ui.pages.limits.page import read_amount, read_limits
from omni_app.ui.words import ago, cost, count, on_day, when, zone_of

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


def test_amounts_as_people_write_them() -> None:
    assert [read_amount(text) for text in ("120", "$1,200", " 120.50 ", "0")] == [120 * NUSD, 1200 * NUSD, 120_500_000_000, 0]
    for text in ("", "abc", "-1", "nan", "inf", "1e999999"):
        with pytest.raises(ValueError):  # noqa: PT011 (read_amount promises no more)
            read_amount(text)


def test_limits_name_every_wrong_field() -> None:
    with pytest.raises(Invalid) as caught:
        read_limits({"daily_messages": "0", "limit": "many"})
    assert [item.field for item in caught.value.fields] == ["daily_messages", "limit"]
    assert read_limits({"daily_messages": "1,000", "limit": "5"}) == (1000, 5 * NUSD)


def test_embed_code_is_one_tag() -> None:
    assert (
        embed_code("https://omni.example", "wk_1")
        == '<script async src="https://omni.example/widget.js" data-business="wk_1"></script>'
    )
