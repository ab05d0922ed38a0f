"""Subscription plans: what a business pays Omni a month, and what it may use for that."""

from dataclasses import dataclass

from omni_app.infra.errors import Invalid


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
