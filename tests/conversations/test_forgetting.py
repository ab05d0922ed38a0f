"""Erasing a customer: afterwards no table knows them, costs stay, and files leave the disk."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from omni_app.budgets.ledger import LEDGER_COLUMNS, LedgerLine, ledger_values
from omni_app.cache import process as process_cache
from omni_app.channels.contract import MailHead
from omni_app.conversations.answering import Answer, find_reply, record_answer
from omni_app.conversations.forgetting import describe_erasure, erase_customer, export_customer
from omni_app.conversations.mail_envelopes import seal_envelope
from omni_app.conversations.memory import Unembedded, embed_messages, embed_texts, list_unembedded, remember
from omni_app.conversations.notes import add_note
from omni_app.customers.addresses import Address
from omni_app.customers.identifying import CONTACT_POINT
from omni_app.customers.notes import CUSTOMER_NOTE
from omni_app.customers.suggesting import suggest
from omni_app.events import ConversationHandedOver, emit
from omni_app.infra.crypto import encrypt, unwrap_data_key
from omni_app.infra.database import open_db, system_db
from omni_app.infra.errors import Forbidden, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission
from omni_app.infra.storage import put_file, put_sealed, read_file
from omni_app.llm import embedding
from omni_app.notices.mail import queue_mail
from omni_app.orchestrator.summarising import summarise
from omni_app.orchestrator.turn import process
from tests.conversations.desk import Desk, Written, make_desk, make_member, without
from tests.making import inbound, make_business, open_client, question, rows
from workers import files, memories  # noqa: F401
from workers.outbox import run_row

pytestmark = pytest.mark.usefixtures("database")

Superuser = Callable[[], psycopg.Connection]
SECRET = "zanzibar"


async def run_all(*, later: bool = False) -> None:
    if later:
        await rows("update outbox set available_at = created_at where available_at > created_at returning 1")
    while due := await rows("select id from outbox where available_at <= now() and dead_at is null and name <> 'SendMail'"):
        for row in due:
            await run_row(row["id"])


def find_everywhere(superuser: Superuser, *needles: str) -> dict[str, int]:
    """Table -> how many of its rows hold one of the needles anywhere, by the catalogue."""
    found = {}
    with superuser() as connection:
        tables = [name for (name,) in connection.execute("select tablename from pg_tables where schemaname = 'public'")]
        for name in tables:
            query = sql.SQL(
                "select count(*) from {} t where exists (select from unnest(%s::text[]) n where t::text ilike '%%'||n||'%%')"
            )
            (hits,) = connection.execute(query.format(sql.Identifier(name)), [list(needles)]).fetchone() or (0,)
            if hits:
                found[name] = hits
    return found


async def add_point(customer_id: UUID, value: str, kind: str = "email", channel: str = "", proof: str = "proven") -> None:
    (customer,) = await rows("select business_id, data_key from customers where id = :id", id=customer_id)
    await rows(
        """insert into contact_points (id, business_id, customer_id, kind, channel, value, value_index, hints, proof, proven_by,
             created_at) values (:id, :business, :customer, :kind, :channel, :value, :index, '[]', :proof, '', now())
           returning id""",
        id=new_id(),
        business=customer["business_id"],
        customer=customer_id,
        kind=kind,
        channel=channel,
        value=encrypt(unwrap_data_key(customer["data_key"]), value, CONTACT_POINT),
        index=Address(kind=kind, channel=channel, value=value).index,
        proof=proof,
    )


async def add_file(desk: Desk, ann: Written) -> str:
    storage_key = await put_file(desk.system.business_id, b"a picture")
    await rows(
        """insert into attachments (id, business_id, customer_id, conversation_id, uploaded_by, name, media_type, size,
             sha256, storage_key, created_at) values (:id, :business, :customer, :conversation, 'visitor:v', 'zanzibar.png',
             'image/png', 9, '', :key, now()) returning id""",
        id=new_id(),
        business=desk.system.business_id,
        customer=ann.customer_id,
        conversation=ann.conversation_id,
        key=storage_key,
    )
    return storage_key


async def add_cost(desk: Desk, ann: Written, nusd: int) -> None:
    line = LedgerLine(
        service="chat",
        provider="openai",
        model="m",
        units={"input_token": 1},
        unit_prices={"input_token": nusd},
        cost_nusd=nusd,
        customer_id=ann.customer_id,
        conversation_id=ann.conversation_id,
    )
    async with open_db(desk.system) as db:
        statement = f"insert into ledger_entries ({LEDGER_COLUMNS}) values ({ledger_values()})"
        await db.execute(statement, line.parameters(desk.system.business_id))


async def live_a_life(desk: Desk) -> tuple[Written, str]:
    """A customer with everything a customer can have; every text holds `SECRET`."""
    ann = await desk.ask(f"Do you fix teeth in {SECRET}?", "ann", name=f"Ann {SECRET}")
    await desk.ask(f"I was born in {SECRET}.", "ann")
    await add_point(ann.customer_id, f"ann@{SECRET}.example")
    async with open_db(desk.maya) as db:
        await add_note(db, ann.conversation_id, f"She likes {SECRET}.")
    (customer,) = await rows("select data_key from customers where id = :id", id=ann.customer_id)
    await rows(
        """insert into customer_notes (id, business_id, customer_id, author_name, text, created_at)
           values (:id, :business, :customer, 'Maya Chen', :text, now()) returning id""",
        id=new_id(),
        business=desk.system.business_id,
        customer=ann.customer_id,
        text=encrypt(unwrap_data_key(customer["data_key"]), f"Pays in {SECRET}.", CUSTOMER_NOTE),
    )
    await rows(
        """update conversations set handover_summary = 'zanzibar', page = '{"title": "zanzibar"}' where id = :id returning 1""",
        id=ann.conversation_id,
    )
    await rows(
        """insert into audit_entries (id, business_id, level, action, subject_kind, subject_id, actor_kind, actor_name, before,
             after, created_at) values (:id, :business, 'INFO', 'customer.updated', 'customer', :customer, 'member', 'Maya Chen',
             '{"name": "Ann zanzibar"}', '{"name": "Ann"}', now()) returning id""",
        id=new_id(),
        business=desk.system.business_id,
        customer=ann.customer_id,
    )
    await embed_messages(desk.system)
    await summarise(desk.system, ann.conversation_id)
    await add_cost(desk, ann, 700)
    return ann, await add_file(desk, ann)


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


async def carry_a_mail(desk: Desk, ann: Written, other_id: UUID) -> list[str]:
    """A mail of Ann's as channels keep it, with every text holding `SECRET`; the keys of its files."""
    (customer,) = await rows("select data_key from customers where id = :id", id=ann.customer_id)
    business = desk.system.business_id
    html_key, event_key = await put_sealed(business, b"<p>zanzibar</p>"), await put_sealed(business, b"zanzibar raw")
    picture, thumbnail = await put_file(business, b"a picture"), await put_file(business, b"a small picture")
    common = {"business": business, "customer": ann.customer_id, "conversation": ann.conversation_id}
    connection = new_id()
    await rows(
        """insert into channel_connections (id, business_id, kind, channel, name, settings, token, token_index, created_at,
             updated_at) values (:id, :business, 'smtp', 'email', 'Mail', '', '', :index, now(), now()) returning id""",
        id=connection,
        business=business,
        index=str(connection),
    )
    await add_point(ann.customer_id, f"unproven:ann@{SECRET}.example", "external", "email")
    (message,) = await rows(
        """update messages set envelope = :envelope, html_key = :html, folded = 'zanzibar', details = '{"a": "zanzibar"}',
             problem = 'zanzibar', external_id = 'zanzibar@example.com'
           where conversation_id = :conversation and seq = 1 returning id""",
        envelope=seal_envelope(customer["data_key"], MailHead(subject=SECRET)),
        html=html_key,
        conversation=ann.conversation_id,
    )
    await rows(
        """insert into deliveries (id, business_id, conversation_id, message_id, customer_id, connection_id, channel, seq, text,
             error, available_at, created_at) values (:id, :business, :conversation, :message, :customer, :connection, 'email', 1,
             'zanzibar', 'zanzibar', now(), now()) returning id""",
        id=new_id(),
        message=message["id"],
        connection=connection,
        **common,
    )
    await rows(
        """insert into channel_events (id, business_id, connection_id, hook, event_key, storage_key, detail, customer_id,
             message_id, received_at) values (:id, :business, :connection, 'mail', 'zanzibar', :storage, 'zanzibar', :customer,
             :message, now()) returning id""",
        id=new_id(),
        business=business,
        connection=connection,
        storage=event_key,
        customer=ann.customer_id,
        message=message["id"],
    )
    await rows(
        """insert into mail_references (id, business_id, conversation_id, message_id, rfc_id, created_at)
           values (:id, :business, :conversation, :message, 'zanzibar@example.com', now()) returning id""",
        id=new_id(),
        business=business,
        conversation=ann.conversation_id,
        message=message["id"],
    )
    await rows(
        """insert into attachments (id, business_id, customer_id, conversation_id, message_id, uploaded_by, name, media_type,
             size, sha256, storage_key, thumbnail_key, content_id, transcript, created_at) values (:id, :business, :customer,
             :conversation, :message, 'channel:x', 'zanzibar.png', 'image/png', 9, '', :picture, :thumbnail, 'zanzibar',
             'zanzibar', now()) returning id""",
        id=new_id(),
        message=message["id"],
        picture=picture,
        thumbnail=thumbnail,
        **common,
    )
    async with open_db(desk.system) as db:
        await suggest(db, ann.customer_id, other_id, f"Both are called {SECRET}.")
    return [html_key, event_key, picture, thumbnail]


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
