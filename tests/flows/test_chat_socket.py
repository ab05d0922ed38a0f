"""The chat gateway over a real socket: resume, repeats, nonsense, other tenants, a person taking over."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import websockets
from websockets.asyncio.client import ClientConnection

from omni_app.conversations.handling import hand_back, take_over
from omni_app.conversations.sending import send_reply
from omni_app.infra.crypto import sign
from omni_app.infra.database import open_db
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Actor, Permission, Scope
from tests.api.chat.test_session import session_signed
from tests.making import Made, make_business, rows

pytestmark = [pytest.mark.usefixtures("database", "clean_database")]


class Widget:
    """The widget's side of one socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.welcome: dict[str, Any] = {}
        self.passed_over: list[dict[str, Any]] = []

    async def send(self, **frame: Any) -> None:
        await self._connection.send(json.dumps(frame))

    async def raw(self, data: str | bytes) -> None:
        await self._connection.send(data)

    async def until(self, kind: str, **values: Any) -> dict[str, Any]:
        """The next frame of this kind with these values; others are passed over."""
        async with asyncio.timeout(30):
            while True:
                frame = await self.next()
                inner: dict[str, Any] = (
                    frame["message"] if isinstance(frame.get("message"), dict) else frame.get("conversation") or frame
                )
                if frame["t"] == kind and all(inner.get(name, frame.get(name)) == value for name, value in values.items()):
                    return frame
                self.passed_over.append(frame)

    async def next(self) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(await self._connection.recv())
        return frame

    async def say(self, text: str) -> str:
        message_id = str(uuid4())
        await self.send(t="say", id=message_id, text=text)
        return message_id


@asynccontextmanager
async def open_widget(server: str, key: str, session: str | None = None, seen: Any = 0, **more: Any) -> AsyncIterator[Widget]:
    address = server.replace("http", "ws", 1)
    async with websockets.connect(f"{address}/chat/ws?business={key}", origin="https://shop.example") as connection:  # type: ignore[arg-type]
        widget = Widget(connection)
        page = {"url": "https://shop.example", "title": "Shop"}
        await widget.send(t="hello", session=session, seen=seen, page=page, lang="en", **more)
        widget.welcome = await widget.until("welcome")
        yield widget


async def agent_of(made: Made, name: str = "Maya Chen") -> Scope:
    """A member of staff who may reply."""
    user_id, member_id = new_id(), new_id()
    await rows(
        "insert into users (id, email, name, failed_sign_ins, created_at) values (:id, :email, :name, 0, now()) returning id",
        id=user_id,
        email=f"{user_id}@example.com",
        name=name,
    )
    await rows(
        """insert into members (id, business_id, user_id, name, email, role, created_at)
           values (:id, :business, :user, :name, 'maya@example.com', 'agent', now()) returning id""",
        id=member_id,
        business=made.scope.business_id,
        user=user_id,
        name=name,
    )
    actor = Actor(kind="member", id=member_id, name=name)
    return Scope(business_id=made.scope.business_id, actor=actor, permissions=frozenset({Permission.VIEW, Permission.REPLY}))


async def test_a_stranger_asks_and_is_answered(web_server: str) -> None:
    made = await make_business()
    async with open_widget(web_server, made.widget_key) as widget:
        assert widget.welcome["messages"] == []
        message_id = await widget.say("price of a checkup")
        ack = await widget.until("ack")
        assert (ack["id"], ack["seq"]) == (message_id, 1)
        answer = await widget.until("message", role="assistant")
        assert answer["message"]["text"] == "A check-up is $189."
        assert answer["message"]["sources"][0]["title"] == "What does a check-up cost?"


async def test_a_message_sent_again_is_the_same_message(web_server: str) -> None:
    made = await make_business()
    async with open_widget(web_server, made.widget_key) as widget:
        message_id = await widget.say("price of a checkup")
        await widget.until("message", role="assistant")
        session = widget.welcome["session"]
    async with open_widget(web_server, made.widget_key, session) as widget:
        await widget.send(t="say", id=message_id, text="price of a checkup")
        assert (await widget.until("ack"))["seq"] == 1
    assert [row["role"] for row in await rows("select role from messages order by seq")] == ["customer", "assistant"]


async def test_a_lost_connection_resumes_after_the_last_number_seen(web_server: str) -> None:
    made = await make_business()
    async with open_widget(web_server, made.widget_key) as widget:
        session = widget.welcome["session"]
        await widget.say("price of a checkup")
        first = await widget.until("message", role="assistant")
    async with open_widget(web_server, made.widget_key, session, seen=first["message"]["seq"]) as widget:
        assert widget.welcome["messages"] == []
        await widget.say("is there parking")
    async with open_widget(web_server, made.widget_key, session) as widget:
        texts = [message["text"] for message in widget.welcome["messages"]]
        if len(texts) < 4:
            texts.append((await widget.until("message", role="assistant"))["message"]["text"])
    assert texts == ["price of a checkup", "A check-up is $189.", "is there parking", "Behind the clinic, free."]


@pytest.mark.parametrize("seen", [-1, 2**40, True, "7", None, 1.5, {"a": 1}])
async def test_a_strange_last_number_does_no_harm(web_server: str, seen: Any) -> None:
    made = await make_business()
    async with open_widget(web_server, made.widget_key) as widget:
        session = widget.welcome["session"]
        await widget.say("price of a checkup")
        await widget.until("message", role="assistant")
    async with open_widget(web_server, made.widget_key, session, seen=seen) as widget:
        assert widget.welcome["conversation"]["status"] == "open"
        await widget.say("is there parking")
        assert (await widget.until("message", role="assistant", seq=4))["message"]["text"] == "Behind the clinic, free."


