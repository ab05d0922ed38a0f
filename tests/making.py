"""Businesses with a key and a few FAQs, and the API in this process, for tests of the line from message to reply."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import uuid4

import httpx2
from fastapi import FastAPI

from omni_app.api.app import create_api
from omni_app.api.middleware import Edge
from omni_app.conversations.facts import Inbound
from omni_app.customers.addresses import Address
from omni_app.infra.database import open_db, system_db
from omni_app.infra.scope import Scope, system_scope
from omni_app.knowledge.faqs import create_faq, prepare_faq
from omni_app.tenancy.api_keys import create_key
from omni_app.tenancy.models import Business

FAQS = (
    (
        "What does a check-up cost?",
        "A check-up is $189.",
        ("price of a checkup", "how much is a dental check-up", "checkup cost"),
    ),
    ("Where can I park?", "Behind the clinic, free.", ("is there parking", "parking near you", "where do I leave my car")),
    ("Do you treat children?", "Yes, from the first tooth on.", ("can I bring my son", "kids dentist", "do you see kids")),
)


@dataclass(frozen=True, slots=True)
class Made:
    """One business: the scope of Omni's own work in it, an API key, and its public widget key."""

    scope: Scope
    api_key: str
    widget_key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"}


async def make_business(
    name: str = "Brook Street Dental", faqs: Sequence[tuple[str, str, Sequence[str]]] = FAQS, **columns: Any
) -> Made:
    business = Business(name=name, widget_key=f"wk_{uuid4().hex}", **columns)
    async with system_db("test business") as db:
        db.add(business)
    scope = system_scope(business.id)
    prepared = [await prepare_faq(*faq) for faq in faqs]
    async with open_db(scope) as db:
        for faq in prepared:
            await create_faq(db, faq)
        _, secret = await create_key(db, "Test key")
    return Made(scope, secret, business.widget_key)


def inbound(text: str, who: str = "visitor-1", **values: Any) -> Inbound:
    """A chat message from a visitor."""
    return Inbound(channel="chat", address=Address(kind="external", channel="chat", value=who), text=text, **values)


@lru_cache
def rest_app() -> FastAPI:
    """The REST app, made once: FastAPI works its routes out at the first request, a quarter of a second for each new app."""
    return create_api()


def open_client() -> httpx2.AsyncClient:
    """The REST app of this process, with its edge, over ASGI."""
    transport = httpx2.ASGITransport(app=Edge(rest_app()), raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://omni.test")


def question(text: object = "What does a check-up cost?", **values: Any) -> dict[str, Any]:
    """A body for POST /api/agent/process."""
    return {"channel": "chat", "customer": {"email": "ann@example.com"}, "text": text, **values}


async def rows(statement: str, **values: Any) -> list[dict[str, Any]]:
    """Rows as omni_system sees them."""
    async with system_db("test") as db:
        return [dict(row) for row in (await db.execute(statement, values)).mappings()]


async def count(table: str) -> int:
    return int((await rows(f"select count(*) as n from {table}"))[0]["n"])
