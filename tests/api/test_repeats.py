"""Idempotency keys, ETags and the limit of calls, whatever the address."""

import pytest

from omni_app.infra.redis import key, redis_client
from omni_app.settings import load_settings
from tests.api.clients import key_of
from tests.customers.crowd import make_customer
from tests.making import count, make_business, open_client, question, rows

pytestmark = pytest.mark.usefixtures("database")


async def test_one_idempotency_key_of_two_businesses_is_two_requests() -> None:
    mine, theirs = await make_business("Mine"), await make_business("Theirs")
    async with open_client() as client:
        answers = [
            await client.post(
                "/api/agent/process",
                json=question("price of a checkup"),
                headers={**made.headers, "Idempotency-Key": "order-17"},
            )
            for made in (mine, theirs)
        ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert "Idempotency-Replayed" not in answers[1].headers
    ids = [answer.json()["data"]["conversation"]["id"] for answer in answers]
    owners = [
        str((await rows("select business_id from conversations where id = :id", id=conversation_id))[0]["business_id"])
        for conversation_id in ids
    ]
    assert owners == [str(mine.scope.business_id), str(theirs.scope.business_id)]


async def test_a_refusal_is_not_kept_so_that_it_may_succeed_later() -> None:
    made = await make_business(faqs=())
    ann = await make_customer(made.scope, "ann@example.com")
    viewer = await key_of(made, "viewer")
    url = f"/api/customers/{ann}/tags"
    async with open_client() as client:
        for status, headers in ((403, viewer), (404, {**made.headers, "X": "1"})):
            where = url if status == 403 else url.replace(str(ann), "0199a3c2-0000-7c55-9d0f-3a4b5c6d7e8f")
            answer = await client.post(where, json={"tags": ["a"]}, headers={**headers, "Idempotency-Key": "k"})
            assert answer.status_code == status
        await rows("update api_keys set role = 'agent' where role = 'viewer' returning id")
        again = await client.post(url, json={"tags": ["a"]}, headers={**viewer, "Idempotency-Key": "k"})
    assert (again.status_code, again.json()["data"]) == (200, {"tags": ["a"]})
    assert await count("idempotency_keys") == 1


async def test_a_repeated_post_is_done_once() -> None:
    made = await make_business(faqs=())
    ann = await make_customer(made.scope, "ann@example.com")
    headers = {**made.headers, "Idempotency-Key": "block-1"}
    body = {"blocked": True, "reason": "Insults"}
    async with open_client() as client:
        first = await client.post(f"/api/customers/{ann}/block", json=body, headers=headers)
        second = await client.post(f"/api/customers/{ann}/block", json=body, headers=headers)
    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(await rows("select 1 from audit_entries where action = 'customer.blocked'")) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/api/customers",
        "/api/customers/{id}",
        "/api/customers/{id}/metrics",
        "/api/customers/{id}/conversations",
        "/api/conversations",
        "/api/business/me",
        "/api/faq",
    ],
)
async def test_a_read_that_changed_nothing_is_304_until_something_changes(path: str) -> None:
    made = await make_business(faqs=())
    ann = await make_customer(made.scope, "ann@example.com", "Ann")
    url = path.replace("{id}", str(ann))
    async with open_client() as client:
        first = await client.get(url, headers=made.headers)
        tag = first.headers["etag"]
        same = await client.get(url, headers={**made.headers, "If-None-Match": f'"other", W/{tag}'})
        any_ = await client.get(url, headers={**made.headers, "If-None-Match": "*"})
        other = await client.get(url, headers={**made.headers, "If-None-Match": '"other"'})
    assert first.headers["cache-control"] == "private, no-cache"
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert (any_.status_code, other.status_code) == (304, 200)


async def test_a_changed_customer_has_another_etag() -> None:
    made = await make_business(faqs=())
    url = f"/api/customers/{await make_customer(made.scope, 'ann@example.com', 'Ann')}"
    async with open_client() as client:
        tag = (await client.get(url, headers=made.headers)).headers["etag"]
        await client.put(url, json={"name": "Ann Lee"}, headers=made.headers)
        fresh = await client.get(url, headers={**made.headers, "If-None-Match": tag})
    assert (fresh.status_code, fresh.json()["data"]["name"]) == (200, "Ann Lee")


async def test_a_key_has_its_calls_of_an_hour_and_another_key_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    made = await make_business(faqs=())
    other = await key_of(made, "viewer")
    monkeypatch.setenv("API_CALLS_PER_HOUR", "3")
    load_settings.cache_clear()
    try:
        async with open_client() as client:
            left = [(await client.get("/api/customers", headers=made.headers)).headers["ratelimit-remaining"] for _ in range(3)]
            refused = await client.get("/api/customers", headers=made.headers)
            assert (await client.get("/api/customers", headers=other)).status_code == 200
            await redis_client().delete(*[name async for name in redis_client().scan_iter(key("*"))])
            assert (await client.get("/api/customers", headers=made.headers)).status_code == 200
    finally:
        monkeypatch.undo()
        load_settings.cache_clear()
    assert left == ["2", "1", "0"]
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many")
    assert 3590 <= int(refused.headers["Retry-After"]) <= 3600
