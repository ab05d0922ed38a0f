"""When reports are due: wall clocks that skip hours and repeat them, and the stretches they tell about."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from omni_app.infra.errors import Invalid
from omni_app.insights.report_periods import KINDS, begins, check_kind, last_span, newest_due, span_from

BERLIN = ZoneInfo("Europe/Berlin")


def local(text: str, zone: ZoneInfo = BERLIN, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("kind", "at", "start", "end"),
    [
        ("daily", "2026-11-21T08:59", "2026-11-19", "2026-11-20"),
        ("daily", "2026-11-21T09:00", "2026-11-20", "2026-11-21"),
        ("weekly", "2026-11-16T08:59", "2026-11-02", "2026-11-09"),
        ("weekly", "2026-11-16T09:00", "2026-11-09", "2026-11-16"),
        ("weekly", "2026-11-22T23:59", "2026-11-09", "2026-11-16"),
        ("monthly", "2026-03-01T08:59", "2026-01-01", "2026-02-01"),
        ("monthly", "2026-03-01T09:00", "2026-02-01", "2026-03-01"),
        ("monthly", "2027-01-31T12:00", "2026-12-01", "2027-01-01"),
    ],
)
def test_a_report_is_due_at_nine(kind: str, at: str, start: str, end: str) -> None:
    span = newest_due(check_kind(kind), local(at), BERLIN, 9).span
    assert (span.start.isoformat(), span.end.isoformat()) == (start, end)


def test_an_hour_the_clock_leaves_out_counts_as_come_when_the_clock_is_beyond_it() -> None:
    # On 29 March 2026 the clock in Berlin jumps from 2:00 to 3:00.
    jump = local("2026-03-29T03:00")
    before, after = newest_due("daily", jump - timedelta(seconds=1), BERLIN, 2), newest_due("daily", jump, BERLIN, 2)
    assert (before.span.start, after.span.start) == (date(2026, 3, 27), date(2026, 3, 28))
    assert after.due_at <= jump + timedelta(hours=1)


def test_an_hour_that_comes_twice_counts_when_it_comes_first() -> None:
    # On 25 October 2026 2:00–3:00 comes twice.
    first, second = local("2026-10-25T02:00"), local("2026-10-25T02:00", fold=1)
    due = newest_due("daily", first, BERLIN, 2)
    assert (due.due_at, due.span.start) == (first, date(2026, 10, 24))
    assert newest_due("daily", second, BERLIN, 2) == due
    assert newest_due("daily", second - timedelta(minutes=1), BERLIN, 2) == due


def test_days_are_those_of_the_place() -> None:
    at = datetime(2026, 11, 20, 19, 30, tzinfo=UTC)
    assert newest_due("daily", at, ZoneInfo("Pacific/Auckland"), 9).span.start == date(2026, 11, 19)
    assert newest_due("daily", at, ZoneInfo("America/Los_Angeles"), 9).span.start == date(2026, 11, 19)
    assert newest_due("daily", at + timedelta(hours=1), ZoneInfo("Pacific/Auckland"), 9).span.start == date(2026, 11, 20)


def test_every_hour_of_a_year_has_one_report_of_each_kind_and_none_is_left_out() -> None:
    for zone in (BERLIN, ZoneInfo("America/Santiago"), ZoneInfo("Australia/Lord_Howe")):
        for hour in (0, 2):
            seen: dict[str, list[date]] = {kind: [] for kind in KINDS}
            at = datetime(2026, 1, 1, tzinfo=UTC)
            while at < datetime(2026, 12, 31, tzinfo=UTC):
                for kind in KINDS:
                    start = newest_due(kind, at, zone, hour).span.start
                    if start not in seen[kind]:
                        seen[kind].append(start)
                at += timedelta(hours=4)
            for name, starts in seen.items():
                ends = [span_from(check_kind(name), start).end for start in starts]
                assert starts == sorted(starts)
                assert starts[1:] == ends[:-1]


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 11, 20), 24)])
def test_a_day_has_the_hours_its_clock_gives_it(day: date, hours: int) -> None:
    assert begins(day + timedelta(days=1), BERLIN) - begins(day, BERLIN) == timedelta(hours=hours)


def test_stretches_have_names_and_know_what_they_are_compared_with() -> None:
    daily = last_span("daily", date(2026, 11, 21))
    assert (daily.title(), daily.before_start) == ("Friday 20 November 2026", date(2026, 11, 19))
    weekly = last_span("weekly", date(2026, 11, 21))
    assert (weekly.title(), weekly.before_start) == ("9–15 November 2026", date(2026, 11, 2))
    assert span_from("weekly", date(2026, 11, 30)).title() == "30 November – 6 December 2026"
    assert span_from("weekly", date(2026, 12, 28)).title() == "28 December 2026 – 3 January 2027"
    monthly = last_span("monthly", date(2026, 3, 31))
    assert (monthly.title(), monthly.before_start, monthly.last) == ("February 2026", date(2026, 1, 1), date(2026, 2, 28))


def test_other_kinds_are_refused() -> None:
    with pytest.raises(Invalid, match="daily, weekly or monthly"):
        check_kind("yearly")
