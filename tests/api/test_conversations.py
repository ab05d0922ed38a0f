"""/api/conversations as a program sees it."""

from typing import Any
from uuid import uuid4

import pytest

from omni_app.api.routes.conversations import MessageData
from tests.api.clients import key_of
from tests.conversations.desk import make_member
from tests.customers.crowd import make_customer, talk
from tests.making import Made, make_business, open_client, question, rows

pytestmark = pytest.mark.usefixtures("database")


async def make_talk(messages: int = 2) -> tuple[Made, str]:
    made = await make_business(faqs=())
    ann = await make_customer(made.scope, "ann@example.com", "Ann Lee")
    said = [("customer" if number % 2 == 0 else "assistant", number) for number in range(messages)]
    return made, str(await talk(made.scope, ann, *said))


async def test_a_conversation_is_listed_read_closed_and_opened_by_the_next_message() -> None:
    made = await make_business()
    async with open_client() as client:
        told = await client.post("/api/agent/process", json=question("price of a checkup"), headers=made.headers)
        conversation_id = told.json()["data"]["conversation"]["id"]
        (listed,) = (await client.get("/api/conversations?status=open", headers=made.headers)).json()["data"]
        url = f"/api/conversations/{conversation_id}"
        messages = (await client.get(f"{url}/messages", headers=made.headers)).json()
        closed = await client.post(f"{url}/close", headers=made.headers)
        again = await client.post(f"{url}/close", headers=made.headers)
        got = (await client.get(url, headers=made.headers)).json()["data"]
        await client.post("/api/agent/process", json=question("is there parking"), headers=made.headers)
        opened = (await client.get(url, headers=made.headers)).json()["data"]
    assert (listed["id"], listed["channel"], listed["speaker"], listed["last_seq"]) == (conversation_id, "chat", "ai", 2)
    assert [(item["seq"], item["role"]) for item in messages["data"]] == [(1, "customer"), (2, "assistant")]
    assert messages["data"][1]["sources"][0]["quote"] == "A check-up is $189."
    assert (closed.json()["data"]["status"], got["status"], opened["status"]) == ("closed", "closed", "open")
    assert again.status_code == 409


async def test_a_message_whose_fate_nobody_knows_is_one_the_description_names() -> None:
    made, conversation = await make_talk()
    await rows("update messages set status = 'unknown', problem = 'The other side was silent.' where seq = 2 returning id")
    async with open_client() as client:
        answer = await client.get(f"/api/conversations/{conversation}/messages", headers=made.headers)
    told = answer.json()["data"][1]
    assert MessageData.model_validate(told).status == "unknown"
    assert told["problem"] == "The other side was silent."
    assert told.keys() == MessageData.model_fields.keys()


async def test_filters_and_search() -> None:
    made, first = await make_talk()
    bob = await make_customer(made.scope, "bob@example.com", "Bob")
    maya = await make_member(made.scope, "Maya Chen")
    second = str(
        await talk(
            made.scope, bob, ("customer", 0), channel="email", status="waiting", speaker="human", assignee_id=maya.actor.id
        )
    )
    async with open_client() as client:

        async def ids(query: str) -> list[str]:
            answer = await client.get(f"/api/conversations?{query}", headers=made.headers)
            assert answer.status_code == 200, answer.text
            assert answer.json()["pagination"]["total"] == len(answer.json()["data"])
            return [row["id"] for row in answer.json()["data"]]

        assert set(await ids("")) == {first, second}
        assert await ids("status=waiting") == await ids("channel=email") == await ids("speaker=human") == [second]
        assert await ids(f"assignee={maya.actor.id}") == await ids(f"customer_id={bob}") == [second]
        assert await ids("assignee=none") == [first]
        assert await ids("search=ann") == await ids("search=assistant%202") == [first]
        assert await ids("search=%25") == await ids("label=billing") == await ids("status=closed") == []
        second_page = (await client.get("/api/conversations?limit=1&page=3", headers=made.headers)).json()
    assert (second_page["data"], second_page["pagination"]["total"]) == ([], 2)


