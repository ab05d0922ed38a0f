"""The cache over HTTP: its state, its figures, clearing and warming it; and FAQs suggested from conversations."""

import pytest

from omni_app.infra.database import open_db
from omni_app.infra.scope import Permission
from omni_app.orchestrator.turn import process
from omni_app.tenancy.api_keys import create_key
from tests.making import Made, inbound, make_business, open_client, rows

pytestmark = pytest.mark.usefixtures("database")

PARKING = "where do I leave my car"
GYM = "Is there a gym in the building?"


async def asked(made: Made) -> None:
    """One answer from an FAQ, once more out of the cache, and one question nobody knows, by two customers."""
    for who in ("ann", "ben"):
        await process(made.scope, inbound(PARKING, who=who))
        await process(made.scope, inbound(GYM, who=f"{who} too"))


async def test_state_and_figures_tell_what_was_served() -> None:
    made = await make_business()
    await asked(made)
    async with open_client() as client:
        stats = await client.get("/api/cache/stats", headers=made.headers)
        figures = await client.get("/api/analytics/cache?period=today", headers=made.headers)
        again = await client.get(
            "/api/analytics/cache?period=week",
            headers={**(await make_business()).headers, "If-None-Match": figures.headers["etag"]},
        )
    data = stats.json()["data"]
    assert stats.status_code == 200
    assert (data["is_on"], data["hit_rate"], data["saved_nusd"], data["last_warming"]) == (True, 0.25, 0, None)
    assert sum(entry["entries"] for entry in data["entries"]) == data["stored"]
    found = figures.json()["data"]
    assert (found["period"], found["answers"], found["hits"], found["hit_rate"]) == ("today", 4, 1, 0.25)
    counted = {tier["kind"]: tier["answers"] for tier in found["tiers"] if tier["answers"]}
    assert counted["unsure"] == 2
    assert sum(counted.values()) == 4
    assert again.json()["data"]["answers"] == 0


async def test_clearing_by_pattern_and_all_says_how_many_went() -> None:
    made = await make_business()
    for text in (PARKING, "how much is a dental check-up", "do you see kids in the clinic"):
        await rows(
            """insert into cached_answers (id, business_id, question_hash, question, knowledge_version, kind, text, answer_hash,
                 source, sources, depends, cost_nusd, embedding_model, created_at, expires_at)
               values (gen_random_uuid(), :business_id, :text, :text, 1, 'asked', 'A', '', 'model', '[]', '[]', 5, '', now(),
                 now() + interval '1 day') returning id""",
            business_id=made.scope.business_id,
            text=text,
        )
    async with open_client() as client:
        for pattern, status, removed in (("*car", 200, 1), ("zebra", 200, 0), ("*", 422, None)):
            answer = await client.delete("/api/cache", params={"pattern": pattern}, headers=made.headers)
            assert (answer.status_code, (answer.json().get("data") or {}).get("removed")) == (status, removed)
        foreign = await client.delete("/api/cache", headers=(await make_business()).headers)
        assert foreign.json()["data"] == {"removed": 0}
        everything = await client.delete("/api/cache", headers=made.headers)
    assert everything.json()["data"] == {"removed": 2}


async def test_a_warming_run_is_started_once() -> None:
    made = await make_business()
    async with open_client() as client:
        headers = {**made.headers, "Idempotency-Key": "warm-1"}
        started = await client.post("/api/cache/warm", json={"limit_nusd": 50_000_000}, headers=headers)
        repeated = await client.post("/api/cache/warm", json={"limit_nusd": 50_000_000}, headers=headers)
        second = await client.post("/api/cache/warm", json={"limit_nusd": 50_000_000}, headers=made.headers)
        stats = await client.get("/api/cache/stats", headers=made.headers)
        for wrong in ({}, {"limit_nusd": -1}, {"limit_nusd": "5"}, {"limit_nusd": 10**13}):
            assert (await client.post("/api/cache/warm", json=wrong, headers=made.headers)).status_code == 422
    assert (started.status_code, repeated.json(), second.status_code) == (202, started.json(), 409)
    assert stats.json()["data"]["last_warming"]["id"] == started.json()["data"]["id"]


async def test_faqs_are_suggested_and_never_taught_by_it() -> None:
    made = await make_business()
    await asked(made)
    async with open_client() as client:
        first = await client.post("/api/faq/extract", headers=made.headers)
        second = await client.post("/api/faq/extract", headers=made.headers)
    assert first.json() == second.json()
    (found,) = first.json()["data"]
    assert (found["question"], found["kind"], found["asked"], found["answer"]) == (GYM, "not_known", 2, "")
    assert len(await rows("select id from faqs")) == 3


async def test_a_reading_key_changes_nothing() -> None:
    made = await make_business()
    async with open_db(made.scope) as db:
        _, secret = await create_key(db, "Reader", role="viewer")
    headers = {"Authorization": f"Bearer {secret}"}
    async with open_client() as client:
        assert (await client.get("/api/cache/stats", headers=headers)).status_code == 200
        for method, path in (("DELETE", "/api/cache"), ("POST", "/api/cache/warm"), ("POST", "/api/faq/extract")):
            answer = await client.request(method, path, json={"limit_nusd": 1} if "warm" in path else None, headers=headers)
            assert answer.status_code == 403, path
    assert Permission.VIEW in made.scope.permissions
