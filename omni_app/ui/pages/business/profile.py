"""The form's values, named as `update_business` names them: what is shown, what was typed, and what of it changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from omni_app.infra.errors import FieldError, Invalid
from omni_app.tenancy.businesses import BusinessView
from omni_app.tenancy.checks import check_email
from omni_app.tenancy.opening_hours import check_hours, is_date, without_past
from omni_app.tenancy.widget_look import DEFAULT_COLORS
from omni_app.ui.access import form_text

DAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
CONTACT = ("phone", "email", "address")
QUESTIONS = 5

LANGUAGES = [
    ("ar", "Arabic"),
    ("zh", "Chinese"),
    ("nl", "Dutch"),
    ("en", "English"),
    ("en-AU", "English (Australia)"),
    ("en-CA", "English (Canada)"),
    ("en-GB", "English (United Kingdom)"),
    ("en-US", "English (United States)"),
    ("fr", "French"),
    ("fr-CA", "French (Canada)"),
    ("de", "German"),
    ("he", "Hebrew"),
    ("hi", "Hindi"),
    ("it", "Italian"),
    ("ja", "Japanese"),
    ("fa", "Persian"),
    ("pl", "Polish"),
    ("pt", "Portuguese"),
    ("pt-BR", "Portuguese (Brazil)"),
    ("es", "Spanish"),
    ("es-MX", "Spanish (Mexico)"),
    ("sv", "Swedish"),
    ("tr", "Turkish"),
    ("uk", "Ukrainian"),
    ("ur", "Urdu"),
]


@dataclass
class Opening:
    """One interval in the form. Its two inputs keep what is typed in the browser; a new `key` starts them anew."""

    key: int
    opens: str
    closes: str
    opens_name: str
    closes_name: str


@dataclass
class Day:
    """One weekday in the form, or a date with hours of its own, which has a `date` and the name of the input that holds it.

    The times of a closed day are kept, so that opening it again brings them back.
    """

    key: str
    name: str
    field: str
    is_open: bool
    openings: list[Opening] = field(default_factory=list)
    date: str = ""
    date_name: str = ""


@lru_cache
def zones() -> list[str]:
    """The time zones people choose from: places, and UTC."""
    places = (name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix/", "right/")))
    return ["UTC", *sorted(places)]


def zone_named(text: str) -> str:
    """The time zone meant by "america/new york"; `text` itself when there is none of that name."""
    wanted = "_".join(text.split()).casefold()
    return next((name for name in zones() if name.casefold() == wanted), text)


def languages(current: str) -> list[tuple[str, str]]:
    """The languages to choose from; one that was set by other means is kept on the list."""
    return LANGUAGES if current in dict(LANGUAGES) else [(current, current), *LANGUAGES]


def shown(business: BusinessView, today: date = date.min) -> dict[str, Any]:
    """What the form shows of a business; dates before `today` are over."""
    hours = business.opening_hours
    return {
        "name": business.name,
        "industry": business.industry,
        "timezone": business.timezone,
        "locale": business.locale,
        "contact": {name: business.contact.get(name, "") for name in CONTACT},
        "opening_hours": {
            day: [list(times) for times in hours.get(day, [])] for day in dict.fromkeys((*DAYS, *without_past(hours, today)))
        },
        "greeting": business.greeting,
        "suggestions": list(business.suggestions),
        "rules": business.rules,
        "colors": {**DEFAULT_COLORS, **business.colors},
    }


def typed(form: object, days: Sequence[Day], special: Sequence[Day] = ()) -> dict[str, Any]:
    """What a submitted form says, in the shape of `shown`. Nothing is checked yet; `wrong_dates` looks at the dates."""
    hours = {day.key: _times(form, day) for day in days}
    hours |= {form_text(form, one.date_name): _times(form, one) for one in special}
    lines = {name: form_text(form, name).replace("\r\n", "\n") for name in ("greeting", "rules", "contact.address")}
    questions = [form_text(form, f"suggestions.{place}") for place in range(QUESTIONS)]
    return {
        "name": form_text(form, "name"),
        "industry": form_text(form, "industry"),
        "timezone": zone_named(form_text(form, "timezone")),
        "locale": form_text(form, "locale"),
        "contact": {
            "phone": form_text(form, "contact.phone"),
            "email": form_text(form, "contact.email"),
            "address": lines["contact.address"],
        },
        "opening_hours": hours,
        "greeting": lines["greeting"],
        "suggestions": [question for question in questions if question],
        "rules": lines["rules"],
        "colors": {name: form_text(form, f"colors.{name}").lower() for name in DEFAULT_COLORS},
    }


def _times(form: object, day: Day) -> list[list[str]]:
    if not day.is_open:
        return []
    return [[form_text(form, opening.opens_name), _closing(form_text(form, opening.closes_name))] for opening in day.openings]


def _closing(clock: str) -> str:
    # A time input ends at 23:59. Closing at 00:00 is the end of the day, which the domain writes as 24:00.
    return "24:00" if clock == "00:00" else clock


def time_shown(clock: str) -> str:
    """A stored time as a time input takes it: the end of the day, 24:00, is 00:00 there."""
    return "00:00" if clock == "24:00" else clock


def changes(new: Mapping[str, Any], before: Mapping[str, Any], contact: Mapping[str, str]) -> dict[str, Any]:
    """What differs between two profiles, ready for `update_business`.

    Only that is written: what a colleague changed in the meantime stays. So do contact details of other names in `contact`.
    """
    changed = {name: value for name, value in new.items() if name not in before or before[name] != value}
    if "contact" in changed:
        details = {**contact, **changed["contact"]}
        changed["contact"] = {name: text for name, text in details.items() if text or name not in CONTACT}
    return changed


def wrong_contact(contact: Mapping[str, str]) -> tuple[FieldError, ...]:
    """What is wrong with the e-mail address; the other details are free text."""
    if not contact["email"]:
        return ()
    try:
        check_email(contact["email"], "contact.email")
    except Invalid as error:
        return error.fields
    return ()


def wrong_hours(hours: Mapping[str, Sequence[Sequence[str]]], fields: Mapping[str, str] | None = None) -> tuple[FieldError, ...]:
    """What is wrong with each day, in the words of a form whose time inputs know no 24:00.

    `fields` names the field of each date; a weekday's is `opening_hours.<day>`.
    """
    wrong: list[FieldError] = []
    for day, times in hours.items():
        place = (fields or {}).get(day, f"opening_hours.{day}")
        if any(opens == closes and opens for opens, closes in times):
            message = "Opening and closing time are the same. For the whole day write 00:00 to 00:00."
            wrong.append(FieldError(field=place, message=message))
            continue
        try:
            check_hours({day: times})
        except Invalid as error:
            wrong.extend(FieldError(field=place, message=problem.message) for problem in error.fields)
    return tuple(wrong)


def wrong_dates(form: object, special: Sequence[Day]) -> tuple[FieldError, ...]:
    """Rows of dates without a date, with one nobody can mean, or with one that stands above already."""
    wrong: list[FieldError] = []
    known: set[str] = set()
    for day in special:
        name = form_text(form, day.date_name)
        if not name or not is_date(name):
            wrong.append(FieldError(field=day.field, message="Choose a date."))
        elif name in known:
            wrong.append(FieldError(field=day.field, message="This date stands here twice."))
        known.add(name)
    return tuple(wrong)
