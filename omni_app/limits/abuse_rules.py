"""When a business takes something for abuse, and what follows: defaults, reading, changing. Kept under `abuse` of its limits."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from typing import Any

from omni_app import audit
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import FieldError, Invalid, NotFound
from omni_app.infra.scope import Permission

Number = int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AbuseRules:
    """More than `rapid_messages` within `rapid_seconds`, more than the share `gibberish_share` of signs that are no letters, or
    one question `repeats` times is a sign.

    The `throttle_after`th sign within `memory_hours` slows a customer down to one message in `throttle_seconds` for
    `throttle_minutes`; the `block_after`th blocks for `block_hours`, doubled with each block of the last 30 days. With `is_on`
    false nothing is looked for; what was restricted before stays so until its time is over.
    """

    is_on: bool = True
    rapid_messages: int = 5
    rapid_seconds: int = 10
    gibberish_share: float = 0.7
    repeats: int = 3
    throttle_after: int = 2
    block_after: int = 4
    throttle_seconds: int = 20
    throttle_minutes: int = 10
    block_hours: int = 2
    memory_hours: int = 24

    @property
    def memory(self) -> timedelta:
        return timedelta(hours=self.memory_hours)


DEFAULTS = AbuseRules()

# Smallest and largest of each number. No share under a half: ordinary text with its commas must never come near.
RANGES: dict[str, tuple[Number, Number]] = {
    "rapid_messages": (2, 30),
    "rapid_seconds": (1, 60),
    "gibberish_share": (0.5, 0.99),
    "repeats": (2, 10),
    "throttle_after": (1, 20),
    "block_after": (2, 50),
    "throttle_seconds": (1, 600),
    "throttle_minutes": (1, 1_440),
    "block_hours": (1, 168),
    "memory_hours": (1, 720),
}


def read_abuse_rules(stored: Mapping[str, Any]) -> AbuseRules:
    """The rules within a business's `limits`. What is missing or unusable has its default."""
    given = stored.get("abuse")
    if not given or not isinstance(given, Mapping):
        return DEFAULTS
    kept = {name: given[name] for name in (*RANGES, "is_on") if name in given and not _problem(name, given[name])}
    rules = AbuseRules(**kept)
    return rules if rules.throttle_after < rules.block_after else DEFAULTS


async def load_abuse_rules(db: Db) -> AbuseRules:
    """The rules of the business of this scope. Raises `Forbidden`."""
    db.scope.require(Permission.VIEW)
    return read_abuse_rules(await _read(db, ""))


async def set_abuse_rules(db: Db, **changes: Any) -> AbuseRules:
    """Change some of the rules; what is not named stays. They hold from the next message on.

    Needs CONFIGURE. Raises `Invalid` naming every wrong field; nothing is stored then.
    """
    db.scope.require(Permission.CONFIGURE)
    wrong = [FieldError(field=name, message=problem) for name, value in changes.items() if (problem := _problem(name, value))]
    limits = await _read(db, "for update")
    before = asdict(read_abuse_rules(limits))
    after = {**before, **changes}
    if not wrong and after["throttle_after"] >= after["block_after"]:
        wrong = [FieldError(field="block_after", message="Blocking comes after slowing down: write a larger number.")]
    if wrong:
        raise Invalid(wrong[0].message if len(wrong) == 1 else "Some rules cannot be accepted.", fields=wrong)
    changed = [field.name for field in fields(AbuseRules) if before[field.name] != after[field.name]]
    if not changed:
        return AbuseRules(**before)
    await db.execute(
        "update businesses set limits = cast(:limits as jsonb), updated_at = :now where id = :id",
        {"limits": json.dumps({**limits, "abuse": after}), "now": now(), "id": db.scope.business_id},
    )
    await audit.record(
        db,
        "abuse_rules.updated",
        "business",
        db.scope.business_id,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )
    live.publish(db, "limits.changed")
    return AbuseRules(**after)


def _problem(name: str, value: object) -> str:
    if name == "is_on":
        return "" if isinstance(value, bool) else "Use true or false."
    if name not in RANGES:
        return "There is no such rule."
    least, most = RANGES[name]
    if isinstance(least, float):
        fits = type(value) in (int, float) and least <= value <= most  # type: ignore[operator]
        return "" if fits else f"Write a share from {least:.0%} to {most:.0%}."
    if type(value) is int and least <= value <= most:
        return ""
    return f"Write a whole number from {least:,} to {most:,}."


async def _read(db: Db, lock: str) -> dict[str, Any]:
    found = await db.execute(
        f"select limits from businesses where id = :id {lock}",  # noqa: S608 (constants)
        {"id": db.scope.business_id},
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound("business")
    return dict(row.limits)
