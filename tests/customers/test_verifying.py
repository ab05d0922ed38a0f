"""Staff vouch for customers and their addresses."""

import asyncio
from uuid import UUID, uuid4

import pytest

from omni_app.customers.verifying import unverify_customer, verify_customer
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound
from omni_app.infra.scope import Scope
from tests.conversations.desk import make_desk, trail
from tests.customers.crowd import claim, make_customer
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")


async def verify(scope: Scope, customer_id: UUID, reason: str = "ID at the desk", point: UUID | None = None) -> None:
    async with open_db(scope) as db:
        await verify_customer(db, customer_id, reason, point)


async def proofs() -> list[tuple[str, str]]:
    found = await rows("select proof, proven_by from contact_points where kind = 'email' order by created_at, id")
    return [(row["proof"], row["proven_by"]) for row in found]


async def test_a_customer_is_vouched_for_and_the_mark_taken_away_again() -> None:
    desk = await make_desk()
    ann = await make_customer(desk.system, "visitor-1")
    await verify(desk.maya, ann)
    await verify(desk.maya, ann)
    (row,) = await rows("select verified_at from customers")
    assert row["verified_at"] is not None
    async with open_db(desk.maya) as db:
        await unverify_customer(db, ann, "It was somebody else")
    (row,) = await rows("select verified_at from customers")
    assert row["verified_at"] is None
    assert await trail(ann) == ["customer.created", "customer.verified", "customer.verified", "customer.unverified"]


async def test_a_claimed_address_is_proven_by_staff() -> None:
    desk = await make_desk()
    ann = await make_customer(desk.system, "visitor-1")
    await verify(desk.maya, ann, point=await claim(desk.system, ann, "ann@example.com"))
    assert await proofs() == [("proven", "staff")]


async def test_an_address_somebody_else_has_proven_stays_theirs() -> None:
    desk = await make_desk()
    await make_customer(desk.system, "ann@example.com", "Ann")
    stranger = await make_customer(desk.system, "visitor-1")
    point = await claim(desk.system, stranger, "ann@example.com")
    with pytest.raises(Conflict) as caught:
        await verify(desk.maya, stranger, point=point)
    assert "Another customer has proven this address" in str(caught.value)
    assert [proof for proof, _ in await proofs()] == ["proven", "claimed"]
    assert (await rows("select 1 from customers where verified_at is not null")) == []


async def test_of_two_who_prove_one_address_at_once_one_gets_it() -> None:
    desk = await make_desk()
    first, second = await make_customer(desk.system, "visitor-1"), await make_customer(desk.system, "visitor-2")
    points = [await claim(desk.system, who, "ann@example.com") for who in (first, second)]
    results = await asyncio.gather(
        verify(desk.maya, first, point=points[0]), verify(desk.tom, second, point=points[1]), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "NoneType"]
    assert sorted(proof for proof, _ in await proofs()) == ["claimed", "proven"]


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301, "a\x00b"])
async def test_without_a_reason_nobody_is_vouched_for(reason: str) -> None:
    desk = await make_desk()
    ann = await make_customer(desk.system, "visitor-1")
    with pytest.raises(Invalid) as caught:
        await verify(desk.maya, ann, reason)
    assert caught.value.fields[0].field == "reason"


async def test_who_may_not_vouch_and_what_is_not_there() -> None:
    desk, other = await make_desk(), await make_desk("Other")
    ann, bob = await make_customer(desk.system, "visitor-1"), await make_customer(desk.system, "visitor-2")
    theirs = await claim(desk.system, bob, "bob@example.com")
    for scope, customer_id, point, kind in (
        (desk.vera, ann, None, Forbidden),
        (other.maya, ann, None, NotFound),
        (desk.maya, uuid4(), None, NotFound),
        (desk.maya, ann, uuid4(), NotFound),
        (desk.maya, ann, theirs, NotFound),
    ):
        with pytest.raises(kind):
            await verify(scope, customer_id, point=point)
    assert await rows("select 1 from customers where verified_at is not null") == []
