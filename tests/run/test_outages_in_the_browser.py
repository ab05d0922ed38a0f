"""Parts of a running Omni die or hang while a visitor and a member of staff look at it: nothing is lost, doubled or hidden."""

import asyncio
import os
import re
import signal
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.harness.plugin import OpenPage
from tests.harness.waiting import until
from tests.run.blows import frozen
from tests.run.omni import LOOK_SECONDS, START_SECONDS, Omni
from tests.stubs.openai_stub import OpenAIStub

# Longer than Redis is waited for, and than /health waits for either store.
FROZEN_SECONDS = 6.0
# What people wait for, on a machine that has other work: only a killed process takes longer to come back.
PATIENCE_MS = 60_000
BACK_MS = 1000 * START_SECONDS


@dataclass
class Scene:
    """A visitor with the widget open and a member of staff with the same conversation open in the inbox."""

    omni: Omni
    visitor: Page
    staff: Page

    @property
    def mine(self) -> Locator:
        """What the visitor said, in the widget."""
        return self.visitor.locator(".ow-log .ow-m.me .ow-t")

    @property
    def theirs(self) -> Locator:
        """What was answered to them, without the greeting."""
        return self.visitor.locator(".ow-log .ow-m:not(.me) .ow-b .ow-t")

    @property
    def bar(self) -> Locator:
        return self.visitor.locator(".ow-bar")

    @property
    def bubbles(self) -> Locator:
        return self.staff.get_by_role("log", name="Messages").locator(".msg .b")

    @property
    def strip(self) -> Locator:
        return self.staff.locator(".strips .strip").filter(visible=True)

    async def say(self, text: str) -> None:
        field = self.visitor.locator(".ow-in textarea")
        await field.fill(text)
        await field.press("Enter")

    async def reply(self, text: str) -> None:
        field = self.staff.get_by_role("textbox", name=re.compile("Reply to"))
        await field.fill(text)
        await field.press("Control+Enter")

    def stored(self, first: str) -> list[tuple[str, str]]:
        """(role, text) of the conversation that has a message `first`, in order."""
        rows = self.omni.query(
            """select m.role, m.text from messages m where m.role <> 'system' and m.conversation_id in
               (select conversation_id from messages where text = %s) order by m.seq""",
            first,
        )
        return [(row.role, row.text) for row in rows]

    def open_questions(self) -> int:
        found = self.omni.query(
            "select count(*) as n from conversations where speaker = 'ai' and last_customer_seq > answered_seq"
        )
        return int(found[0].n)

    def answered_twice(self) -> list[Any]:
        return self.omni.query(
            """select answers_seq from messages where role = 'assistant' and answers_seq is not null
               group by conversation_id, answers_seq having count(*) > 1"""
        )

    def let_claims_end(self) -> None:
        """Let the time pass for which a dead process holds a conversation and a job."""
        self.omni.query("update conversations set lease_until = now() - interval '1 second' where lease_until is not null")
        self.omni.query("update outbox set claimed_until = claimed_until - interval '30 seconds' where claimed_until is not null")


@pytest.fixture
async def scene(omni: Omni, open_page: OpenPage) -> Scene:
    visitor, staff = await open_page(), await open_page()
    address = f"http://localhost:{omni.port}"
    await visitor.goto(f"{address}/demo")
    await visitor.locator(".ow-launch").click()
    await staff.goto(f"{address}/sign-in")
    await staff.get_by_role("textbox", name="E-mail").fill(omni.demo["agent"]["email"])
    await staff.get_by_label("Password", exact=True).fill(omni.demo["agent"]["password"])
    await staff.get_by_role("button", name="Sign in").click()
    await expect(staff.locator(".topbar")).to_be_visible()
    await staff.goto(f"{address}/inbox")
    await expect(staff.get_by_role("heading", name="Inbox", level=1)).to_be_visible()
    return Scene(omni, visitor, staff)


async def look_at(scene: Scene, first: str) -> None:
    """Staff open the conversation that began with `first`."""
    await until(lambda: bool(scene.stored(first)), START_SECONDS, LOOK_SECONDS)
    (row,) = scene.omni.query("select conversation_id as id from messages where text = %s", first)
    await scene.staff.goto(f"http://localhost:{scene.omni.port}/inbox?conversation={row.id}")
    await expect(scene.bubbles.first).to_be_visible()


