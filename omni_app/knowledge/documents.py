"""Add, list, rename, replace, delete and retry documents; `passages` turns them into what the assistant quotes."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from omni_app import audit
from omni_app.cache.forgetting import forget_document
from omni_app.infra import live, storage
from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db
from omni_app.infra.errors import Conflict, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.jobs import enqueue
from omni_app.infra.scope import Permission, Scope
from omni_app.knowledge.jobs import DeleteFile, ReadDocument
from omni_app.knowledge.reading.blocks import Unreadable, clean
from omni_app.knowledge.reading.bounds import MAX_BYTES, MAX_CHARACTERS
from omni_app.knowledge.reading.sniffing import looks_like_markdown, sniff
from omni_app.tenancy.plans import check_room_for_document

MAX_TITLE = 200
MAX_FILE_NAME = 255

_COLUMNS = """d.id, d.title, d.kind, d.file_name, d.size, d.status, d.problem, d.pages, d.passages, d.passages_done, d.version,
    d.served_edition, d.created_by, d.created_at, d.updated_at, d.ready_at"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedDocument:
    """A checked file or text, not stored yet. `kind` is what it looks like; reading it may find out better."""

    title: str
    data: bytes
    file_name: str
    kind: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentView:
    """One document as listed. `version` goes back with a change so that a change by somebody else is noticed.

    `status`: waiting, reading, embedding, ready or failed (`problem` says why). `passages_done` of `passages` are searched.
    `is_serving`: some text of it answers now, also while a newer one is read or after that one failed.
    """

    id: UUID
    title: str
    kind: str
    file_name: str
    size: int
    status: str
    problem: str
    pages: int | None
    passages: int
    passages_done: int
    version: int
    is_serving: bool
    created_by: str
    created_at: datetime
    updated_at: datetime
    ready_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageSpan:
    """One passage of a document: `start`..`end` are characters of the document's text."""

    id: UUID
    heading: str
    start: int
    end: int
    page: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentText:
    """A document with its text: what answers now, or, before anything does, what was read so far."""

    view: DocumentView
    text: str
    passages: tuple[PassageSpan, ...]


def prepare_upload(data: bytes, name: str, title: str = "") -> PreparedDocument:
    """Check a file at first sight. Raises `Invalid` (field `file`, or `title`) with words for the reader."""
    name = _one_line(name)[-MAX_FILE_NAME:]
    if len(data) > MAX_BYTES:
        raise Invalid(f"This file is larger than {MAX_BYTES // 2**20} MB.", "file")
    try:
        kind = sniff(data, name)
    except Unreadable as error:
        raise Invalid(str(error), "file") from error
    return PreparedDocument(title=_check_title(title or _title_of(name)), data=data, file_name=name, kind=kind)


def prepare_text(title: str, text: str) -> PreparedDocument:
    """Check a pasted text, plain or Markdown. Raises `Invalid` (fields `title`, `text`)."""
    plain = clean(text).strip()
    if not any(sign.isalnum() for sign in plain):
        raise Invalid("Paste the text the assistant may quote.", "text")
    if len(plain) > MAX_CHARACTERS:
        raise Invalid(f"This holds more than {MAX_CHARACTERS:,} characters. Split it into smaller documents.", "text")
    if plain.count("\ufffd") > len(plain) / 50:
        raise Invalid("This is not text: most of its characters cannot be shown. Upload the file instead.", "text")
    kind = "markdown" if looks_like_markdown(plain) else "text"
    return PreparedDocument(title=_check_title(title), data=plain.encode(), file_name="", kind=kind)


def _one_line(value: str) -> str:
    return " ".join(clean(value).split())


def _title_of(name: str) -> str:
    stem = name.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return (_one_line(stem.replace("_", " ")) or "Document")[:MAX_TITLE]


def _check_title(title: str) -> str:
    plain = _one_line(title)
    if not 1 <= len(plain) <= MAX_TITLE:
        raise Invalid(f"Write a title of 1 to {MAX_TITLE} characters.", "title")
    return plain


