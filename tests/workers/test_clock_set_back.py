"""A clock that was set back an hour: rows written before it did so carry times of the future, and nothing waits for them."""

from typing import ClassVar
from uuid import UUID

import pytest
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from omni_app.infra import crypto
from omni_app.infra.crypto import verify
from omni_app.infra.database import open_db
from omni_app.infra.ids import new_id
from omni_app.infra.jobs import Job, enqueue, hand_over_with
from omni_app.orchestrator.turn import process, receive
from tests.making import inbound, make_business, rows
from workers import answers  # noqa: F401
from workers.outbox import run_row
from workers.registry import handles
from workers.sweeps import ask_for_missing_answers, send_standing_jobs

pytestmark = pytest.mark.usefixtures("database")

done: list[UUID] = []


class StrikeTheHour(Job):
    """A job of these tests."""

    queue: ClassVar[str] = "default"
    number: UUID


@handles(StrikeTheHour)
async def strike(_: UUID | None, job: StrikeTheHour) -> None:
    done.append(job.number)


async def test_a_job_written_before_the_jump_runs_now() -> None:
    made, number = await make_business(faqs=()), new_id()
    async with open_db(made.scope) as db:
        outbox_id = await enqueue(db, StrikeTheHour(number=number))
    await rows(
        """update outbox set created_at = now() + interval '1 hour', available_at = now() + interval '1 hour',
           claimed_until = now() + interval '1 hour', swept_at = now() + interval '1 hour' returning id"""
    )
    sent: list[UUID] = []
    hand_over_with(lambda row_id, _: sent.append(row_id))
    await send_standing_jobs()
    hand_over_with(None)
    assert sent == [outbox_id]
    assert await run_row(outbox_id)
    assert done == [number]


async def test_a_job_for_later_still_waits() -> None:
    made, number = await make_business(faqs=()), new_id()
    async with open_db(made.scope) as db:
        outbox_id = await enqueue(db, StrikeTheHour(number=number))
    await rows("update outbox set available_at = now() + interval '1 hour' returning id")
    assert not await run_row(outbox_id)


async def test_an_open_question_of_before_is_answered() -> None:
    made = await make_business()
    await receive(made.scope, inbound("price of a checkup"))
    await rows(
        """update conversations set lease_until = now() + interval '1 hour', last_customer_at = now() + interval '1 hour'
           returning id"""
    )
    await ask_for_missing_answers()
    (row,) = await rows("select id from outbox where kind = 'job'")
    assert await run_row(row["id"])
    assert [row["text"] for row in await rows("select text from messages where role = 'assistant'")] == ["A check-up is $189."]


async def test_the_next_message_is_answered_at_once() -> None:
    made = await make_business()
    await receive(made.scope, inbound("price of a checkup"))
    await rows("update conversations set lease_until = now() + interval '1 hour' returning id")
    outcome = await process(made.scope, inbound("is there parking"))
    assert outcome.reply_id is not None


def test_a_session_signed_before_the_jump_is_kept() -> None:
    serializer = URLSafeTimedSerializer(crypto._derived("token"), salt="widget")
    in_an_hour = serializer.make_signer("widget").get_timestamp() + 3600

    class Ahead(TimestampSigner):
        def get_timestamp(self) -> int:
            return in_an_hour

    serializer.signer = Ahead
    assert verify("widget", serializer.dumps({"visitor": "v"}), 60) == {"visitor": "v"}
