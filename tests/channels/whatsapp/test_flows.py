"""WhatsApp end to end: the simulated provider over real HTTP, our webhook, our jobs."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import pytest

from omni_app.channels.checking import check_connection
from omni_app.channels.contract import TemplateUse
from omni_app.channels.templates import list_templates
from omni_app.conversations.attachments import keep_upload
from omni_app.conversations.header_files import list_header_files
from omni_app.conversations.sending import send_reply
from omni_app.conversations.templates import Started, send_template, start_with_template
from omni_app.conversations.windows import load_window
from omni_app.customers.addresses import Address
from omni_app.customers.identifying import add_point
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid
from omni_app.orchestrator.turn import receive
from tests.channels.whatsapp.line import CUSTOMER, WhatsAppLine, open_whatsapp
from tests.harness.simulator import Sandbox
from tests.making import inbound, rows

REMINDER = TemplateUse(name="appointment_reminder", language="en_US", variables={"1": "Sheena", "2": "Monday"})


@pytest.fixture
async def line(database: object, sandbox: Sandbox) -> AsyncIterator[WhatsAppLine]:
    async with open_whatsapp(sandbox) as opened:
        yield opened


async def close_window(line: WhatsAppLine) -> None:
    """The customer's last message is two days old, here and there."""
    await line.number.contact(CUSTOMER, window="closed")
    await rows(
        "update messages set sent_at = sent_at - interval '2 days', created_at = created_at - interval '2 days' returning id"
    )


async def test_a_question_is_answered_and_its_answer_followed_to_the_reader(line: WhatsAppLine) -> None:
    asked = await line.says("What does a check-up cost?")
    (taken,) = await line.number.outbox()
    assert "$189" in taken["text"]
    (question,) = await line.messages("customer")
    (answer,) = await line.messages("assistant")
    assert (question["external_id"], question["text"]) == (asked, "What does a check-up cost?")
    assert answer["status"] == "sent"
    for state in ("delivered", "read", "delivered"):
        await line.number.status(taken["id"], state)
        await line.hear()
    (answer,) = await line.messages("assistant")
    assert answer["status"] == "read"
    (customer,) = await rows("select name from customers where business_id = :id", id=line.made.scope.business_id)
    assert customer["name"] == "Sheena"


async def test_after_a_day_only_a_template_reaches_the_customer(line: WhatsAppLine) -> None:
    await line.says("What does a check-up cost?")
    conversation_id = (await line.conversation())["id"]
    async with open_db(line.staff) as db:
        window = await load_window(db, conversation_id)
        assert (window.is_open, window.may_send, window.templates_only) == (True, True, False)
    await close_window(line)
    async with open_db(line.staff) as db:
        window = await load_window(db, conversation_id)
        assert (window.is_open, window.may_send, window.templates_only) == (False, False, True)
        assert window.why == "The customer's last message is more than 24 hours old. A template may be sent."
        late = await send_reply(db, conversation_id, "Are you still there?")
    await line.work()
    (refused,) = await rows("select status, problem from messages where id = :id", id=late)
    assert (refused["status"], refused["problem"]) == ("failed", window.why)
    async with open_db(line.staff) as db:
        sent = await send_template(db, conversation_id, REMINDER)
    await line.work()
    taken = (await line.number.outbox())[-1]
    assert taken["text"].startswith("Hello Sheena, this is a reminder of your appointment on Monday.")
    (message,) = await rows("select status, kind, text, details from messages where id = :id", id=sent)
    assert (message["status"], message["kind"]) == ("sent", "template")
    assert message["text"].startswith("Hello Sheena, this is a reminder")
    assert message["details"]["name"] == "appointment_reminder"


async def test_a_window_that_only_the_provider_knows_closed_is_told_in_its_words(line: WhatsAppLine) -> None:
    await line.says("What does a check-up cost?")
    await line.number.contact(CUSTOMER, window="closed")
    async with open_db(line.staff) as db:
        sent = await send_reply(db, (await line.conversation())["id"], "Are you still there?")
    await line.work()
    (delivery,) = await rows("select * from deliveries where message_id = :id", id=sent)
    assert (delivery["status"], delivery["error_code"], delivery["error_kind"]) == ("failed", "131047", "window_closed")
    await line.number.change(window="later")
    async with open_db(line.staff) as db:
        sent = await send_reply(db, (await line.conversation())["id"], "And now?")
    await line.work()
    await line.number.sandbox.settled()
    await line.hear()
    (delivery,) = await rows("select * from deliveries where message_id = :id", id=sent)
    assert (delivery["status"], delivery["error_code"], delivery["error_kind"]) == ("failed", "131047", "window_closed")


