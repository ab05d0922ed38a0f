"""What the API's own limits tell: headers with every answer, 429 with the moment to come back."""

from collections.abc import Iterator

import httpx2
import pytest

from omni_app.api.middleware import Edge
from omni_app.infra.background import finish_tasks
from omni_app.infra.database import open_db
from omni_app.infra.errors import Invalid
from omni_app.limits.addresses import KEYLESS
from omni_app.settings import load_settings
from omni_app.tenancy.api_keys import create_key, list_keys
from tests.making import Made, make_business, open_client, question, rest_app, rows

pytestmark = pytest.mark.usefixtures("database")

NAMES = ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "ratelimit-policy", "ratelimit")


@pytest.fixture(autouse=True)
def number_of_the_plan(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No number of the deployment's own."""
    monkeypatch.delenv("API_CALLS_PER_HOUR", raising=False)
    load_settings.cache_clear()
    yield
    monkeypatch.undo()
    load_settings.cache_clear()


def client_at(address: str) -> httpx2.AsyncClient:
    """Like `open_client`, from this network address."""
    transport = httpx2.ASGITransport(app=Edge(rest_app()), raise_app_exceptions=False, client=(address, 4321))
    return httpx2.AsyncClient(transport=transport, base_url="http://omni.test")


async def key_with(made: Made, calls_per_hour: int | None) -> dict[str, str]:
    async with open_db(made.scope) as db:
        _, secret = await create_key(db, "Limited", calls_per_hour=calls_per_hour)
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize(("plan", "calls"), [("starter", 1_000), ("growth", 5_000), ("scale", 20_000)])
async def test_a_key_has_the_number_of_its_plan(plan: str, calls: int) -> None:
    made = await make_business(faqs=(), plan=plan)
    async with open_client() as client:
        answer = await client.get("/api/faq", headers=made.headers)
    assert [answer.headers[name] for name in NAMES] == [
        str(calls),
        str(calls - 1),
        "0",
        f'"api";q={calls};w=3600',
        f'"api";r={calls - 1};t=0',
    ]


async def test_a_keys_own_number_replaces_the_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    made = await make_business(faqs=())
    headers = await key_with(made, 2)
    async with open_client() as client:
        left = [(await client.get("/api/faq", headers=headers)).headers["ratelimit-remaining"] for _ in range(2)]
        refused = await client.get("/api/faq", headers=headers)
        monkeypatch.setenv("API_CALLS_PER_HOUR", "77")
        load_settings.cache_clear()
        others = await client.get("/api/faq", headers=made.headers)
        assert (await client.get("/api/faq", headers=headers)).status_code == 429
    assert left == ["1", "0"]
    assert others.headers["ratelimit-limit"] == "77"
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many")
    assert refused.headers["ratelimit"] == f'"api";r=0;t={refused.headers["retry-after"]}'
    assert refused.headers.get_list("ratelimit-limit") == ["2"]
    await finish_tasks(30)
    (kept,) = await rows("select limit_name, subject_kind, most, count from limit_refusals")
    assert kept == {"limit_name": "api", "subject_kind": "api_key", "most": 2, "count": 2}
    async with open_db(made.scope) as db:
        assert {key.name: key.calls_per_hour for key in await list_keys(db)} == {"Limited": 2, "Test key": None}


@pytest.mark.parametrize("number", [0, -1, 10_000_001, True, 2.5, "9"])
async def test_an_absurd_number_of_calls_is_refused(number: object) -> None:
    made = await make_business(faqs=())
    with pytest.raises(Invalid) as refused:
        await key_with(made, number)  # type: ignore[arg-type]
    assert refused.value.fields[0].field == "calls_per_hour"


async def test_calls_without_a_valid_key_count_for_their_address() -> None:
    made = await make_business(faqs=())
    forged = {"Authorization": "Bearer ebk_not-a-key-at-all-000000"}
    async with client_at("203.0.113.7") as client, client_at("203.0.113.8") as neighbour:
        first = await client.get("/api/faq")
        second = await client.get("/api/nothing-here")
        third = await client.get("/api/faq", headers=forged)
        for _ in range(KEYLESS - 3):
            await client.get("/api/faq/x/y")
        refused = [await client.get("/api/openapi.json"), await client.get("/api/faq", headers=forged)]
        assert (await client.get("/api/faq", headers=made.headers)).status_code == 200
        assert (await client.get("/live")).status_code == 200
        assert (await neighbour.get("/api/openapi.json")).status_code == 200
    assert [answer.status_code for answer in (first, second, third, *refused)] == [401, 404, 401, 429, 429]
    assert [answer.headers["ratelimit-remaining"] for answer in (first, second, third)] == ["199", "198", "197"]
    for answer in refused:
        assert answer.headers["ratelimit-policy"] == '"keyless";q=200;w=900'
        assert 890 <= int(answer.headers["retry-after"]) <= 900
        assert answer.json()["code"] == "too_many"


async def test_the_limit_that_refused_speaks_in_the_headers() -> None:
    made = await make_business(faqs=(), daily_messages=1)
    async with open_client() as client:
        passed = await client.post("/api/agent/process", json=question(), headers=made.headers)
        refused = await client.post("/api/agent/process", json=question(), headers=made.headers)
    assert passed.headers["ratelimit-policy"] == '"api";q=1000;w=3600'
    assert refused.status_code == 429
    assert refused.headers.get_list("ratelimit-policy") == ['"messages";q=1;w=86400']
    assert refused.headers["retry-after"] == refused.headers["ratelimit-reset"]
    assert len(refused.headers.get_list("retry-after")) == 1
