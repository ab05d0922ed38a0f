"""/api/customers as a program sees it."""

from typing import Any
from uuid import uuid4

import pytest

from tests.api.clients import key_of
from tests.customers.crowd import claim, make_customer, talk
from tests.making import Made, make_business, open_client, question, rows

pytestmark = pytest.mark.usefixtures("database")


async def make_ann() -> tuple[Made, str]:
    made = await make_business(faqs=())
    return made, str(await make_customer(made.scope, "ann@example.com", "Ann Lee", tags='["vip"]'))


async def test_a_customer_who_wrote_is_listed_with_figures() -> None:
    made = await make_business()
    async with open_client() as client:
        body = question("price of a checkup", customer={"email": "ann@example.com", "name": "Ann Lee"})
        await client.post("/api/agent/process", json=body, headers=made.headers)
        listed = (await client.get("/api/customers?search=ann", headers=made.headers)).json()
        (row,) = listed["data"]
        got = (await client.get(f"/api/customers/{row['id']}", headers=made.headers)).json()["data"]
        history = (await client.get(f"/api/customers/{row['id']}/conversations", headers=made.headers)).json()
        figures = (await client.get(f"/api/customers/{row['id']}/metrics", headers=made.headers)).json()["data"]
    assert listed["pagination"] == {"page": 1, "limit": 25, "total": 1, "totalPages": 1}
    assert (row["name"], row["channels"], row["messages"], row["has_proof"]) == ("Ann Lee", ["chat"], 1, True)
    assert [(point["kind"], point["value"], point["proof"]) for point in got["contact_points"]] == [
        ("email", "ann@example.com", "proven")
    ]
    assert (history["data"][0]["customer"], history["pagination"]["total"]) == ({"id": row["id"], "name": "Ann Lee"}, 1)
    assert figures["messages"] == {"total": 2, "from_customer": 1, "from_assistant": 1, "from_staff": 0}
    assert figures["average_wait_seconds"]["ai"] >= 0


async def test_filters_sort_and_pages() -> None:
    made, ann = await make_ann()
    bob = await make_customer(made.scope, "bob@example.com", "Bob")
    await claim(made.scope, bob, "ann@example.com")
    async with open_client() as client:

        async def names(query: str) -> list[str]:
            answer = await client.get(f"/api/customers?{query}", headers=made.headers)
            assert answer.status_code == 200, answer.text
            return [row["name"] for row in answer.json()["data"]]

        assert await names("tag=vip") == ["Ann Lee"]
        assert await names("has_claims=true") == ["Bob"]
        assert await names("sort=name&limit=1&page=2") == ["Bob"]
        assert await names("seen_since=2999-01-01T00:00:00Z") == []
        assert await names("seen_since=2020-01-01T00:00:00") == ["Bob", "Ann Lee"]
        assert await names("verified=false&blocked=false&sort=created") == ["Bob", "Ann Lee"]
        assert await names("search=%00ann&tag=%00") == []
    assert ann


async def test_a_customer_is_changed_and_a_stale_version_refused() -> None:
    made, ann = await make_ann()
    change = {"language": "en-CA", "attributes": {"plan": "Sun Life"}, "consent": {"marketing": True}, "birthday": "1990-04-23"}
    async with open_client() as client:
        url = f"/api/customers/{ann}"
        changed = await client.put(url, json={**change, "version": 1}, headers=made.headers)
        stale = await client.put(url, json={"name": "Other", "version": 1}, headers=made.headers)
        got = (await client.get(url, headers=made.headers)).json()["data"]
    assert changed.status_code == 200
    assert (stale.status_code, stale.json()["code"]) == (409, "conflict")
    assert got == changed.json()["data"]
    assert (got["name"], got["version"], got["consent"]["marketing"]["source"]) == ("Ann Lee", 2, "api")


BAD: list[tuple[str, str, dict[str, Any] | None, str]] = [
    ("PUT", "", {"name": "n" * 121}, "name"),
    ("PUT", "", {"name": None}, "name"),
    ("PUT", "", {"birthday": "tomorrow"}, "birthday"),
    ("PUT", "", {"timezone": "Mars"}, "timezone"),
    ("PUT", "", {"language": "x"}, "language"),
    ("PUT", "", {"attributes": {"k": {"deep": 1}}}, "attributes.k"),
    ("PUT", "", {"attributes": "text"}, "attributes"),
    ("PUT", "", {"consent": {"marketing": 1}}, "consent.marketing"),
    ("PUT", "", {"version": 0}, "version"),
    ("PUT", "", {"blocked": True}, "blocked"),
    ("POST", "/tags", {"tags": []}, "tags"),
    ("POST", "/tags", {"tags": [""]}, "tags"),
    ("POST", "/tags", {"tags": ["x" * 41]}, "tags"),
    ("POST", "/tags", {"tags": "vip"}, "tags"),
    ("POST", "/tags", {}, "tags"),
    ("DELETE", "/tags", None, "tag"),
    ("POST", "/block", {"blocked": True}, "reason"),
    ("POST", "/block", {"blocked": "yes"}, "blocked"),
    ("POST", "/block", {}, "blocked"),
    ("POST", "/verify", {"reason": " "}, "reason"),
    ("POST", "/verify", {"reason": "x", "contact_point_id": "17"}, "contact_point_id"),
    ("GET", "/conversations?limit=0", None, "limit"),
    ("GET", "?page=0", None, "page"),
]


