"""Times, counts and money as people read them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from omni_app.infra import money


def zone_of(name: str) -> ZoneInfo:
    """The time zone called `name`; UTC when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def when(at: datetime | None, zone: ZoneInfo | None = None, now: datetime | None = None) -> str:
    """A moment in the past: "14:05" today, "yesterday 14:05", "12 March", "12 March 2025"; empty for None."""
    if at is None:
        return ""
    here = zone or ZoneInfo("UTC")
    local, today = at.astimezone(here), (now or datetime.now(UTC)).astimezone(here)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    if local.date() == today.date() - timedelta(days=1):
        return f"yesterday {local:%H:%M}"
    return on_day(at, here, today)


def on_day(at: datetime | None, zone: ZoneInfo | None = None, now: datetime | None = None) -> str:
    """A day: "12 March", with the year when it is not this one; empty for None."""
    if at is None:
        return ""
    here = zone or ZoneInfo("UTC")
    local, today = at.astimezone(here), (now or datetime.now(UTC)).astimezone(here)
    return f"{local.day} {local:%B}" + ("" if local.year == today.year else f" {local.year}")


def ago(at: datetime, now: datetime | None = None) -> str:
    """How long ago, roughly: "now", "4 min", "2 h", "3 d"."""
    seconds = ((now or datetime.now(UTC)) - at).total_seconds()
    if seconds < 60:
        return "now"
    if seconds < 3600:
        return f"{int(seconds // 60)} min"
    return f"{int(seconds // 3600)} h" if seconds < 86400 else f"{int(seconds // 86400)} d"


def held_back(restriction: str, until: datetime | None, zone: ZoneInfo, now: datetime) -> str:
    """How abuse detection holds a customer back: "Slowed down until 14:05", "Blocked until 12 March 14:05"; empty: not at all."""
    if not restriction or until is None or until <= now:
        return ""
    local = until.astimezone(zone)
    day = "" if local.date() == now.astimezone(zone).date() else f"{local.day} {local:%B} "
    return f"{'Blocked' if restriction == 'blocked' else 'Slowed down'} until {day}{local:%H:%M}"


def count(number: int, one: str, many: str | None = None) -> str:
    """ "1 answer", "412 answers", "1,240 answers"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def cost(nusd: int) -> str:
    """A cost as shown outside the ledger: "$46.18"; small ones keep what counts: "$0.0082", "<$0.0001"; nothing is "$0"."""
    if nusd == 0:
        return "$0"
    if abs(nusd) < money.NUSD // 20_000:
        return "<$0.0001"
    return money.show(nusd, 2 if abs(nusd) >= money.NUSD // 100 else 4)
