"""How far a business may trust a customer: 0–100, from what is known, with every point explained.

    30   everybody begins here
   +30   verified: staff or a code vouched for the person
   +10   an e-mail or phone number is proven
   +10   known for long: 1 for every 9 days, at most 10
   +10   wrote before: 1 for every 4 messages, at most 10
   +10   conversations that ended well: 2 each, at most 10 (closed, and nobody had to be slowed down there)
   −10   writes from a hosting firm, a VPN or Tor   −20 from an address known for attacks   −15 from one that was blocked
   −5    each other sign of abuse   −15 each slow-down   −30 each block; all fade to nothing within 90 days
    0    the same question again: whoever asks twice was not understood

What staff judged wrong counts nothing. A customer whom staff blocked for good has 0. The score decides how much somebody new may
write (`rules`), never whether they are answered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import NotFound
from omni_app.infra.scope import Permission

BASE = 30
VERIFIED = 30
PROVEN = 10
MOST_AGE, DAYS_A_POINT = 10, 9
MOST_MESSAGES, MESSAGES_A_POINT = 10, 4
MOST_ENDINGS, POINTS_AN_ENDING = 10, 2
FADES_WITHIN = timedelta(days=90)
_COSTS = {"noted": 5, "throttled": 15, "blocked": 30}
_RENTED_ADDRESS, _BAD_ADDRESS, _KNOWN_ABUSER = 10, 20, 15
BATCH = 500

# One customer, or one batch of those seen or suspected lately. Counts end where they no longer add points.
_STANDING = """
    select cu.id, cu.trust, cu.created_at, cu.verified_at is not null as is_verified, cu.blocked_at is not null as is_blocked,
      exists (select 1 from contact_points cp where cp.customer_id = cu.id and cp.proof = 'proven' and cp.kind <> 'external')
        as has_proof,
      (select count(*) from (select from messages m where m.customer_id = cu.id and m.role = 'customer' limit 40) few)
        as messages,
      (select count(*) from (select from conversations c where c.customer_id = cu.id and c.status = 'closed'
        and not exists (select from abuse_events a where a.conversation_id = c.id and a.action <> 'noted'
          and a.verdict <> 'wrong')
        limit 5) few) as endings,
      (select coalesce(jsonb_agg(jsonb_build_object('kind', a.kind, 'action', a.action, 'at', a.created_at, 'score', a.score)
         order by a.created_at), '[]') from (select kind, action, created_at, score from abuse_events
         where customer_id = cu.id and verdict <> 'wrong' and created_at > :since order by created_at desc limit 50) a) as events
    from customers cu where {which}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """One abuse event that counts. A bad address has the `score` 1 when it is known for attacks, less when it is only rented."""

    kind: str
    action: str
    at: datetime
    score: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What trust is made of."""

    since: datetime
    is_verified: bool = False
    has_proof: bool = False
    is_blocked: bool = False
    messages: int = 0
    endings: int = 0
    strikes: Sequence[Strike] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """So many points (may be negative) and why, in words for staff."""

    points: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """The score, 0–100, and what it is made of, in the order of the module's list."""

    score: int
    reasons: tuple[Reason, ...]


