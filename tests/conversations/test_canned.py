"""Canned answers: shortcuts, variables, and two people who save the same one."""

import asyncio
from typing import Any

import pytest

from omni_app.conversations.canned import (
    create_canned,
    delete_canned,
    list_canned,
    list_rendered,
    load_canned,
    render,
    update_canned,
    values_of,
)
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope
from tests.conversations.desk import Desk, make_desk, make_member
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")

TEXT = "Hello {{customer.first_name}}, {{agent.name}} of {{business.name}} here about {{ conversation.subject }}."


async def do(scope: Scope, change: Any, *args: Any) -> Any:
    async with open_db(scope) as db:
        return await change(db, *args)


async def with_admin() -> tuple[Desk, Scope]:
    desk = await make_desk()
    return desk, await make_member(desk.system, "Ann Lee", "admin")


async def test_an_answer_is_written_changed_and_gone() -> None:
    desk, ann = await with_admin()
    made = await do(ann, create_canned, "/Deposit", "Deposit rules", "It is $150.")
    assert (made.shortcut, made.version) == ("deposit", 1)
    changed = await do(ann, update_canned, made.id, 1, "deposit", "Deposit rules", "It is $160.")
    assert changed.version == 2
    assert (await do(desk.vera, load_canned, made.id)).text == "It is $160."
    await do(ann, delete_canned, made.id)
    assert await do(desk.maya, list_canned) == []
    actions = await rows("select action from audit_entries where subject_kind = 'canned_answer' order by created_at, id")
    assert [row["action"] for row in actions] == ["canned.created", "canned.updated", "canned.deleted"]


async def test_variables_are_filled_in_for_the_customer_at_hand() -> None:
    desk, ann = await with_admin()
    await do(ann, create_canned, "hello", "Hello", TEXT)
    sofia, stranger = await desk.ask(who="sofia", name="Sofia Marin"), await desk.ask(who="stranger")
    (shown,) = await do(desk.maya, list_rendered, sofia.conversation_id)
    assert shown.text == "Hello Sofia, Maya Chen of Harbour Dental here about your question."
    (shown,) = await do(desk.maya, list_rendered, stranger.conversation_id)
    assert shown.text.startswith("Hello there, Maya Chen")


def test_a_name_that_looks_like_a_variable_stays_a_name() -> None:
    values = values_of("{{business.name}} Smith", "Maya", "Harbour Dental", "")
    assert render("Hi {{customer.first_name}}!", values) == "Hi {{business.name}}!"


async def test_the_second_of_two_who_save_is_told() -> None:
    _, ann = await with_admin()
    made = await do(ann, create_canned, "hours", "Hours", "Nine to five.")
    outcomes = await asyncio.gather(
        *(do(ann, update_canned, made.id, 1, "hours", "Hours", text) for text in ("Ten to five.", "Nine to six.")),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["CannedView", "Conflict"]
    assert (await do(ann, load_canned, made.id)).version == 2


async def test_a_shortcut_belongs_to_one_answer() -> None:
    _, ann = await with_admin()
    made = await do(ann, create_canned, "call", "Offer a call", "Shall we call?")
    other = await do(ann, create_canned, "visit", "Offer a visit", "Come by.")
    with pytest.raises(Invalid, match="/call is in use") as raised:
        await do(ann, create_canned, "CALL", "Again", "Again")
    assert raised.value.fields[0].field == "shortcut"
    with pytest.raises(Invalid, match="/call is in use"):
        await do(ann, update_canned, other.id, 1, "call", "Offer a visit", "Come by.")
    assert {item.shortcut for item in await do(ann, list_canned)} == {"call", "visit"}
    assert (await do(ann, load_canned, made.id)).text == "Shall we call?"


@pytest.mark.parametrize(
    ("shortcut", "title", "text", "fields"),
    [
        ("", "", "", ["shortcut", "title", "text"]),
        ("two words", "Fine", "Fine", ["shortcut"]),
        ("é", "Fine", "Fine", ["shortcut"]),
        ("x" * 33, "y" * 81, "z" * 4001, ["shortcut", "title", "text"]),
        ("fine", "Fine", "Hello {{customer.phone}}", ["text"]),
        ("fine", "Fine", "Hello {{}}", ["text"]),
    ],
)
async def test_what_cannot_be(shortcut: str, title: str, text: str, fields: list[str]) -> None:
    _, ann = await with_admin()
    with pytest.raises(Invalid) as raised:
        await do(ann, create_canned, shortcut, title, text)
    assert [item.field for item in raised.value.fields] == fields


async def test_an_unknown_variable_is_named() -> None:
    _, ann = await with_admin()
    with pytest.raises(Invalid, match=r"There is no variable \{\{customer\.phone\}\}"):
        await do(ann, create_canned, "fine", "Fine", "Hello {{ customer.phone }}")


async def test_who_may_not() -> None:
    desk, ann = await with_admin()
    other = await make_desk("Attackers")
    eve = await make_member(other.system, "Eve", "admin")
    made = await do(ann, create_canned, "ours", "Ours", "Ours")
    written = await desk.ask()
    cases: list[tuple[Scope, Any, tuple[Any, ...], type[Exception]]] = [
        (desk.maya, create_canned, ("new", "New", "New"), Forbidden),
        (desk.maya, update_canned, (made.id, 1, "new", "New", "New"), Forbidden),
        (desk.maya, delete_canned, (made.id,), Forbidden),
        (eve, load_canned, (made.id,), NotFound),
        (eve, update_canned, (made.id, 1, "new", "New", "New"), NotFound),
        (eve, delete_canned, (made.id,), NotFound),
        (eve, list_rendered, (written.conversation_id,), NotFound),
        (ann, load_canned, (new_id(),), NotFound),
    ]
    for scope, change, args, error in cases:
        with pytest.raises(error):
            await do(scope, change, *args)
    assert await do(eve, list_canned) == []
    # The same shortcut in another business is another answer.
    assert (await do(eve, create_canned, "ours", "Theirs", "Theirs")).shortcut == "ours"


async def test_a_stale_version_is_a_conflict_not_a_loss() -> None:
    _, ann = await with_admin()
    made = await do(ann, create_canned, "hours", "Hours", "Nine to five.")
    with pytest.raises(Conflict, match="Somebody changed"):
        await do(ann, update_canned, made.id, 7, "hours", "Hours", "Gone?")
    assert (await do(ann, load_canned, made.id)).text == "Nine to five."
