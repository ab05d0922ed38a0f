"""What was spent: by service, channel, model, customer, conversation and day, with the days as the business counts them.

A stretch is two dates, the second excluded; each begins at the business's own midnight, so a day has 23 or 25 hours when the
clocks change. All amounts are integer nano-dollars, from the ledger; what was saved stands on the receipts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import text

from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Invalid, NotFound
from omni_app.infra.scope import Permission
from omni_app.insights.forecasting import HISTORY_DAYS, Forecast, forecast
from omni_app.insights.periods import zone_of

By = Literal["service", "channel", "model", "customer", "conversation", "day"]

MOST_ROWS = 100
MOST_DAYS = 1100

SERVICES = {
    "answer": "Answers",
    "summary": "Summaries",
    "warming": "Cache warming",
    "embedding": "Embeddings",
    "translation": "Translation",
    "understanding": "Sentiment, intent, language",
    "speech_to_text": "Speech to text",
    "text_to_speech": "Spoken answers",
    "voice": "Voice minutes",
    "sms": "SMS",
    "email": "E-mail",
    "whatsapp": "WhatsApp",
    "instagram": "Instagram",
    "crm": "CRM calls",
    "personalisation": "Personalisation",
}
"""Service of a ledger line -> the name people read; others show as they are written."""

CHANNEL_NAMES = {
    "chat": "Website chat",
    "email": "E-mail",
    "sms": "SMS",
    "whatsapp": "WhatsApp",
    "telegram": "Telegram",
    "instagram": "Instagram",
    "voice": "Phone",
    "": "Without a channel",
}

# The key of each grouping, and its name as the database knows it (g is the grouped line, b the business).
_KEYS: dict[str, str] = {
    "service": "s.service",
    "channel": "coalesce(s.channel, '')",
    "model": "s.provider || '/' || s.model",
    "customer": "coalesce(cast(s.customer_id as text), '')",
    "conversation": "coalesce(cast(s.conversation_id as text), '')",
    "day": "cast(cast(s.created_at at time zone b.timezone as date) as text)",
}
_NAMES: dict[str, str] = {
    "customer": "(select cu.name from customers cu where cu.id = cast(nullif(g.key, '') as uuid))",
    "conversation": """
      (select cu.name || ' · ' || to_char(c.created_at at time zone b.timezone, 'FMDD FMMonth')
       from conversations c join customers cu on cu.id = c.customer_id where c.id = cast(nullif(g.key, '') as uuid))""",
}

# Midnight of dates where the business is, worked out once.
_ZONE = """
    select timezone, cast(cast(:before as date) as timestamp) at time zone timezone as before,
      cast(cast(:start as date) as timestamp) at time zone timezone as since,
      cast(cast(:until as date) as timestamp) at time zone timezone as until
    from businesses where id = :business_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """One line of a breakdown. `key` as asked for (an id, a kind, a day), empty where the ledger names none; `label` for people.

    `before_nusd` is the same in the stretch it is compared with; `conversations` counts different ones, for channels only;
    `units` {unit: count}, for services only.
    """

    key: str
    label: str
    calls: int
    cost_nusd: int
    before_nusd: int = 0
    conversations: int = 0
    units: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCost:
    """One day. `services` {service: nano-dollars}; `saved_nusd` and `saved_answers`: what stored answers made unnecessary."""

    day: date
    cost_nusd: int = 0
    calls: int = 0
    saved_nusd: int = 0
    saved_answers: int = 0
    services: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldWork:
    """Calls of one service that are under way, and what is held for them."""

    service: str
    calls: int
    amount_nusd: int


def label_of(by: str, key: str, found: str | None = None) -> str:
    """What people read for `key` of a breakdown; `found` is the name the database knows."""
    if by == "service":
        return SERVICES.get(key, key.replace("_", " ").capitalize())
    if by == "channel":
        return CHANNEL_NAMES.get(key, key)
    if by == "model":
        return key.rpartition("/")[2] if not key.endswith("/*") else key.partition("/")[0]
    if by == "customer":
        return (found or "").strip() or (f"Visitor {key[-4:]}" if key else "No customer")
    if by == "conversation":
        return ((found or "").removeprefix(" · ").strip() or "A conversation since erased") if key else "Without a conversation"
    return found or key


