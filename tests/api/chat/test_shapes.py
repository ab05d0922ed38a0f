"""What the widget is told of the opening hours."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from omni_app.api.chat.shapes import availability
from omni_app.infra.ids import new_id
from tests.api.chat.test_hub import business

WEEK = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
# A Friday.
NOON = datetime(2026, 3, 6, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "at", "words"),
    [
        (WEEK, NOON, ""),
        (WEEK, NOON.replace(hour=7), "We are back today at 09:00. Leave a message, we answer then."),
        (WEEK, NOON.replace(hour=18), "We are back Monday at 09:00. Leave a message, we answer then."),
        (WEEK, NOON.replace(day=5, hour=20), "We are back tomorrow at 09:00. Leave a message, we answer then."),
        (
            {"mon": WEEK["mon"]},
            NOON.replace(day=9, hour=18),
            "We are back on 16 March at 09:00. Leave a message, we answer then.",
        ),
        ({}, NOON, ""),
        ({"mon": []}, NOON, ""),
    ],
)
def test_the_next_opening_is_said_as_people_say_it(hours: dict[str, Any], at: datetime, words: str) -> None:
    told = availability(replace(business(new_id()), opening_hours=hours, timezone="UTC"), at)
    assert told["away"] == words
    assert told["online"] is not bool(words)
    assert (told["back_at"] is None) is not bool(words)
