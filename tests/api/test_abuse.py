"""Signs of abuse over REST: figures, the list, the verdict."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from omni_app.infra.clock import now
from omni_app.orchestrator.turn import receive
from tests.making import Made, inbound, make_business, open_client, question, rows

pytestmark = pytest.mark.usefixtures("database")


async def noisy_business() -> Made:
    made = await make_business()
    for _ in range(2):
        await receive(made.scope, inbound("$%^&*()#@!~{}"))
    return made


async def call(made: Made, method: str, path: str, **values: Any) -> tuple[int, dict[str, Any]]:
    async with open_client() as client:
        answer = await client.request(method, path, headers=made.headers, **values)
    return answer.status_code, answer.json()


async def test_signs_are_listed_with_their_evidence_and_counted() -> None:
    made = await noisy_business()
    status, listed = await call(made, "GET", "/api/abuse/events?kind=gibberish&state=restricted")
    assert (status, listed["pagination"]["total"]) == (200, 1)
    (event,) = listed["data"]
    assert (event["action"], event["restriction"], event["evidence"]["text"]) == ("throttled", "throttled", "$%^&*()#@!~{}")
    _, figures = await call(made, "GET", "/api/analytics/abuse")
    data = figures["data"]
    assert (data["events"], data["by_kind"], data["restricted"]) == (2, {"gibberish": 2}, 1)
    assert data["by_action"] == {"noted": 1, "throttled": 1}
    assert [day["events"] for day in data["by_day"]] == [2]
    assert data["top_customers"][0]["events"] == 2


async def test_a_verdict_over_rest_lifts_what_followed() -> None:
    made = await noisy_business()
    (event,) = await rows("select id from abuse_events where action = 'throttled'")
    path = f"/api/abuse/events/{event['id']}"
    status, body = await call(made, "POST", f"{path}/review", json={"verdict": "wrong"})
    assert (status, body["data"]["verdict"], body["data"]["restriction"]) == (200, "wrong", "")
    status, body = await call(made, "POST", f"{path}/lift")
    assert (status, body["data"]["restriction"]) == (200, "")
    assert (await call(made, "POST", f"{path}/review", json={"verdict": "maybe"}))[0] == 422
    assert (await call(made, "POST", f"/api/abuse/events/{uuid4()}/lift"))[0] == 404
    other = await make_business("Other")
    assert (await call(other, "POST", f"{path}/review", json={"verdict": "right"}))[0] == 404
    assert (await call(other, "GET", "/api/abuse/events"))[1]["data"] == []


async def test_a_period_that_ends_before_it_begins_is_named() -> None:
    made = await make_business()
    since = (now() + timedelta(days=2)).isoformat().replace("+", "%2B")
    status, body = await call(made, "GET", f"/api/analytics/abuse?since={since}")
    assert (status, body["errors"][0]["field"]) == (422, "until")


async def test_messages_through_the_api_are_the_customers_own() -> None:
    made = await make_business()
    for _ in range(3):
        status, body = await call(made, "POST", "/api/agent/process", json=question("$%^&*()#@!~{}"))
    assert status == 200  # the first message of a slow time passes
    status, body = await call(made, "POST", "/api/agent/process", json=question("Where can I park?"))
    assert (status, body["code"]) == (429, "too_many")
    status, _ = await call(
        made, "POST", "/api/agent/process", json=question("Where can I park?", customer={"email": "bob@example.com"})
    )
    assert status == 200
