"""Who wants a person: by wording alone, and by meaning."""

import pytest

from omni_app.demo.content import load_demo_content
from omni_app.llm.embedding import load_embedder
from omni_app.understanding import asks_for_person
from tests.understanding.wordings import ABOUT_SOMETHING_ELSE, CALM, WANTS_A_PERSON

BY_WORDING = [
    "I want to talk to a human",
    "Can I speak to someone?",
    "can i talk to a real person please",
    "Let me speak with an agent!",
    "please connect me to a representative",
    "transfer me to customer service",
    "put me through to the receptionist",
    "agent",
    "Human please",
    "real person",
    "I need a human",
    "give me a real person now",
    "I'd like to chat with somebody from your team",
    "is there a real person I can talk to?",
    "I don't want to talk to a bot",
    "stop talking to me like this, no more robots",
    "can someone call me please",
    "please call me back",
    "how do I contact customer support",
    "I'd like to speak to your manager",
    "Quiero hablar con una persona",
    "¿Puedo hablar con alguien?",
    "pásame con un agente, por favor",
    "necesito un asesor",
    "Je veux parler à un humain",
    "est-ce que je peux parler à quelqu'un ?",
    "je voudrais un conseiller",
    "Ich möchte mit einem Menschen sprechen",
    "kann ich mit jemandem reden?",
    "verbinden Sie mich bitte mit einem Mitarbeiter",
    "Quero falar com um atendente",
    "posso falar com uma pessoa real?",
    "Vorrei parlare con un operatore",
    "posso parlare con qualcuno?",
    "أريد التحدث مع شخص حقيقي",
    "اريد ان اتكلم مع موظف",
    "मुझे किसी इंसान से बात करनी है",
    "kisi insaan se baat karni hai",
]
NOT_BY_WORDING = [
    "",
    "Do you treat people?",
    "do you treat people with diabetes?",
    "How many people work at the clinic?",
    "Can a person with braces get whitening?",
    "is the price per person?",
    "Are you a human?",
    "are you a real person or a robot",
    "What bleaching agent do you use?",
    "is the numbing agent safe during pregnancy",
    "Can I talk after the extraction?",
    "can I speak normally with a new crown",
    "Do you speak Spanish?",
    "I need a person to drive me home after sedation?",
    "can I bring another person with me",
    "do I need someone to pick me up",
    "Can someone else pay for my treatment?",
    "what are your customer service hours",
    "who is the manager of the clinic",
    "will somebody remind me of my visit?",
    "do you use robots for surgery",
    "can I call to book",
    "hello",
    "¿Atienden a personas mayores?",
    "¿Cuántas personas trabajan aquí?",
    "¿puedo hablar después de la anestesia?",
    "Combien de personnes travaillent ici ?",
    "puis-je parler après l'anesthésie ?",
    "Behandeln Sie Menschen mit Angst?",
    "Wie viele Mitarbeiter haben Sie?",
    "Vocês atendem pessoas idosas?",
    "posso falar depois da anestesia?",
    "Curate persone anziane?",
    "هل تعالجون الأشخاص المصابين بالسكري؟",
    "क्या आप बुजुर्ग लोगों का इलाज करते हैं?",
]


@pytest.mark.parametrize("text", BY_WORDING)
def test_asks_for_a_person(text: str) -> None:
    assert asks_for_person(text)


@pytest.mark.parametrize("text", NOT_BY_WORDING)
def test_asks_about_people_or_something_else(text: str) -> None:
    assert not asks_for_person(text)


def share(texts: list[str]) -> float:
    vectors = load_embedder().embed(texts)
    return sum(asks_for_person(text, vector) for text, vector in zip(texts, vectors, strict=True)) / len(texts)


def test_most_wordings_nobody_foresaw_are_understood() -> None:
    assert len(WANTS_A_PERSON) >= 60
    assert share(WANTS_A_PERSON) >= 0.85


def test_ordinary_questions_keep_their_answer() -> None:
    ordinary = [text for faq in load_demo_content().faqs for text in (faq.question, *faq.phrasings)]
    assert len(ordinary) >= 200
    assert share(ordinary) <= 0.02
    assert share(CALM) == 0
    assert share(ABOUT_SOMETHING_ELSE) <= 0.1


def test_a_long_story_is_left_to_the_patterns() -> None:
    story = "I was on holiday and " + "then we went to the beach and " * 12 + "now I need help"
    assert not asks_for_person(story, load_embedder().embed(["can I talk to a human"])[0])