def trust_score(standing: Standing, at: datetime) -> Trust:
    """The score of one customer at a moment. Pure; the module says the weights."""
    if standing.is_blocked:
        return Trust(score=0, reasons=(Reason(points=0, words="Your team blocked this customer"),))
    days = max(0, (at - standing.since).days)
    reasons = [
        Reason(points=BASE, words="Everybody begins with this"),
        Reason(points=VERIFIED * standing.is_verified, words="Verified"),
        Reason(points=PROVEN * standing.has_proof, words="A proven e-mail address or phone number"),
        Reason(points=min(MOST_AGE, days // DAYS_A_POINT), words=f"Known for {days} days"),
        Reason(points=min(MOST_MESSAGES, standing.messages // MESSAGES_A_POINT), words="Wrote to you before"),
        Reason(points=min(MOST_ENDINGS, standing.endings * POINTS_AN_ENDING), words="Conversations that ended well"),
        *_strikes(standing.strikes, at),
    ]
    score = sum(reason.points for reason in reasons)
    return Trust(score=max(0, min(100, score)), reasons=tuple(reason for reason in reasons if reason.points))


def _strikes(strikes: Sequence[Strike], at: datetime) -> list[Reason]:
    """Lost points by what happened. An address counts once, however often it was seen."""
    lost: dict[str, float] = {}
    for strike in strikes:
        left = 1 - max(timedelta(), at - strike.at) / FADES_WITHIN
        if left <= 0:
            continue
        if strike.kind == "bad_address":
            words, cost = (_BAD_WORDS, _BAD_ADDRESS) if strike.score >= 1 else (_RENTED_WORDS, _RENTED_ADDRESS)
            lost[words] = max(lost.get(words, 0.0), cost * left)
        elif strike.kind == "known_abuser":
            lost[_KNOWN_WORDS] = max(lost.get(_KNOWN_WORDS, 0.0), _KNOWN_ABUSER * left)
        elif strike.kind != "repetition" or strike.action != "noted":
            words = _ACTION_WORDS.get(strike.action, _ACTION_WORDS["noted"])
            lost[words] = lost.get(words, 0.0) + _COSTS.get(strike.action, 5) * left
    return [Reason(points=-round(points), words=words) for words, points in lost.items()]


_KNOWN_WORDS = "Somebody was blocked at this network address"
_RENTED_WORDS = "Writes from a hosting firm, a VPN or Tor"
_BAD_WORDS = "Writes from an address known for attacks"
_ACTION_WORDS = {"noted": "Signs of abuse", "throttled": "Was slowed down", "blocked": "Was blocked for a time"}


async def load_trust(db: Db, customer_id: UUID) -> Trust:
    """The score of one customer as it is now, with its reasons. Raises `Forbidden`, `NotFound`."""
    db.scope.require(Permission.VIEW)
    return (await _load(db, customer_id))[1]


async def refresh_trust(db: Db, customer_id: UUID) -> int:
    """Reckon the score anew and store it when it changed; gives it. Raises `NotFound`."""
    stored, trust = await _load(db, customer_id)
    if trust.score != stored:
        await db.execute("update customers set trust = :trust where id = :id", {"trust": trust.score, "id": customer_id})
    return trust.score


async def refresh_batch(db: Db, after: UUID | None, seen_since: datetime) -> tuple[UUID | None, int]:
    """Reckon the next `BATCH` customers of all businesses seen since then, or suspected within 90 days, by id after `after`.

    Gives the last id (None: that was all) and how many scores changed. For `system_db`.
    """
    at = now()
    which = """cu.id > :after and cu.merged_into_id is null and (cu.last_seen_at >= :seen
      or exists (select 1 from abuse_events a where a.customer_id = cu.id and a.created_at > :since))
      order by cu.id limit :most"""
    values = {"after": after or UUID(int=0), "seen": seen_since, "since": at - FADES_WITHIN, "most": BATCH}
    rows = (await db.execute(text(_statement(which)), values)).all()
    changed = [(row.id, score) for row in rows if (score := trust_score(_standing(row), at).score) != row.trust]
    if changed:
        await db.execute(
            """update customers cu set trust = n.trust from (select unnest(cast(:ids as uuid[])) as id,
               unnest(cast(:scores as int[])) as trust) n where cu.id = n.id""",
            {"ids": [one for one, _ in changed], "scores": [score for _, score in changed]},
        )
    return (rows[-1].id if len(rows) == BATCH else None), len(changed)


async def _load(db: Db, customer_id: UUID) -> tuple[int, Trust]:
    at = now()
    values = {"id": customer_id, "since": at - FADES_WITHIN}
    row = (await db.execute(text(_statement("cu.id = :id")), values)).one_or_none()
    if row is None:
        raise NotFound("customer")
    return row.trust, trust_score(_standing(row), at)


def _statement(which: str) -> str:
    return _STANDING.format(which=which)


def _standing(row: Any) -> Standing:
    return Standing(
        since=row.created_at,
        is_verified=row.is_verified,
        has_proof=row.has_proof,
        is_blocked=row.is_blocked,
        messages=row.messages,
        endings=row.endings,
        strikes=[
            Strike(kind=one["kind"], action=one["action"], at=datetime.fromisoformat(one["at"]), score=one["score"])
            for one in row.events
        ],
    )
