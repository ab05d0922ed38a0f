"""What a business may set about its reports."""

from dataclasses import replace
from typing import Any

import pytest

from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid
from omni_app.infra.scope import Permission
from omni_app.insights.report_rules import ReportRules, load_rules, set_rules
from tests.making import make_business, rows

pytestmark = pytest.mark.usefixtures("database")

GOOD: dict[str, Any] = {"kinds": ["weekly", "daily"], "hour": 7, "recipients": ["Maya@Example.com"], "skip_empty": False}


async def test_without_any_setting_all_three_go_to_the_owners_at_nine() -> None:
    made = await make_business(faqs=())
    async with open_db(made.scope) as db:
        assert await load_rules(db) == ReportRules(kinds=("daily", "weekly", "monthly"), hour=9, recipients=(), skip_empty=True)


async def test_rules_are_kept_audited_and_remember_when_a_kind_was_turned_on() -> None:
    made = await make_business(faqs=())
    async with open_db(made.scope) as db:
        await set_rules(db, **GOOD)
    async with open_db(made.scope) as db:
        rules = await load_rules(db)
        assert (rules.kinds, rules.hour, rules.recipients) == (("daily", "weekly"), 7, ("maya@example.com",))
        assert not rules.skip_empty
        assert rules.since == {}
        await set_rules(db, **{**GOOD, "kinds": ["daily", "monthly"]})
    async with open_db(made.scope) as db:
        assert list((await load_rules(db)).since) == ["monthly"]
    actions = await rows("select action, after from audit_entries where action = 'reports.rules_set' order by id")
    assert [entry["after"]["kinds"] for entry in actions] == [["daily", "weekly"], ["daily", "monthly"]]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kinds", ["yearly"]),
        ("kinds", "daily"),
        ("hour", 24),
        ("hour", -1),
        ("hour", True),
        ("hour", "9"),
        ("recipients", ["maya"]),
        ("recipients", ["maya@example.com\nBcc: all@example.com"]),
        ("recipients", "maya@example.com"),
        ("recipients", [f"person-{number}@example.com" for number in range(21)]),
        ("skip_empty", "yes"),
    ],
)
async def test_wrong_rules_are_refused_by_name_and_nothing_is_stored(field: str, value: Any) -> None:
    made = await make_business(faqs=())
    with pytest.raises(Invalid) as refused:
        async with open_db(made.scope) as db:
            await set_rules(db, **{**GOOD, field: value})
    assert [error.field for error in refused.value.fields] == [field]
    assert (await rows("select report_rules from businesses"))[0]["report_rules"] == {}


async def test_all_that_is_wrong_is_named_at_once() -> None:
    made = await make_business(faqs=())
    with pytest.raises(Invalid) as refused:
        async with open_db(made.scope) as db:
            await set_rules(db, kinds=["never"], hour=99, recipients=["nobody"], skip_empty=True)
    assert [error.field for error in refused.value.fields] == ["kinds", "hour", "recipients"]
    assert "“nobody” is not an e-mail address." in refused.value.fields[2].message


async def test_who_may_not_configure_changes_nothing() -> None:
    made = await make_business(faqs=())
    with pytest.raises(Forbidden):
        async with open_db(replace(made.scope, permissions=frozenset({Permission.VIEW, Permission.REPLY}))) as db:
            await set_rules(db, **GOOD)


async def test_rules_of_one_business_are_not_those_of_another() -> None:
    mine, other = await make_business(faqs=()), await make_business("Other", faqs=())
    async with open_db(mine.scope) as db:
        await set_rules(db, **GOOD)
    async with open_db(other.scope) as db:
        assert (await load_rules(db)).hour == 9
