"""Reading in the background: twice does it once, a death half-way costs only the batch at work."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from omni_app.infra.clock import now
from omni_app.infra.database import system_db
from omni_app.infra.errors import NotFound
from omni_app.infra.scope import Scope
from omni_app.infra.storage import delete_file, put_file, read_file
from omni_app.knowledge.documents import DocumentView, add_document, prepare_text, prepare_upload, replace_document
from omni_app.knowledge.jobs import DeleteFile, ReadDocument
from omni_app.knowledge.passages import MAX_PASSAGES, begin_reading, next_bare, put_into_service, store_reading, store_vectors
from omni_app.knowledge.reading.apart import read_apart
from omni_app.knowledge.studying import BATCH, advance
from omni_app.llm.embedding import embed, load_embedder
from tests.knowledge.paper import VISIT, add_text, make_pdf, make_scan, work
from tests.making import count, make_business, rows
from workers.document_sweeps import ask_for_new_passages, ask_for_unread_documents
from workers.documents import read_document, remove_file

pytestmark = pytest.mark.usefixtures("database")


async def business() -> Scope:
    return (await make_business(faqs=())).scope


async def run(scope: Scope, document_id: UUID) -> None:
    await read_document(scope.business_id, ReadDocument(document_id=document_id))


async def state(view: DocumentView) -> tuple[str, int, int]:
    row = (await rows("select status, passages_done, passages from documents where id = :id", id=view.id))[0]
    return row["status"], row["passages_done"], row["passages"]


async def test_a_job_that_comes_twice_does_its_work_once() -> None:
    scope = await business()
    view = await add_text(scope)
    await asyncio.gather(*(run(scope, view.id) for _ in range(3)))
    passages = await rows("select id, position from passages order by position")
    assert [row["position"] for row in passages] == list(range(len(passages)))
    status, done, total = await state(view)
    assert (status, done) == ("ready", total)
    version = await rows("select documents_version from businesses")
    await run(scope, view.id)
    assert await rows("select id, position from passages order by position") == passages
    assert await rows("select documents_version from businesses") == version


async def test_a_worker_killed_after_reading_is_followed_by_one_that_goes_on() -> None:
    scope = await business()
    view = await add_text(scope)
    document = await begin_reading(scope, view.id)
    assert document is not None
    assert (await state(view))[0] == "reading"
    await store_reading(scope, document, await read_apart(VISIT.encode(), ""))
    first = await next_bare(scope, document, 2)
    await store_vectors(scope, document, first, await embed([one.words for one in first]), load_embedder().name)
    status, done, total = await state(view)
    assert (status, done) == ("embedding", 2)
    assert total > 2
    assert not await put_into_service(scope, document)

    before = await rows("select id, embedding::text as e from passages where embedding is not null order by position")
    await run(scope, view.id)
    assert await state(view) == ("ready", total, total)
    after = await rows("select id, embedding::text as e from passages order by position limit 2")
    assert after == before


async def test_a_long_document_is_worked_on_in_slices() -> None:
    scope = await business()
    pages = [[(f"Chapter {n}", f"Chapter {n} has its own text of a few words.")] for n in range(40)]
    view = await add_document(scope, prepare_upload(make_pdf(pages), "long.pdf"))
    await advance(scope, view.id, seconds=0)
    assert await state(view) == ("embedding", BATCH, 40)
    jobs = await rows("select payload from outbox where name = 'ReadDocument'")
    assert len(jobs) == 2
    for _ in range(3):
        await advance(scope, view.id, seconds=0)
    assert (await state(view))[0] == "ready"


async def test_a_document_replaced_or_deleted_while_it_is_read_is_left_alone() -> None:
    scope = await business()
    view = await add_text(scope)
    document = await begin_reading(scope, view.id)
    assert document is not None
    reading = await read_apart(VISIT.encode(), "")
    replaced = await replace_document(scope, view.id, prepare_text("x", "Another text altogether."), view.version)
    await store_reading(scope, document, reading)
    assert await count("passages") == 0
    assert not await put_into_service(scope, document)
    assert [passage.start for passage in (await work(scope, replaced)).passages] == [0]
    async with system_db("test: gone") as db:
        await db.execute("delete from documents")
    await run(scope, view.id)
    await store_reading(scope, document, reading)
    assert await count("passages") == 0


async def test_what_cannot_be_read_says_why_and_is_not_tried_again() -> None:
    scope = await business()
    view = await add_document(scope, prepare_upload(make_scan(), "scan.pdf"))
    await run(scope, view.id)
    row = (await rows("select status, problem from documents"))[0]
    assert row["status"] == "failed"
    assert "pictures of pages" in row["problem"]
    lost = await add_text(scope)
    await delete_file((await rows("select storage_key from documents where id = :id", id=lost.id))[0]["storage_key"])
    await run(scope, lost.id)
    assert "gone from the disk" in (await rows("select problem from documents where id = :id", id=lost.id))[0]["problem"]


async def test_too_many_passages_are_refused_before_any_is_stored() -> None:
    scope = await business()
    other = await work(scope, await add_text(scope, "A text of one passage.", "Other"))
    async with system_db("test: many passages") as db:
        await db.execute(
            """insert into passages
                 (id, business_id, document_id, edition, position, heading, text, start, "end", embedding_model)
               select gen_random_uuid(), business_id, document_id, edition, n, '', '', 0, 0, '' from passages,
                 generate_series(1, :more) n""",
            {"more": MAX_PASSAGES - 2},
        )
    view = await add_text(scope)
    await run(scope, view.id)
    row = (await rows("select status, problem from documents where id = :id", id=view.id))[0]
    assert row["status"] == "failed"
    assert "20,000 is the most" in row["problem"]
    assert {row["document_id"] for row in await rows("select distinct document_id from passages")} == {other.view.id}


async def test_a_document_whose_job_is_gone_gets_another_one() -> None:
    scope = await business()
    view = await add_text(scope)
    await ask_for_unread_documents()
    assert len(await rows("select 1 from outbox where name = 'ReadDocument'")) == 1
    async with system_db("test: lost") as db:
        await db.execute("delete from outbox")
    await ask_for_unread_documents()
    await ask_for_unread_documents()
    jobs = await rows("select payload, business_id from outbox where name = 'ReadDocument'")
    assert [(job["payload"], job["business_id"]) for job in jobs] == [({"document_id": str(view.id)}, scope.business_id)]
    async with system_db("test: dead for two hours") as db:
        await db.execute("update outbox set dead_at = :at", {"at": now() - timedelta(hours=2)})
    await ask_for_unread_documents()
    assert len(await rows("select 1 from outbox where dead_at is null")) == 1
    await work(scope, view)
    async with system_db("test: done") as db:
        await db.execute("delete from outbox")
    await ask_for_unread_documents()
    assert await count("outbox") == 0


async def test_vectors_of_another_model_are_made_anew_while_the_old_text_answers_on() -> None:
    scope = await business()
    view, other = await add_text(scope), await add_text(scope, "# Parking\n\nTwelve places behind the house.", title="Parking")
    for one in (view, other):
        await run(scope, one.id)
    await rows("update passages set embedding_model = 'another' where document_id = :id returning id", id=view.id)
    await ask_for_new_passages()
    await ask_for_new_passages()
    assert ((await state(view))[0], (await state(other))[0]) == ("waiting", "ready")
    served = "select count(*) as n from passages p join documents d on d.id = p.document_id and p.edition = d.served_edition"
    before = await rows(served)
    await ask_for_unread_documents()
    await run(scope, view.id)
    assert (await state(view))[0] == "ready"
    assert await rows(served) == before
    assert await rows("select id from passages where embedding_model = 'another'") == []
    await ask_for_new_passages()
    assert (await state(view))[0] == "ready"


async def test_a_file_is_removed_and_may_be_gone_already() -> None:
    scope = await business()
    key = await put_file(scope.business_id, b"bytes")
    for _ in range(2):
        await remove_file(None, DeleteFile(storage_key=key))
    with pytest.raises(NotFound):
        await read_file(key)
