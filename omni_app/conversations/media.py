"""Files of messages that come over a channel: kept at once when their bytes came along, else fetched from the provider once.

A file is never a reason to lose its message: what may not be kept, is too large or is gone leaves a row that says so in words.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app.channels.accounts import Account, open_account
from omni_app.channels.contract import InboundMedia
from omni_app.channels.failures import Refused
from omni_app.conversations.attachments import ENTRY, MOST_RECEIVED, received_over
from omni_app.conversations.inspecting import UNKNOWN, clean_inbound_name, find_inbound_type
from omni_app.conversations.jobs import FetchAttachment
from omni_app.conversations.mail_html import keep_html
from omni_app.conversations.sniffing import EXTENSIONS
from omni_app.conversations.thumbnails import make_thumbnail
from omni_app.conversations.transcribing import transcribe_voice
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.crypto import decrypt_system, encrypt_system
from omni_app.infra.database import Db, open_db
from omni_app.infra.errors import Conflict, Invalid, NotFound, OmniError, Unavailable
from omni_app.infra.http import Http, NotAllowed, TooLarge, open_http
from omni_app.infra.ids import new_id
from omni_app.infra.jobs import enqueue
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Permission, Scope
from omni_app.infra.storage import delete_file, put_file
from omni_app.settings import load_settings
from omni_app.speech.contract import Transcriber
from omni_app.speech.registry import find_transcriber

log = get_logger(__name__)

# Providers keep a file for five minutes to thirty days; who cannot give it within an hour of tries is asked by a person next.
GIVE_UP_AFTER = timedelta(hours=1)
ORIGIN = "attachments.origin"

FindAccount = Callable[[Db, UUID], Awaitable[Account]]

_NAMES = {"image": "photo", "audio": "sound", "video": "video", "document": "document", "sticker": "sticker"}

_INSERT = text(
    """
    insert into attachments (id, business_id, uploaded_by, connection_id, name, media_type, size, sha256, storage_key,
      thumbnail_key, status, problem, origin, content_id, is_inline, created_at)
    values (:id, :business_id, :uploaded_by, :connection_id, :name, :media_type, :size, :sha256, :storage_key,
      :thumbnail_key, :status, :problem, :origin, :content_id, :is_inline, :now)
    """
)
_LOAD = text(
    """select id, name, media_type, status, origin, connection_id, message_id, conversation_id, is_inline, created_at
       from attachments where id = :id"""
)
# One at a time per message (its row is locked), so that two files that arrive together both show.
_SHOW = text(
    f"""
    with entry as (select message_id, id::text as id, {ENTRY} as now from attachments where id = :id)
    update messages m set attachments = (
      select coalesce(jsonb_agg(case when one->>'id' = entry.id then entry.now else one end order by place), '[]')
      from jsonb_array_elements(m.attachments) with ordinality as listed(one, place))
    from entry where m.id = entry.message_id
    returning m.id, m.conversation_id, m.seq
    """  # noqa: S608 (a constant)
)
_STORED = text(
    """
    update attachments set status = 'stored', problem = '', name = :name, media_type = :media_type, size = :size,
      sha256 = :sha256, storage_key = :storage_key, thumbnail_key = :thumbnail_key, origin = ''
    where id = :id and status = 'pending' returning message_id
    """
)
_ENDED = text("update attachments set status = :status, problem = :problem where id = :id and status = 'pending' returning id")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """One file as its row says it."""

    name: str
    media_type: str
    size: int = 0
    sha256: str = ""
    storage_key: str = ""
    thumbnail_key: str = ""
    status: str = "stored"
    problem: str = ""


async def keep_media(scope: Scope, account: Account, media: Sequence[InboundMedia]) -> list[UUID]:
    """Store the files of one received message and give their ids, for `Inbound.attachments`.

    Those with bytes are checked and stored, those with a `ref` wait until the message is stored (`attach` asks for them).
    `received_over(account.id)` is their mark. Never raises for what a file is.
    """
    scope.require(Permission.REPLY)
    wanted = media[: MOST_RECEIVED - 1] if len(media) > MOST_RECEIVED else media
    found: list[dict[str, Any]] = []
    stored: list[str] = []
    try:
        for one in wanted:
            kept = await _keep(scope.business_id, one)
            stored += filter(None, (kept.storage_key, kept.thumbnail_key))
            found.append(_row(scope, account, kept, one))
        if len(wanted) < len(media):
            words = f"Only the first {len(wanted)} files of this message were kept."
            name = f"{len(media) - len(wanted)} more files"
            kept = _Kept(name=name, media_type=UNKNOWN, status="refused", problem=words)
            found.append(_row(scope, account, kept, InboundMedia(kind="document")))
        if found:
            async with open_db(scope) as db:
                await db.session.execute(_INSERT, found)
    except BaseException:
        for storage_key in stored:
            await asyncio.shield(delete_file(storage_key))
        raise
    return [row["id"] for row in found]


def _row(scope: Scope, account: Account, kept: _Kept, media: InboundMedia) -> dict[str, Any]:
    return {
        **asdict(kept),
        "id": new_id(),
        "business_id": scope.business_id,
        "uploaded_by": received_over(account.id),
        "connection_id": account.id,
        "origin": _seal(media) if kept.status == "pending" else "",
        "content_id": media.content_id[:200],
        "is_inline": media.is_inline,
        "now": now(),
    }


def _seal(media: InboundMedia) -> str:
    return encrypt_system(json.dumps({**asdict(media), "data": None}), ORIGIN)


def _unseal(origin: str) -> InboundMedia:
    return InboundMedia(**json.loads(decrypt_system(origin, ORIGIN)))


async def _keep(business_id: UUID, media: InboundMedia) -> _Kept:
    name = _named(media)
    if media.data is not None:
        return await _store(business_id, media.data, name, is_inline=media.is_inline)
    claimed = media.media_type if media.media_type in EXTENSIONS else UNKNOWN
    waiting = _Kept(
        name=clean_inbound_name(name, claimed), media_type=claimed, size=_int4(media.size), status="pending", problem=""
    )
    if not media.ref:
        return _changed(waiting, "refused", "The channel sent no file.")
    if (media.size or 0) > load_settings().media_most_bytes:
        return _changed(waiting, "refused", _too_large(media.size))
    return waiting


def _named(media: InboundMedia) -> str:
    return media.name or ("voice note" if media.is_voice else _NAMES.get(media.kind, "file"))


def _int4(size: int | None) -> int:
    return max(0, min(size or 0, 2**31 - 1))


def _changed(kept: _Kept, status: str, problem: str) -> _Kept:
    return _Kept(**{**asdict(kept), "status": status, "problem": problem})


def _too_large(size: int | None) -> str:
    most = load_settings().media_most_bytes // (1024 * 1024)
    return (
        f"This file has {(size or 0) / 1_000_000:.0f} MB; {most} MB are the most."
        if size
        else f"This file is larger than {most} MB."
    )


async def _store(business_id: UUID, data: bytes, name: str, *, is_inline: bool) -> _Kept:
    """Check and store bytes; what is refused says why."""
    if len(data) > load_settings().media_most_bytes:
        return _Kept(
            name=clean_inbound_name(name, UNKNOWN),
            media_type=UNKNOWN,
            size=len(data),
            status="refused",
            problem=_too_large(len(data)),
        )
    try:
        media_type = await asyncio.to_thread(find_inbound_type, data, name)
    except Invalid as refused:
        return _Kept(
            name=clean_inbound_name(name, UNKNOWN), media_type=UNKNOWN, size=len(data), status="refused", problem=str(refused)
        )
    # Signatures' logos and the like are shown where they stand in the mail.
    small = None if is_inline else await make_thumbnail(data, media_type)
    storage_key = await put_file(business_id, data)
    return _Kept(
        name=clean_inbound_name(name, media_type),
        media_type=media_type,
        size=len(data),
        sha256=(await asyncio.to_thread(hashlib.sha256, data)).hexdigest(),
        storage_key=storage_key,
        thumbnail_key=await put_file(business_id, small) if small else "",
    )


async def fetch_attachment(
    scope: Scope, attachment_id: UUID, *, find_account: FindAccount = open_account, http: Http | None = None
) -> bool:
    """Fetch a pending file from its provider, store it, and show it in its message. True when it is a voice note that is there
    now; nothing happens when that was done.

    Raises `Unavailable` (and what else may pass) to be tried again, for an hour; then, or when the provider says no, the row says
    in words why there is no file.
    """
    async with open_db(scope) as db:
        row = (await db.execute(_LOAD, {"id": attachment_id})).one_or_none()
        if row is None or row.status != "pending":
            return False
        account = await _account(db, row.connection_id, find_account)
    if account is None:
        await _end(scope, attachment_id, "refused", "The channel this file came over was removed.")
        return False
    media = _unseal(row.origin)
    most = load_settings().media_most_bytes
    try:
        data = await account.adapter.fetch(media, account.settings, http or open_http(), most)
        if media.sha256 and (await asyncio.to_thread(hashlib.sha256, data)).hexdigest() != media.sha256.lower():
            raise Unavailable("This file (it did not arrive as it was sent)")
    except TooLarge:
        await _end(scope, attachment_id, "refused", _too_large(media.size))
        return False
    except (Refused, NotAllowed) as refused:
        await _end(scope, attachment_id, "refused", str(refused))
        return False
    except Exception as error:
        # Whatever it was, a fault of ours too: the reader must not be told for ever that the file is on its way.
        if now() - row.created_at < GIVE_UP_AFTER:
            raise
        log.warning("file given up", attachment_id=str(attachment_id), exc_info=error)
        words = str(error) if isinstance(error, OmniError) else "Its channel gave an answer Omni does not understand."
        await _end(scope, attachment_id, "failed", f"This file could not be fetched. {words}")
        return False
    kept = await _store(scope.business_id, data, _named(media), is_inline=row.is_inline)
    if kept.status != "stored":
        await _end(scope, attachment_id, kept.status, kept.problem)
        return False
    return await _finish(scope, attachment_id, kept) and media.is_voice


async def _account(db: Db, connection_id: UUID | None, find_account: FindAccount) -> Account | None:
    if connection_id is None:
        return None
    try:
        return await find_account(db, connection_id)
    except NotFound:
        return None


async def _finish(scope: Scope, attachment_id: UUID, kept: _Kept) -> bool:
    values = asdict(kept)
    del values["status"], values["problem"]
    is_mine = False
    try:
        async with open_db(scope) as db:
            found = await db.execute(_STORED, {**values, "id": attachment_id})
            if is_mine := found.one_or_none() is not None:
                await _show(db, attachment_id)
    finally:
        if not is_mine:  # erased meanwhile, or a twin of this job was quicker
            for storage_key in filter(None, (kept.storage_key, kept.thumbnail_key)):
                await asyncio.shield(delete_file(storage_key))
    return is_mine


async def _end(scope: Scope, attachment_id: UUID, status: str, problem: str) -> None:
    async with open_db(scope) as db:
        found = await db.execute(_ENDED, {"id": attachment_id, "status": status, "problem": problem[:500]})
        if found.one_or_none() is not None:
            await _show(db, attachment_id)
            log.info("file not kept", attachment_id=str(attachment_id), status=status)


async def _show(db: Db, attachment_id: UUID) -> None:
    """Say in the message what became of its file, and tell the open pages."""
    message = (await db.execute(_SHOW, {"id": attachment_id})).one_or_none()
    if message is not None:
        live.publish(db, "message.changed", conversation_id=message.conversation_id, seq=message.seq)


async def listen(
    scope: Scope,
    account: Account,
    media: Sequence[InboundMedia],
    files: Sequence[UUID],
    *,
    find_account: FindAccount = open_account,
    transcriber: Transcriber | None = None,
) -> str:
    """What the voice notes among `media` say, to be used as their message's text; "" without a provider of speech recognition.

    `files` are the ids `keep_media` gave for `media`; `transcriber` defaults to the configured one. Never raises: what cannot be
    fetched or heard now stays a file.
    """
    transcriber = transcriber or find_transcriber()
    if transcriber is None:
        return ""
    heard: list[str] = []
    for one, attachment_id in zip(media, files, strict=False):
        if not one.is_voice:
            continue
        try:
            await fetch_attachment(scope, attachment_id, find_account=find_account)
        except OmniError as error:
            log.info("voice note not there yet", attachment_id=str(attachment_id), error=str(error))
            continue
        heard.append(await transcribe_voice(scope, attachment_id, channel=account.channel, transcriber=transcriber))
    return "\n".join(filter(None, heard))


async def write_down(scope: Scope, attachment_id: UUID, channel: str = "") -> None:
    """Show what a voice note says that came after its message was answered as a file."""
    if await transcribe_voice(scope, attachment_id, channel=channel):
        async with open_db(scope) as db:
            await _show(db, attachment_id)


async def fetch_again(db: Db, attachment_id: UUID) -> None:
    """Try once more to get a file that could not be fetched.

    Raises `NotFound`, `Forbidden`, and `Conflict` when there is nothing to try.
    """
    db.scope.require(Permission.REPLY)
    row = (await db.execute(_LOAD, {"id": attachment_id})).one_or_none()
    if row is None:
        raise NotFound("file")
    again = await db.execute(
        """update attachments set status = 'pending', problem = '', created_at = :now
           where id = :id and status in ('failed', 'refused') and origin <> '' and connection_id is not null returning id""",
        {"id": attachment_id, "now": now()},
    )
    if again.one_or_none() is None:
        raise Conflict("There is nothing to fetch for this file.")
    await enqueue(db, FetchAttachment(attachment_id=attachment_id))
    await _show(db, attachment_id)


__all__ = ["fetch_again", "fetch_attachment", "keep_html", "keep_media", "listen", "received_over", "write_down"]
