"""Documents: who may add them, what is refused in which words, and how two editors notice each other."""

import asyncio

import pytest

from omni_app.infra import storage
from omni_app.infra.background import finish_tasks
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.live import subscribe
from omni_app.infra.scope import Permission, Scope, system_scope
from omni_app.knowledge.documents import (
    MAX_TITLE,
    add_document,
    delete_document,
    list_documents,
    load_document,
    load_view,
    prepare_text,
    prepare_upload,
    rename_document,
    replace_document,
    retry_document,
)
from omni_app.knowledge.reading.bounds import MAX_BYTES, MAX_CHARACTERS
from omni_app.tenancy.plans import PLANS
from tests.knowledge.paper import VISIT, add_ready, add_text, make_bomb, make_docx, make_zip, work
from tests.making import count, make_business, rows

pytestmark = pytest.mark.usefixtures("database")


async def business() -> Scope:
    return (await make_business(faqs=())).scope


async def versions(scope: Scope) -> tuple[int, int]:
    row = (await rows("select documents_version d, knowledge_version k from businesses where id = :id", id=scope.business_id))[0]
    return row["d"], row["k"]


async def test_a_pasted_text_becomes_passages_that_are_spans_of_it() -> None:
    scope = await business()
    before = await versions(scope)
    view = await add_text(scope)
    assert (view.status, view.kind, view.title, view.is_serving) == ("waiting", "markdown", "Your visit", False)
    document = await work(scope, view)
    assert (document.view.status, document.view.passages_done) == ("ready", document.view.passages)
    assert document.view.is_serving
    assert len(document.passages) == document.view.passages > 4
    stored = {row["id"]: row["text"] for row in await rows("select id, text from passages")}
    for passage in document.passages:
        assert document.text[passage.start : passage.end] == stored[passage.id]
    after = await versions(scope)
    assert after[0] > before[0]
    assert after[1] > before[1]
    assert [row["action"] for row in await rows("select action from audit_entries where subject_kind = 'document'")] == [
        "document.added"
    ]


async def test_an_upload_is_named_after_its_file() -> None:
    scope = await business()
    view = await add_document(scope, prepare_upload(make_docx(), "C:\\Docs\\price_list 2026.docx"))
    assert (view.title, view.kind, view.file_name) == ("price list 2026", "docx", "C:\\Docs\\price_list 2026.docx")
    document = await work(scope, view)
    assert document.view.status == "ready"
    assert "Treatment: Crown\nPrice: $900" in document.text


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "a.pdf", "This file is empty."),
        (b" \r\n\x00\x00", "a.txt", "This file is empty."),
        (b"\x89PNG\r\n\x1a\n" + bytes(300), "leaflet.pdf", "This is a picture."),
        (b"MZ" + bytes(range(256)) * 20, "leaflet.txt", "This is no document Omni can read."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old.doc", "password-protected Office file"),
        (b"{\\rtf1 hello}", "x.rtf", "RTF"),
        (b"PK\x03\x04 not a zip at all", "x.docx", "damaged"),
        (make_zip(**{"xl/workbook.xml": b"<x/>"}), "x.xlsx", "Save it as CSV"),
        (make_zip(**{"a.txt": b"hello"}), "x.zip", "This is an archive."),
        (b"a" * (MAX_BYTES + 1), "x.txt", "larger than 20 MB"),
    ],
)
async def test_a_file_that_is_no_document_is_refused_in_words(data: bytes, name: str, words: str) -> None:
    with pytest.raises(Invalid, match=words) as caught:
        prepare_upload(data, name)
    assert caught.value.fields[0].field == "file"


async def test_a_zip_bomb_is_not_opened() -> None:
    bomb = make_bomb()
    assert len(bomb) < 1_000_000
    with pytest.raises(Invalid, match="would unpack to far more"):
        prepare_upload(bomb, "prices.docx")


