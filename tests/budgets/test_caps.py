from dataclasses import replace
from typing import Any

import pytest

from omni_app.budgets import (
    BudgetRules,
    BudgetSpent,
    load_rules,
    release,
    reserve,
    set_limit,
    set_rules,
    settle,
    top_up,
)
from omni_app.budgets.caps import forget_capped_customers
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission, Scope
from tests.budgets.businesses import TICK, ticks


async def rule(scope: Scope, **rules: Any) -> None:
    async with open_db(scope) as db:
        await set_rules(db, BudgetRules(**rules))


async def caps(scope: Scope) -> list[tuple[str, int, int]]:
    """(kind, spent, reserved) in ticks."""
    async with open_db(scope) as db:
        rows = (await db.execute("select kind, spent_nusd, reserved_nusd from budget_caps order by kind")).all()
    return [(row.kind, row.spent_nusd // TICK, row.reserved_nusd // TICK) for row in rows]


@pytest.mark.parametrize("kind", ["customer", "campaign"])
async def test_a_cap_refuses_its_own_subject_only(scope: Scope, kind: str) -> None:
    await rule(scope, **{f"{kind}_cap_nusd": 3 * TICK})
    capped: dict[str, Any] = {f"{kind}_id": new_id()}
    other: dict[str, Any] = {f"{kind}_id": new_id()}
    held = await reserve(scope, ticks(3, **capped))
    with pytest.raises(BudgetSpent, match=f"This {kind}") as caught:
        await reserve(scope, ticks(1, **capped))
    assert caught.value.purse == kind
    await reserve(scope, ticks(1, **other))
    await reserve(scope, ticks(9))
    await settle(scope, held, {"call": 2})
    await release(scope, await reserve(scope, ticks(1, **capped)))


async def test_nothing_is_held_when_one_of_them_refuses(scope: Scope) -> None:
    await rule(scope, customer_cap_nusd=9 * TICK, campaign_cap_nusd=2 * TICK)
    async with open_db(scope) as db:
        await set_limit(db, 4 * TICK)
        await top_up(db, TICK)
    who: dict[str, Any] = {"customer_id": new_id(), "campaign_id": new_id()}
    await settle(scope, await reserve(scope, ticks(1, **who)), {"call": 1})
    with pytest.raises(BudgetSpent):
        await reserve(scope, ticks(2, **who))
    with pytest.raises(BudgetSpent) as caught:
        await reserve(scope, ticks(4, customer_id=who["customer_id"]))
    assert caught.value.purse == "credit"
    assert await caps(scope) == [("campaign", 1, 0), ("customer", 1, 0)]


async def test_what_was_spent_before_the_cap_counts(scope: Scope) -> None:
    customer_id = new_id()
    await settle(scope, await reserve(scope, ticks(4, customer_id=customer_id)), {"call": 4})
    await rule(scope, customer_cap_nusd=5 * TICK)
    await reserve(scope, ticks(1, customer_id=customer_id))
    with pytest.raises(BudgetSpent):
        await reserve(scope, ticks(1, customer_id=customer_id))


async def test_a_cap_may_come_and_go_while_calls_are_under_way(scope: Scope) -> None:
    customer_id = new_id()
    before = await reserve(scope, ticks(2, customer_id=customer_id))
    await rule(scope, customer_cap_nusd=3 * TICK)
    during = await reserve(scope, ticks(3, customer_id=customer_id))
    await rule(scope, campaign_cap_nusd=TICK)
    after = await reserve(scope, ticks(9, customer_id=customer_id))
    for held in (before, during, after):
        await settle(scope, held, {"call": 1})
    assert (await caps(scope))[0][2] == 0


async def test_a_lowered_cap_stops_its_customers_at_once(scope: Scope) -> None:
    customer_id = new_id()
    await rule(scope, customer_cap_nusd=5 * TICK)
    held = await reserve(scope, ticks(4, customer_id=customer_id))
    await rule(scope, customer_cap_nusd=TICK)
    with pytest.raises(BudgetSpent):
        await reserve(scope, ticks(0, customer_id=customer_id))
    await settle(scope, held, {"call": 7})
    assert await caps(scope) == [("customer", 7, 0)]


async def test_an_erased_customer_leaves_no_cap(scope: Scope) -> None:
    customer_id = new_id()
    await rule(scope, customer_cap_nusd=5 * TICK)
    held = await reserve(scope, ticks(4, customer_id=customer_id))
    async with open_db(scope) as db:
        await forget_capped_customers(db, [customer_id])
    await settle(scope, held, {"call": 1})
    assert await caps(scope) == []


async def test_rules_are_read_back_and_audited(scope: Scope) -> None:
    await rule(scope, alert_percents=(90, 50, 90), alert_emails=("Books@Example.com",), customer_cap_nusd=TICK)
    async with open_db(scope) as db:
        rules = await load_rules(db)
        actions = (await db.execute("select action from audit_entries")).scalars().all()
    assert rules == BudgetRules(alert_percents=(50, 90), alert_emails=("books@example.com",), customer_cap_nusd=TICK)
    assert actions == ["budget.rules_set"]


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({"alert_percents": (0,)}, "alert_percents"),
        ({"alert_percents": (100,)}, "alert_percents"),
        ({"alert_percents": tuple(range(1, 13))}, "alert_percents"),
        ({"alert_emails": ("nobody",)}, "alert_emails"),
        ({"customer_cap_nusd": -1}, "customer_cap_nusd"),
        ({"campaign_cap_nusd": 10**18}, "campaign_cap_nusd"),
    ],
)
async def test_absurd_rules_name_the_field(scope: Scope, rules: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        await rule(scope, **rules)
    assert {error.field for error in caught.value.fields} == {field}


async def test_rules_need_the_permission(scope: Scope) -> None:
    async with open_db(replace(scope, permissions=frozenset({Permission.VIEW}))) as db:
        assert await load_rules(db) == BudgetRules()
        with pytest.raises(Forbidden):
            await set_rules(db, BudgetRules(alert_percents=(50,)))
