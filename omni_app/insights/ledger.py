"""The ledger line by line: found by filters, in pages, and as CSV. Lines are never changed, so a page and a file agree."""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db
from omni_app.infra.errors import Invalid
from omni_app.infra.money import dollars
from omni_app.infra.scope import Permission, Scope
from omni_app.insights.costs import CHANNEL_NAMES, SERVICES, label_of, load_zone

MOST_NUSD = 10**15
_BATCH = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFilter:
    """What to find; empty means all. `since` and `until` are days of the business, `until` included. `least_nusd`: what a line
    cost at least. `note` is part of the note; `search` part of the customer's name, the service, the model or the note.
    `channel` "none" finds lines without one."""

    service: str = ""
    channel: str = ""
    model: str = ""
    customer_id: UUID | None = None
    conversation_id: UUID | None = None
    since: date | None = None
    until: date | None = None
    least_nusd: int = 0
    note: str = ""
    search: str = ""
    before: datetime | None = None
    """Only lines booked before this moment: pages and files of something that grows meanwhile stay the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One use of a service. `units` {unit: count}, `unit_prices` {unit: nano-dollars}; `customer` is their name, may be empty."""

    id: UUID
    created_at: datetime
    service: str
    provider: str
    model: str
    units: dict[str, Any]
    unit_prices: dict[str, Any]
    cost_nusd: int
    channel: str | None
    customer_id: UUID | None
    customer: str
    conversation_id: UUID | None
    campaign_id: UUID | None
    note: str


_ROW = """
    l.id, l.created_at, l.service, l.provider, l.model, l.units, l.unit_prices, l.cost_nusd, l.channel, l.customer_id,
    coalesce((select cu.name from customers cu where cu.id = l.customer_id), '') as customer, l.conversation_id, l.campaign_id,
    l.note
"""
_MIDNIGHT = "cast(cast(:{} as date) as timestamp) at time zone (select timezone from businesses where id = :business_id)"