async def add_document(scope: Scope, prepared: PreparedDocument) -> DocumentView:
    """Store a document; a worker reads it after commit. Raises `Forbidden`, and `Conflict`: a twin, or no room in the plan."""
    scope.require(Permission.TEACH)
    # The file lies on the disk before a row names it: a crash in between leaves a stray file, never a row without one.
    storage_key = await storage.put_file(scope.business_id, prepared.data)
    try:
        async with open_db(scope) as db:
            await _lock(db)
            await _check_twin(db, prepared.sha256, None)
            await check_room_for_document(db)
            document_id, at = new_id(), now()
            await db.execute(
                """insert into documents (id, business_id, title, kind, file_name, size, sha256, storage_key, status, problem,
                     text, next_text, edition, served_edition, passages, passages_done, version, created_by, created_at,
                     updated_at)
                   values (:id, :business_id, :title, :kind, :file_name, :size, :sha256, :storage_key, 'waiting', '', '',
                     '', 1, 0, 0, 0, 1, :created_by, :now, :now)""",
                {
                    "id": document_id,
                    "business_id": scope.business_id,
                    "title": prepared.title,
                    "created_by": scope.actor.name,
                    "now": at,
                    **_file(prepared, storage_key),
                },
            )
            await enqueue(db, ReadDocument(document_id=document_id))
            await audit.record(
                db, "document.added", "document", document_id, after={"title": prepared.title, "size": len(prepared.data)}
            )
            live.publish(db, "document.changed", document_id=document_id)
            return await load_view(db, document_id)
    except BaseException:
        await storage.delete_file(storage_key)
        raise


async def replace_document(scope: Scope, document_id: UUID, prepared: PreparedDocument, version: int) -> DocumentView:
    """Give a document a new text under its old title; the old text answers until the new one is ready.

    Raises `Forbidden`, `NotFound`, and `Conflict` when somebody changed it since `version`, or the same file is there already.
    """
    scope.require(Permission.TEACH)
    storage_key = await storage.put_file(scope.business_id, prepared.data)
    try:
        async with open_db(scope) as db:
            await _lock(db)
            old = await _load_for_change(db, document_id, version)
            await _check_twin(db, prepared.sha256, document_id)
            await db.execute(
                """update documents set kind = :kind, file_name = :file_name, size = :size, sha256 = :sha256,
                     storage_key = :storage_key, status = 'waiting', problem = '', next_text = '', edition = edition + 1,
                     passages_done = 0, version = version + 1, updated_at = :now where id = :id""",
                {"id": document_id, "now": now(), **_file(prepared, storage_key)},
            )
            await enqueue(db, ReadDocument(document_id=document_id))
            await enqueue(db, DeleteFile(storage_key=old.storage_key))
            await audit.record(
                db,
                "document.replaced",
                "document",
                document_id,
                before={"file_name": old.file_name, "size": old.size},
                after={"file_name": prepared.file_name, "size": len(prepared.data)},
            )
            live.publish(db, "document.changed", document_id=document_id)
            return await load_view(db, document_id)
    except BaseException:
        await storage.delete_file(storage_key)
        raise


async def rename_document(db: Db, document_id: UUID, title: str, version: int) -> DocumentView:
    """Raises `Forbidden`, `NotFound`, `Invalid` (field `title`), and `Conflict` when somebody changed it since `version`."""
    db.scope.require(Permission.TEACH)
    title = _check_title(title)
    # The title stands in what is quoted and searched, so copies of it must go.
    await bump_versions(db)
    old = await _load_for_change(db, document_id, version)
    await db.execute(
        "update documents set title = :title, version = version + 1, updated_at = :now where id = :id",
        {"id": document_id, "title": title, "now": now()},
    )
    await forget_document(db, document_id)
    await audit.record(db, "document.renamed", "document", document_id, before={"title": old.title}, after={"title": title})
    live.publish(db, "document.changed", document_id=document_id)
    return await load_view(db, document_id)


async def delete_document(db: Db, document_id: UUID) -> None:
    """Forget a document with its passages and its file; the next answer does not use it. Raises `NotFound`, `Forbidden`."""
    db.scope.require(Permission.TEACH)
    await bump_versions(db)
    old = await _load_for_change(db, document_id, None)
    await forget_document(db, document_id)
    await db.execute("delete from documents where id = :id", {"id": document_id})
    await enqueue(db, DeleteFile(storage_key=old.storage_key))
    await audit.record(db, "document.deleted", "document", document_id, before={"title": old.title, "size": old.size})
    live.publish(db, "document.changed", document_id=document_id)


