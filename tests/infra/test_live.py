"""Live notes: heard once, at once in the process that sends them, and through Redis in all others."""

import asyncio
import json
from uuid import UUID, uuid4

import pytest

from omni_app.infra.live import MOST_WAITING, RESYNC, Note, publish_now, subscribe
from omni_app.infra.redis import close_redis, key, redis_client
from omni_app.settings import load_settings
from tests.harness.services import Services
from tests.harness.waiting import until
from tests.orchestrator.listening import listening

pytestmark = pytest.mark.usefixtures("database")


async def tell_from_elsewhere(business_id: UUID, body: str) -> None:
    """What another process sends."""
    await redis_client().publish(key("live", str(business_id)), f"another-process {body}")


async def test_a_note_of_this_process_is_heard_once() -> None:
    business_id = uuid4()
    async with listening() as heard:
        await publish_now(business_id, "message.created", seq=3)
        await tell_from_elsewhere(business_id, json.dumps({"kind": "last", "ids": {}}))
        await until(lambda: heard[-1].kind == "last")
    assert [(note.kind, note.business_id, note.ids) for note in heard] == [
        ("message.created", business_id, {"seq": "3"}),
        ("last", business_id, {}),
    ]


async def test_a_strange_note_makes_nobody_deaf() -> None:
    business_id = uuid4()
    async with listening() as heard:
        for body in ("", "[", "7", '{"kind": "a", "more": 1}'):
            await tell_from_elsewhere(business_id, body)
        await redis_client().publish(key("live", "no-id"), 'another-process {"kind": "a", "ids": {}}')
        await tell_from_elsewhere(business_id, json.dumps({"kind": "last", "ids": {}}))
        await until(lambda: len(heard) > 0)
    assert [note.kind for note in heard] == ["last"]


async def test_without_redis_this_process_hears_itself(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    business_id = uuid4()
    await close_redis()
    monkeypatch.setenv("REDIS_URL", f"unix://{services.home}/nobody.sock")
    load_settings.cache_clear()
    heard: list[Note] = []

    async def listen() -> None:
        async for note in subscribe():
            heard.append(note)

    async def tell() -> bool:
        await publish_now(business_id, "typing.changed", on=1)
        return bool(heard)

    task = asyncio.create_task(listen())
    try:
        await until(tell)
    finally:
        task.cancel()
        await asyncio.wait({task})
        await close_redis()
        monkeypatch.undo()
        load_settings.cache_clear()
    assert heard[0] == Note(kind="typing.changed", business_id=business_id, ids={"on": "1"})


async def test_who_falls_far_behind_is_told_to_look_at_everything() -> None:
    notes = subscribe()
    assert (await anext(notes)).kind == RESYNC
    for number in range(MOST_WAITING + 1):
        await publish_now(uuid4(), "message.created", seq=number)
    assert (await anext(notes)).kind == RESYNC
    await notes.aclose()
