"""Giving a conversation to a colleague: who gets it, who is told, what the customer reads and what not."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from omni_app.conversations.assignment import transfer_conversation
from omni_app.conversations.handling import close_conversation, take_over
from omni_app.conversations.notes import list_notes
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Actor, Permission, Scope
from tests.conversations.desk import Desk, make_desk, state, thread, trail

pytestmark = pytest.mark.usefixtures("database")


async def give(scope: Scope, conversation_id: UUID, to: UUID | None, reason: str = "") -> None:
    async with open_db(scope) as db:
        await transfer_conversation(db, conversation_id, to, reason)


def key_of(desk: Desk) -> Scope:
    actor = Actor(kind="api_key", id=new_id(), name="Front desk app")
    return Scope(business_id=desk.system.business_id, actor=actor, permissions=frozenset({Permission.VIEW, Permission.REPLY}))


async def test_a_colleague_gets_it_and_the_reason_stays_inside() -> None:
    desk = await make_desk()
    written = await desk.ask()
    async with open_db(desk.maya) as db:
        await take_over(db, written.conversation_id)
    await give(desk.maya, written.conversation_id, desk.tom.actor.id, "He knows the invoice")

    now = await state(written.conversation_id)
    assert (now["status"], now["speaker"], now["assignee_id"]) == ("open", "human", desk.tom.actor.id)
    assert (await thread(written.conversation_id))[-1] == (3, "system", "Tom Okafor looks after this conversation now.")
    assert not any("invoice" in text for _, _, text in await thread(written.conversation_id))
    async with open_db(desk.tom) as db:
        (note,) = await list_notes(db, written.conversation_id)
    assert (note.author_name, note.text) == ("Maya Chen", "Transferred to Tom Okafor: He knows the invoice")
    assert await trail(written.conversation_id) == ["conversation.taken_over", "conversation.transferred"]


async def test_what_the_ai_had_waits_for_the_person_who_gets_it() -> None:
    desk = await make_desk()
    written = await desk.ask()
    assert written.turn_id is not None
    await give(desk.maya, written.conversation_id, desk.tom.actor.id)
    now = await state(written.conversation_id)
    assert (now["status"], now["speaker"], now["assignee_id"], now["lease_holder"]) == (
        "waiting",
        "human",
        desk.tom.actor.id,
        None,
    )
    assert now["waiting_since"] is not None


async def test_giving_it_to_nobody_lets_the_team_see_it() -> None:
    desk = await make_desk()
    written = await desk.ask()
    async with open_db(desk.maya) as db:
        await take_over(db, written.conversation_id)
    await give(desk.maya, written.conversation_id, None)
    now = await state(written.conversation_id)
    assert (now["status"], now["speaker"], now["assignee_id"]) == ("waiting", "human", None)
    assert (await thread(written.conversation_id))[-1][2] == "The team looks after this conversation now."


async def test_giving_it_to_who_has_it_changes_nothing() -> None:
    desk = await make_desk()
    written = await desk.ask()
    async with open_db(desk.maya) as db:
        await take_over(db, written.conversation_id)
    await give(desk.tom, written.conversation_id, desk.maya.actor.id)
    assert len(await thread(written.conversation_id)) == 2
    assert await trail(written.conversation_id) == ["conversation.taken_over"]


async def test_an_api_key_may_transfer_under_its_name() -> None:
    desk = await make_desk()
    written = await desk.ask()
    await give(key_of(desk), written.conversation_id, desk.maya.actor.id, "Asked by phone")
    assert (await state(written.conversation_id))["assignee_id"] == desk.maya.actor.id
    async with open_db(desk.maya) as db:
        (note,) = await list_notes(db, written.conversation_id)
    assert (note.author_id, note.author_name) == (None, "Front desk app")


async def test_two_transfers_at_once_come_one_after_the_other() -> None:
    desk = await make_desk()
    written = await desk.ask()
    await asyncio.gather(
        give(desk.maya, written.conversation_id, desk.tom.actor.id), give(desk.tom, written.conversation_id, desk.maya.actor.id)
    )
    numbers = [seq for seq, _, _ in await thread(written.conversation_id)]
    assert numbers == [1, 2, 3]
    last = (await thread(written.conversation_id))[-1][2]
    winner = desk.tom if "Tom" in last else desk.maya
    assert (await state(written.conversation_id))["assignee_id"] == winner.actor.id


async def test_who_may_not_and_what_cannot_be() -> None:
    desk, other = await make_desk(), await make_desk("Attackers")
    written = await desk.ask()
    before = await state(written.conversation_id)
    tom = desk.tom.actor.id
    cases: list[tuple[Scope, UUID | None, type[Exception]]] = [
        (desk.vera, tom, Forbidden),
        (desk.system, tom, Forbidden),
        (replace(key_of(desk), permissions=frozenset({Permission.VIEW})), tom, Forbidden),
        (other.maya, other.tom.actor.id, NotFound),
        (desk.maya, other.tom.actor.id, NotFound),
        (desk.maya, desk.vera.actor.id, Invalid),
    ]
    for scope, to, error in cases:
        with pytest.raises(error):
            await give(scope, written.conversation_id, to)
    with pytest.raises(Invalid, match="at most 500"):
        await give(desk.maya, written.conversation_id, tom, "x" * 501)
    assert await state(written.conversation_id) == before
    async with open_db(desk.maya) as db:
        await close_conversation(db, written.conversation_id)
    with pytest.raises(Conflict, match="closed"):
        await give(desk.maya, written.conversation_id, tom)
