"""Staff write first: once, to an address that takes it, and the answer comes back into the same conversation."""

from typing import Any
from uuid import UUID

import pytest

from omni_app.channels.connections import switch_connection
from omni_app.conversations.attachments import keep_upload
from omni_app.conversations.delivering import deliver_conversation
from omni_app.conversations.reading import list_messages
from omni_app.conversations.starting import start_conversation
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission, Scope
from tests.conversations.desk import make_desk, state, trail, without
from tests.conversations.mail_desk import MailDesk, open_mail_desk
from tests.harness.simulator import Sandbox
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def desk(sandbox: Sandbox) -> MailDesk:
    return await open_mail_desk(sandbox)


async def start(desk: MailDesk, scope: Scope | None = None, **values: Any) -> UUID:
    given = {"text_": "Your appointment moved.", "address": "ann@example.org", "subject": "Your appointment", **values}
    async with open_db(scope or desk.maya) as db:
        return await start_conversation(db, desk.connection_id, **given)


async def test_a_mail_to_a_new_address_goes_out_and_its_answer_comes_back(desk: MailDesk) -> None:
    file = await keep_upload(desk.maya, b"%PDF-1.4 hello", "plan.pdf", uploaded_by=f"member:{desk.maya.actor.id}")
    conversation_id = await start(desk, name="Ann", cc=["Tom@example.org, eve@example.org"], attachments=[file.id])
    await deliver_conversation(desk.system, conversation_id)
    (sent,) = await desk.account.outbox()
    detail = sent["detail"]
    assert (detail["subject"], detail["cc"]) == ("Your appointment", "tom@example.org, eve@example.org")
    assert detail["text"] == "Your appointment moved.\n"
    assert "in-reply-to" not in detail["headers"]
    assert [one["name"] for one in detail["files"]] == ["plan.pdf"]
    now = await state(conversation_id)
    assert (now["speaker"], now["assignee_id"], now["subject"]) == ("human", desk.maya.actor.id, "Your appointment")
    assert await trail(conversation_id) == ["conversation.started"]

    answer = await desk.receive("Fine with me.", "Ann <ann@example.org>", reply_to=sent["id"])
    assert answer["conversation_id"] == conversation_id
    copied = await desk.receive("With me too.", "Tom <tom@example.org>", reply_to=sent["id"])
    assert (copied["conversation_id"], copied["details"]["guest"]) == (conversation_id, "Tom")
    async with open_db(desk.maya) as db:
        first = (await list_messages(db, conversation_id, with_mail=True))[0]
    assert (first.subject, first.to, first.cc) == (
        "Your appointment",
        ("ann@example.org",),
        ("tom@example.org", "eve@example.org"),
    )


async def test_a_known_customer_is_written_to_at_their_own_address(desk: MailDesk) -> None:
    known = await desk.receive()
    by_id = await start(desk, customer_id=known["customer_id"], address="")
    by_address = await start(desk, address="ANN@example.org")
    assert len({known["conversation_id"], by_id, by_address}) == 3
    assert {(await state(one))["customer_id"] for one in (by_id, by_address)} == {known["customer_id"]}
    assert len(await rows("select id from customers")) == 1


async def test_the_same_wish_twice_starts_once(desk: MailDesk) -> None:
    first = await start(desk, client_id="c1")
    assert await start(desk, client_id="c1") == first
    assert len(await rows("select id from deliveries")) == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"text_": " "}, "text"),
        ({"subject": " Re: "}, "subject"),
        ({"subject": "x" * 201}, "subject"),
        ({"address": ""}, "address"),
        ({"address": "nobody"}, "address"),
        ({"cc": ["nobody"]}, "cc"),
        ({"cc": [f"a{number}@example.org" for number in range(21)]}, "cc"),
        ({"attachments": [new_id()]}, "attachments"),
    ],
)
async def test_bad_input_is_named_and_nothing_is_stored(desk: MailDesk, values: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as problem:
        await start(desk, **values)
    assert [one.field for one in problem.value.fields] == [field]
    assert await rows("select id from conversations") == []
    assert await rows("select id from customers") == []


async def test_who_may_not_and_what_is_not_theirs(desk: MailDesk) -> None:
    with pytest.raises(Forbidden):
        await start(desk, without(desk.maya, Permission.REPLY))
    with pytest.raises(Forbidden):
        await start(desk, desk.system)
    other = await make_desk("Other Dental")
    with pytest.raises(NotFound):
        await start(desk, other.maya)
    stranger = await other.ask("Hello")
    with pytest.raises(NotFound):
        await start(desk, customer_id=stranger.customer_id)
    known = await desk.receive()
    await rows("update customers set blocked_at = now() where id = :id returning id", id=known["customer_id"])
    with pytest.raises(Forbidden):
        await start(desk)
    async with open_db(desk.system) as db:
        await switch_connection(db, desk.connection_id, False)
    with pytest.raises(Conflict):
        await start(desk, address="new@example.org")


async def test_a_customer_without_an_address_of_the_kind_cannot_be_written_to(desk: MailDesk) -> None:
    known = await desk.receive()
    await rows("delete from contact_points where customer_id = :id returning id", id=known["customer_id"])
    with pytest.raises(Invalid, match="no address"):
        await start(desk, customer_id=known["customer_id"], address="")
