"""Files people send: kept once, their type found from the bytes, shown only through signed links.

An upload belongs to nobody until it is tied to a message; after a day it is removed. Its bytes are given back with our own media
type, never the sender's.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app.conversations.jobs import FetchAttachment
from omni_app.conversations.sniffing import clean_name, find_media_type
from omni_app.customers.addresses import Address
from omni_app.infra.clock import now
from omni_app.infra.crypto import sign, verify
from omni_app.infra.database import Db, open_db, system_db
from omni_app.infra.errors import Forbidden, Invalid, NotFound, SignedOut
from omni_app.infra.ids import new_id
from omni_app.infra.jobs import enqueue
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Permission, Scope, system_scope
from omni_app.infra.storage import delete_file, put_file, read_file
from omni_app.limits.window import take

log = get_logger(__name__)

MAX_BYTES = 10 * 1024 * 1024
MOST_FILES = 5
MOST_RECEIVED = 60
LINK_SECONDS = 300
UPLOADS_AN_HOUR = 20
KEPT_UNSENT = timedelta(hours=24)

_LINK = "file"
_CHANNEL = "channel:"

_INSERT = text(
    """insert into attachments (id, business_id, conversation_id, uploaded_by, name, media_type, size, sha256, storage_key,
       created_at)
       values (:id, :business_id, :conversation_id, :uploaded_by, :name, :media_type, :size, :sha256, :storage_key, :now)"""
)

ENTRY = """jsonb_strip_nulls(jsonb_build_object('id', id, 'name', name, 'media_type', media_type, 'size', size,
        'status', nullif(status, 'stored'), 'problem', nullif(problem, ''), 'transcript', nullif(transcript, ''),
        'has_thumbnail', case when thumbnail_key <> '' then true end, 'is_inline', case when is_inline then true end))"""
"""A row of `attachments` as `messages.attachments` holds it; a name that is missing there is empty, and `status` stored."""

# The message shows its files without another read; a list says what came when there are no words.
_TIE = text(
    f"""
    with tied as (
      update attachments set message_id = :message_id, conversation_id = :conversation_id, customer_id = :customer_id
      where id = any(:ids) and uploaded_by = :uploaded_by and message_id is null
        and (conversation_id is null or conversation_id = :conversation_id)
      returning id, name, {ENTRY} as entry
    ), listed as (
      select coalesce(jsonb_agg(entry order by array_position(cast(:ids as uuid[]), id)), '[]') as files,
        coalesce(string_agg(name, ', ' order by array_position(cast(:ids as uuid[]), id)), '') as names
      from tied
    ), shown as (update messages set attachments = listed.files from listed where messages.id = :message_id
    ), thread as (
      update conversations set last_text = left(listed.names, 200) from listed
      where conversations.id = :conversation_id and conversations.last_text = ''
    )
    select files from listed
    """  # noqa: S608 (a constant)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentView:
    """One stored file; `size` in bytes."""

    id: UUID
    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedFile:
    """A file with its bytes."""

    name: str
    media_type: str
    data: bytes


def uploader_of(visitor: Address) -> str:
    """How uploads of a visitor are marked, so that nobody else can send them."""
    return f"visitor:{visitor.value}"


def received_over(connection_id: UUID) -> str:
    """How files that came over a connection are marked until their message is stored."""
    return f"{_CHANNEL}{connection_id}"


async def keep_upload(
    scope: Scope, data: bytes, name: str, *, uploaded_by: str, conversation_id: UUID | None = None
) -> AttachmentView:
    """Check and store one file. `uploaded_by` is `uploader_of(visitor)` or `member:<id>`.

    Raises `Invalid` (field `file`): empty, too large, a type that may not be sent; `TooMany` after 20 an hour of a visitor;
    `Forbidden` without REPLY; `NotFound` for another business's conversation.
    """
    scope.require(Permission.REPLY)
    if len(data) > MAX_BYTES:
        raise Invalid("This file is larger than 10 MB.", "file")
    if uploaded_by.startswith("visitor:"):
        window = await take("uploads", f"{scope.business_id}:{uploaded_by}", UPLOADS_AN_HOUR, timedelta(hours=1))
        window.require("You sent many files within the hour. Send more later.")
    # A large text is looked through sign by sign: not on the loop that serves everybody.
    media_type = await asyncio.to_thread(find_media_type, data, name)
    view = AttachmentView(id=new_id(), name=clean_name(name, media_type), media_type=media_type, size=len(data))
    storage_key = await put_file(scope.business_id, data)
    try:
        async with open_db(scope) as db:
            if conversation_id is not None:
                found = await db.execute("select id from conversations where id = :id for key share", {"id": conversation_id})
                if found.one_or_none() is None:
                    raise NotFound("conversation")
            await db.execute(
                _INSERT,
                {
                    "id": view.id,
                    "business_id": scope.business_id,
                    "conversation_id": conversation_id,
                    "uploaded_by": uploaded_by,
                    "name": view.name,
                    "media_type": media_type,
                    "size": view.size,
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "storage_key": storage_key,
                    "now": now(),
                },
            )
    except BaseException:
        await asyncio.shield(delete_file(storage_key))
        raise
    return view


async def attach(
    db: Db, message_id: UUID, conversation_id: UUID, customer_id: UUID, ids: Sequence[UUID], uploaded_by: str
) -> list[AttachmentView]:
    """Tie uploads of `uploaded_by` to a message of the same transaction, in the given order.

    What a provider still keeps is asked for. Raises `Invalid` (field `attachments`) for one that is not theirs, is used or gone,
    and for more than five (60 of a message that came over a channel).
    """
    db.scope.require(Permission.REPLY)
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return []
    most = MOST_RECEIVED if uploaded_by.startswith(_CHANNEL) else MOST_FILES
    if len(wanted) > most:
        raise Invalid(f"A message takes {most} files.", "attachments")
    row = (
        await db.execute(
            _TIE,
            {
                "message_id": message_id,
                "conversation_id": conversation_id,
                "customer_id": customer_id,
                "ids": wanted,
                "uploaded_by": uploaded_by,
            },
        )
    ).one()
    if len(row.files) != len(wanted):
        raise Invalid("One of the files was sent already or is gone. Choose it again.", "attachments")
    for file in row.files:
        if file.get("status") == "pending":
            await enqueue(db, FetchAttachment(attachment_id=UUID(file["id"])))
    return [
        AttachmentView(id=UUID(file["id"]), name=file["name"], media_type=file["media_type"], size=file["size"])
        for file in row.files
    ]


def sign_link(attachment_id: UUID, business_id: UUID) -> str:
    """The path under which the file can be read for five minutes."""
    return "/files/" + sign(_LINK, {"f": str(attachment_id), "b": str(business_id)})


def sign_thumbnail_link(attachment_id: UUID, business_id: UUID) -> str:
    """The path of its small picture, for as long; only where the entry says `has_thumbnail`."""
    return "/files/" + sign(_LINK, {"f": str(attachment_id), "b": str(business_id), "t": "1"})


def with_links(attachments: Sequence[dict[str, Any]], business_id: UUID) -> list[dict[str, Any]]:
    """`messages.attachments` as a page or the widget shows them: each with a fresh `url`, "" while there is nothing to open."""
    return [
        {**file, "url": sign_link(UUID(str(file["id"])), business_id) if file.get("status", "stored") == "stored" else ""}
        for file in attachments
    ]


async def open_link(token: str) -> OpenedFile:
    """The file behind a signed link. Raises `Forbidden` when the link is too old or not ours, `NotFound` when it is gone."""
    try:
        payload = verify(_LINK, token, LINK_SECONDS)
        attachment_id, business_id = UUID(payload["f"]), UUID(payload["b"])
    except (SignedOut, KeyError, ValueError) as error:
        raise Forbidden("This link is no longer valid. Open the file from the conversation again.") from error
    async with open_db(system_scope(business_id)) as db:
        found = await db.execute(
            "select name, media_type, storage_key, thumbnail_key from attachments where id = :id", {"id": attachment_id}
        )
        row = found.one_or_none()
    if row is None:
        raise NotFound("file")
    if "t" in payload:
        return OpenedFile(name=f"{row.name}.webp", media_type="image/webp", data=await read_file(row.thumbnail_key))
    return OpenedFile(name=row.name, media_type=row.media_type, data=await read_file(row.storage_key))


async def forget_unsent() -> None:
    """Remove uploads nobody sent within a day: bytes first, so that a crash between leaves rows for the next run, never bytes."""
    async with system_db("sweep: unsent uploads") as db:
        # The lock keeps a late message from taking a file that is on its way out.
        found = await db.execute(
            """select id, storage_key, thumbnail_key from attachments where message_id is null and created_at < :before
               order by created_at limit 500 for update skip locked""",
            {"before": now() - KEPT_UNSENT},
        )
        rows = found.all()
        for row in rows:
            for storage_key in filter(None, (row.storage_key, row.thumbnail_key)):
                await delete_file(storage_key)
        await db.execute("delete from attachments where id = any(:ids)", {"ids": [row.id for row in rows]})
    if rows:
        log.info("unsent uploads removed", count=len(rows))
