from dataclasses import asdict
from typing import Any

import pytest

from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid
from omni_app.infra.scope import Permission, Scope
from omni_app.limits import LimitRules, load_limit_rules, set_limit_rules
from omni_app.limits.rules import RANGES, new_default, read_rules
from tests.making import make_business, rows


def with_only(scope: Scope, *permissions: Permission) -> Scope:
    return Scope(business_id=scope.business_id, actor=scope.actor, permissions=frozenset(permissions))


async def change(scope: Scope, **changes: Any) -> LimitRules:
    async with open_db(scope) as db:
        return await set_limit_rules(db, **changes)


async def load(scope: Scope) -> LimitRules:
    async with open_db(scope) as db:
        return await load_limit_rules(db)


def test_a_business_that_set_nothing_has_the_defaults() -> None:
    assert read_rules({}, 50, "starter") == LimitRules(monthly_messages=5_000)
    assert read_rules({}, 50, "scale").monthly_messages == 100_000
    assert read_rules({}, 50, "no longer sold").monthly_messages == 5_000


@pytest.mark.parametrize(("daily", "new"), [(1, 1), (3, 3), (10, 10), (15, 10), (50, 25), (51, 26), (10_000, 5_000)])
def test_somebody_new_may_send_half_and_at_least_ten(daily: int, new: int) -> None:
    assert new_default(daily) == new
    assert read_rules({}, daily, "starter").daily_for(30, is_verified=False) == new


def test_somebody_new_never_may_send_more_than_the_others() -> None:
    assert read_rules({"new_daily_messages": 90}, 50, "starter").daily_for(0, is_verified=False) == 50


@pytest.mark.parametrize("value", [-1, "9", 2.5, None, True, [], 10**9])
def test_a_stored_number_nobody_can_use_has_its_default(value: object) -> None:
    assert read_rules(dict.fromkeys(RANGES, value), 50, "starter") == LimitRules(monthly_messages=5_000)


async def test_limits_are_changed_read_and_in_the_trail(database: object) -> None:
    made, other = await make_business(faqs=()), await make_business(faqs=())
    changed = await change(made.scope, daily_messages=80, daily_calls=0, cooldown_seconds=5)
    assert changed == await load(made.scope)
    assert (changed.daily_messages, changed.new_daily_messages, changed.daily_calls, changed.cooldown_seconds) == (80, 40, 0, 5)
    assert (await change(made.scope, new_daily_messages=12)).daily_calls == 0
    assert await load(other.scope) == LimitRules(monthly_messages=5_000)
    first, second = await rows("select before, after from audit_entries where action = 'limits.updated' order by created_at")
    assert first["after"] == {"daily_messages": 80, "new_daily_messages": 40, "daily_calls": 0, "cooldown_seconds": 5}
    assert (second["before"], second["after"]) == ({"new_daily_messages": 40}, {"new_daily_messages": 12})


async def test_what_does_not_change_anything_is_no_change(database: object) -> None:
    made = await make_business(faqs=())
    assert await change(made.scope, daily_messages=50) == await change(made.scope)
    assert await rows("select 1 from audit_entries where action = 'limits.updated'") == []


async def test_what_else_is_kept_among_the_limits_stays(database: object) -> None:
    made = await make_business(faqs=(), limits={"abuse": {"is_on": False}})
    await change(made.scope, daily_calls=9)
    assert (await rows("select limits from businesses"))[0]["limits"] == {"abuse": {"is_on": False}, "daily_calls": 9}


async def test_absurd_numbers_are_named(database: object) -> None:
    made = await make_business(faqs=())
    for value in (-1, 10**9, "9", 2.5, True, None, [], float("nan")):
        with pytest.raises(Invalid) as refused:
            await change(made.scope, **dict.fromkeys(RANGES, value))
        assert [wrong.field for wrong in refused.value.fields] == list(RANGES)
    with pytest.raises(Invalid, match=r"Write a whole number from 1 to 10,000\."):
        await change(made.scope, new_daily_messages=0)


async def test_every_wrong_field_is_named_and_nothing_is_stored(database: object) -> None:
    made = await make_business(faqs=())
    with pytest.raises(Invalid) as refused:
        await change(made.scope, daily_messages=0, daily_calls=-1, monthly_messages=9, other=1, cooldown_seconds=5)
    assert [wrong.field for wrong in refused.value.fields] == ["daily_messages", "daily_calls", "monthly_messages", "other"]
    assert asdict(await load(made.scope)) == asdict(LimitRules(monthly_messages=5_000))


async def test_viewers_read_and_only_those_who_configure_change(database: object) -> None:
    scope = (await make_business(faqs=())).scope
    assert await load(with_only(scope, Permission.VIEW))
    with pytest.raises(Forbidden):
        await load(with_only(scope))
    with pytest.raises(Forbidden):
        await change(with_only(scope, Permission.VIEW, Permission.TEACH), daily_calls=1)
