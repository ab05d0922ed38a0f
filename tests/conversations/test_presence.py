"""Who is here: marks that end by themselves, notes for those who watch, and a Redis that is away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from uuid import UUID

import pytest

from omni_app.conversations import presence
from omni_app.infra.ids import new_id
from omni_app.infra.live import RESYNC, Note, subscribe
from omni_app.infra.redis import key, redis_client
from omni_app.settings import load_settings

pytestmark = pytest.mark.usefixtures("database")

BUSINESS, CONVERSATION, MAYA, OMAR = (new_id() for _ in range(4))


@asynccontextmanager
async def notes() -> AsyncIterator[Callable[[], Awaitable[Note]]]:
    """`await next_note()` is the next live note of anybody."""
    heard = subscribe()
    assert (await anext(heard)).kind == RESYNC

    async def next_note() -> Note:
        async with asyncio.timeout(30):
            return await anext(heard)

    yield next_note
    await heard.aclose()  # type: ignore[attr-defined]


@contextmanager
def redis_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An address where no Redis listens."""
    with monkeypatch.context() as patch:
        patch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
        load_settings.cache_clear()
        redis_client.cache_clear()
        yield
    load_settings.cache_clear()
    redis_client.cache_clear()


async def view(member_id: UUID, name: str, on: bool = True) -> None:
    await presence.mark_viewing(BUSINESS, CONVERSATION, member_id, name, on)


async def names() -> list[tuple[str, bool]]:
    return [(viewing.name, viewing.is_typing) for viewing in await presence.viewers(BUSINESS, CONVERSATION)]


async def test_who_looks_and_who_writes_is_known_to_the_others() -> None:
    await view(OMAR, "Omar Haddad")
    await view(MAYA, "Maya Chen")
    await presence.show_typing(BUSINESS, CONVERSATION, "staff", "Maya Chen", True, MAYA)
    assert await names() == [("Maya Chen", True), ("Omar Haddad", False)]
    await presence.show_typing(BUSINESS, CONVERSATION, "staff", "Maya Chen", False, MAYA)
    await view(OMAR, "Omar Haddad", on=False)
    assert await names() == [("Maya Chen", False)]


async def test_another_business_sees_nobody() -> None:
    await view(MAYA, "Maya Chen")
    await presence.visitor_is_here(BUSINESS, CONVERSATION)
    assert await presence.viewers(new_id(), CONVERSATION) == []
    assert await presence.are_here(new_id(), [CONVERSATION]) == set()


async def test_marks_end_by_themselves() -> None:
    await view(MAYA, "Maya Chen")
    await presence.show_typing(BUSINESS, CONVERSATION, "staff", "Maya Chen", True, MAYA)
    await presence.visitor_is_here(BUSINESS, CONVERSATION)
    redis = redis_client()
    ends = {name: await redis.pttl(key(name, str(BUSINESS), str(CONVERSATION))) for name in ("viewing", "typing", "here")}
    assert 20_000 < ends["viewing"] <= 25_000
    assert 2_000 < ends["typing"] <= 5_000
    assert 35_000 < ends["here"] <= 40_000


async def test_a_mark_of_the_past_does_not_count_while_others_keep_the_key_alive() -> None:
    await view(MAYA, "Maya Chen")
    await view(OMAR, "Omar Haddad")
    await redis_client().zadd(key("viewing", str(BUSINESS), str(CONVERSATION)), {str(MAYA): 1.0})
    assert await names() == [("Omar Haddad", False)]


async def test_only_news_are_told() -> None:
    async with notes() as next_note:
        await view(MAYA, "Maya Chen")
        await view(MAYA, "Maya Chen")  # the heartbeat
        await view(MAYA, "Maya Chen", on=False)
        await view(MAYA, "Maya Chen", on=False)
        await presence.show_typing(BUSINESS, CONVERSATION, "customer", "", True)
        heard = [await next_note() for _ in range(3)]
    assert [note.kind for note in heard] == ["viewing.changed", "viewing.changed", "typing.changed"]
    assert heard[2].ids == {"conversation_id": str(CONVERSATION), "who": "customer", "name": "", "on": "1"}
    assert heard[2].business_id == BUSINESS


async def test_visitors_with_an_open_widget_are_found_among_many() -> None:
    others = [new_id() for _ in range(3)]
    await presence.visitors_are_here([(BUSINESS, CONVERSATION), (BUSINESS, others[0])])
    assert await presence.are_here(BUSINESS, [*others, CONVERSATION]) == {CONVERSATION, others[0]}
    await presence.visitor_has_left(BUSINESS, CONVERSATION)
    assert await presence.are_here(BUSINESS, [CONVERSATION]) == set()
    assert await presence.are_here(BUSINESS, []) == set()
    await presence.visitors_are_here([])


async def test_nobody_is_here_while_redis_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with redis_away(monkeypatch):
        await view(MAYA, "Maya Chen")
        await presence.show_typing(BUSINESS, CONVERSATION, "staff", "Maya Chen", True, MAYA)
        await presence.visitor_is_here(BUSINESS, CONVERSATION)
        await presence.visitor_has_left(BUSINESS, CONVERSATION)
        assert await presence.viewers(BUSINESS, CONVERSATION) == []
        assert await presence.are_here(BUSINESS, [CONVERSATION]) == set()