@pytest.mark.parametrize(("method", "path", "body", "field"), BAD)
async def test_a_wrong_request_names_its_field_and_changes_nothing(
    method: str, path: str, body: dict[str, Any] | None, field: str
) -> None:
    made, ann = await make_ann()
    url = "/api/customers" + ("" if path.startswith("?") else f"/{ann}") + path
    async with open_client() as client:
        answer = await client.request(method, url, json=body, headers=made.headers)
    assert answer.status_code == 422, answer.text
    assert field in [problem["field"] for problem in answer.json()["errors"]]
    (row,) = await rows("select name, version, tags, blocked_at, verified_at from customers")
    assert row == {"name": "Ann Lee", "version": 1, "tags": ["vip"], "blocked_at": None, "verified_at": None}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("channel=pigeon", "channel"),
        ("sort=height", "sort"),
        ("verified=perhaps", "verified"),
        ("seen_since=monday", "seen_since"),
        ("limit=101", "limit"),
        ("search=" + "x" * 201, "search"),
    ],
)
async def test_a_wrong_filter_names_its_field(query: str, field: str) -> None:
    made = await make_business(faqs=())
    async with open_client() as client:
        answer = await client.get(f"/api/customers?{query}", headers=made.headers)
    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]


async def test_tags_verify_and_block() -> None:
    made, ann = await make_ann()
    point = await claim(made.scope, (await rows("select id from customers"))[0]["id"], "+19025550148")
    url = f"/api/customers/{ann}"
    async with open_client() as client:

        async def send(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
            answer = await client.request(method, url + path, json=body, headers=made.headers)
            assert answer.status_code == 200, answer.text
            data: dict[str, Any] = answer.json()["data"]
            return data

        assert await send("POST", "/tags", {"tags": ["Sun Life", "VIP"]}) == {"tags": ["vip", "sun life"]}
        assert await send("DELETE", "/tags?tag=vip&tag=nothing") == {"tags": ["sun life"]}
        assert await send("DELETE", "/tags", {"tags": ["sun life"]}) == {"tags": []}
        verified = await send("POST", "/verify", {"reason": "ID at the desk", "contact_point_id": str(point)})
        assert verified["verified"] is True
        assert {item["value"]: item["proof"] for item in verified["contact_points"]}["+19025550148"] == "proven"
        assert (await send("POST", "/verify", {"reason": "Mistake", "verified": False}))["verified"] is False
        blocked = await send("POST", "/block", {"blocked": True, "reason": "Insults"})
        assert (blocked["blocked"], blocked["block_reason"]) == (True, "Insults")
        refused = await client.post(
            "/api/agent/process", json=question("hi", customer={"email": "ann@example.com"}), headers=made.headers
        )
        assert refused.status_code == 403
        assert (await send("POST", "/block", {"blocked": False}))["blocked"] is False


async def test_an_address_somebody_else_has_proven_is_a_conflict() -> None:
    made, _ = await make_ann()
    stranger = await make_customer(made.scope, "visitor-1")
    point = await claim(made.scope, stranger, "ann@example.com")
    async with open_client() as client:
        body = {"reason": "They said so", "contact_point_id": str(point)}
        answer = await client.post(f"/api/customers/{stranger}/verify", json=body, headers=made.headers)
    assert answer.status_code == 409
    assert "Another customer has proven this address" in answer.json()["message"]


CALLS: list[tuple[str, str, dict[str, Any] | None, str]] = [
    ("GET", "", None, "viewer"),
    ("GET", "/conversations", None, "viewer"),
    ("GET", "/metrics", None, "viewer"),
    ("PUT", "", {"name": "X"}, "agent"),
    ("POST", "/tags", {"tags": ["x"]}, "agent"),
    ("DELETE", "/tags?tag=vip", None, "agent"),
    ("POST", "/verify", {"reason": "x"}, "agent"),
    ("POST", "/block", {"blocked": True, "reason": "x"}, "agent"),
    ("GET", "/export", None, "admin"),
    ("DELETE", "", None, "admin"),
]
_RANKS = ["viewer", "agent", "admin"]


@pytest.mark.parametrize(("method", "path", "body", "role"), CALLS)
async def test_each_call_needs_its_role_and_knows_only_its_own_business(
    method: str, path: str, body: dict[str, Any] | None, role: str
) -> None:
    made, ann = await make_ann()
    other = await make_business("Other", faqs=())
    url = f"/api/customers/{ann}{path}"
    async with open_client() as client:
        for weaker in _RANKS[: _RANKS.index(role)]:
            answer = await client.request(method, url, json=body, headers=await key_of(made, weaker))
            assert answer.status_code == 403, weaker
        assert (await client.request(method, url, json=body)).status_code == 401
        assert (await client.request(method, url, json=body, headers=other.headers)).status_code == 404
        missing = url.replace(ann, str(uuid4()))
        assert (await client.request(method, missing, json=body, headers=made.headers)).status_code == 404
        assert (await client.request(method, url.replace(ann, "17"), json=body, headers=made.headers)).status_code == 422
        allowed = await client.request(method, url, json=body, headers=await key_of(made, role))
        assert allowed.status_code == 200, allowed.text


async def test_everything_of_a_customer_is_handed_out_and_then_erased() -> None:
    made, ann = await make_ann()
    customer_id = (await rows("select id from customers"))[0]["id"]
    await talk(made.scope, customer_id, ("customer", 0), ("assistant", 1))
    url = f"/api/customers/{ann}"
    async with open_client() as client:
        export = await client.get(f"{url}/export", headers=made.headers)
        erased = await client.delete(url, headers=made.headers)
        gone = await client.get(url, headers=made.headers)
    assert "ann@example.com" in export.text
    assert "customer 1" in export.text
    assert export.headers["content-disposition"] == f'attachment; filename="customer-{ann}.json"'
    assert (erased.json()["data"]["erased"], erased.json()["data"]["messages"]) == (True, 2)
    assert gone.status_code == 404
    assert await rows("select 1 from messages") == []
