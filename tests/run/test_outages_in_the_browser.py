"""Parts of a running Omni die or hang while a visitor and a member of staff look at it: nothing is lost, doubled or hidden."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psutil
import psycopg
import pytest
from playwright.async_api import Locator, Page, expect
from psycopg.rows import namedtuple_row

from embedded.home import hand_over
from tests.harness.plugin import OpenPage
from tests.harness.services import free_port, link_models
from tests.harness.waiting import until, wait_until
from tests.run.omni import START_SECONDS, Omni
from tests.run.soak import slow_model
from tests.stubs.openai_stub import OpenAIStub

FROZEN_SECONDS = 10.0
SOON_MS = 8_000
"""Within which people must be told that something is wrong, in milliseconds."""
BACK_MS = 30_000


@pytest.fixture(scope="module")
def model_and_installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OpenAIStub, Omni]]:
    home = tmp_path_factory.mktemp("outages") / "home"
    hand_over(home, None)
    link_models(home)
    made = Omni(home=home, port=free_port())
    model = slow_model(made)
    try:
        made.start()
        yield model, made
    finally:
        made.end()
        model.close()


@pytest.fixture
def model(model_and_installation: tuple[OpenAIStub, Omni]) -> OpenAIStub:
    return model_and_installation[0]


@pytest.fixture
def omni(model_and_installation: tuple[OpenAIStub, Omni]) -> Omni:
    made = model_and_installation[1]
    wait_until(made.is_healthy, START_SECONDS)
    return made


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

    def query(self, statement: str, *values: Any) -> list[Any]:
        """Rows as Omni's system role sees them."""
        url = psutil.Process(self.omni.pids()["web"]).environ()["OMNI_DATABASE_SYSTEM_URL"]
        with psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), autocommit=True, row_factory=namedtuple_row) as db:
            cursor = db.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def stored(self, first: str) -> list[tuple[str, str]]:
        """(role, text) of the conversation that has a message `first`, in order."""
        rows = self.query(
            """select m.role, m.text from messages m where m.role <> 'system' and m.conversation_id in
               (select conversation_id from messages where text = %s) order by m.seq""",
            first,
        )
        return [(row.role, row.text) for row in rows]

    def open_questions(self) -> int:
        found = self.query("select count(*) as n from conversations where speaker = 'ai' and last_customer_seq > answered_seq")
        return int(found[0].n)

    def answered_twice(self) -> list[Any]:
        return self.query(
            """select answers_seq from messages where role = 'assistant' and answers_seq is not null
               group by conversation_id, answers_seq having count(*) > 1"""
        )

    def let_claims_end(self) -> None:
        """Let the time pass for which a dead process holds a conversation and a job."""
        self.query("update conversations set lease_until = now() - interval '1 second' where lease_until is not null")
        self.query("update outbox set claimed_until = claimed_until - interval '30 seconds' where claimed_until is not null")


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
    await until(lambda: bool(scene.stored(first)), 20)
    (row,) = scene.query("select conversation_id as id from messages where text = %s", first)
    await scene.staff.goto(f"http://localhost:{scene.omni.port}/inbox?conversation={row.id}")
    await expect(scene.bubbles.first).to_be_visible()


@asynccontextmanager
async def frozen(omni: Omni, name: str) -> AsyncIterator[float]:
    """A part that stands still with all below it while the block runs."""
    parent = psutil.Process(omni.pids()[name])
    family = [parent, *parent.children(recursive=True)]
    for process in family:
        process.suspend()
    try:
        yield FROZEN_SECONDS
    finally:
        for process in family:
            process.resume()


async def test_an_answer_whose_makers_die_is_given_once_and_what_was_typed_arrives(scene: Scene, model: OpenAIStub) -> None:
    model.behave(text="Ask me.")
    first = "May I ask about the moon?"
    await scene.say(first)
    await until(lambda: len(scene.stored(first)) == 2, 30)
    await look_at(scene, first)
    model.behave(pieces=("The ", "moon ", "takes ", "no ", "dogs, ", "not ", "even ", "small ", "ones."), piece_seconds=0.5)
    await scene.say("May my dog come to the moon?")
    await expect(scene.visitor.locator(".ow-caret")).to_contain_text("The moon")
    web = scene.omni.pids()["web"]
    os.kill(web, signal.SIGKILL)

    await expect(scene.bar).to_contain_text("You are offline", timeout=SOON_MS)
    await expect(scene.strip).to_contain_text("The connection is lost.", timeout=SOON_MS)
    await scene.say("Or my cat?")
    await expect(scene.mine.last).to_have_text("Or my cat?")
    await expect(scene.visitor.locator(".ow-caret")).to_be_hidden()

    await until(lambda: scene.omni.pids().get("web", web) != web, START_SECONDS)
    await expect(scene.bar).to_be_hidden(timeout=BACK_MS)
    await expect(scene.strip).to_have_count(0, timeout=BACK_MS)
    said = [first, "May my dog come to the moon?", "Or my cat?"]
    await until(lambda: [text for role, text in scene.stored(first) if role == "customer"] == said, 20)
    # The worker makes the answer that the web process left behind, and dies over it as well.
    calls, worker = model.count, scene.omni.pids()["worker"]
    scene.let_claims_end()
    await until(lambda: model.count > calls, 20)
    os.kill(worker, signal.SIGKILL)
    await until(lambda: scene.omni.pids().get("worker", worker) != worker, START_SECONDS)
    model.behave(text="No animals at all.")
    scene.let_claims_end()
    await until(lambda: scene.open_questions() == 0, 40)

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
    await until(lambda: scene.open_questions() == 0, 30)
    await look_at(scene, first)
    await scene.reply(f"I watch {name}, Tom here.")
    await expect(scene.theirs.last).to_have_text(f"I watch {name}, Tom here.", timeout=BACK_MS)

    async with frozen(scene.omni, name) as seconds:
        until_then = asyncio.get_running_loop().time() + seconds
        await scene.say("Still there?")
        await scene.reply("I am still here.")
        await expect(scene.mine.last).to_have_text("Still there?")
        await expect(scene.visitor.locator(".ow-log .ow-m.me").last).to_contain_text(re.compile("Waiting to send|Delivered"))
        await expect(scene.strip).to_contain_text("Omni does not answer just now.", timeout=SOON_MS)
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
