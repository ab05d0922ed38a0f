"""What screens read of conversations."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text

from omni_app.conversations.mail_envelopes import open_envelope
from omni_app.infra.database import Db
from omni_app.infra.errors import NotFound
from omni_app.infra.scope import Permission

Folder = Literal["waiting", "mine", "unassigned", "ai", "all", "snoozed", "closed"]

# A snoozed conversation is out of the way: it shows in its own folder and in all.
_HERE = "c.status not in ('closed', 'snoozed')"
# Nobody but staff can say what became of a message whose fate stays unknown.
_ASKED = """(c.status <> 'closed' and c.id in (
  select u.conversation_id from deliveries u where u.status = 'unknown' and u.asked_at is not null))"""
_FOLDERS: dict[str, str] = {
    "waiting": f"(c.status = 'waiting' or {_ASKED})",
    "mine": f"{_HERE} and c.assignee_id = :member_id",
    "unassigned": f"{_HERE} and c.speaker = 'human' and c.assignee_id is null",
    "ai": f"{_HERE} and c.speaker = 'ai'",
    "all": "c.status <> 'closed'",
    "snoozed": "c.status = 'snoozed'",
    "closed": "c.status = 'closed'",
}

_PRESSING = "array_position(array['urgent', 'high', 'normal', 'low'], c.priority)"
_FILTERED = """
    (:channel = '' or c.channel = :channel) and (:priority = '' or c.priority = :priority)
    and (cast(:label_id as uuid) is null or exists (
      select from conversation_labels f where f.conversation_id = c.id and f.label_id = cast(:label_id as uuid)))
    and (not :is_nobody or c.assignee_id is null)
    and (cast(:assignee_id as uuid) is null or c.assignee_id = cast(:assignee_id as uuid))
    and (not :unread or c.last_customer_seq > coalesce(r.seq, 0))
"""

SUMMARY = """
    select c.id, c.customer_id, cu.name as customer_name, c.channel, c.status, c.speaker, c.subject, c.assignee_id,
      a.name as assignee_name, c.last_text, c.last_role, c.last_seq, c.last_message_at, c.waiting_since, c.handover_reason,
      c.created_at, c.priority, c.snoozed_until, c.handed_over_at, c.handover_summary, c.summary, c.page, c.language,
      c.contact_point_id, case when n.id is not null then jsonb_build_object('id', n.id, 'name', n.name, 'kind', n.kind,
        'is_on', n.is_on, 'is_sandbox', n.is_sandbox, 'health', n.health, 'detail', n.health_detail) end as connection,
      w.author_id as last_author_id, w.author_name as last_author_name,
      exists (select from drafts d where d.member_id = :member_id and d.conversation_id = c.id) as has_draft,
      (select coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'name', l.name, 'color', l.color) order by lower(l.name)), '[]')
         from conversation_labels cl join labels l on l.id = cl.label_id where cl.conversation_id = c.id) as labels,
      case when c.last_customer_seq > coalesce(r.seq, 0) then (select count(*) from messages m
         where m.conversation_id = c.id and m.role = 'customer' and m.seq > coalesce(r.seq, 0)) else 0 end as unread
    from conversations c
    join customers cu on cu.id = c.customer_id
    left join members a on a.id = c.assignee_id
    left join channel_connections n on n.id = c.connection_id
    left join read_marks r on r.conversation_id = c.id and r.member_id = :member_id
    left join lateral (select m.author_id, m.author_name from messages m where c.last_role = 'staff'
      and m.conversation_id = c.id and m.role = 'staff' order by m.seq desc limit 1) w on true
