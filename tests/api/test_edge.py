"""What holds for every address: JSON errors, headers, documentation, health."""

from collections.abc import Iterator

import httpx2
import pytest

from omni_app.api.middleware import Edge
from omni_app.settings import load_settings
from tests.making import make_business, open_client, rest_app
from tests.tenancy.people import found

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize("path", ["/api/nothing", "/api/agent", "/api/faq/x/y/z", "/api/"])
async def test_an_unknown_address_answers_in_json(path: str) -> None:
    async with open_client() as client:
        answer = await client.get(path)
    assert answer.status_code in {404, 405}
    assert answer.json()["success"] is False


async def test_every_answer_carries_a_request_id_and_safe_headers() -> None:
    async with open_client() as client:
        answer = await client.get("/live", headers={"X-Request-Id": "mine-1234"})
        forged = await client.get("/live", headers={"X-Request-Id": "bad id\twith spaces"})
    assert answer.headers["x-request-id"] == "mine-1234"
    assert forged.headers["x-request-id"] != "bad id\twith spaces"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"


async def test_the_description_lists_the_endpoints_with_their_errors() -> None:
    async with open_client() as client:
        document = (await client.get("/api/openapi.json")).json()
        page = await client.get("/api/docs")
        script = await client.get("/api/docs/swagger-ui-bundle.js")
    assert {"/api/agent/process", "/api/faq", "/api/faq/{faq_id}"} <= set(document["paths"])
    assert {"200", "401", "422", "429"} <= set(document["paths"]["/api/agent/process"]["post"]["responses"])
    assert page.status_code == script.status_code == 200
    assert "://cdn" not in page.text


@pytest.mark.parametrize(
    ("length", "status"),
    [("abc", 400), ("-5", 400), ("1e3", 400), ("1 2", 400), ("9" * 5000, 413), ("1048577", 413), ("0007", 401)],
)
async def test_an_odd_content_length_is_answered_in_json(length: str, status: int) -> None:
    async with open_client() as client:
        answer = await client.post("/api/faq", content=b"{}     ", headers={"Content-Length": length})
    assert answer.status_code == status
    assert answer.json()["success"] is False


async def test_health_names_every_part_and_metrics_can_be_read() -> None:
    async with open_client() as client:
        health = await client.get("/health")
        ready = await client.get("/ready")
        metrics = await client.get("/metrics")
    assert health.status_code == 200
    assert set(health.json()["parts"]) >= {"database", "redis", "queue", "worker", "scheduler", "model", "memory", "cpu"}
    assert health.json()["parts"]["database"]["status"] == "up"
    assert ready.status_code == 200
    assert "omni_queue_oldest_seconds" in metrics.text


async def read_metrics(host: str, **headers: str) -> int:
    transport = httpx2.ASGITransport(app=Edge(rest_app()), client=(host, 40_000))
    async with httpx2.AsyncClient(transport=transport, base_url="http://omni.test") as client:
        return (await client.get("/metrics", headers=headers)).status_code


@pytest.fixture
def metrics_token(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("METRICS_TOKEN", "figures-1234")
    load_settings.cache_clear()
    yield "figures-1234"
    monkeypatch.undo()
    load_settings.cache_clear()


@pytest.mark.parametrize(
    ("host", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("127.8.8.8", {}, 200),
        ("::1", {}, 200),
        ("::ffff:127.0.0.1", {}, 200),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.7"}, 403),
        ("203.0.113.7", {}, 403),
        ("10.0.0.7", {"X-Forwarded-For": "127.0.0.1"}, 403),
        ("localhost.evil.example", {}, 403),
        ("203.0.113.7", {"Authorization": "Bearer figures-1234"}, 403),
        ("203.0.113.7", {"Authorization": "Bearer "}, 403),
    ],
)
async def test_figures_are_for_this_machine(host: str, headers: dict[str, str], status: int) -> None:
    assert await read_metrics(host, **headers) == status


async def test_figures_are_for_who_has_the_token(metrics_token: str) -> None:
    assert await read_metrics("203.0.113.7", Authorization=f"Bearer {metrics_token}") == 200
    assert await read_metrics("127.0.0.1") == 200
    for wrong in ("", "Bearer figures", "Bearer figures-12345", f"Basic {metrics_token}"):
        assert await read_metrics("203.0.113.7", Authorization=wrong) == 403


async def test_answers_that_are_no_page_may_do_nothing() -> None:
    made = await make_business(faqs=())
    async with open_client() as client:
        answers = [await client.get(path, headers=made.headers) for path in ("/api/faq", "/api/nothing", "/live")]
        answers += [await client.get(f"/chat/{made.widget_key}/config"), await client.get("/files/forged")]
    for answer in answers:
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "camera=()" in answer.headers["permissions-policy"]
        assert "strict-transport-security" not in answer.headers


async def test_the_documentation_runs_its_own_script_only() -> None:
    async with open_client() as client:
        page = await client.get("/api/docs")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self' 'unsafe-eval' 'sha256-" in policy
    assert "script-src 'self' 'unsafe-inline'" not in policy
    assert len(page.headers.get_list("content-security-policy")) == 1


async def test_the_widget_may_be_read_from_any_page_and_nothing_else() -> None:
    made = await make_business(faqs=())
    async with open_client() as client:
        config = await client.get(f"/chat/{made.widget_key}/config", headers={"Origin": "https://shop.example"})
        unknown = await client.get("/chat/wk_unknown/config", headers={"Origin": "https://shop.example"})
        api = await client.get("/api/faq", headers={**made.headers, "Origin": "https://shop.example"})
    assert config.json()["name"] == "Brook Street Dental"
    assert config.headers["access-control-allow-origin"] == "*"
    assert unknown.status_code == 404
    assert "access-control-allow-origin" not in api.headers


async def test_files_of_a_page_are_read_from_who_is_signed_in_only() -> None:
    token = await found()
    files = {"files": ("notes.txt", b"x" * 3_000_000, "text/plain")}
    async with open_client() as client:
        stranger = await client.post("/_upload", files=files)
        forged = await client.post("/_upload", files=files, headers={"Cookie": "omni_session=not-a-token"})
        # The pages' own layer, which takes the files, does not run here.
        known = await client.post("/_upload", files=files, headers={"Cookie": f"a=b; omni_session={token}"})
    assert (stranger.status_code, stranger.json()["code"]) == (401, "signed_out")
    assert forged.status_code == 401
    assert known.status_code == 404
