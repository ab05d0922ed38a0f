"""What the assistant says on its own, without any source, and in which language. The sentences stand in `sayings`."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from omni_app.conversations.facts import Facts
from omni_app.conversations.waiting import Queue
from omni_app.infra.text import normalize
from omni_app.knowledge.language import guess_language
from omni_app.orchestrator.deciding import Question
from omni_app.orchestrator.sayings import SAYINGS, Sayings
from omni_app.tenancy.opening_hours import is_open, next_opening


def _phrases(*lines: str) -> frozenset[str]:
    return frozenset(phrase for line in lines for phrase in line.split(", "))


_NOBODY = Queue()

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
_COURTESIES = _GREETINGS | _THANKS | _GOODBYES
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


def spoken(text: str, earlier: Iterable[Mapping[str, Any]], customer_language: str, locale: str) -> str:
    """The language to say our own sentences in: a key of `SAYINGS`.

    The one the customer writes in as far as words tell, in this message or in the newest of `earlier` (oldest first); else the
    one they are known by (`es-MX`), else the business's `locale`.
    """
    said = [message["text"] for message in earlier if message["role"] == "customer"]
    for line in (text, *reversed(said)):
        if line and (language := guess_language(line)) in SAYINGS:
            return str(language)
    known = (tag.split("-")[0].lower() for tag in (customer_language, locale))
    return next((language for language in known if language in SAYINGS), "en")


def language_of(facts: Facts, question: Question) -> str:
    """The language in which this customer is spoken to, as `spoken` finds it."""
    return spoken(question.text, question.earlier, facts.customer.language if facts.customer else "", facts.locale)


def is_courtesy(text: str) -> bool:
    """Whether it is a greeting, thanks or a goodbye and nothing more."""
    return _plain(text) in _COURTESIES


def courtesy(text: str, business_name: str, greeting: str, returning: str = "", language: str = "en") -> str | None:
    """The answer to a greeting, thanks or a goodbye; None for everything else.

    `returning` is the name of somebody who was here before.
    """
    plain, sayings = _plain(text), SAYINGS[language]
    if plain in _GREETINGS:
        if returning:
            return sayings.welcome_back.format(name=returning)
        return greeting or sayings.hello.format(business=business_name)
    if plain in _THANKS:
        return sayings.welcome
    return sayings.goodbye if plain in _GOODBYES else None


def not_sure(text: str, locale: str, language: str) -> str:
    """The honest answer to a question no FAQ covers; one in another language than the FAQs is told so, in that language.

    `locale` is the business's (`en`, `fr-CA`): its FAQs are taken to be in that language. `language` is what `spoken` found.
    """
    written = guess_language(text)
    if written is None or written == locale.split("-")[0]:
        return SAYINGS[language].not_sure
    return _OTHER_LANGUAGE.get(written, _OTHER_LANGUAGE["en"])


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
    language: str = "en",
    opening: str = "",
    queue: Queue = _NOBODY,
) -> str:
    """What is said when a person takes over: honest about when somebody will read it and how many wait.

    `opening` is the first sentence. Outside opening hours a customer without an address is asked for one.
    """
    sayings = SAYINGS[language]
    opening = opening or sayings.of_course
    if not hours or is_open(hours, timezone, at):
        asked = _soon(sayings, queue.usual_wait).format(business=business_name)
        return f"{opening} {asked}{_line(sayings, queue.waiting)}"
    back = next_opening(hours, timezone, at)
    if back is None:
        text = f"{opening} {sayings.passed_on.format(business=business_name)}"
    else:
        text = f"{opening} {sayings.away_back.format(when=_when(sayings, back, at, timezone))}"
    return text if queue.has_address else f"{text} {sayings.asks_address}"


def address_noted(masked: str, language: str) -> str:
    """The one thing the assistant says while a conversation waits for a person."""
    return f"{SAYINGS[language].noted} {masked}."


def _line(sayings: Sayings, waiting: int) -> str:
    if waiting == 0:
        return ""
    return f" {sayings.one_waits}" if waiting == 1 else f" {sayings.many_wait.format(number=waiting)}"


def _soon(sayings: Sayings, wait: timedelta | None) -> str:
    """ "… usually within 10 minutes", rounded up so that the promise holds; no time when nobody knows it or it takes a day.

    `{business}` is still to be filled in.
    """
    if wait is None:
        return sayings.free_soon
    minutes = max(1, -int(-wait.total_seconds() // 60))
    if minutes == 1:
        return sayings.minute_soon
    if minutes <= 55:
        number = minutes if minutes < 5 else -(-minutes // 5) * 5
        return sayings.minutes_soon.replace("{number}", str(number))
    hours = -(-minutes // 60)
    if hours > 12:
        return sayings.free_soon
    return sayings.hour_soon if hours == 1 else sayings.hours_soon.replace("{number}", str(hours))


def _when(sayings: Sayings, opening: datetime, at: datetime, timezone: str) -> str:
    zone = ZoneInfo(timezone)
    local, today = opening.astimezone(zone), at.astimezone(zone).date()
    days = (local.date() - today).days
    words = sayings.today if days == 0 else sayings.tomorrow if days == 1 else sayings.on_weekday if days < 7 else sayings.on_date
    return words.format(
        weekday=sayings.weekdays[local.weekday()], day=local.day, month=sayings.months[local.month - 1], clock=f"{local:%H:%M}"
    )
