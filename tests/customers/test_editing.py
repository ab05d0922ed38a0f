"""Changing what is known of a customer."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from omni_app.customers.editing import add_tags, change_customer, remove_tags
from omni_app.customers.profiles import CustomerView, load_customer
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound, OmniError
from omni_app.infra.scope import Scope
from tests.conversations.desk import make_desk, trail
from tests.customers.crowd import make_customer
from tests.making import make_business, rows

pytestmark = pytest.mark.usefixtures("database")


async def change(scope: Scope, customer_id: UUID, **changes: Any) -> CustomerView:
    async with open_db(scope) as db:
        await change_customer(db, customer_id, **changes)
    async with open_db(scope) as db:
        return await load_customer(db, customer_id)


async def test_details_are_changed_and_what_is_not_named_stays() -> None:
    desk = await make_desk()
    ann = await make_customer(desk.system, "ann@example.com", "Ann", language="en")
    view = await change(
        desk.maya,
        ann,
        name="  Ann   Lee ",
        timezone="America/Halifax",
        birthday="1990-04-23",
        attributes={" plan ": "Sun Life", "visits": 3, "score": 1.5, "vip": True, "gone": None},
        consent={"marketing": True},
    )
    assert (view.name, view.language, view.timezone, str(view.birthday)) == ("Ann Lee", "en", "America/Halifax", "1990-04-23")
    assert view.attributes == {"plan": "Sun Life", "visits": 3, "score": 1.5, "vip": True, "gone": None}
    assert (view.consent["marketing"]["given"], view.consent["marketing"]["source"]) == (True, "staff")
    assert view.version == 2
    assert (await change(desk.maya, ann, birthday=None, name="")).birthday is None


async def test_consent_keeps_when_it_was_first_given_until_it_changes() -> None:
    desk = await make_desk()
    ann = await make_customer(desk.system, "ann@example.com")
    first = (await change(desk.maya, ann, consent={"marketing": True, "sms": False})).consent
    second = (await change(desk.maya, ann, consent={"marketing": True, "sms": True}, source="api")).consent
    assert second["marketing"] == first["marketing"]
    assert second["sms"]["given"] is True
    assert second["sms"]["source"] == "api"


BAD: list[tuple[dict[str, Any], str]] = [
    ({"name": "n" * 121}, "name"),
    ({"name": "a\x00b"}, "name"),
    ({"name": "evil\u202etxt"}, "name"),
    ({"name": 5}, "name"),
    ({"language": "english please"}, "language"),
    ({"language": None}, "language"),
    ({"timezone": "Mars/Olympus"}, "timezone"),
    ({"timezone": None}, "timezone"),
    ({"birthday": "23.4.1990"}, "birthday"),
    ({"birthday": "1700-01-01"}, "birthday"),
    ({"birthday": "2999-01-01"}, "birthday"),
    ({"birthday": 5}, "birthday"),
    ({"attributes": [1]}, "attributes"),
    ({"attributes": {f"k{number}": 1 for number in range(51)}}, "attributes"),
    ({"attributes": {"": 1}}, "attributes"),
    ({"attributes": {"k" * 201: 1}}, "attributes"),
    ({"attributes": {"a": 1, " a": 2}}, "attributes"),
    ({"attributes": {"a\x00": 1}}, "attributes"),
    ({"attributes": {"k": "v" * 2001}}, "attributes.k"),
    ({"attributes": {"k": "\ud800"}}, "attributes.k"),
    ({"attributes": {"k": ["list"]}}, "attributes.k"),
    ({"attributes": {"k": float("nan")}}, "attributes.k"),
    ({"attributes": {"k": float("inf")}}, "attributes.k"),
    ({"attributes": {"k": 10**400}}, "attributes.k"),
    ({"consent": {"Marketing!": True}}, "consent"),
    ({"consent": {"marketing": "yes"}}, "consent.marketing"),
    ({"consent": {f"p{number}": True for number in range(21)}}, "consent"),
    ({"blocked_at": "now"}, "blocked_at"),
]


@pytest.mark.parametrize(("changes", "field"), BAD)
async def test_a_wrong_value_names_its_field_and_stores_nothing(changes: dict[str, Any], field: str) -> None:
    scope = (await make_business(faqs=())).scope
    ann = await make_customer(scope, "ann@example.com", "Ann")
    with pytest.raises(Invalid) as caught:
        await change(scope, ann, **{"name": "Other", **changes})
    assert [item.field for item in caught.value.fields] == [field]
    (row,) = await rows("select name, version, attributes, consent from customers")
    assert row == {"name": "Ann", "version": 1, "attributes": {}, "consent": {}}


async def test_of_two_who_save_the_second_is_told() -> None:
    desk = await make_desk()
    ann = await make_customer(desk.system, "ann@example.com", "Ann")

    async def save(scope: Scope, name: str) -> str:
        try:
            await change(scope, ann, version=1, name=name)
        except Conflict:
            return "conflict"
        return name

    saved = await asyncio.gather(save(desk.maya, "From Maya"), save(desk.tom, "From Tom"))
    assert sorted(saved)[-1] == "conflict"
    (row,) = await rows("select name, version from customers")
    assert row == {"name": min(saved), "version": 2}


async def test_the_trail_names_what_changed_and_keeps_no_personal_data() -> None:
    desk = await make_desk()
    ann = await make_customer(desk.system, "ann@example.com", "Ann")
    await change(desk.maya, ann, name="Secret Name", birthday="1990-04-23", attributes={"illness": "asthma"})
    assert await trail(ann) == ["customer.created", "customer.updated"]
    (entry,) = await rows("select before, after from audit_entries where action = 'customer.updated'")
    assert entry["after"] == {"changed": ["attributes", "birthday", "name"], "version": 2}
    assert "asthma" not in str(entry)


async def test_nothing_new_is_no_change() -> None:
    desk = await make_desk()
    ann = await make_customer(desk.system, "ann@example.com", "Ann")
    assert (await change(desk.maya, ann, name="Ann")).version == 1
    assert await trail(ann) == ["customer.created"]


async def test_tags_are_added_and_removed_in_small_letters_and_once() -> None:
    desk = await make_desk()
    ann = await make_customer(desk.system, "ann@example.com")
    async with open_db(desk.maya) as db:
        assert await add_tags(db, ann, [" VIP ", "vip", "Sun   Life"]) == ["vip", "sun life"]
        assert await add_tags(db, ann, ["vip"]) == ["vip", "sun life"]
        assert await remove_tags(db, ann, ["VIP", "never there"]) == ["sun life"]


@pytest.mark.parametrize("tags", [[], [""], ["x" * 41], ["a\x00"], [5], "vip", ["t"] * 31])
async def test_wrong_tags_are_refused(tags: Any) -> None:
    scope = (await make_business(faqs=())).scope
    ann = await make_customer(scope, "ann@example.com")
    with pytest.raises(Invalid) as caught:
        async with open_db(scope) as db:
            await add_tags(db, ann, tags)
    assert caught.value.fields[0].field == "tags"


async def test_a_customer_has_at_most_thirty_tags() -> None:
    scope = (await make_business(faqs=())).scope
    ann = await make_customer(scope, "ann@example.com")
    async with open_db(scope) as db:
        await add_tags(db, ann, [f"t{number}" for number in range(30)])
    with pytest.raises(Invalid):
        async with open_db(scope) as db:
            await add_tags(db, ann, ["one more"])


async def test_tags_added_at_once_are_all_kept() -> None:
    scope = (await make_business(faqs=())).scope
    ann = await make_customer(scope, "ann@example.com")

    async def add(tag: str) -> None:
        async with open_db(scope) as db:
            await add_tags(db, ann, [tag])

    await asyncio.gather(*(add(f"t{number}") for number in range(6)))
    (row,) = await rows("select tags from customers")
    assert sorted(row["tags"]) == [f"t{number}" for number in range(6)]


async def test_who_may_not_change_and_who_is_not_there() -> None:
    desk, other = await make_desk(), await make_desk("Other")
    ann, shell = await make_customer(desk.system, "a@example.com"), await make_customer(desk.system, "b@example.com")
    await rows("update customers set merged_into_id = :into where id = :id returning id", into=ann, id=shell)
    refused: list[tuple[Scope, UUID, type[OmniError]]] = [
        (desk.vera, ann, Forbidden),
        (other.maya, ann, NotFound),
        (desk.maya, uuid4(), NotFound),
        (desk.maya, shell, Conflict),
    ]
    for scope, customer_id, kind in refused:
        with pytest.raises(kind):
            await change(scope, customer_id, name="X")
        with pytest.raises(kind):
            async with open_db(scope) as db:
                await add_tags(db, customer_id, ["x"])
    assert await rows("select 1 from customers where name = 'X' or tags <> '[]'") == []


async def test_today_is_a_birthday_and_tomorrow_is_not() -> None:
    scope = (await make_business(faqs=())).scope
    ann = await make_customer(scope, "ann@example.com")
    assert (await change(scope, ann, birthday=now().date())).birthday == now().date()
