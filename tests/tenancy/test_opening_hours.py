from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omni_app.infra.errors import Invalid
from omni_app.tenancy.opening_hours import WEEKDAYS, check_hours, is_open, next_opening, without_past

OFFICE = {day: [["08:00", "12:00"], ["13:00", "18:00"]] for day in WEEKDAYS[:5]}
LONDON, NEW_YORK = "Europe/London", "America/New_York"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-01-05 07:59", False),  # a Monday
        ("2026-01-05 08:00", True),
        ("2026-01-05 11:59", True),
        ("2026-01-05 12:00", False),
        ("2026-01-05 17:59", True),
        ("2026-01-05 18:00", False),
        ("2026-01-10 10:00", False),  # a Saturday
        ("2026-07-06 07:00", True),  # summer: 08:00 in London
        ("2026-07-06 17:00", False),
    ],
)
def test_open_by_the_local_clock(at: str, expected: bool) -> None:
    assert is_open(OFFICE, LONDON, utc(at)) is expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-01-05 06:00", "2026-01-05 08:00"),
        ("2026-01-05 08:00", "2026-01-05 13:00"),
        ("2026-01-05 12:30", "2026-01-05 13:00"),
        ("2026-01-05 18:00", "2026-01-06 08:00"),
        ("2026-01-09 18:00", "2026-01-12 08:00"),  # Friday evening to Monday
        ("2026-03-27 19:00", "2026-03-30 07:00"),  # over the change to summer time
        ("2026-10-23 19:00", "2026-10-26 08:00"),  # and back
    ],
)
def test_the_next_opening(at: str, expected: str) -> None:
    assert next_opening(OFFICE, LONDON, utc(at)) == utc(expected)


def test_a_bar_is_open_past_midnight() -> None:
    bar = {"fri": [["22:00", "02:00"]]}
    assert is_open(bar, "UTC", utc("2026-01-09 23:59"))
    assert is_open(bar, "UTC", utc("2026-01-10 01:59"))
    assert not is_open(bar, "UTC", utc("2026-01-10 02:00"))
    assert next_opening(bar, "UTC", utc("2026-01-10 01:00")) == utc("2026-01-16 22:00")


def test_a_date_holds_in_place_of_its_weekday() -> None:
    christmas = {**OFFICE, "2026-12-25": [], "2026-12-24": [["08:00", "12:00"]], "2026-12-26": [["10:00", "11:00"]]}
    assert is_open(christmas, LONDON, utc("2026-12-24 11:59"))
    assert not is_open(christmas, LONDON, utc("2026-12-24 13:30"))  # a Thursday with an afternoon off
    assert not is_open(christmas, LONDON, utc("2026-12-25 10:00"))  # a Friday
    assert next_opening(christmas, LONDON, utc("2026-12-24 12:00")) == utc("2026-12-26 10:00")  # a Saturday
    assert is_open(christmas, LONDON, utc("2027-12-24 15:00"))  # the year after is an ordinary Friday


def test_long_holidays_end_at_the_first_ordinary_day() -> None:
    july = {f"2026-07-{day:02}": [] for day in range(1, 32)}
    assert next_opening({**OFFICE, **july}, LONDON, utc("2026-06-30 18:00")) == utc("2026-08-03 07:00")


def test_dates_that_are_over_are_left_out() -> None:
    hours = {"mon": [["08:00", "12:00"]], "2026-12-24": [], "2026-12-25": []}
    assert without_past(hours, date(2026, 12, 25)) == {"mon": [["08:00", "12:00"]], "2026-12-25": []}


@pytest.mark.parametrize("day", ["2026-02-30", "20261225", "2026-W52-5", "1999-01-01", "2026-12-25T00:00", "monday", 7, ""])
def test_what_is_no_day_is_refused(day: object) -> None:
    with pytest.raises(Invalid) as caught:
        check_hours({day: []})
    assert [problem.field for problem in caught.value.fields] == ["opening_hours"]


def test_a_wrong_time_of_a_date_names_the_date_and_dates_have_an_end() -> None:
    with pytest.raises(Invalid) as caught:
        check_hours({"2026-12-25": [["8", "9"]]})
    assert [problem.field for problem in caught.value.fields] == ["opening_hours.2026-12-25"]
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(101)]
    assert len(check_hours({day.isoformat(): [] for day in days[:100]})) == 107
    with pytest.raises(Invalid, match="At most 100 dates"):
        check_hours({day.isoformat(): [] for day in days})


