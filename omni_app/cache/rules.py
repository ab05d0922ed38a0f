"""What the owner decides about the cache."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from omni_app import audit
from omni_app.cache.judging import FIXED_COSINE, THRESHOLD
from omni_app.infra import live
from omni_app.infra.database import Db
from omni_app.infra.errors import FieldError, Invalid, NotFound
from omni_app.infra.money import NUSD
from omni_app.infra.scope import Permission

MODES = ("learned", "fixed", "exact")
LEAST_COSINE = 0.5
LEAST_PROBABILITY = 0.5
MAX_WARMING_NUSD = 1_000 * NUSD


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheRules:
    """`is_on`: whether answers are stored and served again at all.

    `mode` says when another wording counts as the same question: learned (the verifier's probability is at least
    `min_probability`), fixed (the cosine is at least `fixed_cosine`), or exact (never: the same words only). `shared_hours`
    (1–24) is how long Redis keeps an answer that is not about hours, prices or availability. With `warms_nightly` common
    questions are asked of the model every night, for at most `warming_limit_nusd` a night.
    """

    is_on: bool = True
    mode: str = "learned"
    fixed_cosine: float = FIXED_COSINE
    min_probability: float = THRESHOLD
    shared_hours: int = 24
    warms_nightly: bool = False
    warming_limit_nusd: int = 0


def read_rules(stored: Mapping[str, Any]) -> CacheRules:
    """The rules as the business's row holds them, with the defaults for what it does not name."""
    known = {field.name for field in fields(CacheRules)}
    return CacheRules(**{name: value for name, value in stored.items() if name in known})


def check_rules(rules: CacheRules) -> None:
    """Raise `Invalid` naming every wrong field."""
    problems: list[FieldError] = []
    if not isinstance(rules.is_on, bool):
        problems.append(FieldError(field="is_on", message="Use true or false."))
    if not isinstance(rules.warms_nightly, bool):
        problems.append(FieldError(field="warms_nightly", message="Use true or false."))
    limit = rules.warming_limit_nusd
    if isinstance(limit, bool) or not isinstance(limit, int) or not 0 <= limit <= MAX_WARMING_NUSD:
        problems.append(FieldError(field="warming_limit_nusd", message="Write an amount from $0 to $1,000."))
    if rules.mode not in MODES:
        problems.append(FieldError(field="mode", message="Choose learned, fixed or exact."))
    for name, least in (("fixed_cosine", LEAST_COSINE), ("min_probability", LEAST_PROBABILITY)):
        value = getattr(rules, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= 1:
            problems.append(FieldError(field=name, message=f"Write a number from {least} to 1."))
    hours = rules.shared_hours
    if isinstance(hours, bool) or not isinstance(hours, int) or not 1 <= hours <= 24:
        problems.append(FieldError(field="shared_hours", message="Write a whole number of hours from 1 to 24."))
    if problems:
        raise Invalid(problems[0].message if len(problems) == 1 else "Some settings cannot be accepted.", fields=problems)


async def load_cache_rules(db: Db) -> CacheRules:
    """The rules of this business. Raises `Forbidden`."""
    db.scope.require(Permission.VIEW)
    return read_rules(await _stored(db, ""))


async def set_cache_rules(db: Db, rules: CacheRules) -> CacheRules:
    """Replace the rules; the next message obeys them. Raises `Forbidden`, and `Invalid` with every wrong field."""
    db.scope.require(Permission.CONFIGURE)
    check_rules(rules)
    before = await _stored(db, "for no key update")
    after = asdict(rules)
    if read_rules(before) != rules:
        await db.execute(
            "update businesses set cache_rules = cast(:rules as jsonb) where id = :id",
            {"id": db.scope.business_id, "rules": json.dumps(after)},
        )
        await audit.record(db, "cache.rules_set", "business", db.scope.business_id, before=before, after=after)
        live.publish(db, "cache.changed")
    return rules


async def _stored(db: Db, lock: str) -> dict[str, Any]:
    found = await db.execute(
        f"select cache_rules from businesses where id = :id {lock}",  # noqa: S608 (constants of this module)
        {"id": db.scope.business_id},
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound("business")
    return dict(row.cache_rules)
