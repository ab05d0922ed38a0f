"""People of a new business in a browser, and the customers who write to it, for tests of the pages they work on."""

import itertools
from dataclasses import dataclass
from typing import Any

import httpx2
from playwright.async_api import Page

from omni_app.infra.background import finish_tasks
from omni_app.infra.database import open_db
from omni_app.infra.scope import Scope, system_scope
from omni_app.knowledge.faqs import FaqView, create_faq, delete_faq, prepare_faq, update_faq
from omni_app.tenancy.api_keys import create_key
from omni_app.tenancy.sessions import Viewer, load_viewer
from tests.harness.waiting import until
from tests.tenancy.people import CLIENT, found, sql

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Shop:
    """A business of its own in the living system. `viewer` is who is signed in, `token` their session."""

    viewer: Viewer
    token: str
    address: str
    api_key: str

    @property
    def scope(self) -> Scope:
        return system_scope(self.viewer.business_id)

    async def ask(self, text: str, who: str = "ann@example.com", name: str = "", channel: str = "email") -> dict[str, Any]:
        """One customer's message over the API; the reply's `data`."""
        async with httpx2.AsyncClient(base_url=self.address, headers={"Authorization": f"Bearer {self.api_key}"}) as client:
            body = {"channel": channel, "customer": {"email": who, "name": name}, "text": text}
            answer = await client.post("/api/agent/process", json=body)
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    async def teach(self, question: str, answer: str, *phrasings: str) -> FaqView:
        """An FAQ written by somebody else, told to every open page."""
        prepared = await prepare_faq(question, answer, phrasings)
        async with open_db(self.scope) as db:
            faq = await create_faq(db, prepared)
        await finish_tasks(2.0)
        return faq

    async def change(self, faq: FaqView, answer: str) -> None:
        """The same for a change by somebody else."""
        prepared = await prepare_faq(faq.question, answer, faq.phrasings)
        async with open_db(self.scope) as db:
            await update_faq(db, faq.id, prepared)
        await finish_tasks(2.0)

    async def forget(self, faq: FaqView) -> None:
        async with open_db(self.scope) as db:
            await delete_faq(db, faq.id)
        await finish_tasks(2.0)


async def open_shop(page: Page, address: str, role: str = "owner", **columns: Any) -> Shop:
    """A new business; its owner (or the same person with another `role`) is signed in in `page`."""
    number = next(_numbers)
    token = await found(f"Brook Street Dental {number}", f"maya-{number}@staff.example", "Maya Chen")
    viewer = await load_viewer(token, CLIENT)
    for name, value in columns.items():
        await sql(f"update businesses set {name} = :value where id = :id", value=value, id=viewer.business_id)
    if role != "owner":
        await sql("update members set role = :role where id = :id", role=role, id=viewer.member_id)
        viewer = await load_viewer(token, CLIENT)
    async with open_db(system_scope(viewer.business_id)) as db:
        _, secret = await create_key(db, "Test key")
    await page.context.add_cookies([{"name": "omni_session", "value": token, "url": address, "httpOnly": True}])
    return Shop(viewer, token, address, secret)


async def fits_a_phone(page: Page) -> None:
    """At the width of a phone the open page does not scroll sideways; afterwards it is as wide as before."""
    before = page.viewport_size
    await page.set_viewport_size({"width": 390, "height": 844})
    # What measures itself (a chart) follows a moment later.
    await until(lambda: page.evaluate("document.documentElement.scrollWidth <= 390"))
    if before:
        await page.set_viewport_size(before)
