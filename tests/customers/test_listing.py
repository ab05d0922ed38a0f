"""Customers by page: what is found, in which order, and whose."""

import csv
import io
from datetime import datetime, timedelta

import pytest

from omni_app.customers.listing import CustomerFilter, Sort, export_list, list_customers, list_tags
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid
from omni_app.infra.scope import Permission, Scope
from tests.conversations.desk import make_desk, without
from tests.customers.crowd import claim, make_customer, talk
from tests.making import make_business

pytestmark = pytest.mark.usefixtures("database")


async def names(scope: Scope, sort: Sort = "seen", **wanted: object) -> list[str]:
    async with open_db(scope) as db:
        found, total = await list_customers(db, CustomerFilter(**wanted), sort)  # type: ignore[arg-type]
    assert total == len(found)
    return [row.name for row in found]


async def crowd() -> Scope:
    """Ann (vip, verified), Bob (blocked, talks most), Eve (claims an address, French), and a nameless visitor."""
    scope = (await make_business(faqs=())).scope
    ann = await make_customer(scope, "ann@example.com", "Ann Lee", tags='["vip"]', verified_at=now(), language="en-CA")
    bob = await make_customer(scope, "+19025550148", "Bob 100%", blocked_at=now(), last_seen_at=now() - timedelta(days=3))
    eve = await make_customer(scope, "visitor-eve", "eve", language="fr", last_seen_at=now() - timedelta(days=9))
    await make_customer(scope, "visitor-4", last_seen_at=now() - timedelta(days=10))
    await claim(scope, eve, "ann@example.com")
    await talk(scope, ann, ("customer", 0), ("assistant", 1))
    await talk(scope, bob, ("customer", 0), ("assistant", 1), ("customer", 2), channel="whatsapp")
    return scope


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ann", ["Ann Lee"]),
        ("LEE", ["Ann Lee"]),
        ("ann@example.com", ["Ann Lee", "eve"]),
        ("ANN@Example.com ", ["Ann Lee", "eve"]),
        ("+1 (902) 555-0148", ["Bob 100%"]),
        ("001 902 555-0148", ["Bob 100%"]),
        ("19025550148", ["Bob 100%"]),
        ("0148", ["Bob 100%"]),
        ("example.com", ["Ann Lee"]),
        ("@example.com", ["Ann Lee"]),
        ("visitor-eve", ["eve"]),
        ("100%", ["Bob 100%"]),
        ("%", ["Bob 100%"]),
        ("_", []),
        ("nobody", []),
        ("a\x00nn", ["Ann Lee"]),
        ("'; drop table customers; --", []),
    ],
)
async def test_a_search_finds_names_and_addresses(search: str, found: list[str]) -> None:
    assert await names(await crowd(), search=search) == found


async def test_a_stranger_is_found_by_the_name_on_the_screen() -> None:
    scope = (await make_business(faqs=())).scope
    customer_id = await make_customer(scope, "visitor-1")
    assert await names(scope, search=f"Visitor {customer_id.hex[-4:]}") == [""]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"tag": "VIP"}, ["Ann Lee"]),
        ({"channel": "whatsapp"}, ["Bob 100%"]),
        ({"verified": True}, ["Ann Lee"]),
        ({"verified": False}, ["Bob 100%", "eve", ""]),
        ({"blocked": True}, ["Bob 100%"]),
        ({"has_claims": True}, ["eve"]),
        ({"has_claims": False}, ["Ann Lee", "Bob 100%", ""]),
        ({"language": "en"}, ["Ann Lee"]),
        ({"language": "e"}, []),
        ({"verified": False, "blocked": False, "search": "e"}, ["eve"]),
    ],
)
async def test_filters_narrow_the_list(wanted: dict[str, object], found: list[str]) -> None:
    assert await names(await crowd(), **wanted) == found


async def test_only_those_seen_since_a_moment() -> None:
    assert await names(await crowd(), seen_since=now() - timedelta(days=4)) == ["Ann Lee", "Bob 100%"]


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("seen", ["Ann Lee", "Bob 100%", "eve", ""]),
        ("created", ["", "eve", "Bob 100%", "Ann Lee"]),
        ("name", ["Ann Lee", "Bob 100%", "eve", ""]),
        ("messages", ["Bob 100%", "Ann Lee", "eve", ""]),
    ],
)
async def test_the_list_is_sorted(sort: Sort, found: list[str]) -> None:
    assert await names(await crowd(), sort) == found


async def test_a_row_tells_channels_messages_cost_and_marks() -> None:
    async with open_db(await crowd()) as db:
        found, _ = await list_customers(db)
    ann, bob, eve, _ = found
    assert (bob.channels, bob.messages, bob.conversations, bob.cost_nusd) == (("whatsapp",), 2, 1, 1000)
    assert (ann.is_verified, ann.is_blocked, ann.has_proof, ann.has_claims, ann.tags) == (True, False, True, False, ("vip",))
    assert (eve.has_proof, eve.has_claims, eve.messages, eve.channels) == (False, True, 0, ())


async def test_pages_hold_everybody_once_and_a_page_past_the_end_still_counts() -> None:
    scope = await crowd()
    async with open_db(scope) as db:
        pages = [await list_customers(db, sort="name", page=page, limit=3) for page in (1, 2, 3)]
    assert [[row.name for row in found] for found, _ in pages] == [["Ann Lee", "Bob 100%", "eve"], [""], []]
    assert {total for _, total in pages} == {4}


async def test_who_was_joined_into_somebody_else_is_left_out() -> None:
    scope = await crowd()
    async with open_db(scope) as db:
        found, _ = await list_customers(db, sort="name")
    await make_customer(scope, "shell", "Shell", merged_into_id=found[0].id)
    assert "Shell" not in await names(scope)


async def test_another_business_s_customers_are_never_there() -> None:
    await crowd()
    other = (await make_business("Other", faqs=())).scope
    assert await names(other) == await names(other, search="ann@example.com") == []
    async with open_db(other) as db:
        assert await list_tags(db) == []


@pytest.mark.parametrize(
    ("wanted", "sort", "field"),
    [
        ({"channel": "pigeon"}, "seen", "channel"),
        ({"search": "x" * 201}, "seen", "search"),
        ({"seen_since": datetime(2026, 1, 1)}, "seen", "seen_since"),  # noqa: DTZ001
        ({}, "height", "sort"),
    ],
)
async def test_a_wrong_wish_names_its_field(wanted: dict[str, object], sort: Sort, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        await names((await make_business(faqs=())).scope, sort, **wanted)
    assert caught.value.fields[0].field == field


async def test_tags_in_use_come_with_how_many_have_them() -> None:
    scope = await crowd()
    await make_customer(scope, "x@example.com", "X", tags='["vip", "new"]')
    async with open_db(scope) as db:
        assert await list_tags(db) == [("vip", 2), ("new", 1)]


async def test_the_file_holds_the_list_and_runs_nothing() -> None:
    desk = await make_desk()
    await make_customer(desk.system, "x@example.com", '=HYPERLINK("http://evil")')
    async with open_db(desk.system) as db:
        lines = list(csv.DictReader(io.StringIO((await export_list(db)).removeprefix("\ufeff"))))
    assert [line["name"] for line in lines] == ['\'=HYPERLINK("http://evil")']
    assert "x@example.com" not in str(lines)
    with pytest.raises(Forbidden):
        async with open_db(desk.maya) as db:
            await export_list(db)


async def test_without_the_right_to_look_there_is_no_list() -> None:
    desk = await make_desk()
    with pytest.raises(Forbidden):
        await names(without(desk.vera, Permission.VIEW))
