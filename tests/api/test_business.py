"""/api/business/me as a program sees it."""

import asyncio
from typing import Any

import pytest

from tests.api.clients import key_of
from tests.making import make_business, open_client, rows

pytestmark = pytest.mark.usefixtures("database")

URL = "/api/business/me"


async def test_the_profile_is_read_and_changed_field_by_field() -> None:
    made = await make_business(faqs=(), greeting="Hello!")
    change: dict[str, Any] = {
        "industry": "Dentistry",
        "timezone": "America/Halifax",
        "opening_hours": {"mon": [["08:00", "12:00"]], "2026-12-25": []},
        "contact": {"phone": "+1 902 555 0100"},
        "price_list": [{"name": "Check-up", "price_minor": 18900, "currency": "CAD"}],
    }
    async with open_client() as client:
        changed = await client.put(URL, json=change, headers=made.headers)
        got = await client.get(URL, headers=made.headers)
    assert changed.status_code == 200, changed.text
    data = got.json()["data"]
    assert data == changed.json()["data"]
    hours = data.pop("opening_hours")
    assert (hours["mon"], hours["sun"], hours["2026-12-25"]) == (change.pop("opening_hours")["mon"], [], [])
    assert {name: data[name] for name in change} == change
    assert (data["name"], data["greeting"], data["widget_key"]) == ("Brook Street Dental", "Hello!", made.widget_key)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"timezone": "Mars"}, "timezone"),
        ({"locale": "English"}, "locale"),
        ({"opening_hours": {"mon": [["25:00", "26:00"]]}}, "opening_hours.mon"),
        ({"opening_hours": {"funday": []}}, "opening_hours"),
        ({"opening_hours": {"2026-12-25": [["9", "5"]]}}, "opening_hours.2026-12-25"),
        ({"contact": {"phone": 5}}, "contact.phone"),
        ({"price_list": [{"name": "x", "price_minor": -1, "currency": "CAD"}]}, "price_list.0.price_minor"),
        ({"price_list": [{"name": "x", "price_minor": 1.5, "currency": "CAD"}]}, "price_list.0.price_minor"),
        ({"colors": {"primary": "red"}}, "colors.primary"),
        ({"suggestions": ["a"] * 6}, "suggestions"),
        ({"daily_messages": 0}, "daily_messages"),
        ({"daily_messages": True}, "daily_messages"),
        ({"rules": "x" * 4001}, "rules"),
        ({"greeting": "a\x00b"}, "greeting"),
        ({"widget_key": "wk_mine"}, "widget_key"),
        ({"updated_at": "yesterday"}, "updated_at"),
    ],
)
async def test_a_wrong_value_names_its_field_and_stores_nothing(change: dict[str, Any], field: str) -> None:
    made = await make_business(faqs=())
    async with open_client() as client:
        answer = await client.put(URL, json={"industry": "Other", **change}, headers=made.headers)
    assert answer.status_code == 422, answer.text
    assert any(problem["field"].startswith(field) for problem in answer.json()["errors"]), answer.text
    assert (await rows("select industry from businesses"))[0]["industry"] == ""


async def test_of_two_who_read_and_change_the_second_is_told() -> None:
    made = await make_business(faqs=())
    async with open_client() as client:
        seen = (await client.get(URL, headers=made.headers)).json()["data"]["updated_at"]
        bodies = [{"greeting": greeting, "updated_at": seen} for greeting in ("One", "Two")]
        answers = await asyncio.gather(*(client.put(URL, json=body, headers=made.headers) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_each_key_reads_its_own_business_and_only_admins_change_it() -> None:
    mine, theirs = await make_business("Mine", faqs=()), await make_business("Theirs", faqs=())
    async with open_client() as client:
        assert (await client.get(URL, headers=mine.headers)).json()["data"]["name"] == "Mine"
        assert (await client.get(URL, headers=theirs.headers)).json()["data"]["name"] == "Theirs"
        assert (await client.get(URL)).status_code == 401
        for role, status in (("viewer", 403), ("agent", 403), ("admin", 200)):
            headers = await key_of(mine, role)
            assert (await client.get(URL, headers=headers)).status_code == 200
            assert (await client.put(URL, json={"greeting": role}, headers=headers)).status_code == status