async def test_two_tabs_of_one_visitor_see_the_same(web_server: str) -> None:
    made = await make_business()
    async with open_widget(web_server, made.widget_key) as one:
        async with open_widget(web_server, made.widget_key, one.welcome["session"]) as two:
            await one.say("price of a checkup")
            assert (await two.until("message", role="customer"))["message"]["text"] == "price of a checkup"
            assert (await two.until("message", role="assistant"))["message"]["text"] == "A check-up is $189."


async def test_a_person_takes_over_and_hands_back(web_server: str) -> None:
    made = await make_business()
    staff = await agent_of(made)
    async with open_widget(web_server, made.widget_key) as widget:
        await widget.say("price of a checkup")
        await widget.until("message", role="assistant")
        (conversation,) = await rows("select id from conversations")
        async with open_db(staff) as db:
            await take_over(db, conversation["id"])
        state = await widget.until("state", speaker="human")
        assert state["conversation"]["agent"] == {"name": "Maya Chen", "initials": "MC"}
        await widget.say("is there parking")
        await widget.until("ack")
        async with open_db(staff) as db:
            await send_reply(db, conversation["id"], "Yes, right behind us.")
        assert (await widget.until("message", role="staff"))["message"]["author"] == "Maya Chen"
        async with open_db(staff) as db:
            await hand_back(db, conversation["id"])
        await widget.until("state", speaker="ai")
        await widget.say("do you see kids")
        assert (await widget.until("message", role="assistant"))["message"]["text"] == "Yes, from the first tooth on."
    answers = await rows("select text from messages where role = 'assistant' order by seq")
    assert len(answers) == 2


async def test_a_person_is_asked_for_by_the_button(web_server: str) -> None:
    made = await make_business()
    async with open_widget(web_server, made.widget_key) as widget:
        await widget.send(t="person", id=str(uuid4()))
        await widget.until("message", role="assistant")
        await widget.until("state", status="waiting")
    assert await rows("select speaker from conversations") == [{"speaker": "human"}]


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        ({"t": "say", "id": "7", "text": "hello"}, "id"),
        ({"t": "say", "text": "hello"}, "id"),
        ({"t": "say", "id": "4d1bd9e6-3a55-4a1c-9f5e-1d2c3b4a5f60", "text": ""}, "text"),
        ({"t": "say", "id": "4d1bd9e6-3a55-4a1c-9f5e-1d2c3b4a5f60", "text": "x" * 8001}, "text"),
        ({"t": "say", "id": "4d1bd9e6-3a55-4a1c-9f5e-1d2c3b4a5f60", "text": 5}, "text"),
        ({"t": "drop tables"}, "t"),
        ({"no": "type"}, "t"),
    ],
)
async def test_nonsense_is_answered_in_words_and_the_socket_stays(web_server: str, frame: dict[str, Any], field: str) -> None:
    made = await make_business(faqs=())
    async with open_widget(web_server, made.widget_key) as widget:
        await widget.raw(json.dumps(frame))
        assert (await widget.until("error"))["field"] == field
        await widget.raw("not json" + "x" * 70_000)
        await widget.until("error", code="invalid")
        for strange in ("[" * 10_000, '{"t":' + "9" * 5_000 + "}", '{"t":"say","id":"\\ud800","text":"hello"}'):
            await widget.raw(strange)
            await widget.until("error", code="invalid", id=None)
        await widget.send(t="ping")
        await widget.until("pong")
    assert await rows("select 1 from messages") == []


async def test_forged_and_foreign_sessions_start_anew(web_server: str) -> None:
    mine, theirs = await make_business(), await make_business("Other")
    async with open_widget(web_server, theirs.widget_key) as widget:
        foreign = widget.welcome["session"]
        await widget.say("price of a checkup")
        await widget.until("message", role="assistant")
    forged = sign("other-purpose", {"business": str(mine.scope.business_id), "visitor": "v"})
    for session in (foreign, forged, "nonsense", foreign[:-2], "x" * 5000, "\ud800"):
        async with open_widget(web_server, mine.widget_key, session) as widget:
            assert widget.welcome["messages"] == []
            assert widget.welcome["session"] != session


async def test_who_starts_anew_is_sent_everything_whatever_number_the_widget_had(web_server: str) -> None:
    made = await make_business()
    async with open_widget(web_server, made.widget_key, session="forged", seen=40) as widget:
        await widget.say("price of a checkup")
        await widget.until("message", role="assistant", text="A check-up is $189.")


async def test_a_widget_that_comes_back_keeps_its_session(web_server: str) -> None:
    made = await make_business()
    an_hour_ago = session_signed(timedelta(hours=1), made.scope.business_id, "visitor-1")
    async with open_widget(web_server, made.widget_key, session=an_hour_ago) as widget:
        assert widget.welcome["session"] == an_hour_ago


async def test_an_unknown_business_is_told_so(web_server: str) -> None:
    address = web_server.replace("http", "ws", 1)
    async with websockets.connect(f"{address}/chat/ws?business=wk_nobody") as connection:
        assert json.loads(await connection.recv())["code"] == "gone"
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await connection.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4404


async def test_the_daily_window_is_said_in_words(web_server: str) -> None:
    made = await make_business(daily_messages=1)
    async with open_widget(web_server, made.widget_key) as widget:
        await widget.say("price of a checkup")
        await widget.until("message", role="assistant")
        await widget.say("is there parking")
        refusal = await widget.until("error")
        assert (refusal["code"], refusal["retry"]) == ("too_many", False)
        assert refusal["retry_after"] > 3600


async def test_a_frame_no_widget_sends_ends_the_connection(web_server: str) -> None:
    made = await make_business()
    async with open_widget(web_server, made.widget_key) as widget:
        await widget.raw("x" * (1024 * 1024 + 1))
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await widget.next()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