async def test_messages_come_by_number_in_pages_and_after_a_number() -> None:
    made, conversation_id = await make_talk(messages=7)
    async with open_client() as client:

        async def seqs(query: str) -> list[int]:
            answer = await client.get(f"/api/conversations/{conversation_id}/messages?{query}", headers=made.headers)
            assert answer.json()["pagination"]["total"] == 7
            return [item["seq"] for item in answer.json()["data"]]

        assert await seqs("limit=3") == [1, 2, 3]
        assert await seqs("limit=3&page=3") == [7]
        assert await seqs("limit=3&page=1000000") == []
        assert await seqs("after=5") == [6, 7]
        assert await seqs("after=2147483647") == []


async def test_a_transfer_silences_the_ai_and_tells_staff_why() -> None:
    made, conversation_id = await make_talk()
    maya = await make_member(made.scope, "Maya Chen")
    url = f"/api/conversations/{conversation_id}/transfer"
    async with open_client() as client:
        to_team = await client.post(url, json={"reason": "Wants a person"}, headers=made.headers)
        to_maya = await client.post(url, json={"member_id": str(maya.actor.id)}, headers=made.headers)
        nobody = await client.post(url, json={"member_id": str(uuid4())}, headers=made.headers)
    assert (to_team.json()["data"]["status"], to_team.json()["data"]["speaker"]) == ("waiting", "human")
    assert to_maya.json()["data"]["assignee"] == {"id": str(maya.actor.id), "name": "Maya Chen"}
    assert nobody.status_code == 404
    assert len(await rows("select 1 from notes")) == 1


async def test_a_deleted_conversation_is_gone_with_its_messages_and_the_customer_stays() -> None:
    made, conversation_id = await make_talk()
    url = f"/api/conversations/{conversation_id}"
    async with open_client() as client:
        assert (await client.delete(url, headers=made.headers)).json()["data"] == {"id": conversation_id, "deleted": True}
        assert (await client.delete(url, headers=made.headers)).status_code == 404
    assert await rows("select 1 from messages") == []
    assert len(await rows("select 1 from customers")) == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("GET", "?status=lost", None, "status"),
        ("GET", "?assignee=maya", None, "assignee"),
        ("GET", "?customer_id=17", None, "customer_id"),
        ("GET", "?limit=500", None, "limit"),
        ("GET", "/{id}/messages?after=-1", None, "after"),
        ("GET", "/{id}/messages?after=2147483648", None, "after"),
        ("POST", "/{id}/transfer", {"member_id": "maya"}, "member_id"),
        ("POST", "/{id}/transfer", {"reason": "x" * 501}, "reason"),
        ("POST", "/{id}/transfer", {"to": "maya"}, "to"),
        ("POST", "/{id}/transfer", None, "body"),
    ],
)
async def test_a_wrong_request_names_its_field(method: str, path: str, body: dict[str, Any] | None, field: str) -> None:
    made, conversation_id = await make_talk()
    async with open_client() as client:
        url = "/api/conversations" + path.replace("{id}", conversation_id)
        answer = await client.request(method, url, json=body, headers=made.headers)
    assert answer.status_code == 422, answer.text
    assert field in [problem["field"] for problem in answer.json()["errors"]]


_RANKS = ["viewer", "agent", "admin"]


@pytest.mark.parametrize(
    ("method", "path", "body", "role"),
    [
        ("GET", "", None, "viewer"),
        ("GET", "/messages", None, "viewer"),
        ("POST", "/close", None, "agent"),
        ("POST", "/transfer", {}, "agent"),
        ("DELETE", "", None, "admin"),
    ],
)
async def test_each_call_needs_its_role_and_knows_only_its_own_business(
    method: str, path: str, body: dict[str, Any] | None, role: str
) -> None:
    made, conversation_id = await make_talk()
    other = await make_business("Other", faqs=())
    url = f"/api/conversations/{conversation_id}{path}"
    async with open_client() as client:
        for weaker in _RANKS[: _RANKS.index(role)]:
            assert (await client.request(method, url, json=body, headers=await key_of(made, weaker))).status_code == 403
        assert (await client.request(method, url, json=body)).status_code == 401
        assert (await client.request(method, url, json=body, headers=other.headers)).status_code == 404
        assert (await client.get("/api/conversations", headers=other.headers)).json()["data"] == []
        allowed = await client.request(method, url, json=body, headers=await key_of(made, role))
        assert allowed.status_code == 200, allowed.text