async def test_templates_are_read_with_the_connection_and_checked_before_they_leave(line: WhatsAppLine) -> None:
    await line.says("Hello")
    conversation_id = (await line.conversation())["id"]
    async with open_db(line.staff) as db:
        everything = await list_templates(db, line.connection_id)
        usable = {(one.name, one.language) for one in await list_templates(db, line.connection_id, usable_only=True)}
    assert ("appointment_reminder", "de") in usable
    assert {one.status for one in everything} == {"approved", "paused", "rejected"}
    for use, field in (
        (TemplateUse(name="appointment_reminder", language="en_US", variables={"1": "Sheena"}), "var.2"),
        (TemplateUse(name="appointment_reminder", language="en_US", variables={"1": "a\nb", "2": "x"}), "var.1"),
        (TemplateUse(name="old_offer", language="en_US", variables={"1": "x"}), "template"),
    ):
        with pytest.raises(Invalid) as problem:
            async with open_db(line.staff) as db:
                await send_template(db, conversation_id, use)
        assert [one.field for one in problem.value.fields] == [field]


async def test_staff_write_first_with_a_template_and_land_in_one_conversation(line: WhatsAppLine) -> None:
    await line.says("Hello")
    customer_id: UUID = (await line.customer())["id"]
    await rows("delete from conversations where customer_id = :id returning id", id=customer_id)
    async with open_db(line.staff) as db:
        started = await start_with_template(db, customer_id, line.connection_id, REMINDER, client_id="1")
        again = await start_with_template(db, customer_id, line.connection_id, REMINDER, client_id="1")
    assert started == again
    await line.work()
    assert len(await line.number.outbox()) == 2
    await line.says("I will come")
    assert (await line.conversation())["id"] == started.conversation_id


async def test_staff_write_first_to_a_number_and_the_answer_finds_the_same_customer(line: WhatsAppLine) -> None:
    for number in ("902 555 0100", "+1 902", "me@example.org", ""):
        with pytest.raises(Invalid) as problem:
            async with open_db(line.staff) as db:
                await start_with_template(db, None, line.connection_id, REMINDER, number=number)
        assert problem.value.fields[0].field == "address"
    wrong = TemplateUse(name="appointment_reminder", language="en_US")
    with pytest.raises(Invalid):
        async with open_db(line.staff) as db:
            await start_with_template(db, None, line.connection_id, wrong, number=f"+{CUSTOMER}")
    assert await rows("select id from customers") == []

    async def start(client_id: str) -> Started:
        async with open_db(line.staff) as db:
            return await start_with_template(
                db, None, line.connection_id, REMINDER, client_id, number=f"+{CUSTOMER[:1]} {CUSTOMER[1:]}", name="Ann  Lee"
            )

    started, again = await asyncio.gather(start("1"), start("1"))
    assert started == again
    await line.work()
    (taken,) = await line.number.outbox()
    assert (taken["address"], taken["kind"]) == (CUSTOMER, "template")
    customer = await line.customer()
    (point,) = await rows("select kind, proof, proven_by from contact_points")
    assert (customer["name"], point) == ("Ann Lee", {"kind": "phone", "proof": "claimed", "proven_by": ""})
    await line.says("I will come")
    assert (await line.customer())["id"] == customer["id"]
    assert (await line.conversation())["id"] == started.conversation_id
    assert [one["proof"] for one in await rows("select proof from contact_points where kind = 'phone'")] == ["proven"]
    # Known by now: the same number is the same customer, in the same conversation.
    assert (await start("2")).conversation_id == started.conversation_id
    await line.says("STOP")
    with pytest.raises(Conflict, match="asked not to be written to"):
        await start("3")


async def test_a_number_somebody_typed_elsewhere_is_not_joined_with_its_owner(line: WhatsAppLine) -> None:
    visitor = await receive(line.made.scope, inbound("Call me", "visitor-1"))
    visitor_id = visitor[0].customer.id
    async with open_db(line.made.scope) as db:
        address = Address(kind="phone", channel="", value=f"+{CUSTOMER}")
        await add_point(db, visitor_id, visitor[0].customer.data_key, address, "claimed")
    async with open_db(line.staff) as db:
        started = await start_with_template(db, visitor_id, line.connection_id, REMINDER)
        by_number = await start_with_template(db, None, line.connection_id, REMINDER, number=f"+{CUSTOMER}")
    assert by_number.conversation_id != started.conversation_id
    await rows("delete from conversations where id = :id returning id", id=by_number.conversation_id)
    await line.work()
    await line.says("Who is this?")
    owners = await rows("select customer_id from contact_points where proof = 'proven' and kind = 'phone'")
    assert visitor_id not in [one["customer_id"] for one in owners]


