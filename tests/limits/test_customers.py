from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from omni_app.infra.errors import TooMany
from omni_app.infra.ids import new_id
from omni_app.infra.redis import key, redis_client
from omni_app.limits import LimitRules
from omni_app.limits.customers import (
    Taken,
    in_seconds,
    in_words,
    load_month_use,
    take_call,
    take_call_seconds,
    take_message,
)
from omni_app.limits.window import Exceeded

RULES = LimitRules(daily_messages=3, new_daily_messages=3)
GONE = "unix:///nowhere/redis.sock"


async def take(business_id: UUID, customer_id: UUID, rules: LimitRules = RULES, **values: Any) -> Taken:
    given: dict[str, Any] = {"trust": 30, "is_verified": False, "address": None, **values}
    return await take_message(business_id, customer_id, rules, **given)


async def test_customer_may_send_the_daily_number_and_no_more(database: object) -> None:
    business_id, customer_id = new_id(), new_id()
    for _ in range(3):
        await take(business_id, customer_id)
    with pytest.raises(TooMany, match=r"You sent 3 messages within 24 hours.*again in 24 hours") as caught:
        await take(business_id, customer_id)
    assert timedelta(hours=23) < caught.value.retry_after <= timedelta(hours=24)
    assert isinstance(caught.value, Exceeded)
    assert (caught.value.decision.name, caught.value.decision.limit) == ("messages", 3)
    await take(business_id, new_id())
    await take(new_id(), customer_id)


async def test_raised_number_counts_at_once(database: object) -> None:
    business_id, customer_id = new_id(), new_id()
    one = LimitRules(daily_messages=1)
    await take(business_id, customer_id, one)
    with pytest.raises(TooMany, match="You sent 1 message within"):
        await take(business_id, customer_id, one)
    await take(business_id, customer_id, RULES)


async def test_zero_takes_no_messages(database: object) -> None:
    with pytest.raises(TooMany, match="takes no messages"):
        await take(new_id(), new_id(), LimitRules(daily_messages=0))


@pytest.mark.parametrize(
    ("trust", "is_verified", "most"), [(30, False, 1), (49, False, 1), (50, False, 3), (100, False, 3), (0, True, 3)]
)
async def test_new_customers_write_less_than_trusted_and_verified_ones(
    database: object, trust: int, is_verified: bool, most: int
) -> None:
    business_id, customer_id, rules = new_id(), new_id(), LimitRules(daily_messages=3, new_daily_messages=1)
    for _ in range(most):
        await take(business_id, customer_id, rules, trust=trust, is_verified=is_verified)
    with pytest.raises(TooMany):
        await take(business_id, customer_id, rules, trust=trust, is_verified=is_verified)


async def test_two_messages_need_the_pause_between_them(database: object) -> None:
    business_id, customer_id, rules = new_id(), new_id(), LimitRules(cooldown_seconds=30)
    await take(business_id, customer_id, rules)
    with pytest.raises(TooMany, match=r"write again in (30|29) seconds") as caught:
        await take(business_id, customer_id, rules)
    assert caught.value.retry_after <= timedelta(seconds=30)
    await take(business_id, new_id(), rules)


async def test_visitors_of_one_network_share_its_hour_and_verified_customers_stand_for_themselves(database: object) -> None:
    business_id, rules = new_id(), LimitRules(visitor_messages_per_hour=3, unknown_address_messages_per_hour=1)
    for host in range(3):
        await take(business_id, new_id(), rules, address=f"2606:4700::{host:x}")
    with pytest.raises(TooMany, match="from your network within the hour"):
        await take(business_id, new_id(), rules, address="2606:4700::ffff")
    await take(business_id, new_id(), rules, address="2606:4700::ffff", is_verified=True)
    await take(business_id, new_id(), rules, address="2606:4700:0:1::1")
    await take(business_id, new_id(), rules, address=None)
    await take(new_id(), new_id(), rules, address="2606:4700::ffff")


async def test_visitors_of_unknown_addresses_share_one_stricter_place(database: object) -> None:
    business_id, rules = new_id(), LimitRules(visitor_messages_per_hour=60, unknown_address_messages_per_hour=2)
    await take(business_id, new_id(), rules, address="")
    await take(business_id, new_id(), rules, address="203.0.113.999")
    with pytest.raises(TooMany):
        await take(business_id, new_id(), rules, address="' or 1=1")


async def test_a_proxy_or_an_office_is_nobody(database: object) -> None:
    business_id, rules = new_id(), LimitRules(visitor_messages_per_hour=1, unknown_address_messages_per_hour=1)
    for address in ("127.0.0.1", "127.0.0.1", "10.0.0.7", "::1", "::ffff:192.168.1.4", "fd00::1"):
        await take(business_id, new_id(), rules, address=address)


