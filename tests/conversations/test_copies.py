"""Whom a reply by mail goes to: proposed from the thread, changed by staff, and then exactly that."""

import pytest

from omni_app.channels.connections import load_connection, update_connection
from omni_app.conversations.copies import load_next_mail, send_mail_reply
from omni_app.conversations.delivering import deliver_conversation
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid, NotFound
from omni_app.infra.scope import Permission
from tests.conversations.desk import make_desk, without
from tests.conversations.mail_desk import MailDesk, open_mail_desk
from tests.harness.simulator import Sandbox
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def desk(sandbox: Sandbox) -> MailDesk:
    return await open_mail_desk(sandbox)


async def test_those_in_copy_are_proposed_and_staff_choose_who_stays(desk: MailDesk) -> None:
    known = await desk.receive("Hello", cc="Tom <tom@example.org>, eve@example.org", subject="Invoice 7")
    conversation_id = known["conversation_id"]
    async with open_db(desk.maya) as db:
        proposed = await load_next_mail(db, conversation_id)
    assert (proposed.to, proposed.cc) == ("ann@example.org", ("tom@example.org", "eve@example.org"))
    assert proposed.subject == "Re: Invoice 7"

    async with open_db(desk.maya) as db:
        first = await send_mail_reply(db, conversation_id, "To Tom too.", ["TOM@example.org, "], "c1")
    async with open_db(desk.maya) as db:
        assert await send_mail_reply(db, conversation_id, "To Tom too.", [], "c1") == first
        await send_mail_reply(db, conversation_id, "To you alone.", [""], "c2")
    await deliver_conversation(desk.system, conversation_id)
    sent = sorted((one["detail"] for one in await desk.account.outbox()), key=lambda one: one["text"], reverse=True)
    assert [(one["subject"], one.get("cc") or "") for one in sent] == [
        ("Re: Invoice 7", ""),
        ("Re: Invoice 7", "tom@example.org"),
    ]


async def test_no_address_of_the_business_is_proposed(desk: MailDesk) -> None:
    async with open_db(desk.system) as db:
        view = await load_connection(db, desk.connection_id)
        values = {**view.values, "other_addresses": "hello@harbour.example"}
        await update_connection(db, desk.connection_id, "Support", values, view.version)
    known = await desk.receive("Hello", cc="hello@harbour.example, eve@example.org")
    async with open_db(desk.maya) as db:
        assert (await load_next_mail(db, known["conversation_id"])).cc == ("eve@example.org",)


async def test_a_wrong_copy_sends_nothing(desk: MailDesk) -> None:
    known = await desk.receive("Hello")
    with pytest.raises(Invalid) as caught:
        async with open_db(desk.maya) as db:
            await send_mail_reply(db, known["conversation_id"], "Hi", ["nobody"])
    assert [item.field for item in caught.value.fields] == ["cc"]
    assert await rows("select id from messages where role = 'staff'") == []


async def test_other_businesses_and_readers_are_kept_out(desk: MailDesk) -> None:
    known = await desk.receive("Hello")
    stranger = (await make_desk("Attackers")).maya
    with pytest.raises(NotFound):
        async with open_db(stranger) as db:
            await load_next_mail(db, known["conversation_id"])
    with pytest.raises(NotFound):
        async with open_db(stranger) as db:
            await send_mail_reply(db, known["conversation_id"], "Hi", [])
    with pytest.raises(Forbidden):
        async with open_db(without(desk.maya, Permission.REPLY)) as db:
            await send_mail_reply(db, known["conversation_id"], "Hi", [])
