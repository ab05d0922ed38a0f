"""POST /api/agent/process as a program sees it."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from tests.making import count, make_business, open_client, question, rows

pytestmark = pytest.mark.usefixtures("database")

URL = "/api/agent/process"


async def test_a_question_gets_the_agreed_reply() -> None:
    made = await make_business()
    async with open_client() as client:
        answer = await client.post(URL, json=question("price of a checkup"), headers=made.headers)
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert set(data) == {
        *(
            "conversation",
            "message",
            "reply",
            "source",
            "tier",
            "sources",
            "confidence",
            "handed_over",
            "cost_nusd",
            "receipt_id",
        ),
    }
    assert data["conversation"] == {"id": data["conversation"]["id"], "status": "open", "speaker": "ai"}
    assert data["reply"]["text"] == "A check-up is $189."
    assert set(data["sources"][0]) == {"kind", "id", "title", "quote"}
    assert (data["source"], data["tier"], data["handed_over"], data["cost_nusd"]) == ("faq", None, False, 0)
    assert len(answer.headers["x-request-id"]) >= 8


BAD = [
    ({**question(), "text": ""}, "text"),
    ({**question(), "text": "   \n\t "}, "text"),
    ({**question(), "text": "x" * 100_000}, "text"),
    ({**question(), "text": "😀" * 10_000}, "text"),
    ({**question(), "text": 5}, "text"),
    ({**question(), "text": None}, "text"),
    ({**question(), "text": ["a"]}, "text"),
    ({"channel": "chat", "customer": {"email": "ann@example.com"}}, "text"),
    ({**question(), "channel": "pigeon"}, "channel"),
    ({**question(), "customer": {}}, "customer"),
    ({**question(), "customer": "ann"}, "customer"),
    ({**question(), "customer": {"email": "ann@example.com", "phone": "+19025550148"}}, "customer"),
    ({**question(), "customer": {"email": "not an address"}}, "customer.email"),
    ({**question(), "customer": {"email": "a@b@c.example"}}, "customer.email"),
    ({**question(), "customer": {"phone": "12"}}, "customer.phone"),
    ({**question(), "customer": {"phone": "call me"}}, "customer.phone"),
    ({**question(), "customer": {"external_id": ""}}, "customer.external_id"),
    ({**question(), "customer": {"external_id": "a\u0000b"}}, "customer.external_id"),
    ({**question(), "customer": {"email": "ann@example.com", "name": "n" * 500}}, "customer.name"),
    ({**question(), "conversation_id": "17"}, "conversation_id"),
    ({**question(), "surprise": 1}, "surprise"),
]


@pytest.mark.parametrize(("body", "field"), BAD)
async def test_a_wrong_body_names_its_field_and_stores_nothing(body: dict[str, object], field: str) -> None:
    made = await make_business(faqs=())
    async with open_client() as client:
        answer = await client.post(URL, json=body, headers=made.headers)
    assert answer.status_code == 422
    failure = answer.json()
    assert failure["success"] is False
    assert failure["code"] == "invalid"
    assert field in [problem["field"] for problem in failure["errors"]]
    assert await count("customers") == 0
    assert await count("messages") == 0


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"", 422), (b"\x00\xff\xfe" * 100, 422), (b"{", 422), (b"[]", 422), (b"[" * 90_000, 400), (b"x" * 1_100_000, 413)],
)
async def test_a_body_that_is_no_json_object_is_refused_in_json(content: bytes, status: int) -> None:
    made = await make_business(faqs=())
    async with open_client() as client:
        answer = await client.post(URL, content=content, headers={**made.headers, "content-type": "application/json"})
    assert answer.status_code == status
    assert answer.json()["success"] is False
    assert "Traceback" not in answer.text


async def test_a_body_sent_in_pieces_has_the_same_limit() -> None:
    made = await make_business(faqs=())

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b"x" * 65_536

    async with open_client() as client:
        answer = await client.post(URL, content=pieces(), headers={**made.headers, "content-type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer ebk_wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic abc"},
        {"Authorization": "Bearer " + "x" * 10_000},
        {"Cookie": "omni_session=anything"},
    ],
)
async def test_without_a_valid_key_nobody_gets_in(headers: dict[str, str]) -> None:
    async with open_client() as client:
        answer = await client.post(URL, json=question(), headers=headers)
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthorized"


async def test_revoked_and_expired_keys_are_refused() -> None:
    made = await make_business(faqs=())
    await rows("update api_keys set expires_at = now() - interval '1 second' returning id")
    async with open_client() as client:
        assert (await client.post(URL, json=question(), headers=made.headers)).status_code == 401
    await rows("update api_keys set expires_at = null, revoked_at = now() returning id")
    async with open_client() as client:
        assert (await client.post(URL, json=question(), headers=made.headers)).status_code == 401


async def test_another_tenants_conversation_is_not_found() -> None:
    mine, theirs = await make_business(faqs=()), await make_business("Other", faqs=())
    async with open_client() as client:
        made = await client.post(URL, json=question("hello there my friend"), headers=theirs.headers)
        stolen = question(conversation_id=made.json()["data"]["conversation"]["id"])
        answer = await client.post(URL, json=stolen, headers=mine.headers)
        assert answer.status_code == 404
        assert (await client.post(URL, json=question(conversation_id=str(uuid4())), headers=mine.headers)).status_code == 404
    assert len(await rows("select 1 from messages where role = 'customer'")) == 1


async def test_odd_but_honest_texts_are_kept_to_the_letter() -> None:
    made = await make_business(faqs=())
    texts = [
        "<script>alert(1)</script>",
        "\u202eevil\u202c text",
        "مرحبا كيف حالك",
        "👩‍👩‍👧‍👦 family?",
        "'; drop table messages; --",
        "%s {x} \\",
    ]
    async with open_client() as client:
        for text in texts:
            assert (await client.post(URL, json=question(text), headers=made.headers)).status_code == 200
    stored = await rows("select text from messages where role = 'customer' order by seq")
    assert [row["text"] for row in stored] == texts


async def test_an_idempotency_key_answers_once_and_repeats_the_answer() -> None:
    made = await make_business()
    headers = {**made.headers, "Idempotency-Key": "order-17"}
    async with open_client() as client:
        first = await client.post(URL, json=question("price of a checkup"), headers=headers)
        second = await client.post(URL, json=question("price of a checkup"), headers=headers)
        other = await client.post(URL, json=question("is there parking"), headers=headers)
    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert other.status_code == 409
    assert await count("messages") == 2


async def test_twins_with_one_idempotency_key_store_one_message() -> None:
    made = await make_business()
    headers = {**made.headers, "Idempotency-Key": "twins"}
    async with open_client() as client:
        answers = await asyncio.gather(
            *(client.post(URL, json=question("price of a checkup"), headers=headers) for _ in range(6))
        )
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert 200 in {answer.status_code for answer in answers}
    assert await count("messages") == 2


async def test_a_crash_before_the_answer_was_kept_repeats_the_same_message() -> None:
    made = await make_business()
    headers = {**made.headers, "Idempotency-Key": "crash"}
    async with open_client() as client:
        first = await client.post(URL, json=question("price of a checkup"), headers=headers)
        await rows("update idempotency_keys set status = null, held_until = now() - interval '1 second' returning key")
        second = await client.post(URL, json=question("price of a checkup"), headers=headers)
    assert first.json()["data"]["reply"] == second.json()["data"]["reply"]
    assert await count("messages") == 2


async def test_after_a_day_an_idempotency_key_is_free_again() -> None:
    made = await make_business()
    headers = {**made.headers, "Idempotency-Key": "daily"}
    async with open_client() as client:
        await client.post(URL, json=question("price of a checkup"), headers=headers)
        await rows("update idempotency_keys set created_at = now() - interval '25 hours' returning key")
        again = await client.post(URL, json=question("is there parking"), headers=headers)
    assert again.status_code == 200
    assert "Idempotency-Replayed" not in again.headers


async def test_the_window_of_a_customer_answers_429_with_retry_after() -> None:
    made = await make_business(faqs=(), daily_messages=1)
    async with open_client() as client:
        await client.post(URL, json=question("hello there my friend"), headers=made.headers)
        answer = await client.post(URL, json=question("hello there my friend"), headers=made.headers)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 3600
    assert answer.json()["code"] == "too_many"


async def test_phones_are_one_person_however_they_are_written() -> None:
    made = await make_business(faqs=())
    async with open_client() as client:
        for phone in ("+1 902 555 0148", "+19025550148", "+1 (902) 555-0148"):
            body = {**question("hello there my friend"), "customer": {"phone": phone}}
            assert (await client.post(URL, json=body, headers=made.headers)).status_code == 200
    assert await count("customers") == 1
    (point,) = await rows("select value, value_index from contact_points")
    assert "5550148" not in point["value"] + point["value_index"]
