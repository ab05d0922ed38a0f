"""Everything kept about one customer: what would go, and erasing it everywhere. `exporting` hands it out.

Rows go by the foreign keys (`ON DELETE CASCADE`) and the customer's data key with them, so nothing encrypted under it can be
read again, in no backup either. Costs stay in the ledger without a name. Files, audit values, mail and jobs are cleared by jobs
after the commit (`erasing`), which repeat until they are done.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.budgets.caps import forget_capped_customers
from omni_app.cache.forgetting import forget_questions
from omni_app.cache.keys import question_key
from omni_app.conversations.attachments import uploader_of
from omni_app.conversations.erasing import seal
from omni_app.conversations.exporting import export_customer
from omni_app.conversations.jobs import DeleteFiles, FinishErasure
from omni_app.conversations.said import said
from omni_app.customers.addresses import Address
from omni_app.customers.identifying import CONTACT_POINT
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.crypto import decrypt, unwrap_data_key
from omni_app.infra.database import Db
from omni_app.infra.errors import NotFound
from omni_app.infra.jobs import enqueue
from omni_app.infra.scope import Permission
from omni_app.knowledge.suggestions import forget_examples

__all__ = ["ErasureView", "describe_erasure", "erase_customer", "export_customer"]

# A paid call under way books its cost when it ends, at most this long after.
LATER = timedelta(minutes=15)

# One who was merged into another is that other; the shells of those merged into them belong to them.
_FAMILY = text(
    """
    select id, name, data_key from customers
    where id = (select coalesce(merged_into_id, id) from customers where id = :id)
      or merged_into_id = (select coalesce(merged_into_id, id) from customers where id = :id)
    order by merged_into_id nulls first, id
    """
)
_LOCK_THREADS = text("select id from conversations where customer_id = any(:ids) order by id for update")
_LOCK_CUSTOMERS = text("select id from customers where id = any(:ids) order by id for update")

_COUNTS = text(
    """
    select (select count(*) from contact_points where customer_id = any(:ids)) as contact_points,
      (select count(*) from conversations where customer_id = any(:ids)) as conversations,
      (select count(*) from messages where customer_id = any(:ids)) as messages,
      (select count(*) from memories where customer_id = any(:ids)) as memories,
      (select count(*) from attachments where customer_id = any(:ids)
        or conversation_id in (select id from conversations where customer_id = any(:ids))) as attachments,
      (select count(*) from customer_notes where customer_id = any(:ids))
        + (select count(*) from notes where conversation_id in (select id from conversations where customer_id = any(:ids)))
        as notes
    """
)
_POINTS = text("select customer_id, kind, channel, value from contact_points where customer_id = any(:ids)")
_SAID = text(f"select {said('m')} from messages m where m.customer_id = any(:ids) and m.role = 'customer'")  # noqa: S608
# Uploads that were never sent hang on nobody yet; only their sender's name tells whose they are.
_FILES = text(
    """
    with gone as (
      delete from attachments where customer_id = any(:ids)
        or conversation_id in (select id from conversations where customer_id = any(:ids))
        or message_id in (select id from messages where customer_id = any(:ids)) or uploaded_by = any(:uploaders)
      returning storage_key, thumbnail_key
    ), named(name) as (
      select storage_key from gone union all select thumbnail_key from gone
      union all select html_key from messages where customer_id = any(:ids)
      union all select storage_key from channel_events where customer_id = any(:ids)
    )
    select name from named where name <> ''
    """
)
_REPEATS = text(
    """delete from idempotency_keys k
       where exists (select from unnest(cast(:named as text[])) n where position(n in k.body::text) > 0)"""
)
_ERASE = text("delete from customers where id = any(:ids)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureView:
    """How many rows of each kind will go."""

    name: str
    contact_points: int
    conversations: int
    messages: int
    memories: int
    attachments: int
    notes: int


async def describe_erasure(db: Db, customer_id: UUID) -> ErasureView:
    """What `erase_customer` would remove. Raises `Forbidden`, `NotFound`."""
    db.scope.require(Permission.ADMINISTER)
    family = await _load_family(db, customer_id)
    return await _count(db, family)


async def erase_customer(db: Db, customer_id: UUID, *, asked_by: Literal["staff", "customer"] = "staff") -> ErasureView:
    """Remove a customer with everything said, remembered and stored; the data key goes too. It cannot be undone.

    Needs ADMINISTER. Gives how much went; the audit trail keeps these counts and who asked, nothing else. Raises `Forbidden`,
    `NotFound`.
    """
    db.scope.require(Permission.ADMINISTER)
    family = await _load_family(db, customer_id)
    ids = [row.id for row in family]
    conversation_ids = list((await db.execute(_LOCK_THREADS, {"ids": ids})).scalars())
    if len((await db.execute(_LOCK_CUSTOMERS, {"ids": ids})).all()) != len(ids):
        raise NotFound("customer")
    view = await _count(db, family)
    emails, uploaders = await _addresses(db, family)
    said_texts = list((await db.execute(_SAID, {"ids": ids})).scalars())
    hashes = {question_key(said) for said in said_texts}
    files = list((await db.execute(_FILES, {"ids": ids, "uploaders": uploaders})).scalars())
    # An answer that was shared names nobody, but its question may be worded as this customer asked it.
    await forget_questions(db, list(hashes), said_texts)
    await forget_examples(db, said_texts)
    await db.execute(_REPEATS, {"named": [str(one) for one in (*ids, *conversation_ids)]})
    await unname_costs(db, ids, conversation_ids)
    await db.execute(_ERASE, {"ids": ids})
    counts = {name: value for name, value in asdict(view).items() if name != "name"}
    await audit.record(db, "customer.erased", "customer", ids[0], after={**counts, "asked_by": asked_by}, level="WARNING")
    if files:
        await enqueue(db, DeleteFiles(storage_keys=tuple(files)))
    rest = FinishErasure(
        customer_ids=tuple(ids), conversation_ids=tuple(conversation_ids), sealed_emails=tuple(seal(email) for email in emails)
    )
    await enqueue(db, rest)
    await enqueue(db, rest, available_at=now() + LATER)
    for conversation_id in conversation_ids:
        live.publish(db, "conversation.changed", conversation_id=conversation_id, deleted=1)
    live.publish(db, "customer.changed", customer_id=ids[0], deleted=1)
    return view


async def _load_family(db: Db, customer_id: UUID) -> list[Any]:
    family = list((await db.execute(_FAMILY, {"id": customer_id})).all())
    if not family:
        raise NotFound("customer")
    return family


async def _count(db: Db, family: list[Any]) -> ErasureView:
    counted = (await db.execute(_COUNTS, {"ids": [row.id for row in family]})).one()
    return ErasureView(name=family[0].name, **counted._mapping)


async def _addresses(db: Db, family: list[Any]) -> tuple[list[str], list[str]]:
    """The customer's e-mail addresses, and the names under which their widgets upload files."""
    keys = {row.id: unwrap_data_key(row.data_key) for row in family}
    emails, uploaders = [], []
    for point in await db.execute(_POINTS, {"ids": list(keys)}):
        value = decrypt(keys[point.customer_id], point.value, CONTACT_POINT)
        if point.kind == "email":
            emails.append(value)
        elif point.kind == "external":
            uploaders.append(uploader_of(Address(kind=point.kind, channel=point.channel, value=value)))
    return emails, uploaders


async def unname_costs(db: Db, customer_ids: list[UUID], conversation_ids: list[UUID]) -> None:
    """Take the customer out of the ledger and of held money; what was spent stays as it is."""
    values = {"ids": customer_ids, "conversations": conversation_ids}
    await db.execute(
        """update ledger_entries set customer_id = null, conversation_id = null, message_id = null
           where customer_id = any(:ids) or conversation_id = any(:conversations)""",
        values,
    )
    await db.execute("update reservations set customer_id = null where customer_id = any(:ids)", {"ids": customer_ids})
    await forget_capped_customers(db, customer_ids)