def test_who_never_closes_never_opens() -> None:
    always = {day: [["00:00", "24:00"]] for day in WEEKDAYS}
    assert is_open(always, LONDON, utc("2026-03-29 01:30"))
    assert next_opening(always, LONDON, utc("2026-03-29 01:30")) is None


def test_who_has_no_hours_is_never_open() -> None:
    for hours in ({}, {"mon": []}):
        assert not is_open(hours, LONDON, utc("2026-01-05 10:00"))
        assert next_opening(hours, LONDON, utc("2026-01-05 10:00")) is None


def test_a_time_that_is_skipped_means_the_moment_of_the_change() -> None:
    # 2026-03-08 in New York: 02:00 becomes 03:00 at 07:00 UTC.
    early = {"sun": [["02:30", "10:00"]]}
    assert next_opening(early, NEW_YORK, utc("2026-03-08 05:00")) == utc("2026-03-08 07:00")
    assert is_open(early, NEW_YORK, utc("2026-03-08 07:00"))
    assert not is_open(early, NEW_YORK, utc("2026-03-08 06:59"))
    swallowed = {"sun": [["02:10", "02:40"]]}
    assert not is_open(swallowed, NEW_YORK, utc("2026-03-08 07:00"))
    assert next_opening(swallowed, NEW_YORK, utc("2026-03-08 05:00")) == utc("2026-03-15 06:10")


def test_a_time_that_comes_twice_means_its_first_coming() -> None:
    # 2026-11-01 in New York: 02:00 becomes 01:00 at 06:00 UTC.
    night = {"sun": [["01:30", "03:00"]]}
    assert next_opening(night, NEW_YORK, utc("2026-11-01 04:00")) == utc("2026-11-01 05:30")
    assert is_open(night, NEW_YORK, utc("2026-11-01 06:10"))  # 01:10 for the second time
    assert is_open(night, NEW_YORK, utc("2026-11-01 07:59"))
    assert not is_open(night, NEW_YORK, utc("2026-11-01 08:00"))
    assert next_opening(night, NEW_YORK, utc("2026-11-01 05:45")) == utc("2026-11-08 06:30")


def test_a_day_that_a_country_left_out_is_closed() -> None:
    # Samoa had no 30 December 2011, a Friday.
    assert next_opening({"fri": [["09:00", "17:00"]]}, "Pacific/Apia", utc("2011-12-30 00:00")) == utc("2012-01-05 19:00")


CLOCKS = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
INTERVALS = st.lists(st.tuples(CLOCKS, CLOCKS).map(list), max_size=2)
MOMENTS = st.integers(1_577_836_800, 1_893_456_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
DAYS = st.sampled_from(WEEKDAYS) | st.dates(date(2019, 12, 25), date(2030, 1, 10)).map(date.isoformat)
ZONES = st.sampled_from(
    ["UTC", LONDON, NEW_YORK, "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Chatham", "Africa/Casablanca"]
)


@settings(max_examples=60, deadline=None)
@given(hours=st.dictionaries(DAYS, INTERVALS), zone=ZONES, at=MOMENTS)
def test_the_next_opening_opens_and_nothing_opens_before_it(hours: dict[str, list[list[str]]], zone: str, at: datetime) -> None:
    opening = next_opening(hours, zone, at)
    if opening is None:
        return
    assert opening > at
    assert is_open(hours, zone, opening)
    assert not is_open(hours, zone, opening - timedelta(seconds=1))
    # It may be open at first; once closed it stays closed until the opening.
    states = [is_open(hours, zone, at + (opening - at) * step / 25) for step in range(25)]
    assert states == sorted(states, reverse=True)


@settings(max_examples=60, deadline=None)
@given(hours=st.dictionaries(DAYS, INTERVALS))
def test_checked_hours_stay_as_they_are_when_checked_again(hours: dict[str, list[list[str]]]) -> None:
    try:
        clean = check_hours(hours)
    except Invalid:
        return
    assert check_hours(clean) == clean
    assert sum(map(len, clean.values())) == sum(map(len, hours.values()))
