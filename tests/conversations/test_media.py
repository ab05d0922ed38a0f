"""Files that come over a channel: kept with the message or fetched once, refused in words, never the reason a message is lost."""

import asyncio
import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from PIL import Image
from pydantic import BaseModel

from omni_app.channels.accounts import Account
from omni_app.channels.contract import InboundMedia
from omni_app.channels.failures import Refused, Revoked
from omni_app.conversations.attachments import (
    attach,
    forget_unsent,
    open_link,
    received_over,
    sign_link,
    sign_thumbnail_link,
    with_links,
)
from omni_app.conversations.forgetting import erase_customer
from omni_app.conversations.handling import delete_conversation
from omni_app.conversations.jobs import DeleteFiles
from omni_app.conversations.media import GIVE_UP_AFTER, fetch_again, fetch_attachment, keep_html, keep_media
from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from omni_app.infra.http import Http, NotAllowed, TooLarge
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission, Scope
from omni_app.infra.storage import put_sealed
from omni_app.settings import load_settings
from tests.conversations.desk import Desk, make_desk, make_member, without
from tests.conversations.test_inspecting import bomb
from tests.conversations.test_sniffing import picture
from tests.making import count, rows
from workers.files import delete_files

pytestmark = pytest.mark.usefixtures("database")

PHOTO = picture("JPEG", (900, 600))


class NoSettings(BaseModel):
    """An account without a form."""


class Shelf:
    """An adapter that has files: what `fetch` gives is decided by the test; the rest of the contract is never asked."""

    def __init__(self, give: Callable[[InboundMedia], bytes]) -> None:
        self._give = give
        self.asked: list[InboundMedia] = []

    async def fetch(self, media: InboundMedia, settings: BaseModel, http: Http, most_bytes: int) -> bytes:
        self.asked.append(media)
        return self._give(media)


async def make_account(scope: Scope, give: Callable[[InboundMedia], bytes] = lambda _: PHOTO) -> Account:
    connection_id = new_id()
    await rows(
        """insert into channel_connections (id, business_id, kind, channel, name, settings, token, token_index, created_at,
             updated_at) values (:id, :business_id, 'shelf', 'whatsapp', 'Shelf', '', '', :token, now(), now()) returning id""",
        id=connection_id,
        business_id=scope.business_id,
        token=str(connection_id),
    )
    return Account(
        id=connection_id,
        business_id=scope.business_id,
        kind="shelf",
        channel="whatsapp",
        name="Shelf",
        adapter=Shelf(give),  # type: ignore[arg-type]
        settings=NoSettings(),
        is_on=True,
        is_sandbox=False,
        health="ok",
        paused_until=None,
        state={},
    )


async def say(desk: Desk, account: Account, ids: Sequence[UUID]) -> UUID:
    """A stored message that carries the files."""
    written = await desk.ask("See these", str(uuid4()))
    (row,) = await rows("select id from messages where conversation_id = :id", id=written.conversation_id)
    async with open_db(desk.system) as db:
        await attach(db, row["id"], written.conversation_id, written.customer_id, ids, received_over(account.id))
    return UUID(str(row["id"]))


async def shown(message_id: UUID) -> list[dict[str, Any]]:
    (row,) = await rows("select attachments from messages where id = :id", id=message_id)
    return list(row["attachments"])


async def fetch(desk: Desk, account: Account, attachment_id: UUID) -> None:
    async def find(db: Db, connection_id: UUID) -> Account:
        if connection_id != account.id:
            raise NotFound("channel connection")
        return account

    await fetch_attachment(desk.system, attachment_id, find_account=find)


def mail_file(data: bytes, name: str, **values: Any) -> InboundMedia:
    return InboundMedia(kind="document", name=name, data=data, **values)


WAITING = InboundMedia(kind="image", ref="media-1", media_type="image/jpeg", size=len(PHOTO))


