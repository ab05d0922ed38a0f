"""Labels: made by staff, worn by conversations, one of each name."""

import asyncio
from typing import Any

import pytest

from omni_app.conversations.labels import MAX_LABELS, create_label, delete_label, list_labels, set_label, update_label
from omni_app.conversations.reading import Filters, list_conversations, load_conversation
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission, Scope
from tests.conversations.desk import make_desk, make_member, without
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")


async def do(scope: Scope, change: Any, *args: Any) -> Any:
    async with open_db(scope) as db:
        return await change(db, *args)


async def test_a_label_is_made_worn_changed_and_gone() -> None:
    desk = await make_desk()
    ann = await make_member(desk.system, "Ann Lee", "admin")
    one, two = await desk.ask(who="one"), await desk.ask(who="two")
    label = await do(desk.maya, create_label, "  Billing ", "teal")
    for _ in range(2):
        await do(desk.maya, set_label, one.conversation_id, label.id, True)
    await do(ann, update_label, label.id, "Money", "amber")

    assert [(item.name, item.color, item.conversations) for item in await do(desk.vera, list_labels)] == [("Money", "amber", 1)]
    view = await do(desk.vera, load_conversation, one.conversation_id)
    assert view.labels == ({"id": str(label.id), "name": "Money", "color": "amber"},)
    async with open_db(desk.maya) as db:
        found = await list_conversations(db, "all", filters=Filters(label_id=label.id))
    assert [item.id for item in found] == [one.conversation_id]

    await do(desk.maya, set_label, one.conversation_id, label.id, False)
    await do(desk.maya, set_label, two.conversation_id, label.id, True)
    await do(ann, delete_label, label.id)
    assert await do(desk.maya, list_labels) == []
    assert (await do(desk.maya, load_conversation, two.conversation_id)).labels == ()
    actions = await rows("select action from audit_entries where subject_kind = 'label' order by created_at, id")
    assert [row["action"] for row in actions] == ["label.created", "label.updated", "label.deleted"]


async def test_one_label_of_each_name_at_once_too() -> None:
    desk = await make_desk()
    made = await asyncio.gather(
        *(do(desk.maya, create_label, name) for name in ("Urgent", "urgent", "URGENT")), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in made) == ["Conflict", "Conflict", "LabelView"]
    (label,) = await do(desk.maya, list_labels)
    ann = await make_member(desk.system, "Ann Lee", "admin")
    await do(ann, update_label, label.id, "URGENT", "red")
    other = await do(desk.maya, create_label, "Calm")
    with pytest.raises(Conflict, match="urgent"):
        await do(ann, update_label, other.id, "urgent", "red")


async def test_what_cannot_be() -> None:
    desk = await make_desk()
    for name in ("", "   ", "x" * 31, "bad\u202ename"):
        with pytest.raises(Invalid):
            await do(desk.maya, create_label, name)
    with pytest.raises(Invalid, match="Choose one of"):
        await do(desk.maya, create_label, "Fine", "url(evil)")
    await rows(
        """insert into labels (id, business_id, name, color, created_at)
           select gen_random_uuid(), :id, 'Label ' || n, 'gray', now() from generate_series(1, :most) n returning id""",
        id=desk.system.business_id,
        most=MAX_LABELS,
    )
    with pytest.raises(Invalid, match="at most 100 labels"):
        await do(desk.maya, create_label, "One more")


async def test_who_may_not() -> None:
    desk, other = await make_desk(), await make_desk("Attackers")
    written = await desk.ask()
    label, theirs = await do(desk.maya, create_label, "Ours"), await do(other.maya, create_label, "Theirs")
    eve = await make_member(other.system, "Eve", "admin")
    cases: list[tuple[Scope, Any, tuple[Any, ...], type[Exception]]] = [
        (desk.vera, create_label, ("New",), Forbidden),
        (desk.system, create_label, ("New",), Forbidden),
        (desk.vera, set_label, (written.conversation_id, label.id, True), Forbidden),
        (desk.maya, update_label, (label.id, "Mine", "red"), Forbidden),
        (desk.maya, delete_label, (label.id,), Forbidden),
        (eve, update_label, (label.id, "Mine", "red"), NotFound),
        (eve, delete_label, (label.id,), NotFound),
        (desk.maya, set_label, (written.conversation_id, theirs.id, True), NotFound),
        (other.maya, set_label, (written.conversation_id, theirs.id, True), NotFound),
        (desk.maya, set_label, (new_id(), label.id, True), NotFound),
        (without(desk.vera, Permission.VIEW), list_labels, (), Forbidden),
    ]
    for scope, change, args, error in cases:
        with pytest.raises(error):
            await do(scope, change, *args)
    assert await rows("select 1 from conversation_labels") == []
    assert [item.name for item in await do(other.maya, list_labels)] == ["Theirs"]