async def retry_document(db: Db, document_id: UUID) -> DocumentView:
    """Read a document that failed once more; nothing happens to one that did not. Raises `NotFound`, `Forbidden`."""
    db.scope.require(Permission.TEACH)
    old = await _load_for_change(db, document_id, None)
    if old.status == "failed":
        await db.execute(
            """update documents set status = 'waiting', problem = '', next_text = '', passages_done = 0, updated_at = :now
               where id = :id""",
            {"id": document_id, "now": now()},
        )
        await db.execute(
            "delete from passages where document_id = :id and edition > :served",
            {"id": document_id, "served": old.served_edition},
        )
        await enqueue(db, ReadDocument(document_id=document_id))
        live.publish(db, "document.changed", document_id=document_id)
    return await load_view(db, document_id)


async def load_view(db: Db, document_id: UUID) -> DocumentView:
    """One document without its text. Raises `NotFound`, also for another business's."""
    db.scope.require(Permission.VIEW)
    row = (await db.execute(f"select {_COLUMNS} from documents d where d.id = :id", {"id": document_id})).one_or_none()  # noqa: S608
    if row is None:
        raise NotFound("document")
    return _view(row)


async def load_document(db: Db, document_id: UUID) -> DocumentText:
    """A document with its text and passages, in order. Raises `NotFound`."""
    view = await load_view(db, document_id)
    values = {"id": document_id}
    statement = """select case when served_edition > 0 then text else next_text end as text,
        case when served_edition > 0 then served_edition else edition end as edition from documents where id = :id"""
    row = (await db.execute(statement, values)).one()
    spans = await db.execute(
        """select id, heading, start, "end", page from passages where document_id = :id and edition = :edition
           order by position""",
        {**values, "edition": row.edition},
    )
    passages = tuple(PassageSpan(**span._mapping) for span in spans)
    return DocumentText(view=view, text=row.text, passages=passages)


async def list_documents(db: Db, search: str = "", page: int = 1, limit: int = 25) -> tuple[list[DocumentView], int]:
    """One page of documents and how many there are; failed ones first, then the newest change. `search`: titles, files, text."""
    db.scope.require(Permission.VIEW)
    pattern = "%" + _one_line(search).replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
    where = "where cast(:search as text) = '%%' or d.title ilike :search or d.file_name ilike :search or d.text ilike :search"
    rows = await db.execute(
        f"""select {_COLUMNS}, count(*) over () as total from documents d {where}
            order by d.status = 'failed' desc, d.updated_at desc, d.id limit :limit offset :offset""",  # noqa: S608
        {"search": pattern, "limit": limit, "offset": (max(1, page) - 1) * limit},
    )
    found = rows.all()
    if found or page <= 1:
        return [_view(row) for row in found], int(found[0].total) if found else 0
    total = (await db.execute(f"select count(*) from documents d {where}", {"search": pattern})).scalar_one()  # noqa: S608
    return [], int(total)


async def bump_versions(db: Db) -> None:
    """Tell every process that passages changed: their indexes are out of date. Stored answers go by `forget_document`."""
    await db.execute(
        """update businesses set documents_version = documents_version + 1, knowledge_version = knowledge_version + 1
           where id = :id""",
        {"id": db.scope.business_id},
    )


async def _lock(db: Db) -> None:
    # Changes of one business's documents wait for each other, so counts and twins are exact.
    await db.execute("select 1 from businesses where id = :id for no key update", {"id": db.scope.business_id})


async def _check_twin(db: Db, sha256: str, document_id: UUID | None) -> None:
    row = (await db.execute("select id, title from documents where sha256 = :sha256", {"sha256": sha256})).one_or_none()
    if row is not None and row.id != document_id:
        raise Conflict(f"This document is there already, as “{row.title}”.")
    if row is not None:
        raise Conflict("This is the same text as before.")


async def _load_for_change(db: Db, document_id: UUID, version: int | None) -> Any:
    row = (
        await db.execute(
            """select title, file_name, size, storage_key, status, version, served_edition from documents
               where id = :id for update""",
            {"id": document_id},
        )
    ).one_or_none()
    if row is None:
        raise NotFound("document")
    if version is not None and row.version != version:
        raise Conflict(
            f"Somebody else changed this document meanwhile. It is called “{row.title}” now. Look at it, then try again."
        )
    return row


def _file(prepared: PreparedDocument, storage_key: str) -> dict[str, object]:
    return {
        "kind": prepared.kind,
        "file_name": prepared.file_name,
        "size": len(prepared.data),
        "sha256": prepared.sha256,
        "storage_key": storage_key,
    }


def _view(row: Any) -> DocumentView:
    values = {name: value for name, value in row._mapping.items() if name not in ("served_edition", "total")}
    return DocumentView(is_serving=row.served_edition > 0, **values)