def _like(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


def _conditions(wanted: LedgerFilter, business_id: UUID) -> tuple[str, dict[str, Any]]:
    """The filter as SQL over `l` with its parameters. Raise `Invalid` that names the wrong field."""
    if not 0 <= wanted.least_nusd <= MOST_NUSD:
        raise Invalid("Write the least cost in dollars, from 0 to 1,000,000.", field="min_cost")
    if wanted.since is not None and wanted.until is not None and wanted.since > wanted.until:
        raise Invalid("The first day must not be after the last.", field="from")
    parts, values = ["true"], dict[str, Any](business_id=business_id)

    def where(part: str, **given: Any) -> None:
        parts.append(part)
        values.update(given)

    if wanted.service:
        where("l.service = :service", service=_clean(wanted.service))
    if wanted.channel == "none":
        where("l.channel is null")
    elif wanted.channel:
        where("l.channel = :channel", channel=_clean(wanted.channel))
    if wanted.model:
        where("l.model = :model", model=_clean(wanted.model))
    if wanted.customer_id is not None:
        where("l.customer_id = :customer_id", customer_id=wanted.customer_id)
    if wanted.conversation_id is not None:
        where("l.conversation_id = :conversation_id", conversation_id=wanted.conversation_id)
    if wanted.since is not None:
        where(f"l.created_at >= {_MIDNIGHT.format('since')}", since=wanted.since)
    if wanted.until is not None:
        where(f"l.created_at < {_MIDNIGHT.format('until')}", until=wanted.until + timedelta(days=1))
    if wanted.least_nusd:
        where("l.cost_nusd >= :least", least=wanted.least_nusd)
    if wanted.note:
        where("l.note ilike :note", note=_like(_clean(wanted.note)))
    if search := _clean(wanted.search):
        where(
            "(l.service ilike :search or l.model ilike :search or l.provider ilike :search or l.note ilike :search"
            " or l.service = any(:services)"
            " or l.customer_id in (select cu.id from customers cu where cu.name ilike :search))",
            search=_like(search),
            services=[service for service, name in SERVICES.items() if search.lower() in name.lower()],
        )
    if wanted.before is not None:
        where("l.created_at < :before", before=wanted.before)
    return " and ".join(parts), values


def _clean(value: str) -> str:
    """A text from outside as PostgreSQL can take it."""
    return value.replace("\x00", "").encode("utf-8", "replace").decode().strip()[:200]


async def list_ledger(
    db: Db, wanted: LedgerFilter = LedgerFilter(), page: int = 1, limit: int = 25
) -> tuple[list[LedgerRow], int]:
    """One page of the lines that match, newest first, and how many match in all. Raise `Forbidden`, `Invalid`."""
    db.scope.require(Permission.VIEW)
    conditions, values = _conditions(wanted, db.scope.business_id)
    total = int((await db.execute(f"select count(*) from ledger_entries l where {conditions}", values)).scalar_one())  # noqa: S608
    # The page is cut before names are looked up.
    rows = await db.execute(
        f"""select {_ROW} from (select * from ledger_entries l where {conditions}
            order by l.created_at desc, l.id desc limit :limit offset :offset) l
            order by l.created_at desc, l.id desc""",  # noqa: S608 (constants of this module)
        {**values, "limit": limit, "offset": (page - 1) * limit},
    )
    return [LedgerRow(**row._mapping) for row in rows], total


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerChoices:
    """What the ledger can be filtered by: the services, channels and models in it, each by its key, sorted."""

    services: tuple[str, ...]
    channels: tuple[str, ...]
    models: tuple[str, ...]


# A walk from one value to the next over the days' index would need an index of its own for each; ninety days are few lines.
_CHOICES = """
    select coalesce(array_agg(distinct service), '{}') as services,
      coalesce(array_agg(distinct channel) filter (where channel is not null), '{}') as channels,
      coalesce(array_agg(distinct model), '{}') as models
    from ledger_entries where created_at >= :since
"""


async def list_choices(db: Db, since: datetime | None = None) -> LedgerChoices:
    """What occurs in the ledger since `since` (default: 90 days ago). Raise `Forbidden`."""
    db.scope.require(Permission.VIEW)
    row = (await db.execute(_CHOICES, {"since": since or now() - timedelta(days=90)})).one()
    return LedgerChoices(
        services=tuple(sorted(row.services)), channels=tuple(sorted(row.channels)), models=tuple(sorted(row.models))
    )


COLUMNS = (
    "time_utc",
    "time_local",
    "service",
    "provider",
    "model",
    "units",
    "unit_prices_usd",
    "channel",
    "customer",
    "customer_id",
    "conversation_id",
    "campaign_id",
    "note",
    "cost_usd",
    "cost_nanodollars",
    "id",
)


async def stream_csv(scope: Scope, wanted: LedgerFilter = LedgerFilter()) -> AsyncIterator[str]:
    """The matching lines as CSV, newest first, in pieces of 2,000 lines; no transaction stays open between two pieces.

    Costs in dollars with six decimals, and exact in nano-dollars beside them. Raise `Forbidden`, `Invalid`.
    """
    scope.require(Permission.VIEW)
    wanted = replace(wanted, before=wanted.before or now())
    conditions, values = _conditions(wanted, scope.business_id)
    async with open_db(scope) as db:
        zone = await load_zone(db)
    yield "\ufeff" + _written([COLUMNS])
    after: tuple[datetime, UUID] | None = None
    while True:
        further = "" if after is None else " and (l.created_at, l.id) < (:after_at, :after_id)"
        place = {} if after is None else {"after_at": after[0], "after_id": after[1]}
        async with open_db(scope) as db:
            found = await db.execute(
                f"""select {_ROW} from (select * from ledger_entries l where {conditions}{further}
                    order by l.created_at desc, l.id desc limit :limit) l
                    order by l.created_at desc, l.id desc""",  # noqa: S608 (constants of this module)
                {**values, **place, "limit": _BATCH},
            )
            rows = [LedgerRow(**row._mapping) for row in found]
        if rows:
            yield _written([_cells(row, zone) for row in rows])
            after = rows[-1].created_at, rows[-1].id
        if len(rows) < _BATCH:
            return


def _written(lines: list[tuple[str, ...]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows(lines)
    return file.getvalue()


def _cells(row: LedgerRow, zone: ZoneInfo) -> tuple[str, ...]:
    return (
        row.created_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        row.created_at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"),
        _harmless(label_of("service", row.service)),
        _harmless(row.provider),
        _harmless(row.model),
        _harmless("; ".join(f"{count} {unit}" for unit, count in row.units.items())),
        "; ".join(f"{dollars(int(price)):.9f} per {unit}" for unit, price in row.unit_prices.items()),
        CHANNEL_NAMES.get(row.channel, row.channel) if row.channel else "",
        _harmless(row.customer),
        str(row.customer_id or ""),
        str(row.conversation_id or ""),
        str(row.campaign_id or ""),
        _harmless(row.note),
        f"{dollars(row.cost_nusd):.6f}",
        str(row.cost_nusd),
        str(row.id),
    )


def _harmless(value: str) -> str:
    # A spreadsheet runs what starts with these; the quote makes it text (OWASP, CSV injection).
    return "'" + value if value.lstrip().startswith(("=", "+", "-", "@")) or value.startswith(("\t", "\r", "\n")) else value
