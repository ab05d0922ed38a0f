"""/api/faq as a program sees it."""

from uuid import uuid4

import pytest

from tests.making import count, make_business, open_client, question, rows

pytestmark = pytest.mark.usefixtures("database")

FAQ = {
    "question": "Do you bill Sun Life?",
    "answer": "Yes, directly.",
    "phrasings": ["sun life direct billing?", "Sun Life Direct Billing"],
}


async def test_an_faq_is_taught_changed_listed_and_forgotten() -> None:
    made = await make_business(faqs=())
    async with open_client() as client:
        created = await client.post("/api/faq", json=FAQ, headers=made.headers)
        assert created.status_code == 201
        faq = created.json()["data"]
        assert faq["phrasings"] == ["sun life direct billing?"]
        answered = await client.post("/api/agent/process", json=question("sun life direct billing"), headers=made.headers)
        assert answered.json()["data"]["reply"]["text"] == "Yes, directly."
        changed = await client.put(f"/api/faq/{faq['id']}", json={**FAQ, "answer": "Not any more."}, headers=made.headers)
        assert changed.json()["data"]["version"] == 2
        answered = await client.post("/api/agent/process", json=question("sun life direct billing"), headers=made.headers)
        assert answered.json()["data"]["reply"]["text"] == "Not any more."
        listed = await client.get("/api/faq?search=sun%20life", headers=made.headers)
        assert listed.json()["pagination"] == {"page": 1, "limit": 25, "total": 1, "totalPages": 1}
        assert (await client.delete(f"/api/faq/{faq['id']}", headers=made.headers)).status_code == 200
        assert (await client.delete(f"/api/faq/{faq['id']}", headers=made.headers)).status_code == 404
    trail = [
        row["action"] for row in await rows("select action from audit_entries where subject_kind = 'faq' order by created_at")
    ]
    assert trail == ["faq.created", "faq.updated", "faq.deleted"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**FAQ, "question": " "}, "question"),
        ({**FAQ, "question": "q" * 501}, "question"),
        ({**FAQ, "answer": ""}, "answer"),
        ({**FAQ, "answer": 7}, "answer"),
        ({**FAQ, "phrasings": ["fine", ""]}, "phrasings.1"),
        ({**FAQ, "phrasings": ["x"] * 51}, "phrasings"),
        ({**FAQ, "phrasings": "text"}, "phrasings"),
        ({"answer": "only"}, "question"),
    ],
)
async def test_a_wrong_faq_names_its_field_and_stores_nothing(body: dict[str, object], field: str) -> None:
    made = await make_business(faqs=())
    async with open_client() as client:
        answer = await client.post("/api/faq", json=body, headers=made.headers)
    assert answer.status_code == 422
    assert field in [problem["field"] for problem in answer.json()["errors"]]
    assert await count("faqs") == 0
    assert await count("phrasings") == 0


async def test_a_change_by_somebody_else_is_noticed() -> None:
    made = await make_business(faqs=())
    async with open_client() as client:
        faq = (await client.post("/api/faq", json=FAQ, headers=made.headers)).json()["data"]
        url = f"/api/faq/{faq['id']}"
        assert (await client.put(url, json={**FAQ, "answer": "One.", "version": 1}, headers=made.headers)).status_code == 200
        assert (await client.put(url, json={**FAQ, "answer": "Two.", "version": 1}, headers=made.headers)).status_code == 409
    assert (await rows("select answer from faqs"))[0]["answer"] == "One."


async def test_the_same_question_twice_is_a_conflict() -> None:
    made = await make_business(faqs=())
    async with open_client() as client:
        await client.post("/api/faq", json=FAQ, headers=made.headers)
        assert (await client.post("/api/faq", json=FAQ, headers=made.headers)).status_code == 409


async def test_another_tenants_faq_is_not_there() -> None:
    mine, theirs = await make_business(faqs=()), await make_business("Other", faqs=())
    async with open_client() as client:
        faq = (await client.post("/api/faq", json=FAQ, headers=theirs.headers)).json()["data"]
        url = f"/api/faq/{faq['id']}"
        assert (await client.put(url, json=FAQ, headers=mine.headers)).status_code == 404
        assert (await client.delete(url, headers=mine.headers)).status_code == 404
        assert (await client.get("/api/faq", headers=mine.headers)).json()["data"] == []
        assert (await client.delete(f"/api/faq/{uuid4()}", headers=mine.headers)).status_code == 404
    assert await count("faqs") == 1


@pytest.mark.parametrize(
    ("query", "field"), [("page=0", "page"), ("limit=101", "limit"), ("page=x", "page"), ("limit=-1", "limit")]
)
async def test_a_wrong_page_names_its_field(query: str, field: str) -> None:
    made = await make_business(faqs=())
    async with open_client() as client:
        answer = await client.get(f"/api/faq?{query}", headers=made.headers)
    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]


async def test_pages_hold_every_faq_once() -> None:
    made = await make_business(faqs=[(f"Question number {number}?", "Answer.", ()) for number in range(7)])
    seen = []
    async with open_client() as client:
        for page in (1, 2, 3, 4):
            body = (await client.get(f"/api/faq?page={page}&limit=3", headers=made.headers)).json()
            assert body["pagination"] == {"page": page, "limit": 3, "total": 7, "totalPages": 3}
            seen += [faq["id"] for faq in body["data"]]
    assert len(seen) == len(set(seen)) == 7
