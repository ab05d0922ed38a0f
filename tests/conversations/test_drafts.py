"""Drafts: each member's own, one for replies and one for notes, gone once sent."""

import asyncio
from typing import Any

import pytest

from omni_app.conversations.drafts import clear_draft, load_drafts, save_draft
from omni_app.conversations.reading import load_conversation
from omni_app.conversations.sending import send_reply
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope
from tests.conversations.desk import make_desk

pytestmark = pytest.mark.usefixtures("database")


async def do(scope: Scope, change: Any, *args: Any) -> Any:
    async with open_db(scope) as db:
        return await change(db, *args)


async def test_a_draft_is_its_member_s_own() -> None:
    desk = await make_desk()
    written = await desk.ask()
    await do(desk.maya, save_draft, written.conversation_id, "reply", "Dear Sofia,\n")
    await do(desk.maya, save_draft, written.conversation_id, "note", "Ask Tom")
    await do(desk.maya, save_draft, written.conversation_id, "reply", "Dear Sofia,\nyour")
    assert await do(desk.maya, load_drafts, written.conversation_id) == {"reply": "Dear Sofia,\nyour", "note": "Ask Tom"}
    assert await do(desk.tom, load_drafts, written.conversation_id) == {}
    assert (await do(desk.maya, load_conversation, written.conversation_id)).has_draft
    assert not (await do(desk.tom, load_conversation, written.conversation_id)).has_draft

    await do(desk.maya, save_draft, written.conversation_id, "note", "   ")
    await do(desk.maya, clear_draft, written.conversation_id)
    assert await do(desk.maya, load_drafts, written.conversation_id) == {}


async def test_sending_forgets_the_draft() -> None:
    desk = await make_desk()
    written = await desk.ask()
    await do(desk.maya, save_draft, written.conversation_id, "reply", "Hello")
    await do(desk.maya, save_draft, written.conversation_id, "note", "Ask Tom")
    await do(desk.maya, send_reply, written.conversation_id, "Hello there")
    assert await do(desk.maya, load_drafts, written.conversation_id) == {"note": "Ask Tom"}


async def test_two_tabs_that_save_at_once_keep_one() -> None:
    desk = await make_desk()
    written = await desk.ask()
    texts = [f"Version {number}" for number in range(6)]
    await asyncio.gather(*(do(desk.maya, save_draft, written.conversation_id, "reply", text) for text in texts))
    assert (await do(desk.maya, load_drafts, written.conversation_id))["reply"] in texts


async def test_who_may_not_and_what_cannot_be() -> None:
    desk, other = await make_desk(), await make_desk("Attackers")
    written = await desk.ask()
    for scope, error in ((desk.vera, Forbidden), (desk.system, Forbidden), (other.maya, NotFound)):
        with pytest.raises(error):
            await do(scope, save_draft, written.conversation_id, "reply", "Hi")
    with pytest.raises(NotFound):
        await do(desk.maya, save_draft, new_id(), "reply", "Hi")
    with pytest.raises(Invalid):
        await do(desk.maya, save_draft, written.conversation_id, "poem", "Hi")
    with pytest.raises(Invalid, match="20,000"):
        await do(desk.maya, save_draft, written.conversation_id, "reply", "x" * 20_001)
    assert await do(desk.system, load_drafts, written.conversation_id) == {}
