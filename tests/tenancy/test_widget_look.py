"""The form before the chat: what may be stored, and what the widget reads."""

from typing import Any

import pytest

from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid
from omni_app.infra.scope import Scope
from omni_app.tenancy.businesses import find_business_by_widget_key, load_business, update_business
from omni_app.tenancy.widget_look import complete_pre_chat
from tests.making import make_business


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ({}, {"enabled": False, "required": False, "fields": ["name", "email"]}),
        ({"enabled": True, "fields": []}, {"enabled": False, "required": False, "fields": []}),
        ({"enabled": True, "fields": "name"}, {"enabled": True, "required": False, "fields": ["name", "email"]}),
        (
            {"enabled": True, "required": True, "fields": ["phone", "shoe size", "name", "name"]},
            {"enabled": True, "required": True, "fields": ["name", "phone"]},
        ),
        ({"enabled": "yes", "required": 1, "fields": ["email"]}, {"enabled": False, "required": False, "fields": ["email"]}),
    ],
)
def test_whatever_is_stored_the_widget_reads_a_whole_form(stored: dict[str, Any], shown: dict[str, Any]) -> None:
    assert complete_pre_chat(stored) == shown


@pytest.mark.usefixtures("database")
async def test_a_change_reaches_the_widget_and_nothing_the_brain_says() -> None:
    made = await make_business(faqs=())
    wanted = {"enabled": True, "required": False, "fields": ["email", "name"]}
    async with open_db(made.scope) as db:
        before = await load_business(db)
        await update_business(db, pre_chat=wanted)
    seen = await find_business_by_widget_key(made.widget_key)
    assert seen is not None
    assert seen.pre_chat == {"enabled": True, "required": False, "fields": ["name", "email"]}
    assert seen.knowledge_version == before.knowledge_version


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ("on", "pre_chat"),
        ({"color": "red"}, "pre_chat"),
        ({"enabled": "yes"}, "pre_chat.enabled"),
        ({"required": 1}, "pre_chat.required"),
        ({"fields": "name"}, "pre_chat.fields"),
        ({"fields": ["shoe size"]}, "pre_chat.fields"),
        ({"fields": [["name"]]}, "pre_chat.fields"),
        ({"enabled": True, "fields": []}, "pre_chat.fields"),
    ],
)
async def test_a_form_that_cannot_be_is_refused_by_field(wanted: object, field: str) -> None:
    made = await make_business(faqs=())
    async with open_db(made.scope) as db:
        with pytest.raises(Invalid) as caught:
            await update_business(db, pre_chat=wanted)
    assert [problem.field for problem in caught.value.fields] == [field]


@pytest.mark.usefixtures("database")
async def test_only_who_may_configure_changes_it() -> None:
    made = await make_business(faqs=())
    scope = Scope(business_id=made.scope.business_id, actor=made.scope.actor)
    async with open_db(scope) as db:
        with pytest.raises(Forbidden):
            await update_business(db, pre_chat={})
