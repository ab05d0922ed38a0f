"""The chat gateway beside the messages: growing answers, typing, marks, pages, hours, identity, files, floods, ten tabs."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import websockets

from omni_app.conversations import presence
from omni_app.conversations.handling import delete_conversation, mark_read
from omni_app.conversations.sending import send_reply
from omni_app.infra.database import open_db
from omni_app.infra.ids import new_id
from omni_app.infra.live import RESYNC, Note, publish_now, subscribe
from omni_app.tenancy.opening_hours import WEEKDAYS
from omni_app.tenancy.site_identity import hash_user, show_secret
from tests.flows.test_chat_socket import Widget, agent_of, open_widget
from tests.harness.waiting import until
from tests.making import Made, make_business, rows

pytestmark = [pytest.mark.usefixtures("database", "clean_database")]


@asynccontextmanager
async def answered(server: str, made: Made) -> AsyncIterator[tuple[Widget, Any]]:
    """A widget whose first question is answered, and its conversation's id."""
    async with open_widget(server, made.widget_key) as widget:
        await widget.say("price of a checkup")
        await widget.until("message", role="assistant")
        (conversation,) = await rows("select id from conversations")
        yield widget, conversation["id"]


@asynccontextmanager
async def listening() -> AsyncIterator[list[Note]]:
    """Every live note from now on."""
    heard: list[Note] = []
    notes = subscribe()
    assert (await anext(notes)).kind == RESYNC

    async def collect() -> None:
        async for note in notes:
            heard.append(note)

    task = asyncio.create_task(collect())
    yield heard
    task.cancel()


async def statuses() -> list[str]:
    return [row["status"] for row in await rows("select status from messages order by seq")]


async def test_a_growing_answer_reaches_its_own_conversation_in_order(web_server: str) -> None:
    made = await make_business()
    business, message_id = made.scope.business_id, str(new_id())
    async with answered(web_server, made) as (widget, conversation_id), open_widget(web_server, made.widget_key) as stranger:
        words = [f"{'word ' * n}".strip() for n in range(1, 30)]
        for text in words:
            await publish_now(business, "message.streaming", conversation_id=conversation_id, message_id=message_id, text=text)
        heard: list[str] = []
        while not heard or heard[-1] != words[-1]:
            frame = await widget.until("delta", message_id=message_id)
            heard.append(frame["text"])
        # Steps that came while an earlier one was being written are passed over, never turned around.
        assert heard == sorted(heard, key=len)
        await stranger.send(t="ping")
        assert (await stranger.next())["t"] == "pong"


async def test_a_foreign_note_reaches_nobody(web_server: str) -> None:
    made, other = await make_business(), await make_business("Other", faqs=())
    async with answered(web_server, made) as (widget, conversation_id):
        for kind in ("message.streaming", "typing.changed", "message.status"):
            await publish_now(other.scope.business_id, kind, conversation_id=conversation_id, who="staff", on="1", text="x")
        await presence.show_typing(made.scope.business_id, conversation_id, "staff", "Maya Chen", True)
        frame = await widget.until("typing", who="staff")
        assert (frame["name"], frame["on"]) == ("Maya Chen", True)
        assert "x" not in {seen.get("text") for seen in widget.passed_over}


async def test_staff_hear_that_the_visitor_types(web_server: str) -> None:
    made = await make_business()
    async with answered(web_server, made) as (widget, conversation_id), listening() as heard:
        await widget.send(t="typing", on=True)
        (note,) = await until(lambda: [n for n in heard if n.kind == "typing.changed" and n.ids["who"] == "customer"])
        assert (note.ids["conversation_id"], note.ids["on"]) == (str(conversation_id), "1")
        assert await until(partial(presence.are_here, made.scope.business_id, [conversation_id])) == {conversation_id}
    await until(partial(_nobody, made, conversation_id))


async def _nobody(made: Made, conversation_id: Any) -> bool:
    return not await presence.are_here(made.scope.business_id, [conversation_id])


async def test_marks_only_move_forward_and_are_told_to_both_sides(web_server: str) -> None:
    made = await make_business()
    staff = await agent_of(made)
    async with listening() as heard, answered(web_server, made) as (widget, conversation_id):
        await until(partial(_is, ["delivered", "delivered"]))
        await widget.send(t="read", seq=2)
        await until(partial(_is, ["delivered", "read"]))
        async with open_db(staff) as db:
            await mark_read(db, conversation_id, 2)
        assert (await widget.until("status"))["seq"] == 1
        assert await statuses() == ["read", "read"]
        async with open_widget(web_server, made.widget_key, widget.welcome["session"]) as again:
            assert [message["status"] for message in again.welcome["messages"]] == ["read", "read"]
            async with open_db(staff) as db:
                await send_reply(db, conversation_id, "Anything else?")
            await again.until("message", role="staff")
        await until(partial(_is, ["read", "read", "delivered"]))
    told = [(note.ids["seq"], note.ids["status"], note.ids["role"]) for note in heard if note.kind == "message.status"]
    assert ("2", "delivered", "team") in told
    assert ("2", "read", "team") in told
    assert ("1", "read", "customer") in told


