"""Which conversation a mail goes into: by its ids or the tag of its address, and only for those who take part in it."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from omni_app.channels.contract import MailHead
from omni_app.conversations.forgetting import erase_customer
from omni_app.conversations.mail_envelopes import open_envelope
from omni_app.conversations.mail_threads import may_answer_mail
from omni_app.infra.database import open_db
from tests.conversations.mail_desk import MailDesk, events_of, open_mail_desk
from tests.harness.simulator import Sandbox
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def desk(sandbox: Sandbox) -> MailDesk:
    return await open_mail_desk(sandbox)


async def customer_of(conversation_id: UUID) -> dict[str, Any]:
    (row,) = await rows(
        "select cu.* from customers cu join conversations c on c.customer_id = cu.id where c.id = :id", id=conversation_id
    )
    return row


async def test_mail_goes_there_and_back_in_one_thread(desk: MailDesk) -> None:
    first = await desk.receive(who="Ann Müller <ann@example.org>")
    assert (first["thread_subject"], (await customer_of(first["conversation_id"]))["name"]) == ("Check-up", "Ann Müller")
    sent = await desk.reply(first["conversation_id"])
    headers = sent["detail"]["headers"]
    assert sent["detail"]["subject"] == "Re: Check-up"
    assert headers["in-reply-to"] == f"<{first['external_id']}>" == headers["references"]
    assert sent["detail"]["text"].startswith("It is $189.\n\n")
    assert "Ann Müller wrote:\n> What does it cost?" in sent["detail"]["text"]
    assert sent["detail"]["from"] == f"Maya Chen (Harbour Dental) <{desk.address}>"
    assert "auto-submitted" not in headers

    second = await desk.receive("Thank you.", reply_to=sent["id"])
    assert second["conversation_id"] == first["conversation_id"]
    again = await desk.reply(first["conversation_id"], "You are welcome.")
    chain = again["detail"]["headers"]["references"].split()
    assert chain == [f"<{first['external_id']}>", headers["message-id"], f"<{second['external_id']}>"]
    assert again["detail"]["subject"] == "Re: Check-up"


async def test_new_mail_is_a_new_conversation_whatever_its_subject_says(desk: MailDesk) -> None:
    first = await desk.receive()
    sent = await desk.reply(first["conversation_id"])
    other = await desk.receive("Another matter", subject=sent["detail"]["subject"])
    assert other["conversation_id"] != first["conversation_id"]
    assert await customer_of(other["conversation_id"]) == await customer_of(first["conversation_id"])


async def test_without_references_the_signed_address_finds_the_thread(desk: MailDesk) -> None:
    first = await desk.receive()
    tagged = (await desk.reply(first["conversation_id"]))["detail"]["reply_to"].rpartition("<")[2].strip(">")
    assert tagged.partition("@")[0].count("+") == 1
    answer = await desk.receive("Here is my answer.", to=tagged)
    assert answer["conversation_id"] == first["conversation_id"]
    forged = tagged.replace("+", "+aaaa")
    assert (await desk.receive("And another.", to=forged))["conversation_id"] != first["conversation_id"]


async def test_a_stranger_who_got_the_mail_forwarded_begins_a_thread_of_their_own(desk: MailDesk) -> None:
    first = await desk.receive()
    sent = await desk.reply(first["conversation_id"])
    stranger = await desk.receive("Is this offer real?", "Mallory <mallory@evil.example>", reply_to=sent["id"])
    assert stranger["conversation_id"] != first["conversation_id"]
    assert stranger["details"]["linked_id"] == str(first["conversation_id"])
    assert (await customer_of(stranger["conversation_id"]))["name"] == "Mallory"


async def test_a_colleague_in_copy_answers_in_the_thread_as_themselves(desk: MailDesk) -> None:
    first = await desk.receive(cc="Tom Berg <tom@example.org>")
    sent = await desk.reply(first["conversation_id"])
    assert sent["detail"]["cc"] == "tom@example.org"
    answer = await desk.receive("I can come too.", "Tom Berg <tom@example.org>", reply_to=sent["id"])
    assert answer["conversation_id"] == first["conversation_id"]
    assert answer["customer_id"] == first["customer_id"]
    assert answer["details"] == {"guest": "Tom Berg"}
    forged = await desk.receive("Me again.", "Tom Berg <tom@example.org>", reply_to=sent["id"], spf="fail", dkim="none")
    assert forged["details"] == {"guest": "Tom Berg", "is_unproven": True}
    assert (await customer_of(first["conversation_id"]))["name"] == "Ann"
    assert len(await rows("select id from customers")) == 1


async def test_a_sender_nobody_vouches_for_is_not_taken_for_the_customer(desk: MailDesk) -> None:
    first = await desk.receive()
    forged = {"spf": "fail", "dkim": "none"}
    assert (await desk.receive("I am Ann, really.", **forged))["customer_id"] != first["customer_id"]
    # Who answers the very mail we sent to this address got it there; staff see that nothing else proves it.
    sent = await desk.reply(first["conversation_id"])
    answer = await desk.receive("Thanks.", reply_to=sent["id"], **forged)
    assert answer["conversation_id"] == first["conversation_id"]
    assert answer["details"]["is_unproven"] is True
    # An id that was only seen, of a mail the customer wrote themselves, is not enough.
    seen = await desk.receive("Change my address!", in_reply_to=f"<{first['external_id']}>", **forged)
    assert seen["conversation_id"] != first["conversation_id"]


async def test_mail_of_the_thread_that_went_past_us_is_known_too(desk: MailDesk) -> None:
    first = await desk.receive(references="<outside-1@partner.example> <outside-2@partner.example>")
    later = await desk.receive("One more thing", in_reply_to="<outside-2@partner.example>")
    assert later["conversation_id"] == first["conversation_id"]


async def test_another_business_has_no_part_in_it(desk: MailDesk, sandbox: Sandbox) -> None:
    first = await desk.receive()
    sent = await desk.reply(first["conversation_id"])
    other = await open_mail_desk(sandbox, "Other Dental")
    stranger = await other.receive("Hello", in_reply_to=sent["detail"]["headers"]["message-id"])
    assert "linked_id" not in stranger["details"]
    assert stranger["conversation_id"] != first["conversation_id"]


async def test_the_same_mail_twice_is_one_message(desk: MailDesk) -> None:
    first = await desk.receive(message_id="<twin@example.org>")
    # Under another event key: the provider names another recipient of ours.
    await desk.receive(message_id="<twin@example.org>", envelope_to=[desk.address, "sales@elsewhere.example"])
    assert len(await rows("select id from messages where role = 'customer'")) == 1
    assert (await events_of(desk))[-1] == ("ignored", "This message was stored before.")
    assert first["seq"] == 1


async def test_automatic_mail_is_stored_and_answered_by_nobody(desk: MailDesk) -> None:
    away = await desk.receive("I am away.", headers={"Auto-Submitted": "auto-replied"})
    assert away["text"] == "I am away."
    assert not await rows("select id from outbox where name = 'AnswerConversation'")
    await desk.receive("A person writes.")
    assert len(await rows("select id from outbox where name = 'AnswerConversation'")) == 1


async def test_a_thread_gets_so_many_automatic_answers_an_hour(desk: MailDesk) -> None:
    first = await desk.receive()
    conversation_id, customer_id = first["conversation_id"], first["customer_id"]
    await rows(
        """insert into messages (id, business_id, conversation_id, customer_id, seq, role, text, status, sources, attachments,
             offers_person, cost_nusd, details, created_at)
           select gen_random_uuid(), :business, :id, :customer, 100 + n, 'assistant', 'x', 'sent', '[]', '[]', false, 0, '{}',
             now() - n * interval '1 minute' from generate_series(1, 5) n returning id""",
        business=desk.system.business_id,
        id=conversation_id,
        customer=customer_id,
    )
    head = await head_of(first)
    async with open_db(desk.system) as db:
        assert await may_answer_mail(db, conversation_id, head, customer_id=customer_id, most=6)
        assert not await may_answer_mail(db, conversation_id, head, customer_id=customer_id, most=5)
        # A machine that begins a new thread each time meets the customer's limit.
        assert await may_answer_mail(db, None, fresh(head), customer_id=customer_id, most=2)
        assert not await may_answer_mail(db, None, fresh(head), customer_id=customer_id, most=1)
        # The same mail at another address of ours is answered where it was stored.
        assert not await may_answer_mail(db, None, head, most=6)


async def test_an_erased_customer_leaves_no_mail_behind(desk: MailDesk) -> None:
    first = await desk.receive(references="<outside@partner.example>")
    await desk.reply(first["conversation_id"])
    assert len(await rows("select id from mail_references")) == 3
    async with open_db(desk.system) as db:
        await erase_customer(db, first["customer_id"])
    for table in ("mail_references", "messages", "deliveries"):
        assert await rows(f"select id from {table}") == []
    assert await rows("select id from channel_events where body <> '' or storage_key <> ''") == []


async def head_of(message: dict[str, Any]) -> MailHead:
    return open_envelope((await customer_of(message["conversation_id"]))["data_key"], message["envelope"])


def fresh(head: MailHead) -> MailHead:
    return replace(head, message_id="another@example.org")