async def test_a_blocked_customer_is_not_written_to_by_their_number(line: WhatsAppLine) -> None:
    await line.says("Hello")
    await rows("update customers set blocked_at = now() returning id")
    for customer_id, number in (((await line.customer())["id"], ""), (None, f"+{CUSTOMER}")):
        with pytest.raises(Forbidden, match="blocked"):
            async with open_db(line.staff) as db:
                await start_with_template(db, customer_id, line.connection_id, REMINDER, number=number)


async def test_files_come_in_with_their_caption_and_go_out_by_upload(line: WhatsAppLine) -> None:
    await line.says("Where can I park?", type="image")
    (stored,) = await rows("select * from attachments where business_id = :id", id=line.made.scope.business_id)
    assert (stored["status"], stored["problem"]) == ("stored", "")
    (message,) = await line.messages("customer")
    assert (message["kind"], message["text"]) == ("media", "Where can I park?")
    by = f"member:{line.staff.actor.id}"
    upload = await keep_upload(line.staff, b"Row,Price\nA,1\n", "prices.txt", uploaded_by=by)
    async with open_db(line.staff) as db:
        await send_reply(db, (await line.conversation())["id"], "Our **prices**", attachments=[upload.id])
    await line.work()
    words, file = (await line.number.outbox())[-2:]
    assert (words["text"], file["kind"]) == ("Our *prices*", "document")
    assert file["detail"]["document"]["filename"] == "prices.txt"


async def test_a_template_begins_with_a_picture_by_link_or_from_the_conversation(line: WhatsAppLine) -> None:
    await line.says("This is my garden", type="image")
    conversation_id = (await line.conversation())["id"]
    async with open_db(line.staff) as db:
        (stored,) = await list_header_files(db, conversation_id, "image")
        assert await list_header_files(db, conversation_id, "video") == []
    menu = TemplateUse(name="new_menu", language="en_US", variables={"1": "Ana"})
    for media in ("https://shop.example/menu.jpg", f"file:{stored.id}"):
        async with open_db(line.staff) as db:
            sent = await send_template(db, conversation_id, replace(menu, header_media=media))
        await line.work()
        (message,) = await rows("select status, problem, details from messages where id = :id", id=sent)
        assert (message["status"], message["problem"]) == ("sent", "")
        assert message["details"]["template"]["header_kind"] == "image"
    by_link, by_file = [one["detail"]["template"]["components"][0]["parameters"][0] for one in (await line.number.outbox())[-2:]]
    assert by_link == {"type": "image", "image": {"link": "https://shop.example/menu.jpg"}}
    assert list(by_file["image"]) == ["id"]
    for media in ("", f"file:{conversation_id}"):
        with pytest.raises(Invalid) as problem:
            async with open_db(line.staff) as db:
                await send_template(db, conversation_id, replace(menu, header_media=media))
        assert problem.value.fields[0].field == "header_media"
    # A file that is gone by the time it is sent fails with its reason.
    async with open_db(line.staff) as db:
        sent = await send_template(db, conversation_id, replace(menu, header_media=f"file:{stored.id}"))
    await rows("delete from attachments where id = :id returning id", id=stored.id)
    await line.work()
    (message,) = await rows("select status, problem from messages where id = :id", id=sent)
    assert tuple(message.values()) == ("failed", "The file is not there any more.")


async def test_a_conversation_costs_only_what_the_provider_bills(line: WhatsAppLine) -> None:
    await line.says("What does a check-up cost?")
    (held,) = await line.deliveries()
    assert held["reservation_id"] is not None
    (free,) = await line.number.outbox()
    await line.number.status(free["id"], "sent")
    await line.hear()
    (booked,) = await line.deliveries()
    assert (booked["reservation_id"], booked["cost_nusd"], booked["pricing"]["is_billable"]) == (None, 0, False)
    async with open_db(line.staff) as db:
        await send_template(db, booked["conversation_id"], REMINDER)
    await line.work()
    await line.number.status((await line.number.outbox())[-1]["id"], "sent")
    await line.hear()
    paid = (await line.deliveries())[-1]
    assert paid["pricing"]["is_billable"] is True
    assert paid["cost_nusd"] > 0


