"""A mailbox from end to end: new mail is fetched and heard, the answer goes out by SMTP, a server's report comes back to it."""

from uuid import UUID

import pytest

from omni_app.channels.checking import check_connection
from omni_app.channels.connections import create_connection, load_connection
from omni_app.channels.polling import poll_connection
from omni_app.conversations.delivering import deliver_conversation
from omni_app.conversations.sending import send_reply
from omni_app.infra.database import open_db
from omni_app.orchestrator.hearing import hear
from tests.conversations.desk import Desk, make_desk
from tests.harness.simulator import Sandbox, SandboxAccount
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")


async def connect(desk: Desk, account: SandboxAccount, **changes: str) -> UUID:
    given = {name: str(account.credentials[name]) for name in ("address", "username", "password", "smtp_host", "imap_host")}
    values = {**given, "authserv_id": str(account.options["authserv_id"]), **changes}
    async with open_db(desk.system) as db:
        return await create_connection(db, "smtp", "Support", values, is_sandbox=True)


async def take(desk: Desk, connection_id: UUID) -> int:
    """Poll and handle what is new."""
    fresh = await poll_connection(desk.system, connection_id)
    for event in await rows("select id from channel_events where status = 'new' order by received_at, id"):
        await hear(desk.system, event["id"])
    return fresh


async def send(desk: Desk, conversation_id: UUID, text: str = "It is **$189**.") -> dict[str, str]:
    async with open_db(desk.maya) as db:
        await send_reply(db, conversation_id, text)
    await deliver_conversation(desk.system, conversation_id)
    (delivery,) = await rows("select status, error from deliveries order by created_at desc limit 1")
    return delivery


async def test_a_mailbox_carries_a_thread_both_ways(sandbox: Sandbox) -> None:
    desk, account = await make_desk(), await sandbox.account("smtp")
    await account.inbound(**{"from": "Old <old@example.org>", "text": "Long ago."})
    connection_id = await connect(desk, account)
    result = await check_connection(desk.system, connection_id)
    assert result.is_ok, result.text
    assert await take(desk, connection_id) == 0
    await account.inbound(**{"from": "Ann <ann@example.org>", "text": "What does it cost?", "subject": "Check-up", "copies": 2})
    assert await take(desk, connection_id) == 1
    assert await take(desk, connection_id) == 0
    (message,) = await rows("select * from messages")
    (point,) = await rows("select kind, proof from contact_points")
    assert (message["text"], point) == ("What does it cost?", {"kind": "email", "proof": "proven"})

    assert await send(desk, message["conversation_id"]) == {"status": "sent", "error": ""}
    (sent,) = await account.outbox()
    head = sent["detail"]["headers"]
    assert (head["in-reply-to"], sent["detail"]["subject"]) == (f"<{message['external_id']}>", "Re: Check-up")

    await account.inbound(**{"from": "Ann <ann@example.org>", "text": "Thanks.", "reply_to": sent["id"], "quote": False})
    await account.status(sent["id"], "bounce", text="550 5.1.1 no such user")
    await sandbox.settled()
    assert await take(desk, connection_id) == 2
    found = await rows("select conversation_id, text from messages where role = 'customer' order by seq")
    assert [row["text"] for row in found] == ["What does it cost?", "Thanks."]
    assert {row["conversation_id"] for row in found} == {message["conversation_id"]}
    (delivery,) = await rows("select status, error from deliveries")
    assert delivery["status"] == "failed"
    assert "no such user" in delivery["error"]
    assert await rows("select id from contact_points where undeliverable_at is not null")


async def test_mail_without_the_servers_word_proves_nobody(sandbox: Sandbox) -> None:
    desk, account = await make_desk(), await sandbox.account("smtp")
    connection_id = await connect(desk, account, authserv_id="mx.other.example")
    await take(desk, connection_id)
    await account.inbound(**{"from": "Ann <ann@example.org>", "text": "Hello", "subject": "Hi"})
    await take(desk, connection_id)
    (point,) = await rows("select proof from contact_points where kind = 'email'")
    assert point["proof"] == "claimed"
    # The thread holds all the same: what we sent to this address is answered from it.
    (message,) = await rows("select conversation_id from messages")
    assert (await send(desk, message["conversation_id"]))["status"] == "sent"
    (sent,) = await account.outbox()
    await account.inbound(**{"from": "Ann <ann@example.org>", "text": "Yes.", "reply_to": sent["id"]})
    await take(desk, connection_id)
    assert len(await rows("select id from conversations")) == 1


async def test_faults_of_the_mail_server_are_told_apart(sandbox: Sandbox) -> None:
    desk, account = await make_desk(), await sandbox.account("smtp")
    connection_id = await connect(desk, account)
    await take(desk, connection_id)
    await account.inbound(**{"from": "Ann <ann@example.org>", "text": "Hello", "subject": "Hi"})
    await take(desk, connection_id)
    (message,) = await rows("select conversation_id from messages")
    for fault, status in (("rate_limited", "queued"), ("reject", "failed"), ("timeout_after_accept", "unknown")):
        await rows("delete from deliveries returning id")
        await account.fault(fault)
        assert (await send(desk, message["conversation_id"]))["status"] == status, fault
        await sandbox.clear_faults()
    await rows("delete from deliveries returning id")
    await account.fault("revoked", None)
    assert (await send(desk, message["conversation_id"]))["status"] == "queued"
    async with open_db(desk.system) as db:
        assert (await load_connection(db, connection_id)).health == "revoked"
