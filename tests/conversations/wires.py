"""A conversation that runs over a channel, and a provider that does as it is told, for tests of delivery."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

from pydantic import BaseModel

from omni_app.budgets import seed_prices
from omni_app.channels.accounts import Account, open_account
from omni_app.channels.adapters.whatsapp import ADAPTER
from omni_app.channels.adapters.whatsapp.adapter import WhatsApp
from omni_app.channels.connections import create_connection
from omni_app.channels.contract import Capabilities, OutboundMessage, Receipt
from omni_app.conversations.delivering import deliver_conversation
from omni_app.conversations.sending import send_reply
from omni_app.infra.database import Db, open_db, system_db
from omni_app.infra.http import Http
from tests.conversations.desk import Desk, make_desk
from tests.making import rows

# What one message costs by the price list, in nano-dollars.
PRICE = 5_000_000

Act = Receipt | BaseException | Callable[[], Any]


@dataclass
class Provider(WhatsApp):
    """An adapter whose other side is this object: what was taken, and what the next sends come to (`acts`, then it accepts)."""

    taken: list[OutboundMessage] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    seconds: float = 0.0
    at_once: int = 0
    most_at_once: int = 0
    can: Capabilities = ADAPTER.capabilities

    kind: ClassVar[str] = "whatsapp"

    @property
    def capabilities(self) -> Capabilities:  # type: ignore[override]
        return self.can

    async def send(self, message: OutboundMessage, settings: BaseModel, http: Http) -> Receipt:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.seconds:
                await asyncio.sleep(self.seconds)
            act = self.acts.pop(0) if self.acts else None
            if callable(act):
                act = await act()
            if isinstance(act, BaseException):
                raise act
            self.taken.append(message)
            return act or Receipt(provider_id=f"wamid.{len(self.taken)}")
        finally:
            self.at_once -= 1

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.taken]

    async def opening(self, db: Db, connection_id: UUID) -> Account:
        return replace(await open_account(db, connection_id), adapter=self)


@dataclass(frozen=True)
class Line:
    """A desk, one of its conversations on WhatsApp, and the provider behind it."""

    desk: Desk
    connection_id: UUID
    conversation_id: UUID
    customer_id: UUID
    provider: Provider

    async def deliver(self) -> None:
        """What one job does."""
        await deliver_conversation(self.desk.system, self.conversation_id, opening=self.provider.opening)

    async def parts(self) -> list[dict[str, Any]]:
        """The rows of `deliveries`, in order."""
        return await rows("select * from deliveries where conversation_id = :id order by seq, part", id=self.conversation_id)

    async def part(self) -> dict[str, Any]:
        (one,) = await self.parts()
        return one

    async def statuses(self) -> list[str]:
        return [row["status"] for row in await self.parts()]

    async def message(self, message_id: UUID) -> dict[str, Any]:
        (one,) = await rows("select * from messages where id = :id", id=message_id)
        return one


async def connect(desk: Desk, name: str = "Front desk", **columns: Any) -> UUID:
    """A WhatsApp connection of the desk's business."""
    values = {"phone_number_id": "1065", "business_account_id": "1022", "access_token": "t", "app_secret": "s"}
    async with open_db(desk.system) as db:
        connection_id = await create_connection(db, "whatsapp", name, values)
    if columns:
        await change("channel_connections", connection_id, **columns)
    return connection_id


async def change(table: str, row_id: UUID, **columns: Any) -> None:
    """Set columns of one row."""
    assignments = ", ".join(f"{name} = :{name}" for name in columns)
    await rows(f"update {table} set {assignments} where id = :id returning id", id=row_id, **columns)


async def make_line(*acts: Act, seconds: float = 0.0, limit_nusd: int | None = None, can: Capabilities | None = None) -> Line:
    """A customer wrote on WhatsApp just now."""
    desk = await make_desk()
    async with system_db("test prices") as db:
        await seed_prices(db)
    connection_id = await connect(desk)
    return await open_line(desk, connection_id, Provider(acts=list(acts), seconds=seconds, can=can or ADAPTER.capabilities))


async def open_line(desk: Desk, connection_id: UUID, provider: Provider, who: str = "visitor-1") -> Line:
    """One more conversation on a connection."""
    written = await desk.ask(who=who)
    (point,) = await rows("select id from contact_points where customer_id = :id", id=written.customer_id)
    await change(
        "conversations",
        written.conversation_id,
        channel="whatsapp",
        connection_id=connection_id,
        contact_point_id=point["id"],
    )
    return Line(desk, connection_id, written.conversation_id, written.customer_id, provider)


async def say(line: Line, text: str = "Hello from Maya.", files: tuple[UUID, ...] = ()) -> UUID:
    """Maya writes a reply; the id of the message."""
    async with open_db(line.desk.maya) as db:
        return await send_reply(db, line.conversation_id, text, str(uuid4()), files)


async def jobs(name: str = "DeliverConversation") -> list[dict[str, Any]]:
    return await rows("select * from outbox where name = :name order by created_at", name=name)


async def due_now(line: Line) -> None:
    """Time goes by until the next try."""
    await rows("update deliveries set available_at = now() where conversation_id = :id returning id", id=line.conversation_id)


async def age(line: Line, by: timedelta, *columns: str) -> None:
    """Move times of the line's deliveries into the past."""
    assignments = ", ".join(f"{name} = {name} - cast(:by as interval)" for name in columns)
    await rows(f"update deliveries set {assignments} where conversation_id = :id returning id", id=line.conversation_id, by=by)


async def ledger(line: Line) -> list[tuple[int, str]]:
    """(cost, note) of what sending cost the business, oldest first."""
    found = await rows(
        "select cost_nusd, note from ledger_entries where business_id = :id and service = 'delivery' order by created_at, id",
        id=line.desk.system.business_id,
    )
    return [(row["cost_nusd"], row["note"]) for row in found]


async def budget(line: Line) -> tuple[int, int]:
    """(spent, held)."""
    found = await rows("select * from budgets where business_id = :id", id=line.desk.system.business_id)
    return (sum(row["spent_nusd"] for row in found), sum(row["reserved_nusd"] for row in found))


def words(found: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(row["status"], row["error"]) for row in found]


def in_the_future(at: datetime, now: datetime) -> bool:
    return at > now
