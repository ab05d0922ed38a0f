"""What stands still is found: lost jobs, dead senders, channels that came back, messages nobody told of."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from omni_app.channels.failures import Uncertain
from omni_app.conversations.sending import send_reply
from omni_app.infra.database import open_db
from omni_app.infra.jobs import hand_over_with
from tests.conversations.wires import Line, age, change, make_line, open_line
from tests.making import rows
from workers.outbound import ask_for_lost_deliveries, ask_staff_about_unknown
from workers.outbox import run_row

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def handed() -> Iterator[list[UUID]]:
    """What was handed to the queue: nobody takes it."""
    found: list[UUID] = []
    hand_over_with(lambda outbox_id, _: found.append(outbox_id))
    yield found
    hand_over_with(None)


async def say(line: Line, text: str = "Hello.") -> UUID:
    async with open_db(line.desk.maya) as db:
        return await send_reply(db, line.conversation_id, text, str(uuid4()))


async def lose_jobs() -> None:
    await rows("delete from outbox returning id")


async def jobs() -> list[dict[str, Any]]:
    return await rows("select * from outbox where name = 'DeliverConversation' order by created_at")


async def test_a_message_whose_job_is_lost_gets_one_other() -> None:
    line = await make_line()
    await say(line, "one")
    await say(line, "two")
    await ask_for_lost_deliveries()
    assert len(await jobs()) == 2
    await lose_jobs()
    await ask_for_lost_deliveries()
    assert await jobs() == []
    await age(line, timedelta(seconds=10), "available_at")
    for _ in range(2):
        await ask_for_lost_deliveries()
    (job,) = await jobs()
    assert job["payload"] == {"conversation_id": str(line.conversation_id)}
    assert job["business_id"] == line.desk.system.business_id


async def test_a_job_is_run_by_the_worker() -> None:
    line = await make_line()
    await say(line)
    await rows("update channel_connections set is_on = false returning id")
    (job,) = await jobs()
    assert await run_row(job["id"])
    assert await line.statuses() == ["failed"]
    assert await jobs() == []


async def test_a_dead_sender_s_message_is_looked_after() -> None:
    line = await make_line()
    await say(line)
    await lose_jobs()
    await rows("update deliveries set status = 'sending', claimed_until = now() + interval '30 seconds' returning id")
    await ask_for_lost_deliveries()
    assert await jobs() == []
    await age(line, timedelta(minutes=1), "claimed_until")
    await ask_for_lost_deliveries()
    (job,) = await jobs()
    assert await run_row(job["id"])
    assert await line.statuses() == ["unknown"]


@pytest.mark.parametrize(
    "closed", [{"health": "revoked"}, {"paused_until": datetime.now(UTC) + timedelta(hours=1)}], ids=["revoked", "paused"]
)
async def test_a_closed_channel_is_left_alone_until_it_opens(closed: dict[str, Any]) -> None:
    line = await make_line()
    await say(line)
    await lose_jobs()
    await age(line, timedelta(minutes=1), "available_at")
    await change("channel_connections", line.connection_id, **closed)
    await ask_for_lost_deliveries()
    assert await jobs() == []
    await change("channel_connections", line.connection_id, health="ok", paused_until=None)
    await ask_for_lost_deliveries()
    assert len(await jobs()) == 1


async def test_after_a_day_a_waiting_message_is_given_back_to_staff() -> None:
    line = await make_line()
    message_id = await say(line)
    await lose_jobs()
    await change("channel_connections", line.connection_id, health="revoked")
    await age(line, timedelta(hours=25), "created_at", "available_at")
    await ask_for_lost_deliveries()
    (job,) = await jobs()
    assert await run_row(job["id"])
    assert (await line.message(message_id))["status"] == "failed"


async def test_what_waits_behind_another_needs_no_job() -> None:
    line = await make_line()
    await say(line, "one")
    await say(line, "two")
    await lose_jobs()
    await rows("update deliveries set available_at = now() + interval '1 hour' where seq = 2 returning id")
    await rows("update deliveries set available_at = now() - interval '1 hour' where seq = 3 returning id")
    await ask_for_lost_deliveries()
    assert await jobs() == []


async def test_staff_of_each_business_are_asked_about_theirs() -> None:
    line = await make_line(Uncertain("no answer"), Uncertain("no answer"))
    other = await open_line(line.desk, line.connection_id, line.provider, "visitor-2")
    for one in (line, other):
        await say(one)
        await one.deliver()
    await age(line, timedelta(minutes=11), "available_at")
    await ask_staff_about_unknown()
    asked = await rows("select conversation_id from deliveries where asked_at is not null")
    assert [row["conversation_id"] for row in asked] == [line.conversation_id]