async def test_the_files_of_a_mail_are_stored_with_our_types_and_small_pictures() -> None:
    desk = await make_desk()
    account = await make_account(desk.system)
    media = [
        mail_file(PHOTO, "../garden.exe"),
        mail_file(b"<svg onload='x()'/>", "logo.svg"),
        mail_file(picture("PNG"), "sig.png", content_id="logo@x", is_inline=True),
    ]
    message_id = await say(desk, account, await keep_media(desk.system, account, media))
    photo, markup, inline = await shown(message_id)
    assert (photo["name"], photo["media_type"], photo["has_thumbnail"]) == ("garden.jpg", "image/jpeg", True)
    assert (markup["name"], markup["media_type"]) == ("logo.txt", "text/plain")
    assert (inline["is_inline"], "has_thumbnail" in inline) == (True, False)
    assert "status" not in photo
    opened = await open_link(sign_link(UUID(photo["id"]), desk.system.business_id).removeprefix("/files/"))
    assert opened.data == PHOTO
    small = await open_link(sign_thumbnail_link(UUID(photo["id"]), desk.system.business_id).removeprefix("/files/"))
    assert Image.open(io.BytesIO(small.data)).size == (480, 320)
    (row,) = await rows("select sha256, content_id from attachments where id = :id", id=UUID(photo["id"]))
    assert row["sha256"] == hashlib.sha256(PHOTO).hexdigest()


async def test_what_may_not_be_kept_leaves_its_name_and_the_reason() -> None:
    desk = await make_desk()
    account = await make_account(desk.system)
    most = load_settings().media_most_bytes
    media = [
        mail_file(b"MZ\x90\0", "setup.exe"),
        mail_file(bomb(5_000_000), "zeros.zip"),
        mail_file(b"a" * (most + 1), "film.txt"),
        mail_file(b"", "nothing.txt"),
        InboundMedia(kind="image"),
        InboundMedia(kind="video", ref="x", size=most + 1),
    ]
    files = await shown(await say(desk, account, await keep_media(desk.system, account, media)))
    assert [file["status"] for file in files] == ["refused"] * 6
    words = [file["problem"] for file in files]
    assert all(
        part in said for part, said in zip(("program", "unpack", "25 MB", "empty", "no file", "25 MB"), words, strict=True)
    )
    assert not (load_settings().home / "files" / str(desk.system.business_id)).exists()
    assert [file["url"] for file in with_links(files, desk.system.business_id)] == [""] * 6
    with pytest.raises(NotFound):
        await open_link(sign_link(UUID(files[0]["id"]), desk.system.business_id).removeprefix("/files/"))


async def test_a_file_of_twenty_five_megabytes_is_kept() -> None:
    desk = await make_desk()
    account = await make_account(desk.system)
    (attachment_id,) = await keep_media(desk.system, account, [mail_file(b"a" * load_settings().media_most_bytes, "long.txt")])
    (row,) = await rows("select status, size from attachments where id = :id", id=attachment_id)
    assert row == {"status": "stored", "size": 25 * 1024 * 1024}


async def test_of_hundreds_of_files_the_first_are_kept_and_the_rest_is_told() -> None:
    desk = await make_desk()
    account = await make_account(desk.system)
    ids = await keep_media(desk.system, account, [mail_file(b"x", f"{place}.txt") for place in range(200)])
    files = await shown(await say(desk, account, ids))
    assert len(files) == 60
    assert (files[-1]["name"], files[-1]["status"]) == ("141 more files", "refused")


async def test_a_file_the_provider_keeps_is_fetched_once_its_message_is_stored() -> None:
    desk = await make_desk()
    account = await make_account(desk.system)
    (attachment_id,) = await keep_media(desk.system, account, [WAITING])
    assert not await rows("select id from outbox where name = 'FetchAttachment'")
    message_id = await say(desk, account, [attachment_id])
    (job,) = await rows("select payload from outbox where name = 'FetchAttachment'")
    assert job["payload"] == {"attachment_id": str(attachment_id)}
    (waiting,) = await shown(message_id)
    assert (waiting["status"], waiting["name"]) == ("pending", "photo.jpg")
    (row,) = await rows("select origin from attachments")
    assert "media-1" not in row["origin"]
    await fetch(desk, account, attachment_id)
    (file,) = await shown(message_id)
    plain = {"id": str(attachment_id), "name": "photo.jpg", "media_type": "image/jpeg", "size": len(PHOTO)}
    assert file == {**plain, "has_thumbnail": True}
    await fetch(desk, account, attachment_id)
    assert [one.ref for one in account.adapter.asked] == ["media-1"]  # type: ignore[attr-defined]