async def test_a_withdrawn_token_turns_the_connection_red_and_the_message_waits(line: WhatsAppLine) -> None:
    await line.says("Hello")
    await line.number.fault("revoked", count=None)
    async with open_db(line.staff) as db:
        sent = await send_reply(db, (await line.conversation())["id"], "We call you back.")
    await line.work()
    connection = await line.connection()
    assert connection["health"] == "revoked"
    assert "access token" in connection["health_detail"]
    (delivery,) = await rows("select status from deliveries where message_id = :id", id=sent)
    assert delivery["status"] == "queued"
    result = await check_connection(line.made.scope, line.connection_id)
    assert result.is_revoked
    assert result.text.startswith("Meta says: ")


async def test_a_send_nobody_answered_for_is_settled_by_its_status_and_never_repeated(line: WhatsAppLine) -> None:
    await line.says("Hello")
    before = len(await line.number.outbox())
    await line.number.fault("timeout_after_accept")
    async with open_db(line.staff) as db:
        sent = await send_reply(db, (await line.conversation())["id"], "We call you back.")
    await line.work()
    (delivery,) = await rows("select status, provider_id from deliveries where message_id = :id", id=sent)
    assert (delivery["status"], delivery["provider_id"]) == ("unknown", "")
    taken = (await line.number.outbox())[-1]
    await line.number.status(taken["id"], "delivered")
    await line.hear()
    (delivery,) = await rows("select status, provider_id from deliveries where message_id = :id", id=sent)
    assert (delivery["status"], delivery["provider_id"]) == ("delivered", taken["id"])
    assert len(await line.number.outbox()) == before + 1


async def test_news_of_the_account_change_templates_and_the_light(line: WhatsAppLine) -> None:
    await line.number.inbound(type="template_status", template="spring_offer", event="PAUSED")
    await line.hear()
    async with open_db(line.staff) as db:
        usable = {one.name for one in await list_templates(db, line.connection_id, usable_only=True)}
    assert "spring_offer" not in usable
    await line.says("Hello")
    await line.number.inbound(type="preference", value="stop", **{"from": CUSTOMER, "name": "Sheena"})
    await line.hear()
    assert (await line.customer())["consent"]["marketing"]["given"] is False
    await line.number.inbound(type="account_update", event="ACCOUNT_DELETED")
    await line.hear()
    connection = await line.connection()
    assert (connection["health"], connection["health_detail"]) == ("revoked", "Meta says that this WhatsApp account was deleted.")


async def test_who_said_stop_gets_answers_but_nothing_else(line: WhatsAppLine) -> None:
    await line.says("STOP")
    assert [row["text"] for row in await line.messages("customer")] == ["STOP"]
    assert await line.number.outbox() == []
    said = (await line.customer())["consent"]["channel.whatsapp"]
    assert (said["given"], said["source"]) == (False, "whatsapp: wrote “STOP”")
    conversation_id = (await line.conversation())["id"]
    await line.says("Where can I park?")
    assert "free" in (await line.number.outbox())[-1]["text"]
    await close_window(line)
    with pytest.raises(Conflict):
        async with open_db(line.staff) as db:
            await send_template(db, conversation_id, REMINDER)
    await line.says("start")
    async with open_db(line.staff) as db:
        await send_template(db, conversation_id, REMINDER)


async def test_reactions_and_changed_words_stand_on_their_message(line: WhatsAppLine) -> None:
    first = await line.says("Where can I park?")
    answer = (await line.number.outbox())[-1]["id"]
    await line.says("", type="reaction", target=answer, emoji="👍")
    (message,) = await line.messages("assistant")
    assert message["details"]["reactions"] == {"customer": "👍"}
    await line.says("", type="reaction", target=answer, emoji="")
    (message,) = await line.messages("assistant")
    assert message["details"]["reactions"] == {}
    await line.says("Where can I park my truck?", type="edited", target=first)
    (question,) = await line.messages("customer")
    assert question["text"] == "Where can I park my truck?"
    assert [one["text"] for one in question["details"]["edits"]] == ["Where can I park?"]
    await line.says("", type="deleted", target=first)
    (question,) = await line.messages("customer")
    assert question["text"] == "This message was deleted."
    assert question["details"]["deleted_text"] == "Where can I park my truck?"


async def test_a_customer_without_a_number_is_answered_by_their_id(line: WhatsAppLine) -> None:
    await line.says("What does a check-up cost?", **{"from": "", "user_id": "US.13491208655302741918", "username": "sheena"})
    (taken,) = await line.number.outbox()
    assert taken["detail"]["recipient"] == "US.13491208655302741918"
    points = await rows("select kind, channel from contact_points where business_id = :id", id=line.made.scope.business_id)
    assert points == [{"kind": "external", "channel": "whatsapp"}]
