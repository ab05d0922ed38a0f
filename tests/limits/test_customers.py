from datetime import timedelta

import pytest
from redis.asyncio import Redis

from omni_app.infra.errors import TooMany
from omni_app.infra.ids import new_id
from omni_app.limits import take_message
from omni_app.limits.customers import in_words


async def test_customer_may_send_the_daily_number_and_no_more(database: object) -> None:
    business_id, customer_id = new_id(), new_id()
    for _ in range(3):
        await take_message(business_id, customer_id, 3)
    with pytest.raises(TooMany, match=r"You sent 3 messages within 24 hours.*again in 24 hours") as caught:
        await take_message(business_id, customer_id, 3)
    assert timedelta(hours=23) < caught.value.retry_after <= timedelta(hours=24)
    await take_message(business_id, new_id(), 3)
    await take_message(new_id(), customer_id, 3)


async def test_raised_number_counts_at_once(database: object) -> None:
    business_id, customer_id = new_id(), new_id()
    await take_message(business_id, customer_id, 1)
    with pytest.raises(TooMany, match="You sent 1 message within"):
        await take_message(business_id, customer_id, 1)
    await take_message(business_id, customer_id, 2)


async def test_zero_takes_no_messages(database: object) -> None:
    with pytest.raises(TooMany, match="takes no messages"):
        await take_message(new_id(), new_id(), 0)


async def test_customers_are_not_silenced_while_redis_is_away() -> None:
    await take_message(new_id(), new_id(), 1, client=Redis.from_url("unix:///nowhere/redis.sock"))


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
