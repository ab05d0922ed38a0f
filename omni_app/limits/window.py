"""A sliding window: at most so many of a thing within so much time, counted exactly.

A sorted set in Redis keeps the moment of everything that passed. One script decides and counts in one step, by the clock of
Redis, so any number of processes share a window and none of their clocks matters. What was refused is not counted.
"""

import hashlib
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, cast

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, OutOfMemoryError, ReadOnlyError
from redis.exceptions import TimeoutError as RedisTimeoutError

from omni_app.infra.errors import TooMany
from omni_app.infra.log import get_logger
from omni_app.infra.redis import key, redis_client

log = get_logger(__name__)

WhenAway = Literal["open", "closed"]
_Call = Callable[..., Awaitable[Any]]

# How long to wait when Redis is away and nobody knows better.
_RETRY_AWAY = timedelta(seconds=5)

# Errors that mean "Redis cannot count now"; everything else is a fault of ours and must be seen. A Redis that is still loading
# raises a kind of ConnectionError.
_AWAY = (RedisConnectionError, RedisTimeoutError, ReadOnlyError, OutOfMemoryError, OSError)

# KEYS[1] the window · ARGV limit, window in µs, id of this entry ('' = only look)
# → passed (0/1), entries inside the window, µs until the next place is free (0 = now)
# Lua prints 15 digits of a number by itself, which would round microseconds: hence string.format.
_SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - window))
local used = redis.call('ZCARD', KEYS[1])
local passed = 0
if used < limit then
  passed = 1
  if ARGV[3] ~= '' then
    redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[3])
    redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.ceil(window / 1000) + 1))
    used = used + 1
  end
end
local wait = 0
if used >= limit then
  wait = window
  if limit > 0 then
    local first = redis.call('ZRANGE', KEYS[1], used - limit, used - limit, 'WITHSCORES')
    wait = first[2] + window - now
  end
end
return {passed, used, string.format('%.0f', wait)}
"""
_SHA = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether one more may pass. `reset_after` is the time until the next place is free, zero when one is free now."""

    allowed: bool
    limit: int
    remaining: int
    reset_after: timedelta
    is_counted: bool = True

    def require(self, message: str) -> None:
        """Raise `TooMany` with `message` unless this one may pass."""
        if not self.allowed:
            raise TooMany(message, self.reset_after)


async def take(
    name: str, subject: str, limit: int, window: timedelta, *, when_away: WhenAway = "open", client: Redis | None = None
) -> Decision:
    """Let one more of `subject` (an id, an address) through the window `name`, and count it, if fewer than `limit` did.

    Exactly `limit` of any number of callers at once pass. When Redis is away, `when_away` decides and nothing is counted.
    """
    return await _decide(name, subject, limit, window, uuid.uuid4().hex, when_away, client)


async def check(
    name: str, subject: str, limit: int, window: timedelta, *, when_away: WhenAway = "open", client: Redis | None = None
) -> Decision:
    """What `take` would say now, without counting."""
    return await _decide(name, subject, limit, window, "", when_away, client)


async def _decide(
    name: str, subject: str, limit: int, window: timedelta, entry: str, when_away: WhenAway, client: Redis | None
) -> Decision:
    arguments = (key("limit", name, subject), limit, window // timedelta(microseconds=1), entry)
    try:
        passed, used, wait = await _run(client or redis_client(), *arguments)
    except _AWAY as error:
        log.warning("limit not counted: Redis is away", limit_name=name, when_away=when_away, error=str(error))
        is_open = when_away == "open"
        return Decision(
            allowed=is_open,
            limit=limit,
            remaining=limit if is_open else 0,
            reset_after=timedelta() if is_open else _RETRY_AWAY,
            is_counted=False,
        )
    return Decision(
        allowed=bool(passed),
        limit=limit,
        remaining=max(0, limit - used),
        reset_after=timedelta(microseconds=int(wait)),
    )


async def _run(client: Redis, window_key: str, limit: int, window_us: int, entry: str) -> tuple[int, int, bytes]:
    # redis-py types one method for its synchronous and its asynchronous client.
    evalsha, evaluate = cast("_Call", client.evalsha), cast("_Call", client.eval)
    try:
        passed, used, wait = await evalsha(_SHA, 1, window_key, limit, window_us, entry)
    except NoScriptError:  # a new or restarted Redis: nothing was counted yet, and EVAL keeps the script for the next call
        passed, used, wait = await evaluate(_SCRIPT, 1, window_key, limit, window_us, entry)
    return passed, used, wait