async def test_two_files_that_arrive_together_both_show() -> None:
    desk = await make_desk()
    account = await make_account(desk.system)
    ids = await keep_media(desk.system, account, [replace(WAITING, ref=str(place)) for place in range(4)])
    message_id = await say(desk, account, ids)
    await asyncio.gather(*(fetch(desk, account, one) for one in (*ids, *ids)))
    assert [(file["id"], file.get("status")) for file in await shown(message_id)] == [(str(one), None) for one in ids]
    kept = [path for path in (load_settings().home / "files" / str(desk.system.business_id)).rglob("*") if path.is_file()]
    assert len(kept) == 8, "a twin of the job leaves no bytes"


async def test_what_the_provider_refuses_says_so_in_its_words_and_is_not_asked_for_again() -> None:
    desk = await make_desk()
    for error, words in (
        (Refused("Media was deleted by the sender."), "deleted by the sender"),
        (TooLarge("too large"), "25 MB"),
        (NotAllowed("10.0.0.1", "this is an address of a private network"), "private network"),
    ):

        def give(_: InboundMedia, error: Exception = error) -> bytes:
            raise error

        account = await make_account(desk.system, give)
        ids = await keep_media(desk.system, account, [replace(WAITING, size=None)])
        message_id = await say(desk, account, ids)
        await fetch(desk, account, ids[0])
        (file,) = await shown(message_id)
        assert file["status"] == "refused"
        assert words in file["problem"]


@pytest.mark.parametrize("error", [Unavailable("The provider"), Revoked("Token expired"), RuntimeError("a fault of ours")])
async def test_a_provider_that_is_away_is_asked_again_for_an_hour(error: Exception) -> None:
    def give(_: InboundMedia) -> bytes:
        raise error

    desk = await make_desk()
    account = await make_account(desk.system, give)
    (attachment_id,) = await keep_media(desk.system, account, [WAITING])
    message_id = await say(desk, account, [attachment_id])
    with pytest.raises(type(error)):
        await fetch(desk, account, attachment_id)
    assert (await shown(message_id))[0]["status"] == "pending"
    await rows("update attachments set created_at = :at returning 1", at=now() - GIVE_UP_AFTER - timedelta(minutes=1))
    await fetch(desk, account, attachment_id)
    assert (await shown(message_id))[0]["status"] == "failed"
    async with open_db(desk.maya) as db:
        await fetch_again(db, attachment_id)
    assert (await shown(message_id))[0]["status"] == "pending"
    assert len(await rows("select id from outbox where name = 'FetchAttachment'")) == 2


async def test_bytes_other_than_promised_are_not_kept() -> None:
    desk = await make_desk()
    account = await make_account(desk.system)
    wrong = replace(WAITING, sha256=hashlib.sha256(b"other").hexdigest())
    right = replace(WAITING, sha256=hashlib.sha256(PHOTO).hexdigest().upper())
    first, second = await keep_media(desk.system, account, [wrong, right])
    with pytest.raises(Unavailable):
        await fetch(desk, account, first)
    await fetch(desk, account, second)
    states = await rows("select status from attachments order by created_at, id")
    assert [row["status"] for row in states] == ["pending", "stored"]


async def test_what_a_fetched_file_is_comes_from_its_bytes() -> None:
    desk = await make_desk()
    account = await make_account(desk.system, lambda _: b"MZ\x90\0\x03")
    ids = await keep_media(desk.system, account, [WAITING])
    message_id = await say(desk, account, ids)
    await fetch(desk, account, ids[0])
    (file,) = await shown(message_id)
    assert (file["status"], "program" in file["problem"]) == ("refused", True)