@pytest.mark.parametrize(
    ("title", "text", "field"),
    [
        ("", "Some text.", "title"),
        ("x" * (MAX_TITLE + 1), "Some text.", "title"),
        ("Title", " \n ", "text"),
        ("Title", "… — …", "text"),
        ("Title", "a" * (MAX_CHARACTERS + 1), "text"),
        ("Title", "\ufffd\ufffd\ufffdabc" * 50, "text"),
    ],
)
async def test_what_is_pasted_is_checked(title: str, text: str, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        prepare_text(title, text)
    assert caught.value.fields[0].field == field


async def test_a_name_of_five_hundred_characters_is_cut() -> None:
    prepared = prepare_upload(b"Some text.", "n" * 500 + ".txt")
    assert len(prepared.title) <= MAX_TITLE
    assert len(prepared.file_name) == 255


async def test_the_same_document_twice_is_told_and_only_one_file_stays() -> None:
    scope = await business()
    await add_text(scope)
    with pytest.raises(Conflict, match="there already, as “Your visit”"):
        await add_text(scope, title="Another name")
    results = await asyncio.gather(*(add_text(scope, "Twins race here.", f"Twin {n}") for n in range(4)), return_exceptions=True)
    assert sum(isinstance(result, Conflict) for result in results) == 3
    assert await count("documents") == 2
    # Another business may hold the same text.
    await add_text(await business())
    keys = {row["storage_key"] for row in await rows("select storage_key from documents")}
    assert len(keys) == 3
    for key in keys:
        assert await storage.read_file(key)


async def test_there_are_as_many_documents_as_the_plan_has_room_for() -> None:
    scope = await business()
    await add_text(scope)
    from omni_app.infra.database import system_db

    async with system_db("test: many documents") as db:
        await db.execute(
            """insert into documents (id, business_id, title, kind, file_name, size, sha256, storage_key, status, problem, text,
                 next_text, edition, served_edition, passages, passages_done, version, created_by, created_at, updated_at)
               select gen_random_uuid(), business_id, 'Copy', kind, '', 1, 'x' || n, '', 'ready', '', '', '', 1, 1, 0, 0, 1, '',
                 created_at, updated_at from documents, generate_series(2, :most) n""",
            {"most": PLANS["starter"].documents},
        )
    with pytest.raises(Conflict, match="Your plan Starter has room for 100 documents"):
        await add_text(scope, "One more text.")


async def test_two_people_who_change_the_same_document_notice_each_other() -> None:
    scope = await business()
    document = await add_ready(scope)

    async def rename(title: str) -> None:
        async with open_db(scope) as db:
            await rename_document(db, document.view.id, title, document.view.version)

    results = await asyncio.gather(rename("Mine"), rename("Theirs"), return_exceptions=True)
    refused = [result for result in results if isinstance(result, Conflict)]
    assert len(refused) == 1
    async with open_db(scope) as db:
        now = await load_view(db, document.view.id)
    assert f"“{now.title}”" in str(refused[0])
    with pytest.raises(Conflict):
        await replace_document(scope, document.view.id, prepare_text("x", "New text."), document.view.version)


async def test_the_old_text_answers_until_the_new_one_is_ready() -> None:
    scope = await business()
    old = await add_ready(scope)
    replaced = await replace_document(
        scope, old.view.id, prepare_text("ignored", "# New\n\nParking costs $5 now."), old.view.version
    )
    assert (replaced.status, replaced.title, replaced.is_serving) == ("waiting", "Your visit", True)
    async with open_db(scope) as db:
        assert (await load_document(db, old.view.id)).text == old.text
    new = await work(scope, replaced)
    assert new.text == "New\n\nParking costs $5 now."
    assert await count("passages") == len(new.passages) == 1
    jobs = await rows("select payload from outbox where name = 'DeleteFile'")
    assert len(jobs) == 1


async def test_a_new_text_that_cannot_be_read_leaves_the_old_one_in_service() -> None:
    scope = await business()
    old = await add_ready(scope)
    broken = await replace_document(scope, old.view.id, prepare_upload(b"%PDF-1.7 nothing", "new.pdf"), old.view.version)
    after = await work(scope, broken)
    assert after.view.status == "failed"
    assert "damaged" in after.view.problem
    assert after.view.is_serving
    assert after.text == old.text
    assert len(after.passages) == len(old.passages)


async def test_deleting_takes_passages_and_file_along() -> None:
    scope = await business()
    document = await add_ready(scope)
    before = await versions(scope)
    async with open_db(scope) as db:
        await delete_document(db, document.view.id)
    assert await count("passages") == await count("documents") == 0
    assert (await versions(scope)) > before
    assert len(await rows("select 1 from outbox where name = 'DeleteFile'")) == 1


async def test_a_failed_document_is_tried_again() -> None:
    scope = await business()
    view = await add_document(scope, prepare_upload(b"%PDF-1.7 nothing", "new.pdf"))
    assert (await work(scope, view)).view.status == "failed"
    async with open_db(scope) as db:
        again = await retry_document(db, view.id)
    assert (again.status, again.problem) == ("waiting", "")
    ready = await add_ready(scope)
    async with open_db(scope) as db:
        assert (await retry_document(db, ready.view.id)).status == "ready"


async def test_listing_searches_titles_files_and_texts_with_failed_ones_first() -> None:
    scope = await business()
    failed = await work(scope, await add_document(scope, prepare_upload(b"%PDF-1.7 nothing", "broken.pdf")))
    await add_ready(scope)
    await add_text(scope, "100 % off_today.", "Offers")
    async with open_db(scope) as db:
        found, total = await list_documents(db)
        assert (found[0].id, total) == (failed.view.id, 3)
        assert [view.title for view in (await list_documents(db, "salter STREET"))[0]] == ["Your visit"]
        assert [view.title for view in (await list_documents(db, "broken.p"))[0]] == ["broken"]
        assert (await list_documents(db, "%"))[1] == 0
        assert await list_documents(db, page=7) == ([], 3)


async def test_every_change_needs_the_permission_and_stays_in_its_business() -> None:
    scope = await business()
    document = await add_ready(scope)
    reader = Scope(business_id=scope.business_id, actor=scope.actor, permissions=frozenset({Permission.VIEW, Permission.REPLY}))
    with pytest.raises(Forbidden):
        await add_text(reader)
    with pytest.raises(Forbidden):
        await replace_document(reader, document.view.id, prepare_text("x", "text"), 1)
    async with open_db(reader) as db:
        assert (await load_document(db, document.view.id)).text == document.text
        for refused in (delete_document(db, document.view.id), retry_document(db, document.view.id)):
            with pytest.raises(Forbidden):
                await refused
        with pytest.raises(Forbidden):
            await rename_document(db, document.view.id, "x", 1)
    stranger = await business()
    with pytest.raises(NotFound):
        await replace_document(stranger, document.view.id, prepare_text("x", "text"), 1)
    async with open_db(stranger) as db:
        for missing in (
            load_document(db, document.view.id),
            delete_document(db, document.view.id),
            retry_document(db, document.view.id),
            rename_document(db, document.view.id, "x", 1),
            load_view(db, new_id()),
        ):
            with pytest.raises(NotFound):
                await missing
        assert await list_documents(db) == ([], 0)
    nobody = Scope(business_id=scope.business_id, actor=scope.actor)
    async with open_db(nobody) as db:
        with pytest.raises(Forbidden):
            await list_documents(db)
    assert system_scope(scope.business_id).permissions


async def test_open_pages_hear_of_each_step() -> None:
    scope = await business()
    heard: list[str] = []
    async with asyncio.timeout(30):
        notes = subscribe()
        await anext(notes)
        view = await add_text(scope, VISIT)
        await work(scope, view)
        await finish_tasks(30)
        while len(heard) < 5:
            note = await anext(notes)
            if note.kind != "cache.changed":
                assert note.kind == "document.changed"
                heard.append(note.ids["document_id"])
        await notes.aclose()
    assert set(heard) == {str(view.id)}
