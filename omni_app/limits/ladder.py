"""What follows from signs of abuse: noted, then slowed down for minutes, then blocked for hours, each with its end.

Signs are rows of `abuse_events`; the ladder counts those within the memory of the rules that nobody judged wrong. Some never
lead further: an address says little about the person behind it, and whoever repeats a question was not understood.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text

from omni_app import audit
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.crypto import blind_index, encrypt, unwrap_data_key
from omni_app.infra.database import Db
from omni_app.infra.ids import new_id
from omni_app.limits.abuse_rules import AbuseRules
from omni_app.limits.models import AbuseEvent
from omni_app.limits.signs import BAD_ADDRESS, GIBBERISH, KNOWN_ABUSER, RAPID_FIRE, REPETITION, Sign
from omni_app.limits.trust import refresh_trust

NOTED, THROTTLED, BLOCKED = ACTIONS = ("noted", "throttled", "blocked")
EVIDENCE = "abuse_events.evidence"

BLOCKS_REMEMBERED = timedelta(days=30)
LONGEST_BLOCK = timedelta(days=30)
# One burst, one stubborn question, one address is one sign.
_QUIET = {
    RAPID_FIRE: timedelta(0),
    GIBBERISH: timedelta(0),
    REPETITION: timedelta(minutes=1),
    KNOWN_ABUSER: timedelta(days=30),
    BAD_ADDRESS: timedelta(days=30),
}

_EARLIER = text(
    """select kind, action, score, verdict, created_at from abuse_events
       where customer_id = :id and created_at > :since order by created_at desc limit 200"""
)
# A longer block stays: a person who answers may hear from somebody who is blocked, and signs go on counting.
_RESTRICT = text(
    """
    update customers set restriction = :restriction, restricted_until = :until
    where id = :id and not (restriction = 'blocked' and coalesce(restricted_until > :until, false))
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """One event of the past."""

    kind: str
    action: str
    score: float
    verdict: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What follows: `action` noted, throttled or blocked, the latter two until a moment."""

    action: str
    until: datetime | None = None


def counts(kind: str, score: float) -> bool:
    """Whether a sign leads up the ladder. A repeated question does when it was asked about twice as often as the rule allows."""
    return kind in (RAPID_FIRE, GIBBERISH, KNOWN_ABUSER) or (kind == REPETITION and score >= 1)


def is_new(sign: Sign, rules: AbuseRules, earlier: Iterable[Earlier], at: datetime) -> bool:
    """Whether this sign is more than the going-on of one that was noted already."""
    quiet = timedelta(seconds=rules.rapid_seconds) if sign.kind == RAPID_FIRE else _QUIET[sign.kind]
    return not any(one.kind == sign.kind and timedelta() <= at - one.created_at < quiet for one in earlier)


def next_step(sign: Sign, rules: AbuseRules, earlier: Sequence[Earlier], at: datetime, *, with_person: bool = False) -> Step:
    """What one new sign leads to. Who is talking `with_person` is slowed down at most, and so is who repeats a question."""
    if not counts(sign.kind, sign.score) or sign.kind == KNOWN_ABUSER:
        return Step(action=NOTED)
    standing = [one for one in earlier if one.verdict != "wrong"]
    number = 1 + sum(one.created_at > at - rules.memory and counts(one.kind, one.score) for one in standing)
    if number >= rules.block_after and not with_person and sign.kind != REPETITION:
        blocks = sum(one.action == BLOCKED for one in standing)
        # 2 ** 20 hours are more than the longest block anyway.
        return Step(action=BLOCKED, until=at + min(LONGEST_BLOCK, timedelta(hours=rules.block_hours * 2 ** min(blocks, 20))))
    if number >= rules.throttle_after:
        return Step(action=THROTTLED, until=at + timedelta(minutes=rules.throttle_minutes))
    return Step(action=NOTED)


def address_index(address: str | None) -> str:
    """The fingerprint under which a network address (`address_block`) is found again; empty for an unknown one."""
    return blind_index("abuse.address", address) if address else ""


async def note_signs(
    db: Db,
    rules: AbuseRules,
    signs: Sequence[Sign],
    *,
    customer_id: UUID,
    data_key: str,
    conversation_id: UUID,
    address: str | None = None,
    with_person: bool = False,
) -> Step:
    """Write down the signs of one message and restrict the customer when it is time. Gives the hardest step.

    Call it after the message was stored: its locks on conversation and customer line up the messages of one customer, and come in
    the order every message takes them.
    """
    at = now()
    rows = (await db.execute(_EARLIER, {"id": customer_id, "since": at - BLOCKS_REMEMBERED})).all()
    earlier = [Earlier(**row._mapping) for row in rows]
    hardest = Step(action=NOTED)
    noted: list[dict[str, Any]] = []
    for sign in signs:
        if not is_new(sign, rules, earlier, at):
            continue
        step = next_step(sign, rules, earlier, at, with_person=with_person)
        if ACTIONS.index(step.action) > ACTIONS.index(hardest.action):
            hardest = step
        noted.append(
            {
                "id": new_id(),
                "business_id": db.scope.business_id,
                "customer_id": customer_id,
                "conversation_id": conversation_id,
                "kind": sign.kind,
                "action": step.action,
                "score": sign.score,
                "evidence": encrypt(unwrap_data_key(data_key), json.dumps(sign.evidence, ensure_ascii=False), EVIDENCE),
                "address_index": address_index(address),
                "until": step.until,
                "verdict": "",
                "reviewed_by": "",
                "reviewed_at": None,
                "created_at": at,
            }
        )
    if not noted:
        return hardest
    await db.execute(insert(AbuseEvent.__table__).values(noted))  # type: ignore[attr-defined]
    if hardest.until is not None:
        values = {"id": customer_id, "restriction": hardest.action, "until": hardest.until}
        await db.execute(_RESTRICT, values)
        after = {"restriction": hardest.action, "until": hardest.until.isoformat(), "signs": [row["kind"] for row in noted]}
        await audit.record(db, "customer.restricted", "customer", customer_id, after=after, level="WARNING")
        live.publish(db, "conversation.changed", conversation_id=conversation_id)
    await refresh_trust(db, customer_id)
    live.publish(db, "customer.changed", customer_id=customer_id)
    live.publish(db, "limits.changed")
    return hardest
