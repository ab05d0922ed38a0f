"""What limits refused, kept for the page: noted in this process at once, written to PostgreSQL beside the request.

One row for each business, limit, subject and hour, so a flood of refusals is one number that grows. Network addresses are kept
without their last part. `note_refusal` never waits and never fails; a database that is away gets the notes later, the oldest of
too many are dropped. A process that is killed loses those of its last moment.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from omni_app.infra import live
from omni_app.infra.background import start_task
from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db
from omni_app.infra.ids import new_id
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Permission, system_scope
from omni_app.limits.addresses import mask_address

log = get_logger(__name__)

SubjectKind = Literal["customer", "address", "api_key", "business", "source"]

MOST_WAITING = 5_000
# Between two writes of one process; the first of a quiet time is written at once.
_PAUSE_SECONDS = 0.2
_AWAY_SECONDS = 5.0

_UPSERT = text(
    """
    insert into limit_refusals as r
      (id, business_id, limit_name, subject_kind, subject, customer_id, most, window_seconds, count, hour_at, last_at)
    select u.id, :business_id, u.limit_name, u.subject_kind, u.subject, u.customer_id, u.most, u.window_seconds, u.count,
      u.hour_at, u.last_at
    from unnest(cast(:ids as uuid[]), cast(:limit_names as text[]), cast(:subject_kinds as text[]), cast(:subjects as text[]),
      cast(:customer_ids as uuid[]), cast(:mosts as int[]), cast(:windows as int[]), cast(:counts as int[]),
      cast(:hours as timestamptz[]), cast(:lasts as timestamptz[]))
      as u(id, limit_name, subject_kind, subject, customer_id, most, window_seconds, count, hour_at, last_at)
    where u.customer_id is null or exists (select from customers c where c.id = u.customer_id)
    on conflict (business_id, limit_name, subject, hour_at) do update set
      count = r.count + excluded.count, last_at = greatest(r.last_at, excluded.last_at), most = excluded.most,
      window_seconds = excluded.window_seconds
    """
)


@dataclass(slots=True)
class _Waiting:
    """Refusals of one row that are not written yet."""

    subject_kind: SubjectKind
    customer_id: UUID | None
    most: int
    window: timedelta
    count: int
    last_at: datetime


_Place = tuple[UUID, str, str, datetime]
_waiting: dict[_Place, _Waiting] = {}
_writer: asyncio.Task[None] | None = None
_next_write_at = 0.0
_writing = asyncio.Lock()


def note_refusal(
    business_id: UUID | None,
    limit_name: str,
    subject_kind: SubjectKind,
    subject: str,
    most: int,
    window: timedelta,
    customer_id: UUID | None = None,
) -> None:
    """Keep one refusal. `subject` is an id or an `address_block`; an address is masked here.

    Without a business (sign-in) nothing is kept: the figure `omni_limit_refusals_total` counts it.
    """
    if business_id is None:
        return
    if subject_kind == "address":
        subject, customer_id = mask_address(subject), None
    at = now()
    place = (business_id, limit_name, subject[:200], at.replace(minute=0, second=0, microsecond=0))
    kept = _waiting.get(place)
    if kept is not None:
        kept.count, kept.last_at, kept.most = kept.count + 1, at, most
    else:
        if len(_waiting) >= MOST_WAITING:
            _waiting.pop(next(iter(_waiting)))
        _waiting[place] = _Waiting(subject_kind, customer_id, most, window, 1, at)
    _start_writer()


def _start_writer() -> None:
    global _writer
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return  # A thread without a loop: the next refusal on the loop takes this one along.
    if _writer is not None and not _writer.done() and _writer.get_loop() is loop:
        return
    _writer = start_task(_write_waiting(), "write refusals")


async def _write_waiting() -> None:
    global _next_write_at
    clock = asyncio.get_running_loop().time
    while _waiting:
        # The clocks of two loops have nothing in common: never wait for more than the pause.
        await asyncio.sleep(min(_AWAY_SECONDS, max(0.0, _next_write_at - clock())))
        _next_write_at = clock() + _AWAY_SECONDS
        if await flush_refusals():
            _next_write_at = clock() + _PAUSE_SECONDS


async def flush_refusals() -> bool:
    """Write what waits, and what is being written already. False when the database is away: it waits on."""
    async with _writing:
        taken = dict(_waiting)
        _waiting.clear()
        return await _write_all(taken)


async def _write_all(taken: dict[_Place, _Waiting]) -> bool:
    is_written = True
    for business_id in dict.fromkeys(place[0] for place in taken):
        rows = {place: kept for place, kept in taken.items() if place[0] == business_id}
        try:
            await _write(business_id, rows)
        except IntegrityError:
            log.info("refusals of a business or customer that is gone are not kept", business_id=str(business_id))
        except (SQLAlchemyError, OSError) as error:
            log.warning("refusals not written, trying again", error=type(error).__name__)
            _put_back(rows)
            is_written = False
    return is_written


def _put_back(rows: dict[_Place, _Waiting]) -> None:
    for place, kept in rows.items():
        newer = _waiting.get(place)
        if newer is not None:
            newer.count += kept.count
        elif len(_waiting) < MOST_WAITING:
            _waiting[place] = kept


async def _write(business_id: UUID, rows: dict[_Place, _Waiting]) -> None:
    # In one order, so that two processes never wait for each other's rows.
    ordered = sorted(rows.items(), key=lambda row: row[0][1:])
    values = {
        "business_id": business_id,
        "ids": [new_id() for _ in ordered],
        "limit_names": [place[1] for place, _ in ordered],
        "subject_kinds": [kept.subject_kind for _, kept in ordered],
        "subjects": [place[2] for place, _ in ordered],
        "customer_ids": [kept.customer_id for _, kept in ordered],
        "mosts": [kept.most for _, kept in ordered],
        "windows": [round(kept.window.total_seconds()) for _, kept in ordered],
        "counts": [kept.count for _, kept in ordered],
        "hours": [place[3] for place, _ in ordered],
        "lasts": [kept.last_at for _, kept in ordered],
    }
    async with open_db(system_scope(business_id)) as db:
        await db.execute(_UPSERT, values)
        live.publish(db, "limits.changed")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalRow:
    """One limit that one subject met within one hour. `customer_name` is empty unless the subject is a customer with a name."""

    id: UUID
    limit_name: str
    subject_kind: str
    subject: str
    customer_id: UUID | None
    customer_name: str
    most: int
    window_seconds: int
    count: int
    hour_at: datetime
    last_at: datetime


async def list_refusals(
    db: Db, since: datetime, page: int = 1, limit: int = 25, limit_name: str = ""
) -> tuple[list[RefusalRow], int]:
    """One page of refusals since then, the latest first, and how many rows there are. `page` from 1, `limit` 1–100.

    `limit_name` leaves only those of that limit.
    """
    db.scope.require(Permission.VIEW)
    limit = min(100, max(1, limit))
    values = {"since": since, "name": limit_name, "limit": limit, "skip": (max(1, page) - 1) * limit}
    found = await db.execute(
        """
        select r.id, r.limit_name, r.subject_kind, r.subject, r.customer_id, coalesce(c.name, '') as customer_name, r.most,
          r.window_seconds, r.count, r.hour_at, r.last_at
        from limit_refusals r left join customers c on c.id = r.customer_id
        where r.last_at >= :since and (:name = '' or r.limit_name = :name) order by r.last_at desc, r.id limit :limit offset :skip
        """,
        values,
    )
    rows = [RefusalRow(**row) for row in found.mappings()]
    counted = await db.execute(
        "select count(*) from limit_refusals where last_at >= :since and (:name = '' or limit_name = :name)",
        {"since": since, "name": limit_name},
    )
    return rows, int(counted.scalar_one())


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitFigure:
    """How often one limit refused, and how many different subjects."""

    limit_name: str
    refused: int
    subjects: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalFigures:
    """`refused` calls of `subjects` different subjects; `by_limit` the most frequent first."""

    refused: int
    subjects: int
    by_limit: tuple[LimitFigure, ...]


async def refusal_figures(db: Db, since: datetime) -> RefusalFigures:
    """What the limits of this business refused since then."""
    db.scope.require(Permission.VIEW)
    found = await db.execute(
        """
        select limit_name, sum(count)::bigint as refused, count(distinct subject) as subjects, grouping(limit_name) as is_total
        from limit_refusals where last_at >= :since group by rollup (limit_name) order by refused desc, limit_name
        """,
        {"since": since},
    )
    rows: list[Any] = list(found)
    total = next((row for row in rows if row.is_total), None)
    by_limit = tuple(
        LimitFigure(limit_name=row.limit_name, refused=row.refused, subjects=row.subjects) for row in rows if not row.is_total
    )
    return RefusalFigures(
        refused=(total.refused or 0) if total else 0, subjects=total.subjects if total else 0, by_limit=by_limit
    )