async def test_what_one_limit_refuses_counts_in_no_other(database: object) -> None:
    business_id, customer_id = new_id(), new_id()
    rules = LimitRules(daily_messages=5, new_daily_messages=5, visitor_messages_per_hour=1)
    await take(business_id, customer_id, rules, address="8.8.8.8")
    for _ in range(9):
        with pytest.raises(TooMany, match="network"):
            await take(business_id, customer_id, rules, address="8.8.8.8")
    assert (await load_month_use(business_id, rules)).used == 1
    for _ in range(4):
        await take(business_id, customer_id, rules, address="8.8.4.4" if _ == 0 else None)
    with pytest.raises(TooMany, match="You sent 5"):
        await take(business_id, customer_id, rules)


async def test_a_full_month_is_told_and_refuses_nobody(database: object) -> None:
    business_id, rules = new_id(), replace(LimitRules(), monthly_messages=2)
    taken = [await take(business_id, new_id(), rules, timezone="America/Halifax") for _ in range(3)]
    assert [one.is_over_quota for one in taken] == [False, False, True]
    use = await load_month_use(business_id, rules, timezone="America/Halifax")
    assert (use.used, use.most, use.is_over, use.is_known) == (3, 2, True, True)
    more = await load_month_use(business_id, replace(rules, monthly_messages=9), timezone="America/Halifax")
    assert (more.used, more.is_over) == (3, False)


async def test_a_time_zone_nobody_knows_counts_in_utc(database: object) -> None:
    business_id = new_id()
    await take(business_id, new_id(), timezone="Mars/Olympus")
    assert (await load_month_use(business_id, RULES)).used == 1


async def test_customers_are_not_silenced_while_redis_is_away() -> None:
    gone, rules = Redis.from_url(GONE), LimitRules(daily_messages=0, cooldown_seconds=60, monthly_messages=0)
    assert not (await take(new_id(), new_id(), rules, client=gone, address="8.8.8.8")).is_over_quota
    assert await take_call(new_id(), new_id(), rules, client=gone)
    assert (await take_call_seconds(new_id(), new_id(), rules, 60, client=gone)).allowed
    use = await load_month_use(new_id(), rules, client=gone)
    assert (use.is_known, use.used) == (False, 0)


async def test_customer_may_call_three_times_a_day(database: object) -> None:
    business_id, customer_id = new_id(), new_id()
    for _ in range(3):
        await take_call(business_id, customer_id, RULES)
    with pytest.raises(TooMany, match=r"call again in 24 hours, or write"):
        await take_call(business_id, customer_id, RULES)
    await take_call(business_id, new_id(), RULES)


async def test_call_ends_when_the_minutes_of_the_day_are_used_up(database: object) -> None:
    business_id, customer_id, rules = new_id(), new_id(), LimitRules(daily_call_minutes=2)
    assert await take_call(business_id, customer_id, rules) == timedelta(seconds=119)
    assert (await take_call_seconds(business_id, customer_id, rules, 100)).remaining == 19
    refused = await take_call_seconds(business_id, customer_id, rules, 20)
    assert (refused.allowed, refused.remaining) == (False, 19)
    assert (await take_call_seconds(business_id, customer_id, rules, 19)).allowed
    with pytest.raises(TooMany):
        await take_call(business_id, customer_id, rules)


async def test_windows_of_a_business_lie_in_one_slot_of_a_cluster_and_end_by_themselves(database: object) -> None:
    business_id = new_id()
    await take(business_id, new_id(), LimitRules(cooldown_seconds=9), address="8.8.8.8")
    names = [name.decode() async for name in redis_client().scan_iter(key("limit", "*"))]
    assert len(names) == 4
    assert all(f":{{{business_id}}}:" in name for name in names)
    assert all([await redis_client().pttl(name) > 0 for name in names])


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (timedelta(seconds=1), "1 minute"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=1, microseconds=1), "2 minutes"),
        (timedelta(minutes=59, seconds=1), "1 hour"),
        (timedelta(hours=2, seconds=1), "3 hours"),
        (timedelta(hours=24), "24 hours"),
    ],
)
def test_wait_is_rounded_up_in_words(wait: timedelta, words: str) -> None:
    assert in_words(wait) == words


def test_short_waits_are_told_in_seconds() -> None:
    assert [in_seconds(timedelta(milliseconds=ms)) for ms in (1, 1_000, 1_001, 59_001, 60_001)] == [
        "1 second",
        "1 second",
        "2 seconds",
        "60 seconds",
        "2 minutes",
    ]
