"""What abuse detection saw: read it with its evidence, judge it, lift what followed, and count it."""

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.crypto import decrypt, unwrap_data_key
from omni_app.infra.database import Db
from omni_app.infra.errors import Invalid, NotFound
from omni_app.infra.scope import Permission
from omni_app.limits.ladder import ACTIONS, EVIDENCE
from omni_app.limits.signs import KINDS
from omni_app.limits.trust import refresh_trust

Verdict = Literal["right", "wrong"]
VERDICTS = ("right", "wrong")
STATES = ("open", "right", "wrong", "restricted")

_LIST = """
    select a.id, a.customer_id, a.conversation_id, a.kind, a.action, a.score, a.evidence, a.until, a.verdict, a.reviewed_by,
      a.reviewed_at, a.created_at, cu.name as customer_name, cu.data_key, cu.trust, cu.restriction, cu.restricted_until,
      cu.blocked_at is not null as is_blocked, co.channel, count(*) over () as total
    from abuse_events a join customers cu on cu.id = a.customer_id left join conversations co on co.id = a.conversation_id
    where {conditions} order by a.created_at desc, a.id desc limit :limit offset :offset
"""
_LOCK = text(
    """
    select a.id, a.customer_id, a.action, a.verdict, a.until from abuse_events a where a.id = :id for update
    """
)
# A restriction goes when no event that still counts holds it up; otherwise what the hardest of those says remains.
_HOLDING = text(
    """
    select action, until from abuse_events
    where customer_id = :id and verdict <> 'wrong' and action in ('throttled', 'blocked') and until > :now
    order by action = 'blocked' desc, until desc limit 1
    """
)
_SET = text("update customers set restriction = :restriction, restricted_until = :until where id = :id")

_FIGURES = text(
    """
    select a.kind, a.action, a.verdict, (a.created_at at time zone b.timezone)::date as day, count(*) as events,
      count(distinct a.customer_id) as customers
    from abuse_events a join businesses b on b.id = a.business_id
    where a.created_at >= :since and a.created_at < :until
    group by grouping sets ((a.kind), (a.action), (a.verdict), (day), ())
    """
)
_SUBJECTS = text(
    """
    select a.customer_id, cu.name, cu.trust, cu.restriction, cu.restricted_until, count(*) as events, max(a.created_at) as last_at
    from abuse_events a join customers cu on cu.id = a.customer_id
    where a.created_at >= :since and a.created_at < :until and a.verdict <> 'wrong'
    group by a.customer_id, cu.name, cu.trust, cu.restriction, cu.restricted_until order by events desc, last_at desc limit 10
    """
)
_RESTRICTED = text("select count(*) from customers where restriction <> '' and restricted_until > :now")


@dataclass(frozen=True, slots=True, kw_only=True)
class AbuseFilter:
    """Which events: empty means all. `state`: open (nobody judged it), right, wrong, or restricted (holds somebody back now)."""

    kind: str = ""
    action: str = ""
    state: str = ""
    customer_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AbuseView:
    """One event with its evidence in clear. `restriction` and `restricted_until` are the customer's own, as they are now."""

    id: UUID
    customer_id: UUID
    customer_name: str
    conversation_id: UUID | None
    channel: str
    kind: str
    action: str
    score: float
    evidence: dict[str, Any]
    until: datetime | None
    verdict: str
    reviewed_by: str
    reviewed_at: datetime | None
    created_at: datetime
    trust: int
    is_blocked: bool
    restriction: str
    restricted_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A customer with many events in a period."""

    customer_id: UUID
    name: str
    events: int
    last_at: datetime
    trust: int
    restriction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AbuseFigures:
    """Events of a period. Days are the business's own; `wrong` of `judged` were false alarms; `restricted` are held back now."""

    events: int = 0
    customers: int = 0
    judged: int = 0
    wrong: int = 0
    restricted: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)
    by_action: dict[str, int] = field(default_factory=dict)
    by_day: dict[date, int] = field(default_factory=dict)
    subjects: tuple[Subject, ...] = ()


