"""An address typed by a visitor is a claim that staff see."""

from uuid import UUID, uuid4

import pytest

from omni_app.customers.addresses import Address
from omni_app.customers.blocking import block_customer
from omni_app.customers.claiming import claim_address
from omni_app.customers.profiles import load_customer
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, NotFound
from omni_app.infra.scope import Scope
from tests.conversations.desk import Desk, make_desk
from tests.conversations.visitors import SOFIA, known, mailbox, points
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")


async def _claim(scope: Scope, customer_id: UUID, email: str | None = SOFIA, name: str = "") -> None:
    async with open_db(scope) as db:
        await claim_address(db, customer_id, mailbox(email) if email else None, name)


async def _stranger(desk: Desk) -> UUID:
    return (await desk.ask()).customer_id


async def test_staff_see_the_claim_and_that_nothing_proves_it() -> None:
    desk = await make_desk()
    stranger = await _stranger(desk)
    await _claim(desk.system, stranger, name="Sofia")
    async with open_db(desk.vera) as db:
        view = await load_customer(db, stranger)
    assert view.name == "Sofia"
    assert [(p.value, p.proof) for p in view.points if p.kind == "email"] == [(SOFIA, "claimed")]


async def test_a_claim_changes_nothing_of_the_owner() -> None:
    desk = await make_desk()
    owner, stranger = await known(desk.system), await _stranger(desk)
    before = await rows("select * from customers where id = :id", id=owner)
    await _claim(desk.system, stranger, name="Somebody")
    assert await rows("select * from customers where id = :id", id=owner) == before
    assert await points(owner) == {("email", "", SOFIA, "proven")}


async def test_a_new_claim_of_the_same_kind_replaces_the_older_one() -> None:
    desk = await make_desk()
    stranger = await _stranger(desk)
    await _claim(desk.system, stranger)
    await _claim(desk.system, stranger, "other@example.com")
    assert {value for kind, _, value, _ in await points(stranger) if kind == "email"} == {"other@example.com"}


async def test_the_address_is_stored_encrypted_and_found_by_hint() -> None:
    desk = await make_desk()
    stranger = await _stranger(desk)
    await _claim(desk.system, stranger)
    (row,) = await rows("select value, hints from contact_points where kind = 'email'")
    assert "sofia" not in row["value"]
    assert row["hints"] == mailbox("another@example.com").hints


async def test_claiming_ones_own_proven_address_changes_nothing() -> None:
    desk = await make_desk()
    owner = await known(desk.system)
    await _claim(desk.system, owner)
    assert await points(owner) == {("email", "", SOFIA, "proven")}


async def test_the_name_of_a_proven_customer_is_not_taken_over() -> None:
    desk = await make_desk()
    owner = await known(desk.system, name="Sofia Marin")
    await _claim(desk.system, owner, None, "Somebody Else")
    (row,) = await rows("select name from customers where id = :id", id=owner)
    assert row["name"] == "Sofia Marin"


async def test_a_customer_claims_five_addresses_at_most() -> None:
    desk = await make_desk()
    stranger = await _stranger(desk)
    async with open_db(desk.system) as db:
        for number in range(5):
            await claim_address(db, stranger, Address(kind="external", channel=f"c{number}", value="x"))
        with pytest.raises(Conflict):
            await claim_address(db, stranger, mailbox())


async def test_who_may_not_claim() -> None:
    desk, other = await make_desk(), await make_desk("Other")
    stranger = await _stranger(desk)
    with pytest.raises(Forbidden):
        await _claim(desk.vera, stranger)
    with pytest.raises(NotFound):
        await _claim(other.system, stranger)
    with pytest.raises(NotFound):
        await _claim(desk.system, uuid4())
    async with open_db(desk.maya) as db:
        await block_customer(db, stranger, "abuse")
    with pytest.raises(Forbidden):
        await _claim(desk.system, stranger)
