"""The language of short messages, where the signs are clear."""

import pytest

from omni_app.knowledge.language import guess_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("how much is a cleaning and do you have parking", "en"),
        ("¿Cuánto cuesta una limpieza y dónde están?", "es"),
        ("Combien coûte le détartrage et quand êtes vous ouvert pour les enfants", "fr"),
        ("Wie viel kostet eine Zahnreinigung und wann haben Sie geöffnet", "de"),
        ("Quanto custa uma limpeza e onde fica, vocês têm estacionamento", "pt"),
        ("Quanto costa la pulizia e dove siete", "it"),
        ("كم سعر تنظيف الأسنان", "ar"),
        ("दाँत साफ़ करने का कितना खर्च है", "hi"),
        ("Сколько стоит чистка зубов", "ru"),
        ("洗牙多少钱", "zh"),
        ("歯のクリーニングはいくらですか", "ja"),
    ],
)
def test_clear_messages_are_told_apart(text: str, language: str) -> None:
    assert guess_language(text) == language


@pytest.mark.parametrize("text", ["", "??? 123", "Invisalign", "ok", "👍👍", "zzz qqq"])
def test_nothing_is_claimed_where_the_signs_are_few(text: str) -> None:
    assert guess_language(text) is None