async def _is(wanted: list[str]) -> bool:
    return await statuses() == wanted


@pytest.mark.parametrize("seq", [0, -1, 2**31, True, "1", None, 1.5])
async def test_a_strange_read_mark_does_no_harm(web_server: str, seq: Any) -> None:
    made = await make_business()
    async with answered(web_server, made) as (widget, _):
        await widget.send(t="read", seq=seq)
        await until(partial(_is, ["delivered", "delivered"]))


async def test_page_and_language_are_kept_with_the_conversation(web_server: str) -> None:
    made = await make_business()
    async with answered(web_server, made) as (widget, _):

        async def page(url: str) -> bool:
            return [row["page"].get("url") for row in await rows("select page from conversations")] == [url]

        assert await page("https://shop.example")
        await widget.send(t="page", url="https://shop.example/fees", title="Fees \ud800\x00")
        await until(partial(page, "https://shop.example/fees"))
        for strange in ("javascript:alert(1)", "https://" + "x" * 600, 7, None, "https://[", "//nowhere", "http:///path"):
            await widget.send(t="page", url=strange, title=["x"])
        await widget.send(t="page", url="https://shop.example/end", title="End")
        await until(partial(page, "https://shop.example/end"))
    (kept,) = await rows("select page, language from conversations")
    assert kept == {"page": {"url": "https://shop.example/end", "title": "End"}, "language": "en"}


async def test_closed_hours_are_told_with_the_time_of_the_opening(web_server: str) -> None:
    opens = datetime.now(UTC) + timedelta(days=2)
    hours = {WEEKDAYS[opens.weekday()]: [["09:00", "17:00"]]}
    made = await make_business(
        opening_hours=hours, pre_chat={"enabled": True, "required": True, "fields": ["email", "shoe size"]}
    )
    async with open_widget(web_server, made.widget_key) as widget:
        assert widget.welcome["online"] is False
        assert widget.welcome["away"] == f"We are back {opens:%A} at 09:00. Leave a message, we answer then."
        assert widget.welcome["back_at"].startswith(f"{opens:%Y-%m-%d}T09:00")
    async with httpx2.AsyncClient(base_url=web_server) as client:
        config = (await client.get(f"/chat/{made.widget_key}/config")).json()
    assert config["online"] is False
    assert config["pre_chat"] == {"enabled": True, "required": True, "fields": ["email"]}
    assert config["sounds"] is False
    assert "image/png" in config["attachments"]["types"]


async def test_too_many_frames_are_refused_in_words_and_then_the_socket_closes(web_server: str) -> None:
    made = await make_business(faqs=())
    async with open_widget(web_server, made.widget_key) as widget:
        for _ in range(60):
            await widget.send(t="ping")
        message_id = str(uuid4())
        await widget.send(t="say", id=message_id, text="hello")
        refused = await widget.until("error")
        assert (refused["id"], refused["code"], refused["retry"]) == (message_id, "too_many", True)
        assert 1 <= refused["retry_after"] <= 10
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await _flood(widget)
    # What was still on its way to a closed socket may cost its last frame.
    assert closed.value.rcvd is None or closed.value.rcvd.code == 1008
    assert await rows("select 1 from messages") == []


async def _flood(widget: Widget) -> None:
    for _ in range(400):
        await widget.send(t="ping")
    while True:
        await widget.next()


async def test_ten_tabs_stay_in_step(web_server: str) -> None:
    made = await make_business()
    admin = made.scope
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(open_widget(web_server, made.widget_key))
        session = first.welcome["session"]
        tabs = [first, *[await stack.enter_async_context(open_widget(web_server, made.widget_key, session)) for _ in range(9)]]
        await tabs[4].say("price of a checkup")
        for tab in tabs:
            assert (await tab.until("message", role="assistant"))["message"]["text"] == "A check-up is $189."
        await tabs[7].send(t="claim", id="7", name="Sarah Miller", email="sarah@example.com")
        for tab in tabs:
            identity = (await tab.until("identity"))["identity"]
            assert (identity["proof"], identity["name"]) == ("claimed", "Sarah Miller")
            assert identity["claimed"] == "s•••@example.com"
        (conversation,) = await rows("select id from conversations")
        async with open_db(admin) as db:
            await delete_conversation(db, conversation["id"])
        for tab in tabs:
            assert (await tab.until("state", id=None))["conversation"]["status"] is None
        await tabs[2].say("is there parking")
        for tab in tabs:
            assert (await tab.until("message", role="assistant", seq=2))["message"]["text"] == "Behind the clinic, free."


