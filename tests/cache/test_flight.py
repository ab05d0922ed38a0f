"""Those who ask the same at once: one makes the answer, in this process and among processes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from omni_app.cache import flight as flights
from omni_app.cache import shared
from omni_app.cache.flight import Failed, Flight, Lead, board
from omni_app.cache.stored import StoredAnswer
from omni_app.infra.background import finish_tasks
from omni_app.infra.redis import redis_client
from tests.cache.entries import answer
from tests.harness.waiting import until

pytestmark = pytest.mark.usefixtures("database")

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
async def landed() -> AsyncIterator[None]:
    yield
    await finish_tasks(30)
    assert not flights._underway


def new_flight(**values: Any) -> Flight:
    return Flight(**{"business_id": uuid4(), "question_hash": "q", "cache_version": 3, "persona_version": 1, **values})


async def lead(flight: Flight, seconds: float = 60.0) -> Lead:
    came = await board(flight, seconds)
    assert isinstance(came, Lead)
    return came


async def is_locked(flight: Flight) -> bool:
    return bool(await redis_client().exists(flight.lock))


async def test_all_who_wait_get_the_answer_of_the_one_who_leads() -> None:
    flight = new_flight()
    leader = await lead(flight)
    waiting = [asyncio.create_task(board(flight, 60.0, may_lead=number % 2 == 0)) for number in range(6)]
    await asyncio.sleep(0)
    leader.land(answer("Yes."), HOUR)
    assert {came.text for came in await asyncio.gather(*waiting) if isinstance(came, StoredAnswer)} == {"Yes."}
    await finish_tasks(30)
    assert not await is_locked(flight)
    found = await shared.find(flight.business_id, "q")
    assert found is not None
    assert found.fits(3, 1)


async def test_one_who_may_not_lead_goes_alone_when_nobody_does() -> None:
    flight = new_flight()
    assert await board(flight, 60.0, may_lead=False) is None
    assert not await is_locked(flight)


async def test_a_leader_without_an_answer_lets_the_others_go_and_a_failed_one_says_why() -> None:
    for end, expected in ((lambda led: led.land(None), None), (lambda led: led.fail("down"), Failed("down"))):
        flight = new_flight()
        leader = await lead(flight)
        waiting = asyncio.create_task(board(flight, 60.0))
        await asyncio.sleep(0)
        end(leader)
        assert await waiting == expected
        await finish_tasks(30)
        assert not await is_locked(flight)


async def test_another_process_waits_for_the_answer_in_redis() -> None:
    flight = new_flight()
    leader = await lead(flight)
    here = dict(flights._underway)
    flights._underway.clear()  # The others are in another process.
    waiting = [asyncio.create_task(board(flight, 60.0)) for _ in range(3)]
    await until(lambda: flight in flights._underway)
    there = dict(flights._underway)
    flights._underway.clear()
    flights._underway.update(here)
    leader.land(answer("Yes."), HOUR)
    flights._underway.update(there)
    came = await asyncio.gather(*waiting)
    assert [one.text for one in came if isinstance(one, StoredAnswer)] == ["Yes."] * 3


async def test_when_the_leading_process_dies_another_one_leads_after_its_time() -> None:
    # A busy machine may take longer to look than a short time lasts.
    for milliseconds in (200, 2_000, 20_000):
        flight = new_flight()
        await redis_client().set(flight.lock, "of the dead", px=milliseconds)
        leader = await lead(flight, seconds=300.0)
        assert leader.holds_lock
        assert await redis_client().pttl(flight.lock) > 200_000
        leader.land(None)
        if leader.has_waited:
            return
    raise AssertionError("nobody waited for the key of the dead")


async def test_a_key_that_went_to_somebody_else_is_left_alone() -> None:
    flight = new_flight()
    leader = await lead(flight)
    await redis_client().set(flight.lock, "somebody else")
    leader.land(None)
    await finish_tasks(30)
    assert await redis_client().get(flight.lock) == b"somebody else"


async def test_an_answer_that_lies_there_already_is_taken_at_once_unless_it_is_of_another_version() -> None:
    flight = new_flight()
    await shared.keep(flight.business_id, "q", 3, answer("Yes."), HOUR)
    came = await board(flight, 60.0)
    assert isinstance(came, StoredAnswer)
    newer = new_flight(business_id=flight.business_id, cache_version=4)
    (await lead(newer)).land(None)
    await finish_tasks(30)
    assert not await is_locked(flight)


async def test_who_waits_too_long_goes_on_alone() -> None:
    flight = new_flight()
    leader = await lead(flight)
    assert await board(flight, 0.01) is None
    leader.land(None)


async def test_a_leader_who_is_cancelled_while_waiting_leaves_nobody_behind() -> None:
    flight = new_flight()
    await redis_client().set(flight.lock, "another process", px=60_000)
    leading = asyncio.create_task(board(flight, 60.0))
    await until(lambda: flight in flights._underway)
    waiting = asyncio.create_task(board(flight, 60.0))
    await asyncio.sleep(0)
    leading.cancel()
    assert await waiting is None
    with pytest.raises(asyncio.CancelledError):
        await leading
