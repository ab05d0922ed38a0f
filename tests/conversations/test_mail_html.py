"""A mail's HTML is kept as it came and shown as a page that runs nothing, loads nothing, and is framed by nobody else."""

from uuid import UUID, uuid4

import pytest

from omni_app.channels.contract import InboundMedia
from omni_app.conversations.mail_html import MOST_HTML, keep_html, sign_html_link
from omni_app.conversations.media import keep_media
from omni_app.infra.crypto import sign
from omni_app.infra.errors import Forbidden, NotFound
from omni_app.infra.scope import Permission
from omni_app.infra.storage import read_sealed
from omni_app.settings import load_settings
from tests.conversations.desk import Desk, make_desk, without
from tests.conversations.test_media import make_account, say
from tests.conversations.test_sniffing import picture
from tests.making import open_client, rows

pytestmark = pytest.mark.usefixtures("database")

MAIL = (
    "<html><head><style>body{display:none}</style></head><body onload='steal()'><p>Hello <b>there</b></p>"
    "<script>steal()</script><img src='https://spy.example/pixel.gif'><img src='cid:logo@x'>"
    "<a href='javascript:steal()'>bad</a> <a href='https://shop.example/'>good</a><form action='/api'><input></form>"
)


async def keep_mail(desk: Desk, html: str = MAIL) -> UUID:
    account = await make_account(desk.system)
    logo = InboundMedia(kind="image", name="logo.png", data=picture("PNG"), content_id="logo@x", is_inline=True)
    message_id = await say(desk, account, await keep_media(desk.system, account, [logo]))
    await rows(
        "update messages set html_key = :key where id = :id returning 1", key=await keep_html(desk.system, html), id=message_id
    )
    return message_id


async def test_a_mail_is_shown_without_what_acts_and_with_its_own_pictures() -> None:
    desk = await make_desk()
    message_id = await keep_mail(desk)
    async with open_client() as client:
        answer = await client.get(sign_html_link(message_id, desk.system.business_id))
        text = answer.text
        assert answer.status_code == 200
        assert "<b>there</b>" in text
        assert not any(word in text for word in ("steal", "spy.example", "<form", "<input", "<script"))
        assert 'href="https://shop.example/"' in text
        start = text.index('src="/files/') + len('src="')
        picture_answer = await client.get(text[start : text.index('"', start)])
    assert picture_answer.content == picture("PNG")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_it_lies_encrypted_on_the_disk_and_whole() -> None:
    desk = await make_desk()
    message_id = await keep_mail(desk)
    (row,) = await rows("select html_key from messages where id = :id", id=message_id)
    assert b"Hello" not in (load_settings().home / "files" / row["html_key"]).read_bytes()
    assert (await read_sealed(row["html_key"])).decode() == MAIL
    key = await keep_html(desk.system, "é" * MOST_HTML)
    assert len(await read_sealed(key)) == MOST_HTML
    with pytest.raises(Forbidden):
        await keep_html(without(desk.system, Permission.REPLY), MAIL)


async def test_a_forged_link_another_business_or_a_message_without_html_shows_nothing() -> None:
    desk, other = await make_desk(), await make_desk("Other")
    message_id = await keep_mail(desk)
    links = (
        ("/files/html/forged", 403),
        ("/files/html/" + sign("file", {"m": str(message_id), "b": str(desk.system.business_id)}), 403),
        (sign_html_link(message_id, other.system.business_id), 404),
        (sign_html_link(uuid4(), desk.system.business_id), 404),
    )
    async with open_client() as client:
        for link, status in links:
            answer = await client.get(link)
            assert answer.status_code == status
            assert "there" not in answer.text
        await rows("update messages set html_key = '' returning 1")
        assert (await client.get(sign_html_link(message_id, desk.system.business_id))).status_code == 404


async def test_every_other_page_stays_out_of_frames() -> None:
    async with open_client() as client:
        assert (await client.get("/files/forged")).headers["x-frame-options"] == "DENY"


async def test_a_key_of_a_file_that_is_gone_is_not_found() -> None:
    with pytest.raises(NotFound):
        await read_sealed("00000000-0000-7000-8000-000000000000/ab/" + "ab" * 32 + "-00000000")
