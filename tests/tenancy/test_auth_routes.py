from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from fastapi import FastAPI

from omni_app.api.errors import add_error_handlers
from omni_app.api.routes.auth import router
from omni_app.infra.ids import new_id
from omni_app.settings import load_settings
from omni_app.tenancy.sessions import find_viewer
from omni_app.tenancy.signing_in import sign_in
from tests.tenancy.people import CLIENT, PASSWORD, owner, sql

HOST = "http://omni.example"


@pytest.fixture
async def http(database: None) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    add_error_handlers(app)
    app.include_router(router)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=HOST) as client:
        yield client


@pytest.fixture
def secure(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SECURE_COOKIES", "true")
    load_settings.cache_clear()
    yield
    monkeypatch.undo()
    load_settings.cache_clear()


async def ticket() -> str:
    return await sign_in("maya@example.com", PASSWORD, CLIENT)


async def signed_in(http: httpx2.AsyncClient) -> str:
    """Sign in through the route; give back the token in the cookie."""
    answer = await http.post("/auth/complete", json={"ticket": await ticket()})
    assert answer.status_code == 204
    return str(http.cookies["omni_session"])


async def test_a_ticket_becomes_a_cookie_that_scripts_cannot_read(http: httpx2.AsyncClient) -> None:
    await owner()
    answer = await http.post("/auth/complete", json={"ticket": await ticket()}, headers={"User-Agent": "Firefox"})
    assert (answer.status_code, answer.content) == (204, b"")
    cookie = answer.headers["set-cookie"]
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert parts == {"httponly", "samesite=lax", "path=/", "max-age=1209600"}
    viewer = await find_viewer(http.cookies["omni_session"], CLIENT)
    assert viewer is not None
    (session,) = await sql("select user_agent from sessions where id = :id", id=viewer.session_id)
    assert session["user_agent"] == "Firefox"


async def test_behind_https_the_cookie_is_secure(http: httpx2.AsyncClient, secure: None) -> None:
    await owner()
    answer = await http.post("/auth/complete", json={"ticket": await ticket()})
    assert "; secure" in answer.headers["set-cookie"].lower()


async def test_a_ticket_used_twice_or_forged_sets_nothing(http: httpx2.AsyncClient) -> None:
    await owner()
    good = await ticket()
    await http.post("/auth/complete", json={"ticket": good})
    for bad in (good, "x" * 43, "😀"):
        answer = await http.post("/auth/complete", json={"ticket": bad})
        assert answer.status_code == 401
        assert answer.json()["code"] == "unauthorized"
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("ticket", {}),
        ("ticket", {"ticket": ""}),
        ("ticket", {"ticket": 5}),
        ("ticket", {"ticket": "x" * 201}),
        ("next", {"ticket": "x" * 43, "next": "//evil.example"}),
    ],
)
async def test_a_body_of_the_wrong_shape_names_its_field(http: httpx2.AsyncClient, field: str, body: dict[str, object]) -> None:
    answer = await http.post("/auth/complete", json=body)
    assert answer.status_code == 422
    assert [wrong["field"] for wrong in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", None])
async def test_what_a_foreign_form_can_send_is_refused(http: httpx2.AsyncClient, kind: str | None) -> None:
    await owner()
    body = f'{{"ticket": "{await ticket()}"}}'.encode()
    for path in ("/auth/complete", "/auth/sign-out", "/auth/switch"):
        answer = await http.post(path, content=body, headers={"Content-Type": kind} if kind else {})
        assert answer.status_code == 415
    assert await sql("select 1 from sessions where token_hash is not null and ip is null") == []


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (HOST, 204),
        ("http://omni.example:80", 204),
        ("https://omni.example:80", 204),
        ("http://omni.example.evil.example", 403),
        ("http://evil.example", 403),
        ("http://omni.example:81", 403),
        ("https://omni.example", 403),
        ("null", 403),
        ("", 403),
        ("http://[", 403),
        ("http://omni.example:x", 403),
    ],
)
async def test_only_our_own_pages_may_ask(http: httpx2.AsyncClient, origin: str, status: int) -> None:
    answer = await http.post("/auth/sign-out", json={}, headers={"Origin": origin, "Host": "omni.example:80"})
    assert answer.status_code == status


async def test_the_public_address_is_our_own_behind_a_proxy(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/auth/sign-out", json={}, headers={"Origin": load_settings().base_url, "Host": "10.0.0.5:3000"})
    assert answer.status_code == 204


async def test_signing_out_ends_the_session_and_forgets_the_cookie(http: httpx2.AsyncClient) -> None:
    await owner()
    token = await signed_in(http)
    answer = await http.post("/auth/sign-out", json={})
    assert answer.status_code == 204
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    assert await find_viewer(token, CLIENT) is None
    assert "omni_session" not in http.cookies


async def test_signing_in_anew_ends_the_session_this_browser_had(http: httpx2.AsyncClient) -> None:
    await owner()
    first = await signed_in(http)
    second = await signed_in(http)
    assert await find_viewer(first, CLIENT) is None
    assert await find_viewer(second, CLIENT) is not None


async def test_switching_works_between_ones_own_businesses_only(http: httpx2.AsyncClient) -> None:
    maya, other = await owner(), await owner("Other", "ben@example.com", "Ben")
    token = await signed_in(http)
    for stranger in (other.business_id, new_id()):
        answer = await http.post("/auth/switch", json={"business_id": str(stranger)})
        assert answer.status_code == 404
    await sql(
        "insert into members (id, business_id, user_id, name, email, role, created_at)"
        " values (:id, :business, :user, 'Maya', 'maya@example.com', 'agent', now())",
        id=new_id(),
        business=other.business_id,
        user=maya.user_id,
    )
    answer = await http.post("/auth/switch", json={"business_id": str(other.business_id)})
    assert answer.status_code == 204
    viewer = await find_viewer(token, CLIENT)
    assert viewer is not None
    assert viewer.business_id == other.business_id
    answer = await http.post("/auth/switch", json={"business_id": "1 or 1=1"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "business_id")


async def test_nobody_switches_without_a_session(http: httpx2.AsyncClient) -> None:
    for cookie in ({}, {"Cookie": "omni_session=" + "x" * 43}):
        answer = await http.post("/auth/switch", json={"business_id": str(new_id())}, headers=cookie)
        assert answer.status_code == 401
