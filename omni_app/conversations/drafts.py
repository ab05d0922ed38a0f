"""What a member began to write and has not sent, kept for them across tabs and days."""

from typing import Literal, get_args
from uuid import UUID

from omni_app.conversations.changing import staff_of
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Invalid, NotFound

Kind = Literal["reply", "note"]

MAX_DRAFT = 20_000
"""Characters kept; longer than a message may be, so that nobody loses what they must shorten."""


async def save_draft(db: Db, conversation_id: UUID, kind: str, text: str) -> None:
    """Keep what the calling member has written so far; an empty text forgets it.

    Raises `Invalid` (fields `kind`, `text`), `Forbidden`, `NotFound`.
    """
    member = staff_of(db, members_only=True)
    if kind not in get_args(Kind):
        raise Invalid("A draft is a reply or a note.", "kind")
    text = text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if len(text) > MAX_DRAFT:
        raise Invalid(f"A draft has at most {MAX_DRAFT:,} characters.", "text")
    values = {"member_id": member.id, "id": conversation_id, "kind": kind}
    if not text.strip():
        await db.execute("delete from drafts where member_id = :member_id and conversation_id = :id and kind = :kind", values)
        return
    kept = await db.execute(
        """insert into drafts (business_id, member_id, conversation_id, kind, text, updated_at)
           select c.business_id, :member_id, c.id, :kind, :text, :now from conversations c where c.id = :id
           on conflict (member_id, conversation_id, kind) do update set text = excluded.text, updated_at = excluded.updated_at
           returning kind""",
        {**values, "text": text, "now": now()},
    )
    if kept.one_or_none() is None:
        raise NotFound("conversation")


async def load_drafts(db: Db, conversation_id: UUID) -> dict[str, str]:
    """What the calling member has begun in a conversation: kind -> text; empty for who may not reply."""
    member = db.scope.actor
    if member.kind != "member":
        return {}
    rows = await db.execute(
        "select kind, text from drafts where member_id = :member_id and conversation_id = :id",
        {"member_id": member.id, "id": conversation_id},
    )
    return {row.kind: row.text for row in rows}


async def clear_draft(db: Db, conversation_id: UUID, kind: str = "reply") -> None:
    """Forget what the calling member has begun. Raises `Forbidden`."""
    await save_draft(db, conversation_id, kind, "")
