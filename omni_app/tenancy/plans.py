"""Subscription plans: what a business pays Omni a month, and what it may use for that."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from omni_app import audit
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, Invalid, NotFound
from omni_app.infra.scope import Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One plan. `price_cents` US cents a month; quotas: customers' messages a calendar month, team members, API calls an hour of
    one key, documents."""

    name: str
    label: str
    price_cents: int
    monthly_messages: int
    members: int
    api_calls_per_hour: int
    documents: int


PLANS: dict[str, Plan] = {
    plan.name: plan
    for plan in (
        Plan(
            name="starter",
            label="Starter",
            price_cents=9_900,
            monthly_messages=5_000,
            members=5,
            api_calls_per_hour=1_000,
            documents=100,
        ),
        Plan(
            name="growth",
            label="Growth",
            price_cents=24_900,
            monthly_messages=25_000,
            members=20,
            api_calls_per_hour=5_000,
            documents=500,
        ),
        Plan(
            name="scale",
            label="Scale",
            price_cents=49_900,
            monthly_messages=100_000,
            members=100,
            api_calls_per_hour=20_000,
            documents=2_000,
        ),
    )
}


def plan_of(name: str) -> Plan:
    """The plan of this name; the smallest one for a name that is no longer sold."""
    return PLANS.get(name, PLANS["starter"])


def check_plan(name: object) -> Plan:
    """The plan of this name. Raises `Invalid` (field `plan`) that lists the names."""
    if not isinstance(name, str) or name not in PLANS:
        raise Invalid(f"Choose one of the plans: {', '.join(PLANS)}.", field="plan")
    return PLANS[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanUse:
    """What a business has of what its plan allows. `since` is None for a business that never changed its plan."""

    plan: Plan
    since: datetime | None
    members: int
    documents: int
    messages: int
    """Customers' messages since the first of this month, where the business is."""


# One statement over the rooms whose things a plan counts: each is a number here, nothing more.
_USE = """
    select b.plan, b.plan_since, (select count(*) from members m where m.business_id = b.id) as members,
      (select count(*) from documents d where d.business_id = b.id) as documents,
      (select count(*) from messages m where m.business_id = b.id and m.role = 'customer'
         and m.created_at >= date_trunc('month', cast(:at as timestamptz) at time zone b.timezone) at time zone b.timezone)
        as messages
    from businesses b where b.id = :business_id
"""


async def load_plan_use(db: Db, at: datetime | None = None) -> PlanUse:
    """The plan of the business and how much of it is used. Raises `Forbidden`, `NotFound`."""
    db.scope.require(Permission.VIEW)
    row = (await db.execute(_USE, {"business_id": db.scope.business_id, "at": at or now()})).one_or_none()
    if row is None:
        raise NotFound("business")
    return PlanUse(
        plan=plan_of(row.plan), since=row.plan_since, members=row.members, documents=row.documents, messages=row.messages
    )


def obstacles(use: PlanUse, wanted: Plan) -> list[str]:
    """Why `use` does not fit into `wanted`, each in the reader's words; empty when it fits."""
    found = []
    if use.members > wanted.members:
        found.append(f"{use.members:,} people work here and {wanted.label} has room for {wanted.members:,}: remove some first.")
    if use.documents > wanted.documents:
        found.append(
            f"There are {use.documents:,} documents and {wanted.label} has room for {wanted.documents:,}: delete some first."
        )
    return found


async def lock_plan(db: Db, business_id: UUID) -> Plan:
    """The plan, kept as it is until the transaction ends, so that what is counted against it cannot outgrow it meanwhile.

    Raises `NotFound`.
    """
    # "No key": rows that point at the business go on being written.
    found = await db.execute("select plan from businesses where id = :id for no key update", {"id": business_id})
    name = found.scalar_one_or_none()
    if name is None:
        raise NotFound("business")
    return plan_of(name)


async def check_room_for_member(db: Db, business_id: UUID) -> None:
    """Raises `Conflict` when the plan has no room for one more person. Locks the plan: call it where the person is added."""
    plan = await lock_plan(db, business_id)
    found = await db.execute("select count(*) from members where business_id = :id", {"id": business_id})
    if int(found.scalar_one()) >= plan.members:
        raise Conflict(f"Your plan {plan.label} has room for {plan.members:,} people. Remove somebody, or choose a larger plan.")


async def check_room_for_document(db: Db) -> None:
    """Raises `Conflict` when the plan has no room for one more document. Locks the plan: call it where the document is added."""
    plan = await lock_plan(db, db.scope.business_id)
    if int((await db.execute("select count(*) from documents")).scalar_one()) >= plan.documents:
        raise Conflict(f"Your plan {plan.label} has room for {plan.documents:,} documents. Delete one, or choose a larger plan.")


async def change_plan(db: Db, name: object) -> PlanUse:
    """Put the business on another plan from now on; the same plan again changes nothing.

    Raises `Forbidden` for everyone but owners, `Invalid` (field `plan`), and `Conflict` when what is there does not fit.
    """
    db.scope.require(Permission.OWN)
    wanted, at = check_plan(name), now()
    before = await lock_plan(db, db.scope.business_id)
    use = await load_plan_use(db, at)
    if wanted == before:
        return use
    if found := obstacles(use, wanted):
        raise Conflict(" ".join(found))
    await db.execute(
        "update businesses set plan = :plan, plan_since = :now where id = :id",
        {"plan": wanted.name, "now": at, "id": db.scope.business_id},
    )
    await audit.record(
        db,
        "plan.changed",
        "business",
        db.scope.business_id,
        before={"plan": before.name, "price_cents": before.price_cents},
        after={"plan": wanted.name, "price_cents": wanted.price_cents},
    )
    live.publish(db, "business.changed")
    return PlanUse(plan=wanted, since=at, members=use.members, documents=use.documents, messages=use.messages)