async def test_a_file_of_a_removed_connection_is_not_waited_for() -> None:
    desk = await make_desk()
    account = await make_account(desk.system)
    (attachment_id,) = await keep_media(desk.system, account, [WAITING])
    message_id = await say(desk, account, [attachment_id])
    await rows("delete from channel_connections returning 1")
    await fetch(desk, account, attachment_id)
    assert "removed" in (await shown(message_id))[0]["problem"]
    async with open_db(desk.maya) as db:
        with pytest.raises(Conflict):
            await fetch_again(db, attachment_id)


async def test_a_row_erased_while_its_file_came_leaves_no_bytes() -> None:
    desk = await make_desk()
    account = await make_account(desk.system)
    (attachment_id,) = await keep_media(desk.system, account, [WAITING])

    async def find(db: Db, connection_id: UUID) -> Account:
        await rows("delete from attachments returning 1")
        return account

    await fetch_attachment(desk.system, attachment_id, find_account=find)
    assert not [path for path in (load_settings().home / "files" / str(desk.system.business_id)).rglob("*") if path.is_file()]


async def test_files_of_another_connection_or_business_are_not_tied_and_nobody_without_the_right_keeps_or_fetches() -> None:
    desk, other = await make_desk(), await make_desk("Other")
    account, second = await make_account(desk.system), await make_account(desk.system)
    ids = await keep_media(desk.system, account, [mail_file(b"x", "a.txt")])
    with pytest.raises(Invalid):
        await say(desk, second, ids)
    with pytest.raises(Invalid):
        await say(other, account, ids)
    with pytest.raises(Forbidden):
        await keep_media(without(desk.system, Permission.REPLY), account, [])
    async with open_db(desk.vera) as db:
        with pytest.raises(Forbidden):
            await fetch_again(db, ids[0])
    async with open_db(other.maya) as db:
        with pytest.raises(NotFound):
            await fetch_again(db, ids[0])


async def test_files_whose_message_never_came_are_gone_after_a_day() -> None:
    desk = await make_desk()
    account = await make_account(desk.system)
    await keep_media(desk.system, account, [mail_file(PHOTO, "a.jpg"), WAITING])
    await rows("update attachments set created_at = :at returning 1", at=now() - timedelta(hours=25))
    await forget_unsent()
    assert await count("attachments") == 0
    assert not [path for path in (load_settings().home / "files" / str(desk.system.business_id)).rglob("*") if path.is_file()]


def on_disk(desk: Desk) -> int:
    return sum(path.is_file() for path in (load_settings().home / "files" / str(desk.system.business_id)).rglob("*"))


@pytest.mark.parametrize("way", ["erased", "deleted"])
async def test_small_pictures_and_the_html_of_mails_go_with_their_customer_and_their_conversation(way: str) -> None:
    desk = await make_desk()
    admin = await make_member(desk.system, "Ada Admin", "admin")
    account = await make_account(desk.system)
    message_id = await say(desk, account, await keep_media(desk.system, account, [mail_file(PHOTO, "a.jpg"), WAITING]))
    html_key = await keep_html(desk.system, "<p>Hi</p>")
    (row,) = await rows(
        "update messages set html_key = :key where id = :id returning conversation_id, customer_id", key=html_key, id=message_id
    )
    event_key = await put_sealed(desk.system.business_id, b"raw event")
    await rows(
        """insert into channel_events (id, business_id, connection_id, hook, event_key, storage_key, customer_id, received_at)
           values (gen_random_uuid(), :business, :connection, 'shelf', 'e1', :key, :customer, now()) returning id""",
        business=desk.system.business_id,
        connection=account.id,
        key=event_key,
        customer=row["customer_id"],
    )
    assert on_disk(desk) == 4
    async with open_db(admin) as db:
        if way == "erased":
            await erase_customer(db, row["customer_id"])
        else:
            await delete_conversation(db, row["conversation_id"])
    for job in await rows("select payload from outbox where name = 'DeleteFiles'"):
        await delete_files(desk.system.business_id, DeleteFiles(**job["payload"]))
    # What a provider sent stays for its days when only the conversation went.
    assert on_disk(desk) == (0 if way == "erased" else 1)
