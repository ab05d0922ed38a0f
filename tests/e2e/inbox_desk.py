"""A business of its own with its inbox open in a browser, its colleagues and its visitors."""

import itertools
import re
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from playwright.async_api import Locator, Page, expect

from omni_app.infra.database import system_db
from omni_app.infra.scope import Scope, system_scope
from omni_app.orchestrator.turn import receive
from omni_app.tenancy.sessions import Viewer, load_viewer, start_session
from omni_app.tenancy.signing_in import complete_sign_in
from tests.conversations.desk import make_member
from tests.making import inbound
from tests.tenancy.people import CLIENT, found, sql

_numbers = itertools.count(1)


@dataclass
class Desk:
    """A business of its own; `page` is signed in as its owner Maya Chen (or as a colleague)."""

    page: Page
    server: str
    viewer: Viewer
    token: str

    @property
    def system(self) -> Scope:
        return system_scope(self.viewer.business_id)

    @property
    def rows(self) -> Locator:
        return self.page.locator("[data-row]")

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log", name="Messages")

    @property
    def reply(self) -> Locator:
        return self.page.get_by_role("textbox", name=re.compile("Reply to"))

    @property
    def bubbles(self) -> Locator:
        return self.log.locator(".msg .b")

    def button(self, name: str) -> Locator:
        return self.page.locator(".conv").get_by_role("button", name=name, exact=True)

    async def ask(self, text: str = "Hello?", who: str = "visitor-1", name: str = "") -> UUID:
        """A customer writes; nobody answers. The conversation's id."""
        received, _ = await receive(self.system, inbound(text, who, name=name, client_id=str(uuid4())))
        return received.conversation_id

    async def open(self, conversation_id: UUID | None = None, folder: str = "") -> None:
        await self.page.goto(f"/inbox?conversation={conversation_id}" if conversation_id else "/inbox")
        await expect(self.page.get_by_role("heading", name="Inbox", level=1)).to_be_visible()
        if conversation_id:
            await expect(self.log).to_be_visible()
        if folder:
            await self.page.get_by_role("group", name="Folders").get_by_role("button", name=re.compile(f"^{folder}")).click()

    async def colleague(self, page: Page, name: str = "Tom Okafor", role: str = "agent") -> "Desk":
        scope = await make_member(self.system, name, role)
        (member,) = await sql("select user_id from members where id = :id", id=scope.actor.id)
        async with system_db("test session") as db:
            ticket = await start_session(db, member["user_id"], self.viewer.business_id, CLIENT)
        return await enter(page, self.server, await complete_sign_in(ticket, CLIENT))


async def enter(page: Page, server: str, token: str) -> Desk:
    await page.context.add_cookies([{"name": "omni_session", "value": token, "url": server, "httpOnly": True}])
    return Desk(page, server, await load_viewer(token, CLIENT), token)


@pytest.fixture
async def desk(page: Page, web_server: str) -> Desk:
    number = next(_numbers)
    return await enter(page, web_server, await found(f"Inbox {number}", f"maya-{number}@inbox.example", "Maya Chen"))


async def visit(page: Page, desk: Desk) -> Page:
    """A visitor's page with the widget of `desk`, opened."""
    (business,) = await sql("select widget_key from businesses where id = :id", id=desk.viewer.business_id)
    await page.goto(f"{desk.server}/demo?business={business['widget_key']}")
    await page.locator(".ow-launch").click()
    return page


async def say(visitor: Page, text: str) -> None:
    await visitor.locator(".ow-in textarea").fill(text)
    await visitor.locator(".ow-in textarea").press("Enter")
