"""What an HTTP answer tells about its limit.

Two forms side by side: `RateLimit-Limit`, `-Remaining` and `-Reset`, which clients in use read (the IETF draft up to version 06),
and `RateLimit` with `RateLimit-Policy`, the lists of its current version 11, which name the limit and its window.
https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
"""

import math
from datetime import timedelta

from omni_app.limits.window import Decision


def rate_limit_headers(decision: Decision) -> dict[str, str]:
    """The headers of an answer that `decision` let pass or refused; `Retry-After` with a refusal.

    Seconds are rounded up, so that waiting that long is enough. Nothing is said of figures nobody counted.
    """
    headers = {}
    wait = seconds(decision.reset_after)
    if not decision.allowed:
        headers["Retry-After"] = str(max(1, wait))
    if not decision.is_counted:
        return headers
    name, window = decision.name, seconds(decision.window)
    headers["RateLimit-Limit"] = str(max(0, decision.limit))
    headers["RateLimit-Remaining"] = str(decision.remaining)
    headers["RateLimit-Reset"] = str(wait)
    headers["RateLimit-Policy"] = f'"{name}";q={max(0, decision.limit)};w={window}'
    headers["RateLimit"] = f'"{name}";r={decision.remaining};t={wait}'
    return headers


def seconds(wait: timedelta) -> int:
    """Whole seconds, rounded up."""
    return math.ceil(wait.total_seconds())
