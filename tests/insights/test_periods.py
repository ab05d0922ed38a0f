"""When a business's day begins, and what it is compared with."""

from datetime import UTC, datetime

import pytest

from omni_app.infra.errors import Invalid
from omni_app.insights.periods import door, period_of
from tests.insights.history import utc

HOURS = {
    "mon": [["08:00", "12:00"], ["13:00", "18:00"]],
    "tue": [["08:00", "18:00"]],
    "fri": [["20:00", "02:00"]],
    "sat": [["02:00", "04:00"]],
}


def test_today_begins_at_midnight_where_the_business_is() -> None:
    period = period_of("today", "America/Halifax", utc("2026-03-12T02:30"))
    assert period.start.astimezone(UTC) == utc("2026-03-11T03:00")
    assert period.before_start.astimezone(UTC) == utc("2026-03-04T04:00")
    assert period.unit == "hour"


def test_today_is_compared_up_to_this_hour_of_the_same_weekday_also_across_a_change_of_the_clocks() -> None:
    # Clocks in Halifax went forward on 8 March 2026: 14:32 was 17:32 UTC on the 12th and 18:32 UTC on the 5th.
    period = period_of("today", "America/Halifax", utc("2026-03-12T17:32"))
    assert period.before_until.astimezone(UTC) == utc("2026-03-05T18:32")


@pytest.mark.parametrize(("name", "start", "before"), [("week", "03-06", "02-27"), ("month", "02-11", "01-12")])
def test_days_are_compared_with_as_many_before(name: str, start: str, before: str) -> None:
    period = period_of(name, "UTC", utc("2026-03-12T14:00"))
    assert (period.start, period.before_start) == (utc(f"2026-{start}T00:00"), utc(f"2026-{before}T00:00"))
    assert period.until - period.start == period.before_until - period.before_start
    assert period.unit == "day"


def test_other_periods_are_refused() -> None:
    with pytest.raises(Invalid):
        period_of("year", "UTC", utc("2026-03-12T14:00"))


def test_an_unknown_zone_counts_in_utc() -> None:
    assert period_of("today", "Nowhere/At-all", utc("2026-03-12T14:00")).start == utc("2026-03-12T00:00")


@pytest.mark.parametrize(
    ("at", "is_open", "until"),
    [
        ("2026-03-09T07:00", False, "2026-03-09T08:00"),
        ("2026-03-09T11:59", True, "2026-03-09T12:00"),
        ("2026-03-09T12:30", False, "2026-03-09T13:00"),
        ("2026-03-10T19:00", False, "2026-03-13T20:00"),
        ("2026-03-13T23:00", True, "2026-03-14T04:00"),
        ("2026-03-14T01:00", True, "2026-03-14T04:00"),
    ],
)
def test_the_door(at: str, is_open: bool, until: str) -> None:
    found = door(HOURS, "UTC", utc(at))
    assert found is not None
    assert (found.is_open, found.until) == (is_open, utc(until))


def test_the_door_of_a_special_day() -> None:
    early = door({**HOURS, "2026-03-09": [["05:00", "07:30"]]}, "UTC", utc("2026-03-09T07:00"))
    assert early is not None
    assert (early.is_open, early.until) == (True, utc("2026-03-09T07:30"))
    holiday = door({**HOURS, "2026-03-09": []}, "UTC", utc("2026-03-09T11:00"))
    assert holiday is not None
    assert not holiday.is_open


def test_a_business_without_hours_has_no_door_and_one_that_never_closes_no_end() -> None:
    at = datetime(2026, 3, 9, 7, tzinfo=UTC)
    assert door({}, "UTC", at) is None
    always = door({day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}, "UTC", at)
    assert always is not None
    assert (always.is_open, always.until) == (True, None)
