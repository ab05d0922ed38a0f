"""The line a handed-over conversation joins."""

from datetime import timedelta

import pytest

from omni_app.conversations.answering import holds_turn, say_while_waiting
from omni_app.conversations.handling import take_over
from omni_app.conversations.waiting import ENOUGH, Queue, load_queue
from omni_app.infra.database import open_db
from omni_app.infra.ids import new_id
from tests.conversations.desk import Desk, Written, make_desk, state, thread
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")


async def wait(written: Written) -> None:
    """Let a conversation wait for a person since an hour."""
    await rows(
        """update conversations set status = 'waiting', speaker = 'human', waiting_since = now(),
             handed_over_at = now() - interval '1 hour' where id = :id returning id""",
        id=written.conversation_id,
    )


async def reply_after(written: Written, minutes: int) -> None:
    """A member of staff answered so long after the hand-over."""
    await rows(
        """with c as (update conversations set status = 'closed', last_seq = last_seq + 1 where id = :id returning *)
           insert into messages (id, business_id, conversation_id, customer_id, seq, role, text, status, sources, attachments,
             offers_person, cost_nusd, created_at)
           select gen_random_uuid(), business_id, id, customer_id, last_seq, 'staff', 'Hello', 'sent', '[]', '[]', false, 0,
             handed_over_at + cast(:wait as interval) from c returning id""",
        id=written.conversation_id,
        wait=timedelta(minutes=minutes),
    )


async def queue(desk: Desk, written: Written) -> Queue:
    async with open_db(desk.system) as db:
        return await load_queue(db, written.conversation_id, written.customer_id)


async def test_others_who_wait_for_anybody_are_before_this_one() -> None:
    desk, other = await make_desk(), await make_desk("Other")
    mine, before, taken = await desk.ask(who="a"), await desk.ask(who="b"), await desk.ask(who="c")
    for written in (mine, before, taken, await other.ask()):
        await wait(written)
    async with open_db(desk.maya) as db:
        await take_over(db, taken.conversation_id)
    assert await queue(desk, mine) == Queue(waiting=1, usual_wait=None, has_address=False)


async def test_the_usual_wait_is_the_median_of_enough_hand_overs() -> None:
    desk = await make_desk()
    for number in range(ENOUGH - 1):
        written = await desk.ask(who=f"old-{number}")
        await wait(written)
        await reply_after(written, 4 + number)
    mine = await desk.ask(who="a")
    assert (await queue(desk, mine)).usual_wait is None
    late = await desk.ask(who="late")
    await wait(late)
    await reply_after(late, 59)
    assert (await queue(desk, mine)).usual_wait == timedelta(minutes=6)


async def test_a_line_is_added_only_while_nobody_has_the_conversation() -> None:
    desk = await make_desk()
    written = await desk.ask()
    async with open_db(desk.system) as db:
        await say_while_waiting(db, written.conversation_id, "Noted.")
    await wait(written)
    async with open_db(desk.system) as db:
        await say_while_waiting(db, written.conversation_id, "Noted.")
    async with open_db(desk.maya) as db:
        await take_over(db, written.conversation_id)
    async with open_db(desk.system) as db:
        await say_while_waiting(db, written.conversation_id, "Noted again.")
    said = [(seq, text) for seq, role, text in await thread(written.conversation_id) if role == "assistant"]
    assert said == [(2, "Noted.")]
    assert (await state(written.conversation_id))["speaker"] == "human"


async def test_a_turn_is_held_until_somebody_else_speaks() -> None:
    desk, other = await make_desk(), await make_desk("Other")
    written = await desk.ask()
    assert written.turn_id is not None
    for scope, turn_id, is_held in (
        (desk.system, written.turn_id, True),
        (desk.system, new_id(), False),
        (other.system, written.turn_id, False),
    ):
        async with open_db(scope) as db:
            assert await holds_turn(db, written.conversation_id, turn_id, written.fence) is is_held
    async with open_db(desk.maya) as db:
        await take_over(db, written.conversation_id)
    async with open_db(desk.system) as db:
        assert not await holds_turn(db, written.conversation_id, written.turn_id, written.fence)