async def test_an_answer_whose_makers_die_is_given_once_and_what_was_typed_arrives(scene: Scene, model: OpenAIStub) -> None:
    model.behave(text="Ask me.")
    first = "May I ask about the moon?"
    await scene.say(first)
    await until(lambda: len(scene.stored(first)) == 2, START_SECONDS, LOOK_SECONDS)
    await look_at(scene, first)
    # It goes on for as long as anybody needs to look at it.
    model.behave(
        pieces=("The ", "moon ", "takes ", "no ", "dogs, ", *("not ", "even ", "small ", "ones, ") * 60), piece_seconds=0.4
    )
    await scene.say("May my dog come to the moon?")
    await expect(scene.visitor.locator(".ow-caret")).to_contain_text("The moon")
    web = scene.omni.pids()["web"]
    os.kill(web, signal.SIGKILL)

    await expect(scene.bar).to_contain_text("You are offline", timeout=PATIENCE_MS)
    await expect(scene.strip).to_contain_text("The connection is lost.", timeout=PATIENCE_MS)
    await scene.say("Or my cat?")
    await expect(scene.mine.last).to_have_text("Or my cat?")
    await expect(scene.visitor.locator(".ow-caret")).to_be_hidden()

    await scene.omni.until_other("web", web)
    await expect(scene.bar).to_be_hidden(timeout=BACK_MS)
    await expect(scene.strip).to_have_count(0, timeout=BACK_MS)
    said = [first, "May my dog come to the moon?", "Or my cat?"]
    await until(lambda: [text for role, text in scene.stored(first) if role == "customer"] == said, START_SECONDS, LOOK_SECONDS)
    # The worker makes the answer that the web process left behind, and dies over it as well.
    calls, worker = model.count, scene.omni.pids()["worker"]
    scene.let_claims_end()
    await until(lambda: model.count > calls, START_SECONDS)
    os.kill(worker, signal.SIGKILL)
    await scene.omni.until_other("worker", worker)
    model.behave(text="No animals at all.")
    scene.let_claims_end()
    await until(lambda: scene.open_questions() == 0, START_SECONDS, LOOK_SECONDS)

    await expect(scene.mine).to_have_text(said)
    answers = [text for role, text in scene.stored(first) if role == "assistant"]
    assert scene.answered_twice() == []
    await expect(scene.theirs.last).to_have_text(answers[-1])
    await expect(scene.bubbles).to_have_text([text for _, text in scene.stored(first)])


@pytest.mark.parametrize("name", ["redis", "postgres"])
async def test_while_a_store_hangs_both_sides_are_told_and_what_they_wrote_arrives_once(
    scene: Scene, model: OpenAIStub, name: str
) -> None:
    model.behave(text="I do not know that.")
    first = f"Who watches {name}?"
    await scene.say(first)
    await until(lambda: scene.open_questions() == 0, START_SECONDS, LOOK_SECONDS)
    await look_at(scene, first)
    await scene.reply(f"I watch {name}, Tom here.")
    await expect(scene.theirs.last).to_have_text(f"I watch {name}, Tom here.", timeout=BACK_MS)

    async with frozen(scene.omni, name):
        until_then = asyncio.get_running_loop().time() + FROZEN_SECONDS
        await scene.say("Still there?")
        await scene.reply("I am still here.")
        await expect(scene.mine.last).to_have_text("Still there?")
        await expect(scene.visitor.locator(".ow-log .ow-m.me").last).to_contain_text(re.compile("Waiting to send|Delivered"))
        await expect(scene.strip).to_contain_text("Omni does not answer just now.", timeout=PATIENCE_MS)
        await asyncio.sleep(max(0.0, until_then - asyncio.get_running_loop().time()))

    await expect(scene.theirs.last).to_have_text("I am still here.", timeout=BACK_MS)
    await expect(scene.mine).to_have_text([first, "Still there?"])
    await expect(scene.strip).to_have_count(0, timeout=BACK_MS)
    await expect(scene.bar).to_be_hidden(timeout=BACK_MS)
    texts = [text for _, text in scene.stored(first)]
    written = {first, f"I watch {name}, Tom here.", "Still there?", "I am still here."}
    assert {text: texts.count(text) for text in written} == dict.fromkeys(written, 1)
    await expect(scene.bubbles).to_have_text(texts, timeout=BACK_MS)
    await expect(scene.staff.get_by_role("textbox", name=re.compile("Reply to"))).to_have_value("")
