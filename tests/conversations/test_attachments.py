"""Uploads are kept once, tied to one message of their sender, shown by signed links, and removed when nobody sends them."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from omni_app.conversations.attachments import (
    MAX_BYTES,
    AttachmentView,
    attach,
    forget_unsent,
    keep_upload,
    open_link,
    sign_link,
    uploader_of,
    with_links,
)
from omni_app.infra.crypto import sign
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid, NotFound, TooMany
from omni_app.infra.scope import Scope
from omni_app.settings import load_settings
from tests.conversations.desk import make_desk, state
from tests.conversations.test_sniffing import picture
from tests.conversations.visitors import browser, write
from tests.making import count, rows

pytestmark = pytest.mark.usefixtures("database")

MINE = uploader_of(browser())


async def _keep(scope: Scope, data: bytes = b"Hello", name: str = "note.txt", by: str = MINE) -> AttachmentView:
    return await keep_upload(scope, data, name, uploaded_by=by)


async def _path(attachment_id: UUID) -> Path:
    (row,) = await rows("select storage_key from attachments where id = :id", id=attachment_id)
    return load_settings().home / "files" / str(row["storage_key"])


async def test_a_file_is_kept_with_our_type_and_a_harmless_name() -> None:
    desk = await make_desk()
    kept = await _keep(desk.system, picture("PNG"), "../evil\u202e.exe")
    assert (kept.name, kept.media_type) == ("evil.png", "image/png")
    assert (await _path(kept.id)).read_bytes() == picture("PNG")
    (row,) = await rows("select message_id, customer_id, uploaded_by from attachments")
    assert row == {"message_id": None, "customer_id": None, "uploaded_by": "visitor:visitor-1"}


@pytest.mark.parametrize("data", [b"", b"MZ\x90\0", b"x" * (MAX_BYTES + 1), b"<svg/>"])
async def test_what_may_not_be_sent_leaves_neither_row_nor_file(data: bytes) -> None:
    desk = await make_desk()
    with pytest.raises(Invalid):
        await _keep(desk.system, data)
    assert await count("attachments") == 0
    assert not (load_settings().home / "files" / str(desk.system.business_id)).exists()


async def test_a_visitor_sends_twenty_files_an_hour() -> None:
    desk = await make_desk()
    for _ in range(20):
        await _keep(desk.system)
    with pytest.raises(TooMany):
        await _keep(desk.system)
    await _keep(desk.system, by="member:1")


async def test_staff_keep_files_for_their_own_conversations_only() -> None:
    desk, other = await make_desk(), await make_desk("Other")
    said = await desk.ask()
    await keep_upload(desk.maya, b"Hi", "a.txt", uploaded_by="member:1", conversation_id=said.conversation_id)
    with pytest.raises(NotFound):
        await keep_upload(other.maya, b"Hi", "a.txt", uploaded_by="member:1", conversation_id=said.conversation_id)
    with pytest.raises(Forbidden):
        await keep_upload(desk.vera, b"Hi", "a.txt", uploaded_by="member:1")


async def test_a_message_carries_its_files_in_the_order_chosen() -> None:
    desk = await make_desk()
    first, second = await _keep(desk.system, name="one.txt"), await _keep(desk.system, picture("PNG"), "two.png")
    said = await write(desk.system, browser(), "Look", attachments=(second.id, first.id, second.id))
    (row,) = await rows("select attachments from messages where id = :id", id=said.message_id)
    assert row["attachments"] == [
        {"id": str(second.id), "name": "two.png", "media_type": "image/png", "size": second.size},
        {"id": str(first.id), "name": "one.txt", "media_type": "text/plain", "size": 5},
    ]
    (tied,) = await rows("select message_id, conversation_id, customer_id from attachments where id = :id", id=first.id)
    assert tied == {
        "message_id": said.message_id,
        "conversation_id": said.conversation_id,
        "customer_id": said.customer.id,
    }


async def test_a_message_may_be_files_alone_but_not_nothing() -> None:
    desk = await make_desk()
    kept = await _keep(desk.system)
    said = await write(desk.system, browser(), "", attachments=(kept.id,))
    assert (await state(said.conversation_id))["last_text"] == "note.txt"
    with pytest.raises(Invalid):
        await write(desk.system, browser(), "")


async def test_a_file_of_somebody_else_another_business_or_another_message_is_refused_and_nothing_stored() -> None:
    desk, other = await make_desk(), await make_desk("Other")
    theirs = await _keep(desk.system, by=uploader_of(browser("visitor-2")))
    foreign = await _keep(other.system)
    used = await _keep(desk.system)
    await write(desk.system, browser(), "First", attachments=(used.id,))
    for wrong in (theirs.id, foreign.id, used.id, uuid4()):
        fresh = await _keep(desk.system)
        with pytest.raises(Invalid) as caught:
            await write(desk.system, browser(), "Second", attachments=(fresh.id, wrong))
        assert caught.value.fields[0].field == "attachments"
    assert await count("messages") == 1
    assert len(await rows("select id from attachments where message_id is not null")) == 1


async def test_six_files_are_too_many_for_a_message() -> None:
    desk = await make_desk()
    kept = [(await _keep(desk.system)).id for _ in range(6)]
    with pytest.raises(Invalid):
        await write(desk.system, browser(), "Look", attachments=tuple(kept))


async def test_a_file_sent_in_two_tabs_at_once_goes_once() -> None:
    desk = await make_desk()
    await write(desk.system, browser(), "First")
    kept = await _keep(desk.system)
    results = await asyncio.gather(
        *(write(desk.system, browser(), f"Tab {tab}", attachments=(kept.id,)) for tab in range(4)), return_exceptions=True
    )
    assert len([result for result in results if isinstance(result, Invalid)]) == 3
    assert len(await rows("select id from messages where text like 'Tab%'")) == 1


async def test_who_may_not_reply_attaches_nothing() -> None:
    desk = await make_desk()
    said = await desk.ask()
    with pytest.raises(Forbidden):
        async with open_db(desk.vera) as db:
            await attach(db, uuid4(), said.conversation_id, said.customer_id, [uuid4()], MINE)


async def test_a_signed_link_opens_the_file() -> None:
    desk = await make_desk()
    kept = await _keep(desk.system)
    (shown,) = with_links([{"id": str(kept.id), "name": kept.name}], desk.system.business_id)
    opened = await open_link(shown["url"].removeprefix("/files/"))
    assert (opened.name, opened.media_type, opened.data) == ("note.txt", "text/plain", b"Hello")


async def test_a_link_is_for_its_business_its_purpose_and_its_time() -> None:
    desk, other = await make_desk(), await make_desk("Other")
    kept = await _keep(desk.system)
    link = sign_link(kept.id, desk.system.business_id).removeprefix("/files/")
    with pytest.raises(NotFound):
        await open_link(sign_link(kept.id, other.system.business_id).removeprefix("/files/"))
    payload = {"f": str(kept.id), "b": str(desk.system.business_id)}
    for wrong in (
        # Not the last sign: some of its bits mean nothing.
        link[:-6] + ("A" if link[-6] != "A" else "B") + link[-5:],
        "",
        "x.y.z",
        sign("widget", payload),
        sign("file", {"f": "1"}),
        "é",
    ):
        with pytest.raises(Forbidden):
            await open_link(wrong)


async def test_an_upload_nobody_sends_is_removed_after_a_day() -> None:
    desk = await make_desk()
    old, fresh, sent = await _keep(desk.system), await _keep(desk.system), await _keep(desk.system)
    await write(desk.system, browser(), "Look", attachments=(sent.id,))
    await rows(
        "update attachments set created_at = created_at - :age where id <> :id returning id", age=timedelta(days=2), id=fresh.id
    )
    paths = {kept.id: await _path(kept.id) for kept in (old, fresh, sent)}
    await forget_unsent()
    assert {row["id"] for row in await rows("select id from attachments")} == {fresh.id, sent.id}
    assert {kept for kept, path in paths.items() if path.exists()} == {fresh.id, sent.id}
