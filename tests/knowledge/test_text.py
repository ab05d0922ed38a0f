import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_app.infra.text import normalize, words
from omni_app.knowledge.text import is_self_contained


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("  What are your   opening hours?? ", "what are your opening hours"),
        ("WHAT ARE YOUR OPENING HOURS", "what are your opening hours"),
        ("what are your\u200b opening\u2060 hours\ufeff", "what are your opening hours"),
        ("\u202ewhat are your opening hours\u202c", "what are your opening hours"),
        ("¿Dónde están?", "dónde están"),
        ("ＦＵＬＬ　ＷＩＤＴＨ！", "full width"),
        ("Straße", "strasse"),
        ("don’t", "don't"),
        ("هل تعملون اليوم؟", "هل تعملون اليوم"),
        ("क्या आप खुले हैं।", "क्या आप खुले हैं"),
        ("?", "?"),
        ("", ""),
        ("\u200b", ""),
        ("5.5", "5.5"),
    ],
)
def test_same_wording_has_one_form(text: str, plain: str) -> None:
    assert normalize(text) == plain


@given(st.text())
def test_normalizing_twice_changes_nothing(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)


def test_words_keep_marks_and_drop_punctuation() -> None:
    assert words("Don’t panic: 2 crowns, नमस्ते!") == ["don't", "panic", "2", "crowns", "नमस्ते"]


STANDS_ALONE = [
    "What are your opening hours?",
    "Do you treat children?",
    "Hi, do you treat children?",
    "Thanks! Do you accept credit cards?",
    "ok, do you take Delta Dental insurance?",
    "How much does a dental implant cost?",
    "How long does a root canal take?",
    "How long does it take to whiten teeth?",
    "Is it possible to pay in instalments?",
    "Does it hurt when a wisdom tooth is removed?",
    "Is there parking near the clinic?",
    "Are there any discounts for students?",
    "What if I miss my cleaning?",
    "My crown came off at dinner, what should I do?",
    "My filling fell out at dinner, can you put it back in?",
    "I heard that you offer free consultations",
    "Do you do same day crowns?",
    "Is one visit enough for a veneer?",
    "where is your clinic located",
    "Can I bring my dog to the practice?",
    "What should I do about a broken tooth?",
    "Do I need a referral from a doctor?",
    "¿Cuáles son sus horarios de apertura?",
    "Quels sont vos horaires d'ouverture ?",
    "Wie lange dauert eine Zahnreinigung?",
    "Quais são os horários de funcionamento?",
    "Quanto costa un impianto dentale?",
    "ما هي ساعات العمل في العيادة؟",
    "क्या आप बच्चों का इलाज करते हैं?",
    "歯のクリーニングはいくらですか",
]
LEANS_ON_SOMETHING = [
    "",
    "?",
    "👍",
    "yes",
    "No",
    "ok",
    "thanks",
    "Thank you so much!",
    "hello",
    "Hi there",
    "good morning everyone",
    "yes please do",
    "No, I meant the whitening treatment",
    "Yes I would like an appointment",
    "and that one?",
    "And for children?",
    "but is the clinic open on Sunday",
    "How much is it?",
    "how much does it cost?",
    "What about Sunday?",
    "how about implants for seniors",
    "Does it hurt?",
    "Is that painful?",
    "why is that",
    "how long does this take",
    "can you send it to me?",
    "Which one is cheaper?",
    "the second one please",
    "the blue ones then",
    "What do you mean?",
    "tell me more",
    "can you explain that again?",
    "can you explain more please",
    "anything else I should know",
    "how do I get there?",
    "do you have any?",
    "are they safe for children?",
    "can he come too",
    "for two people",
    "in the morning then",
    "on Sunday at five",
    "same for my daughter",
    "is the price the same",
    "Are you open today?",
    "can I come tomorrow morning",
    "are you open this Saturday",
    "do you have a slot this week",
    "When is my appointment?",
    "where is my order",
    "can you change my phone number please",
    "My email is maria@example.com",
    "where is order 48213 right now",
    "you said the first visit is free",
    "as I said the crown is loose",
    "what was the price you mentioned earlier",
    "opening hours",
    "parking?",
    "implants",
    "¿y el domingo?",
    "¿cuánto cuesta eso en total?",
    "et pour les enfants ?",
    "combien coûte ça exactement",
    "und am Sonntag auch?",
    "wie lange dauert das",
    "e aos domingos vocês abrem",
    "quanto costa questo trattamento",
    "وماذا عن يوم الجمعة؟",
    "كم سعر هذا العلاج",
    "और रविवार को खुला है",
    "यह कितने का है",
]


@pytest.mark.parametrize("text", STANDS_ALONE)
def test_message_that_stands_alone(text: str) -> None:
    assert is_self_contained(text)


@pytest.mark.parametrize("text", LEANS_ON_SOMETHING)
def test_message_that_leans_on_the_conversation_the_day_or_the_writer(text: str) -> None:
    assert not is_self_contained(text)
