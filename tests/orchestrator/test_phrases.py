"""What the assistant says on its own."""

from datetime import UTC, datetime

import pytest

from omni_app.orchestrator.phrases import courtesy, handing_over, is_yes

HOURS = {"mon": [["08:00", "18:00"]], "tue": [["08:00", "18:00"]]}
MONDAY_NOON = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
MONDAY_NIGHT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
WEDNESDAY = datetime(2026, 11, 25, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["Hi", "hello!", "Good morning", "Bonjour !", "مرحبا"])
def test_a_greeting_is_greeted(text: str) -> None:
    assert courtesy(text, "Brook Street", "Welcome to us.") == "Welcome to us."
    assert "Brook Street" in (courtesy(text, "Brook Street", "") or "")


@pytest.mark.parametrize("text", ["thanks", "Thank you!", "ok, thanks", "bye"])
def test_thanks_and_goodbyes_are_answered(text: str) -> None:
    assert "Write any time" in (courtesy(text, "Brook Street", "") or "")


@pytest.mark.parametrize("text", ["hi, what does it cost", "thanks but no", "goodbye fee", ""])
def test_a_question_is_no_courtesy(text: str) -> None:
    assert courtesy(text, "Brook Street", "") is None


@pytest.mark.parametrize(
    ("text", "yes"), [("Yes, please!", True), ("ok", True), ("no", False), ("yes but what does it cost", False)]
)
def test_yes_is_only_yes(text: str, yes: bool) -> None:
    assert is_yes(text) is yes


@pytest.mark.parametrize(
    ("at", "words"),
    [(MONDAY_NOON, "as soon as they are free"), (MONDAY_NIGHT, "tomorrow at 08:00"), (WEDNESDAY, "on Monday at 08:00")],
)
def test_a_hand_over_says_honestly_when_somebody_reads_it(at: datetime, words: str) -> None:
    assert words in handing_over("Brook Street", HOURS, "America/Halifax", at)


def test_without_opening_hours_no_time_is_promised() -> None:
    assert "free" in handing_over("Brook Street", {}, "UTC", MONDAY_NIGHT)
