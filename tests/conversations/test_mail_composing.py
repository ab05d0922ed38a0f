"""Answers as mails of their thread: who gets a copy of whose, the same id on every try, and what reports do to it."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from omni_app.channels.contract import OutboundMail
from omni_app.conversations.mail_composing import compose
from omni_app.infra.database import open_db
from omni_app.infra.errors import NotFound
from tests.conversations.mail_desk import MailDesk, open_mail_desk
from tests.harness.simulator import Sandbox
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")

TOM, EVE = "Tom <tom@example.org>", "Eve <eve@example.org>"


@pytest.fixture
async def desk(sandbox: Sandbox) -> MailDesk:
    return await open_mail_desk(sandbox)


async def say(message: dict[str, Any], role: str = "assistant") -> UUID:
    """An answer in the thread, as the turn stores it."""
    (row,) = await rows(
        """with c as (update conversations set last_seq = last_seq + 1 where id = :id returning *)
           insert into messages (id, business_id, conversation_id, customer_id, seq, role, text, status, sources, attachments,
             author_name, offers_person, cost_nusd, details, created_at)
           select :new, business_id, id, customer_id, last_seq, :role, 'It is $189.', 'queued', '[]', '[]', :author, false, 0,
             '{}', now() from c returning id""",
        id=message["conversation_id"],
        new=uuid4(),
        role=role,
        author="Maya Chen" if role == "staff" else None,
    )
    return UUID(str(row["id"]))


async def write(desk: MailDesk, message_id: UUID, **values: Any) -> OutboundMail:
    async with open_db(desk.system) as db:
        return await compose(db, message_id, **values)


async def test_a_machine_copies_only_those_who_wrote_and_staff_everybody(desk: MailDesk) -> None:
    first = await desk.receive(cc=f"{TOM}, {EVE}, sales@ours.example")
    machine = await write(desk, await say(first))
    assert (machine.cc, machine.is_automatic, machine.from_name) == ((), True, "Harbour Dental")
    staff = await write(desk, await say(first, "staff"), own={"sales@ours.example"})
    assert (staff.cc, staff.is_automatic, staff.from_name) == (("tom@example.org", "eve@example.org"), False, "Maya Chen")
    await desk.receive("And for two?", TOM, in_reply_to=f"<{machine.message_id}>", cc="Ann <ann@example.org>")
    later = await write(desk, await say(first))
    assert later.cc == ("tom@example.org",)
    assert later.quoted.endswith("Tom wrote:\n> And for two?")


async def test_the_same_message_is_the_same_mail_on_every_try(desk: MailDesk) -> None:
    first = await desk.receive()
    message_id = await say(first)
    mails = [await write(desk, message_id) for _ in range(2)]
    assert mails[0] == mails[1]
    assert mails[0].references == (first["external_id"],)
    assert len(await rows("select id from mail_references where message_id = :id", id=message_id)) == 1


async def test_a_mail_without_a_subject_gets_one_for_its_answer(desk: MailDesk) -> None:
    first = await desk.receive(subject="")
    assert (await write(desk, await say(first))).subject == "Re: Your message to Harbour Dental"


async def test_only_ones_own_messages_are_written(desk: MailDesk, sandbox: Sandbox) -> None:
    message_id = await say(await desk.receive())
    other = await open_mail_desk(sandbox, "Other Dental")
    with pytest.raises(NotFound):
        await write(other, message_id)


async def test_a_bounce_is_shown_on_the_message_and_on_the_address(desk: MailDesk) -> None:
    first = await desk.receive()
    sent = await desk.reply(first["conversation_id"])
    await desk.account.status(sent["id"], "bounce", text="550 5.1.1 no such user")
    await desk.listen()
    (delivery,) = await rows("select status, error from deliveries")
    assert delivery == {"status": "failed", "error": "550 5.1.1 no such user"}
    (point,) = await rows("select undeliverable_at, undeliverable_reason from contact_points where kind = 'email'")
    assert point["undeliverable_at"] is not None
    assert "no such user" in point["undeliverable_reason"]


async def test_a_delivery_report_that_overtakes_or_repeats_changes_nothing_back(desk: MailDesk) -> None:
    first = await desk.receive()
    sent = await desk.reply(first["conversation_id"])
    for state in ("delivered", "delivered", "processed"):
        await desk.account.status(sent["id"], state)
    await desk.listen()
    (delivery,) = await rows("select status, provider_id from deliveries")
    assert delivery == {"status": "delivered", "provider_id": sent["id"]}
