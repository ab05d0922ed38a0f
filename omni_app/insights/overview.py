"""The first page: what holds now in one statement, the figures of a period in another."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app.infra.database import Db
from omni_app.infra.errors import NotFound
from omni_app.infra.scope import Permission
from omni_app.insights.periods import Period

WAITING_SHOWN = 5

# What holds now, whatever period is looked at. The list travels as JSON: one statement for the row and its list.
_STANDING = text(
    """
    select b.name, b.timezone, b.opening_hours,
      (select count(*) from faqs) as faqs,
      (select count(*) from members) as members,
      exists (select 1 from conversations) as has_conversations,
      exists (select 1 from conversations c where c.channel = 'chat') as has_chat,
      (select count(*) from conversations c where c.status = 'waiting') as waiting_count,
      (select coalesce(jsonb_agg(w order by w.waiting_since nulls last, w.id), '[]') from (
         select c.id, c.customer_id, cu.name as customer_name, c.channel, c.waiting_since, a.name as assignee,
           coalesce(c.assignee_id = :member_id, false) as is_mine,
           coalesce((select left(m.text, 300) from messages m where m.conversation_id = c.id and m.role = 'customer'
             order by m.seq desc limit 1), '') as text
         from conversations c join customers cu on cu.id = c.customer_id left join members a on a.id = c.assignee_id
         where c.status = 'waiting' order by c.waiting_since nulls last, c.id limit :limit) w) as waiting
    from businesses b where b.id = :business_id
    """
)

# An answer is a message of the assistant or of staff. What it came from: the cache whatever filled it, then its source; an
# assistant's message without a source either offered a person ("unsure") or was a greeting, a hand-over or about the
# customer's own history ("courtesy").
_KIND = """
    case when m.role = 'staff' then 'person' when m.tier is not null then 'cache'
      when m.source not in ('none', 'memory') then m.source when m.offers_person then 'unsure' else 'courtesy' end
"""

_FIGURES = text(
    f"""
    with spans (span, since, until) as (
      values ('now', cast(:start as timestamptz), cast(:until as timestamptz)),
        ('before', cast(:before_start as timestamptz), cast(:before_until as timestamptz))
    ), m as materialized (
      select s.span, s.since, s.until, m.conversation_id, m.seq, m.role, m.offers_person, m.cost_nusd, m.created_at,
        {_KIND} as kind,
        min(m.seq) filter (where m.role = 'customer') over (partition by s.span, m.conversation_id) as first_seq
      from spans s join messages m on m.created_at >= s.since and m.created_at < s.until
    ), t as (
      select span, conversation_id, min(since) as since, min(until) as until, bool_or(role = 'staff') as has_staff,
        extract(epoch from min(created_at) filter (where role in ('assistant', 'staff') and seq > first_seq)
          - min(created_at) filter (where role = 'customer')) as first_reply,
        max(2 * seq + cast(offers_person as int)) filter (where role = 'assistant') % 2 = 1 as ends_unsure
      from m where first_seq is not null group by span, conversation_id
    ), talks as (
      select t.span, t.conversation_id, t.first_reply, t.ends_unsure, c.channel,
        t.has_staff or coalesce(c.handed_over_at >= t.since and c.handed_over_at < t.until, false)
          or (t.span = 'now' and c.speaker = 'human') as has_person
      -- "limit 1" keeps this a look-up by key for each conversation of these days: joined freely, the planner reads them all.
      from t cross join lateral (select * from conversations c where c.id = t.conversation_id limit 1) c
    ), figures as (
      select s.span, count(t.conversation_id) as conversations,
        count(*) filter (where not t.has_person and not t.ends_unsure) as solved,
        count(*) filter (where t.has_person) as with_person,
        percentile_cont(0.5) within group (order by t.first_reply) as first_reply,
        (select coalesce(sum(l.cost_nusd), 0) from ledger_entries l where l.created_at >= s.since and l.created_at < s.until)
          as spent_nusd
      from spans s left join talks t on t.span = s.span group by s.span, s.since, s.until
    )
    select
      (select jsonb_object_agg(span, to_jsonb(f)) from figures f) as figures,
      (select coalesce(jsonb_agg(k), '[]') from (
         select cast(date_trunc(:unit, created_at at time zone :timezone) as text) as at, kind, count(*) as answers,
           sum(cost_nusd) as cost_nusd
         from m where span = 'now' and role in ('assistant', 'staff') group by 1, 2) k) as answers,
      (select coalesce(jsonb_agg(h order by h.conversations desc, h.channel), '[]') from (
         select channel, count(*) as conversations from talks where span = 'now' group by 1) h) as channels,
      (select jsonb_build_array(count(*), count(*) filter (where cost_nusd = 0)) from m
         where span = 'now' and role = 'assistant') as automatic
    """  # noqa: S608 (constants of this module)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A conversation that waits for a person. `text` is what the customer wrote last; `assignee` has it, if anybody."""

    id: UUID
    customer_id: UUID
    customer_name: str
    channel: str
    waiting_since: datetime | None
    assignee: str | None
    is_mine: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A business as it is now: how far it is set up, and who waits (the longest wait first, `waiting_count` in all)."""

    name: str
    timezone: str
    opening_hours: Mapping[str, Any]
    faqs: int
    members: int
    has_conversations: bool
    has_chat: bool
    waiting: tuple[Waiting, ...]
    waiting_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One stretch of time. A conversation counts when the customer wrote in it.

    `solved`: the assistant's last answer stood and no person was needed. `with_person`: staff wrote, or it was handed to them.
    `first_reply` in seconds: median from a conversation's first message in this stretch to the answer after it, whoever gave it.
    """

    conversations: int = 0
    solved: int = 0
    with_person: int = 0
    first_reply: float | None = None
    spent_nusd: int = 0

    @property
    def solved_percent(self) -> int | None:
        return round(100 * self.solved / self.conversations) if self.conversations else None

    @property
    def left_open(self) -> int:
        """Conversations that ended without an answer and without a person."""
        return self.conversations - self.solved - self.with_person


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """How many answers of one kind fell into one hour or day. `at` is that hour's or day's beginning in local time, naive.

    `kind`: cache, faq, passage, model, unsure (offered a person), courtesy (greeting, hand-over) or person.
    """

    at: datetime
    kind: str
    answers: int
    cost_nusd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodReport:
    """A period and the one it is compared with. `automatic` answers came from the assistant, `free` of them cost nothing."""

    now: Figures
    before: Figures
    answers: tuple[Answers, ...]
    channels: tuple[tuple[str, int], ...]
    automatic: int
    free: int


