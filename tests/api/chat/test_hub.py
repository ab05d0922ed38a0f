"""Who hears what: widgets are found by conversation and by visitor, and news of one kind replace each other."""

import asyncio
from uuid import UUID

import pytest

from omni_app.api.chat.hub import ChatHub, Visitor
from omni_app.api.chat.keeping import SILENT_SECONDS, let_go, silent_ones
from omni_app.infra.ids import new_id
from omni_app.infra.live import RESYNC, Note
from omni_app.tenancy.businesses import BusinessView
from tests.harness.waiting import until


class Line:
    """What a hub under test had written to each widget; the socket itself plays no part."""

    def __init__(self) -> None:
        self.sent: dict[Visitor, list[str]] = {}
        self.looked: list[Visitor] = []
        self.may_send = asyncio.Event()
        self.may_send.set()

    async def send_news(self, visitor: Visitor) -> None:
        while visitor.news or visitor.must_read:
            await self.may_send.wait()
            news, visitor.news = visitor.news, {}
            self.sent.setdefault(visitor, []).extend(news.values())
            if visitor.must_read:
                visitor.must_read = False
                self.sent[visitor].append("read")

    async def look_who(self, visitor: Visitor) -> None:
        self.looked.append(visitor)


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def hub(line: Line) -> ChatHub:
    made = ChatHub()
    made.send_with(line.send_news, line.look_who)
    return made


def business(business_id: UUID) -> BusinessView:
    names = BusinessView.__dataclass_fields__
    return BusinessView(**{**dict.fromkeys(names, None), "id": business_id, "widget_key": "wk_x"})  # type: ignore[arg-type]


def visitor(hub: ChatHub, business_id: UUID, who: str, conversation_id: UUID | None = None) -> Visitor:
    made = Visitor(socket=None, business=business(business_id), visitor_id=who)  # type: ignore[arg-type]
    hub.add(made)
    hub.listen(made, conversation_id)
    return made


def note(business_id: UUID | None, conversation_id: UUID, kind: str = "message.created", **ids: str) -> Note:
    return Note(kind=kind, business_id=business_id, ids={"conversation_id": str(conversation_id), **ids})


async def test_only_the_widgets_of_the_conversation_look_again(hub: ChatHub, line: Line) -> None:
    ours, conversation = new_id(), new_id()
    mine, other = visitor(hub, ours, "a", conversation), visitor(hub, ours, "b", new_id())
    hub.hear(note(ours, conversation, seq="1"))
    hub.hear(note(new_id(), conversation, seq="2"))  # of another business: not believed
    await until(lambda: line.sent.get(mine) == ["read"])
    mine.seen = 5
    hub.hear(note(ours, conversation, seq="5"))  # has it already
    hub.hear(note(ours, conversation, "typing.changed", who="customer", on="1"))  # its own
    hub.hear(Note(kind=RESYNC))
    await until(lambda: line.sent.get(other) == ["read"])
    assert line.sent[mine] == ["read", "read"]


async def test_a_slow_widget_gets_the_newest_of_each_kind(hub: ChatHub, line: Line) -> None:
    ours, conversation = new_id(), new_id()
    mine = visitor(hub, ours, "a", conversation)
    line.may_send.clear()
    for text in ("One", "One two", "One two three"):
        hub.hear(note(ours, conversation, "message.streaming", message_id="m", text=text))
    hub.hear(note(ours, conversation, "typing.changed", who="staff", name="Maya", on="1"))
    line.may_send.set()
    await until(lambda: mine in line.sent)
    assert line.sent[mine] == [
        '{"t":"delta","message_id":"m","text":"One two three"}',
        '{"t":"typing","who":"staff","name":"Maya","on":true}',
    ]


async def test_all_tabs_of_a_visitor_follow_to_another_conversation(hub: ChatHub, line: Line) -> None:
    ours, old, new = new_id(), new_id(), new_id()
    one, two, stranger = (visitor(hub, ours, who, old if who == "a" else None) for who in ("a", "a", "b"))
    one.seen = two.seen = 7
    assert hub.joined(one, new)
    assert (one.conversation_id, two.conversation_id, stranger.conversation_id) == (new, new, None)
    assert (one.seen, two.seen) == (0, 0)
    await until(lambda: line.sent.get(one) == ["read"] and line.sent.get(two) == ["read"])
    assert not hub.joined(one, new)
    hub.hear(Note(kind="identity.changed", business_id=ours, ids={"visitor_id": "a"}))
    await until(lambda: len(line.looked) == 1)
    assert line.looked[0] in (one, two)


def test_the_last_one_to_leave_is_known_and_leaving_twice_does_no_harm(hub: ChatHub) -> None:
    ours, conversation = new_id(), new_id()
    one, two = (visitor(hub, ours, "a", conversation) for _ in range(2))
    assert hub.conversations() == [(ours, conversation)]
    assert not hub.remove(one)
    assert hub.remove(two)
    assert not hub.remove(two)
    assert hub.conversations() == []
    assert list(hub) == []


@pytest.mark.parametrize("ids", [{}, {"conversation_id": "nonsense"}, {"conversation_id": ""}])
def test_a_strange_note_is_passed_over(hub: ChatHub, ids: dict[str, str]) -> None:
    hub.hear(Note(kind="message.created", business_id=new_id(), ids=ids))


def test_who_said_nothing_for_two_minutes_is_let_go(hub: ChatHub) -> None:
    lively, silent = visitor(hub, new_id(), "a"), visitor(hub, new_id(), "b")
    lively.heard_at, silent.heard_at = 1000.0, 1000.0 - SILENT_SECONDS
    assert silent_ones(hub, 1001.0) == [silent]


async def test_letting_go_ends_the_task_that_waits_for_the_socket(hub: ChatHub) -> None:
    silent = visitor(hub, new_id(), "a")
    silent.task = asyncio.create_task(asyncio.Event().wait())
    let_go(silent)
    with pytest.raises(asyncio.CancelledError):
        await silent.task
    assert silent.is_let_go
