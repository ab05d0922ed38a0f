"""What the inbox reads: folders, counts, pages of messages, and never another business's."""

from uuid import UUID

import pytest

from omni_app.conversations.handling import close_conversation, mark_read, take_over
from omni_app.conversations.reading import count_folders, list_conversations, list_messages, load_conversation
from omni_app.conversations.sending import send_reply
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission, Scope
from tests.conversations.desk import Desk, make_desk, without
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")


async def folder(scope: Scope, name: str) -> list[UUID]:
    async with open_db(scope) as db:
        return [view.id for view in await list_conversations(db, name)]  # type: ignore[arg-type]


async def full_desk() -> tuple[Desk, dict[str, UUID]]:
    """One conversation in each state: with the AI, Maya's, Tom's with the customer waiting, nobody's, closed."""
    desk = await make_desk()
    ids = {name: (await desk.ask(f"I am {name}", who=name)).conversation_id for name in ("ai", "maya", "tom", "nobody", "closed")}
    async with open_db(desk.maya) as db:
        await take_over(db, ids["maya"])
        await close_conversation(db, ids["closed"])
    async with open_db(desk.tom) as db:
        await take_over(db, ids["tom"])
    await desk.ask("Hello?", who="tom")
    await rows(
        """update conversations set status = 'waiting', speaker = 'human', waiting_since = now() - interval '9 minutes',
           handover_reason = 'asked for a person' where id = :id returning id""",
        id=ids["nobody"],
    )
    return desk, ids


async def test_folders_and_their_counts() -> None:
    desk, ids = await full_desk()
    assert await folder(desk.maya, "waiting") == [ids["nobody"], ids["tom"]]
    assert await folder(desk.maya, "mine") == [ids["maya"]]
    assert await folder(desk.tom, "mine") == [ids["tom"]]
    assert await folder(desk.maya, "unassigned") == [ids["nobody"]]
    assert await folder(desk.maya, "ai") == [ids["ai"]]
    assert await folder(desk.maya, "closed") == [ids["closed"]]
    assert await folder(desk.maya, "all") == [ids["tom"], ids["nobody"], ids["maya"], ids["ai"]]
    async with open_db(desk.maya) as db:
        counts = await count_folders(db)
    assert counts == {"waiting": 2, "mine": 1, "unassigned": 1, "ai": 1, "all": 4, "closed": 1}


async def test_a_row_says_who_spoke_last() -> None:
    desk = await make_desk()
    written = await desk.ask("Hello?", name="Sofia Marin")
    async with open_db(desk.maya) as db:
        view = await load_conversation(db, written.conversation_id)
    assert (view.customer_name, view.last_role, view.last_author_id, view.unread) == ("Sofia Marin", "customer", None, 1)
    async with open_db(desk.tom) as db:
        await send_reply(db, written.conversation_id, "Tom here.")
    async with open_db(desk.maya) as db:
        await mark_read(db, written.conversation_id, 2)
        view = await load_conversation(db, written.conversation_id)
    assert (view.last_role, view.last_author_id, view.last_author_name) == ("staff", desk.tom.actor.id, "Tom Okafor")
    assert (view.assignee_name, view.unread) == ("Tom Okafor", 0)


async def test_older_conversations_come_page_by_page() -> None:
    desk = await make_desk()
    ids = [(await desk.ask(who=f"visitor-{number}")).conversation_id for number in range(5)]
    async with open_db(desk.maya) as db:
        first = await list_conversations(db, "all", 2)
        second = await list_conversations(db, "all", 10, first[-1].last_message_at)
    assert [view.id for view in (*first, *second)] == ids[::-1]


async def test_messages_come_in_pages_from_both_ends() -> None:
    desk = await make_desk()
    written = await desk.ask("1")
    for number in range(2, 8):
        await desk.ask(str(number))
    async with open_db(desk.maya) as db:

        async def texts(**bounds: int) -> str:
            return "".join(message.text for message in await list_messages(db, written.conversation_id, **bounds))

        assert await texts() == "1234567"
        assert await texts(limit=3) == "567"
        assert await texts(before=5, limit=3) == "234"
        assert await texts(after=5) == "67"
        assert await texts(after=7) == ""


async def test_who_may_not() -> None:
    desk, ids = await full_desk()
    other = await make_desk("Attackers")
    async with open_db(other.maya) as db:
        assert await list_conversations(db, "all") == []
        assert (await count_folders(db))["all"] == 0
        assert await list_messages(db, ids["maya"]) == []
        with pytest.raises(NotFound):
            await load_conversation(db, ids["maya"])
    async with open_db(desk.maya) as db:
        with pytest.raises(NotFound):
            await load_conversation(db, new_id())
    async with open_db(without(desk.vera, Permission.VIEW)) as db:
        for reading in (list_conversations(db, "all"), count_folders(db), load_conversation(db, ids["ai"])):
            with pytest.raises(Forbidden):
                await reading
        with pytest.raises(Forbidden):
            await list_messages(db, ids["ai"])
