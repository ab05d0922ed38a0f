"""What staff see of one customer."""

from uuid import uuid4

import pytest

from omni_app.customers.blocking import block_customer
from omni_app.customers.figures import load_figures
from omni_app.customers.profiles import load_customer
from omni_app.customers.trail import list_trail
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission
from tests.conversations.desk import make_desk, without
from tests.customers.crowd import claim, make_customer, talk
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")


async def test_a_profile_shows_addresses_in_clear_with_their_proof_and_who_was_joined() -> None:
    desk = await make_desk()
    ann = await make_customer(desk.system, "ann@example.com", "Ann", verified_at=now())
    await claim(desk.system, ann, "+19025550148")
    shell = await make_customer(desk.system, "visitor-1", "A. Lee", merged_into_id=ann)
    await rows(
        """insert into merges (id, business_id, from_id, into_id, evidence, moved, created_at)
           values (:id, :business_id, :from_id, :into_id, 'code', '{}', now()) returning id""",
        id=new_id(),
        business_id=desk.system.business_id,
        from_id=shell,
        into_id=ann,
    )
    async with open_db(desk.vera) as db:
        view, joined = await load_customer(db, ann), await load_customer(db, shell)
    assert [(point.kind, point.value, point.proof) for point in view.points] == [
        ("email", "ann@example.com", "proven"),
        ("phone", "+19025550148", "claimed"),
    ]
    assert view.has_claims
    assert view.verified_at is not None
    assert [(item.customer_id, item.name, item.evidence) for item in view.merged_from] == [(shell, "A. Lee", "code")]
    assert joined.merged_into_id == ann


async def test_figures_count_messages_channels_hand_overs_cost_and_waits() -> None:
    desk = await make_desk()
    ann = await make_customer(desk.system, "ann@example.com", "Ann")
    await talk(desk.system, ann, ("customer", 0), ("assistant", 2), ("customer", 10), ("customer", 11), ("assistant", 15))
    await talk(desk.system, ann, ("customer", 0), ("system", 5), ("staff", 60), ("staff", 90), channel="email", status="closed")
    await talk(desk.system, ann, channel="email", handed_over_at=now())
    async with open_db(desk.vera) as db:
        figures = await load_figures(db, ann)
    assert (figures.from_customer, figures.from_assistant, figures.from_staff) == (4, 2, 2)
    assert (figures.conversations, figures.open_conversations, figures.hand_overs) == (3, 2, 2)
    assert figures.by_channel == {"chat": 1, "email": 2}
    assert figures.cost_nusd == 2000
    assert (figures.ai_wait, figures.staff_wait) == (3.0, 60.0)


async def test_figures_of_somebody_who_never_wrote_are_zero() -> None:
    desk = await make_desk()
    ann = await make_customer(desk.system, "ann@example.com")
    async with open_db(desk.vera) as db:
        figures = await load_figures(db, ann)
    assert (figures.from_customer, figures.conversations, figures.by_channel, figures.ai_wait) == (0, 0, {}, None)


async def test_the_trail_tells_what_happened_newest_first() -> None:
    desk, other = await make_desk(), await make_desk("Other")
    ann = await make_customer(desk.system, "ann@example.com")
    async with open_db(desk.maya) as db:
        await block_customer(db, ann, "Insults")
    async with open_db(desk.vera) as db:
        trail = [(entry.action, entry.actor_name, entry.after.get("reason")) for entry in await list_trail(db, ann)]
    assert trail == [("customer.blocked", "Maya Chen", "Insults"), ("customer.created", "Omni", None)]
    async with open_db(other.maya) as db:
        assert await list_trail(db, ann) == []
    with pytest.raises(Forbidden):
        async with open_db(without(desk.vera, Permission.VIEW)) as db:
            await list_trail(db, ann)


async def test_who_may_not_look_and_who_is_not_there() -> None:
    desk, other = await make_desk(), await make_desk("Other")
    ann = await make_customer(desk.system, "ann@example.com")
    for read in (load_customer, load_figures):
        for scope, customer_id, kind in (
            (without(desk.vera, Permission.VIEW), ann, Forbidden),
            (other.maya, ann, NotFound),
            (desk.maya, uuid4(), NotFound),
        ):
            with pytest.raises(kind):
                async with open_db(scope) as db:
                    await read(db, customer_id)
