"""The limits a business sets for its customers: defaults, reading, changing."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from omni_app import audit
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import FieldError, Invalid, NotFound
from omni_app.infra.scope import Permission
from omni_app.tenancy.plans import plan_of

# Customers with this much trust (0–100), and verified ones, may write as often as the business allows at all.
FULL_TRUST = 50
# A small number is not halved below this for somebody new: one question takes a few messages.
_NEW_AT_LEAST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRules:
    """Messages, calls and call minutes count over the last 24 hours of one customer.

    `new_daily_messages` is for those who are neither verified nor trusted. `cooldown_seconds` lie between two messages of a
    customer, 0 for none. `visitor_messages_per_hour` is for all unverified visitors of the widget from one network address
    together, `unknown_address_messages_per_hour` for all whose address nobody knows. `monthly_messages` comes with the plan: what
    is beyond it is stored and gets no paid answer.
    """

    daily_messages: int = 50
    new_daily_messages: int = 25
    daily_calls: int = 3
    daily_call_minutes: int = 30
    cooldown_seconds: int = 0
    visitor_messages_per_hour: int = 60
    unknown_address_messages_per_hour: int = 20
    monthly_messages: int = plan_of("").monthly_messages

    def daily_for(self, trust: int, *, is_verified: bool) -> int:
        """How many messages a customer may send within 24 hours."""
        is_known = is_verified or trust >= FULL_TRUST
        return self.daily_messages if is_known else min(self.new_daily_messages, self.daily_messages)


# Smallest and largest of each number a business may set.
RANGES: dict[str, tuple[int, int]] = {
    "daily_messages": (1, 10_000),
    "new_daily_messages": (1, 10_000),
    "daily_calls": (0, 1_000),
    "daily_call_minutes": (0, 1_440),
    "cooldown_seconds": (0, 3_600),
    "visitor_messages_per_hour": (1, 100_000),
    "unknown_address_messages_per_hour": (1, 100_000),
}


def new_default(daily_messages: int) -> int:
    """What somebody new may send when the business did not say: half, at least ten."""
    return min(daily_messages, max(_NEW_AT_LEAST, -(-daily_messages // 2)))


def read_rules(stored: Mapping[str, Any], daily_messages: int, plan: str) -> LimitRules:
    """The rules of a business from its row: `limits`, `daily_messages`, `plan`. What is missing or unusable has its default."""
    kept = {name: stored[name] for name in RANGES if name != "daily_messages" and _is_fit(name, stored.get(name))}
    kept.setdefault("new_daily_messages", new_default(daily_messages))
    return LimitRules(**kept, daily_messages=daily_messages, monthly_messages=plan_of(plan).monthly_messages)


def _is_fit(name: str, value: object) -> bool:
    least, most = RANGES[name]
    return type(value) is int and least <= value <= most


async def load_limit_rules(db: Db) -> LimitRules:
    """The limits of the business of this scope."""
    db.scope.require(Permission.VIEW)
    row = await _read(db, "")
    return read_rules(row.limits, row.daily_messages, row.plan)


async def set_limit_rules(db: Db, **changes: Any) -> LimitRules:
    """Change some of the numbers of `RANGES`; what is not named stays. They hold from the next message on.

    Needs CONFIGURE. Raises `Invalid` naming every wrong field; nothing is stored then.
    """
    db.scope.require(Permission.CONFIGURE)
    wrong = [FieldError(field=name, message=problem) for name, value in changes.items() if (problem := _problem(name, value))]
    if wrong:
        raise Invalid(wrong[0].message if len(wrong) == 1 else "Some limits cannot be accepted.", fields=wrong)
    row = await _read(db, "for update")
    before = read_rules(row.limits, row.daily_messages, row.plan)
    limits = {**row.limits, **{name: value for name, value in changes.items() if name != "daily_messages"}}
    daily = changes.get("daily_messages", row.daily_messages)
    after = read_rules(limits, daily, row.plan)
    if limits == row.limits and daily == row.daily_messages:
        return after
    await db.execute(
        "update businesses set limits = cast(:limits as jsonb), daily_messages = :daily, updated_at = :now where id = :id",
        {"limits": json.dumps(limits), "daily": daily, "now": now(), "id": db.scope.business_id},
    )
    old, new = asdict(before), asdict(after)
    changed = [field.name for field in fields(LimitRules) if old[field.name] != new[field.name]]
    await audit.record(
        db,
        "limits.updated",
        "business",
        db.scope.business_id,
        before={name: old[name] for name in changed},
        after={name: new[name] for name in changed},
    )
    live.publish(db, "limits.changed")
    return after


def _problem(name: str, value: object) -> str:
    if name == "monthly_messages":
        return "The messages of a month come with the plan."
    if name not in RANGES:
        return "There is no such limit."
    if _is_fit(name, value):
        return ""
    least, most = RANGES[name]
    return f"Write a whole number from {least:,} to {most:,}."


async def _read(db: Db, lock: str) -> Any:
    found = await db.execute(
        f"select limits, daily_messages, plan from businesses where id = :id {lock}",  # noqa: S608 (constants)
        {"id": db.scope.business_id},
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound("business")
    return row
