"""Message templates: kept as the provider has them, read, filled in."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_app.channels.adapters.whatsapp.templates import read_template
from omni_app.channels.contract import TemplateInfo, TemplateUse
from omni_app.channels.templates import (
    check_use,
    fields_of,
    keep_template,
    keep_templates,
    list_templates,
    load_template,
    preview,
    values_of,
    why_not,
)
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid, NotFound
from tests.conversations.desk import make_desk
from tests.conversations.wires import connect
from tests.making import rows
from workers.channel_templates import ask_for_fresh_templates

VISIT = TemplateInfo(
    name="visit",
    language="en_US",
    status="approved",
    category="utility",
    body="Hello {{1}}, see you on {{2}}. Bye {{1}}!",
    header={"kind": "text", "text": "News for {{1}}"},
    footer="Reply STOP to hear no more",
    buttons=({"type": "url", "text": "Look", "url": "https://x.test/{{1}}"}, {"type": "quick_reply", "text": "Yes"}),
)
FILLED = TemplateUse(name="visit", language="en_US", variables={"1": "Ana", "2": "Monday", "button:0": "abc"}, header_text="you")


def test_metas_form_is_read() -> None:
    info = read_template(
        {
            "id": 7,
            "name": "visit",
            "language": "de",
            "status": "APPROVED",
            "category": "UTILITY",
            "rejected_reason": "NONE",
            "components": [
                {"type": "HEADER", "format": "TEXT", "text": "Neues"},
                {"type": "BODY", "text": "Hallo {{name}}"},
                {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Ja"}]},
            ],
        }
    )
    assert info == TemplateInfo(
        name="visit",
        language="de",
        status="approved",
        category="utility",
        body="Hallo {{name}}",
        header={"kind": "text", "text": "Neues"},
        buttons=({"type": "quick_reply", "text": "Ja"},),
        external_id="7",
    )
    assert read_template({"name": "x"}) is None


def test_what_has_to_be_filled_in_is_found_once_each() -> None:
    assert [(field.key, field.label) for field in fields_of(VISIT)] == [
        ("header", "Header variable 1"),
        ("1", "Variable 1"),
        ("2", "Variable 2"),
        ("button:0", "End of the address behind “Look”"),
    ]
    named = replace(VISIT, body="{{ day }} {{first_name}} {{day}}", header={"kind": "text", "text": "{{day}}"}, buttons=())
    assert [field.key for field in fields_of(named)] == ["header:day", "day", "first_name"]


def test_the_preview_shows_what_the_customer_reads_and_what_is_missing() -> None:
    assert preview(VISIT, {"1": "Ana", "header": "you"}) == (
        "News for you\n\nHello Ana, see you on {{2}}. Bye Ana!\n\nReply STOP to hear no more"
    )
    assert preview(VISIT, values_of(FILLED)).startswith("News for you\n\nHello Ana, see you on Monday.")


@given(st.dictionaries(st.sampled_from(["1", "2", "header", "x"]), st.text(max_size=20)))
def test_a_preview_never_fails_and_keeps_the_words_around_the_variables(variables: dict[str, str]) -> None:
    assert "see you on" in preview(VISIT, variables)


def test_a_template_filled_in_right_comes_back_clean() -> None:
    untidy = replace(FILLED, variables={**FILLED.variables, "1": "  Ana "})
    assert check_use(VISIT, untidy) == FILLED


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"variables": {"1": "Ana", "2": " ", "button:0": "a"}}, ["var.2"]),
        ({"variables": {"1": "a\nb", "2": "a     b", "button:0": "a"}}, ["var.1", "var.2"]),
        ({"variables": {**FILLED.variables, "1": "x" * 1001}}, ["var.1"]),
        ({"variables": {**FILLED.variables, "3": "more"}}, ["var.3"]),
        ({"header_text": ""}, ["header_text"]),
    ],
)
def test_each_wrong_variable_is_named(change: dict[str, Any], fields: list[str]) -> None:
    with pytest.raises(Invalid) as problem:
        check_use(VISIT, replace(FILLED, **change))
    assert [one.field for one in problem.value.fields] == fields


PICTURE = replace(VISIT, header={"kind": "image"}, body="Hello {{1}}.", buttons=())
STORED = "file:0199a0de-7c11-7b6e-9d3a-1f2e3d4c5b6a"


@pytest.mark.parametrize("media", ["https://shop.example/menu%20one.jpg?v=2", STORED])
def test_a_picture_at_the_top_is_asked_for_and_goes_along(media: str) -> None:
    assert next((field.key, field.label) for field in fields_of(PICTURE)) == ("header_media", "Picture at the top")
    assert why_not(PICTURE) == ""
    use = check_use(PICTURE, TemplateUse(name="visit", language="en_US", variables={"1": "Ana"}, header_media=f" {media} "))
    assert (use.header_kind, use.header_media, use.variables) == ("image", media, {"1": "Ana"})
    assert preview(PICTURE, values_of(use)).startswith("Hello Ana.")


@pytest.mark.parametrize(
    "media", ["", "http://shop.example/a.jpg", "https://shop", "https://a.example/a b.jpg", "file:x", "data:image/png;base64,AA"]
)
def test_what_is_no_link_and_no_file_is_refused_at_the_top(media: str) -> None:
    with pytest.raises(Invalid) as problem:
        check_use(PICTURE, TemplateUse(name="visit", language="en_US", variables={"1": "Ana"}, header_media=media))
    assert [one.field for one in problem.value.fields] == ["header_media"]


def test_a_template_without_a_picture_takes_none() -> None:
    with pytest.raises(Invalid):
        check_use(VISIT, replace(FILLED, header_media="https://shop.example/a.jpg"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": "paused", "reason": "low quality"}, "The provider says: paused, low quality."),
        ({"header": {"kind": "location"}}, "It begins with a location, which cannot be added here."),
        ({"buttons": ({"type": "otp", "text": "Copy"},)}, "It has a button that cannot be filled in here."),
    ],
)
def test_what_cannot_be_sent_says_why(change: dict[str, Any], words: str) -> None:
    assert why_not(replace(VISIT, **change)) == words
    with pytest.raises(Invalid):
        check_use(replace(VISIT, **change), FILLED)


async def test_the_kept_templates_are_those_the_provider_lists(database: object) -> None:
    desk = await make_desk()
    connection_id = await connect(desk)
    second = replace(VISIT, name="offer", category="marketing")
    async with open_db(desk.system) as db:
        await keep_templates(db, connection_id, [VISIT, second])
        await keep_templates(db, connection_id, [replace(VISIT, status="paused")])
    async with open_db(desk.vera) as db:
        (left,) = await list_templates(db, connection_id)
        assert (left.name, left.status) == ("visit", "paused")
        assert await list_templates(db, connection_id, usable_only=True) == []
        assert (await load_template(db, connection_id, "offer", "en_US")).status == "deleted"


async def test_a_notice_changes_what_it_speaks_of_and_asks_for_what_is_new(database: object) -> None:
    desk = await make_desk()
    connection_id = await connect(desk)
    async with open_db(desk.system) as db:
        await keep_templates(db, connection_id, [VISIT])
        await keep_template(db, connection_id, TemplateInfo(name="visit", language="en_US", status="paused", reason="low"))
        await keep_template(db, connection_id, TemplateInfo(name="visit", language="en_US", status="", category="marketing"))
    assert await rows("select 1 as x from outbox where name = 'CheckConnection'") == []
    async with open_db(desk.vera) as db:
        info = await load_template(db, connection_id, "visit", "en_US")
    assert (info.status, info.reason, info.category, info.body) == ("paused", "low", "marketing", VISIT.body)
    async with open_db(desk.system) as db:
        await keep_template(db, connection_id, TemplateInfo(name="brand_new", language="en_US", status="approved"))
    assert len(await rows("select 1 as x from outbox where name = 'CheckConnection'")) == 1


async def test_templates_belong_to_their_business(database: object) -> None:
    desk, other = await make_desk(), await make_desk("Other")
    connection_id = await connect(desk)
    async with open_db(other.system) as db:
        await keep_templates(db, connection_id, [VISIT])
        assert await list_templates(db, connection_id) == []
        with pytest.raises(NotFound):
            await load_template(db, connection_id, "visit", "en_US")
    assert await rows("select 1 as x from message_templates") == []
    with pytest.raises(Forbidden):
        async with open_db(desk.maya) as db:
            await keep_templates(db, connection_id, [VISIT])


async def test_templates_not_read_for_a_day_are_asked_for_once(database: object) -> None:
    desk = await make_desk()
    connection_id = await connect(desk)
    async with open_db(desk.system) as db:
        await keep_templates(db, connection_id, [VISIT])
    await ask_for_fresh_templates()
    assert await rows("select 1 as x from outbox where name = 'CheckConnection'") == []
    await rows("update message_templates set updated_at = updated_at - interval '25 hours' returning id")
    await ask_for_fresh_templates()
    await ask_for_fresh_templates()
    assert len(await rows("select 1 as x from outbox where name = 'CheckConnection'")) == 1