async def list_events(db: Db, wanted: AbuseFilter = AbuseFilter(), page: int = 1, limit: int = 25) -> tuple[list[AbuseView], int]:
    """One page of events, the newest first, and how many match. Raises `Forbidden`, `Invalid` (kind, action, state)."""
    db.scope.require(Permission.VIEW)
    conditions, values = _conditions(wanted)
    statement = _LIST.format(conditions=" and ".join(conditions))
    rows = (await db.execute(text(statement), {**values, "limit": limit, "offset": (page - 1) * limit})).all()
    if rows or page == 1:
        return [_view(row) for row in rows], int(rows[0].total) if rows else 0
    counted = f"select count(*) from abuse_events a join customers cu on cu.id = a.customer_id where {' and '.join(conditions)}"  # noqa: S608 (constants)
    return [], int((await db.execute(text(counted), values)).scalar_one())


async def load_event(db: Db, event_id: UUID) -> AbuseView:
    """One event. Raises `Forbidden`, `NotFound`."""
    db.scope.require(Permission.VIEW)
    row = (await db.execute(text(_LIST.format(conditions="a.id = :id")), {"id": event_id, "limit": 1, "offset": 0})).one_or_none()
    if row is None:
        raise NotFound("sign of abuse")
    return _view(row)


async def review(db: Db, event_id: UUID, verdict: str) -> AbuseView:
    """Judge an event. `wrong` lifts what it led to and gives the trust back; `right` after `wrong` restricts nobody anew.

    Needs REPLY. Raises `Invalid` (field `verdict`), `NotFound`, `Forbidden`.
    """
    db.scope.require(Permission.REPLY)
    if verdict not in VERDICTS:
        raise Invalid("The verdict is right or wrong.", "verdict")
    row = await _lock(db, event_id)
    if row.verdict != verdict:
        await db.execute(
            "update abuse_events set verdict = :verdict, reviewed_by = :by, reviewed_at = :now where id = :id",
            {"verdict": verdict, "by": db.scope.actor.name, "now": now(), "id": event_id},
        )
        await audit.record(
            db, "abuse.reviewed", "abuse_event", event_id, after={"verdict": verdict, "customer_id": str(row.customer_id)}
        )
        if verdict == "wrong":
            await _let_go(db, row.customer_id, why="judged wrong")
        await _changed(db, row.customer_id)
    return await load_event(db, event_id)


async def lift(db: Db, event_id: UUID) -> AbuseView:
    """End the restriction an event led to now; the event goes on counting. Lifted twice it is lifted once.

    Needs REPLY. Raises `NotFound`, `Forbidden`.
    """
    db.scope.require(Permission.REPLY)
    row = await _lock(db, event_id)
    await lift_customer(db, row.customer_id)
    return await load_event(db, event_id)


async def lift_customer(db: Db, customer_id: UUID) -> None:
    """Let a restricted customer write again at once. Nothing happens when nothing holds them. Raises `NotFound`, `Forbidden`."""
    db.scope.require(Permission.REPLY)
    await db.execute(
        "update abuse_events set until = :now where customer_id = :id and until > :now", {"now": now(), "id": customer_id}
    )
    await _let_go(db, customer_id, why="lifted")
    await _changed(db, customer_id)


async def _let_go(db: Db, customer_id: UUID, why: str) -> None:
    """Set the customer's restriction to what the remaining events hold up."""
    at = now()
    customer = (
        await db.execute("select restriction, restricted_until from customers where id = :id for update", {"id": customer_id})
    ).one_or_none()
    if customer is None:
        raise NotFound("customer")
    if not customer.restriction:
        return
    held = (await db.execute(_HOLDING, {"id": customer_id, "now": at})).one_or_none()
    restriction, until = (held.action, held.until) if held is not None else ("", None)
    if (restriction, until) == (customer.restriction, customer.restricted_until):
        return
    await db.execute(_SET, {"id": customer_id, "restriction": restriction, "until": until})
    if customer.restricted_until is not None and customer.restricted_until > at:
        before = {"restriction": customer.restriction, "until": customer.restricted_until.isoformat()}
        after = {"restriction": restriction, "until": until.isoformat() if until else None, "why": why}
        await audit.record(db, "customer.unrestricted", "customer", customer_id, before=before, after=after, level="WARNING")


