"""What the inbox reads: folders, counts, pages of messages, and never another business's."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from omni_app.conversations.handling import close_conversation, mark_read, set_priority, snooze, take_over
from omni_app.conversations.labels import create_label, set_label
from omni_app.conversations.reading import (
    Filters,
    count_folders,
    list_conversations,
    list_messages,
    list_past,
    list_statuses,
    load_conversation,
)
from omni_app.conversations.sending import send_reply
from omni_app.infra.clock import now
from omni_app.infra.database import app_engine, open_db
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
    assert counts == {"waiting": 2, "mine": 1, "unassigned": 1, "ai": 1, "all": 4, "snoozed": 0, "closed": 1}


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


async def test_a_snoozed_conversation_is_out_of_the_way_but_not_lost() -> None:
    desk, ids = await full_desk()
    async with open_db(desk.maya) as db:
        await snooze(db, ids["maya"], now() + timedelta(hours=1))
    assert await folder(desk.maya, "mine") == []
    assert await folder(desk.maya, "snoozed") == [ids["maya"]]
    assert ids["maya"] in await folder(desk.maya, "all")
    async with open_db(desk.maya) as db:
        counts = await count_folders(db)
    assert (counts["mine"], counts["snoozed"], counts["all"]) == (0, 1, 4)


async def test_filters_narrow_a_folder_and_join() -> None:
    desk, ids = await full_desk()
    async with open_db(desk.maya) as db:
        label = await create_label(db, "Billing")
        await set_label(db, ids["ai"], label.id, True)
        await set_label(db, ids["tom"], label.id, True)
        await set_priority(db, ids["tom"], "urgent")
        await mark_read(db, ids["tom"], 99)

        async def names(**values: Any) -> set[str]:
            found = await list_conversations(db, "all", filters=Filters(**values))
            return {name for name, id_ in ids.items() if id_ in {view.id for view in found}}

        assert await names(label_id=label.id) == {"ai", "tom"}
        assert await names(priority="urgent") == {"tom"}
        assert await names(assignee=desk.tom.actor.id) == {"tom"}
        assert await names(assignee="none") == {"ai", "nobody"}
        assert await names(channel="chat") == {"ai", "maya", "tom", "nobody"}
        assert await names(channel="email") == set()
        assert await names(unread=True) == {"ai", "maya", "nobody"}
        assert await names(unread=True, label_id=label.id) == {"ai"}
        assert await names(label_id=new_id()) == set()


async def test_the_most_pressing_waits_first() -> None:
    desk, ids = await full_desk()
    async with open_db(desk.maya) as db:
        await set_priority(db, ids["tom"], "high")
    assert await folder(desk.maya, "waiting") == [ids["tom"], ids["nobody"]]


async def test_earlier_conversations_of_the_customer_come_newest_first() -> None:
    desk = await make_desk()
    written = await desk.ask(who="sofia", name="Sofia Marin")
    await rows(
        """insert into conversations (id, business_id, customer_id, channel, status, speaker, subject, summary, last_text,
             last_role, last_seq, last_customer_seq, answered_seq, fence, last_message_at, last_customer_at, created_at)
           select gen_random_uuid(), business_id, customer_id, 'email', 'closed', 'ai', '', 'Summary ' || n, 'Bye',
             'customer', 0, 0, 0, 0, now() - n * interval '1 day', now(), now()
           from conversations, generate_series(1, 7) n where id = :id returning id""",
        id=written.conversation_id,
    )
    async with open_db(desk.vera) as db:
        past = await list_past(db, written.customer_id, written.conversation_id)
    assert [item.summary for item in past] == [f"Summary {number}" for number in range(1, 6)]
    other = await make_desk("Attackers")
    async with open_db(other.maya) as db:
        assert await list_past(db, written.customer_id, written.conversation_id) == []


async def test_how_far_each_of_our_messages_got() -> None:
    desk = await make_desk()
    written = await desk.ask()
    async with open_db(desk.maya) as db:
        await send_reply(db, written.conversation_id, "One")
        await send_reply(db, written.conversation_id, "Two")
    await rows("update messages set status = 'read' where seq = 2 returning id")
    async with open_db(desk.vera) as db:
        assert await list_statuses(db, written.conversation_id) == {2: "read", 3: "sent"}
        assert await list_statuses(db, written.conversation_id, after=2) == {3: "sent"}


async def test_a_long_list_costs_no_more_statements_than_a_short_one() -> None:
    desk = await make_desk()
    said: list[str] = []

    def count(*arguments: Any) -> None:
        said.append(arguments[2])

    async def statements() -> int:
        async with open_db(desk.maya) as db:
            said.clear()
            views = await list_conversations(db, "all")
            await load_conversation(db, views[0].id)
            await list_messages(db, views[0].id)
            return len(said)

    await desk.ask()
    engine = app_engine().sync_engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        short = await statements()
        for number in range(6):
            await desk.ask(who=f"visitor-{number}")
        assert (short, await statements()) == (3, 3)
    finally:
        event.remove(engine, "before_cursor_execute", count)
