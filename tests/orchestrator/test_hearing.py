"""A provider's event becomes a message, once, and asks for its answer."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from omni_app.channels.connections import switch_connection
from omni_app.channels.contract import RawEvent, WebhookRequest
from omni_app.channels.receipts import record
from omni_app.channels.registry import load_adapter
from omni_app.customers.blocking import block_customer
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.orchestrator.hearing import NotYet, hear
from omni_app.orchestrator.turn import continue_conversation
from tests.channels.meta import connect, envelope, text_message
from tests.making import Made, count, make_business, rows

pytestmark = pytest.mark.usefixtures("database")


async def arrive(made: Made, connection_id: UUID, body: bytes) -> list[UUID]:
    """The events of one webhook as the edge stores them; their ids."""
    request = WebhookRequest(hook="meta/whatsapp", method="POST", url="", body=body, received_at=now())
    events = load_adapter("whatsapp").split(request)
    await record(made.scope.business_id, connection_id, "meta/whatsapp", events, now())
    found = await rows("select id from channel_events where status = 'new' order by id")
    return [row["id"] for row in found]


async def events() -> list[dict[str, Any]]:
    return await rows("select status, detail, customer_id, message_id from channel_events order by id")


async def test_a_message_is_stored_once_by_many_workers_and_answered() -> None:
    made = await make_business()
    connection_id, _ = await connect(made)
    (event_id,) = await arrive(made, connection_id, envelope(text_message("What does a check-up cost?", "wamid.1")))
    await asyncio.gather(*(hear(made.scope, event_id) for _ in range(5)))
    (message,) = await rows("select * from messages")
    assert (message["text"], message["external_id"], message["role"]) == ("What does a check-up cost?", "wamid.1", "customer")
    assert message["sent_at"] is not None
    (event,) = await events()
    assert (event["status"], event["message_id"]) == ("handled", message["id"])
    (conversation,) = await rows("select * from conversations")
    assert conversation["connection_id"] == connection_id
    assert conversation["contact_point_id"] is not None
    assert await rows("select 1 as x from outbox where name = 'AnswerConversation'")
    (recorded,) = await continue_conversation(made.scope, conversation["id"])
    assert recorded.seq == 2
    points = await rows("select kind, proof from contact_points order by kind")
    assert ("phone", "proven") in [(point["kind"], point["proof"]) for point in points]


async def test_messages_of_one_sender_keep_their_order_whichever_worker_is_first() -> None:
    made = await make_business(faqs=())
    connection_id, _ = await connect(made)
    batch = envelope(*(text_message(f"word {number}", f"wamid.{number}") for number in range(6)))
    ids = await arrive(made, connection_id, batch)
    await asyncio.gather(*(hear(made.scope, event_id) for event_id in reversed(ids)))
    said = await rows("select text from messages where role = 'customer' order by seq")
    assert [row["text"] for row in said] == [f"word {number}" for number in range(6)]


async def test_a_limit_silences_the_machine_and_not_the_customer() -> None:
    made = await make_business(daily_messages=1, limits={"new_daily_messages": 1})
    connection_id, _ = await connect(made)
    for number in range(2):
        (event_id,) = await arrive(made, connection_id, envelope(text_message(f"Hello {number}", f"wamid.{number}")))
        await hear(made.scope, event_id)
    assert await count("messages") == 2
    last = (await events())[-1]
    assert last["status"] == "handled"
    assert "without an answer" in last["detail"]


async def test_who_is_blocked_is_refused_and_staff_can_see_it() -> None:
    made = await make_business(faqs=())
    connection_id, _ = await connect(made)
    (event_id,) = await arrive(made, connection_id, envelope(text_message("Hello", "wamid.1")))
    await hear(made.scope, event_id)
    (customer,) = await rows("select id from customers")
    async with open_db(made.scope) as db:
        await block_customer(db, customer["id"], "spam")
    (event_id,) = await arrive(made, connection_id, envelope(text_message("Hello again", "wamid.2")))
    await hear(made.scope, event_id)
    assert await count("messages") == 1
    assert (await events())[-1]["status"] == "refused"


async def test_what_comes_while_it_is_switched_off_waits_until_it_is_on() -> None:
    made = await make_business(faqs=())
    connection_id, _ = await connect(made)
    async with open_db(made.scope) as db:
        await switch_connection(db, connection_id, False)
    (event_id,) = await arrive(made, connection_id, envelope(text_message("Hello", "wamid.1")))
    await hear(made.scope, event_id)
    assert await count("messages") == 0
    await rows("delete from outbox returning 1")
    async with open_db(made.scope) as db:
        await switch_connection(db, connection_id, True)
    assert [row["name"] for row in await rows("select name from outbox where name = 'HandleEvent'")] == ["HandleEvent"]
    await hear(made.scope, event_id)
    assert await count("messages") == 1


async def test_a_status_of_an_unknown_message_is_tried_again_and_given_up_in_the_end() -> None:
    made = await make_business(faqs=())
    connection_id, _ = await connect(made)
    status = {"id": "wamid.none", "status": "delivered", "timestamp": "1795262400", "recipient_id": "19025550123"}
    (event_id,) = await arrive(made, connection_id, envelope(statuses=[status]))
    with pytest.raises(NotYet):
        await hear(made.scope, event_id)
    assert (await events())[0]["status"] == "new"
    await rows("update channel_events set received_at = received_at - interval '1 hour' returning id")
    await hear(made.scope, event_id)
    assert (await events())[0]["status"] == "ignored"


async def test_what_cannot_be_read_is_kept_with_its_reason() -> None:
    made = await make_business(faqs=())
    connection_id, _ = await connect(made)
    body = b"\xff\xfe not json at all"
    await record(made.scope.business_id, connection_id, "meta/whatsapp", [RawEvent(key="k", body=body)], now())
    (row,) = await rows("select id from channel_events")
    await hear(made.scope, row["id"])
    (event,) = await events()
    assert event["status"] in {"failed", "ignored"}
    assert event["detail"]
