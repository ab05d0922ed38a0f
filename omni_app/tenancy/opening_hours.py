"""When a business is open: pure functions over the weekly hours of its row.

`hours` is `{"mon": [["08:00", "12:00"], ["13:00", "18:00"]], …}` in local time. A missing day is closed. A date in place of a
weekday (`"2026-12-25": []`) is a holiday or another special day: that day follows it and not its weekday. An interval that ends
at or before its start ends on the next day (`["22:00", "02:00"]`); `["00:00", "24:00"]` is the whole day. Times become moments
first, so the days when clocks change are as long as they are: a time that is skipped means the moment of the change, a time
that comes twice means its first coming.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from omni_app.infra.errors import Invalid

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOST_INTERVALS = 6
MOST_SPECIAL_DAYS = 100
_USUAL_DAYS_AHEAD = 16
_DAY = timedelta(days=1)

Hours = Mapping[str, Sequence[Sequence[str]]]


def is_open(hours: Hours, timezone: str, at: datetime) -> bool:
    """Whether `at` (aware) falls into the opening hours. A business without hours is never open."""
    return any(start <= at < end for start, end in _openings(hours, ZoneInfo(timezone), at))


def next_opening(hours: Hours, timezone: str, at: datetime) -> datetime | None:
    """The first moment after `at` (UTC) at which the closed business opens; None when it never opens or never closes."""
    openings = list(_openings(hours, ZoneInfo(timezone), at))
    starts = sorted(start for start, _ in openings if start > at)
    # Where one interval touches the next, the door stays open.
    return next((start for start in starts if not any(begin < start <= end for begin, end in openings)), None)


def hours_on(hours: Hours, day: date) -> Sequence[Sequence[str]]:
    """The intervals that begin on `day`: those of the date where it has its own, else those of the weekday."""
    special = hours.get(day.isoformat())
    return hours.get(WEEKDAYS[day.weekday()], ()) if special is None else special


def special_days(hours: Hours) -> list[date]:
    """The dates that have hours of their own, in order."""
    return sorted(date.fromisoformat(day) for day in hours if day not in WEEKDAYS)


def without_past(hours: Hours, today: date) -> dict[str, Sequence[Sequence[str]]]:
    """The weekdays, and the special days from `today` on."""
    return {day: times for day, times in hours.items() if day in WEEKDAYS or day >= today.isoformat()}


def _openings(hours: Hours, zone: ZoneInfo, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Moments between which the business is open, from two days before `at` to sixteen after, as [start, end).

    It looks further ahead when special days, like weeks of holidays, lie there.
    """
    today = at.astimezone(zone).date()
    ahead = [(day - today).days for day in special_days(hours)]
    # A change of the clock may swallow a short interval, so one week ahead is not always enough.
    for offset in range(-2, 1 + _USUAL_DAYS_AHEAD + max(0, min(MOST_SPECIAL_DAYS, sum(days >= 0 for days in ahead)))):
        try:
            day = today + offset * _DAY
        except OverflowError:
            continue
        for opens, closes in hours_on(hours, day):
            start, end = _moment(day, opens, zone), _moment(day, closes, zone)
            if minutes(closes) <= minutes(opens):
                end = _moment(day + _DAY, closes, zone)
            if start < end:
                yield start, end


def minutes(clock: str) -> int:
    """Minutes since midnight of `HH:MM`, up to 24:00. Raise ValueError for anything else."""
    hour, colon, minute = clock.partition(":")
    if len(clock) != 5 or not colon or not (hour + minute).isascii() or not (hour + minute).isdigit():
        raise ValueError("not a time")
    total = int(hour) * 60 + int(minute)
    if int(minute) > 59 or total > 24 * 60:
        raise ValueError("not a time")
    return total


def _moment(day: date, clock: str, zone: ZoneInfo) -> datetime:
    count = minutes(clock)
    day, count = (day + _DAY, 0) if count == 24 * 60 else (day, count)
    local = datetime.combine(day, time(count // 60, count % 60), tzinfo=zone)
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    # The clocks jump over this time. The change lies between its readings with the offset after and the one before.
    before, after = local.replace(fold=1).astimezone(UTC), moment
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        before, after = (middle, after) if middle.astimezone(zone).utcoffset() == old else (before, middle)
    return after.replace(microsecond=0)


def check_hours(hours: Any) -> dict[str, list[list[str]]]:
    """Clean hours with all seven weekdays, then the special days, each sorted. Raise `Invalid` naming `opening_hours.<day>`."""
    if not isinstance(hours, Mapping):
        raise Invalid("Opening hours are a list of times for each day.", field="opening_hours")
    special = sorted(day for day in hours if day not in WEEKDAYS)
    for day in special:
        if not is_date(day):
            raise Invalid("Days are mon, tue, wed, thu, fri, sat, sun and dates like 2026-12-25.", field="opening_hours")
    if len(special) > MOST_SPECIAL_DAYS:
        raise Invalid(f"At most {MOST_SPECIAL_DAYS} dates can have hours of their own.", field="opening_hours")
    return {day: _check_day(day, hours.get(day) or []) for day in (*WEEKDAYS, *special)} if hours else {}


def is_date(day: object) -> bool:
    """Whether this names a special day: `2026-12-25`, from 2000 to 2200."""
    try:
        return isinstance(day, str) and date.fromisoformat(day).isoformat() == day and 2000 <= int(day[:4]) <= 2200
    except ValueError:
        return False


def _check_day(day: str, intervals: Any) -> list[list[str]]:
    field = f"opening_hours.{day}"
    if not isinstance(intervals, list | tuple) or len(intervals) > _MOST_INTERVALS:
        raise Invalid(f"Write up to {_MOST_INTERVALS} times a day, like 08:00 to 18:00.", field=field)
    clean: list[tuple[int, int, list[str]]] = []
    for interval in intervals:
        try:
            opens, closes = interval
            start, end = minutes(opens), minutes(closes)
        except (ValueError, TypeError, AttributeError) as error:
            raise Invalid("Write times like 08:00 to 18:00.", field=field) from error
        if start == end or start == 24 * 60:
            raise Invalid("Opening and closing time are the same. The whole day is 00:00 to 24:00.", field=field)
        clean.append((start, end if end > start else end + 24 * 60, [opens, closes]))
    clean.sort()
    if any(former[1] > latter[0] for former, latter in pairwise(clean)):
        raise Invalid("These times overlap.", field=field)
    return [words for _, _, words in clean]
