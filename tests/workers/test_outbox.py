"""The outbox: exactly-once effects from at-least-once messages."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from omni_app.conversations.jobs import AnswerConversation
from omni_app.events import ConversationHandedOver, emit
from omni_app.infra.database import open_db
from omni_app.infra.ids import new_id
from omni_app.infra.jobs import Job, enqueue, hand_over_with
from omni_app.orchestrator.turn import receive
from tests.making import count, inbound, make_business, rows
from workers import answers, mail  # noqa: F401
from workers.outbox import backoff, renew_claims, run_row
from workers.registry import handlers, handles, subscribers
from workers.sweeps import ask_for_missing_answers, send_standing_jobs

pytestmark = pytest.mark.usefixtures("database")

done: list[UUID] = []


class CountUp(Job):
    """A job of these tests."""

    number: UUID


class FailAlways(Job):
    """A job of these tests that cannot succeed."""

    max_attempts = 2


@handles(CountUp)
async def count_up(_: UUID | None, job: CountUp) -> None:
    done.append(job.number)


@handles(FailAlways)
async def fail_always(_: UUID | None, __: FailAlways) -> None:
    raise RuntimeError("no luck, ann@example.com")


class TakeLong(Job):
    """A job of these tests that outlasts its claim."""


@handles(TakeLong)
async def take_long(_: UUID | None, __: TakeLong) -> None:
    await rows("update outbox set claimed_until = now() + interval '1 second' returning id")
    assert await renew_claims() == 1
    (row,) = await rows("select claimed_until > now() + interval '20 seconds' as is_held from outbox")
    assert row["is_held"]


async def test_a_long_job_keeps_its_claim_while_its_worker_lives() -> None:
    made = await make_business(faqs=())
    async with open_db(made.scope) as db:
        outbox_id = await enqueue(db, TakeLong())
    assert await run_row(outbox_id)
    assert await rows("select error from outbox") == []
    assert await renew_claims() == 0


async def test_a_job_runs_once_however_often_its_message_comes() -> None:
    made, number = await make_business(faqs=()), new_id()
    async with open_db(made.scope) as db:
        outbox_id = await enqueue(db, CountUp(number=number))
    ran = await asyncio.gather(*(run_row(outbox_id) for _ in range(5)))
    assert sum(ran) == 1
    assert done.count(number) == 1
    assert await rows("select 1 from outbox") == []


async def test_a_rolled_back_change_leaves_no_job_and_sends_nothing() -> None:
    made = await make_business(faqs=())
    sent: list[UUID] = []
    hand_over_with(lambda outbox_id, _: sent.append(outbox_id))

    async def fail() -> None:
        async with open_db(made.scope) as db:
            await enqueue(db, CountUp(number=new_id()))
            raise RuntimeError("the change failed")

    with pytest.raises(RuntimeError):
        await fail()
    hand_over_with(None)
    assert sent == []
    assert await rows("select 1 from outbox") == []


async def test_a_failing_job_waits_longer_each_time_and_is_kept_when_dead() -> None:
    made = await make_business(faqs=())
    async with open_db(made.scope) as db:
        outbox_id = await enqueue(db, FailAlways())
    assert await run_row(outbox_id)
    (row,) = await rows("select attempts, dead_at, error, available_at > now() as waits from outbox")
    assert (row["attempts"], row["dead_at"], row["waits"]) == (1, None, True)
    assert not await run_row(outbox_id)
    await rows("update outbox set available_at = now() - interval '1 second' returning id")
    assert await run_row(outbox_id)
    (row,) = await rows("select dead_at, error from outbox")
    assert row["dead_at"] is not None
    assert "no luck" in row["error"]
    assert timedelta(seconds=2) <= backoff(1) < backoff(4) <= timedelta(hours=1.3)


async def test_a_dead_workers_claim_ends_and_the_sweep_sends_the_row_again() -> None:
    made, number = await make_business(faqs=()), new_id()
    async with open_db(made.scope) as db:
        outbox_id = await enqueue(db, CountUp(number=number))
    await rows(
        """update outbox set attempts = 1, created_at = now() - interval '1 hour', claimed_until = now() - interval '1 second'
           returning id"""
    )
    sent: list[UUID] = []
    hand_over_with(lambda row_id, _: sent.append(row_id))
    await send_standing_jobs()
    await send_standing_jobs()
    hand_over_with(None)
    assert sent == [outbox_id]
    assert await run_row(outbox_id)
    assert done.count(number) == 1


async def test_a_question_whose_process_died_gets_one_job_and_one_answer() -> None:
    made = await make_business()
    received, _ = await receive(made.scope, inbound("price of a checkup"))
    await rows(
        """update conversations set lease_until = now() - interval '1 second', last_customer_at = now() - interval '1 minute'
           returning id"""
    )
    await ask_for_missing_answers()
    await ask_for_missing_answers()
    (row,) = await rows("select id, name, payload from outbox where kind = 'job'")
    assert row["payload"] == {"conversation_id": str(received.conversation_id)}
    assert await run_row(row["id"])
    assert [row["text"] for row in await rows("select text from messages where role = 'assistant'")] == ["A check-up is $189."]


async def test_a_question_whose_job_died_is_tried_again_after_an_hour() -> None:
    made = await make_business()
    await receive(made.scope, inbound("price of a checkup"))
    await rows(
        """update conversations set lease_until = now() - interval '1 second', last_customer_at = now() - interval '1 minute'
           returning id"""
    )
    await ask_for_missing_answers()
    await rows("update outbox set dead_at = now() returning id")
    await ask_for_missing_answers()
    assert len(await rows("select 1 from outbox")) == 1
    await rows("update outbox set dead_at = now() - interval '2 hours' returning id")
    await ask_for_missing_answers()
    assert len(await rows("select 1 from outbox where dead_at is null")) == 1


async def test_a_question_whose_worker_died_over_it_waits_for_the_lease_and_not_for_the_claim() -> None:
    made = await make_business()
    await receive(made.scope, inbound("price of a checkup"))
    await rows(
        """update conversations set lease_until = now() - interval '1 second', last_customer_at = now() - interval '1 minute'
           returning id"""
    )
    await ask_for_missing_answers()
    await rows("update outbox set attempts = 1, claimed_until = now() + interval '29 seconds' returning id")
    await ask_for_missing_answers()
    assert await count("outbox") == 1, "a worker has just taken it"
    await rows("update outbox set claimed_until = now() + interval '5 seconds' returning id")
    await ask_for_missing_answers()
    await ask_for_missing_answers()
    assert await count("outbox") == 2
    (row,) = await rows("select id from outbox where claimed_until is null")
    assert await run_row(row["id"])
    assert [row["text"] for row in await rows("select text from messages where role = 'assistant'")] == ["A check-up is $189."]
    await ask_for_missing_answers()
    assert await count("outbox") == 1


async def test_an_event_reaches_each_subscriber_in_a_row_of_its_own() -> None:
    made = await make_business(faqs=())
    async with open_db(made.scope) as db:
        outbox_id = await emit(db, ConversationHandedOver(conversation_id=new_id()))
    assert await run_row(outbox_id)
    names = [row["name"] for row in await rows("select name from outbox")]
    assert names == [f"conversation.handed_over/{name}" for name in subscribers["conversation.handed_over"]]


async def test_a_job_that_names_another_tenants_conversation_does_nothing() -> None:
    mine, theirs = await make_business(faqs=()), await make_business("Other")
    received, _ = await receive(theirs.scope, inbound("price of a checkup"))
    await rows("update conversations set lease_until = now() - interval '1 second' returning id")
    async with open_db(mine.scope) as db:
        outbox_id = await enqueue(db, AnswerConversation(conversation_id=received.conversation_id))
    assert await run_row(outbox_id)
    assert await rows("select 1 from messages where role = 'assistant'") == []


def test_every_job_has_exactly_one_handler() -> None:
    assert {AnswerConversation.__name__, "SendMail"} <= set(handlers)
    with pytest.raises(ValueError, match="handler already"):
        handles(AnswerConversation)(answers.answer_conversation)
