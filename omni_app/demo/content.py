"""The demo business as data: profile, opening hours, price list and FAQs, read from `content/*.json` and checked."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import Field, StringConstraints, TypeAdapter

CONTENT = Path(__file__).parent / "content"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIN_PHRASINGS = 5

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
HexColor = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoFaq:
    """One question people ask, its answer, and the other ways they type it (at least five)."""

    question: Text
    answer: Text
    phrasings: Annotated[tuple[Text, ...], Field(min_length=MIN_PHRASINGS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPrice:
    """One line of the price list; `price_minor` in cents of `currency` (ISO 4217)."""

    name: Text
    price_minor: Annotated[int, Field(ge=0)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoHoliday:
    """A day on which the business stays closed whatever the weekday."""

    date: date
    name: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoContact:
    phone: Text
    email: Text
    address: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoColors:
    """What the widget paints with: `primary` and the text on it, and the unread mark."""

    primary: HexColor
    on_primary: HexColor
    accent: HexColor


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoBusiness:
    """The profile. `opening_hours` has all seven weekdays, each a tuple of (opens, closes) in `timezone`; empty = closed."""

    name: Text
    description: Text
    timezone: Text
    language: Text
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    contact: DemoContact
    opening_hours: dict[Weekday, tuple[tuple[time, time], ...]]
    holidays: tuple[DemoHoliday, ...]
    greeting: Text
    suggestions: Annotated[tuple[Text, ...], Field(min_length=1, max_length=4)]
    colors: DemoColors
    price_list: tuple[DemoPrice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoDocument:
    """A leaflet in Markdown; its first heading is its title."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoContent:
    business: DemoBusiness
    faqs: tuple[DemoFaq, ...]
    documents: tuple[DemoDocument, ...] = ()


def load_demo_content(folder: Path = CONTENT) -> DemoContent:
    """Read and check `business.json`, `faqs.json` and `documents/*.md` of `folder`.

    Raises `ValueError` naming what is wrong: a missing or malformed field, hours that end before they begin, a weekday left
    out, an unknown timezone, prices in another currency, or a wording that belongs to two FAQs.
    """
    business = TypeAdapter(DemoBusiness).validate_json((folder / "business.json").read_bytes())
    faqs = TypeAdapter(tuple[DemoFaq, ...]).validate_json((folder / "faqs.json").read_bytes())
    _check_business(business)
    _check_faqs(faqs)
    return DemoContent(business=business, faqs=faqs, documents=_load_documents(folder))


def _load_documents(folder: Path) -> tuple[DemoDocument, ...]:
    texts = [path.read_text(encoding="utf-8") for path in sorted((folder / "documents").glob("*.md"))]
    return tuple(DemoDocument(title=text.splitlines()[0].removeprefix("# "), text=text) for text in texts)


def _check_business(business: DemoBusiness) -> None:
    if business.timezone not in available_timezones():
        raise ValueError(f"timezone {business.timezone!r} is unknown")
    if missing := [day for day in WEEKDAYS if day not in business.opening_hours]:
        raise ValueError(f"opening_hours lacks {', '.join(missing)}")
    for day, spans in business.opening_hours.items():
        ends = [moment for span in spans for moment in span]
        if ends != sorted(set(ends)):
            raise ValueError(f"opening_hours of {day} overlap or end before they begin")
    if other := {price.currency for price in business.price_list} - {business.currency}:
        raise ValueError(f"price_list is in {', '.join(sorted(other))}, the business in {business.currency}")
    _refuse_twins("price_list", (price.name for price in business.price_list))
    _refuse_twins("holidays", (day.date.isoformat() for day in business.holidays))


def _check_faqs(faqs: tuple[DemoFaq, ...]) -> None:
    # One wording under two answers would teach the classifier a contradiction.
    _refuse_twins("wording", (wording for faq in faqs for wording in (faq.question, *faq.phrasings)))
    _refuse_twins("answer", (faq.answer for faq in faqs))


def _refuse_twins(what: str, texts: Iterable[str]) -> None:
    counts = Counter("".join(letter for letter in text.casefold() if letter.isalnum()) for text in texts)
    if twins := [text for text, times in counts.items() if times > 1]:
        raise ValueError(f"{what} given twice: {', '.join(twins)}")
