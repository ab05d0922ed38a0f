"""Notes: written by staff, read by staff, named colleagues, kept encrypted."""

from uuid import UUID

import pytest

from omni_app.conversations.drafts import load_drafts, save_draft
from omni_app.conversations.notes import NoteView, add_note, delete_note, find_mentions, list_notes
from omni_app.conversations.visitor_thread import load_visitor_thread
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission, Scope
from tests.conversations.desk import make_desk, thread, trail, without
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")


async def note(scope: Scope, conversation_id: UUID, text: str) -> NoteView:
    async with open_db(scope) as db:
        return await add_note(db, conversation_id, text)


async def notes(scope: Scope, conversation_id: UUID) -> list[NoteView]:
    async with open_db(scope) as db:
        return await list_notes(db, conversation_id)


async def test_a_note_is_for_staff_and_never_in_the_clear() -> None:
    desk = await make_desk()
    written = await desk.ask()
    made = await note(desk.maya, written.conversation_id, "Second trays not ordered yet. @Tom please check with @vera lang.")
    assert made.mentions == (desk.tom.actor.id, desk.vera.actor.id)
    assert await notes(desk.vera, written.conversation_id) == [made]
    assert made.after_seq == 1

    (row,) = await rows("select text, mentions from notes")
    assert "trays" not in row["text"]
    assert row["mentions"] == [str(desk.tom.actor.id), str(desk.vera.actor.id)]
    assert len(await thread(written.conversation_id)) == 1
    async with open_db(desk.system) as db:
        shown = await load_visitor_thread(db, "", written.conversation_id, 0)
    assert "trays" not in str(shown)


async def test_notes_stand_where_they_were_written() -> None:
    desk = await make_desk()
    written = await desk.ask("One")
    await note(desk.maya, written.conversation_id, "After one")
    await desk.ask("Two")
    await note(desk.tom, written.conversation_id, "After two")
    assert [(item.after_seq, item.author_name, item.text) for item in await notes(desk.maya, written.conversation_id)] == [
        (1, "Maya Chen", "After one"),
        (2, "Tom Okafor", "After two"),
    ]


async def test_writing_a_note_forgets_its_draft_and_no_other() -> None:
    desk = await make_desk()
    written = await desk.ask()
    async with open_db(desk.maya) as db:
        await save_draft(db, written.conversation_id, "note", "Half a")
        await save_draft(db, written.conversation_id, "reply", "Dear")
    await note(desk.maya, written.conversation_id, "Half a note")
    async with open_db(desk.maya) as db:
        assert await load_drafts(db, written.conversation_id) == {"reply": "Dear"}


async def test_only_its_author_deletes_a_note() -> None:
    desk, other = await make_desk(), await make_desk("Attackers")
    written = await desk.ask()
    made = await note(desk.maya, written.conversation_id, "Wrong customer")
    for scope, error in ((desk.tom, Forbidden), (desk.vera, Forbidden), (other.maya, NotFound)):
        with pytest.raises(error):
            async with open_db(scope) as db:
                await delete_note(db, made.id)
    async with open_db(desk.maya) as db:
        await delete_note(db, made.id)
    assert await notes(desk.maya, written.conversation_id) == []
    assert await trail(written.conversation_id) == ["note.deleted"]
    with pytest.raises(NotFound):
        async with open_db(desk.maya) as db:
            await delete_note(db, made.id)


async def test_who_may_not() -> None:
    desk, other = await make_desk(), await make_desk("Attackers")
    written = await desk.ask()
    await note(desk.maya, written.conversation_id, "Ours")
    for scope, error in ((desk.vera, Forbidden), (desk.system, Forbidden), (other.maya, NotFound)):
        with pytest.raises(error):
            await note(scope, written.conversation_id, "Hi")
    with pytest.raises(NotFound):
        await note(desk.maya, new_id(), "Hi")
    for text in ("", " \x00 ", "x" * 8001):
        with pytest.raises(Invalid):
            await note(desk.maya, written.conversation_id, text)
    assert await notes(other.maya, written.conversation_id) == []
    with pytest.raises(Forbidden):
        await notes(without(desk.vera, Permission.VIEW), written.conversation_id)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("@Maya and @Tom", ("Maya Chen", "Tom Okafor")),
        ("@maya chen: look", ("Maya Chen",)),
        ("mail maya@chen.example", ()),
        ("@Mayas trays", ()),
        # Two people called Ann: the first name alone names nobody.
        ("@Ann look", ()),
        ("@Ann Lee look", ("Ann Lee",)),
        ("@.*", ()),
    ],
)
def test_who_is_mentioned(text: str, named: tuple[str, ...]) -> None:
    members = [(new_id(), name) for name in ("Maya Chen", "Tom Okafor", "Ann Lee", "Ann Ray")]
    names = dict(members)
    assert tuple(names[member_id] for member_id in find_mentions(text, members)) == named
