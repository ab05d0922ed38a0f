"""Find conversations by what people remember of them: a name, some words, an address, a label, an id."""

import re
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import text

from omni_app.conversations.reading import SUMMARY, ConversationView, view_of
from omni_app.customers.addresses import Address, hint_index, normalize_email, normalize_phone
from omni_app.infra.database import Db
from omni_app.infra.errors import Invalid
from omni_app.infra.scope import Permission

SHORTEST = 2
LONGEST = 200
NEWEST = 50_000
"""Messages of a business that are searched, newest first: bounds what one search costs."""

_AROUND = 40
"""Characters shown on either side of a found word."""

_DOMAIN = re.compile(r"@?([\w-]+(?:\.[\w-]+)+)", re.IGNORECASE)

# `rank` says which reason is shown when several apply. RLS keeps every part inside the business.
_FOUND = text(
    f"""
    with hits as (
      select c.id, 0 as rank, 'address' as matched, '' as found from contact_points cp
        join conversations c on c.customer_id = cp.customer_id
        where cp.value_index = any(:indexes) or cp.hints ?| cast(:hints as text[])
      union all select c.id, 1, 'id', '' from conversations c where c.id = cast(:id as uuid)
      union all select c.id, 2, 'name', cu.name from customers cu join conversations c on c.customer_id = cu.id
        where cu.name ilike :pattern
      union all select c.id, 3, 'subject', c.subject from conversations c where c.subject ilike :pattern
      union all select cl.conversation_id, 4, 'label', l.name from labels l join conversation_labels cl on cl.label_id = l.id
        where l.name ilike :pattern
      union all (select m.conversation_id, 5, 'message', m.text from (
          select n.conversation_id, n.text, n.role, n.created_at from messages n order by n.created_at desc limit :newest) m
        where m.role <> 'system' and m.text ilike :pattern order by m.created_at desc limit 500)
    ), best as (select distinct on (id) id, matched, found from hits order by id, rank),
    s as ({SUMMARY} join best on best.id = c.id)
    select s.*, best.matched, best.found from s join best on best.id = s.id order by s.last_message_at desc limit :limit
    """  # noqa: S608
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One conversation that fits: what of it did, and the words around the find, as (before, found, after)."""

    conversation: ConversationView
    matched: Literal["address", "id", "name", "subject", "label", "message"]
    before: str
    hit: str
    after: str


async def search_conversations(db: Db, query: str, limit: int = 30) -> list[Found]:
    """Conversations of every folder that fit `query`, newest first.

    Looks at the customer's name, the subject, labels and the newest 50,000 messages (any part of a word, upper and lower case
    alike); at addresses by the whole e-mail or phone number, a number's last four digits or a mail address's domain, claimed ones
    too; and at the conversation's id. Raises `Invalid` (field `query`) below two characters, `Forbidden`.
    """
    db.scope.require(Permission.VIEW)
    wanted = " ".join(query.replace("\x00", "").encode("utf-8", "replace").decode("utf-8").split())
    if len(wanted) < SHORTEST:
        raise Invalid(f"Write at least {SHORTEST} characters.", "query")
    if len(wanted) > LONGEST:
        raise Invalid(f"Search for at most {LONGEST} characters.", "query")
    indexes, hints = _address_indexes(wanted)
    rows = await db.execute(
        _FOUND,
        {
            "pattern": f"%{escape_like(wanted)}%",
            "indexes": indexes,
            "hints": hints,
            "id": _id(wanted),
            "newest": NEWEST,
            "limit": min(limit, 100),
            "member_id": db.scope.actor.id,
        },
    )
    return [_found(row, wanted) for row in rows]


def escape_like(words: str) -> str:
    """`words` as LIKE takes them literally."""
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _address_indexes(wanted: str) -> tuple[list[str], list[str]]:
    """Blind indexes of the whole address and of the part of one that `wanted` may be."""
    indexes, hints = [], []
    if "@" in wanted.strip("@"):
        try:
            value = normalize_email(wanted, "query")
        except Invalid:
            value = ""
        if value:
            indexes.append(Address(kind="email", channel="", value=value).index)
    elif match := _DOMAIN.fullmatch(wanted):
        hints.append(hint_index("email", match.group(1).lower()))
    digits = re.sub(r"[\s()./-]", "", wanted)
    if re.fullmatch(r"\d{4}", digits):
        hints.append(hint_index("phone", digits))
    elif re.fullmatch(r"(\+|00)?\d{7,15}", digits):
        try:
            number = normalize_phone("+" + digits.removeprefix("+").removeprefix("00"), "query")
        except Invalid:
            number = ""
        if number:
            indexes.append(Address(kind="phone", channel="", value=number).index)
    return indexes, hints


def _id(wanted: str) -> UUID | None:
    try:
        return UUID(wanted)
    except ValueError:
        return None


def _found(row: object, wanted: str) -> Found:
    found = " ".join(str(row.found).split())  # type: ignore[attr-defined]
    matched = row.matched  # type: ignore[attr-defined]
    at = found.casefold().find(wanted.casefold()) if len(found.casefold()) == len(found) else found.lower().find(wanted.lower())
    if at < 0:
        return Found(conversation=view_of(row), matched=matched, before=found[: 2 * _AROUND], hit="", after="")
    start, end = max(0, at - _AROUND), at + len(wanted)
    return Found(
        conversation=view_of(row),
        matched=matched,
        before=("…" if start else "") + found[start:at],
        hit=found[at:end],
        after=found[end : end + 2 * _AROUND] + ("…" if len(found) > end + 2 * _AROUND else ""),
    )
