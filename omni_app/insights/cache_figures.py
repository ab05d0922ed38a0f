"""What the cache did for a business in a period: who answered, how fast, how sure, and what it saved. One statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app.infra.database import Db
from omni_app.infra.scope import Permission
from omni_app.insights.periods import Period
from omni_app.llm.registry import find_language_model

TIERS = ("l1", "l2", "l3", "semantic")
"""Word for word from this process, Redis or PostgreSQL; or a stored question that means the same."""
KINDS = (*TIERS, "faq", "passage", "model", "unsure")
"""Who gave an answer: a tier of the cache, the FAQs, a document, the language model, or nobody knew."""
AVERAGED_OVER = timedelta(days=90)

# Greetings, hand-overs on request and answers about a customer's own history could come from no cache: they are not counted.
_FIGURES = text(
    """
    with r as materialized (
      select r.created_at, r.tier, r.source, r.cost_nusd, r.saved_nusd, r.confidence, r.wrong_at,
        r.tier is not null and (r.tier = 'semantic' or r.matched_question <> '') as is_by_meaning,
        case when r.tier is not null then r.tier when r.source in ('faq', 'passage', 'model') then r.source
          when m.offers_person then 'unsure' else '' end as kind,
        (select sum(cast(s->>'ms' as double precision)) from jsonb_array_elements(r.steps) s) as ms
      from receipts r left join messages m on m.id = r.message_id and r.source = 'none'
      where r.created_at >= :start and r.created_at < :until
    ), counted as (select * from r where kind <> '')
    select
      (select coalesce(jsonb_agg(k), '[]') from (
         select kind, source, count(*) as answers, sum(cost_nusd) as cost_nusd, sum(saved_nusd) as saved_nusd,
           count(*) filter (where wrong_at is not null) as wrong, count(*) filter (where saved_nusd = 0) as unvalued,
           count(*) filter (where cost_nusd > 0) as paid
         from counted group by 1, 2) k) as kinds,
      (select coalesce(jsonb_agg(k), '[]') from (
         select kind, percentile_cont(0.5) within group (order by ms) as p50,
           percentile_cont(0.95) within group (order by ms) as p95
         from counted where ms is not null group by 1) k) as times,
      (select coalesce(jsonb_agg(k), '[]') from (
         select cast(cast(created_at at time zone :timezone as date) as text) as day, kind, count(*) as answers,
           sum(saved_nusd) as saved_nusd
         from counted group by 1, 2) k) as days,
      (select jsonb_build_array(count(confidence), coalesce(sum(1 - confidence), 0)) from counted where is_by_meaning) as doubt,
      (select coalesce(jsonb_agg(k), '[]') from (
         select kind, count(*) as entries, count(*) filter (where created_at >= :day_ago) as of_today,
           count(*) filter (where created_at < :week_ago) as older, coalesce(sum(cost_nusd), 0) as cost_nusd
         from cached_answers where expires_at > :until group by 1) k) as entries,
      (select cast(round(avg(cost_nusd)) as bigint) from receipts
         where created_at >= :averaged and created_at < :until and source = 'model' and tier is null and cost_nusd > 0) as average
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindFigures:
    """Answers of one kind (`KINDS`), `paid` of them with a cost; p50 and p95 of the time they took, in milliseconds, if any."""

    kind: str
    answers: int = 0
    paid: int = 0
    cost_nusd: int = 0
    saved_nusd: int = 0
    wrong: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigures:
    """One day of the business: answers by kind, kinds without any left out."""

    day: date
    answers: Mapping[str, int]
    saved_nusd: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFigures:
    """Stored answers of one kind (asked, warmed, faq, same) that may be served now, by age, and what they cost to make."""

    kind: str
    entries: int
    of_today: int
    older: int
    cost_nusd: int

    @property
    def of_this_week(self) -> int:
        """Older than a day, not older than seven."""
        return self.entries - self.of_today - self.older


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheReport:
    """A period of the cache.

    `kinds` holds every kind, in the order of `KINDS`. `saved_nusd` is exact: each stored answer remembers what the model was paid
    for it. `spared_nusd` is valued: answers from FAQs and documents, cached or not, times `average_nusd`, what the business's
    model answers cost on average in 90 days. It is 0 without a paid model: there is nothing to compare with.

    `wrong_reported`: cached answers that staff marked wrong. `wrong_estimated`: how many are likely wrong, the sum of 1 − the
    matching probability over the hits by meaning, first and repeated (the words of a stored question itself cannot be mistaken);
    None without any.
    """

    kinds: tuple[KindFigures, ...]
    days: tuple[DayFigures, ...]
    entries: tuple[EntryFigures, ...]
    saved_nusd: int
    spent_nusd: int
    spared: int
    spared_nusd: int
    average_nusd: int | None
    wrong_reported: int
    wrong_estimated: float | None
    has_model: bool

    @property
    def answers(self) -> int:
        """Answers to everything that could have come from a cache."""
        return sum(figures.answers for figures in self.kinds)

    @property
    def hits(self) -> int:
        return sum(figures.answers for figures in self.kinds if figures.kind in TIERS)

    @property
    def hit_rate(self) -> float | None:
        """0–1; None when nothing was asked."""
        return self.hits / self.answers if self.answers else None

    @property
    def free_rate(self) -> float | None:
        """The part of the answers, 0–1, that no model was paid for."""
        return 1 - sum(figures.paid for figures in self.kinds) / self.answers if self.answers else None

    @property
    def wrong_rate(self) -> float | None:
        """The part of the hits that staff marked wrong, 0–1: a lower bound, as nobody reads every answer."""
        return self.wrong_reported / self.hits if self.hits else None

    @property
    def saved_rate(self) -> float | None:
        """What was saved of what calling the model each time would have cost, 0–1."""
        whole = self.saved_nusd + self.spent_nusd
        return self.saved_nusd / whole if whole else None

    @property
    def stored(self) -> int:
        return sum(figures.entries for figures in self.entries)


