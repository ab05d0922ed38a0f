"""What staff write: once, within bounds, to their own customers, and the AI falls silent."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from omni_app.conversations.attachments import keep_upload
from omni_app.conversations.handling import close_conversation, take_over
from omni_app.conversations.reading import list_messages
from omni_app.conversations.sending import send_reply
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope
from tests.conversations.desk import make_desk, state, thread, trail
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")


async def send(scope: Scope, conversation_id: UUID, text: str = "Hello from Maya.", client_id: str | None = None) -> UUID:
    async with open_db(scope) as db:
        return await send_reply(db, conversation_id, text, client_id)


async def test_a_reply_takes_over_from_the_ai() -> None:
    desk = await make_desk()
    written = await desk.ask("What does it cost?")
    message_id = await send(desk.maya, written.conversation_id)

    (row,) = await rows("select * from messages where id = :id", id=message_id)
    assert (row["role"], row["seq"], row["author_id"], row["author_name"]) == ("staff", 2, desk.maya.actor.id, "Maya Chen")
    now = await state(written.conversation_id)
    assert (now["speaker"], now["assignee_id"], now["last_text"]) == ("human", desk.maya.actor.id, "Hello from Maya.")
    assert (now["lease_holder"], now["answered_seq"]) == (None, 1)
    assert await trail(written.conversation_id) == ["conversation.taken_over"]


async def test_a_reply_to_a_colleague_s_customer_leaves_it_with_the_colleague() -> None:
    desk = await make_desk()
    written = await desk.ask()
    async with open_db(desk.tom) as db:
        await take_over(db, written.conversation_id)
    await desk.ask("Anyone?")
    assert (await state(written.conversation_id))["status"] == "waiting"
    await send(desk.maya, written.conversation_id)
    now = await state(written.conversation_id)
    assert (now["assignee_id"], now["status"], now["waiting_since"]) == (desk.tom.actor.id, "open", None)
    assert await trail(written.conversation_id) == ["conversation.taken_over"]


async def test_the_same_draft_is_sent_once() -> None:
    desk = await make_desk()
    written, draft = await desk.ask(), str(uuid4())
    first = await send(desk.maya, written.conversation_id, client_id=draft)
    assert await send(desk.maya, written.conversation_id, client_id=draft) == first
    assert [role for _, role, _ in await thread(written.conversation_id)] == ["customer", "staff"]


async def test_the_same_draft_sent_at_once_is_sent_once() -> None:
    desk = await make_desk()
    for number in range(5):
        written, draft = await desk.ask(who=f"visitor-{number}"), str(uuid4())
        ids = await asyncio.gather(*(send(desk.maya, written.conversation_id, client_id=draft) for _ in range(4)))
        assert len(set(ids)) == 1
        assert await thread(written.conversation_id) == [(1, "customer", "Hello?"), (2, "staff", "Hello from Maya.")]


async def test_replies_of_two_members_at_once_both_arrive_in_a_row() -> None:
    desk = await make_desk()
    written = await desk.ask()
    await asyncio.gather(*(send(scope, written.conversation_id) for scope in (desk.maya, desk.tom)))
    assert [seq for seq, _, _ in await thread(written.conversation_id)] == [1, 2, 3]


async def test_nothing_is_sent_into_a_closed_conversation() -> None:
    desk = await make_desk()
    written = await desk.ask()
    async with open_db(desk.maya) as db:
        await close_conversation(db, written.conversation_id)
    with pytest.raises(Conflict, match="closed"):
        await send(desk.maya, written.conversation_id)
    assert [role for _, role, _ in await thread(written.conversation_id)] == ["customer", "system"]


@pytest.mark.parametrize("text", ["", "   \n\t ", "\x00", "x" * 8001])
async def test_texts_that_are_refused(text: str) -> None:
    desk = await make_desk()
    written = await desk.ask()
    with pytest.raises(Invalid) as caught:
        await send(desk.maya, written.conversation_id, text)
    assert [item.field for item in caught.value.fields] == ["text"]
    assert len(await thread(written.conversation_id)) == 1


@pytest.mark.parametrize("text", ["x" * 8000, "<script>alert(1)</script>", "\u202eevil\u202c", "😀" * 2000, "مرحبا", "a\n\n  b"])
async def test_texts_that_are_kept_as_they_are(text: str) -> None:
    desk = await make_desk()
    written = await desk.ask()
    await send(desk.maya, written.conversation_id, text)
    assert (await thread(written.conversation_id))[1][2] == text


async def test_who_may_not() -> None:
    desk, other = await make_desk(), await make_desk("Attackers")
    written = await desk.ask()
    attempts: list[tuple[Scope, Any]] = [(desk.vera, Forbidden), (desk.system, Forbidden), (other.maya, NotFound)]
    for scope, error in attempts:
        with pytest.raises(error):
            await send(scope, written.conversation_id)
    with pytest.raises(NotFound):
        await send(desk.maya, new_id())
    assert len(await thread(written.conversation_id)) == 1
    assert (await state(written.conversation_id))["speaker"] == "ai"


async def upload(scope: Scope, conversation_id: UUID, name: str = "form.pdf") -> UUID:
    data = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    kept = await keep_upload(scope, data, name, uploaded_by=f"member:{scope.actor.id}", conversation_id=conversation_id)
    return kept.id


async def send_with(scope: Scope, conversation_id: UUID, text: str, *files: UUID) -> UUID:
    async with open_db(scope) as db:
        return await send_reply(db, conversation_id, text, attachments=files)


async def test_files_go_with_a_reply_and_may_go_alone() -> None:
    desk = await make_desk()
    written = await desk.ask()
    one, two = await upload(desk.maya, written.conversation_id), await upload(desk.maya, written.conversation_id, "two.pdf")
    await send_with(desk.maya, written.conversation_id, "Here it is.", one)
    assert (await state(written.conversation_id))["last_text"] == "Here it is."
    await send_with(desk.maya, written.conversation_id, "  ", two)
    assert (await state(written.conversation_id))["last_text"] == "two.pdf"
    async with open_db(desk.tom) as db:
        messages = await list_messages(db, written.conversation_id, after=1)
    assert [(message.text, [file["name"] for file in message.attachments]) for message in messages] == [
        ("Here it is.", ["form.pdf"]),
        ("", ["two.pdf"]),
    ]


async def test_a_file_that_is_not_the_sender_s_stops_the_reply() -> None:
    desk, other = await make_desk(), await make_desk("Attackers")
    written, theirs = await desk.ask(), await other.ask()
    toms, foreign = await upload(desk.tom, written.conversation_id), await upload(other.maya, theirs.conversation_id)
    mine = await upload(desk.maya, written.conversation_id)
    await send_with(desk.maya, written.conversation_id, "Once", mine)
    for file in (toms, foreign, mine, new_id()):
        with pytest.raises(Invalid):
            await send_with(desk.maya, written.conversation_id, "Again", file)
    assert [text for _, role, text in await thread(written.conversation_id) if role == "staff"] == ["Once"]


async def test_an_empty_reply_without_files_is_refused() -> None:
    desk = await make_desk()
    written = await desk.ask()
    with pytest.raises(Invalid):
        await send_with(desk.maya, written.conversation_id, "  ")
