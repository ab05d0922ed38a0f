"""Messages of ours reach the provider once, in order, with honest states."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from omni_app.budgets import set_limit
from omni_app.conversations.answering import Answer, record_answer, say_while_waiting
from omni_app.conversations.attachments import keep_upload
from omni_app.conversations.delivering import deliver_conversation
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden
from omni_app.infra.scope import Permission
from tests.conversations.desk import without
from tests.conversations.wires import (
    ADAPTER,
    PRICE,
    budget,
    change,
    due_now,
    jobs,
    ledger,
    make_line,
    say,
)
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")
GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + bytes(6) + b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"


async def test_a_reply_of_staff_goes_out_once() -> None:
    line = await make_line()
    message_id = await say(line)
    assert (await line.message(message_id))["status"] == "queued"
    assert len(await jobs()) == 1
    await line.deliver()
    await line.deliver()
    (sent,) = line.provider.taken
    assert (sent.text, sent.to[0].value, sent.is_from_person) == ("Hello from Maya.", "visitor-1", True)
    part, message = await line.part(), await line.message(message_id)
    assert sent.delivery_id == part["id"]
    assert (part["status"], part["provider_id"], part["attempts"]) == ("sent", "wamid.1", 1)
    assert (message["status"], message["external_id"], message["problem"]) == ("sent", "wamid.1", "")
    (connection,) = await rows("select health from channel_connections")
    assert connection["health"] == "ok"


async def test_the_assistant_s_answer_and_its_word_while_waiting_go_out_system_lines_do_not() -> None:
    line = await make_line()
    turn = await rows("select lease_holder, fence from conversations where id = :id", id=line.conversation_id)
    answer = Answer(text="I ask the team.", source="none", handover_reason="asked for a person", handover_line="Asked.")
    async with open_db(line.desk.system) as db:
        await record_answer(db, line.conversation_id, turn[0]["lease_holder"], turn[0]["fence"], 1, "", answer)
    async with open_db(line.desk.system) as db:
        await say_while_waiting(db, line.conversation_id, "Noted.")
    await line.deliver()
    assert line.provider.texts == ["I ask the team.", "Noted."]
    assert [message.is_from_person for message in line.provider.taken] == [False, False]


async def test_the_widget_has_no_deliveries() -> None:
    line = await make_line()
    await change("conversations", line.conversation_id, connection_id=None)
    message_id = await say(line)
    assert (await line.message(message_id))["status"] == "sent"
    assert await line.parts() == []
    assert await jobs() == []


async def test_workers_at_once_keep_the_order_and_send_nothing_twice() -> None:
    line = await make_line(seconds=0.02)
    texts = [f"number {number}" for number in range(8)]
    for text in texts:
        await say(line, text)
    while set(await line.statuses()) != {"sent"}:
        await asyncio.gather(*[line.deliver() for _ in range(5)])
    assert line.provider.texts == texts
    assert line.provider.most_at_once == 1


async def test_a_long_text_goes_in_parts_and_is_one_message() -> None:
    line = await make_line()
    text = "\n\n".join(f"{number} " + "word " * 300 for number in range(5)).strip()
    message_id = await say(line, text)
    assert len(await line.parts()) == 3
    await line.deliver()
    assert "".join("".join(line.provider.texts).split()) == "".join(text.split())
    assert (await line.message(message_id))["status"] == "sent"
    assert [row["provider_id"] for row in await line.parts()] == ["wamid.1", "wamid.2", "wamid.3"]


async def test_each_file_is_a_message_of_its_own_after_the_text() -> None:
    line = await make_line()
    uploads = [
        await keep_upload(
            line.desk.maya, f"note {number}".encode(), f"{number}.txt", uploaded_by=f"member:{line.desk.maya.actor.id}"
        )
        for number in range(2)
    ]
    await say(line, "See here.", tuple(upload.id for upload in uploads))
    await line.deliver()
    sent = [(message.text, [(file.name, file.data) for file in message.files]) for message in line.provider.taken]
    assert sent == [("See here.", []), ("", [("0.txt", b"note 0")]), ("", [("1.txt", b"note 1")])]


async def test_a_file_the_channel_does_not_take_says_so() -> None:
    line = await make_line()
    upload = await keep_upload(line.desk.maya, GIF, "a.gif", uploaded_by=f"member:{line.desk.maya.actor.id}")
    message_id = await say(line, "", (upload.id,))
    message = await line.message(message_id)
    assert (message["status"], message["problem"]) == ("failed", "This channel takes no files of the type image/gif.")


@pytest.mark.parametrize(
    ("table", "columns", "problem", "kind"),
    [
        ("channel_connections", {"is_on": False}, "This channel is switched off.", "off"),
        (
            "contact_points",
            {"undeliverable_at": datetime.now(UTC) + timedelta(days=1), "undeliverable_reason": "Mailbox full"},
            "This address takes no messages: Mailbox full.",
            "recipient",
        ),
        (
            "messages",
            {"sent_at": datetime.now(UTC) - timedelta(hours=30)},
            "The customer's last message is more than 24 hours old. A template may be sent.",
            "window_closed",
        ),
        ("conversations", {"contact_point_id": None}, "The customer has no address on this channel any more.", "recipient"),
    ],
)
async def test_what_cannot_go_out_says_so_at_once(table: str, columns: dict[str, Any], problem: str, kind: str) -> None:
    line = await make_line()
    assignments = ", ".join(f"{name} = :{name}" for name in columns)
    await rows(f"update {table} set {assignments} returning id", **columns)
    message_id = await say(line)
    message, part = await line.message(message_id), await line.part()
    assert (message["status"], message["problem"]) == ("failed", problem)
    assert part["error_kind"] == kind
    assert await jobs() == []


async def test_a_window_that_closes_on_the_way_is_noticed() -> None:
    line = await make_line()
    message_id = await say(line)
    await rows("update messages set sent_at = now() - interval '30 hours' where role = 'customer' returning id")
    await line.deliver()
    assert (await line.message(message_id))["status"] == "failed"
    assert line.provider.taken == []


async def test_a_removed_channel_fails_what_waits() -> None:
    line = await make_line()
    message_id = await say(line)
    await rows("delete from channel_connections where id = :id returning id", id=line.connection_id)
    await line.deliver()
    assert (await line.message(message_id))["problem"] == "The channel this was to go out by was removed."


async def test_a_spent_budget_pauses_paid_sending_and_it_goes_on_when_there_is_money() -> None:
    line = await make_line()
    owner = line.desk.system
    async with open_db(owner) as db:
        await set_limit(db, PRICE - 1)
    message_id = await say(line)
    await line.deliver()
    message = await line.message(message_id)
    assert message["status"] == "queued"
    assert message["problem"].startswith("Paid sending is paused. The monthly budget is spent.")
    assert line.provider.taken == []
    async with open_db(owner) as db:
        await set_limit(db, PRICE * 10)
    await due_now(line)
    await line.deliver()
    message = await line.message(message_id)
    assert (message["status"], message["problem"]) == ("sent", "")


async def test_one_unit_pays_for_a_window_and_stays_held_until_the_provider_names_the_price() -> None:
    line = await make_line()
    for text in ("one", "two", "three"):
        await say(line, text)
    await line.deliver()
    assert await budget(line) == (0, PRICE)
    assert await ledger(line) == []


async def test_a_channel_paid_by_the_message_books_each_once() -> None:
    can = replace(ADAPTER.capabilities, bills_window=False)
    line = await make_line(can=can)
    message_id = await say(line)
    await say(line, "two")
    await line.deliver()
    await line.deliver()
    assert await ledger(line) == [(PRICE, ""), (PRICE, "")]
    assert await budget(line) == (2 * PRICE, 0)
    (entry,) = await rows("select * from ledger_entries where message_id = :id", id=message_id)
    assert (entry["provider"], entry["model"], entry["channel"]) == ("whatsapp", "whatsapp", "whatsapp")
    assert entry["customer_id"] == line.customer_id
    assert (await line.parts())[0]["cost_nusd"] == PRICE


async def test_a_connection_sends_no_faster_than_it_may() -> None:
    can = replace(ADAPTER.capabilities, sends_a_second=2)
    line = await make_line(can=can)
    for number in range(3):
        await say(line, f"{number}")
    began = asyncio.get_running_loop().time()
    await line.deliver()
    assert line.provider.texts == ["0", "1", "2"]
    assert asyncio.get_running_loop().time() - began > 0.8


async def test_an_erased_message_is_not_sent_and_breaks_nothing() -> None:
    line = await make_line()
    await say(line)
    await rows("delete from customers where id = :id returning id", id=line.customer_id)
    await line.deliver()
    assert line.provider.taken == []


async def test_who_may_not_reply_sends_nothing() -> None:
    line = await make_line()
    await say(line)
    with pytest.raises(Forbidden):
        await deliver_conversation(without(line.desk.system, Permission.REPLY), line.conversation_id)
