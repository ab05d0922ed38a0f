"""Which wordings ask about the writer's own data or past, and which only look like it."""

import pytest

from omni_app.knowledge.smalltalk import SMALL_TALK
from omni_app.orchestrator.personal_questions import recognise


@pytest.mark.parametrize(
    "text",
    [
        "What do you know about me?",
        "what do you have on me",
        "What data do you have about me?",
        "which information do you store about me",
        "What personal data have you collected about me?",
        "Which of my data do you store?",
        "Can you tell me what you know about me",
        "please show me my data",
        "Do you remember me?",
        "do you know who I am",
        "What's my name?",
        "¿Qué sabes de mí?",
        "¿Qué datos tienen sobre mí?",
        "Que savez-vous de moi ?",
        "Quelles données avez-vous sur moi ?",
        "Was wissen Sie über mich?",
        "Was weißt du über mich?",
        "Welche Daten haben Sie über mich gespeichert?",
        "O que você sabe sobre mim?",
        "Cosa sapete di me?",
    ],
)
def test_asks_what_is_known(text: str) -> None:
    found = recognise(text)
    assert found is not None
    assert found.kind == "known"


@pytest.mark.parametrize(
    "text",
    [
        "Forget me",
        "please forget me now",
        "Delete my data",
        "delete all my data please",
        "Can you erase my personal information?",
        "I want you to forget everything you know about me",
        "remove me from your system",
        "I want my data deleted",
        "I want to be forgotten",
        "right to be forgotten",
        "Delete my chat history",
        "Olvídame",
        "Borra mis datos",
        "Oubliez-moi",
        "Supprimez mes données",
        "Vergessen Sie mich",
        "Bitte löschen Sie meine Daten",
        "Apague os meus dados",
        "Cancellate i miei dati",
    ],
)
def test_asks_to_be_forgotten(text: str) -> None:
    found = recognise(text)
    assert found is not None
    assert found.kind == "forget"


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("What did I order?", "order"),
        ("what did I order last time", "order"),
        ("What did I say last time?", ""),
        ("what did I ask before", ""),
        ("What did I ask about parking?", "parking"),
        ("Did I tell you about my allergies?", "allergies"),
        ("When was my last visit?", "visit"),
        ("when is my appointment", "appointment"),
        ("What was my last order?", "order"),
        ("What price did you tell me last time?", "price"),
        ("do you remember what I said about my son", "son"),
        ("What did we talk about last week?", ""),
        ("remind me what I ordered", "ordered"),
        ("What did you promise me?", ""),
        ("¿Qué pedí la última vez?", "pedí"),
        ("Qu'est-ce que j'ai commandé ?", "commandé"),
        ("Was habe ich letztes Mal bestellt?", "bestellt"),
        ("O que eu pedi?", "pedi"),
        ("Cosa ho ordinato?", "ordinato"),
    ],
)
def test_asks_about_the_own_past(text: str, topic: str) -> None:
    found = recognise(text)
    assert found is not None
    assert (found.kind, found.topic) == ("past", topic)


@pytest.mark.parametrize(
    "text",
    [
        "What do I need to bring?",
        "What did you say your prices are?",
        "Can I order contact lenses?",
        "How do I order?",
        "What did I do wrong?",
        "what should I say to the doctor",
        "Did I need to book?",
        "What information do you have on implants?",
        "What do you know about implants?",
        "What do you have about whitening?",
        "Do you remember the name of the crown material?",
        "Don't forget me",
        "please do not forget me",
        "I forgot my appointment",
        "Delete my appointment",
        "cancel my order",
        "How do I delete my account?",
        "remove my wisdom tooth",
        "Remove me from the waiting list",
        "delete my data point in the chart",
        "Where is my order?",
        "When will my last order arrive?",
        "How can I change my last order?",
        "Can I book again?",
        "What happens after I have ordered?",
        "What was the price of a check-up?",
        "who are you",
        "What do you do with my data?",
        "Is my data safe?",
        "What is your name?",
        "I already told you it hurts",
        "my last visit was great",
        "hello",
        "",
        "???",
    ],
)
def test_other_questions_are_left_alone(text: str) -> None:
    assert recognise(text) is None


def test_no_small_talk_and_no_odd_question_is_taken_for_one() -> None:
    assert [text for text in SMALL_TALK if recognise(text) is not None] == []
