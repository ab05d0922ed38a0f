"""What the assistant says on its own."""

import string
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest

from omni_app.conversations.waiting import Queue
from omni_app.orchestrator.phrases import courtesy, handing_over, is_yes, not_sure, spoken
from omni_app.orchestrator.sayings import SAYINGS, Sayings

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


# ---- In the customer's language ----------------------------------------------------------------------------------------------


def said(*texts: str) -> list[dict[str, str]]:
    return [{"role": "customer", "text": text} for text in texts]


@pytest.mark.parametrize(
    ("text", "earlier", "customer", "locale", "language"),
    [
        ("Hola, quiero hablar con una persona por favor", [], "", "en", "es"),
        ("sí", said("¿Cuánto cuesta una revisión dental y dónde está?"), "", "en-CA", "es"),
        ("Ja", said("What does it cost?", "Wie viel kostet das und wann haben Sie Zeit?", "ok"), "", "en", "de"),
        ("parking", [], "fr-CA", "en", "fr"),
        ("parking", [], "", "pt-BR", "pt"),
        ("parking", [], "nl", "it", "it"),
        ("parking", [], "nl", "sv", "en"),
        ("أريد التحدث إلى شخص", [], "", "en", "ar"),
        ("Can you tell me what is the price", [], "es", "es", "en"),
        ("", [{"role": "assistant", "text": "¿Cuánto cuesta y dónde está?"}], "", "en", "en"),
    ],
)
def test_the_language_is_the_one_the_customer_writes(
    text: str, earlier: list[dict[str, str]], customer: str, locale: str, language: str
) -> None:
    assert spoken(text, earlier, customer, locale) == language


def test_a_business_says_that_it_does_not_know_in_its_own_language() -> None:
    assert not_sure("¿Cuánto cuesta la revisión y dónde está?", "es-MX", "es") == SAYINGS["es"].not_sure
    assert "idioma" in not_sure("¿Cuánto cuesta la revisión y dónde está?", "en", "es")
    assert not_sure("Parking", "fr", "fr") == SAYINGS["fr"].not_sure


@pytest.mark.parametrize(
    ("language", "at", "words"),
    [
        ("es", MONDAY_NIGHT, "vuelve mañana a las 08:00"),
        ("fr", WEDNESDAY, "revient lundi à 08:00"),
        ("de", WEDNESDAY, "am Montag um 08:00 zurück"),
        ("it", MONDAY_NOON, "Ho avvisato il team di Brook Street"),
        ("ar", WEDNESDAY, "يوم الاثنين"),
    ],
)
def test_a_hand_over_is_said_in_that_language(language: str, at: datetime, words: str) -> None:
    assert words in handing_over("Brook Street", HOURS, "America/Halifax", at, language=language)


@pytest.mark.parametrize("language", SAYINGS)
@pytest.mark.parametrize("wait", [None, 20, 600, 3_500, 3_700, 90_000])
@pytest.mark.parametrize("waiting", [0, 1, 4])
def test_a_hand_over_in_any_language_has_no_gap(language: str, wait: int | None, waiting: int) -> None:
    queue = Queue(waiting=waiting, usual_wait=None if wait is None else timedelta(seconds=wait))
    text = handing_over("Brook {Street}", HOURS, "America/Halifax", MONDAY_NOON, language=language, queue=queue)
    assert "Brook {Street}" in text
    assert not {"{number}", "{when}", "{business}"} & set(text.split())
    assert ("4" in text.replace("Brook {Street}", "")) == (waiting == 4)


@pytest.mark.parametrize("language", SAYINGS)
def test_every_language_has_the_same_gaps_as_english(language: str) -> None:
    def gaps(sayings: Sayings, name: str) -> set[str]:
        value = getattr(sayings, name)
        return {gap for _, gap, _, _ in string.Formatter().parse(value) if gap} if isinstance(value, str) else {str(len(value))}

    for field in fields(Sayings):
        assert gaps(SAYINGS[language], field.name) == gaps(SAYINGS["en"], field.name), field.name