async def _changed(db: Db, customer_id: UUID) -> None:
    await refresh_trust(db, customer_id)
    live.publish(db, "customer.changed", customer_id=customer_id)
    live.publish(db, "limits.changed")


async def _lock(db: Db, event_id: UUID) -> Any:
    row = (await db.execute(_LOCK, {"id": event_id})).one_or_none()
    if row is None:
        raise NotFound("sign of abuse")
    return row


async def figures(db: Db, since: datetime, until: datetime) -> AbuseFigures:
    """What was seen from `since` to before `until`. Needs VIEW."""
    db.scope.require(Permission.VIEW)
    values = {"since": since, "until": until}
    rows = (await db.execute(_FIGURES, values)).all()
    whole = next((row for row in rows if row.kind is row.action is row.verdict is row.day is None), None)
    subjects = (await db.execute(_SUBJECTS, values)).all()
    at = now()
    judged = {row.verdict: int(row.events) for row in rows if row.verdict}
    return AbuseFigures(
        events=int(whole.events) if whole else 0,
        customers=int(whole.customers) if whole else 0,
        judged=sum(judged.values()),
        wrong=judged.get("wrong", 0),
        restricted=int((await db.execute(_RESTRICTED, {"now": at})).scalar_one()),
        by_kind={row.kind: int(row.events) for row in rows if row.kind},
        by_action={row.action: int(row.events) for row in rows if row.action},
        by_day={row.day: int(row.events) for row in sorted(rows, key=lambda one: str(one.day)) if row.day},
        subjects=tuple(
            Subject(
                customer_id=row.customer_id,
                name=row.name,
                events=int(row.events),
                last_at=row.last_at,
                trust=row.trust,
                restriction=row.restriction if row.restricted_until and row.restricted_until > at else "",
            )
            for row in subjects
        ),
    )


def _conditions(wanted: AbuseFilter) -> tuple[list[str], dict[str, Any]]:
    conditions, values = ["true"], dict[str, Any]()
    for name, value, known in (("kind", wanted.kind, KINDS), ("action", wanted.action, ACTIONS), ("state", wanted.state, STATES)):
        if value and value not in known:
            raise Invalid(f"Choose one of {', '.join(known)}.", name)
    for name in ("kind", "action"):
        if value := getattr(wanted, name):
            conditions.append(f"a.{name} = :{name}")
            values[name] = value
    if wanted.state == "restricted":
        conditions.append("a.until > :now and a.verdict <> 'wrong' and cu.restriction <> '' and cu.restricted_until > :now")
        values["now"] = now()
    elif wanted.state:
        conditions.append("a.verdict = :verdict")
        values["verdict"] = "" if wanted.state == "open" else wanted.state
    if wanted.customer_id is not None:
        conditions.append("a.customer_id = :customer_id")
        values["customer_id"] = wanted.customer_id
    for name, column in (("since", ">="), ("until", "<")):
        if (at := getattr(wanted, name)) is not None:
            if at.tzinfo is None:
                raise Invalid("Write the moment with its time zone.", name)
            conditions.append(f"a.created_at {column} :{name}")
            values[name] = at
    return conditions, values


def _view(row: Any) -> AbuseView:
    held = row.restriction and row.restricted_until is not None and row.restricted_until > now()
    return AbuseView(
        id=row.id,
        customer_id=row.customer_id,
        customer_name=row.customer_name,
        conversation_id=row.conversation_id,
        channel=row.channel or "",
        kind=row.kind,
        action=row.action,
        score=row.score,
        evidence=_evidence(row.data_key, row.evidence),
        until=row.until,
        verdict=row.verdict,
        reviewed_by=row.reviewed_by,
        reviewed_at=row.reviewed_at,
        created_at=row.created_at,
        trust=row.trust,
        is_blocked=row.is_blocked,
        restriction=row.restriction if held else "",
        restricted_until=row.restricted_until if held else None,
    )


def _evidence(data_key: str, sealed: str) -> dict[str, Any]:
    if not sealed:
        return {}
    found = json.loads(decrypt(unwrap_data_key(data_key), sealed, EVIDENCE))
    return dict(found)
