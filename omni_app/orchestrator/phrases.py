"""What the assistant says on its own, without any source."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from omni_app.conversations.waiting import Queue
from omni_app.infra.text import normalize
from omni_app.knowledge.language import guess_language
from omni_app.tenancy.opening_hours import is_open, next_opening


def _phrases(*lines: str) -> frozenset[str]:
    return frozenset(phrase for line in lines for phrase in line.split(", "))


_NOBODY = Queue()

NOTED = "Thank you. The team can also answer you at"

ALL_RIGHT = "All right. What else would you like to know?"
CANNOT_OPEN_FILES = "I cannot open files. Shall I pass it to the team?"
# What a customer outside opening hours is asked for; `noting` waits for the answer.
ASKS_ADDRESS = "Leave an e-mail address or a phone number here if the answer should reach you there."
ASKED_BEFORE = "Does this not answer your question? Then I can ask the team."
NOT_SURE = "I am not sure about that, and I do not want to guess. Shall I ask the team?"

_OTHER_LANGUAGE = {
    "en": "I can only answer in the language of this business. Shall I ask the team?",
    "es": "Aquí solo puedo responder en el idioma de esta empresa. ¿Le pregunto al equipo?",
    "fr": "Je ne peux répondre que dans la langue de cette entreprise. Dois-je demander à l’équipe ?",
    "de": "Ich kann hier nur in der Sprache dieses Unternehmens antworten. Soll ich das Team fragen?",
    "pt": "Aqui só posso responder no idioma desta empresa. Pergunto à equipe?",
    "it": "Qui posso rispondere solo nella lingua di questa azienda. Chiedo al team?",
    "ru": "Здесь я могу отвечать только на языке этой компании. Спросить сотрудников?",
    "ar": "يمكنني الرد هنا بلغة هذه الشركة فقط. هل أسأل الفريق؟",
    "hi": "मैं यहाँ केवल इस व्यवसाय की भाषा में उत्तर दे सकता हूँ। क्या मैं टीम से पूछूँ?",
    "zh": "我在这里只能用这家企业的语言回答。要我问一下工作人员吗？",
    "ja": "ここではこの事業者の言語でしかお答えできません。担当者に聞きましょうか？",
}

_GREETINGS = _phrases(
    "hi, hii, hello, hey, hey there, hi there, hello there, good morning, good afternoon, good evening, good day",
    "hola, buenos dias, bonjour, salut, hallo, guten tag, guten morgen, moin, ola, bom dia, ciao, buongiorno, salaam",
    "مرحبا, السلام عليكم, नमस्ते, 你好",
)
_THANKS = _phrases(
    "thanks, thank you, thank you very much, thank you so much, thanks a lot, many thanks, thx, ty, cheers, great thanks",
    "ok thanks, okay thanks, perfect thanks, gracias, muchas gracias, merci, merci beaucoup, danke, vielen dank, obrigado",
    "obrigada, grazie, شكرا",
)
_GOODBYES = _phrases("bye, bye bye, goodbye, see you, see ya, good night, adios, au revoir, tschüss, مع السلامة")
_YES = _phrases(
    "yes, yes please, yeah, yep, yup, sure, ok, okay, please, please do, please ask, do it, go ahead, yes ask, yes ask them",
    "yes ask the team, ask the team, ask them, that would be great, si, sí, oui, ja, sim, نعم, हाँ",
)
_NO = _phrases(
    "no, nope, nah, no thanks, no thank you, not now, no need, not necessary, no its fine, no it's fine, no that's fine, don't",
    "no gracias, non, non merci, nein, nein danke, não, não obrigado, no grazie, لا, नहीं",
)


def _plain(text: str) -> str:
    return " ".join(normalize(text).replace(",", " ").replace("!", " ").split())


def courtesy(text: str, business_name: str, greeting: str, returning: str = "") -> str | None:
    """The answer to a greeting, thanks or a goodbye; None for everything else.

    `returning` is the name of somebody who was here before.
    """
    plain = _plain(text)
    if plain in _GREETINGS:
        if returning:
            return f"Welcome back, {returning}. What can I do for you?"
        return greeting or f"Hello! This is {business_name}. What would you like to know?"
    if plain in _THANKS:
        return "You are welcome. Write any time."
    return "Goodbye. Write any time." if plain in _GOODBYES else None


def not_sure(text: str, locale: str) -> str:
    """The honest answer to a question no FAQ covers; one in another language than the FAQs is told so, in that language.

    `locale` is the business's (`en`, `fr-CA`): its FAQs are taken to be in that language.
    """
    language = guess_language(text)
    if language is None or language == locale.split("-")[0]:
        return NOT_SURE
    return _OTHER_LANGUAGE.get(language, _OTHER_LANGUAGE["en"])


def is_yes(text: str) -> bool:
    return _plain(text) in _YES


def is_no(text: str) -> bool:
    return _plain(text) in _NO


def handing_over(
    business_name: str,
    hours: dict[str, Any],
    timezone: str,
    at: datetime,
    *,
    opening: str = "Of course.",
    queue: Queue = _NOBODY,
) -> str:
    """What is said when a person takes over: honest about when somebody will read it and how many wait.

    `opening` is the first sentence. Outside opening hours a customer without an address is asked for one.
    """
    if not hours or is_open(hours, timezone, at):
        soon = _usually(queue.usual_wait) or "as soon as they are free"
        return f"{opening} I have asked the team at {business_name}. Somebody answers you here {soon}.{_line(queue.waiting)}"
    back = next_opening(hours, timezone, at)
    if back is None:
        text = f"{opening} I have passed this to the team at {business_name}. Somebody answers you here."
    else:
        text = (
            f"{opening} The team is away now and back {_when(back, at, timezone)}. "
            "Your messages are kept, and somebody answers you here then."
        )
    return text if queue.has_address else f"{text} {ASKS_ADDRESS}"


def address_noted(masked: str) -> str:
    """The one thing the assistant says while a conversation waits for a person."""
    return f"{NOTED} {masked}."


def _line(waiting: int) -> str:
    if waiting == 0:
        return ""
    return " One person is waiting before you." if waiting == 1 else f" {waiting} people are waiting before you."


def _usually(wait: timedelta | None) -> str:
    """ "usually within 10 minutes", rounded up so that the promise holds; empty when nobody knows or it takes a day."""
    if wait is None:
        return ""
    minutes = max(1, -int(-wait.total_seconds() // 60))
    if minutes == 1:
        return "usually within a minute"
    if minutes <= 55:
        return f"usually within {minutes if minutes < 5 else -(-minutes // 5) * 5} minutes"
    hours = -(-minutes // 60)
    return "" if hours > 12 else "usually within an hour" if hours == 1 else f"usually within {hours} hours"


def _when(opening: datetime, at: datetime, timezone: str) -> str:
    zone = ZoneInfo(timezone)
    local, today = opening.astimezone(zone), at.astimezone(zone).date()
    days = (local.date() - today).days
    day = (
        "today"
        if days == 0
        else "tomorrow"
        if days == 1
        else f"on {local:%A}"
        if days < 7
        else f"on {local:%A} {local.day} {local:%B}"
    )
    return f"{day} at {local:%H:%M}"
