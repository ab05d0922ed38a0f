"""Events are written down once, together, and survive a removed connection."""

import asyncio

import pytest

from omni_app.channels.contract import RawEvent
from omni_app.channels.events import list_events, purge_events, read_event, replay_event
from omni_app.channels.receipts import MOST_IN_ROW, open_body, record
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, NotFound
from omni_app.infra.ids import new_id
from tests.channels.meta import connect
from tests.making import count, make_business, rows

pytestmark = pytest.mark.usefixtures("database")


async def test_many_at_once_are_each_stored_once_with_one_job() -> None:
    made = await make_business(faqs=())
    connection_id, _ = await connect(made)
    events = [RawEvent(key=f"e{number % 100}", body=b"\xff\x00bytes") for number in range(300)]
    counts = await asyncio.gather(*(record(made.scope.business_id, connection_id, "h", [event], now()) for event in events))
    assert sum(counts) == 100
    assert await count("channel_events") == 100
    assert await count("outbox") == 100
    (row,) = await rows("select body, storage_key from channel_events where event_key = 'e7'")
    assert await open_body(row["body"], row["storage_key"]) == b"\xff\x00bytes"
    assert b"bytes" not in row["body"].encode()


async def test_one_connection_removed_meanwhile_takes_no_others_events_along() -> None:
    made = await make_business(faqs=())
    connection_id, _ = await connect(made)
    gone = new_id()
    counts = await asyncio.gather(
        record(made.scope.business_id, gone, "h", [RawEvent(key="a", body=b"1")], now()),
        record(made.scope.business_id, connection_id, "h", [RawEvent(key="b", body=b"2")], now()),
    )
    assert counts == [0, 1]


async def test_a_large_body_stands_in_a_file_and_a_repeat_leaves_none_behind() -> None:
    made = await make_business(faqs=())
    connection_id, _ = await connect(made)
    body = b"x" * (MOST_IN_ROW + 1)
    for _ in range(2):
        await record(made.scope.business_id, connection_id, "h", [RawEvent(key="big", body=body)], now())
    (row,) = await rows("select body, storage_key, size from channel_events")
    assert (row["body"], row["size"]) == ("", len(body))
    assert await open_body(row["body"], row["storage_key"]) == body


async def test_the_content_goes_by_age_and_the_key_stays() -> None:
    made = await make_business(faqs=())
    connection_id, _ = await connect(made)
    await record(made.scope.business_id, connection_id, "h", [RawEvent(key="old", body=b"secret words")], now())
    await rows("update channel_events set status = 'handled', received_at = now() - interval '31 days' returning id")
    await purge_events()
    assert await record(made.scope.business_id, connection_id, "h", [RawEvent(key="old", body=b"secret words")], now()) == 0
    async with open_db(made.scope) as db:
        (view,), total = await list_events(db, connection_id)
        assert (view.is_purged, total) == (True, 1)
        with pytest.raises(Conflict):
            await read_event(db, view.id)
        with pytest.raises(Conflict):
            await replay_event(db, view.id)


async def test_staff_read_and_replay_their_own_events_only() -> None:
    made, other = await make_business(faqs=()), await make_business(faqs=())
    connection_id, _ = await connect(made)
    await record(made.scope.business_id, connection_id, "h", [RawEvent(key="k", body=b'{"a": 1}')], now())
    await rows("update channel_events set status = 'failed', detail = 'why' returning id")
    async with open_db(made.scope) as db:
        (view,), _ = await list_events(db, connection_id, "failed")
        assert view.detail == "why"
        assert await read_event(db, view.id) == '{"a": 1}'
        await replay_event(db, view.id)
        assert (await list_events(db, connection_id, "new"))[1] == 1
    async with open_db(other.scope) as db:
        assert await list_events(db, connection_id) == ([], 0)
        for work in (read_event(db, view.id), replay_event(db, view.id)):
            with pytest.raises(NotFound):
                await work