"""

_COUNTS = text(
    "select "  # noqa: S608
    + ", ".join(f'count(*) filter (where {condition}) as "{name}"' for name, condition in _FOLDERS.items())
    + " from conversations c"
)

_MESSAGES = text(
    """
    select * from (
      select m.id, m.seq, m.role, m.text, m.status, m.client_id, m.author_name, m.source, m.tier, m.confidence, m.sources,
        m.attachments, m.offers_person, m.cost_nusd, m.receipt_id, m.created_at, m.kind, m.details, m.problem, m.folded,
        m.external_id, m.answers_id, m.html_key <> '' as has_html, m.envelope <> '' as has_envelope,
        case when :with_mail then m.envelope else '' end as envelope, case when :with_mail then cu.data_key end as data_key,
        d.error, d.error_kind, d.error_code, d.parts, d.is_asked, d.can_retry
      from messages m
      left join customers cu on :with_mail and cu.id = m.customer_id
      left join lateral (
        select count(*) as parts, bool_or(p.asked_at is not null and p.status = 'unknown') as is_asked,
          bool_or(p.status = 'failed' or (p.status = 'unknown' and p.asked_at is not null)) as can_retry,
          (array_agg(p.error order by p.status <> 'failed', p.error = '', p.part))[1] as error,
          (array_agg(p.error_kind order by p.status <> 'failed', p.error = '', p.part))[1] as error_kind,
          (array_agg(p.error_code order by p.status <> 'failed', p.error = '', p.part))[1] as error_code
        from deliveries p where m.role in ('assistant', 'staff') and p.message_id = m.id) d on d.parts > 0
      where m.conversation_id = :conversation_id and m.seq > :after and m.seq < :before
      order by m.seq desc limit :limit) newest
    order by seq
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What narrows a folder; what is empty (or None) does not. `assignee` is a member's id, or "none"."""

    channel: str = ""
    label_id: UUID | None = None
    assignee: UUID | Literal["none"] | None = None
    priority: str = ""
    unread: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationView:
    """One row of the list. `unread` counts customer messages the calling member has not seen; `last_author_*` is the member who
    wrote the last text, when staff did; `has_draft`: the calling member began to write. `labels` [{id, name, color}], by name;
    `page` {url, title} is where the visitor was last. `connection` {id, name, kind, is_on, is_sandbox, health, detail} is the
    account answers go out by, to `contact_point_id`; None in the widget."""

    id: UUID
    customer_id: UUID
    customer_name: str
    channel: str
    status: str
    speaker: str
    subject: str
    assignee_id: UUID | None
    assignee_name: str | None
    last_text: str
    last_role: str
    last_seq: int
    last_message_at: datetime
    waiting_since: datetime | None
    handover_reason: str | None
    created_at: datetime
    priority: str = "normal"
    snoozed_until: datetime | None = None
    handed_over_at: datetime | None = None
    handover_summary: str = ""
    summary: str = ""
    page: dict[str, Any] = field(default_factory=dict)
    language: str = ""
    contact_point_id: UUID | None = None
    connection: dict[str, Any] | None = None
    last_author_id: UUID | None
    last_author_name: str | None
    has_draft: bool = False
    labels: tuple[dict[str, str], ...] = ()
    unread: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """How a message of ours fares on its channel, beside its `status`. `error` are the provider's words, or ours for why it
    waits; `error_kind` as in `channels.failures.RefusalKind`, or budget, revoked, paused, off. `is_asked`: staff have to say what
    became of it, as nobody else can (`delivery.retry_delivery`, `delivery.mark_arrived`)."""

    error: str = ""
    error_kind: str = ""
    error_code: str = ""
    can_retry: bool = False
    is_asked: bool = False
    parts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """One message as shown. `sources` [{kind, id, title, quote}]; `attachments` [{id, name, media_type, size}]; `cost_nusd` in
    nano-dollars. `kind`, `details`, `problem` and `folded` as in `models.Message`; `delivery` is None where nothing is sent by a
    channel. `subject`, `sender`, `to` and `cc` are a mail's, filled in only when asked for (`list_messages(with_mail=True)`)."""

    id: UUID
    seq: int
    role: str
    text: str
    status: str
    client_id: str | None
    author_name: str | None
    source: str | None
    tier: str | None
    confidence: float | None
    sources: tuple[dict[str, Any], ...]
    attachments: tuple[dict[str, Any], ...] = ()
    offers_person: bool
    cost_nusd: int
    receipt_id: UUID | None
    created_at: datetime
    kind: str = "text"
    details: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    folded: str = ""
    external_id: str | None = None
    answers_id: str = ""
    has_html: bool = False
    has_envelope: bool = False
    subject: str = ""
    sender: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    delivery: DeliveryView | None = None


async def list_conversations(
    db: Db, folder: Folder, limit: int = 50, before: datetime | None = None, filters: Filters | None = None
) -> list[ConversationView]:
    """The newest conversations of a folder; in `waiting` the most pressing and then the longest wait comes first.

    `before` pages by `last_message_at`. Raises `Forbidden`.
    """
    db.scope.require(Permission.VIEW)
    wanted = filters or Filters()
    order = f"{_PRESSING}, c.waiting_since asc" if folder == "waiting" else "c.last_message_at desc"
    statement = f"""{SUMMARY} where {_FOLDERS[folder]} and {_FILTERED}
      and (cast(:before as timestamptz) is null or c.last_message_at < :before) order by {order} limit :limit"""
    values = {
        "member_id": db.scope.actor.id,
        "before": before,
        "limit": min(limit, 200),
        "channel": wanted.channel,
        "label_id": wanted.label_id,
        "is_nobody": wanted.assignee == "none",
        "assignee_id": wanted.assignee if isinstance(wanted.assignee, UUID) else None,
        "priority": wanted.priority,
        "unread": wanted.unread,
    }
    return [view_of(row) for row in await db.execute(statement, values)]


