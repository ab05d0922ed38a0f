"""Figures that must agree before one answer may serve two questions: order numbers, dates, times, amounts.

"Where is order 1042?" and "Where is order 1043?" lie next to each other for any sentence model, and their answers have nothing
in common. Digits of every script count; month, weekday and currency names are known in the languages of `_MONTHS`.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

# A longer message has said what it asks; what lies behind costs only time.
MAX_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a text counts and dates, in one spelling ("€ 5", "5,00 euros" and "٥ EUR" are one).

    `exact`: order numbers, dates, times and amounts. `plain`: other numbers (sizes, counts, model numbers).
    """

    exact: frozenset[str] = frozenset()
    plain: frozenset[str] = frozenset()


NOTHING = Figures()


def read_figures(text: str, spoken: Sequence[str]) -> Figures:
    """The figures of `text`, whose words are `spoken` (see `infra.text.words`)."""
    named = {_NAMED_DAYS[word] for word in spoken if word in _NAMED_DAYS}
    if not _DIGIT.search(text):
        return Figures(exact=frozenset(named)) if named else NOTHING
    line = _in_one_script(text[:MAX_CHARACTERS])
    exact: set[str] = set()
    plain: set[str] = set()
    for pattern, spell in _SPELLINGS:
        line = pattern.sub(partial(_take, spell, exact), line)
    for token in _TOKEN.findall(line):
        _sort_token(token, exact, plain)
    if any(one.startswith("date ") for one in exact):
        # "12 May" is told already; the month by itself is told in the same words.
        named = {one for one in named if not one.startswith("month ")}
    return Figures(exact=frozenset(exact | named), plain=frozenset(plain))


def is_hard_mismatch(one: Figures, other: Figures) -> bool:
    """Whether these figures forbid that one answer serves both.

    Order numbers, dates, times and amounts must be the same when either side has any; other numbers when both sides have some.
    """
    return one.exact != other.exact or bool(one.plain and other.plain and one.plain != other.plain)


def _in_one_script(text: str) -> str:
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(str(unicodedata.decimal(one)) if one.isdecimal() else _SEPARATORS.get(one, one) for one in folded)


def _take(spell: Callable[[re.Match[str]], str | None], found: set[str], match: re.Match[str]) -> str:
    if (told := spell(match)) is not None:
        found.add(told)
    return " "


def _sort_token(token: str, exact: set[str], plain: set[str]) -> None:
    bare = "".join(one for one in token if one.isalnum())
    digits = sum(one.isdigit() for one in bare)
    if not digits:
        return
    if (ordinal := _ORDINAL.fullmatch(bare)) is not None:
        plain.add(ordinal[1].lstrip("0") or "0")
    elif digits >= 4 or token.startswith("#") or (digits >= 3 and not bare.isdigit() and not _COUNTED.fullmatch(bare)):
        exact.add(f"number {bare}")
    else:
        plain.add(bare.lstrip("0") or "0")


# ---- Spellings -----------------------------------------------------------------------------------------------------------


def _listed(names: str) -> dict[str, int]:
    """Names by their place: words of one place are joined by `/`."""
    return {name: place for place, group in enumerate(names.split(), 1) for name in group.split("/")}