async def load_cache_report(db: Db, period: Period) -> CacheReport:
    """The cache in a period, and what it holds now. Raises `Forbidden`."""
    db.scope.require(Permission.VIEW)
    values = {
        "start": period.start,
        "until": period.until,
        "timezone": period.zone.key,
        "day_ago": period.until - timedelta(days=1),
        "week_ago": period.until - timedelta(days=7),
        "averaged": period.until - AVERAGED_OVER,
    }
    row = (await db.execute(_FIGURES, values)).one()
    has_model = find_language_model() is not None
    spared = sum(part["unvalued"] for part in row.kinds if part["source"] in ("faq", "passage"))
    return CacheReport(
        kinds=tuple(_kind(kind, row.kinds, row.times) for kind in KINDS),
        days=_days(row.days, period),
        entries=tuple(EntryFigures(**{**part, "cost_nusd": int(part["cost_nusd"])}) for part in row.entries),
        saved_nusd=int(sum(part["saved_nusd"] for part in row.kinds)),
        spent_nusd=int(sum(part["cost_nusd"] for part in row.kinds)),
        spared=spared,
        spared_nusd=spared * row.average if has_model and row.average else 0,
        average_nusd=row.average,
        wrong_reported=sum(part["wrong"] for part in row.kinds if part["kind"] in TIERS),
        wrong_estimated=float(row.doubt[1]) if row.doubt[0] else None,
        has_model=has_model,
    )


def _kind(kind: str, parts: list[dict[str, Any]], times: list[dict[str, Any]]) -> KindFigures:
    own = [part for part in parts if part["kind"] == kind]
    timed = next((entry for entry in times if entry["kind"] == kind), None)
    return KindFigures(
        kind=kind,
        answers=sum(part["answers"] for part in own),
        paid=sum(part["paid"] for part in own),
        cost_nusd=int(sum(part["cost_nusd"] for part in own)),
        saved_nusd=int(sum(part["saved_nusd"] for part in own)),
        wrong=sum(part["wrong"] for part in own),
        p50_ms=float(timed["p50"]) if timed else None,
        p95_ms=float(timed["p95"]) if timed else None,
    )


def _days(parts: list[dict[str, Any]], period: Period) -> tuple[DayFigures, ...]:
    first = period.start.astimezone(period.zone).date()
    last = period.until.astimezone(period.zone).date()
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    found: dict[str, dict[str, int]] = {}
    saved: dict[str, int] = {}
    for part in parts:
        found.setdefault(part["day"], {})[part["kind"]] = part["answers"]
        saved[part["day"]] = saved.get(part["day"], 0) + int(part["saved_nusd"])
    return tuple(
        DayFigures(day=day, answers=found.get(day.isoformat(), {}), saved_nusd=saved.get(day.isoformat(), 0)) for day in days
    )


async def count_served(db: Db, entry_ids: Sequence[UUID], since: datetime) -> dict[UUID, int]:
    """How often each of these stored answers was served since `since`, word for word or by meaning. Raises `Forbidden`."""
    db.scope.require(Permission.VIEW)
    # The time is what the index knows.
    rows = await db.execute(
        "select cached_answer_id as id, count(*) as served from receipts "
        "where created_at >= :since and cached_answer_id = any(:ids) and tier is not null group by 1",
        {"ids": list(entry_ids), "since": since},
    )
    return {row.id: row.served for row in rows}
