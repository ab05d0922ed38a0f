"""At most so many of a thing within so much time, decided and counted in one step by Redis (`script` says how).

One script call decides by the clock of Redis, so any number of processes share a window and none of their clocks matters.
Up to `LOG_MOST` a window is exact: exactly so many of any number of callers at once pass, and none below that is refused.
Above, a counter never lets more pass and frees a place at most 1 % of the window late. What was refused is not counted.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Literal, cast

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, OutOfMemoryError, ReadOnlyError
from redis.exceptions import TimeoutError as RedisTimeoutError

from omni_app.infra.errors import TooMany
from omni_app.infra.log import get_logger
from omni_app.infra.metrics import REFUSALS
from omni_app.infra.redis import key, redis_client
from omni_app.limits.script import COUNT, DECIDE, DECIDE_SHA, GATE, LOG, LOOK, MONTH, SUM

log = get_logger(__name__)

WhenAway = Literal["open", "closed"]
Kind = Literal["log", "sum", "month"]

# The log keeps one entry for each that passed: about 50 bytes, so 50 kB for a full window.
LOG_MOST = 1_000

# How long to wait when Redis is away and nobody knows better.
_RETRY_AWAY = timedelta(seconds=5)

# Errors that mean "Redis cannot count now"; everything else is a fault of ours and must be seen. A Redis that is still loading
# raises a kind of ConnectionError.
_AWAY = (RedisConnectionError, RedisTimeoutError, ReadOnlyError, OutOfMemoryError, OSError)
_MICROSECOND = timedelta(microseconds=1)
_KINDS = {"log": LOG, "sum": SUM, "month": MONTH}


class Exceeded(TooMany):
    """A limit is reached; `decision` holds the figures for the headers of the answer."""

    def __init__(self, message: str, decision: "Decision") -> None:
        super().__init__(message, decision.reset_after)
        self.decision = decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One limit for one subject (an id, an address): at most `most` within `window`.

    `kind` None lets `most` choose between log and sum. `amount` is how much one call takes (seconds of a call); more than 1 needs
    "sum". For "month", `window` is the offset of the time zone from UTC. Gates decided together share one `slot`, the part of the
    key a Redis cluster places it by: the business.
    """

    name: str
    subject: str
    most: int
    window: timedelta
    kind: Kind | None = None
    amount: int = 1
    slot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether one more may pass the limit `name`. `reset_after` is the time until the next place is free, zero when one is free
    now. `used` counts this one if it passed. `is_counted` is false when Redis was away, and the figures are guesses then."""

    allowed: bool
    limit: int
    remaining: int
    reset_after: timedelta
    is_counted: bool = True
    name: str = ""
    window: timedelta = timedelta()
    used: int = 0

    def require(self, message: str) -> None:
        """Raise `TooMany` with `message` unless this one may pass."""
        if not self.allowed:
            raise Exceeded(message, self)


async def take(
    name: str, subject: str, limit: int, window: timedelta, *, when_away: WhenAway = "open", client: Redis | None = None
) -> Decision:
    """Let one more of `subject` (an id, an address) through the window `name`, and count it, if fewer than `limit` did.

    When Redis is away, `when_away` decides and nothing is counted.
    """
    gate = Gate(name=name, subject=subject, most=limit, window=window)
    return (await take_all((gate,), when_away=when_away, client=client))[0]


async def check(
    name: str, subject: str, limit: int, window: timedelta, *, when_away: WhenAway = "open", client: Redis | None = None
) -> Decision:
    """What `take` would say now, without counting."""
    gate = Gate(name=name, subject=subject, most=limit, window=window)
    return (await check_all((gate,), when_away=when_away, client=client))[0]


async def take_all(gates: Sequence[Gate], *, when_away: WhenAway = "open", client: Redis | None = None) -> tuple[Decision, ...]:
    """Pass all of `gates` (1 to 8, of one slot) or none: one that is full keeps the others from counting. One script call.

    Each decision says whether its own gate had room; all of them have `allowed` when this one passed. A "month" gate is never in
    the way, its `allowed` only tells whether the month still had room.
    """
    return await _decide(gates, COUNT, when_away, client)


async def check_all(gates: Sequence[Gate], *, when_away: WhenAway = "open", client: Redis | None = None) -> tuple[Decision, ...]:
    """What `take_all` would say now, without counting."""
    return await _decide(gates, LOOK, when_away, client)


async def _decide(gates: Sequence[Gate], counts: bytes, when_away: WhenAway, client: Redis | None) -> tuple[Decision, ...]:
    packed = b"".join((counts, *(_pack(_kind(gate), gate.most, gate.window, gate.amount) for gate in gates)))
    try:
        line = await _run(client or redis_client(), [_key(gate) for gate in gates], packed)
    except _AWAY as error:
        log.warning("limit not counted: Redis is away", limit_name=gates[0].name, when_away=when_away, error=str(error))
        return tuple(_unknown(gate, when_away) for gate in gates)
    numbers = [int(number) for number in line.split()]
    decisions = tuple(_decision(gate, *numbers[3 * place : 3 * place + 3]) for place, gate in enumerate(gates))
    if counts is COUNT:
        for decision in decisions:
            if not decision.allowed:
                REFUSALS.labels(decision.name).inc()
    return decisions


def _kind(gate: Gate) -> Kind:
    return gate.kind or ("log" if gate.most <= LOG_MOST and gate.amount == 1 else "sum")


@lru_cache(maxsize=1_000)
def _pack(kind: Kind, most: int, window: timedelta, amount: int) -> bytes:
    return GATE.pack(_KINDS[kind], most, window // _MICROSECOND, amount)


def _key(gate: Gate) -> str:
    # A log and a sum of one name are of different types: a limit raised past 1,000 starts a new window.
    kind = _kind(gate)
    name = gate.name if not gate.slot else f"{{{gate.slot}}}:{gate.name}"
    return key("limit", name, gate.subject if kind == "log" else f"{gate.subject}:{kind}")


def _decision(gate: Gate, passed: int, used: int, wait: int) -> Decision:
    return Decision(
        allowed=bool(passed),
        limit=gate.most,
        remaining=max(0, gate.most - used),
        reset_after=timedelta(microseconds=wait),
        name=gate.name,
        window=gate.window,
        used=used,
    )


def _unknown(gate: Gate, when_away: WhenAway) -> Decision:
    is_open = when_away == "open"
    return Decision(
        allowed=is_open,
        limit=gate.most,
        remaining=gate.most if is_open else 0,
        reset_after=timedelta() if is_open else _RETRY_AWAY,
        is_counted=False,
        name=gate.name,
        window=gate.window,
    )


async def _run(client: Redis, keys: list[str], packed: bytes) -> bytes | str:
    # redis-py types its methods for its synchronous and its asynchronous client at once.
    execute = cast("Callable[..., Awaitable[bytes | str]]", client.execute_command)
    try:
        return await execute("EVALSHA", DECIDE_SHA, len(keys), *keys, packed)
    except NoScriptError:  # a new or restarted Redis: nothing was counted yet, and EVAL keeps the script for the next call
        return await execute("EVAL", DECIDE, len(keys), *keys, packed)
