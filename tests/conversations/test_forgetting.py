"""Erasing a customer: afterwards no table knows them, costs stay, and files leave the disk."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from omni_app.cache import process as process_cache
from omni_app.conversations.answering import Answer, find_reply, record_answer
from omni_app.conversations.forgetting import describe_erasure, erase_customer, export_customer
from omni_app.conversations.memory import Unembedded, embed_messages, embed_texts, list_unembedded, remember
from omni_app.events import ConversationHandedOver, emit
from omni_app.infra.database import open_db, system_db
from omni_app.infra.errors import Forbidden, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission
from omni_app.infra.storage import read_file
from omni_app.llm import embedding
from omni_app.notices.mail import queue_mail
from omni_app.orchestrator.turn import process
from tests.conversations.desk import make_desk, make_member, without
from tests.conversations.lives import (
    SECRET,
    Superuser,
    add_point,
    carry_a_mail,
    find_everywhere,
    live_a_life,
    run_all,
)
from tests.making import inbound, make_business, open_client, question, rows

pytestmark = pytest.mark.usefixtures("database")


async def test_afterwards_no_table_knows_the_customer(superuser: Superuser) -> None:
    desk = await make_desk()
    admin = await make_member(desk.system, "Ada Admin", "admin")
    bob = await desk.ask("Where can I park?", "bob")
    await embed_messages(desk.system)
    ann, storage_key = await live_a_life(desk)
    async with system_db("test mail") as db:
        (member,) = await rows("select email from members where name = 'Maya Chen'")
        link = f"https://omni.example/inbox?conversation={ann.conversation_id}"
        await queue_mail(db, member["email"], f"Ann {SECRET} waits", f"Open: {link}")
        await queue_mail(db, f"ann@{SECRET}.example", "Your code", "123456", desk.system.business_id)
        await queue_mail(db, member["email"], "Something else", "About nobody.")
    async with open_db(desk.system) as db:
        await emit(db, ConversationHandedOver(conversation_id=ann.conversation_id))
    async with open_db(admin) as db:
        expected = await describe_erasure(db, ann.customer_id)
    assert expected.name == f"Ann {SECRET}"
    assert (expected.contact_points, expected.conversations, expected.messages) == (2, 1, 2)
    assert (expected.memories, expected.attachments, expected.notes) == (3, 1, 2)
    async with open_db(admin) as db:
        assert await erase_customer(db, ann.customer_id) == expected
    await run_all()
    await run_all(later=True)
    assert find_everywhere(superuser, SECRET) == {}
    # Who did what and when stays: the id of a row that is gone leads to nobody.
    assert set(find_everywhere(superuser, str(ann.customer_id), str(ann.conversation_id))) == {"audit_entries"}
    with pytest.raises(NotFound):
        await read_file(storage_key)
    (trail,) = await rows("select actor_name, level, after from audit_entries where action = 'customer.erased'")
    assert (trail["actor_name"], trail["level"]) == ("Ada Admin", "WARNING")
    assert trail["after"] == {
        "contact_points": 2,
        "conversations": 1,
        "messages": 2,
        "memories": 3,
        "attachments": 1,
        "notes": 2,
        "asked_by": "staff",
    }
    (booked,) = await rows("select customer_id, conversation_id, cost_nusd from ledger_entries where provider = 'openai'")
    assert booked == {"customer_id": None, "conversation_id": None, "cost_nusd": 700}
    assert [row["id"] for row in await rows("select id from customers")] == [bob.customer_id]
    assert len(await rows("select 1 from memories")) == 1
    assert len(await rows("select 1 from mails")) == 1


async def test_what_came_and_went_over_a_channel_goes_too(superuser: Superuser) -> None:
    desk = await make_desk()
    bob = await desk.ask("Where can I park?", "bob")
    ann = await desk.ask(f"Do you fix teeth in {SECRET}?", "ann")
    kept = await carry_a_mail(desk, ann, bob.customer_id)
    async with open_db(desk.system) as db:
        await erase_customer(db, ann.customer_id)
    await run_all()
    await run_all(later=True)
    assert find_everywhere(superuser, SECRET) == {}
    assert set(find_everywhere(superuser, str(ann.customer_id), str(ann.conversation_id))) == {"audit_entries"}
    for storage_key in kept:
        with pytest.raises(NotFound):
            await read_file(storage_key)


async def test_mail_of_another_business_to_the_same_address_stays() -> None:
    desk, other = await make_desk(), await make_desk("Other")
    admin = await make_member(desk.system, "Ada Admin", "admin")
    ann = await desk.ask("Where can I park?", "ann")
    await add_point(ann.customer_id, "ann@example.com", proof="claimed")
    async with system_db("test mail") as db:
        for business_id in (desk.system.business_id, other.system.business_id, None):
            await queue_mail(db, "ann@example.com", "Your code", "123456", business_id)
    async with open_db(admin) as db:
        await erase_customer(db, ann.customer_id)
    await run_all()
    left = {row["business_id"] for row in await rows("select business_id from mails")}
    assert left == {other.system.business_id, None}


async def test_merged_shells_go_too_and_a_shell_leads_to_the_whole(superuser: Superuser) -> None:
    desk = await make_desk()
    ann, shell = await desk.ask("I am Ann", "ann"), await desk.ask(f"I was in {SECRET}", "ann-phone", name=SECRET)
    values = {"ann": ann.customer_id, "shell": shell.customer_id}
    await rows("update customers set merged_into_id = :ann where id = :shell returning 1", **values)
    await rows(
        """insert into merges (id, business_id, from_id, into_id, evidence, moved, created_at)
           values (:id, :business, :shell, :ann, 'same e-mail', '{"profile": "zanzibar"}', now()) returning 1""",
        id=new_id(),
        business=desk.system.business_id,
        **values,
    )
    async with open_db(desk.system) as db:
        await erase_customer(db, shell.customer_id)
    await run_all(later=True)
    assert find_everywhere(superuser, SECRET) == {}
    assert await rows("select 1 from customers") == []


async def test_only_who_administers_may_erase_or_export() -> None:
    desk, other = await make_desk(), await make_desk("Other Clinic")
    ann = await desk.ask("Where can I park?", "ann")
    for scope in (desk.maya, desk.vera, without(desk.system, Permission.ADMINISTER)):
        for work in (describe_erasure, erase_customer, export_customer):
            async with open_db(scope) as db:
                with pytest.raises(Forbidden):
                    await work(db, ann.customer_id)
    for work in (describe_erasure, erase_customer, export_customer):
        async with open_db(other.system) as db:
            with pytest.raises(NotFound):
                await work(db, ann.customer_id)
    assert len(await rows("select 1 from customers")) == 1


async def test_erasing_twice_finds_nobody() -> None:
    desk = await make_desk()
    ann = await desk.ask("Where can I park?", "ann")
    async with open_db(desk.system) as db:
        await erase_customer(db, ann.customer_id)
    async with open_db(desk.system) as db:
        with pytest.raises(NotFound):
            await erase_customer(db, ann.customer_id)


async def test_answers_kept_for_others_and_for_repeats_go_when_they_came_from_this_customer() -> None:
    made = await make_business()
    async with open_client() as client:
        sent = await client.post(
            "/api/agent/process",
            json=question("how much is a dental check-up", customer={"email": "ann@example.com"}),
            headers={**made.headers, "Idempotency-Key": "one"},
        )
        assert sent.status_code == 200
        await client.post(
            "/api/agent/process",
            json=question("is there parking", customer={"email": "bob@example.com"}),
            headers={**made.headers, "Idempotency-Key": "two"},
        )
    conversation_id = sent.json()["data"]["conversation"]["id"]
    (ann,) = await rows("select customer_id from conversations where id = :id", id=conversation_id)
    assert len(await rows("select 1 from cached_answers")) == 2
    async with open_db(made.scope) as db:
        await erase_customer(db, ann["customer_id"])
    assert [row["text"] for row in await rows("select text from cached_answers")] == ["Behind the clinic, free."]
    assert [row["key"] for row in await rows("select key from idempotency_keys")] == ["two"]


async def test_the_caches_of_a_process_hold_nothing_a_customer_wrote() -> None:
    made = await make_business()
    process_cache.forget_all()
    embedding._recent.clear()
    for text in (
        "how much is a dental check-up",
        f"My name is {SECRET}, how much is a dental check-up?",
        f"My e-mail is ann@{SECRET}.example, where can I park?",
        "What do you know about me?",
    ):
        await process(made.scope, inbound(text, name=f"Ann {SECRET}"))
    assert SECRET not in repr(process_cache._entries)
    assert "ann@" not in repr(process_cache._entries)
    assert embedding._recent
    assert SECRET not in repr(embedding._recent)


async def test_an_answer_that_is_thought_out_meanwhile_is_not_recorded() -> None:
    desk = await make_desk()
    ann = await desk.ask("Where can I park?", "ann")
    assert ann.turn_id is not None
    async with open_db(desk.system) as db:
        await erase_customer(db, ann.customer_id)
    async with open_db(desk.system) as db:
        answer = Answer(text="Behind the clinic.", source="faq")
        assert await record_answer(db, ann.conversation_id, ann.turn_id, ann.fence, ann.seq, "", answer) is None
        with pytest.raises(NotFound):
            await find_reply(db, ann.conversation_id, ann.seq)


async def test_erasing_while_vectors_are_written_leaves_none_behind() -> None:
    desk = await make_desk()
    for _ in range(5):
        ann = await desk.ask("I am allergic to penicillin", "ann")
        async with open_db(desk.system) as db:
            waiting = await list_unembedded(db)
        vectors = await embed_texts(waiting)

        async def write(messages: Sequence[Unembedded] = waiting, made: Sequence[Any] = vectors) -> None:
            async with open_db(desk.system) as db:
                await remember(db, messages, made)

        async def erase(customer_id: UUID = ann.customer_id) -> None:
            async with open_db(desk.system) as db:
                await erase_customer(db, customer_id)

        await asyncio.gather(write(), erase(), write())
        assert await rows("select 1 from memories") == []
        assert await rows("select 1 from customers") == []


async def test_a_customer_who_writes_again_is_somebody_new() -> None:
    made = await make_business()
    first = await process(made.scope, inbound("is there parking"))
    (ann,) = await rows("select id from customers")
    async with open_db(made.scope) as db:
        await erase_customer(db, ann["id"])
    again = await process(made.scope, inbound("is there parking"))
    assert again.conversation_id != first.conversation_id
    assert again.seq == 1


async def test_the_whole_file_is_handed_out_in_clear_and_noted() -> None:
    desk = await make_desk()
    ann, _ = await live_a_life(desk)
    await desk.ask("Where can I park?", "bob")
    async with open_db(desk.system) as db:
        file: dict[str, Any] = await export_customer(db, ann.customer_id)
    assert file["format"] == "omni-customer/1"
    assert file["customer"]["name"] == f"Ann {SECRET}"
    assert "data_key" not in file["customer"]
    assert {point["value"] for point in file["contact_points"]} == {"ann", f"ann@{SECRET}.example"}
    (conversation,) = file["conversations"]
    assert [message["text"] for message in conversation["messages"]] == [
        f"Do you fix teeth in {SECRET}?",
        f"I was born in {SECRET}.",
    ]
    assert [note["text"] for note in conversation["notes"]] == [f"She likes {SECRET}."]
    assert [note["text"] for note in file["notes"]] == [f"Pays in {SECRET}."]
    assert {memory["kind"] for memory in file["memories"]} == {"message", "summary"}
    assert [one["name"] for one in file["attachments"]] == ["zanzibar.png"]
    assert file["costs"] == [{"service": "chat", "uses": 1, "cost_nusd": 700}]
    assert "park" not in str(file)
    (trail,) = await rows("select after from audit_entries where action = 'customer.exported'")
    assert trail["after"]["messages"] == 2
