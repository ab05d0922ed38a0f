"""Notes about a customer."""

from uuid import UUID, uuid4

import pytest

from omni_app.customers.notes import add_note, delete_note, list_notes
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound
from omni_app.infra.scope import Scope
from tests.conversations.desk import make_desk, make_member
from tests.customers.crowd import make_customer
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")


async def write(scope: Scope, customer_id: UUID, note: str) -> UUID:
    async with open_db(scope) as db:
        return await add_note(db, customer_id, note)


async def read(scope: Scope, customer_id: UUID) -> list[tuple[str, str, bool]]:
    async with open_db(scope) as db:
        return [(note.author_name, note.text, note.is_mine) for note in await list_notes(db, customer_id)]


async def test_a_note_is_read_by_the_team_and_by_nobody_in_the_rows() -> None:
    desk = await make_desk()
    ann = await make_customer(desk.system, "ann@example.com")
    await write(desk.maya, ann, "Afraid of needles.\nCall before noon.")
    await write(desk.tom, ann, "Moved.")
    assert await read(desk.maya, ann) == [
        ("Tom Okafor", "Moved.", False),
        ("Maya Chen", "Afraid of needles.\nCall before noon.", True),
    ]
    assert "needles" not in str(await rows("select * from customer_notes")) + str(await rows("select * from audit_entries"))


async def test_a_note_is_removed_by_its_author_or_an_admin() -> None:
    desk = await make_desk()
    ann = await make_customer(desk.system, "ann@example.com")
    first, second = await write(desk.maya, ann, "One"), await write(desk.maya, ann, "Two")
    with pytest.raises(Forbidden):
        async with open_db(desk.tom) as db:
            await delete_note(db, first)
    async with open_db(desk.maya) as db:
        await delete_note(db, first)
    async with open_db(await make_member(desk.system, "Ada", "admin")) as db:
        await delete_note(db, second)
    assert await read(desk.maya, ann) == []


@pytest.mark.parametrize("note", ["", " \n ", "x" * 4001, "a\x00b", "\ud800"])
async def test_a_wrong_note_names_its_field(note: str) -> None:
    desk = await make_desk()
    ann = await make_customer(desk.system, "ann@example.com")
    with pytest.raises(Invalid) as caught:
        await write(desk.maya, ann, note)
    assert caught.value.fields[0].field == "note"


async def test_who_may_not_write_and_what_is_not_there() -> None:
    desk, other = await make_desk(), await make_desk("Other")
    ann, shell = await make_customer(desk.system, "a@example.com"), await make_customer(desk.system, "b@example.com")
    await rows("update customers set merged_into_id = :into where id = :id returning id", into=ann, id=shell)
    note = await write(desk.maya, ann, "Ours")
    for scope, customer_id, kind in (
        (desk.vera, ann, Forbidden),
        (other.maya, ann, NotFound),
        (desk.maya, uuid4(), NotFound),
        (desk.maya, shell, Conflict),
    ):
        with pytest.raises(kind):
            await write(scope, customer_id, "x")
    with pytest.raises(NotFound):
        async with open_db(other.maya) as db:
            await delete_note(db, note)
    assert await read(other.maya, ann) == []
    assert [text for _, text, _ in await read(desk.vera, ann)] == ["Ours"]
