"""Emojis on messages, changed words, deleted messages."""

from uuid import UUID

import pytest

from omni_app.channels.contract import Correction, Identifier, Reaction, Sender
from omni_app.conversations.reactions import DELETED, apply_correction, apply_reaction
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden
from omni_app.infra.scope import Permission
from tests.conversations.desk import make_desk, without
from tests.conversations.wires import Line, change, connect, make_line
from tests.making import rows

SENDER = Sender(identifiers=(Identifier(kind="phone", value="+16505551234"),))


async def make_known(external_id: str = "wamid.1") -> tuple[Line, UUID]:
    """A line whose customer's message has a name at the provider."""
    line = await make_line()
    (message,) = await rows("select id from messages where conversation_id = :id", id=line.conversation_id)
    await change("messages", message["id"], external_id=external_id)
    return line, message["id"]


async def react(line: Line, emoji: str, target: str = "wamid.1", connection_id: UUID | None = None) -> bool:
    async with open_db(line.desk.system) as db:
        reaction = Reaction(sender=SENDER, target_id=target, emoji=emoji)
        return await apply_reaction(db, connection_id or line.connection_id, reaction)


async def correct(line: Line, text: str | None, target: str = "wamid.1") -> bool:
    async with open_db(line.desk.system) as db:
        return await apply_correction(db, line.connection_id, Correction(sender=SENDER, target_id=target, text=text))


async def test_the_last_emoji_stands_and_an_empty_one_takes_it_off(database: object) -> None:
    line, message_id = await make_known()
    for emoji in ("👍", "👍", "🎉"):
        assert await react(line, emoji)
    assert (await line.message(message_id))["details"]["reactions"] == {"customer": "🎉"}
    assert await react(line, "")
    assert (await line.message(message_id))["details"]["reactions"] == {}


async def test_what_is_not_known_yet_is_tried_again_later(database: object) -> None:
    line, _ = await make_known()
    assert not await react(line, "👍", "wamid.unknown")
    assert not await correct(line, "x", "")


async def test_a_part_of_a_long_message_of_ours_can_be_meant(database: object) -> None:
    line, message_id = await make_known("wamid.first")
    await rows(
        """insert into deliveries (id, business_id, conversation_id, message_id, customer_id, connection_id, channel, seq, part,
             text, status, attempts, available_at, fence, provider_id, error, error_code, error_kind, cost_nusd, pricing,
             created_at)
           select gen_random_uuid(), m.business_id, m.conversation_id, m.id, m.customer_id, :connection_id, 'whatsapp', m.seq, 1,
             '', 'sent', 1, now(), 0, 'wamid.second', '', '', '', 0, '{}', now() from messages m where m.id = :id returning id""",
        id=message_id,
        connection_id=line.connection_id,
    )
    assert await react(line, "👍", "wamid.second")


async def test_another_account_or_business_reaches_nothing(database: object) -> None:
    line, message_id = await make_known()
    other = await make_desk("Other")
    elsewhere = await connect(line.desk, "Second number")
    assert not await react(line, "👍", connection_id=elsewhere)
    async with open_db(other.system) as db:
        assert not await apply_reaction(db, line.connection_id, Reaction(sender=SENDER, target_id="wamid.1", emoji="👍"))
    assert (await line.message(message_id))["details"] == {}


async def test_changed_words_keep_the_earlier_ones_for_staff(database: object) -> None:
    line, message_id = await make_known()
    assert await correct(line, "Hello there?")
    assert await correct(line, "Hello there?")
    message = await line.message(message_id)
    assert message["text"] == "Hello there?"
    assert [one["text"] for one in message["details"]["edits"]] == ["Hello?"]
    (thread,) = await rows("select last_text from conversations where id = :id", id=line.conversation_id)
    assert thread["last_text"] == "Hello there?"


async def test_a_deleted_message_stays_deleted_and_is_not_remembered(database: object) -> None:
    line, message_id = await make_known()
    assert await correct(line, None)
    assert await correct(line, "back again")
    message = await line.message(message_id)
    assert (message["text"], message["details"]["deleted_text"]) == (DELETED, "Hello?")
    assert message["embedded_at"] is not None


async def test_messages_of_ours_are_not_changed(database: object) -> None:
    line, message_id = await make_known()
    await change("messages", message_id, role="staff")
    assert await correct(line, "hacked")
    assert (await line.message(message_id))["text"] == "Hello?"


async def test_both_need_the_right_to_work_in_conversations(database: object) -> None:
    line, _ = await make_known()
    scope = without(line.desk.system, Permission.REPLY)
    with pytest.raises(Forbidden):
        async with open_db(scope) as db:
            await apply_reaction(db, line.connection_id, Reaction(sender=SENDER, target_id="wamid.1", emoji="👍"))
    with pytest.raises(Forbidden):
        async with open_db(scope) as db:
            await apply_correction(db, line.connection_id, Correction(sender=SENDER, target_id="wamid.1", text=None))
