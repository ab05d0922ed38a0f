"""Finding conversations by a name, some words, an address, a label, an id; and nobody else's."""

from typing import Any
from uuid import UUID

import pytest

from omni_app.conversations.labels import create_label, set_label
from omni_app.conversations.searching import Found, escape_like, search_conversations
from omni_app.customers.addresses import Address
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid
from omni_app.infra.scope import Permission, Scope
from omni_app.orchestrator.turn import receive
from tests.conversations.desk import Desk, make_desk, without
from tests.making import inbound, rows

pytestmark = pytest.mark.usefixtures("database")


async def search(scope: Scope, query: str) -> list[Found]:
    async with open_db(scope) as db:
        return await search_conversations(db, query)


async def found(scope: Scope, query: str) -> list[UUID]:
    return [item.conversation.id for item in await search(scope, query)]


async def ask_from(desk: Desk, address: Address, text: str = "Hello?", **values: Any) -> UUID:
    message = inbound(text, client_id=None, **values)
    received, _ = await receive(desk.system, type(message)(channel="email", address=address, text=text))
    return received.conversation_id


async def test_words_are_found_and_shown_in_their_place() -> None:
    desk = await make_desk()
    written = await desk.ask("I paid a deposit of 100% for the Invisalign_trays last week, what happens with it now?", who="a")
    await desk.ask("Something else", who="b", name="Omar Haddad")
    (hit,) = await search(desk.vera, "DEPOSIT")
    assert (hit.conversation.id, hit.matched, hit.hit) == (written.conversation_id, "message", "deposit")
    assert hit.before == "I paid a "
    assert hit.after.startswith(" of 100%")
    assert await found(desk.maya, "100%") == [written.conversation_id]
    assert await found(desk.maya, "h_o") == []
    assert await found(desk.maya, "invisalign_tr") == [written.conversation_id]
    assert [hit.matched for hit in await search(desk.maya, "haddad")] == ["name"]


async def test_newest_first_and_each_conversation_once() -> None:
    desk = await make_desk()
    one, two = await desk.ask("My tooth hurts", who="a", name="Tooth Fairy"), await desk.ask("The tooth again", who="b")
    await desk.ask("tooth tooth", who="a")
    hits = await search(desk.maya, "tooth")
    assert [(hit.conversation.id, hit.matched) for hit in hits] == [
        (one.conversation_id, "name"),
        (two.conversation_id, "message"),
    ]


async def test_addresses_are_found_whole_or_by_their_end() -> None:
    desk = await make_desk()
    mail = await ask_from(desk, Address(kind="email", channel="", value="sofia@harbour.example"))
    phone = await ask_from(desk, Address(kind="phone", channel="", value="+19025550148"))
    assert await found(desk.maya, "Sofia@Harbour.example") == [mail]
    assert await found(desk.maya, "+1 (902) 555-0148") == [phone]
    assert await found(desk.maya, "0148") == [phone]
    assert await found(desk.maya, "harbour.example") == [mail]
    assert await found(desk.maya, "@harbour.example") == [mail]
    assert await found(desk.maya, "sofi@harbour.example") == []
    await rows("update contact_points set proof = 'claimed' where kind = 'email' returning id")
    assert await found(desk.maya, "sofia@harbour.example") == [mail]


async def test_labels_and_ids_are_found() -> None:
    desk = await make_desk()
    written = await desk.ask()
    async with open_db(desk.maya) as db:
        label = await create_label(db, "Refunds")
        await set_label(db, written.conversation_id, label.id, True)
    (hit,) = await search(desk.maya, "refund")
    assert (hit.conversation.id, hit.matched, hit.hit) == (written.conversation_id, "label", "Refund")
    assert await found(desk.maya, str(written.conversation_id)) == [written.conversation_id]


async def test_another_business_s_are_never_found() -> None:
    desk, other = await make_desk(), await make_desk("Attackers")
    written = await desk.ask("Secret words", name="Sofia Marin")
    for query in ("secret", "Sofia", str(written.conversation_id)):
        assert await found(other.maya, query) == []
        assert await found(desk.maya, query) == [written.conversation_id]


@pytest.mark.parametrize("query", ["", " a ", "x" * 201, "\x00"])
async def test_too_little_and_too_much_is_said(query: str) -> None:
    desk = await make_desk()
    with pytest.raises(Invalid):
        await search(desk.maya, query)


@pytest.mark.parametrize("query", ["' or 1=1 --", "%%", "\\\\", "\ud800\ud800", "{}", "٠٠٠٠", "İstanbul", "....", "@@"])
async def test_odd_words_find_nothing_and_break_nothing(query: str) -> None:
    desk = await make_desk()
    await desk.ask("Hello")
    assert await found(desk.maya, query) == []


async def test_who_may_not() -> None:
    desk = await make_desk()
    with pytest.raises(Forbidden):
        await search(without(desk.vera, Permission.VIEW), "hello")


def test_like_takes_words_literally() -> None:
    assert escape_like(r"50%_\ ") == r"50\%\_\\ "
