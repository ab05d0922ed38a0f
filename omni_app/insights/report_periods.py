"""Which stretch a report tells about and when it is due, by the clock on the wall of the business.

A daily report is about the day before, a weekly one about the seven days to Sunday, a monthly one about the month before. Only
the newest whole stretch of a kind can be due: after a pause each kind comes once, for its newest stretch, however many were
missed.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from omni_app.infra.errors import Invalid

Kind = Literal["daily", "weekly", "monthly"]

KINDS: tuple[Kind, ...] = get_args(Kind)

# A daily report is never later than the next one; a month that ended four weeks ago is no news any more.
LATEST: dict[Kind, timedelta] = {"daily": timedelta(days=3), "weekly": timedelta(days=7), "monthly": timedelta(days=28)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Whole local days from `start` to `end` (excluded), and the stretch before them that they are compared with."""

    kind: Kind
    start: date
    end: date

    @property
    def before_start(self) -> date:
        """First day of the day, week or month before `start`."""
        return _start_before(self.kind, self.start)

    @property
    def last(self) -> date:
        return self.end - timedelta(days=1)

    def title(self) -> str:
        """ "Friday 20 November 2026", "16–22 November 2026", "November 2026"."""
        if self.kind == "daily":
            return f"{self.start:%A} {self.start.day} {self.start:%B %Y}"
        if self.kind == "monthly":
            return f"{self.start:%B %Y}"
        if self.start.month == self.last.month:
            return f"{self.start.day}–{self.last.day} {self.last:%B %Y}"
        year = f" {self.start.year}" if self.start.year != self.last.year else ""
        return f"{self.start.day} {self.start:%B}{year} – {self.last.day} {self.last:%B %Y}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The newest report of a kind whose hour has come, and when it came (aware, UTC)."""

    span: Span
    due_at: datetime


def check_kind(kind: object) -> Kind:
    """`kind` if it is one. Raises `Invalid`."""
    for known in KINDS:
        if kind == known:
            return known
    raise Invalid("Reports are daily, weekly or monthly.", field="kind")


def span_from(kind: Kind, start: date) -> Span:
    """The day, week or month that begins on `start`."""
    if kind == "daily":
        return Span(kind=kind, start=start, end=start + timedelta(days=1))
    if kind == "weekly":
        return Span(kind=kind, start=start, end=start + timedelta(days=7))
    return Span(kind=kind, start=start, end=(start + timedelta(days=32)).replace(day=1))


def last_span(kind: Kind, day: date) -> Span:
    """The newest whole span that is over when `day` begins."""
    here = {"daily": day, "weekly": day - timedelta(days=day.weekday()), "monthly": day.replace(day=1)}[kind]
    return span_from(kind, _start_before(kind, here))


def newest_due(kind: Kind, at: datetime, zone: ZoneInfo, hour: int) -> Due:
    """The newest report that is due at `at`, sent at `hour` o'clock.

    An hour the clock leaves out counts as come when the clock is beyond it, one it shows twice when it comes first.
    """
    wall = at.astimezone(zone).replace(tzinfo=None)
    span = last_span(kind, (wall - timedelta(hours=hour)).date())
    # Of an hour that does not exist this makes the moment after the gap, of one that comes twice the first (PEP 495).
    return Due(span=span, due_at=datetime.combine(span.end, time(hour), zone).astimezone(UTC))


def begins(day: date, zone: ZoneInfo) -> datetime:
    """The moment a local day begins."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def _start_before(kind: Kind, start: date) -> date:
    days = {"daily": 1, "weekly": 7, "monthly": 1}[kind]
    before = start - timedelta(days=days)
    return before.replace(day=1) if kind == "monthly" else before
