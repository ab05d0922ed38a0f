"""What holds for every address: JSON errors, headers, documentation, health."""

import pytest

from tests.making import make_business, open_client

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
