"""Stretches of time as a business counts them: its own days, beginning at its own midnight."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from omni_app.infra.errors import Invalid
from omni_app.tenancy.opening_hours import WEEKDAYS, Hours, hours_on, is_open, minutes, next_opening

PeriodName = Literal["today", "week", "month"]

_DAYS: dict[str, int] = {"today": 1, "week": 7, "month": 30}


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """`start` to `until` is shown, `before_start` to `before_until` is what it is compared with; all aware, ends excluded.

    Today is compared with the same weekday of last week up to this hour; 7 and 30 days with the 7 and 30 days before, which also
    end at this hour. `unit` is how its chart counts: `hour` or `day`.
    """

    name: PeriodName
    start: datetime
    until: datetime
    before_start: datetime
    before_until: datetime
    zone: ZoneInfo

    @property
    def unit(self) -> str:
        return "hour" if self.name == "today" else "day"


def zone_of(timezone: str) -> ZoneInfo:
    """The zone of this name; UTC for a name this machine does not know."""
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def period_of(name: str, timezone: str, at: datetime) -> Period:
    """The period called `today`, `week` or `month` (30 days) that ends at `at`. Raises `Invalid` for another name."""
    days = _DAYS.get(name)
    if days is None:
        raise Invalid("Pick today, 7 days or 30 days.", "period")
    zone = zone_of(timezone)
    local = at.astimezone(zone)
    # Local arithmetic: seven days ago at this hour by the clock on the wall, also when the clocks changed in between.
    start = datetime.combine(local.date() - timedelta(days=days - 1), time.min, zone)
    shift = timedelta(days=max(days, 7))
    return Period(
        name=name,  # type: ignore[arg-type]
        start=start,
        until=at,
        before_start=start - shift,
        before_until=local - shift,
        zone=zone,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Whether the business is open, and until when that stays so (None: for good, or no hours are set)."""

    is_open: bool
    until: datetime | None


def door(hours: Hours, timezone: str, at: datetime) -> Door | None:
    """The state of the door at `at`; None for a business that set no opening hours."""
    if not any(hours.get(day) for day in WEEKDAYS):
        return None
    zone = zone_of(timezone)
    if not is_open(hours, zone.key, at):
        return Door(is_open=False, until=next_opening(hours, zone.key, at))
    today = at.astimezone(zone).date()
    ends = []
    for offset in range(-1, 8):
        day = today + timedelta(days=offset)
        for opens, closes in hours_on(hours, day):
            over = minutes(closes) <= minutes(opens)
            ends.append(datetime.combine(day, time.min, zone) + timedelta(days=int(over), minutes=minutes(closes)))
    # Where one interval touches the next, the door stays open.
    return Door(is_open=True, until=next((end for end in sorted(ends) if end > at and not is_open(hours, zone.key, end)), None))
