"""Conversations that happened at chosen times, written as rows."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from omni_app.conversations.models import Conversation, Message
from omni_app.customers.models import Customer
from omni_app.infra.database import system_db
from omni_app.infra.scope import Scope


def utc(text: str) -> datetime:
    """A moment from ISO text without a zone, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Line:
    """One answer: role, source, tier, whether it offers a person, its cost, and how long after the question it came."""

    role: str = "assistant"
    source: str | None = "faq"
    tier: str | None = None
    offers_person: bool = False
    cost_nusd: int = 0
    after: timedelta = timedelta(seconds=2)


FAQ = Line()
CACHE = Line(tier="l1")
MODEL = Line(source="model", cost_nusd=4_000_000)
UNSURE = Line(source="none", offers_person=True)
GREETING = Line(source="none")
STAFF = Line(role="staff", source=None, after=timedelta(minutes=3))


async def talk(
    scope: Scope,
    at: datetime,
    *answers: Line,
    text: str = "What does it cost?",
    channel: str = "chat",
    name: str = "Sofia Marin",
    **conversation: object,
) -> UUID:
    """One customer asks `text` at `at` and gets these answers. Returns the conversation's id."""
    customer = Customer(business_id=scope.business_id, name=name, data_key="none")
    thread = Conversation(
        business_id=scope.business_id,
        customer_id=customer.id,
        channel=channel,
        last_seq=1 + len(answers),
        last_customer_seq=1,
        created_at=at,
        last_message_at=at,
        last_customer_at=at,
        **conversation,
    )

    def message(seq: int, role: str, body: str, time: datetime, **values: object) -> Message:
        ids = {"business_id": scope.business_id, "conversation_id": thread.id, "customer_id": customer.id}
        return Message(id=uuid4(), seq=seq, role=role, text=body, created_at=time, **ids, **values)

    async with system_db("test history") as db:
        for row in (customer, thread, message(1, "customer", text, at)):
            db.add(row)
            await db.flush()
        for seq, line in enumerate(answers, start=2):
            values = {"source": line.source, "tier": line.tier, "offers_person": line.offers_person, "cost_nusd": line.cost_nusd}
            db.add(message(seq, line.role, "…", at + line.after, answers_seq=1, **values))
    return thread.id


async def again(scope: Scope, conversation_id: UUID, seq: int, at: datetime, text: str, *answers: Line) -> None:
    """The same customer writes once more, as message `seq`."""
    async with system_db("test history") as db:
        found = await db.execute("select customer_id from conversations where id = :id", {"id": conversation_id})
        ids = {"business_id": scope.business_id, "conversation_id": conversation_id, "customer_id": found.scalar_one()}
        db.add(Message(id=uuid4(), seq=seq, role="customer", text=text, created_at=at, **ids))
        for number, line in enumerate(answers, start=1):
            values = {"source": line.source, "tier": line.tier, "offers_person": line.offers_person}
            db.add(
                Message(
                    id=uuid4(),
                    seq=seq + number,
                    role=line.role,
                    text="…",
                    created_at=at + line.after,
                    answers_seq=seq,
                    **ids,
                    **values,
                )
            )
