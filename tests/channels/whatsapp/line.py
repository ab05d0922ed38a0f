"""A business on a simulated WhatsApp number, its jobs run in this process: what the provider would post is handed in here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx2

import workers.answers
import workers.inbound
import workers.media
import workers.outbound  # noqa: F401
from omni_app.budgets import seed_prices
from omni_app.channels.checking import check_connection
from omni_app.channels.connections import create_connection, load_connection
from omni_app.channels.locating import forget_located
from omni_app.infra.database import open_db, system_db
from omni_app.infra.scope import Scope
from tests.conversations.desk import make_member
from tests.harness.simulator import Sandbox, SandboxAccount
from tests.making import FAQS, Made, make_business, open_client, rows
from workers.outbox import run_row

CUSTOMER = "16505551234"
_JOBS = ["HandleEvent", "AnswerConversation", "DeliverConversation", "FetchAttachment", "CheckConnection"]


@dataclass(slots=True)
class WhatsAppLine:
    """One connected number. `staff` is a member who replies."""

    made: Made
    staff: Scope
    number: SandboxAccount
    connection_id: UUID
    path: str
    client: httpx2.AsyncClient
    _posted: int = field(default=0)

    async def hear(self) -> list[int]:
        """Post what the provider has to say and do all the work it brings; gives the statuses we answered."""
        found = (await self.number.requests())[self._posted :]
        self._posted += len(found)
        answers = [(await self.client.post(self.path, content=one.body, headers=one.headers)).status_code for one in found]
        await self.work()
        return answers

    async def work(self) -> None:
        """Run the jobs that are due until there are none."""
        for _ in range(50):
            due = await rows(
                "select id from outbox where name = any(:names) and dead_at is null and available_at <= now() order by id",
                names=_JOBS,
            )
            if not due:
                return
            for row in due:
                await run_row(row["id"])
        raise AssertionError("the jobs find no end")

    async def says(self, text: str, **given: Any) -> str:
        """A customer writes, and everything follows."""
        message_id = await self.number.inbound(**{"from": CUSTOMER, "name": "Sheena", "text": text, **given})
        assert set(await self.hear()) <= {200}
        return message_id

    async def messages(self, role: str = "") -> list[dict[str, Any]]:
        """The stored messages, oldest first."""
        return await rows(
            "select * from messages where business_id = :id and (:role = '' or role = :role) order by created_at, seq",
            id=self.made.scope.business_id,
            role=role,
        )

    async def deliveries(self) -> list[dict[str, Any]]:
        return await rows(
            "select * from deliveries where business_id = :id order by created_at, part", id=self.made.scope.business_id
        )

    async def conversation(self) -> dict[str, Any]:
        (one,) = await rows("select * from conversations where business_id = :id", id=self.made.scope.business_id)
        return one

    async def customer(self) -> dict[str, Any]:
        (one,) = await rows("select * from customers where business_id = :id", id=self.made.scope.business_id)
        return one

    async def connection(self) -> dict[str, Any]:
        (one,) = await rows("select * from channel_connections where id = :id", id=self.connection_id)
        return one


@asynccontextmanager
async def open_whatsapp(sandbox: Sandbox, *, answers: bool = True) -> AsyncIterator[WhatsAppLine]:
    """A business with FAQs (unless `answers` is false) whose number is connected and tested."""
    forget_located()
    async with system_db("test prices") as db:
        await seed_prices(db)
    made = await make_business(faqs=FAQS if answers else ())
    number = await sandbox.account("whatsapp")
    values = {
        "phone_number_id": number.credentials["phone_number_id"],
        "business_account_id": number.credentials["waba_id"],
        "access_token": number.credentials["access_token"],
        "app_secret": number.credentials["app_secret"],
        "verify_token": number.credentials["verify_token"],
    }
    async with open_db(made.scope) as db:
        connection_id = await create_connection(db, "whatsapp", "Front desk", values, is_sandbox=True)
        (hook,) = (await load_connection(db, connection_id)).webhooks
    result = await check_connection(made.scope, connection_id)
    assert result.is_ok, result.text
    async with open_client() as client:
        staff = await make_member(made.scope, "Maya Chen")
        yield WhatsAppLine(made, staff, number, connection_id, urlsplit(hook.url).path, client)
