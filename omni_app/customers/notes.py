"""What staff write down about a customer; encrypted under the customer's own key."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.crypto import decrypt, encrypt, unwrap_data_key
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, Forbidden, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission
from omni_app.tenancy.checks import check_text

CUSTOMER_NOTE = "customer_notes.text"
MAX_NOTE = 4000
_LOCK = text("select data_key, merged_into_id from customers where id = :id for no key update")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteView:
    """One note in clear. `is_mine`: the caller wrote it."""

    id: UUID
    author_name: str
    text: str
    is_mine: bool
    created_at: datetime


async def list_notes(db: Db, customer_id: UUID, limit: int = 100) -> list[NoteView]:
    """The newest notes about a customer, newest first. Raises `Forbidden`; a customer who is not there has none."""
    db.scope.require(Permission.VIEW)
    rows = await db.execute(
        """select n.id, n.author_id, n.author_name, n.text, n.created_at, cu.data_key from customer_notes n
           join customers cu on cu.id = n.customer_id where n.customer_id = :id
           order by n.created_at desc, n.id desc limit :limit""",
        {"id": customer_id, "limit": min(limit, 500)},
    )
    me = db.scope.actor.id
    return [
        NoteView(
            id=row.id,
            author_name=row.author_name,
            text=decrypt(unwrap_data_key(row.data_key), row.text, CUSTOMER_NOTE),
            is_mine=me is not None and row.author_id == me,
            created_at=row.created_at,
        )
        for row in rows
    ]


async def add_note(db: Db, customer_id: UUID, note: str) -> UUID:
    """Write a note, 1 to 4,000 characters. Raises `Invalid` (field `note`), `NotFound`, `Conflict`, `Forbidden` without REPLY."""
    db.scope.require(Permission.REPLY)
    clean = check_text(note, "note", "The note", shortest=1, longest=MAX_NOTE)
    # Locked, so that nobody joins the customer with another (and another key) meanwhile.
    row = (
        await db.execute(
            text("select data_key, merged_into_id from customers where id = :id for no key update"), {"id": customer_id}
        )
    ).one_or_none()
    if row is None:
        raise NotFound("customer")
    if row.merged_into_id is not None:
        raise Conflict("This customer was joined with another. Write the note there.")
    note_id, actor = new_id(), db.scope.actor
    await db.execute(
        """insert into customer_notes (id, business_id, customer_id, author_id, author_name, text, created_at)
           values (:id, :business_id, :customer_id, :author_id, :author_name, :text, :now)""",
        {
            "id": note_id,
            "business_id": db.scope.business_id,
            "customer_id": customer_id,
            "author_id": actor.id,
            "author_name": actor.name,
            "text": encrypt(unwrap_data_key(row.data_key), clean, CUSTOMER_NOTE),
            "now": now(),
        },
    )
    await audit.record(db, "customer.note_added", "customer", customer_id, after={"note_id": str(note_id)})
    live.publish(db, "customer.changed", customer_id=customer_id)
    return note_id


async def delete_note(db: Db, note_id: UUID) -> None:
    """Remove a note: one's own, or with ADMINISTER anybody's. Raises `NotFound`, `Forbidden`."""
    db.scope.require(Permission.REPLY)
    row = (
        await db.execute("select customer_id, author_id from customer_notes where id = :id for update", {"id": note_id})
    ).one_or_none()
    if row is None:
        raise NotFound("note")
    if row.author_id != db.scope.actor.id and Permission.ADMINISTER not in db.scope.permissions:
        raise Forbidden("Only who wrote a note, or an admin, can remove it.")
    await db.execute("delete from customer_notes where id = :id", {"id": note_id})
    await audit.record(db, "customer.note_deleted", "customer", row.customer_id, after={"note_id": str(note_id)})
    live.publish(db, "customer.changed", customer_id=row.customer_id)
