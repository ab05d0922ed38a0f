"""A visitor is remembered, asks to be forgotten, and is somebody new: all processes running, over a real socket."""

import pytest

from tests.flows.test_chat_socket import open_widget
from tests.harness.waiting import until
from tests.making import make_business, rows

pytestmark = [pytest.mark.usefixtures("database", "clean_database", "worker_process", "scheduler_process")]


async def vectors() -> bool:
    return bool(await rows("select 1 from memories")) and not await rows("select 1 from messages where embedded_at is null")


async def test_remembered_then_forgotten_everywhere_and_the_open_chat_is_empty(web_server: str) -> None:
    made = await make_business()
    async with open_widget(web_server, made.widget_key) as widget:
        await widget.say("I would like to order two whitening kits")
        await widget.until("message", role="assistant")
        await until(vectors, 120)
        await widget.say("What did I order?")
        answer = await widget.until("message", role="assistant", seq=4)
        assert "two whitening kits" in answer["message"]["text"]
        assert answer["message"]["sources"][0]["kind"] == "memory"
        await widget.say("Forget me")
        asked = await widget.until("message", role="assistant", seq=6)
        assert "yes, forget me" in asked["message"]["text"]
        await widget.say("yes, forget me")
        done = await widget.until("message", role="assistant", seq=8)
        assert done["message"]["text"].startswith("Done.")
        gone = await widget.until("state", id=None)
        assert gone["conversation"]["seq"] == 0
        assert await rows("select 1 from customers") == []
        assert await rows("select 1 from memories") == []
        await widget.say("What did I order?")
        fresh = await widget.until("message", role="assistant", seq=2)
        assert "whitening" not in fresh["message"]["text"]
