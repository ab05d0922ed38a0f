"""How long a customer may be written to freely."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_app.channels.adapters.whatsapp.settings import CAPABILITIES
from omni_app.conversations.windows import MARGIN, load_window, window_of
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, NotFound
from omni_app.infra.scope import Permission
from tests.conversations.desk import make_desk, without
from tests.conversations.wires import Line, change, make_line
from tests.making import rows

WROTE = datetime(2026, 11, 20, 12, tzinfo=UTC)


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=3)))
def test_the_window_is_open_for_a_day_but_its_last_minutes(age: timedelta) -> None:
    window = window_of(CAPABILITIES, WROTE, WROTE + age)
    assert window.closes_at == WROTE + timedelta(hours=24) - MARGIN
    assert window.is_open is window.may_send is (age < timedelta(hours=24) - MARGIN)
    assert window.templates_only is not window.is_open
    assert bool(window.why) is not window.is_open


def test_who_never_wrote_gets_templates_only() -> None:
    window = window_of(CAPABILITIES, None, WROTE)
    assert (window.closes_at, window.may_send, window.templates_only) == (None, False, True)
    assert window.why == "The customer has not written yet. A template may be sent."


def test_without_templates_they_have_to_write_first() -> None:
    window = window_of(replace(CAPABILITIES, has_templates=False), None, WROTE)
    assert (window.templates_only, window.why) == (False, "The customer has not written yet. They have to write again first.")
    window = window_of(replace(CAPABILITIES, reply_window=None, may_start=False), None, WROTE)
    assert not window.may_send


def test_a_channel_without_a_window_is_always_open() -> None:
    window = window_of(replace(CAPABILITIES, reply_window=None), WROTE, WROTE + timedelta(days=400))
    assert (window.closes_at, window.may_send, window.why) == (None, True, "")


async def write_at(line: Line, sent_at: datetime | None) -> None:
    await rows("update messages set sent_at = :at where conversation_id = :id returning id", at=sent_at, id=line.conversation_id)


async def is_open(line: Line) -> bool:
    async with open_db(line.desk.vera) as db:
        return (await load_window(db, line.conversation_id)).is_open


async def test_the_providers_time_counts_unless_it_lies_ahead(database: object) -> None:
    line = await make_line()
    assert await is_open(line)
    await write_at(line, now() - timedelta(hours=25))
    assert not await is_open(line)
    await write_at(line, now() + timedelta(days=5))
    await rows("update messages set created_at = created_at - interval '25 hours' returning id")
    assert not await is_open(line)


async def test_a_late_old_message_does_not_close_the_window(database: object) -> None:
    line = await make_line()
    await line.desk.ask("older, but later", "visitor-1")
    await rows("update messages set sent_at = created_at - interval '30 hours' where seq = 2 returning id")
    assert await is_open(line)


async def test_what_the_customer_wrote_in_another_thread_of_the_number_counts(database: object) -> None:
    line = await make_line()
    await write_at(line, now() - timedelta(days=3))
    other = await line.desk.ask("new thread", "visitor-2")
    await change("conversations", other.conversation_id, channel="whatsapp", connection_id=line.connection_id)
    assert not await is_open(line)
    await change("conversations", other.conversation_id, customer_id=line.customer_id)
    assert await is_open(line)


async def test_the_widget_has_no_window(database: object) -> None:
    desk = await make_desk()
    written = await desk.ask()
    async with open_db(desk.vera) as db:
        window = await load_window(db, written.conversation_id)
    assert (window.may_send, window.closes_at) == (True, None)


async def test_the_window_is_shown_to_the_business_itself_only(database: object) -> None:
    line = await make_line()
    other = await make_desk("Other")
    with pytest.raises(NotFound):
        async with open_db(other.maya) as db:
            await load_window(db, line.conversation_id)
    with pytest.raises(NotFound):
        async with open_db(line.desk.maya) as db:
            await load_window(db, uuid4())
    with pytest.raises(Forbidden):
        async with open_db(without(line.desk.maya, Permission.VIEW)) as db:
            await load_window(db, line.conversation_id)