async def load_conversation(db: Db, conversation_id: UUID) -> ConversationView:
    """One conversation. Raises `NotFound`, also for another business's."""
    db.scope.require(Permission.VIEW)
    row = (await db.execute(f"{SUMMARY} where c.id = :id", {"member_id": db.scope.actor.id, "id": conversation_id})).one_or_none()
    if row is None:
        raise NotFound("conversation")
    return view_of(row)


def view_of(row: Any) -> ConversationView:
    """A row of `SUMMARY` as a view."""
    values = {name: value for name, value in row._mapping.items() if name in _VIEW_FIELDS}
    return ConversationView(**{**values, "labels": tuple(row.labels), "page": row.page or {}})


_VIEW_FIELDS = frozenset(item.name for item in fields(ConversationView))


@dataclass(frozen=True, slots=True, kw_only=True)
class PastConversation:
    """Another conversation of the same customer, as the profile lists it."""

    id: UUID
    channel: str
    status: str
    subject: str
    summary: str
    last_text: str
    last_message_at: datetime


async def list_past(db: Db, customer_id: UUID, without: UUID, limit: int = 5) -> list[PastConversation]:
    """The customer's newest other conversations with their summaries. Raises `Forbidden`."""
    db.scope.require(Permission.VIEW)
    rows = await db.execute(
        """select id, channel, status, subject, summary, last_text, last_message_at from conversations
           where customer_id = :customer_id and id <> :without order by last_message_at desc limit :limit""",
        {"customer_id": customer_id, "without": without, "limit": min(limit, 50)},
    )
    return [PastConversation(**row._mapping) for row in rows]


async def count_folders(db: Db) -> dict[str, int]:
    """How many conversations each folder holds."""
    db.scope.require(Permission.VIEW)
    row = (await db.execute(_COUNTS, {"member_id": db.scope.actor.id})).one()
    return {str(name): int(count) for name, count in row._mapping.items()}


async def list_messages(
    db: Db, conversation_id: UUID, after: int = 0, before: int = 2**31 - 1, limit: int = 100, *, with_mail: bool = False
) -> list[MessageView]:
    """Up to `limit` newest messages numbered between `after` and `before` (both excluded), oldest first. Raises `Forbidden`."""
    db.scope.require(Permission.VIEW)
    rows = await db.execute(
        _MESSAGES,
        {
            "conversation_id": conversation_id,
            "after": after,
            "before": before,
            "limit": min(limit, 500),
            "with_mail": with_mail,
        },
    )
    return [_message_of(row) for row in rows]


def _message_of(row: Any) -> MessageView:
    values = {name: value for name, value in row._mapping.items() if name in _MESSAGE_FIELDS}
    if row.parts:
        values["delivery"] = DeliveryView(
            error=row.error or "",
            error_kind=row.error_kind or "",
            error_code=row.error_code or "",
            can_retry=row.can_retry,
            is_asked=row.is_asked,
            parts=row.parts,
        )
    if row.envelope:
        values |= _mail_of(row)
    return MessageView(
        **{
            **values,
            "sources": tuple(row.sources or ()),
            "attachments": tuple(row.attachments or ()),
            "details": row.details or {},
        }
    )


def _mail_of(row: Any) -> dict[str, Any]:
    head = open_envelope(row.data_key, row.envelope)
    return {"subject": head.subject, "sender": head.from_address, "to": head.to, "cc": head.cc}


_MESSAGE_FIELDS = frozenset(item.name for item in fields(MessageView))


async def list_statuses(db: Db, conversation_id: UUID, after: int = 0) -> dict[int, str]:
    """How far each of our messages numbered above `after` got: number -> a status of `models.Message`. Raises `Forbidden`."""
    db.scope.require(Permission.VIEW)
    rows = await db.execute(
        """select seq, status from messages where conversation_id = :id and seq > :after and role in ('assistant', 'staff')""",
        {"id": conversation_id, "after": after},
    )
    return {row.seq: row.status for row in rows}
