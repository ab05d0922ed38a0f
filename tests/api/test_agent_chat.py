"""POST /api/agent/chat as a website's own chat sees it."""

from typing import Any

import pytest

from tests.api.clients import key_of
from tests.making import count, make_business, open_client, rows

pytestmark = pytest.mark.usefixtures("database")

URL = "/api/agent/chat"


def say(text: object = "price of a checkup", **values: Any) -> dict[str, Any]:
    return {"visitor_id": "browser-1", "text": text, **values}


async def test_a_visitor_is_answered_and_found_again_with_what_the_site_needs_to_draw() -> None:
    made = await make_business(suggestions=["Where can I park?"])
    page = {"url": "https://clinic.example/prices", "title": "Prices"}
    async with open_client() as client:
        first = await client.post(URL, json=say(page=page, name="Ann", language="en-CA"), headers=made.headers)
        second = await client.post(URL, json=say("is there parking"), headers=made.headers)
        other = await client.post(URL, json=say("kids dentist", visitor_id="browser-2"), headers=made.headers)
    assert first.status_code == 200, first.text
    data = first.json()["data"]
    assert data["reply"]["text"] == "A check-up is $189."
    assert data["suggestions"] == ["Where can I park?"]
    assert data["identity"] == {"proof": "none", "name": "Ann", "claimed": ""}
    assert second.json()["data"]["conversation"]["id"] == data["conversation"]["id"]
    assert other.json()["data"]["conversation"]["id"] != data["conversation"]["id"]
    (row,) = await rows("select channel, page from conversations where id = :id", id=data["conversation"]["id"])
    assert row == {"channel": "chat", "page": page}
    assert [row["language"] for row in await rows("select language from customers where name = 'Ann'")] == ["en-CA"]


async def test_the_answer_is_the_one_process_gives_plus_two_parts() -> None:
    made = await make_business()
    async with open_client() as client:
        chat = (await client.post(URL, json=say(), headers=made.headers)).json()["data"]
        body = {"channel": "chat", "customer": {"external_id": "browser-1"}, "text": "price of a checkup"}
        plain = (await client.post("/api/agent/process", json=body, headers=made.headers)).json()["data"]
    assert set(chat) - set(plain) == {"suggestions", "identity"}
    assert chat["conversation"]["id"] == plain["conversation"]["id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (say(""), "text"),
        (say(" \n "), "text"),
        (say("x" * 8001), "text"),
        (say(5), "text"),
        (say(visitor_id=""), "visitor_id"),
        (say(visitor_id="x" * 201), "visitor_id"),
        (say(visitor_id="a\x00b"), "visitor_id"),
        (say(visitor_id=7), "visitor_id"),
        (say(conversation_id="17"), "conversation_id"),
        (say(language="English please"), "language"),
        (say(name="n" * 121), "name"),
        (say(page={"url": "x" * 2001}), "page.url"),
        (say(page="/prices"), "page"),
        (say(channel="email"), "channel"),
        ({"text": "hello"}, "visitor_id"),
    ],
)
async def test_a_wrong_body_names_its_field_and_stores_nothing(body: dict[str, Any], field: str) -> None:
    made = await make_business(faqs=())
    async with open_client() as client:
        answer = await client.post(URL, json=body, headers=made.headers)
    assert answer.status_code == 422, answer.text
    assert field in [problem["field"] for problem in answer.json()["errors"]]
    assert await count("customers") == 0


async def test_another_visitor_s_conversation_is_not_found_and_a_viewer_may_not_speak() -> None:
    made, other = await make_business(faqs=()), await make_business("Other", faqs=())
    async with open_client() as client:
        first = await client.post(URL, json=say("hello there my friend"), headers=made.headers)
        theirs = first.json()["data"]["conversation"]["id"]
        for headers, who in ((made.headers, "browser-2"), (other.headers, "browser-1")):
            stolen = say("hello there", visitor_id=who, conversation_id=theirs)
            assert (await client.post(URL, json=stolen, headers=headers)).status_code == 404
        assert (await client.post(URL, json=say(), headers=await key_of(made, "viewer"))).status_code == 403


async def test_an_idempotency_key_says_it_once() -> None:
    made = await make_business()
    headers = {**made.headers, "Idempotency-Key": "one"}
    async with open_client() as client:
        first = await client.post(URL, json=say(), headers=headers)
        second = await client.post(URL, json=say(), headers=headers)
    assert first.json() == second.json()
    assert await count("messages") == 2
