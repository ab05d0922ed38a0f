"""Blocked customers are refused on every channel until somebody lifts it."""

from uuid import uuid4

import pytest

from omni_app.customers.blocking import block_customer, unblock_customer
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid, NotFound
from tests.conversations.desk import make_desk, trail
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")


async def test_a_blocked_customer_cannot_write_until_unblocked() -> None:
    desk = await make_desk()
    ann = (await desk.ask("Hello there")).customer_id
    async with open_db(desk.maya) as db:
        await block_customer(db, ann, "  Insults the team ")
    with pytest.raises(Forbidden):
        await desk.ask("Let me in")
    (row,) = await rows("select block_reason from customers")
    assert row["block_reason"] == "Insults the team"
    async with open_db(desk.tom) as db:
        await unblock_customer(db, ann)
    assert (await desk.ask("Thank you")).customer_id == ann
    assert await trail(ann) == ["customer.created", "customer.blocked", "customer.unblocked"]


@pytest.mark.parametrize("reason", ["", "  ", "x" * 301, "a\x00b", "\ud800"])
async def test_a_block_needs_a_reason(reason: str) -> None:
    desk = await make_desk()
    ann = (await desk.ask()).customer_id
    with pytest.raises(Invalid) as caught:
        async with open_db(desk.maya) as db:
            await block_customer(db, ann, reason)
    assert caught.value.fields[0].field == "reason"


async def test_who_may_not_block_and_who_is_not_there() -> None:
    desk, other = await make_desk(), await make_desk("Other")
    ann = (await desk.ask()).customer_id
    for scope, customer_id, kind in ((desk.vera, ann, Forbidden), (other.maya, ann, NotFound), (desk.maya, uuid4(), NotFound)):
        with pytest.raises(kind):
            async with open_db(scope) as db:
                await block_customer(db, customer_id, "Because")
        with pytest.raises(kind):
            async with open_db(scope) as db:
                await unblock_customer(db, customer_id)
    assert await rows("select 1 from customers where blocked_at is not null") == []
