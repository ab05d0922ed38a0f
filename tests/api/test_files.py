"""Uploading from the widget and reading by signed links, over HTTP."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from omni_app.api.chat.session import new_session
from omni_app.api.middleware import MAX_DROPPED, MAX_UPLOAD
from omni_app.conversations.attachments import MAX_BYTES, keep_upload, sign_link
from omni_app.infra.redis import key, redis_client
from tests.conversations.test_sniffing import picture
from tests.making import Made, count, make_business, open_client, rows

pytestmark = pytest.mark.usefixtures("database")


async def _upload(
    made: Made, data: bytes = b"Hello", name: str = "note.txt", session: str | None = None, **more: Any
) -> httpx2.Response:
    token = session if session is not None else new_session(made.scope.business_id, "visitor-1")
    async with open_client() as client:
        return await client.post(
            f"/chat/{made.widget_key}/attachments",
            files={"file": (name, data, "text/html")},
            data={"session": token},
            headers={"Origin": "https://shop.example"},
            **more,
        )


async def _read(made: Made, data: bytes, name: str) -> httpx2.Response:
    kept = await keep_upload(made.scope, data, name, uploaded_by="visitor:x")
    async with open_client() as client:
        return await client.get(sign_link(kept.id, made.scope.business_id))


async def test_the_widget_uploads_a_file_from_another_site() -> None:
    made = await make_business(faqs=())
    answer = await _upload(made, picture("PNG"), "photo.html")
    assert answer.status_code == 200
    body = answer.json()
    assert {**body, "id": ""} == {"id": "", "name": "photo.png", "media_type": "image/png", "size": len(picture("PNG"))}
    assert answer.headers["access-control-allow-origin"] == "*"
    (row,) = await rows("select uploaded_by from attachments")
    assert row["uploaded_by"] == "visitor:visitor-1"


async def test_the_browser_may_ask_first() -> None:
    made = await make_business(faqs=())
    async with open_client() as client:
        answer = await client.request("OPTIONS", f"/chat/{made.widget_key}/attachments")
    assert answer.status_code == 204
    assert "POST" in answer.headers["access-control-allow-methods"]


async def test_a_session_of_another_business_forged_or_missing_is_refused() -> None:
    made, other = await make_business(faqs=()), await make_business("Other", faqs=())
    for session in ("", "forged", new_session(other.scope.business_id, "visitor-1")):
        answer = await _upload(made, session=session)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert await count("attachments") == 0


async def test_an_unknown_widget_is_not_found() -> None:
    made = await make_business(faqs=())
    async with open_client() as client:
        answer = await client.post(
            "/chat/wk_unknown/attachments",
            files={"file": ("a.txt", b"x")},
            data={"session": new_session(made.scope.business_id, "v")},
        )
    assert answer.status_code == 404


async def test_a_file_of_ten_megabytes_passes_and_one_more_byte_does_not() -> None:
    made = await make_business(faqs=())
    assert (await _upload(made, b"a" * MAX_BYTES)).status_code == 200
    answer = await _upload(made, b"a" * (MAX_BYTES + 1))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "file")


async def test_a_body_that_never_ends_is_cut_off() -> None:
    made = await make_business(faqs=())
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        while True:
            sent += 65536
            yield b"a" * 65536

    async with open_client() as client:
        answer = await client.post(
            f"/chat/{made.widget_key}/attachments",
            content=endless(),
            headers={"Content-Type": "multipart/form-data; boundary=b"},
        )
    assert answer.status_code == 413
    assert sent <= MAX_UPLOAD + MAX_DROPPED + 2 * 65536
    assert await count("attachments") == 0


async def test_other_bodies_keep_their_small_limit() -> None:
    async with open_client() as client:
        answer = await client.post("/api/agent/process", content=b"x" * (1024 * 1024 + 1))
    assert answer.status_code == 413
    assert "1 MiB" in answer.json()["message"]


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"", "multipart/form-data; boundary=b"),
        (b"nonsense", "multipart/form-data; boundary=b"),
        (b"nonsense", "multipart/form-data"),
        (b"{}", "application/json"),
        (b"", ""),
        (b"--b\r\n" + b'Content-Disposition: form-data; name="x"\r\n\r\nv\r\n--b\r\n' * 50, "multipart/form-data; boundary=b"),
        (
            b'--b\r\nContent-Disposition: form-data; name="session"\r\n\r\n' + b"x" * 9000 + b"\r\n--b--",
            "multipart/form-data; boundary=b",
        ),
    ],
)
async def test_broken_uploads_are_answered_in_words(content: bytes, content_type: str) -> None:
    made = await make_business(faqs=())
    async with open_client() as client:
        answer = await client.post(
            f"/chat/{made.widget_key}/attachments", content=content, headers={"Content-Type": content_type}
        )
    assert answer.status_code in (401, 422)
    assert answer.json()["message"]


async def test_an_upload_without_a_file_says_so() -> None:
    made = await make_business(faqs=())
    async with open_client() as client:
        answer = await client.post(
            f"/chat/{made.widget_key}/attachments",
            files={"other": ("a.txt", b"x")},
            data={"session": new_session(made.scope.business_id, "v")},
        )
    assert answer.json()["errors"] == [{"field": "file", "message": "Choose a file."}]


async def test_one_network_sends_a_hundred_files_an_hour() -> None:
    made = await make_business(faqs=())
    await _upload(made)
    (window,) = [name async for name in redis_client().scan_iter(key("limit", "upload", "*"))]
    (entry,) = await redis_client().zrange(window, 0, -1, withscores=True)
    await redis_client().zadd(window, {f"more-{number}": entry[1] for number in range(99)})
    answer = await _upload(made)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many")


async def test_a_picture_shows_in_the_page_and_runs_nothing() -> None:
    made = await make_business(faqs=())
    answer = await _read(made, picture("PNG"), 'Zoë\'s "photo".png')
    assert (answer.status_code, answer.content) == (200, picture("PNG"))
    headers = answer.headers
    assert headers["content-type"] == "image/png"
    assert headers["content-disposition"] == "inline; filename=\"Zo_'s _photo_.png\"; filename*=UTF-8''Zo%C3%AB%27s%20_photo_.png"
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"].startswith("private")
    assert headers["cross-origin-resource-policy"] == "cross-origin"


@pytest.mark.parametrize(
    ("data", "name", "media_type"),
    [
        (b"%PDF-1.4 <script>alert(1)</script>", "a.pdf", "application/pdf"),
        (b"hello <script>alert(1)</script>", "a.csv", "text/plain; charset=utf-8"),
        (b"GIF89a\x01\0\x01\0/*<script>alert(1)</script>*/", "a.gif", "image/gif"),
    ],
)
async def test_a_file_of_two_natures_is_served_as_one_and_never_sniffed(data: bytes, name: str, media_type: str) -> None:
    made = await make_business(faqs=())
    answer = await _read(made, data, name)
    assert answer.headers["content-type"] == media_type
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("inline" if "gif" in media_type else "attachment")


async def test_a_link_that_is_wrong_or_leads_to_nothing_is_answered_so() -> None:
    made = await make_business(faqs=())
    async with open_client() as client:
        assert (await client.get("/files/forged")).status_code == 403
        assert (await client.get(sign_link(uuid4(), made.scope.business_id))).status_code == 404
        assert (await client.get("/files/")).status_code == 404


SOUND = b"OggS" + bytes(range(200))


@pytest.mark.parametrize(
    ("asked", "status", "part", "told"),
    [
        ("", 200, SOUND, None),
        ("bytes=0-1", 206, SOUND[:2], f"bytes 0-1/{len(SOUND)}"),
        ("bytes=100-", 206, SOUND[100:], f"bytes 100-{len(SOUND) - 1}/{len(SOUND)}"),
        ("bytes=-4", 206, SOUND[-4:], f"bytes {len(SOUND) - 4}-{len(SOUND) - 1}/{len(SOUND)}"),
        ("bytes=10-99999", 206, SOUND[10:], f"bytes 10-{len(SOUND) - 1}/{len(SOUND)}"),
        ("bytes=99999-", 416, b"", f"bytes */{len(SOUND)}"),
        ("bytes=-0", 416, b"", f"bytes */{len(SOUND)}"),
        ("bytes=0-1,5-6", 200, SOUND, None),
        ("bytes=-", 200, SOUND, None),
        ("lines=1-2", 200, SOUND, None),
    ],
)
async def test_a_player_may_ask_for_a_part_of_a_sound(asked: str, status: int, part: bytes, told: str | None) -> None:
    made = await make_business(faqs=())
    kept = await keep_upload(made.scope, SOUND, "voice.ogg", uploaded_by="visitor:x")
    async with open_client() as client:
        answer = await client.get(sign_link(kept.id, made.scope.business_id), headers={"Range": asked} if asked else {})
    assert (answer.status_code, answer.content, answer.headers.get("content-range")) == (status, part, told)
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    if status != 416:
        assert answer.headers["content-disposition"].startswith("inline")
