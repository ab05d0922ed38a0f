"""An answer of the assistant that did not get through waits for a person until somebody or something else got through."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from omni_app.channels.contract import DeliveryUpdate, ProviderError, Receipt
from omni_app.channels.failures import Refused
from omni_app.conversations.answering import Answer, record_answer
from omni_app.conversations.delivery import apply_update, retry_delivery
from omni_app.conversations.handling import close_conversation, snooze, take_over, wake
from omni_app.conversations.reading import count_folders, list_conversations
from omni_app.conversations.sending import send_reply
from omni_app.conversations.undelivered import NOT_DELIVERED
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from tests.conversations.wires import Act, Line, make_line
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")
NO = Refused("Message failed to send because more than 24 hours have passed.", kind="window_closed")


async def answer(line: Line, text: str = "We open at nine.") -> UUID:
    """The assistant answers, and it is tried to be sent."""
    (turn,) = await rows(
        """update conversations set lease_holder = gen_random_uuid(), lease_until = now() + interval '1 minute', fence = fence + 1
           where id = :id returning lease_holder, fence, last_customer_seq as seq""",
        id=line.conversation_id,
    )
    said = Answer(text=text, source="faq")
    async with open_db(line.desk.system) as db:
        recorded = await record_answer(db, line.conversation_id, turn["lease_holder"], turn["fence"], turn["seq"], "", said)
    assert recorded is not None
    await line.deliver()
    return said.message_id


async def waiting(line: Line) -> list[str | None]:
    """Why the conversations of the folder "Waiting" wait; its number says the same."""
    async with open_db(line.desk.maya) as db:
        views = await list_conversations(db, "waiting")
        assert (await count_folders(db))["waiting"] == len(views)
    return [view.handover_reason for view in views]


async def refused(*acts: Act) -> tuple[Line, UUID]:
    line = await make_line(NO, *acts)
    return line, await answer(line)


async def test_a_failed_answer_waits_for_a_person_and_leaves_when_staff_answer() -> None:
    line, _ = await refused()
    assert await waiting(line) == [NOT_DELIVERED]
    (conversation,) = await rows("select speaker, waiting_since from conversations")
    assert (conversation["speaker"], conversation["waiting_since"] is not None) == ("ai", True)
    async with open_db(line.desk.maya) as db:
        await send_reply(db, line.conversation_id, "I call you.", str(uuid4()))
    assert await waiting(line) == []


async def test_it_stays_while_sending_again_fails_and_leaves_when_it_succeeds() -> None:
    line, message_id = await refused(NO)
    for left in ([NOT_DELIVERED], []):
        async with open_db(line.desk.maya) as db:
            await retry_delivery(db, message_id)
        assert await waiting(line) == [NOT_DELIVERED]
        await line.deliver()
        assert await waiting(line) == left
    (conversation,) = await rows("select status, waiting_since, handover_reason from conversations")
    assert tuple(conversation.values()) == ("open", None, None)


async def test_it_leaves_when_somebody_closes_or_takes_the_conversation() -> None:
    line, _ = await refused()
    async with open_db(line.desk.maya) as db:
        await take_over(db, line.conversation_id)
    assert await waiting(line) == []
    other, _ = await refused()
    async with open_db(other.desk.maya) as db:
        await close_conversation(db, other.conversation_id)
    assert await waiting(other) == []


async def test_put_aside_it_comes_back_unless_something_got_through_meanwhile() -> None:
    for later, left in ((False, [NOT_DELIVERED]), (True, [])):
        line, _ = await refused()
        async with open_db(line.desk.maya) as db:
            await snooze(db, line.conversation_id, now() + timedelta(hours=1))
        assert await waiting(line) == []
        if later:
            await answer(line, "And we close at five.")
        async with open_db(line.desk.maya) as db:
            await wake(db, line.conversation_id)
        assert await waiting(line) == left


async def test_a_later_answer_that_arrives_makes_up_for_it() -> None:
    line, _ = await refused()
    await answer(line, "And we close at five.")
    assert await waiting(line) == []


async def test_a_refusal_told_later_counts_unless_something_newer_got_through() -> None:
    line = await make_line(Receipt(provider_id="wamid.1"), Receipt(provider_id="wamid.2"))
    await answer(line)
    await answer(line, "And we close at five.")
    told = ProviderError(text="No.", code="131026", kind="recipient")
    for provider_id, left in (("wamid.1", []), ("wamid.2", [NOT_DELIVERED])):
        async with open_db(line.desk.system) as db:
            await apply_update(db, line.connection_id, DeliveryUpdate(provider_id=provider_id, status="failed", error=told))
        assert await waiting(line) == left


async def test_what_staff_sent_themselves_stands_in_its_thread_only() -> None:
    line = await make_line(NO)
    async with open_db(line.desk.maya) as db:
        await send_reply(db, line.conversation_id, "Hello.", str(uuid4()))
    await line.deliver()
    assert await waiting(line) == []


async def test_one_that_may_not_even_be_tried_waits_too() -> None:
    line = await make_line()
    await rows("update channel_connections set is_on = false returning id")
    await answer(line)
    assert (await waiting(line), line.provider.taken) == ([NOT_DELIVERED], [])