async def test_a_wrong_address_is_named_by_its_field(web_server: str) -> None:
    made = await make_business(faqs=())
    async with open_widget(web_server, made.widget_key) as widget:
        await widget.send(t="claim", id="1", email="not an address")
        refused = await widget.until("error", id="1")
        assert (refused["code"], refused["field"]) == ("invalid", "email")
        for strange in ({"email": 7}, {"email": "x" * 400}, {"phone": ["1"]}):
            await widget.send(t="claim", id="2", **strange)
            assert (await widget.until("error", id="2"))["code"] == "invalid"
        await widget.send(t="code", id="3", code="123456")
        assert (await widget.until("error", id="3"))["field"] == "code"
        await widget.send(t="code", id="4")
        assert (await widget.until("error", id="4"))["field"] == "code"


async def test_a_page_vouches_for_its_user_and_a_forged_hash_does_not(web_server: str) -> None:
    made = await make_business()
    async with open_db(made.scope) as db:
        secret = await show_secret(db)
    signed = {"user": "sarah@example.com", "user_hash": hash_user(secret, "sarah@example.com")}
    async with open_widget(web_server, made.widget_key, **signed) as widget:
        assert widget.welcome["identity"]["proof"] == "proven"
        await widget.say("price of a checkup")
        await widget.until("message", role="assistant")
        session = widget.welcome["session"]
    async with open_widget(web_server, made.widget_key, **signed) as elsewhere:
        assert elsewhere.welcome["messages"][0]["text"] == "price of a checkup"
    async with open_widget(web_server, made.widget_key, session) as logged_out:
        assert logged_out.welcome["messages"] == []
        assert logged_out.welcome["session"] != session
    for strange in ("0" * 64, "", 7, "\ud800"):
        async with open_widget(web_server, made.widget_key, user="sarah@example.com", user_hash=strange) as forged:
            assert forged.welcome["messages"] == []
            assert forged.welcome["identity"]["proof"] == "none"
            assert (await forged.until("error"))["code"] == "forbidden"
            await forged.say("is there parking")
            await forged.until("message", role="assistant")


async def test_a_file_is_sent_and_only_its_own_conversation_gets_a_new_link(web_server: str) -> None:
    made = await make_business()
    async with httpx2.AsyncClient(base_url=web_server) as client, open_widget(web_server, made.widget_key) as widget:
        uploaded = await client.post(
            f"/chat/{made.widget_key}/attachments",
            data={"session": widget.welcome["session"]},
            files={"file": ("notes.txt", b"hello", "text/plain")},
        )
        file_id = uploaded.json()["id"]
        async with open_widget(web_server, made.widget_key) as thief:
            for frame in ({"t": "say", "text": "", "attachments": [file_id]}, {"t": "link", "attachment": file_id}):
                await thief.send(id=str(uuid4()), **frame)
                assert (await thief.until("error"))["code"] in ("invalid", "not_found")
        unusable: list[Any] = [["x"], "x", [7], [file_id] * 6, {}]
        for strange in unusable:
            await widget.send(t="say", id=str(uuid4()), text="hello", attachments=strange)
            assert (await widget.until("error"))["field"] == "attachments"
        await widget.send(t="say", id=str(uuid4()), text="", attachments=[file_id])
        message = (await widget.until("message", role="customer"))["message"]
        assert [(file["id"], file["name"], file["size"]) for file in message["attachments"]] == [(file_id, "notes.txt", 5)]
        await widget.send(t="link", id="9", attachment=file_id)
        link = (await widget.until("link", id="9"))["url"]
        read = await client.get(link)
        assert (read.content, read.headers["access-control-allow-origin"]) == (b"hello", "*")


async def test_frames_of_any_shape_leave_the_socket_open(web_server: str) -> None:
    made = await make_business(faqs=())
    values: list[Any] = [None, True, -1, 1e308, "", "\u0000", [], {}, [[[]]], "x" * 1000]
    async with open_widget(web_server, made.widget_key) as widget:
        for kind in ("typing", "read", "page", "claim", "code", "link"):
            for value in values[:9]:
                names = ("id", "on", "seq", "url", "title", "name", "email", "phone", "code", "attachment")
                await widget.raw(json.dumps({"t": kind, **dict.fromkeys(names, value)}))
        await widget.send(t="ping")
        await widget.until("pong")
