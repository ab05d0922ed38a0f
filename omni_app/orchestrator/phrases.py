"""What the assistant says on its own, without any source."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from omni_app.knowledge.language import guess_language
from omni_app.knowledge.text import normalize
from omni_app.tenancy.opening_hours import is_open, next_opening


def _phrases(*lines: str) -> frozenset[str]:
    return frozenset(phrase for line in lines for phrase in line.split(", "))


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


def _plain(text: str) -> str:
    return " ".join(normalize(text).replace(",", " ").replace("!", " ").split())


def courtesy(text: str, business_name: str, greeting: str) -> str | None:
    """The answer to a greeting, thanks or a goodbye; None for everything else."""
    plain = _plain(text)
    if plain in _GREETINGS:
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


def handing_over(business_name: str, hours: dict[str, Any], timezone: str, at: datetime) -> str:
    """What is said when a person is asked for: honest about when somebody will read it."""
    if not hours or is_open(hours, timezone, at):
        return f"Of course. I have asked the team at {business_name}. Somebody answers you here as soon as they are free."
    opening = next_opening(hours, timezone, at)
    if opening is None:
        return f"Of course. I have passed this to the team at {business_name}. Somebody answers you here."
    return (
        f"Of course. The team is away now and back {_when(opening, at, timezone)}. "
        "Your messages are kept, and somebody answers you here then."
    )


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
