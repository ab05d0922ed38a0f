"""What staff write to each other beside a conversation. Customers and models never see it.

The text is encrypted under the customer's data key: it goes with the customer.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from omni_app import audit
from omni_app.conversations.changing import staff_of
from omni_app.conversations.receiving import check_text
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.crypto import decrypt, encrypt, unwrap_data_key
from omni_app.infra.database import Db
from omni_app.infra.errors import Forbidden, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission

NOTE = "notes.text"
MAX_NOTES = 1000
"""Notes of one conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteView:
    """One note. It stands behind message number `after_seq`; `mentions` holds the ids of the members it names."""

    id: UUID
    after_seq: int
    author_id: UUID | None
    author_name: str
    text: str
    mentions: tuple[UUID, ...]
    created_at: datetime


async def add_note(db: Db, conversation_id: UUID, text: str) -> NoteView:
    """Write a note as the calling member; "@Maya" names a colleague.

    Raises `Invalid` (field `text`), `Forbidden`, `NotFound`.
    """
    staff_of(db, members_only=True)
    note = await write_note(db, conversation_id, check_text(text))
    await db.execute(
        "delete from drafts where member_id = :member_id and conversation_id = :id and kind = 'note'",
        {"member_id": db.scope.actor.id, "id": conversation_id},
    )
    return note


async def write_note(db: Db, conversation_id: UUID, text: str) -> NoteView:
    """Store a checked note in the name of the actor, who may be an API key. Raises `Invalid`, `NotFound`."""
    actor = db.scope.actor
    row = (
        await db.execute(
            """select c.last_seq, cu.data_key, (select count(*) from notes n where n.conversation_id = c.id) as notes,
                 (select jsonb_object_agg(m.id, m.name) from members m) as members
               from conversations c join customers cu on cu.id = c.customer_id where c.id = :id""",
            {"id": conversation_id},
        )
    ).one_or_none()
    if row is None:
        raise NotFound("conversation")
    if row.notes >= MAX_NOTES:
        raise Invalid(f"A conversation has at most {MAX_NOTES:,} notes.", "text")
    note = NoteView(
        id=new_id(),
        after_seq=row.last_seq,
        author_id=actor.id if actor.kind == "member" else None,
        author_name=actor.name,
        text=text,
        mentions=find_mentions(text, [(UUID(id_), name) for id_, name in (row.members or {}).items()]),
        created_at=now(),
    )
    await db.execute(
        """insert into notes (id, business_id, conversation_id, after_seq, author_id, author_name, text, mentions, created_at)
           values (:id, :business_id, :conversation_id, :after_seq, :author_id, :author_name, :text,
             to_jsonb(cast(:mentions as text[])), :now)""",
        {
            "id": note.id,
            "business_id": db.scope.business_id,
            "conversation_id": conversation_id,
            "after_seq": note.after_seq,
            "author_id": note.author_id,
            "author_name": note.author_name,
            "text": encrypt(unwrap_data_key(row.data_key), text, NOTE),
            "mentions": [str(member_id) for member_id in note.mentions],
            "now": note.created_at,
        },
    )
    live.publish(db, "conversation.changed", conversation_id=conversation_id, note=note.id)
    return note


def mention_pattern(names: Sequence[str]) -> re.Pattern[str] | None:
    """What finds "@Maya Chen" and "@Maya" in a text, the longer name first; None when there are no names."""
    known = {name.strip() for full in names for name in (full, full.split(" ")[0]) if name.strip()}
    if not known:
        return None
    words = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
    return re.compile(rf"(?<!\w)@({words})(?!\w)", re.IGNORECASE)


def find_mentions(text: str, members: Sequence[tuple[UUID, str]]) -> tuple[UUID, ...]:
    """The members whom `text` names by "@" and their full name, or their first name when only one member has it."""
    pattern = mention_pattern([name for _, name in members])
    named = {match.group(1).casefold() for match in pattern.finditer(text)} if pattern else set()
    firsts = [name.split(" ")[0].casefold() for _, name in members]
    return tuple(
        member_id
        for member_id, name in members
        if name.casefold() in named or (firsts.count(first := name.split(" ")[0].casefold()) == 1 and first in named)
    )


async def list_notes(db: Db, conversation_id: UUID) -> list[NoteView]:
    """All notes of a conversation, oldest first. Raises `Forbidden`; another business's conversation has none."""
    db.scope.require(Permission.VIEW)
    rows = (
        await db.execute(
            """select n.id, n.after_seq, n.author_id, n.author_name, n.text, n.mentions, n.created_at, cu.data_key
               from notes n join conversations c on c.id = n.conversation_id join customers cu on cu.id = c.customer_id
               where n.conversation_id = :id order by n.created_at, n.id""",
            {"id": conversation_id},
        )
    ).all()
    if not rows:
        return []
    key = unwrap_data_key(rows[0].data_key)
    return [_view(row, key) for row in rows]


def _view(row: Any, key: bytes) -> NoteView:
    return NoteView(
        id=row.id,
        after_seq=row.after_seq,
        author_id=row.author_id,
        author_name=row.author_name,
        text=decrypt(key, row.text, NOTE),
        mentions=tuple(UUID(member_id) for member_id in row.mentions),
        created_at=row.created_at,
    )


async def delete_note(db: Db, note_id: UUID) -> None:
    """Delete a note one wrote oneself. Raises `Forbidden` for a colleague's, `NotFound`."""
    actor = staff_of(db, members_only=True)
    row = (
        await db.execute("select conversation_id, author_id from notes where id = :id for update", {"id": note_id})
    ).one_or_none()
    if row is None:
        raise NotFound("note")
    if row.author_id != actor.id:
        raise Forbidden("Only its author can delete a note.")
    await db.execute("delete from notes where id = :id", {"id": note_id})
    await audit.record(db, "note.deleted", "conversation", row.conversation_id)
    live.publish(db, "conversation.changed", conversation_id=row.conversation_id, note=note_id)
