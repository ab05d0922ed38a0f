"""Rows of one customer become another's: what is encrypted under the one's data key is encrypted anew under the other's."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app.conversations.jobs import AnswerConversation
from omni_app.conversations.mail_envelopes import ENVELOPE
from omni_app.conversations.notes import NOTE
from omni_app.customers.identifying import CONTACT_POINT
from omni_app.customers.notes import CUSTOMER_NOTE
from omni_app.infra import live
from omni_app.infra.crypto import decrypt, encrypt, unwrap_data_key
from omni_app.infra.database import Db
from omni_app.infra.errors import NotFound
from omni_app.infra.jobs import enqueue
from omni_app.limits.ladder import EVIDENCE

# What belongs to a customer and is found by `customer_id`, and how its rows are known to be of certain conversations (None: they
# are of no conversation). The ledger stays as it was booked.
_IN_THREADS = "conversation_id = any(:threads)"
OWNED: dict[str, str | None] = {
    "messages": _IN_THREADS,
    "memories": _IN_THREADS,
    "attachments": _IN_THREADS,
    "receipts": _IN_THREADS,
    "abuse_events": _IN_THREADS,
    "deliveries": _IN_THREADS,
    "channel_events": "message_id in (select m.id from messages m where m.conversation_id = any(:threads))",
    "customer_notes": None,
}

# (table, column, context) of texts under the customer's data key. Conversation notes belong to a customer by their conversation.
_SEALED = (
    ("messages", "envelope", ENVELOPE),
    ("receipts", "prompt", "receipts.prompt"),
    ("customer_notes", "text", CUSTOMER_NOTE),
    ("abuse_events", "evidence", EVIDENCE),
)

# A message is appended under its conversation's lock first and touches the customer second, so this order waits for it and never
# stands crosswise.
_LOCK_THREADS = text("select id from conversations where customer_id in (:from_id, :into_id) order by id for update")
_LOCK = text(
    """select id, name, language, timezone, birthday, tags, attributes, consent, data_key, verified_at, blocked_at, block_reason,
       restriction, restricted_until, last_seen_at, merged_into_id
       from customers where id in (:from_id, :into_id) order by id for update"""
)

# A turn under way was thought out for another customer: it loses its lease and records nothing, and a worker answers anew.
_MOVE_THREADS = text(
    """
    update conversations set customer_id = :to_id, fence = fence + 1, lease_holder = null, lease_until = null
    where customer_id = :of_id and id = any(:ids)
    returning id, speaker = 'ai' and last_customer_seq > answered_seq as is_open
    """
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two customers' rows, locked, with their keys in clear."""

    source: Any
    target: Any
    source_key: bytes
    target_key: bytes


@dataclass(frozen=True, slots=True)
class Way:
    """From one customer to the other: ids and keys."""

    of_id: UUID
    to_id: UUID
    key: bytes
    new_key: bytes

    def reseal(self, value: str, context: str) -> str:
        """An encrypted text under the other's key; an empty one stays empty."""
        return encrypt(self.new_key, decrypt(self.key, value, context), context) if value else value


def forth(pair: Pair) -> Way:
    return Way(pair.source.id, pair.target.id, pair.source_key, pair.target_key)


def back(pair: Pair) -> Way:
    return Way(pair.target.id, pair.source.id, pair.target_key, pair.source_key)


async def lock_pair(db: Db, from_id: UUID, into_id: UUID) -> Pair:
    """Lock both customers and their conversations. Raises `NotFound`."""
    both = {"from_id": from_id, "into_id": into_id}
    await db.execute(_LOCK_THREADS, both)
    rows = {row.id: row for row in (await db.execute(_LOCK, both)).all()}
    if len(rows) != 2 or not all(row.data_key for row in rows.values()):
        raise NotFound("customer")
    source, target = rows[from_id], rows[into_id]
    return Pair(source, target, unwrap_data_key(source.data_key), unwrap_data_key(target.data_key))


async def move_threads(db: Db, way: Way, ids: list[UUID]) -> None:
    rows = (await db.execute(_MOVE_THREADS, {"of_id": way.of_id, "to_id": way.to_id, "ids": ids})).all()
    for row in rows:
        if row.is_open:
            await enqueue(db, AnswerConversation(conversation_id=row.id))
        live.publish(db, "conversation.changed", conversation_id=row.id)


async def seal_notes(db: Db, way: Way, threads: list[UUID]) -> list[UUID]:
    """Encrypt the notes of moved conversations under the key of the customer they belong to now."""
    rows = (await db.execute("select id, text from notes where conversation_id = any(:ids)", {"ids": threads})).all()
    for row in rows:
        await db.execute("update notes set text = :text where id = :id", {"text": way.reseal(row.text, NOTE), "id": row.id})
    return [row.id for row in rows]


async def move_owned(
    db: Db, table: str, way: Way, ids: list[UUID] | None = None, threads: list[UUID] | None = None
) -> list[UUID]:
    """Move the rows of a customer (all, or those named and those of the named conversations). Gives their ids."""
    where = "customer_id = :of_id"
    if ids is not None:
        in_threads = f" or {OWNED[table]}" if OWNED[table] else ""
        where += f" and (id = any(:ids){in_threads})"
    values = {"of_id": way.of_id, "to_id": way.to_id, "ids": ids or [], "threads": threads or []}
    values = {name: value for name, value in values.items() if name == "to_id" or f":{name}" in where}
    # The names come from the constants above.
    rows = (await db.execute(f"update {table} set customer_id = :to_id where {where} returning id", values)).scalars().all()  # noqa: S608
    for column, context in ((c, x) for t, c, x in _SEALED if t == table):
        found = await db.execute(
            f"select id, {column} as sealed from {table} where id = any(:ids) and {column} <> ''",  # noqa: S608
            {"ids": list(rows)},
        )
        for row in found.all():
            sealed = way.reseal(row.sealed, context)
            await db.execute(f"update {table} set {column} = :sealed where id = :id", {"sealed": sealed, "id": row.id})  # noqa: S608
    return list(rows)


async def give_point(db: Db, way: Way, point_id: UUID, value: str) -> None:
    """Move one contact point, whose encrypted address is `value`."""
    await db.execute(
        "update contact_points set customer_id = :customer_id, value = :value where id = :id",
        {"customer_id": way.to_id, "value": way.reseal(value, CONTACT_POINT), "id": point_id},
    )
