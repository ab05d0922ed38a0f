"""Conversations by page, filtered as a program or a customer's profile asks for them."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text

from omni_app.conversations.reading import SUMMARY, ConversationView, view_of
from omni_app.conversations.searching import LONGEST, NEWEST, escape_like
from omni_app.customers.listing import searchable
from omni_app.infra.database import Db
from omni_app.infra.errors import Invalid
from omni_app.infra.scope import Permission

# The newest first; the figures and names are read for the rows of one page only.
_PAGE = """
    with page as (
      select c.id, count(*) over () as total, row_number() over (order by c.last_message_at desc, c.id desc) as place
      from conversations c where {conditions} order by c.last_message_at desc, c.id desc limit :limit offset :offset
    ), s as ({summary} join page on page.id = c.id)
    select s.*, page.total from s join page on page.id = s.id order by page.place
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationFilter:
    """Which conversations: empty and None mean all. `assignee` is a member's id, or "none"; `label` a label's name.

    `search` looks in the customer's name, the subject and the newest 50,000 messages.
    """

    status: str = ""
    channel: str = ""
    speaker: str = ""
    label: str = ""
    search: str = ""
    assignee: UUID | Literal["none"] | None = None
    customer_id: UUID | None = None


async def list_pages(
    db: Db, wanted: ConversationFilter = ConversationFilter(), page: int = 1, limit: int = 25
) -> tuple[list[ConversationView], int]:
    """One page of conversations, the last active first, and how many match in all. Raises `Forbidden`, `Invalid` (`search`)."""
    db.scope.require(Permission.VIEW)
    conditions, values = _conditions(wanted)
    statement = _PAGE.format(conditions=conditions, summary=SUMMARY)
    values["member_id"] = db.scope.actor.id
    rows = (await db.execute(text(statement), {**values, "limit": limit, "offset": (page - 1) * limit})).all()
    if rows:
        return [view_of(row) for row in rows], int(rows[0].total)
    if page == 1:
        return [], 0
    counted = f"select count(*) from conversations c where {conditions}"  # noqa: S608 (constants)
    return [], int((await db.execute(text(counted), values)).scalar_one())


def _conditions(wanted: ConversationFilter) -> tuple[str, dict[str, Any]]:
    parts, values = ["true"], dict[str, Any]()
    for name in ("status", "channel", "speaker"):
        if value := getattr(wanted, name):
            parts.append(f"c.{name} = :{name}")
            values[name] = value
    if wanted.customer_id is not None:
        parts.append("c.customer_id = :customer_id")
        values["customer_id"] = wanted.customer_id
    if wanted.assignee == "none":
        parts.append("c.assignee_id is null")
    elif wanted.assignee is not None:
        parts.append("c.assignee_id = :assignee_id")
        values["assignee_id"] = wanted.assignee
    if label := searchable(wanted.label):
        parts.append(
            "exists (select from conversation_labels cl join labels l on l.id = cl.label_id "
            "where cl.conversation_id = c.id and lower(l.name) = lower(:label))"
        )
        values["label"] = label
    if search := searchable(wanted.search):
        if len(search) > LONGEST:
            raise Invalid(f"Search for at most {LONGEST} characters.", "search")
        parts.append(
            "(c.subject ilike :pattern "
            "or exists (select from customers cu where cu.id = c.customer_id and cu.name ilike :pattern) "
            "or c.id in (select m.conversation_id from (select n.conversation_id, n.text, n.role from messages n "
            "order by n.created_at desc limit :newest) m where m.role <> 'system' and m.text ilike :pattern))"
        )
        values |= {"pattern": f"%{escape_like(search)}%", "newest": NEWEST}
    return " and ".join(parts), values