def check_span(period_start: date, period_end: date) -> None:
    """Raise `Invalid` (field `to`) unless the stretch has 1 to 1,100 days."""
    days = (period_end - period_start).days
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(f"Choose 1 to {MOST_DAYS:,} days, the first before the last.", field="to")


async def cost_breakdown(
    db: Db, period_start: date, period_end: date, by: By, *, before_start: date | None = None, most: int = MOST_ROWS
) -> list[CostRow]:
    """What `period_start` to `period_end` (excluded) cost, the dearest first (days in order); one statement.

    With `before_start` the days from there to `period_start` fill `before_nusd`. At most `most` rows, never fewer than all days.
    Raise `Forbidden`, and `Invalid` for another `by` or a stretch that is empty or too long.
    """
    db.scope.require(Permission.VIEW)
    if by not in _KEYS:
        raise Invalid(f"Group by one of {', '.join(_KEYS)}.", field="group_by")
    check_span(before_start or period_start, period_end)
    key, label = _KEYS[by], _NAMES.get(by, "g.key")
    conversations = "count(distinct s.conversation_id) filter (where s.created_at >= b.since)" if by == "channel" else "0"
    units = (
        """(select jsonb_object_agg(unit, n) from (
             select u.key as unit, sum(cast(u.value as bigint)) as n from ledger_entries s, jsonb_each_text(s.units) u
             where s.created_at >= b.since and s.created_at < b.until and s.service = g.key group by 1) counted)"""
        if by == "service"
        else "null"
    )
    order = "key" if by == "day" else "cost_nusd desc, before_nusd desc, key"
    statement = f"""
        with b as materialized ({_ZONE}), g as (
          select {key} as key, count(*) filter (where s.created_at >= b.since) as calls,
            coalesce(sum(s.cost_nusd) filter (where s.created_at >= b.since), 0) as cost_nusd,
            coalesce(sum(s.cost_nusd) filter (where s.created_at < b.since), 0) as before_nusd, {conversations} as conversations
          from b join ledger_entries s on s.created_at >= b.before and s.created_at < b.until
          group by 1 order by {order} limit :most
        )
        select g.*, {label} as label, {units} as units from g cross join b order by {order}
    """  # noqa: S608 (constants of this module)
    found = await db.execute(
        statement,
        {
            "business_id": db.scope.business_id,
            "start": period_start,
            "until": period_end,
            "before": before_start or period_start,
            "most": MOST_DAYS if by == "day" else most,
        },
    )
    return [
        CostRow(
            key=row.key,
            label=label_of(by, row.key, row.label),
            calls=row.calls,
            cost_nusd=int(row.cost_nusd),
            before_nusd=int(row.before_nusd),
            conversations=row.conversations,
            units={unit: int(number) for unit, number in (row.units or {}).items()},
        )
        for row in found
        if row.calls or row.before_nusd
    ]


_DAYS = text(
    """
    with zone as (
      select timezone, cast(cast(:start as date) as timestamp) at time zone timezone as since,
        cast(cast(:until as date) as timestamp) at time zone timezone as until
      from businesses where id = :business_id
    ), spent as (
      select cast(l.created_at at time zone z.timezone as date) as day, l.service, sum(l.cost_nusd) as cost_nusd,
        count(*) as calls
      from zone z join ledger_entries l on l.created_at >= z.since and l.created_at < z.until group by 1, 2
    ), saved as (
      select cast(r.created_at at time zone z.timezone as date) as day, sum(r.saved_nusd) as saved_nusd, count(*) as answers
      from zone z join receipts r on r.created_at >= z.since and r.created_at < z.until where r.saved_nusd > 0 group by 1
    ), days as (
      select day, sum(cost_nusd) as cost_nusd, sum(calls) as calls, jsonb_object_agg(service, cost_nusd) as services
      from spent group by day
    )
    select coalesce(d.day, s.day) as day, coalesce(d.cost_nusd, 0) as cost_nusd, coalesce(d.calls, 0) as calls,
      coalesce(d.services, '{}') as services, coalesce(s.saved_nusd, 0) as saved_nusd, coalesce(s.answers, 0) as saved_answers
    from days d full join saved s on s.day = d.day
    """
)