_MONTHS = _listed(
    """
    january/enero/janvier/januar/gennaio/janeiro/जनवरी/يناير february/febrero/février/februar/febbraio/fevereiro/फरवरी/فبراير
    march/marzo/mars/märz/março/मार्च/مارس april/abril/avril/aprile/अप्रैल/أبريل may/mayo/mai/maggio/maio/मई/مايو
    june/junio/juin/juni/giugno/junho/जून/يونيو july/julio/juillet/juli/luglio/julho/जुलाई/يوليو
    august/agosto/août/अगस्त/أغسطس september/septiembre/septembre/settembre/setembro/सितंबर/سبتمبر
    october/octubre/octobre/oktober/ottobre/outubro/अक्टूबर/أكتوبر november/noviembre/novembre/novembro/नवंबर/نوفمبر
    december/diciembre/décembre/dezember/dicembre/dezembro/दिसंबर/ديسمبر
    """
)
_SHORT_MONTHS = _listed("jan feb mar apr may jun jul aug sep/sept oct nov dec")
_WEEKDAYS = _listed(
    """
    monday/mondays/lunes/lundi/montag/montags/lunedì/segunda/सोमवार/الاثنين
    tuesday/tuesdays/martes/mardi/dienstag/dienstags/martedì/terça/मंगलवार/الثلاثاء
    wednesday/wednesdays/miércoles/mercredi/mittwoch/mittwochs/mercoledì/quarta/बुधवार/الأربعاء
    thursday/thursdays/jueves/jeudi/donnerstag/donnerstags/giovedì/quinta/गुरुवार/الخميس
    friday/fridays/viernes/vendredi/freitag/freitags/venerdì/sexta/शुक्रवार/الجمعة
    saturday/saturdays/sábado/sábados/samedi/samstag/samstags/sabato/शनिवार/السبت
    sunday/sundays/domingo/domingos/dimanche/sonntag/sonntags/domenica/रविवार/الأحد
    """
)
_RELATIVE = _listed(
    """
    yesterday/ayer/hier/gestern/ieri/ontem/أمس today/tonight/hoy/aujourd'hui/heute/oggi/hoje/आज/اليوم
    tomorrow/demain/morgen/domani/amanhã/غدا
    """
)
# Words that stand in a sentence for something else ("may I", "you mar it") name a month only beside a number.
_AMBIGUOUS = {"may", "mars", "march", "mai"}
_NAMED_DAYS = {
    **{name: f"month {place}" for name, place in _MONTHS.items() if name not in _AMBIGUOUS},
    **{name: f"weekday {place}" for name, place in _WEEKDAYS.items()},
    **{name: f"day {place}" for name, place in _RELATIVE.items()},
}
_CURRENCIES = {
    **dict.fromkeys(("$", "usd", "dollar", "dollars", "dólares", "buck", "bucks", "दॉलर", "دولار"), "usd"),
    **dict.fromkeys(("€", "eur", "euro", "euros", "यूरो", "يورو"), "eur"),
    **dict.fromkeys(("£", "gbp", "pound", "pounds", "quid", "libras"), "gbp"),
    **dict.fromkeys(("₹", "inr", "rs", "rs.", "rupee", "rupees", "रुपये", "रुपए"), "inr"),
    **dict.fromkeys(("¥", "jpy", "yen", "円"), "jpy"),
    **dict.fromkeys(("cny", "rmb", "yuan", "元"), "cny"),
    **dict.fromkeys(("r$", "brl", "reais"), "brl"),
    **dict.fromkeys(("aed", "dirham", "dirhams", "درهم"), "aed"),
    **dict.fromkeys(("sar", "riyal", "riyals", "ريال"), "sar"),
    **dict.fromkeys(("chf", "franc", "francs", "franken"), "chf"),
    **dict.fromkeys(("cent", "cents", "pence", "céntimos"), "cent"),
    **dict.fromkeys(("%", "percent", "per cent", "prozent", "por ciento", "pour cent", "por cento", "per cento", "प्रतिशत"), "%"),
    **{code: code for code in ("aud", "cad", "nzd", "sek", "nok", "dkk", "pln", "czk", "huf", "mxn", "zar", "sgd", "hkd", "krw")},
}
# Arabic decimal and thousands marks, the apostrophe of Swiss thousands, dashes.
_SEPARATORS = {"٫": ".", "٬": ",", "’": "'", "–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-"}