async def load_standing(db: Db, waiting_shown: int = WAITING_SHOWN) -> Standing:
    """Raises `Forbidden`, and `NotFound` for a business that is gone."""
    db.scope.require(Permission.VIEW)
    parameters = {"business_id": db.scope.business_id, "member_id": db.scope.actor.id, "limit": waiting_shown}
    row = (await db.execute(_STANDING, parameters)).mappings().one_or_none()
    if row is None:
        raise NotFound("business")
    return Standing(**{**row, "waiting": tuple(_waiting(entry) for entry in row["waiting"])})


def _waiting(entry: Mapping[str, Any]) -> Waiting:
    since = entry["waiting_since"]
    ids = {name: UUID(entry[name]) for name in ("id", "customer_id")}
    return Waiting(**{**entry, **ids, "waiting_since": since and datetime.fromisoformat(since)})


async def load_report(db: Db, period: Period) -> PeriodReport:
    """The figures of a period, in one statement over the messages of its days. Raises `Forbidden`."""
    db.scope.require(Permission.VIEW)
    row = (
        await db.execute(
            _FIGURES,
            {
                "start": period.start,
                "until": period.until,
                "before_start": period.before_start,
                "before_until": period.before_until,
                "unit": period.unit,
                "timezone": period.zone.key,
            },
        )
    ).one()
    return PeriodReport(
        now=_figures(row.figures["now"]),
        before=_figures(row.figures["before"]),
        answers=tuple(
            Answers(at=datetime.fromisoformat(k["at"]), kind=k["kind"], answers=k["answers"], cost_nusd=int(k["cost_nusd"]))
            for k in row.answers
        ),
        channels=tuple((entry["channel"], entry["conversations"]) for entry in row.channels),
        automatic=row.automatic[0],
        free=row.automatic[1],
    )


def _figures(values: Mapping[str, Any]) -> Figures:
    return Figures(
        conversations=values["conversations"],
        solved=values["solved"],
        with_person=values["with_person"],
        first_reply=None if values["first_reply"] is None else float(values["first_reply"]),
        spent_nusd=int(values["spent_nusd"]),
    )
