"""A brake inside one process on how much one source may deliver in a minute; no Redis is asked for each of many small events."""

import time
from datetime import timedelta
from uuid import UUID

from omni_app.limits.window import Decision
from omni_app.settings import load_settings

WINDOW = timedelta(minutes=1)
MOST_SOURCES = 20_000

_counts: dict[UUID, tuple[int, int]] = {}


def may_deliver(source: UUID, most: int | None = None, at: float | None = None) -> Decision:
    """Count one request of a source in the running minute. `most`: by default `webhooks_per_minute` of the deployment.

    A fixed minute lets up to twice as much through around its edge, which is enough to keep a flood from the database.
    """
    limit = load_settings().webhooks_per_minute if most is None else most
    seconds = time.monotonic() if at is None else at
    minute = int(seconds // WINDOW.total_seconds())
    if len(_counts) >= MOST_SOURCES and source not in _counts:
        _counts.clear()
    began, used = _counts.get(source, (minute, 0))
    used = used + 1 if began == minute else 1
    _counts[source] = (minute, used)
    left = timedelta(seconds=WINDOW.total_seconds() - seconds % WINDOW.total_seconds())
    return Decision(
        name="webhook",
        allowed=used <= limit,
        limit=limit,
        used=used,
        remaining=max(0, limit - used),
        reset_after=left,
        window=WINDOW,
    )
