"""The script against simple models, by a clock the tests set: its own words, with TIME taken from the arguments."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis import Redis

from omni_app.infra.ids import new_id
from omni_app.infra.redis import key, sync_redis
from omni_app.limits.script import COUNT, DECIDE, GATE, LOG, LOOK, MONTH, SLICES, SUM

SCRIPT = DECIDE.replace("call('TIME')", "{ARGV[#ARGV - 1], ARGV[#ARGV]}")
# Keys end by the real clock: windows last minutes, however fast the tests let them pass.
TICK = 1_000_000
START = 1_763_712_000_000_000
KINDS = {"log": LOG, "sum": SUM, "month": MONTH}
FEW = settings(max_examples=60, deadline=None)


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    client = sync_redis()
    yield client
    client.close()


def decide(redis: Redis, at: int, *gates: tuple[str, str, int, int, int], counts: bool = True) -> list[int]:
    """Ask at `at` (µs): gates of name, kind, most, window in µs, amount."""
    packed = COUNT if counts else LOOK
    for _, kind, most, window, amount in gates:
        packed += GATE.pack(KINDS[kind], most, window, amount)
    names = [key("limit", gate[0]) for gate in gates]
    line = redis.eval(SCRIPT, len(names), *names, packed, at // 1_000_000, at % 1_000_000)
    assert isinstance(line, bytes)
    return [int(number) for number in line.split()]


@FEW
@given(most=st.integers(1, 6), steps=st.lists(st.integers(0, 400), max_size=60))
def test_log_lets_pass_exactly_while_fewer_are_in_the_window(redis: Redis, most: int, steps: list[int]) -> None:
    name, window, at = f"log-{new_id()}", 1_000 * TICK, START
    passed: list[int] = []
    for step in steps:
        at += step * TICK
        inside = [moment for moment in passed if moment > at - window]
        allowed, used, wait = decide(redis, at, (name, "log", most, window, 1))
        assert allowed == (len(inside) < most)
        if allowed:
            passed.append(at)
            inside.append(at)
        assert used == len(inside)
        assert wait == (inside[-most] + window - at if len(inside) == most else 0)
        assert (redis.pttl(key("limit", name)) > 0) == bool(redis.exists(key("limit", name)))


@FEW
@given(
    most=st.integers(1, 30),
    window=st.integers(60 * TICK, 30_000 * TICK),
    steps=st.lists(st.tuples(st.integers(0, 6_000), st.integers(1, 5)), max_size=60),
)
def test_sum_never_lets_too_many_pass_and_frees_places_one_slice_late_at_most(
    redis: Redis, most: int, window: int, steps: list[tuple[int, int]]
) -> None:
    name, at, piece = f"sum-{new_id()}", START, -(-window // SLICES)
    passed: list[tuple[int, int]] = []

    def used_since(moment: int) -> int:
        return sum(amount for when, amount in passed if when > moment)

    for step, amount in steps:
        at += step * TICK
        allowed, used, wait = decide(redis, at, (name, "sum", most, window, amount))
        if allowed:
            assert used_since(at - window) + amount <= most
            passed.append((at, amount))
        else:
            assert used_since(at - SLICES * piece - piece) + amount > most
            if amount <= most:
                assert decide(redis, at + wait, (name, "sum", most, window, amount), counts=False)[0] == 1
        assert used_since(at - window) <= used <= most
        if not allowed and amount <= most:
            at += wait


@FEW
@given(
    at=st.integers(0, 8 * 365 * 86_400).map(lambda seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
    minutes=st.integers(-12 * 60, 14 * 60),
)
def test_month_is_the_calendar_month_of_the_time_zone(redis: Redis, at: datetime, minutes: int) -> None:
    name, offset = f"month-{new_id()}", timedelta(minutes=minutes)
    local = at + offset
    first = datetime(local.year, local.month, 1, tzinfo=UTC) - offset
    following = (local.replace(day=1) + timedelta(days=32)).replace(day=1)
    last = datetime(following.year, following.month, 1, tzinfo=UTC) - offset - timedelta(microseconds=1)

    def ask(moment: datetime) -> list[int]:
        shift = offset // timedelta(microseconds=1)
        return decide(
            redis, (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1), (name, "month", 2, shift, 1)
        )

    assert [ask(moment)[:2] for moment in (first, at, last)] == [[1, 1], [1, 2], [0, 3]]
    assert ask(last + timedelta(microseconds=1))[:2] == [1, 1]
    assert ask(first - timedelta(microseconds=1))[:2] == [1, 1]
    assert 0 < redis.pttl(key("limit", name)) <= 32 * 86_400_000
    assert redis.hlen(key("limit", name)) <= 3


def test_all_gates_pass_or_none_counts(redis: Redis) -> None:
    one, other = f"one-{new_id()}", f"other-{new_id()}"
    both = ((one, "log", 5, 60 * TICK, 1), (other, "sum", 2, 60 * TICK, 1))
    assert decide(redis, START, *both)[:2] == [1, 1]
    assert decide(redis, START, *both)[3:5] == [1, 2]
    allowed = decide(redis, START, *both)
    assert (allowed[0], allowed[1], allowed[2], allowed[3], allowed[4]) == (1, 2, 0, 0, 2)
    assert decide(redis, START, both[0], counts=False)[1] == 2


def test_entries_of_one_microsecond_are_all_counted(redis: Redis) -> None:
    name = f"log-{new_id()}"
    assert [decide(redis, START, (name, "log", 3, 60 * TICK, 1))[0] for _ in range(5)] == [1, 1, 1, 0, 0]


@pytest.mark.parametrize("kind", ["log", "sum"])
def test_clock_of_redis_that_jumps_back_lets_nobody_pass_twice_and_makes_nobody_wait_longer(redis: Redis, kind: str) -> None:
    name, window = f"{kind}-{new_id()}", 60 * TICK
    for _ in range(3):
        assert decide(redis, START, (name, kind, 3, window, 1))[0] == 1
    allowed, _, wait = decide(redis, START - 600 * TICK, (name, kind, 3, window, 1))
    assert allowed == 0
    assert wait <= window + window // SLICES
    assert decide(redis, START + window + window // SLICES, (name, kind, 3, window, 1))[0] == 1


@pytest.mark.parametrize("kind", ["log", "sum", "month"])
def test_no_key_stays_for_ever(redis: Redis, kind: str) -> None:
    name, window = f"{kind}-{new_id()}", 60 * TICK
    for step in range(0, 300 * TICK, 7 * TICK):
        decide(redis, START + step, (name, kind, 5, window, 1))
        assert redis.pttl(key("limit", name)) > 0
    size = redis.zcard(key("limit", name)) if kind == "log" else redis.hlen(key("limit", name))
    assert size <= (5 if kind == "log" else SLICES + 3)
