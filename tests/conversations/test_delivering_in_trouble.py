"""What a provider refuses, loses or leaves open, and what becomes of the messages behind it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from omni_app.channels.contract import Receipt
from omni_app.channels.failures import Refused, Revoked, Unavailable, Uncertain
from omni_app.channels.health import note_sent
from omni_app.conversations.reading import list_messages
from omni_app.infra.database import open_db
from tests.conversations.wires import (
    ADAPTER,
    PRICE,
    age,
    budget,
    change,
    due_now,
    jobs,
    make_line,
    open_line,
    say,
    words,
)
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")


async def test_a_busy_provider_is_asked_again_no_sooner_than_it_said() -> None:
    line = await make_line(Unavailable("WhatsApp", timedelta(seconds=90)))
    message_id = await say(line)
    await line.deliver()
    await line.deliver()
    part = await line.part()
    assert (part["status"], part["error"]) == ("queued", "WhatsApp is unavailable.")
    assert timedelta(seconds=80) < part["available_at"] - datetime.now(UTC) < timedelta(seconds=120)
    assert (await line.message(message_id))["problem"] == "WhatsApp is unavailable."
    again = [job for job in await jobs() if job["available_at"] > datetime.now(UTC)]
    assert [job["available_at"] for job in again] == [part["available_at"]]
    (connection,) = await rows("select failures from channel_connections")
    assert connection["failures"] == 0
    await due_now(line)
    await line.deliver()
    assert words(await line.parts()) == [("sent", "")]
    assert await budget(line) == (0, PRICE)


async def test_a_broken_provider_gets_ever_longer_pauses_until_a_day_is_over() -> None:
    line = await make_line(*[Unavailable("WhatsApp") for _ in range(4)])
    message_id = await say(line)
    pauses = []
    for _ in range(4):
        await due_now(line)
        before = datetime.now(UTC)
        await line.deliver()
        pauses.append(((await line.part())["available_at"] - before).total_seconds())
    assert [2, 4, 8, 16] < pauses < [3, 6, 11, 22]
    await age(line, timedelta(hours=25), "created_at", "available_at")
    await line.deliver()
    message = await line.message(message_id)
    assert (message["status"], message["problem"]) == (
        "failed",
        "It could not be sent within a day. WhatsApp is unavailable.",
    )
    assert line.provider.taken == []
    assert await budget(line) == (0, 0)


async def test_a_refusal_shows_the_provider_s_own_words() -> None:
    line = await make_line(Refused("Message undeliverable", code="131026", kind="recipient"))
    message_id = await say(line)
    await line.deliver()
    async with open_db(line.desk.vera) as db:
        (view,) = await list_messages(db, line.conversation_id, after=1)
    assert view.id == message_id
    assert (view.status, view.problem) == ("failed", "Message undeliverable")
    assert view.delivery is not None
    assert (view.delivery.error, view.delivery.error_code, view.delivery.error_kind) == (
        "Message undeliverable",
        "131026",
        "recipient",
    )
    assert (view.delivery.can_retry, view.delivery.is_asked) == (True, False)


async def test_a_refused_message_does_not_hold_up_the_next() -> None:
    line = await make_line(Refused("no"))
    await say(line, "one")
    await say(line, "two")
    await line.deliver()
    assert await line.statuses() == ["failed", "sent"]


async def test_an_earlier_message_that_waits_holds_up_the_next() -> None:
    line = await make_line(Unavailable("WhatsApp"))
    await say(line, "one")
    await say(line, "two")
    await line.deliver()
    assert await line.statuses() == ["queued", "queued"]
    await due_now(line)
    await line.deliver()
    assert line.provider.texts == ["one", "two"]


@pytest.mark.parametrize("error", [Uncertain("no answer"), TimeoutError(), KeyError("id")], ids=lambda one: type(one).__name__)
async def test_what_may_have_been_taken_is_unknown_and_not_sent_again(error: BaseException) -> None:
    line = await make_line(error)
    message_id = await say(line, "one")
    await say(line, "two")
    await line.deliver()
    await due_now(line)
    await line.deliver()
    assert await line.statuses() == ["unknown", "sent"]
    assert line.provider.texts == ["two"]
    assert (await line.message(message_id))["status"] == "unknown"


async def test_where_a_second_copy_does_no_harm_it_goes_again() -> None:
    line = await make_line(Uncertain("no answer"), can=replace(ADAPTER.capabilities, asks_again=True))
    await say(line)
    await line.deliver()
    assert await line.statuses() == ["queued"]
    await due_now(line)
    await line.deliver()
    assert await line.statuses() == ["sent"]


async def test_a_sender_that_died_leaves_an_unknown_message() -> None:
    """The process ends between claim and record: here the task is cancelled, which leaves the same rows."""
    reached = asyncio.Event()

    async def hang() -> None:
        reached.set()
        await asyncio.Event().wait()

    line = await make_line(hang)
    message_id = await say(line)
    sender = asyncio.create_task(line.deliver())
    await reached.wait()
    sender.cancel()
    await asyncio.gather(sender, return_exceptions=True)
    assert await line.statuses() == ["sending"]
    await line.deliver()
    assert await line.statuses() == ["sending"]
    await age(line, timedelta(minutes=3), "claimed_until")
    await line.deliver()
    assert (await line.message(message_id))["status"] == "unknown"
    assert line.provider.taken == []
    assert await budget(line) == (0, PRICE)


async def test_a_slow_sender_may_still_tell_what_became_of_it() -> None:
    go = asyncio.Event()
    reached = asyncio.Event()

    async def wait() -> Receipt:
        reached.set()
        await go.wait()
        return Receipt(provider_id="wamid.slow")

    line = await make_line(wait)
    message_id = await say(line)
    sender = asyncio.create_task(line.deliver())
    await reached.wait()
    await age(line, timedelta(minutes=3), "claimed_until")
    await line.deliver()
    assert await line.statuses() == ["unknown"]
    go.set()
    await sender
    message = await line.message(message_id)
    assert (message["status"], message["external_id"]) == ("sent", "wamid.slow")


async def test_a_revoked_account_turns_red_and_what_waits_goes_after_it_is_connected_again() -> None:
    line = await make_line(Revoked("Error validating access token", code="190"))
    message_id = await say(line)
    await line.deliver()
    await line.deliver()
    (connection,) = await rows("select health, health_detail from channel_connections")
    assert (connection["health"], connection["health_detail"]) == ("revoked", "Error validating access token")
    message = await line.message(message_id)
    assert message["status"] == "queued"
    assert "connected again" in message["problem"]
    assert line.provider.taken == []
    async with open_db(line.desk.system) as db:
        await note_sent(db, line.connection_id)
    await due_now(line)
    await line.deliver()
    assert await line.statuses() == ["sent"]


async def test_after_failures_in_a_row_nothing_is_sent_then_one_tries() -> None:
    line = await make_line(*[Unavailable("WhatsApp") for _ in range(5)])
    others = [await open_line(line.desk, line.connection_id, line.provider, f"visitor-{number}") for number in (2, 3)]
    await say(line)
    for _ in range(5):
        await due_now(line)
        await line.deliver()
    (connection,) = await rows("select paused_until from channel_connections")
    assert connection["paused_until"] > datetime.now(UTC)
    for other in others:
        await say(other)
        await other.deliver()
    assert line.provider.taken == []
    assert [await other.statuses() for other in others] == [["queued"], ["queued"]]
    await change("channel_connections", line.connection_id, paused_until=datetime.now(UTC) - timedelta(seconds=1))
    line.provider.seconds = 0.1
    for other in others:
        await due_now(other)
    await asyncio.gather(*[other.deliver() for other in others])
    assert len(line.provider.taken) == 1
    for one in (line, *others):
        await due_now(one)
        await one.deliver()
    assert len(line.provider.taken) == 3
