"""Taking over, handing back, closing, reopening: who may, what changes, and who wins when two do it at once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from omni_app.conversations.answering import Answer, claim_turn, record_answer
from omni_app.conversations.handling import (
    close_conversation,
    delete_conversation,
    hand_back,
    mark_read,
    reopen_conversation,
    set_priority,
    snooze,
    take_over,
    wake,
)
from omni_app.conversations.notes import add_note
from omni_app.conversations.reading import load_conversation
from omni_app.conversations.sending import send_reply
from omni_app.infra.clock import now as clock_now
from omni_app.infra.database import Db, open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Actor, Permission, Scope
from omni_app.infra.storage import put_file, read_file
from omni_app.orchestrator.deciding import LOCAL_LEASE
from tests.conversations.desk import Desk, Written, make_desk, make_member, state, thread, trail
from tests.making import rows
from workers.files import DeleteFiles, delete_files
from workers.sweeps import wake_snoozed_conversations

pytestmark = pytest.mark.usefixtures("database")

CHANGES: list[Callable[..., Awaitable[None]]] = [take_over, hand_back, close_conversation, reopen_conversation]


async def do(scope: Scope, change: Callable[..., Awaitable[Any]], *args: Any) -> Any:
    async with open_db(scope) as db:
        return await change(db, *args)


async def answer(scope: Scope, written: Written) -> Any:
    assert written.turn_id is not None
    said = Answer(text="A check-up is $189.", source="faq", provider="local", model="faq-classifier")
    async with open_db(scope) as db:
        return await record_answer(db, written.conversation_id, written.turn_id, written.fence, written.seq, "Price", said)


async def test_taking_over_silences_the_answer_in_flight() -> None:
    desk = await make_desk()
    written = await desk.ask("What does it cost?")
    await do(desk.maya, take_over, written.conversation_id)

    assert await answer(desk.system, written) is None
    assert await thread(written.conversation_id) == [
        (1, "customer", "What does it cost?"),
        (2, "system", "Maya Chen joined the conversation."),
    ]
    assert await rows("select 1 from receipts") == []
    assert await do(desk.system, claim_turn, written.conversation_id, LOCAL_LEASE) is None
    now = await state(written.conversation_id)
    assert (now["status"], now["speaker"], now["assignee_id"]) == ("open", "human", desk.maya.actor.id)
    assert await trail(written.conversation_id) == ["conversation.taken_over"]


async def test_an_answer_recorded_first_stays_and_the_person_comes_after_it() -> None:
    desk = await make_desk()
    written = await desk.ask("What does it cost?")
    assert await answer(desk.system, written) is not None
    await do(desk.maya, take_over, written.conversation_id)
    assert [role for _, role, _ in await thread(written.conversation_id)] == ["customer", "assistant", "system"]


async def test_answer_and_take_over_at_once_never_mix() -> None:
    desk = await make_desk()
    for number in range(8):
        written = await desk.ask("What does it cost?", who=f"visitor-{number}")
        recorded, _ = await asyncio.gather(answer(desk.system, written), do(desk.maya, take_over, written.conversation_id))
        roles = [role for _, role, _ in await thread(written.conversation_id)]
        assert roles == (["customer", "system"] if recorded is None else ["customer", "assistant", "system"])


async def test_taking_over_twice_is_once() -> None:
    desk = await make_desk()
    written = await desk.ask()
    await do(desk.maya, take_over, written.conversation_id)
    await do(desk.maya, take_over, written.conversation_id)
    assert len(await thread(written.conversation_id)) == 2
    assert await trail(written.conversation_id) == ["conversation.taken_over"]


async def test_of_two_who_reach_for_it_one_gets_it() -> None:
    desk = await make_desk()
    for number in range(8):
        written = await desk.ask(who=f"visitor-{number}")
        outcomes = await asyncio.gather(
            do(desk.maya, take_over, written.conversation_id),
            do(desk.tom, take_over, written.conversation_id),
            return_exceptions=True,
        )
        lost = [outcome for outcome in outcomes if outcome is not None]
        assert [type(outcome) for outcome in lost] == [Conflict]
        winner = desk.maya if outcomes[0] is None else desk.tom
        assert str(lost[0]).startswith(winner.actor.name)
        assert (await state(written.conversation_id))["assignee_id"] == winner.actor.id
        assert len(await thread(written.conversation_id)) == 2


async def test_a_colleague_s_conversation_is_taken_only_knowingly() -> None:
    desk = await make_desk()
    written = await desk.ask()
    await do(desk.tom, take_over, written.conversation_id)
    with pytest.raises(Conflict, match="Tom Okafor"):
        await do(desk.maya, take_over, written.conversation_id)
    await do(desk.maya, take_over, written.conversation_id, desk.tom.actor.id)
    assert (await state(written.conversation_id))["assignee_id"] == desk.maya.actor.id


async def test_handing_back_lets_the_ai_answer_the_next_message_only() -> None:
    desk = await make_desk()
    written = await desk.ask("First")
    await do(desk.maya, take_over, written.conversation_id)
    await desk.ask("While a person has it")
    assert (await state(written.conversation_id))["status"] == "waiting"
    await do(desk.maya, hand_back, written.conversation_id)

    now = await state(written.conversation_id)
    assert (now["status"], now["speaker"], now["assignee_id"], now["waiting_since"]) == ("open", "ai", None, None)
    assert await do(desk.system, claim_turn, written.conversation_id, LOCAL_LEASE) is None
    later = await desk.ask("After")
    assert later.turn_id is not None
    with pytest.raises(Conflict):
        await do(desk.maya, hand_back, written.conversation_id)


async def test_closing_and_reopening() -> None:
    desk = await make_desk()
    written = await desk.ask()
    await do(desk.maya, take_over, written.conversation_id)
    await do(desk.maya, close_conversation, written.conversation_id)
    closed = await state(written.conversation_id)
    assert closed["status"] == "closed"
    assert closed["closed_at"] is not None
    for change in (close_conversation, hand_back):
        with pytest.raises(Conflict):
            await do(desk.tom, change, written.conversation_id)
    await do(desk.tom, reopen_conversation, written.conversation_id)
    opened = await state(written.conversation_id)
    assert (opened["status"], opened["closed_at"], opened["assignee_id"]) == ("open", None, desk.maya.actor.id)
    with pytest.raises(Conflict):
        await do(desk.tom, reopen_conversation, written.conversation_id)
    assert await trail(written.conversation_id) == [
        "conversation.taken_over",
        "conversation.closed",
        "conversation.reopened",
    ]
    assert [row["name"] for row in await rows("select name from outbox where name like 'conversation.%'")] == [
        "conversation.closed"
    ]


async def test_a_customer_who_writes_again_opens_it_with_the_ai() -> None:
    desk = await make_desk()
    written = await desk.ask()
    await do(desk.maya, take_over, written.conversation_id)
    await do(desk.maya, close_conversation, written.conversation_id)
    again = await desk.ask("One more thing")
    assert again.conversation_id == written.conversation_id
    assert again.turn_id is not None
    now = await state(written.conversation_id)
    assert (now["status"], now["speaker"], now["assignee_id"], now["closed_at"]) == ("open", "ai", None, None)


async def test_closing_at_once_is_done_by_one() -> None:
    desk = await make_desk()
    written = await desk.ask()
    outcomes = await asyncio.gather(
        *(do(scope, close_conversation, written.conversation_id) for scope in (desk.maya, desk.tom)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "NoneType"]
    assert len(await thread(written.conversation_id)) == 2


@pytest.mark.parametrize("change", CHANGES)
async def test_who_may_not(change: Callable[..., Awaitable[None]]) -> None:
    desk, other = await make_desk(), await make_desk("Attackers")
    written = await desk.ask()
    before = await state(written.conversation_id)
    for scope, error in ((desk.vera, Forbidden), (desk.system, Forbidden), (other.maya, NotFound)):
        with pytest.raises(error):
            await do(scope, change, written.conversation_id)
    with pytest.raises(NotFound):
        await do(desk.maya, change, new_id())
    assert await state(written.conversation_id) == before
    assert await trail(written.conversation_id) == []


async def test_reading_marks_are_each_member_s_own() -> None:
    desk, other = await make_desk(), await make_desk("Attackers")
    written = await desk.ask("One")
    await desk.ask("Two")

    async def unread(scope: Scope) -> int:
        async with open_db(scope) as db:
            return (await load_conversation(db, written.conversation_id)).unread

    await do(desk.maya, mark_read, written.conversation_id, 1)
    assert (await unread(desk.maya), await unread(desk.tom)) == (1, 2)
    await do(desk.maya, mark_read, written.conversation_id, 99)
    await do(desk.maya, mark_read, written.conversation_id, 1)
    assert await unread(desk.maya) == 0
    await desk.ask("Three")
    assert await unread(desk.maya) == 1
    await do(other.maya, mark_read, written.conversation_id, 3)
    assert len(await rows("select 1 from read_marks")) == 1


async def test_a_change_that_fails_later_leaves_nothing() -> None:
    desk = await make_desk()
    written = await desk.ask()

    async def break_off(db: Db, conversation_id: UUID) -> None:
        await take_over(db, conversation_id)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await do(desk.maya, break_off, written.conversation_id)
    assert (await state(written.conversation_id))["speaker"] == "ai"
    assert len(await thread(written.conversation_id)) == 1


async def test_a_reply_and_a_hand_back_at_once_keep_every_message_s_number() -> None:
    desk: Desk = await make_desk()
    written = await desk.ask()
    await do(desk.maya, take_over, written.conversation_id)
    await asyncio.gather(
        do(desk.maya, send_reply, written.conversation_id, "One moment."),
        do(desk.tom, hand_back, written.conversation_id),
        desk.ask("Still there?"),
        return_exceptions=True,
    )
    numbers = [seq for seq, _, _ in await thread(written.conversation_id)]
    assert numbers == list(range(1, len(numbers) + 1))


def key_of(desk: Desk, *permissions: Permission) -> Scope:
    actor = Actor(kind="api_key", id=new_id(), name="Front desk app")
    return Scope(business_id=desk.system.business_id, actor=actor, permissions=frozenset(permissions))


async def test_an_api_key_that_may_reply_closes_and_reopens_under_its_name() -> None:
    desk = await make_desk()
    written = await desk.ask()
    key = key_of(desk, Permission.VIEW, Permission.REPLY)
    await do(key, close_conversation, written.conversation_id)
    await do(key, reopen_conversation, written.conversation_id)
    assert [text for _, _, text in await thread(written.conversation_id)][1:] == [
        "Front desk app closed the conversation.",
        "Front desk app opened the conversation again.",
    ]
    for change in (take_over, hand_back):
        with pytest.raises(Forbidden):
            await do(key, change, written.conversation_id)
    with pytest.raises(Forbidden):
        await do(key_of(desk, Permission.VIEW), close_conversation, written.conversation_id)


async def test_priority_is_set_once_and_told() -> None:
    desk, other = await make_desk(), await make_desk("Attackers")
    written = await desk.ask()
    for _ in range(2):
        await do(desk.maya, set_priority, written.conversation_id, "urgent")
    assert (await state(written.conversation_id))["priority"] == "urgent"
    assert await trail(written.conversation_id) == ["conversation.prioritised"]
    with pytest.raises(Invalid):
        await do(desk.maya, set_priority, written.conversation_id, "panic")
    for scope, error in ((desk.vera, Forbidden), (other.maya, NotFound), (desk.system, Forbidden)):
        with pytest.raises(error):
            await do(scope, set_priority, written.conversation_id, "low")


def in_hours(hours: float) -> datetime:
    return clock_now() + timedelta(hours=hours)


async def test_a_snoozed_conversation_comes_back_when_its_time_has_come() -> None:
    desk = await make_desk()
    ours, ai = await desk.ask(who="ours"), await desk.ask(who="ai")
    later = await desk.ask(who="later")
    await do(desk.maya, take_over, ours.conversation_id)
    for written in (ours, ai, later):
        await do(desk.maya, snooze, written.conversation_id, in_hours(1))
    assert (await state(ours.conversation_id))["status"] == "snoozed"
    await rows(
        "update conversations set snoozed_until = now() - interval '1 second' where id <> :later returning id",
        later=later.conversation_id,
    )
    await wake_snoozed_conversations()
    await wake_snoozed_conversations()
    back = await state(ours.conversation_id)
    assert (back["status"], back["snoozed_until"], back["assignee_id"]) == ("waiting", None, desk.maya.actor.id)
    assert back["waiting_since"] is not None
    assert (await state(ai.conversation_id))["status"] == "open"
    assert (await state(later.conversation_id))["status"] == "snoozed"
    await do(desk.maya, wake, later.conversation_id)
    await do(desk.maya, wake, later.conversation_id)
    assert (await state(later.conversation_id))["status"] == "open"
    assert await trail(later.conversation_id) == ["conversation.snoozed", "conversation.woken"]


async def test_what_ends_a_snooze_ends_it_whole() -> None:
    desk = await make_desk()
    written = await desk.ask()
    for end in (take_over, close_conversation):
        await do(desk.maya, snooze, written.conversation_id, in_hours(1))
        await do(desk.maya, end, written.conversation_id)
        assert (await state(written.conversation_id))["snoozed_until"] is None
    with pytest.raises(Conflict, match="closed"):
        await do(desk.maya, snooze, written.conversation_id, in_hours(1))


async def test_who_may_not_snooze_and_until_when() -> None:
    desk, other = await make_desk(), await make_desk("Attackers")
    written = await desk.ask()
    for until in (in_hours(-1), in_hours(24 * 400), clock_now().replace(tzinfo=None)):
        with pytest.raises(Invalid):
            await do(desk.maya, snooze, written.conversation_id, until)
    for scope, error in ((desk.vera, Forbidden), (other.maya, NotFound), (desk.system, Forbidden)):
        with pytest.raises(error):
            await do(scope, snooze, written.conversation_id, in_hours(1))
    await do(other.maya, wake, written.conversation_id)
    assert await trail(written.conversation_id) == []


async def test_deleting_takes_everything_of_it_and_its_files() -> None:
    desk = await make_desk()
    ann = await make_member(desk.system, "Ann Lee", "admin")
    written, other = await desk.ask("Secret words"), await desk.ask("Stays", who="visitor-2")
    assert await answer(desk.system, written) is not None
    await do(desk.maya, add_note, written.conversation_id, "A note")
    storage_key = await put_file(desk.system.business_id, b"scan")
    await rows(
        """insert into attachments (id, business_id, customer_id, conversation_id, uploaded_by, name, media_type, size, sha256,
             storage_key, created_at)
           values (gen_random_uuid(), :business, :customer, :conversation, 'visitor:1', 'scan.png', 'image/png', 4, '', :key,
             now()) returning id""",
        business=desk.system.business_id,
        customer=written.customer_id,
        conversation=written.conversation_id,
        key=storage_key,
    )
    await do(ann, delete_conversation, written.conversation_id)

    for table in ("messages", "notes", "attachments", "receipts", "read_marks"):
        left = await rows(f"select 1 from {table} where conversation_id = :id", id=written.conversation_id)
        assert left == [], table
    assert len(await thread(other.conversation_id)) == 1
    assert await rows("select 1 from customers where id = :id", id=written.customer_id) != []
    assert await trail(written.conversation_id) == ["conversation.deleted"]
    assert "Secret" not in str(await rows("select before, after from audit_entries"))

    (job,) = await rows("select payload from outbox where name = 'DeleteFiles'")
    assert await read_file(storage_key) == b"scan"
    for _ in range(2):
        await delete_files(desk.system.business_id, DeleteFiles(**job["payload"]))
    with pytest.raises(NotFound):
        await read_file(storage_key)
    with pytest.raises(NotFound):
        await do(ann, delete_conversation, written.conversation_id)


async def test_only_who_administers_deletes() -> None:
    desk, other = await make_desk(), await make_desk("Attackers")
    written = await desk.ask()
    eve = await make_member(other.system, "Eve", "owner")
    key = key_of(desk, Permission.VIEW, Permission.REPLY)
    for scope, error in ((desk.maya, Forbidden), (desk.vera, Forbidden), (key, Forbidden), (eve, NotFound)):
        with pytest.raises(error):
            await do(scope, delete_conversation, written.conversation_id)
    await do(replace(key, permissions=key.permissions | {Permission.ADMINISTER}), delete_conversation, written.conversation_id)
    assert await rows("select 1 from conversations where id = :id", id=written.conversation_id) == []


async def test_a_question_in_flight_when_its_conversation_is_deleted_ends_quietly() -> None:
    desk = await make_desk()
    ann = await make_member(desk.system, "Ann Lee", "admin")
    for number in range(5):
        written = await desk.ask(who=f"visitor-{number}")
        recorded, _ = await asyncio.gather(
            answer(desk.system, written), do(ann, delete_conversation, written.conversation_id), return_exceptions=True
        )
        assert recorded is None or not isinstance(recorded, Exception), recorded
    assert await rows("select 1 from messages") == []