async def daily_costs(db: Db, start: date, end: date) -> list[DayCost]:
    """Each day from `start` to `end` (excluded), also those that cost nothing. Raise `Forbidden`, `Invalid`."""
    db.scope.require(Permission.VIEW)
    check_span(start, end)
    rows = await db.execute(_DAYS, {"business_id": db.scope.business_id, "start": start, "until": end})
    found = {
        row.day: DayCost(
            day=row.day,
            cost_nusd=int(row.cost_nusd),
            calls=int(row.calls),
            saved_nusd=int(row.saved_nusd),
            saved_answers=row.saved_answers,
            services={name: int(amount) for name, amount in row.services.items()},
        )
        for row in rows
    }
    days = (start + timedelta(days=number) for number in range((end - start).days))
    return [found.get(day) or DayCost(day=day) for day in days]


async def load_zone(db: Db) -> ZoneInfo:
    """The time zone whose days these functions count. Raise `NotFound` when the business is gone."""
    found = await db.execute("select timezone from businesses where id = :id", {"id": db.scope.business_id})
    name = found.scalar_one_or_none()
    if name is None:
        raise NotFound("business")
    return zone_of(name)


_FIRST = text("select min(created_at) from ledger_entries")


def month_of(day: date) -> tuple[date, date]:
    """First day of `day`'s month and of the next."""
    start = day.replace(day=1)
    return start, (start + timedelta(days=32)).replace(day=1)


async def forecast_month(db: Db, at: datetime | None = None) -> Forecast:
    """What the month that holds `at` (default now) will have cost at its end, from the eight weeks before. Raise `Forbidden`."""
    db.scope.require(Permission.VIEW)
    zone = await load_zone(db)
    local = (at or now()).astimezone(zone)
    first = (await db.execute(_FIRST)).scalar_one_or_none()
    today = local.date()
    month, after = month_of(today)
    since = min(month, today - timedelta(days=HISTORY_DAYS))
    if first is not None:
        since = max(since, min(month, first.astimezone(zone).date()))
    days = await daily_costs(db, since, today + timedelta(days=1))
    begun = first.astimezone(zone).date() if first is not None else today
    midnight = datetime.combine(today, datetime.min.time(), zone)
    next_midnight = datetime.combine(today + timedelta(days=1), datetime.min.time(), zone)
    passed = (local - midnight) / (next_midnight - midnight)
    return forecast(
        {day.day: day.cost_nusd for day in days}, begun=begun, today=today, month_end=after, share_of_today=min(1.0, passed)
    )


_HELD = text(
    """
    select service, count(*) as calls, sum(amount_nusd) as amount_nusd from reservations
    where settled_at is null and expires_at > :at group by service order by amount_nusd desc, service
    """
)


async def list_held(db: Db, at: datetime | None = None) -> list[HeldWork]:
    """What is held for calls under way, by service. Raise `Forbidden`."""
    db.scope.require(Permission.VIEW)
    rows = await db.execute(_HELD, {"at": at or now()})
    return [HeldWork(service=row.service, calls=row.calls, amount_nusd=int(row.amount_nusd)) for row in rows]


async def first_day(db: Db) -> date | None:
    """The business's day on which the first line was booked; None while there is none. Raise `Forbidden`."""
    db.scope.require(Permission.VIEW)
    found = await db.execute(
        "select cast(min(l.created_at) at time zone b.timezone as date) as day from businesses b, ledger_entries l "
        "where b.id = :id group by b.timezone",
        {"id": db.scope.business_id},
    )
    day: date | None = found.scalar_one_or_none()
    return day
