"""Who wrote: by every identifier the channel gives, and never by one it does not vouch for."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import pytest

from omni_app.conversations.joining import join_twins
from omni_app.customers.addresses import Address
from omni_app.customers.claiming import claim_address
from omni_app.customers.identifying import create_customer
from omni_app.customers.readdressing import change_address
from omni_app.customers.recognising import Recognised, add_missing_points, address_of, recognise
from omni_app.customers.suggesting import list_suggestions
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid
from omni_app.infra.scope import Permission, Scope
from tests.conversations.desk import without
from tests.conversations.visitors import points
from tests.customers.crowd import make_customer
from tests.making import count, make_business, rows

pytestmark = pytest.mark.usefixtures("database")


@dataclass(frozen=True)
class Id:
    kind: str
    value: str
    is_proven: bool = True


PHONE, OTHER_PHONE = Id("phone", "19025550100"), Id("phone", "+19025550199")
WHATSAPP = Id("external", "CA.1349")
MAIL, UNPROVEN = Id("email", "Sofia@Example.com"), Id("email", "sofia@example.com", is_proven=False)


async def _business() -> Scope:
    return (await make_business(faqs=())).scope


async def meet(scope: Scope, channel: str, *identifiers: Id, name: str = "") -> tuple[UUID, Recognised, UUID | None]:
    """What happens when this sender writes: (customer, what was recognised, where answers go)."""
    async with open_db(scope) as db:
        found = await recognise(db, channel, identifiers, name)
        if found.customer is not None and await join_twins(db, found.customer.id, found.twins, channel):
            found = await recognise(db, channel, identifiers, name)
        customer = found.customer or await create_customer(db, found.address, name)
        point_id = found.contact_point_id if found.is_settled else await add_missing_points(db, found, customer)
        return customer.id, found, point_id


async def suggested(scope: Scope, customer_id: UUID) -> list[UUID]:
    async with open_db(scope) as db:
        return [one.customer_id for one in await list_suggestions(db, customer_id)]


async def test_a_stranger_is_created_with_all_their_identifiers() -> None:
    scope = await _business()
    customer_id, found, point_id = await meet(scope, "whatsapp", PHONE, WHATSAPP, name="Ann Lee")
    assert found.customer is None
    assert await points(customer_id) == {("phone", "", "+19025550100", "proven"), ("external", "whatsapp", "CA.1349", "proven")}
    assert await rows("select kind from contact_points where id = :id", id=point_id) == [{"kind": "phone"}]
    again, found, same_point = await meet(scope, "whatsapp", PHONE, WHATSAPP, name="Ann Lee")
    assert (again, same_point, found.is_settled) == (customer_id, point_id, True)
    assert await count("customers") == 1


async def test_a_sender_is_known_by_any_identifier_and_gets_the_others() -> None:
    scope = await _business()
    bare, _, _ = await meet(scope, "whatsapp", WHATSAPP)
    full, found, point_id = await meet(scope, "whatsapp", PHONE, WHATSAPP, name="Ann Lee")
    assert full == bare
    assert found.address.kind == "external"
    assert await rows("select kind, proven_by from contact_points where id = :id", id=point_id) == [
        {"kind": "phone", "proven_by": "channel"}
    ]
    assert await rows("select name from customers") == [{"name": "Ann Lee"}]
    assert (await meet(scope, "sms", PHONE))[0] == bare
    (entry,) = await rows("select after from audit_entries where action = 'customer.address_proven'")
    assert entry["after"] == {"kind": "phone", "by": "channel"}


async def test_a_claim_of_their_own_is_proven_by_the_channel() -> None:
    scope = await _business()
    customer_id, _, _ = await meet(scope, "whatsapp", WHATSAPP)
    async with open_db(scope) as db:
        await claim_address(db, customer_id, Address(kind="phone", channel="", value="+19025550100"))
    assert (await meet(scope, "whatsapp", PHONE, WHATSAPP))[0] == customer_id
    assert ("phone", "", "+19025550100", "proven") in await points(customer_id)


async def test_two_customers_of_one_sender_are_joined() -> None:
    scope = await _business()
    by_id, _, _ = await meet(scope, "whatsapp", WHATSAPP)
    by_phone, _, _ = await meet(scope, "sms", PHONE)
    met, found, _ = await meet(scope, "whatsapp", PHONE, WHATSAPP)
    assert met == by_phone
    assert found.is_settled
    assert await rows("select merged_into_id from customers where id = :id", id=by_id) == [{"merged_into_id": by_phone}]
    (merge,) = await rows("select evidence from merges")
    assert "whatsapp vouches" in merge["evidence"]


async def test_where_their_own_ids_conflict_it_is_only_suggested() -> None:
    scope = await _business()
    by_id, _, _ = await meet(scope, "whatsapp", WHATSAPP)
    by_phone, _, _ = await meet(scope, "whatsapp", PHONE, Id("external", "CA.0000"))
    for _ in range(2):
        met, found, _ = await meet(scope, "whatsapp", PHONE, WHATSAPP)
        assert (met, found.twins) == (by_phone, (by_id,))
    assert await count("merges") == 0
    assert await suggested(scope, by_phone) == [by_id]
    assert await suggested(scope, by_id) == [by_phone]


async def test_an_unproven_sender_reaches_nothing_of_the_owner() -> None:
    scope = await _business()
    owner = await make_customer(scope, "sofia@example.com", "Sofia Marin")
    met, found, point_id = await meet(scope, "email", UNPROVEN, name="Sofia Marin")
    assert met != owner
    assert (found.is_proven, found.owners) == (False, (owner,))
    assert ("email", "", "sofia@example.com", "claimed") in await points(met)
    (point,) = await rows("select customer_id, proof from contact_points where id = :id", id=point_id)
    assert point == {"customer_id": met, "proof": "claimed"}
    assert await suggested(scope, owner) == [met]
    again, found, same = await meet(scope, "email", UNPROVEN)
    assert (again, same, found.is_settled) == (met, point_id, True)
    # The owner's own mail is theirs as ever.
    assert (await meet(scope, "email", MAIL))[0] == owner


async def test_who_proves_an_address_others_claim_is_suggested_to_them() -> None:
    scope = await _business()
    stranger, _, _ = await meet(scope, "email", UNPROVEN)
    owner, found, _ = await meet(scope, "email", MAIL)
    assert owner != stranger
    assert found.claimers == (stranger,)
    assert await suggested(scope, owner) == [stranger]


async def test_namesakes_at_one_company_are_suggested_and_those_of_a_mail_provider_are_not() -> None:
    scope = await _business()
    ids = [
        (await meet(scope, "email", Id("email", address), name=name))[0]
        for address, name in (
            *(
                ("s.marin@firm.example", "Sofia Marin"),
                ("sofia@firm.example", "sofia marin"),
                ("marin@other.example", "Sofia Marin"),
            ),
            *(("sofia1@gmail.com", "Sofia Marin"), ("sofia2@gmail.com", "Sofia Marin"), ("ann@firm.example", "Sofia")),
        )
    ]
    assert [await suggested(scope, one) for one in ids] == [[ids[1]], [ids[0]], [], [], [], []]


async def test_messages_that_come_at_once_create_one_customer() -> None:
    scope = await _business()

    async def patiently() -> UUID:
        while True:
            try:
                return (await meet(scope, "whatsapp", PHONE, WHATSAPP))[0]
            except Exception as error:
                if "uq_contact_points_proven" not in str(error):
                    raise

    assert len({*await asyncio.gather(*(patiently() for _ in range(6)))}) == 1
    assert await count("customers") == 1
    assert await count("contact_points") == 2


async def test_a_settled_sender_costs_one_statement() -> None:
    scope = await _business()
    customer_id, _, _ = await meet(scope, "whatsapp", PHONE, WHATSAPP)
    async with open_db(scope) as db:
        found = await recognise(db, "whatsapp", (PHONE, WHATSAPP))
        assert found.is_settled
        assert found.customer is not None
        assert found.customer.id == customer_id
        # Nothing is missing, so adding changes nothing either.
        assert await add_missing_points(db, found, found.customer) == found.contact_point_id


async def test_other_businesses_and_other_channels_know_nobody_by_it() -> None:
    scope, other = await _business(), await _business()
    customer_id, _, _ = await meet(scope, "whatsapp", WHATSAPP)
    assert (await meet(other, "whatsapp", WHATSAPP))[0] != customer_id
    assert (await meet(scope, "telegram", WHATSAPP))[0] != customer_id


async def test_who_may_not_and_what_is_no_sender() -> None:
    scope = await _business()
    for identifiers, error in (((), Invalid), ((Id("phone", " \x00 "),), Invalid)):
        async with open_db(scope) as db:
            with pytest.raises(error):
                await recognise(db, "sms", identifiers)
    async with open_db(without(scope, Permission.REPLY)) as db:
        with pytest.raises(Forbidden):
            await recognise(db, "sms", (PHONE,))
        with pytest.raises(Forbidden):
            await add_missing_points(db, None, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Id("phone", "1 902 555 0100"), Address(kind="phone", channel="", value="+19025550100")),
        (Id("phone", "0019025550100"), Address(kind="phone", channel="", value="+19025550100")),
        (Id("phone", "12"), Address(kind="external", channel="sms", value="12")),
        (Id("phone", "SHOP"), Address(kind="external", channel="sms", value="SHOP")),
        (Id("email", "ANN@example.com"), Address(kind="email", channel="", value="ann@example.com")),
        (Id("email", "root@localhost"), Address(kind="external", channel="sms", value="root@localhost")),
    ],
)
def test_identifiers_that_are_none_become_ids_of_the_channel(given: Id, expected: Address) -> None:
    assert address_of("sms", given) == expected


async def test_a_new_number_takes_the_old_ones_place() -> None:
    scope = await _business()
    customer_id, _, point_id = await meet(scope, "whatsapp", PHONE, WHATSAPP)
    async with open_db(scope) as db:
        assert await change_address(db, "whatsapp", PHONE, OTHER_PHONE) == "changed"
    assert ("phone", "", "+19025550199", "proven") in await points(customer_id)
    assert (await meet(scope, "sms", OTHER_PHONE))[0] == customer_id
    assert await rows("select customer_id from contact_points where id = :id", id=point_id) == [{"customer_id": customer_id}]
    # Whoever has the old number now is somebody new.
    assert (await meet(scope, "sms", PHONE))[0] != customer_id
    async with open_db(scope) as db:
        assert await change_address(db, "whatsapp", Id("phone", "+19025550111"), OTHER_PHONE) == "unknown"


async def test_a_new_number_that_is_somebodys_already_is_only_suggested() -> None:
    scope = await _business()
    ann, _, _ = await meet(scope, "whatsapp", PHONE)
    bob, _, _ = await meet(scope, "whatsapp", OTHER_PHONE)
    async with open_db(scope) as db:
        assert await change_address(db, "whatsapp", PHONE, OTHER_PHONE) == "taken"
    assert await points(ann) == {("phone", "", "+19025550100", "proven")}
    assert await suggested(scope, ann) == [bob]
