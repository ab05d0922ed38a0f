from typing import Any

import pytest

from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid
from omni_app.infra.scope import Scope
from omni_app.tenancy.businesses import BusinessView, find_business_by_widget_key, load_business, update_business
from omni_app.tenancy.roles import permissions_of
from omni_app.tenancy.sessions import Viewer
from tests.tenancy.people import CLIENT, owner, sql


async def load(viewer: Viewer) -> BusinessView:
    async with open_db(viewer.scope(CLIENT)) as db:
        return await load_business(db)


async def change(viewer: Viewer, **changes: Any) -> BusinessView:
    async with open_db(viewer.scope(CLIENT)) as db:
        return await update_business(db, **changes)


ALL: dict[str, Any] = {
    "name": "Harbour Dental",
    "industry": "Dentist",
    "timezone": "America/Halifax",
    "locale": "en-CA",
    "opening_hours": {"mon": [["13:00", "18:00"], ["08:00", "12:00"]], "sun": []},
    "contact": {"phone": "+1 902 555 0100", "address": "1480 Lower Water Street"},
    "price_list": [{"name": "Check-up", "price_minor": 18900, "currency": "CAD"}],
    "rules": "Never promise a price.\nNo diagnoses.",
    "greeting": "Hello!",
    "suggestions": ["What does a check-up cost?"],
    "colors": {"primary": "#0F4C5C", "on_primary": "#ffffff"},
    "daily_messages": 80,
}


async def test_everything_of_the_profile_can_be_changed_and_read(database: None) -> None:
    maya = await owner()
    changed = await change(maya, **ALL)
    assert changed == await load(maya)
    assert changed.opening_hours["mon"] == [["08:00", "12:00"], ["13:00", "18:00"]]
    assert changed.opening_hours["sat"] == []
    assert changed.colors == {"primary": "#0f4c5c", "on_primary": "#ffffff"}
    untouched = ALL.keys() - {"opening_hours", "colors"}
    assert {name: getattr(changed, name) for name in untouched} == {name: ALL[name] for name in untouched}


async def test_a_change_is_in_the_trail_with_old_and_new_only_of_what_changed(database: None) -> None:
    maya = await owner()
    await change(maya, name="Brook Street Dental", daily_messages=80)
    (line,) = await sql("select before, after, actor_id from audit_entries where action = 'business.updated'")
    assert line == {"before": {"daily_messages": 50}, "after": {"daily_messages": 80}, "actor_id": maya.member_id}


async def test_what_is_not_named_stays_and_no_change_is_no_change(database: None) -> None:
    maya = await owner()
    before = await change(maya, greeting="Hello!")
    assert await change(maya, greeting=" Hello! ") == before
    assert len(await sql("select 1 from audit_entries where action = 'business.updated'")) == 1


async def test_only_what_the_assistant_speaks_from_makes_kept_answers_old(database: None) -> None:
    maya = await owner()
    assert (await change(maya, greeting="Hello!", colors={"primary": "#000000"})).knowledge_version == 1
    assert (await change(maya, rules="Be kind.")).knowledge_version == 2
    assert (await change(maya, opening_hours={"mon": [["08:00", "18:00"]]}, name="Harbour")).knowledge_version == 3


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": ""}),
        ("name", {"name": None}),
        ("industry", {"industry": "x" * 121}),
        ("timezone", {"timezone": "Mars/Base"}),
        ("timezone", {"timezone": None}),
        ("locale", {"locale": "english"}),
        ("opening_hours", {"opening_hours": "always"}),
        ("opening_hours", {"opening_hours": {"monday": []}}),
        ("opening_hours.mon", {"opening_hours": {"mon": [["8", "18:00"]]}}),
        ("opening_hours.mon", {"opening_hours": {"mon": [["08:00"]]}}),
        ("opening_hours.mon", {"opening_hours": {"mon": [["08:00", "25:00"]]}}),
        ("opening_hours.mon", {"opening_hours": {"mon": [["08:00", "08:00"]]}}),
        ("opening_hours.mon", {"opening_hours": {"mon": [["08:00", "12:00"], ["11:00", "13:00"]]}}),
        ("opening_hours.mon", {"opening_hours": {"mon": [[8, 18]]}}),
        ("opening_hours.mon", {"opening_hours": {"mon": 5}}),
        ("daily_messages", {"daily_messages": 0}),
        ("daily_messages", {"daily_messages": 10_001}),
        ("daily_messages", {"daily_messages": True}),
        ("daily_messages", {"daily_messages": "50"}),
        ("greeting", {"greeting": "x" * 301}),
        ("suggestions", {"suggestions": ["one"] * 6}),
        ("suggestions", {"suggestions": "one"}),
        ("suggestions", {"suggestions": [""]}),
        ("colors.primary", {"colors": {"primary": "red"}}),
        ("colors.primary", {"colors": {"primary": "#000000;background:url(//x)"}}),
        ("colors", {"colors": {"shadow": "#000000"}}),
        ("rules", {"rules": "x" * 4001}),
        ("rules", {"rules": "\0"}),
        ("contact", {"contact": [1]}),
        ("contact.phone", {"contact": {"phone": 5}}),
        ("price_list", {"price_list": {}}),
        ("price_list.0", {"price_list": [{"name": "Check-up"}]}),
        ("price_list.0.price_minor", {"price_list": [{"name": "Check-up", "price_minor": 1.5, "currency": "CAD"}]}),
        ("price_list.0.currency", {"price_list": [{"name": "Check-up", "price_minor": 1, "currency": "dollars"}]}),
        ("widget_key", {"widget_key": "wk_mine"}),
        ("id", {"id": "mine"}),
    ],
)
async def test_wrong_settings_name_their_field_and_change_nothing(database: None, field: str, changes: dict[str, Any]) -> None:
    maya = await owner()
    before = await load(maya)
    with pytest.raises(Invalid) as refused:
        await change(maya, **{"daily_messages": 70, **changes})
    assert [wrong.field for wrong in refused.value.fields] == [field]
    assert await load(maya) == before


async def test_all_wrong_fields_are_named_together(database: None) -> None:
    maya = await owner()
    with pytest.raises(Invalid) as refused:
        await change(maya, name="", daily_messages=0)
    assert [wrong.field for wrong in refused.value.fields] == ["name", "daily_messages"]


@pytest.mark.parametrize("role", ["agent", "viewer"])
async def test_only_who_configures_changes_the_profile(database: None, role: str) -> None:
    maya = await owner()
    scope = Scope(business_id=maya.business_id, actor=maya.actor, permissions=permissions_of(role))
    async with open_db(scope) as db:
        with pytest.raises(Forbidden):
            await update_business(db, name="Mine")
        assert (await load_business(db)).name == "Brook Street Dental"


async def test_a_business_is_found_by_the_key_of_its_widget(database: None) -> None:
    maya = await owner()
    ours = await load(maya)
    assert await find_business_by_widget_key(ours.widget_key) == ours
    changed = await change(maya, greeting="Good to see you.")
    assert await find_business_by_widget_key(ours.widget_key) == changed


@pytest.mark.parametrize("key", ["", "wk_", "wk_unknown", "' or 1=1", "wk_" + "x" * 100_000, "wk_\0", "wk_é"])
async def test_an_unknown_widget_key_finds_nothing(database: None, key: str) -> None:
    await owner()
    assert await find_business_by_widget_key(key) is None
