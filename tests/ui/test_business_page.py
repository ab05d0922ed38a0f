"""The form of the business: what it shows, what it reads, what of it is written, and which colours can be read."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from omni_app.tenancy.businesses import BusinessView
from omni_app.ui.pages.business import profile
from omni_app.ui.pages.business.colors import contrast, is_color, ratio_words, readable_on
from omni_app.ui.pages.business.profile import Day, Opening

SOME_TIME = datetime(2026, 1, 5, tzinfo=UTC)
HARBOUR = BusinessView(
    id=UUID(int=1),
    name="Harbour Dental",
    widget_key="wk_1",
    industry="Dentist",
    timezone="America/Halifax",
    locale="en",
    opening_hours={"mon": [["08:00", "12:00"], ["13:00", "18:00"]], "sat": [["18:00", "24:00"]]},
    contact={"phone": "+1 902 555 0100", "fax": "+1 902 555 0199"},
    price_list=[],
    rules="No diagnoses.",
    greeting="Hello!",
    suggestions=["I have a toothache"],
    colors={"primary": "#0f4c5c"},
    pre_chat={},
    daily_messages=50,
    plan="starter",
    knowledge_version=1,
    persona_version=1,
    created_at=SOME_TIME,
    updated_at=SOME_TIME,
)


def days_of(business: BusinessView) -> list[Day]:
    days = []
    for key, name in profile.DAYS.items():
        openings = [
            Opening(number, profile.time_shown(opens), profile.time_shown(closes), f"{key}-{number}-o", f"{key}-{number}-c")
            for number, (opens, closes) in enumerate(business.opening_hours.get(key, []))
        ]
        days.append(Day(key, name, f"opening_hours.{key}", bool(openings), openings))
    return days


def form_of(business: BusinessView, **changed: str) -> dict[str, str]:
    """What the browser sends when nobody touched the form, but for `changed`."""
    values = profile.shown(business)
    form = {name: values[name] for name in ("name", "industry", "timezone", "locale", "greeting", "rules")}
    form |= {f"contact.{name}": text for name, text in values["contact"].items()}
    form |= {f"suggestions.{place}": text for place, text in enumerate(values["suggestions"])}
    form |= {f"colors.{name}": color for name, color in values["colors"].items()}
    for day in days_of(business):
        for opening in day.openings:
            form |= {opening.opens_name: opening.opens, opening.closes_name: opening.closes}
    return form | changed


def changes(business: BusinessView, **changed: str) -> dict[str, Any]:
    new = profile.typed(form_of(business, **changed), days_of(business))
    return profile.changes(new, profile.shown(business), business.contact)


def test_untouched_form_changes_nothing() -> None:
    assert changes(HARBOUR) == {}
    assert changes(replace(HARBOUR, opening_hours={}, colors={}, contact={}, suggestions=[])) == {}


def test_only_what_was_touched_is_written() -> None:
    assert changes(HARBOUR, greeting="  Good day!\r\nAsk away. ") == {"greeting": "Good day!\nAsk away."}
    assert changes(HARBOUR, **{"suggestions.3": "Are you open?"}) == {"suggestions": ["I have a toothache", "Are you open?"]}
    assert changes(HARBOUR, **{"colors.accent": "#B84A1F"}) == {
        "colors": {"primary": "#0f4c5c", "on_primary": "#ffffff", "accent": "#b84a1f"}
    }


def test_contact_details_the_form_does_not_show_stay() -> None:
    new = changes(HARBOUR, **{"contact.phone": "", "contact.email": "hello@harbour.example"})
    assert new == {"contact": {"fax": "+1 902 555 0199", "email": "hello@harbour.example"}}


def test_hours_are_read_day_by_day_and_midnight_is_the_end_of_the_day() -> None:
    new = changes(HARBOUR, **{"mon-1-c": "00:00"})["opening_hours"]
    assert new["mon"] == [["08:00", "12:00"], ["13:00", "24:00"]]
    assert new["sat"] == [["18:00", "24:00"]]
    assert new["sun"] == []


def test_closed_day_has_no_times_though_the_form_keeps_them() -> None:
    days = [replace(day, is_open=False) for day in days_of(HARBOUR)]
    assert profile.typed(form_of(HARBOUR), days)["opening_hours"] == {day: [] for day in profile.DAYS}


HOLIDAYS = {"2026-01-01": [], "2026-12-24": [["08:00", "12:00"]], "2026-12-25": []}


def dates_of(*given: tuple[str, str]) -> tuple[list[Day], dict[str, str]]:
    """Rows of dates with one interval each, closed without one, and what the browser sends of them."""
    rows, form = [], {}
    for number, (day, times) in enumerate(given):
        key = f"date-{number}"
        openings = [Opening(number, "", "", f"{key}-o", f"{key}-c")] if times else []
        rows.append(Day(key, day, f"opening_hours.{key}", bool(times), openings, day, f"{key}-day"))
        form[f"{key}-day"] = day
        if times:
            form[f"{key}-o"], form[f"{key}-c"] = times.split()
    return rows, form


def test_dates_with_hours_of_their_own_are_shown_until_they_are_over_and_read_back() -> None:
    harbour = replace(HARBOUR, opening_hours={**HARBOUR.opening_hours, **HOLIDAYS})
    before = profile.shown(harbour, date(2026, 12, 24))
    assert list(before["opening_hours"])[7:] == ["2026-12-24", "2026-12-25"]
    rows, form = dates_of(("2026-12-24", "08:00 12:00"), ("2026-12-25", ""))
    read = profile.typed(form_of(harbour) | form, days_of(harbour), rows)
    assert profile.changes(read, before, harbour.contact) == {}
    rows, form = dates_of(("2026-12-25", ""), ("2027-01-01", "10:00 00:00"))
    read = profile.typed(form_of(harbour) | form, days_of(harbour), rows)
    hours = profile.changes(read, before, harbour.contact)["opening_hours"]
    assert {day: hours[day] for day in list(hours)[7:]} == {"2026-12-25": [], "2027-01-01": [["10:00", "24:00"]]}


def test_a_date_that_is_missing_twice_there_or_wrongly_timed_is_named_in_its_row() -> None:
    rows, form = dates_of(("", ""), ("2026-12-25", ""), ("2026-12-25", ""), ("2026-13-01", ""))
    wrong = {item.field: item.message for item in profile.wrong_dates(form, rows)}
    assert wrong == {
        "opening_hours.date-0": "Choose a date.",
        "opening_hours.date-2": "This date stands here twice.",
        "opening_hours.date-3": "Choose a date.",
    }
    rows, form = dates_of(("2026-12-25", "18:00 18:00"))
    fields = {day.date: day.field for day in rows}
    (problem,) = profile.wrong_hours(profile.typed(form, [], rows)["opening_hours"], fields)
    assert problem.field == "opening_hours.date-0"


@pytest.mark.parametrize("form", [{}, None, "text", {"name": 3, "contact.email": ["x"]}])
def test_foreign_forms_are_read_as_empty(form: object) -> None:
    new = profile.typed(form, [])
    assert (new["name"], new["contact"]["email"], new["suggestions"]) == ("", "", [])


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("America/New_York", "America/New_York"),
        ("america/new york", "America/New_York"),
        (" utc ", "UTC"),
        ("Berlin", "Berlin"),
        ("", ""),
    ],
)
def test_time_zones_are_found_by_how_people_write_them(text: str, zone: str) -> None:
    assert profile.zone_named(text.strip()) == zone


def test_language_set_by_other_means_stays_on_the_list() -> None:
    assert ("ko", "ko") in profile.languages("ko")
    assert profile.languages("en-CA") == profile.LANGUAGES


@pytest.mark.parametrize(("email", "is_wrong"), [("", False), ("hello@harbour.example", False), ("hello at harbour", True)])
def test_contact_address_is_checked(email: str, is_wrong: bool) -> None:
    wrong = profile.wrong_contact({"phone": "", "email": email, "address": ""})
    assert [item.field for item in wrong] == (["contact.email"] if is_wrong else [])


def test_every_wrong_day_is_named() -> None:
    week = {
        "mon": [["08:00", "08:00"]],
        "tue": [["00:00", "24:00"]],
        "wed": [["", ""]],
        "thu": [["08:00", "12:00"], ["11:00", "18:00"]],
    }
    wrong = {item.field: item.message for item in profile.wrong_hours(week)}
    assert wrong.keys() == {"opening_hours.mon", "opening_hours.wed", "opening_hours.thu"}
    assert "00:00 to 00:00" in wrong["opening_hours.mon"]
    assert wrong["opening_hours.wed"] == "Write times like 08:00 to 18:00."


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21.0), ("#ffffff", "#ffffff", 1.0), ("#777777", "#ffffff", 4.478), ("#0f4c5c", "#ffffff", 9.508)],
)
def test_contrast_of_two_colours(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert contrast(other, one) == contrast(one, other)


def test_what_is_just_below_the_limit_never_reads_as_enough() -> None:
    assert ratio_words(4.48) == "4.4:1"
    assert ratio_words(21.0) == "21.0:1"


@pytest.mark.parametrize("color", ["#0f4c5c", "#777777", "#808080", "#ffd000", "#ff0000", "#000000", "#ffffff"])
def test_proposed_text_can_be_read(color: str) -> None:
    assert contrast(color, readable_on(color)) >= 4.5


@pytest.mark.parametrize(
    ("text", "expected"), [("#0F4c5c", True), ("0f4c5c", False), ("#fff", False), ("red", False), (None, False)]
)
def test_only_six_digits_are_a_colour(text: object, expected: bool) -> None:
    assert is_color(text) is expected
