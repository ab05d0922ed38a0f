"""Plans: what they allow, how one changes them, and that nothing outgrows them."""

import asyncio
from dataclasses import replace

import pytest

from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid
from omni_app.infra.scope import Permission, Scope
from omni_app.tenancy.members import add_member
from omni_app.tenancy.plans import PLANS, PlanUse, change_plan, check_plan, load_plan_use, obstacles, plan_of
from tests.making import make_business, rows
from tests.tenancy.people import CLIENT, actions, owner, sql

pytestmark = pytest.mark.usefixtures("database")


async def put_on(scope: Scope, plan: object) -> PlanUse:
    async with open_db(scope) as db:
        return await change_plan(db, plan)


async def crowd(scope: Scope, people: int) -> None:
    """So many more people at work, written as rows."""
    await sql(
        """with people as (
             insert into users (id, email, name, failed_sign_ins, created_at)
             select gen_random_uuid(), 'p' || n || '@crowd.example', 'P', 0, now() from generate_series(1, :people) n returning *)
           insert into members (id, business_id, user_id, name, email, role, created_at)
           select gen_random_uuid(), :business_id, id, name, email, 'agent', created_at from people""",
        people=people,
        business_id=scope.business_id,
    )


async def test_a_plan_is_changed_once_and_written_down() -> None:
    made = await make_business(faqs=())
    async with open_db(made.scope) as db:
        before = await load_plan_use(db)
    assert (before.plan.name, before.since, before.members, before.documents, before.messages) == ("starter", None, 0, 0, 0)
    grown = await put_on(made.scope, "growth")
    assert grown.plan.name == "growth"
    assert grown.since is not None
    again = await put_on(made.scope, "growth")
    assert again.since == grown.since
    (entry,) = await rows("select before, after from audit_entries where action = 'plan.changed'")
    assert (entry["before"]["plan"], entry["after"]["plan"]) == ("starter", "growth")


@pytest.mark.parametrize("name", ["", "gold", 5, None, ["growth"]])
async def test_a_plan_nobody_sells_is_refused(name: object) -> None:
    made = await make_business(faqs=())
    with pytest.raises(Invalid, match="starter, growth, scale") as wrong:
        await put_on(made.scope, name)
    assert wrong.value.fields[0].field == "plan"


async def test_only_an_owner_changes_the_plan_and_only_their_own() -> None:
    mine, theirs = await make_business("Mine", faqs=()), await make_business("Theirs", faqs=())
    admin = replace(mine.scope, permissions=frozenset(Permission) - {Permission.OWN})
    with pytest.raises(Forbidden):
        await put_on(admin, "growth")
    await put_on(mine.scope, "scale")
    async with open_db(theirs.scope) as db:
        assert (await load_plan_use(db)).plan.name == "starter"


async def test_a_smaller_plan_must_have_room_for_what_is_there() -> None:
    made = await make_business(faqs=(), plan="growth")
    await crowd(made.scope, 6)
    with pytest.raises(Conflict, match="6 people work here and Starter has room for 5"):
        await put_on(made.scope, "starter")
    assert (await rows("select plan from businesses"))[0]["plan"] == "growth"
    use = PlanUse(plan=PLANS["scale"], since=None, members=21, documents=501, messages=0)
    assert len(obstacles(use, PLANS["growth"])) == 2
    assert obstacles(use, PLANS["scale"]) == []


async def test_nobody_is_invited_beyond_the_plan() -> None:
    viewer = await owner()
    await crowd(viewer.scope(CLIENT), 3)
    async with open_db(viewer.scope(CLIENT)) as db:
        await add_member(db, "fifth@example.com", "Fifth", "agent")
        with pytest.raises(Conflict, match="Your plan Starter has room for 5 people"):
            await add_member(db, "sixth@example.com", "Sixth", "agent")
        with pytest.raises(Conflict, match="works here already"):
            await add_member(db, "fifth@example.com", "Fifth", "agent")
        await change_plan(db, "growth")
    async with open_db(viewer.scope(CLIENT)) as db:
        await add_member(db, "sixth@example.com", "Sixth", "agent")
    assert (await actions()).count("member.added") == 2


async def test_of_two_invited_into_the_last_place_one_gets_it() -> None:
    viewer = await owner()
    await crowd(viewer.scope(CLIENT), 3)

    async def invite(email: str) -> object:
        async with open_db(viewer.scope(CLIENT)) as db:
            return await add_member(db, email, "New", "agent")

    results = await asyncio.gather(*(invite(f"new-{number}@example.com") for number in range(2)), return_exceptions=True)
    assert [isinstance(result, Conflict) for result in results].count(True) == 1
    async with open_db(viewer.scope(CLIENT)) as db:
        assert (await load_plan_use(db)).members == 5


def test_a_plan_no_longer_sold_reads_as_the_smallest() -> None:
    assert plan_of("gone").name == "starter"
    assert check_plan("scale").monthly_messages == 100_000
