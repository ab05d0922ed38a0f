"""Costs, budget, credit, plan and prices over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from omni_app.budgets import seed_prices
from omni_app.infra.database import open_db, system_db
from omni_app.insights.ledger import LedgerFilter
from omni_app.insights.ledger_links import sign_export
from omni_app.tenancy.api_keys import create_key
from tests.insights.spending import CENT, book, make_person
from tests.making import Made, make_business, open_client, rows

pytestmark = pytest.mark.usefixtures("database")

CREDITS, PLAN, BUDGET, PRICES = "/api/business/credits", "/api/business/plan", "/api/business/budget", "/api/prices"


async def key_of(made: Made, role: str) -> dict[str, str]:
    """Headers of a key with this role."""
    async with open_db(made.scope) as db:
        _, secret = await create_key(db, f"As {role}")
        await db.execute("update api_keys set role = :role where name = :name", {"role": role, "name": f"As {role}"})
    return {"Authorization": f"Bearer {secret}"}


async def get(client: httpx2.AsyncClient, path: str, made: Made, **query: Any) -> Any:
    answer = await client.get(path, params=query, headers=made.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def test_the_month_as_it_is_now() -> None:
    made, other = await make_business(faqs=(), timezone="Pacific/Auckland"), await make_business("Other", faqs=())
    await book(made.scope, datetime.now(UTC), 3 * CENT)
    await book(other.scope, datetime.now(UTC), 50 * CENT)
    async with open_client() as client:
        await client.put(BUDGET, json={"limit_nusd": 100 * CENT}, headers=made.headers)
        now = await get(client, "/api/business/costs", made)
        assert (now["limit_nusd"], now["today_nusd"], now["today_calls"]) == (100 * CENT, 3 * CENT, 1)
        assert (now["is_paused"], now["forecast"], now["held"], now["saved_nusd"]) == (False, None, [], 0)
        first = await client.get("/api/business/costs", headers=made.headers)
        again = await client.get("/api/business/costs", headers={**made.headers, "If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304


async def test_a_breakdown_adds_up_and_stands_beside_the_days_before() -> None:
    made = await make_business(faqs=())
    sofia = await make_person(made.scope, "Sofia Marin")
    at = datetime(2026, 3, 12, 12, tzinfo=UTC)
    await book(made.scope, at, 4 * CENT, customer_id=sofia)
    await book(made.scope, at, CENT, service="sms", channel="sms")
    await book(made.scope, at - timedelta(days=10), 2 * CENT, customer_id=sofia)
    async with open_client() as client:
        span = {"from": "2026-03-10", "to": "2026-03-17"}
        for by, keys in (
            ("service", ["answer", "sms"]),
            ("channel", ["chat", "sms"]),
            ("customer", [str(sofia), ""]),
            ("day", ["2026-03-12"]),
        ):
            found = await get(client, "/api/analytics/costs", made, group_by=by, **span)
            assert [row["key"] for row in found["rows"]] == keys
            assert (found["total_nusd"], found["before_nusd"], found["calls"]) == (5 * CENT, 2 * CENT, 2)
        lines = await client.get("/api/business/ledger", params={**span, "service": "sms"}, headers=made.headers)
        assert [line["cost_nusd"] for line in lines.json()["data"]] == [CENT]
        assert lines.json()["pagination"]["total"] == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2026-03-10", "to": "2026-03-01"}, "to"),
        ({"from": "0001-01-01"}, "from"),
        ({"to": "9999-12-31"}, "to"),
        ({"from": "2001-01-01", "to": "2026-03-01"}, "to"),
        ({"group_by": "colour"}, "group_by"),
        ({"from": "soon"}, "from"),
    ],
)
async def test_days_that_cannot_be_are_named(query: dict[str, str], field: str) -> None:
    made = await make_business(faqs=())
    async with open_client() as client:
        answer = await client.get("/api/analytics/costs", params=query, headers=made.headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_credit_is_booked_once_and_by_owners_only() -> None:
    made = await make_business(faqs=())
    owner, admin = await key_of(made, "owner"), await key_of(made, "admin")
    body = {"amount_nusd": 500 * CENT, "note": "Invoice 7", "client_id": "invoice-7"}
    async with open_client() as client:
        assert (await client.post(CREDITS, json=body, headers=admin)).status_code == 403
        answers = await asyncio.gather(*(client.post(CREDITS, json=body, headers=owner) for _ in range(3)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["data"]["id"] for answer in answers}) == 1
        named = {**owner, "Idempotency-Key": "one"}
        twice = [await client.post(CREDITS, json={"amount_nusd": CENT}, headers=named) for _ in range(2)]
        assert twice[0].json() == twice[1].json()
        credit = await get(client, CREDITS, made)
        assert (credit["total_nusd"], credit["left_nusd"], len(credit["movements"])) == (501 * CENT, 501 * CENT, 2)
        for wrong in (0, -600 * CENT, 10**15, 10**30, 1.5, "5", None):
            answer = await client.post(CREDITS, json={"amount_nusd": wrong}, headers=owner)
            assert answer.status_code == 422, answer.text
            assert answer.json()["errors"][0]["field"].startswith("amount")


async def test_the_plan_is_read_by_all_and_changed_by_owners() -> None:
    made = await make_business(faqs=())
    owner = await key_of(made, "owner")
    async with open_client() as client:
        found = await get(client, PLAN, made)
        assert (found["plan"]["name"], [plan["name"] for plan in found["plans"]]) == ("starter", ["starter", "growth", "scale"])
        assert (await client.put(PLAN, json={"plan": "growth"}, headers=await key_of(made, "admin"))).status_code == 403
        assert (await client.put(PLAN, json={"plan": "gold"}, headers=owner)).status_code == 422
        changed = await client.put(PLAN, json={"plan": "growth"}, headers=owner)
        assert changed.json()["data"]["plan"]["label"] == "Growth"
    assert [row["plan"] for row in await rows("select plan from businesses")] == ["growth"]


async def test_what_is_not_named_in_a_budget_stays() -> None:
    made = await make_business(faqs=())
    async with open_client() as client:
        await client.put(BUDGET, json={"alert_percents": [50], "customer_cap_nusd": CENT}, headers=made.headers)
        await client.put(BUDGET, json={"limit_nusd": 7 * CENT, "customer_cap_nusd": None}, headers=made.headers)
        found = await get(client, BUDGET, made)
        assert (found["limit_nusd"], found["alert_percents"], found["customer_cap_nusd"]) == (7 * CENT, [50], None)
        for wrong in ({"limit_nusd": -1}, {"alert_percents": [0]}, {"alert_emails": ["nobody"]}, {"limit": 5}):
            answer = await client.put(BUDGET, json={"limit_nusd": CENT, **wrong}, headers=made.headers)
            assert answer.status_code == 422, answer.text
        assert (await get(client, BUDGET, made))["limit_nusd"] == 7 * CENT


@pytest.mark.parametrize(
    ("method", "path", "body", "field", "words"),
    [
        ("PUT", BUDGET, {"limit_nusd": -5}, "limit_nusd", "The monthly budget must be between $0 and $1,000,000."),
        ("PUT", BUDGET, {"limit_nusd": 10**19}, "limit_nusd", "This must be at most 1,000,000,000,000,000."),
        ("POST", CREDITS, {"amount_nusd": 0}, "amount_nusd", "Write an amount that is not zero."),
        ("GET", "/api/business/ledger?limit=0", None, "limit", "This must be at least 1."),
        ("GET", "/api/analytics/costs?from=soon", None, "from", "Write a day like 2026-03-01."),
        ("GET", f"/api/business/ledger?search={'x' * 201}", None, "search", "Write at most 200 characters."),
    ],
)
async def test_what_is_wrong_is_named_as_the_caller_wrote_it(
    method: str, path: str, body: dict[str, int] | None, field: str, words: str
) -> None:
    made = await make_business(faqs=())
    async with open_client() as client:
        answer = await client.request(method, path, json=body, headers=await key_of(made, "owner"))
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"] == [{"field": field, "message": words}]


async def test_own_prices_over_http() -> None:
    made = await make_business(faqs=())
    async with system_db("prices") as db:
        await seed_prices(db)
    async with open_client() as client:
        listed = await get(client, PRICES, made)
        assert ("sms", 5_000_000, False) in {(price["provider"], price["nusd_per_unit"], price["is_own"]) for price in listed}
        body = {"provider": "sms", "model": "*", "unit": "segment", "nusd_per_unit": 4_000_000}
        own = await client.post(PRICES, json=body, headers=made.headers)
        assert own.status_code == 201, own.text
        prices = {price["provider"]: price for price in await get(client, PRICES, made)}
        assert (prices["sms"]["nusd_per_unit"], prices["sms"]["list_nusd"], prices["sms"]["is_own"]) == (
            4_000_000,
            5_000_000,
            True,
        )
        until = (datetime.now(UTC) + timedelta(days=3)).isoformat()
        ended = await client.put(f"{PRICES}/{own.json()['data']['id']}/end", json={"valid_until": until}, headers=made.headers)
        assert ended.json()["data"]["valid_until"] is not None
        for wrong in ({"nusd_per_unit": -1}, {"unit": "mile"}, {"valid_from": "2001-01-01T00:00:00Z"}):
            assert (await client.post(PRICES, json={**body, **wrong}, headers=made.headers)).status_code == 422
        assert (await client.post(PRICES, json=body, headers=await key_of(made, "agent"))).status_code == 403


async def test_the_file_of_a_page_comes_by_a_signed_link() -> None:
    made, other = await make_business(faqs=(), timezone="America/Halifax"), await make_business("Other", faqs=())
    await book(made.scope, datetime(2026, 3, 12, 17, tzinfo=UTC), CENT, note="mine, as text")
    await book(other.scope, datetime(2026, 3, 12, 17, tzinfo=UTC), CENT, note="theirs")
    path = sign_export(made.scope, LedgerFilter(service="answer", note="mine"))
    async with open_client() as client:
        file = await client.get(path)
        assert file.status_code == 200
        assert file.headers["content-disposition"].startswith('attachment; filename="ledger-')
        lines = file.text.strip().splitlines()
        assert len(lines) == 2
        assert '"mine, as text",0.010000' in lines[1]
        assert "2026-03-12 14:00:00" in lines[1]
        for forged in (path[:-2], "/exports/ledger/x", path + "x"):
            assert (await client.get(forged)).status_code == 403
