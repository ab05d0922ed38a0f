"""How far messages came, and where the visitor is."""

from uuid import UUID

import pytest

from omni_app.conversations.marks import Page, keep_pages, mark_seen_by_staff, mark_team_messages
from omni_app.conversations.sending import send_reply
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden
from omni_app.infra.scope import Actor, Scope
from tests.conversations.desk import Desk, make_desk
from tests.making import make_business, rows

pytestmark = pytest.mark.usefixtures("database")


async def replied(desk: Desk, who: str = "visitor-1") -> UUID:
    """A conversation with one message of the customer and two of the team."""
    conversation_id = (await desk.ask(who=who)).conversation_id
    async with open_db(desk.maya) as db:
        await send_reply(db, conversation_id, "One.")
        await send_reply(db, conversation_id, "Two.")
    return conversation_id


async def statuses(conversation_id: UUID) -> list[str]:
    found = await rows(
        "select status from messages where conversation_id = :id and role <> 'system' order by seq", id=conversation_id
    )
    return [row["status"] for row in found]


async def test_marks_reach_up_to_a_number_and_never_go_back() -> None:
    desk = await make_desk()
    one, other = await replied(desk), await replied(desk, "visitor-2")
    seqs = [
        row["seq"]
        for row in await rows("select seq from messages where conversation_id = :id and role = 'staff' order by seq", id=one)
    ]
    async with open_db(desk.system) as db:
        await mark_team_messages(db, {one: seqs[0], other: 99}, "read")
        await mark_team_messages(db, {one: seqs[1], other: 99}, "delivered")
    assert await statuses(one) == ["delivered", "read", "delivered"]
    assert await statuses(other) == ["delivered", "read", "read"]


async def test_a_message_that_failed_stays_failed() -> None:
    desk = await make_desk()
    conversation_id = await replied(desk)
    await rows("update messages set status = 'failed' where role = 'staff' returning id")
    async with open_db(desk.system) as db:
        await mark_team_messages(db, {conversation_id: 99}, "read")
    assert await statuses(conversation_id) == ["delivered", "failed", "failed"]


async def test_what_staff_saw_is_the_customers_side_only() -> None:
    desk = await make_desk()
    conversation_id = await replied(desk)
    async with open_db(desk.vera) as db:
        await mark_seen_by_staff(db, conversation_id, 99)
    assert await statuses(conversation_id) == ["read", "sent", "sent"]
    nobody = Scope(business_id=desk.system.business_id, actor=Actor(kind="system", id=None, name=""), permissions=frozenset())
    with pytest.raises(Forbidden):
        async with open_db(nobody) as db:
            await mark_seen_by_staff(db, conversation_id, 99)


async def test_another_business_marks_nothing() -> None:
    desk, stranger = await make_desk(), await make_business("Other", faqs=())
    conversation_id = await replied(desk)
    async with open_db(stranger.scope) as db:
        await mark_team_messages(db, {conversation_id: 99}, "read")
        await mark_seen_by_staff(db, conversation_id, 99)
        await keep_pages(db, {conversation_id: Page(url="https://evil.example/", title="")})
    assert await statuses(conversation_id) == ["delivered", "sent", "sent"]
    assert (await rows("select page from conversations"))[0]["page"] == {}


async def test_pages_are_kept_and_what_is_unknown_changes_nothing() -> None:
    desk = await make_desk()
    conversation_id = (await desk.ask()).conversation_id
    for page in (Page(url="https://shop.example/fees", title="Fees", language="de"), Page(url="", title="?")):
        async with open_db(desk.system) as db:
            await keep_pages(db, {conversation_id: page})
    assert await rows("select page, language from conversations") == [
        {"page": {"url": "https://shop.example/fees", "title": "Fees"}, "language": "de"}
    ]
