"""Customers by page: searched, filtered, sorted, and as a file."""

import csv
import io
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text

from omni_app.customers.addresses import CHANNELS, Address, hint_index, normalize_email, normalize_phone
from omni_app.infra.database import Db
from omni_app.infra.errors import Invalid
from omni_app.infra.scope import Permission

Sort = Literal["seen", "created", "name", "messages"]
MAX_SEARCH = 200
MAX_EXPORTED = 50_000

_ORDERS: dict[str, str] = {
    "seen": "cu.last_seen_at desc, cu.id desc",
    "created": "cu.created_at desc, cu.id desc",
    # Those without a name come last.
    "name": "cu.name = '', lower(cu.name), cu.id",
    # Counted one by one through the index: a join would be slower than that whenever the planner guesses wrong.
    "messages": "(select count(*) from messages m where m.customer_id = cu.id and m.role = 'customer') desc, "
    "cu.last_seen_at desc, cu.id desc",
}

# The figures are read for the rows of one page only. A materialised page keeps its order, so its rows can be numbered.
_PAGE = """
    with page as materialized (
      select cu.id, cu.name, cu.language, cu.tags, cu.verified_at, cu.blocked_at, cu.created_at, cu.last_seen_at
      from customers cu where {conditions} order by {order} limit :limit offset :offset
    ), numbered as (select page.*, row_number() over () as place from page)
    select p.id, p.name, p.language, p.tags, p.verified_at is not null as is_verified, p.blocked_at is not null as is_blocked,
      p.created_at, p.last_seen_at, (select count(*) from customers cu where {conditions}) as total,
      t.channels, t.conversations, f.messages, f.cost_nusd, a.has_proof, a.has_claims
    from numbered p
    cross join lateral (select count(*) as conversations,
      coalesce(array_agg(distinct c.channel), '{{}}') as channels from conversations c where c.customer_id = p.id) t
    cross join lateral (select count(*) filter (where m.role = 'customer') as messages,
      coalesce(sum(m.cost_nusd), 0) as cost_nusd from messages m where m.customer_id = p.id) f
    cross join lateral (select coalesce(bool_or(cp.proof = 'proven' and cp.kind <> 'external'), false) as has_proof,
      coalesce(bool_or(cp.proof = 'claimed'), false) as has_claims from contact_points cp where cp.customer_id = p.id) a
    order by p.place
"""
_COLUMNS = (
    *("id", "name", "language", "tags", "channels", "verified", "blocked", "conversations", "messages", "cost_usd"),
    *("first_seen", "last_seen"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFilter:
    """Which customers: empty and None mean all. `search` is a name, an address, an id on a channel, the last four digits of a
    number, or a mail domain. `seen_since` is aware."""

    search: str = ""
    tag: str = ""
    channel: str = ""
    language: str = ""
    verified: bool | None = None
    blocked: bool | None = None
    has_claims: bool | None = None
    seen_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRow:
    """One row of the list. `has_proof`: an e-mail or number is proven; `cost_nusd` is what serving them cost so far."""

    id: UUID
    name: str
    language: str
    tags: tuple[str, ...]
    channels: tuple[str, ...]
    is_verified: bool
    is_blocked: bool
    has_proof: bool
    has_claims: bool
    conversations: int
    messages: int
    cost_nusd: int
    created_at: datetime
    last_seen_at: datetime


async def list_customers(
    db: Db, wanted: CustomerFilter = CustomerFilter(), sort: Sort = "seen", page: int = 1, limit: int = 25
) -> tuple[list[CustomerRow], int]:
    """One page of customers and how many match in all. Those who were joined into somebody else are left out.

    Raises `Forbidden`; `Invalid` naming `sort`, `channel`, `search` or `seen_since`.
    """
    db.scope.require(Permission.VIEW)
    if sort not in _ORDERS:
        raise Invalid(f"Sort by one of {', '.join(_ORDERS)}.", "sort")
    conditions, values = _conditions(wanted)
    statement = _PAGE.format(order=_ORDERS[sort], conditions=" and ".join(conditions))
    rows = (await db.execute(text(statement), {**values, "limit": limit, "offset": (page - 1) * limit})).all()
    if rows:
        return [_row(row) for row in rows], int(rows[0].total)
    if page == 1:
        return [], 0
    counted = f"select count(*) from customers cu where {' and '.join(conditions)}"  # noqa: S608 (constants)
    return [], int((await db.execute(text(counted), values)).scalar_one())


async def list_tags(db: Db) -> list[tuple[str, int]]:
    """Every tag in use and how many customers have it, the most used first (at most 200)."""
    db.scope.require(Permission.VIEW)
    rows = await db.execute(
        """select tag, count(*) as n from customers cu, jsonb_array_elements_text(cu.tags) tag where cu.merged_into_id is null
           group by tag order by n desc, tag limit 200"""
    )
    return [(row.tag, int(row.n)) for row in rows]


async def export_list(db: Db, wanted: CustomerFilter = CustomerFilter(), sort: Sort = "seen") -> str:
    """The matching customers as CSV (at most 50,000), without addresses: those are in each customer's own export.

    Raises `Forbidden` without ADMINISTER.
    """
    db.scope.require(Permission.ADMINISTER)
    found, _ = await list_customers(db, wanted, sort, 1, MAX_EXPORTED)
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(_COLUMNS)
    for row in found:
        writer.writerow(
            [
                *(row.id, _harmless(row.name), row.language, _harmless(", ".join(row.tags)), ", ".join(row.channels)),
                *("yes" if row.is_verified else "no", "yes" if row.is_blocked else "no", row.conversations, row.messages),
                *(f"{row.cost_nusd / 1e9:.6f}", row.created_at.isoformat(), row.last_seen_at.isoformat()),
            ]
        )
    return "\ufeff" + file.getvalue()


def _harmless(value: str) -> str:
    # A spreadsheet runs what starts with these; the quote makes it text (OWASP, CSV injection).
    return "'" + value if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _row(row: Any) -> CustomerRow:
    return CustomerRow(
        id=row.id,
        name=row.name,
        language=row.language,
        tags=tuple(row.tags),
        channels=tuple(row.channels),
        is_verified=row.is_verified,
        is_blocked=row.is_blocked,
        has_proof=row.has_proof,
        has_claims=row.has_claims,
        conversations=row.conversations,
        messages=row.messages,
        cost_nusd=int(row.cost_nusd),
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
    )


def searchable(value: str) -> str:
    """A text from outside as PostgreSQL can take it: no NUL, no lone surrogates, no white space around it."""
    return value.replace("\x00", "").encode("utf-8", "replace").decode().strip()


def _conditions(wanted: CustomerFilter) -> tuple[list[str], dict[str, Any]]:
    conditions, values = ["cu.merged_into_id is null"], dict[str, Any]()
    if wanted.tag:
        conditions.append("cu.tags @> jsonb_build_array(cast(:tag as text))")
        values["tag"] = searchable(wanted.tag).lower()
    if wanted.channel:
        if wanted.channel not in CHANNELS:
            raise Invalid(f"A channel is one of {', '.join(CHANNELS)}.", "channel")
        # "is true" keeps it a hashed look-up: as a join it would depend on the planner's guess of how many there are.
        conditions.append("(cu.id in (select c.customer_id from conversations c where c.channel = :channel)) is true")
        values["channel"] = wanted.channel
    if wanted.language:
        conditions.append("(cu.language = :language or starts_with(cu.language, :language || '-'))")
        values["language"] = searchable(wanted.language)
    for flag, column in ((wanted.verified, "verified_at"), (wanted.blocked, "blocked_at")):
        if flag is not None:
            conditions.append(f"cu.{column} is {'not ' if flag else ''}null")
    if wanted.has_claims is not None:
        claimed = "in (select cp.customer_id from contact_points cp where cp.proof = 'claimed')"
        conditions.append(f"(cu.id {claimed}) is {'true' if wanted.has_claims else 'not true'}")
    if wanted.seen_since is not None:
        if wanted.seen_since.tzinfo is None:
            raise Invalid("Write the moment with its time zone.", "seen_since")
        conditions.append("cu.last_seen_at >= :seen_since")
        values["seen_since"] = max(wanted.seen_since, datetime(1970, 1, 1, tzinfo=UTC))
    if search := searchable(wanted.search):
        if len(search) > MAX_SEARCH:
            raise Invalid(f"Search for at most {MAX_SEARCH} characters.", "search")
        condition, found = _search(search)
        conditions.append(condition)
        values |= found
    return conditions, values


def _search(wanted: str) -> tuple[str, dict[str, Any]]:
    """A condition for a name, or for what the addresses' blind indexes can find."""
    parts = ["cu.name ilike :pattern"]
    escaped = re.sub(r"([\\%_])", r"\\\1", wanted)
    values: dict[str, Any] = {"pattern": f"%{escaped}%"}
    exact = [Address(kind="external", channel=channel, value=wanted).index for channel in CHANNELS]
    hints: list[str] = []
    with suppress(Invalid):
        exact.append(Address(kind="email", channel="", value=normalize_email(wanted, "search")).index)
    number = re.sub(r"[\s()./-]", "", wanted)
    if re.fullmatch(r"(\+|00)?\d{7,15}", number):
        with suppress(Invalid):
            value = normalize_phone("+" + number.removeprefix("+").removeprefix("00"), "search")
            exact.append(Address(kind="phone", channel="", value=value).index)
    if re.fullmatch(r"[0-9]{4}", wanted):
        hints.append(hint_index("phone", wanted))
    if "." in wanted and not re.search(r"\s", wanted):
        hints.append(hint_index("email", wanted.removeprefix("@").lower()))
    parts.append(
        "cu.id in (select cp.customer_id from contact_points cp where cp.value_index = any(:exact) "
        "or cp.hints ?| cast(:hints as text[]))"
    )
    values |= {"exact": exact, "hints": hints}
    # Strangers are shown as "Visitor 4f2a".
    if stranger := re.fullmatch(r"visitor\s+([0-9a-f]{4})", wanted.lower()):
        parts.append("(cu.name = '' and cast(cu.id as text) like :ending)")
        values["ending"] = "%" + stranger.group(1)
    return f"({' or '.join(parts)})", values
