"""Staff put an emoji on a customer's message: over the line every message takes, and not outside the reply window."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from omni_app.channels.failures import Refused, Uncertain
from omni_app.conversations.delivery import retry_delivery
from omni_app.conversations.reacting import check_emoji, react
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound
from omni_app.infra.scope import Permission
from tests.channels.whatsapp.line import CUSTOMER, WhatsAppLine, open_whatsapp
from tests.conversations.wires import Act, Line, due_now, ledger, make_line
from tests.harness.simulator import Sandbox
from tests.making import rows


@pytest.fixture
async def line(database: object, sandbox: Sandbox) -> AsyncIterator[WhatsAppLine]:
    async with open_whatsapp(sandbox, answers=False) as opened:
        yield opened


async def put(line: WhatsAppLine, emoji: str) -> dict[str, Any]:
    """Maya reacts and it goes out; gives the customer's message as stored."""
    (asked,) = await line.messages("customer")
    async with open_db(line.staff) as db:
        await react(db, asked["id"], emoji)
    await line.work()
    (asked,) = await line.messages("customer")
    return asked


async def test_an_emoji_goes_out_is_followed_and_taken_back(line: WhatsAppLine) -> None:
    asked_id = await line.says("My cat is well again!")
    before = await line.conversation()
    asked = await put(line, "❤️")
    (taken,) = [one for one in await line.number.outbox() if one["kind"] == "reaction"]
    assert taken["detail"]["reaction"] == {"message_id": asked_id, "emoji": "❤️"}
    assert "context" not in taken["detail"]
    assert asked["details"]["reactions"] == {"staff": "❤️"}
    assert (asked["details"]["reaction"]["status"], asked["details"]["reaction"]["by"]) == ("sent", "Maya Chen")
    # The message itself stays the customer's, and an emoji takes no conversation over.
    assert (asked["status"], asked["problem"], asked["external_id"]) == ("delivered", "", asked_id)
    assert await line.conversation() == before
    await line.number.status(taken["id"], "read")
    await line.hear()
    (asked,) = await line.messages("customer")
    assert asked["details"]["reaction"]["status"] == "read"
    await put(line, "❤️")
    assert len([one for one in await line.number.outbox() if one["kind"] == "reaction"]) == 1
    asked = await put(line, "")
    last = (await line.number.outbox())[-1]
    assert last["detail"]["reaction"] == {"message_id": asked_id, "emoji": ""}
    assert (asked["details"]["reactions"], asked["details"]["reaction"]["status"]) == ({}, "sent")
    # A status of the first that comes late says nothing about the newest.
    await line.number.status(taken["id"], "read")
    await line.hear()
    (asked,) = await line.messages("customer")
    assert asked["details"]["reaction"]["status"] == "sent"


async def test_a_reaction_costs_nothing_and_is_no_message(line: WhatsAppLine) -> None:
    await line.says("My cat is well again!")
    messages, spent = len(await line.messages()), await rows("select count(*) as held from reservations")
    await put(line, "🙏")
    assert len(await line.messages()) == messages
    assert await rows("select count(*) as held from reservations") == spent
    (asked,) = await line.messages("customer")
    with pytest.raises(NotFound):
        async with open_db(line.staff) as db:
            await retry_delivery(db, asked["id"])


async def test_after_a_day_a_reaction_is_refused_with_its_reason(line: WhatsAppLine) -> None:
    await line.says("My cat is well again!")
    # Only the provider knows: its words stand at the message.
    await line.number.contact(CUSTOMER, window="closed")
    asked = await put(line, "👍")
    assert asked["details"]["reaction"]["status"] == "failed"
    assert "24 hours" in asked["details"]["reaction"]["problem"]
    await rows("update messages set sent_at = sent_at - interval '2 days' returning id")
    with pytest.raises(Conflict, match="too old for a reaction"):
        async with open_db(line.staff) as db:
            await react(db, asked["id"], "👍")


async def reacting(*acts: Act) -> tuple[Line, Any]:
    """A customer's message the provider knows, and the line it came by."""
    line = await make_line(*acts)
    (asked,) = await rows(
        "update messages set external_id = 'wamid.in' where conversation_id = :id returning id", id=line.conversation_id
    )
    return line, asked["id"]


async def reaction_of(message_id: Any) -> dict[str, Any]:
    (asked,) = await rows("select details from messages where id = :id", id=message_id)
    return dict(asked["details"]["reaction"])


@pytest.mark.usefixtures("database")
async def test_one_that_has_not_left_is_dropped_for_the_next() -> None:
    line, asked = await reacting()
    for emoji in ("👍", "😂", "🙏"):
        async with open_db(line.desk.maya) as db:
            await react(db, asked, emoji)
    await line.deliver()
    assert [(one.answers_id, one.reaction, one.text) for one in line.provider.taken] == [("wamid.in", "🙏", "")]
    assert [row["status"] for row in await line.parts()] == ["sent"]


@pytest.mark.usefixtures("database")
async def test_one_nobody_answered_for_goes_again_because_twice_is_once() -> None:
    line, asked = await reacting(Uncertain("The connection broke."))
    async with open_db(line.desk.maya) as db:
        await react(db, asked, "👍")
    await line.deliver()
    assert (await reaction_of(asked))["status"] == "queued"
    await due_now(line)
    await line.deliver()
    assert ((await reaction_of(asked))["status"], [one.reaction for one in line.provider.taken]) == ("sent", ["👍"])
    assert await ledger(line) == []


@pytest.mark.usefixtures("database")
async def test_one_that_was_refused_may_be_tried_anew() -> None:
    line, asked = await reacting(Refused("No.", kind="content"))
    async with open_db(line.desk.maya) as db:
        await react(db, asked, "👍")
    await line.deliver()
    found = await reaction_of(asked)
    assert (found["status"], found["problem"]) == ("failed", "No.")
    async with open_db(line.desk.maya) as db:
        await react(db, asked, "👍")
    await line.deliver()
    assert (await reaction_of(asked))["status"] == "sent"


@pytest.mark.usefixtures("database")
async def test_only_staff_react_only_to_customers_and_only_where_the_channel_can() -> None:
    line, asked = await reacting()
    with pytest.raises(Forbidden):
        async with open_db(replace(line.desk.maya, permissions=frozenset({Permission.VIEW}))) as db:
            await react(db, asked, "👍")
    with pytest.raises(Invalid):
        async with open_db(line.desk.maya) as db:
            await react(db, asked, "ok")
    await rows("update messages set external_id = null where id = :id returning id", id=asked)
    with pytest.raises(Conflict, match="no reactions on this channel"):
        async with open_db(line.desk.maya) as db:
            await react(db, asked, "👍")


def test_one_emoji_is_one_emoji() -> None:
    for emoji in ("👍", "👍🏽", "❤️", "👩‍⚕️", "🇩🇪", "☕", ""):
        assert check_emoji(f" {emoji} ") == emoji
    for odd in ("👍👍", "ok", "a", "1", "👍 ❤️", "<b>", "🇩🇪🇫🇷", "❤️" * 20):
        with pytest.raises(Invalid):
            check_emoji(odd)
