"""Two customers with everything, joining them, and all that belongs to one in clear."""

from typing import Any
from uuid import UUID

from omni_app.conversations.joining import join_customers, undo_join
from omni_app.conversations.mail_envelopes import ENVELOPE
from omni_app.conversations.notes import NOTE
from omni_app.customers.identifying import CONTACT_POINT
from omni_app.customers.notes import CUSTOMER_NOTE
from omni_app.infra.crypto import decrypt, encrypt, unwrap_data_key
from omni_app.infra.database import open_db
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope
from omni_app.limits.ladder import EVIDENCE
from tests.conversations.desk import Desk
from tests.conversations.visitors import browser, mailbox, write
from tests.making import rows

SEALED = (
    ("contact_points", "value", CONTACT_POINT),
    ("messages", "envelope", ENVELOPE),
    ("receipts", "prompt", "receipts.prompt"),
    ("customer_notes", "text", CUSTOMER_NOTE),
    ("abuse_events", "evidence", EVIDENCE),
)


async def join(scope: Scope, from_id: UUID, into_id: UUID, evidence: str = "test") -> UUID:
    async with open_db(scope) as db:
        return await join_customers(db, from_id, into_id, evidence)


async def undo(scope: Scope, merge_id: UUID) -> None:
    async with open_db(scope) as db:
        await undo_join(db, merge_id)


async def belongings(customer_id: UUID) -> dict[str, Any]:
    """Everything of a customer in clear, as it would be shown; what a join may change without harm is left out."""
    (row,) = await rows("select * from customers where id = :id", id=customer_id)
    key = unwrap_data_key(row["data_key"])
    found: dict[str, Any] = {"customer": {n: v for n, v in row.items() if n != "version"}}
    for table in (
        "conversations",
        "messages",
        "memories",
        "attachments",
        "receipts",
        "customer_notes",
        "abuse_events",
        "contact_points",
        "deliveries",
        "channel_events",
    ):
        found[table] = await rows(f"select * from {table} where customer_id = :id order by id", id=customer_id)
    for table, column, context in SEALED:
        for one in found[table]:
            one[column] = decrypt(key, one[column], context) if one[column] else ""
    for one in found["conversations"]:
        for name in ("fence", "lease_holder", "lease_until"):
            del one[name]
    found["notes"] = await rows(
        "select n.* from notes n join conversations c on c.id = n.conversation_id where c.customer_id = :id order by n.id",
        id=customer_id,
    )
    for one in found["notes"]:
        one["text"] = decrypt(key, one["text"], NOTE)
    return found


async def connect(scope: Scope) -> UUID:
    """A connection to a provider."""
    connection_id = new_id()
    await rows(
        """insert into channel_connections (id, business_id, kind, channel, name, settings, token, token_index, created_at,
           updated_at) values (:id, :business_id, 'smtp', 'email', 'Mail', '', '', :index, now(), now()) returning id""",
        id=connection_id,
        business_id=scope.business_id,
        index=str(connection_id),
    )
    return connection_id


async def fill(scope: Scope, customer_id: UUID, conversation_id: UUID, mark: str) -> None:
    """A receipt, two kinds of notes and a file, each with `mark` in it."""
    (row,) = await rows("select data_key from customers where id = :id", id=customer_id)
    key = unwrap_data_key(row["data_key"])
    common = {"business_id": scope.business_id, "customer_id": customer_id, "conversation_id": conversation_id}
    await rows(
        """insert into receipts (id, business_id, conversation_id, customer_id, source, provider, model, input_tokens,
           output_tokens, cost_nusd, knowledge_version, sources, steps, note, prompt, created_at)
           values (:id, :business_id, :conversation_id,
           :customer_id, 'model', '', '', 0, 0, 0, 1, '[]', '[]', '', :sealed, now()) returning id""",
        id=new_id(),
        sealed=encrypt(key, f"prompt {mark}", "receipts.prompt"),
        **common,
    )
    await rows(
        """insert into customer_notes (id, business_id, customer_id, author_name, text, created_at)
           values (:id, :business_id, :customer_id, 'Maya', :sealed, now()) returning id""",
        id=new_id(),
        sealed=encrypt(key, f"note {mark}", CUSTOMER_NOTE),
        business_id=scope.business_id,
        customer_id=customer_id,
    )
    await rows(
        """insert into notes (id, business_id, conversation_id, after_seq, author_name, text, mentions, created_at)
           values (:id, :business_id, :conversation_id, 1, 'Maya', :sealed, '[]', now()) returning id""",
        id=new_id(),
        sealed=encrypt(key, f"aside {mark}", NOTE),
        business_id=scope.business_id,
        conversation_id=conversation_id,
    )
    await rows(
        """insert into attachments (id, business_id, customer_id, conversation_id, uploaded_by, name, media_type, size, sha256,
           storage_key, created_at) values (:id, :business_id, :customer_id, :conversation_id, 'visitor:x', :name, 'text/plain',
           1, '', '', now()) returning id""",
        id=new_id(),
        name=f"{mark}.txt",
        **common,
    )
    await rows(
        """insert into abuse_events (id, business_id, customer_id, conversation_id, kind, action, score, evidence, address_index,
           verdict, reviewed_by, created_at) values (:id, :business_id, :customer_id, :conversation_id, 'gibberish', 'noted', 1,
           :sealed, '', '', '', now()) returning id""",
        id=new_id(),
        sealed=encrypt(key, f"sign {mark}", EVIDENCE),
        **common,
    )
    (message,) = await rows(
        """update messages set envelope = :sealed where conversation_id = :id
           and seq = (select max(seq) from messages where conversation_id = :id) returning id""",
        sealed=encrypt(key, f"head {mark}", ENVELOPE),
        id=conversation_id,
    )
    connection_id = await connect(scope)
    await rows(
        """insert into deliveries (id, business_id, conversation_id, message_id, customer_id, connection_id, channel, seq,
           available_at, created_at) values (:id, :business_id, :conversation_id, :message_id, :customer_id, :connection_id,
           'email', 1, now(), now()) returning id""",
        id=new_id(),
        message_id=message["id"],
        connection_id=connection_id,
        **common,
    )
    await rows(
        """insert into channel_events (id, business_id, connection_id, hook, event_key, customer_id, message_id, received_at)
           values (:id, :business_id, :connection_id, 'mail', :key, :customer_id, :message_id, now()) returning id""",
        id=new_id(),
        business_id=scope.business_id,
        connection_id=connection_id,
        key=str(new_id()),
        customer_id=customer_id,
        message_id=message["id"],
    )
    await rows(
        """insert into memories (id, business_id, customer_id, conversation_id, kind, text, embedding_model, embedding,
           created_at) values (:id, :business_id, :customer_id, :conversation_id, 'summary', :text, 'test', '[1,2]', now())
           returning id""",
        id=new_id(),
        text=f"memory {mark}",
        **common,
    )


async def two_people(desk: Desk) -> tuple[UUID, UUID]:
    """A stranger and a known customer, each with everything."""
    stranger = await write(desk.system, browser(), "As a stranger")
    owner = await write(desk.system, mailbox(), "As Sofia", "Sofia Marin")
    await fill(desk.system, stranger.customer.id, stranger.conversation_id, "stranger")
    await fill(desk.system, owner.customer.id, owner.conversation_id, "owner")
    return stranger.customer.id, owner.customer.id
