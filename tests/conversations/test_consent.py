"""What customers said yes or no to, and addresses that take nothing."""

import asyncio
from typing import Literal
from uuid import uuid4

import pytest

from omni_app.channels.contract import AddressProblem, ConsentChange, Identifier, Sender
from omni_app.conversations.consent import apply_address_problem, apply_consent, is_opted_out, says_no
from omni_app.customers.addresses import Address
from omni_app.customers.identifying import create_customer
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, NotFound
from omni_app.infra.scope import Permission
from tests.conversations.desk import Desk, make_desk, without
from tests.making import rows

MAIL = Identifier(kind="email", value="Ann@Example.com")


def wish(is_given: bool, purpose: Literal["marketing", "channel"] = "channel", reason: str = "wrote “STOP”") -> ConsentChange:
    return ConsentChange(sender=Sender(identifiers=(MAIL,)), purpose=purpose, is_given=is_given, reason=reason)


async def make_customer(desk: Desk, address: str = "ann@example.com"):  # type: ignore[no-untyped-def]
    async with open_db(desk.system) as db:
        return (await create_customer(db, Address(kind="email", channel="", value=address))).id


async def test_a_no_stands_with_its_source_and_holds_for_its_channel(database: object) -> None:
    desk = await make_desk()
    customer_id = await make_customer(desk)
    async with open_db(desk.system) as db:
        await apply_consent(db, customer_id, "whatsapp", wish(False))
        await apply_consent(db, customer_id, "whatsapp", wish(False, reason="said it again"))
    async with open_db(desk.vera) as db:
        assert await is_opted_out(db, customer_id, "whatsapp")
        assert not await is_opted_out(db, customer_id, "email")
    (row,) = await rows("select consent, version from customers where id = :id", id=customer_id)
    assert row["consent"]["channel.whatsapp"]["source"] == "whatsapp: wrote “STOP”"
    trail = await rows("select after from audit_entries where subject_id = :id and action = 'customer.updated'", id=customer_id)
    assert [entry["after"]["consent"] for entry in trail] == [{"channel.whatsapp": False}]
    async with open_db(desk.system) as db:
        await apply_consent(db, customer_id, "whatsapp", wish(True))
        assert not await is_opted_out(db, customer_id, "whatsapp")


async def test_a_no_to_marketing_holds_for_marketing_on_every_channel(database: object) -> None:
    desk = await make_desk()
    customer_id = await make_customer(desk)
    async with open_db(desk.system) as db:
        await apply_consent(db, customer_id, "whatsapp", wish(False, "marketing"))
        assert not await is_opted_out(db, customer_id, "email")
        assert await is_opted_out(db, customer_id, "email", is_marketing=True)


async def test_wishes_said_at_once_are_all_kept(database: object) -> None:
    desk = await make_desk()
    customer_id = await make_customer(desk)

    async def say(channel: str) -> None:
        async with open_db(desk.system) as db:
            await apply_consent(db, customer_id, channel, wish(False))

    await asyncio.gather(*(say(channel) for channel in ("whatsapp", "email", "sms", "telegram")))
    (row,) = await rows("select consent from customers where id = :id", id=customer_id)
    assert all(says_no(row["consent"], channel) for channel in ("whatsapp", "email", "sms", "telegram"))


async def test_who_was_joined_with_another_is_that_one(database: object) -> None:
    desk = await make_desk()
    shell, whole = await make_customer(desk), await make_customer(desk, "ann@work.example")
    await rows("update customers set merged_into_id = :into where id = :id returning id", into=whole, id=shell)
    async with open_db(desk.system) as db:
        await apply_consent(db, shell, "whatsapp", wish(False))
        assert await is_opted_out(db, whole, "whatsapp")


async def test_an_address_that_takes_nothing_is_marked_and_told_once(database: object) -> None:
    desk = await make_desk()
    customer_id = await make_customer(desk)
    problem = AddressProblem(identifier=MAIL, kind="bounced", reason="550 no such user")
    async with open_db(desk.system) as db:
        await apply_address_problem(db, "email", problem)
        await apply_address_problem(db, "email", problem)
    (point,) = await rows("select * from contact_points where customer_id = :id", id=customer_id)
    assert point["undeliverable_at"] is not None
    assert point["undeliverable_reason"] == "550 no such user"
    trail = await rows("select 1 as x from audit_entries where action = 'customer.address_undeliverable'")
    assert len(trail) == 1


async def test_who_reports_spam_is_left_alone_but_can_be_answered(database: object) -> None:
    desk = await make_desk()
    customer_id = await make_customer(desk)
    async with open_db(desk.system) as db:
        await apply_address_problem(db, "email", AddressProblem(identifier=MAIL, kind="complained"))
        assert await is_opted_out(db, customer_id, "email")
    (point,) = await rows("select undeliverable_at from contact_points where customer_id = :id", id=customer_id)
    assert point["undeliverable_at"] is None


async def test_other_businesses_and_lookers_on_change_nothing(database: object) -> None:
    desk, other = await make_desk(), await make_desk("Other")
    customer_id = await make_customer(desk)
    for missing in (customer_id, uuid4()):
        with pytest.raises(NotFound):
            async with open_db(other.system) as db:
                await apply_consent(db, missing, "whatsapp", wish(False))
    async with open_db(other.system) as db:
        await apply_address_problem(db, "email", AddressProblem(identifier=MAIL, kind="bounced"))
    assert await rows("select 1 as x from contact_points where undeliverable_at is not null") == []
    with pytest.raises(Forbidden):
        async with open_db(desk.vera) as db:
            await apply_consent(db, customer_id, "whatsapp", wish(False))
    with pytest.raises(Forbidden):
        async with open_db(without(desk.maya, Permission.VIEW)) as db:
            await is_opted_out(db, customer_id, "whatsapp")