def _either(words: Sequence[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _date(year: str | None, month: int, day: int) -> str:
    return f"date {_whole_year(year)}-{month:02}-{day:02}"


def _whole_year(year: str | None) -> str:
    return (f"20{year}" if len(year) == 2 else year) if year else "any"


def _year_first(match: re.Match[str]) -> str:
    return _date(match[1], int(match[2]), int(match[3]))


def _day_or_month_first(match: re.Match[str]) -> str:
    return _either_first(int(match[1]), int(match[3]), match[4], is_day_first=match[2] == ".")


def _without_year(match: re.Match[str]) -> str | None:
    # "24/7" is no date.
    return None if match[0] == "24/7" else _either_first(int(match[1]), int(match[2]), None, is_day_first=False)


def _either_first(first: int, second: int, year: str | None, *, is_day_first: bool) -> str:
    if is_day_first or first > 12:
        return _date(year, second, first)
    # Which of 3/4 is the month nobody knows: such a date agrees only with the same one.
    return _date(year, first, second) if second > 12 else f"date {_whole_year(year)} {first}/{second}"


def _east_asian(match: re.Match[str]) -> str:
    return _date(match["year"], int(match["month"]), int(match["day"]))


def _day_of_month(match: re.Match[str]) -> str:
    month = _MONTHS.get(match["month"]) or _SHORT_MONTHS[match["month"]]
    return _date(match["year"], month, int(match["day"]))


def _amount(match: re.Match[str]) -> str:
    currency = _CURRENCIES[" ".join((match["before"] or match["after"]).split())]
    return f"amount {_plain_number(match['number'])}{match['times'] or ''} {currency}"


def _plain_number(written: str) -> str:
    whole, mark, rest = "".join(written.replace("'", " ").split()), "", ""
    if (last := re.search(r"[.,](\d+)$", whole)) is not None and (len(last[1]) != 3 or whole[last.start()] not in ".,"):
        whole, mark, rest = whole[: last.start()], ".", last[1].rstrip("0")
    return (re.sub(r"\D", "", whole).lstrip("0") or "0") + (mark + rest if rest else "")


def _time(match: re.Match[str]) -> str:
    hour, minute, half = int(match["hour"]), match["minute"] or "00", (match["half"] or "")[:1]
    if half in ("a", "p"):
        hour = hour % 12 + (12 if half == "p" else 0)
    return f"time {hour}:{minute}"


_MONTH = _either([*_MONTHS, *_SHORT_MONTHS])
_DAY = r"(?:3[01]|[12]\d|0?[1-9])"
_YEAR = r"(?:,?\s*(?:of|de|del)?\s*(?P<year>\d{4})\b)?"
_NUMBER = r"\d{1,3}(?:[ ,.']\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?"
_TIMES = r"\s?(?P<times>k|m|mio|thousand|million)?"
_SIGNS = [name for name in _CURRENCIES if not name[0].isalpha()]
_NAMES = [name for name in _CURRENCIES if name[0].isalpha()]
_BEFORE = rf"(?:(?P<before>{_either(_SIGNS)}|\b(?:{_either(_NAMES)}))\s?)"
_AFTER = rf"\s?(?P<after>{_either(_SIGNS)}|(?:{_either(_NAMES)})(?!\w))"

_DIGIT = re.compile(r"\d")
_TOKEN = re.compile(r"#?\w[\w\-/]*")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th|er|ème|º|ª)")
_COUNTED = re.compile(r"\d+[^\W\d]{1,4}")
_DAY_MONTH = rf"(?<!\d)(?P<day>{_DAY})(?:st|nd|rd|th|er|\.|º)?\s*(?:of|de|di)?\s*(?P<month>{_MONTH})(?!\w)\.?{_YEAR}"
_MONTH_DAY = rf"\b(?P<month>{_MONTH})\.?\s+(?:the\s+)?(?P<day>{_DAY})(?:st|nd|rd|th)?\b(?![.,:]\d){_YEAR}"
_CLOCK = r"\b(?P<hour>\d{1,2})(?:[:h.](?P<minute>\d{2}))?\s*(?P<half>am|pm|a\.m\.?|p\.m\.?|uhr|o'clock)(?!\w)"
# In this order: what one pattern takes is gone for the next.
_SPELLINGS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str | None]], ...] = (
    (re.compile(r"(?<![\d.])(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)"), _year_first),
    (re.compile(r"(?<![\d.])(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)"), _day_or_month_first),
    (re.compile(r"(?<![\d./])(\d{1,2})/(\d{1,2})(?![\d/])"), _without_year),
    (re.compile(r"(?:(?P<year>\d{4})年)?(?P<month>\d{1,2})月(?P<day>\d{1,2})[日号號]"), _east_asian),
    (re.compile(_DAY_MONTH), _day_of_month),
    (re.compile(_MONTH_DAY), _day_of_month),
    (re.compile(rf"{_BEFORE}(?P<number>{_NUMBER}){_TIMES}\b(?P<after>)"), _amount),
    (re.compile(rf"(?<![\w.])(?P<before>)(?P<number>{_NUMBER}){_TIMES}{_AFTER}"), _amount),
    (re.compile(_CLOCK), _time),
    (re.compile(r"\b(?P<hour>[01]?\d|2[0-4])[:h](?P<minute>[0-5]\d)\b(?P<half>)"), _time),
)
