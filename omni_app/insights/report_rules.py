"""Which reports a business wants, at what hour, and who gets them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from omni_app import audit
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import FieldError, Invalid, NotFound
from omni_app.infra.scope import Permission
from omni_app.insights.report_periods import KINDS, Kind
from omni_app.tenancy.checks import check_email

MOST_RECIPIENTS = 20
DEFAULT_HOUR = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRules:
    """`hour` 0–23, local time. `recipients`: e-mail addresses; none means the owners, whoever they are when it is sent.

    `skip_empty`: send nothing about a stretch in which nothing was asked and nothing spent. `since` {kind: moment it was turned
    on}: what was due before is not sent later.
    """

    kinds: tuple[Kind, ...] = KINDS
    hour: int = DEFAULT_HOUR
    recipients: tuple[str, ...] = ()
    skip_empty: bool = True
    since: Mapping[str, datetime] = field(default_factory=dict)


def read_rules(stored: Mapping[str, Any]) -> ReportRules:
    """The rules a business's row holds; what is missing has its default."""
    kinds = stored.get("kinds", KINDS)
    return ReportRules(
        kinds=tuple(kind for kind in KINDS if kind in kinds),
        hour=int(stored.get("hour", DEFAULT_HOUR)),
        recipients=tuple(stored.get("recipients", ())),
        skip_empty=bool(stored.get("skip_empty", True)),
        since={kind: datetime.fromisoformat(at) for kind, at in stored.get("since", {}).items()},
    )


async def load_rules(db: Db) -> ReportRules:
    """Raises `Forbidden`, and `NotFound` for a business that is gone."""
    db.scope.require(Permission.VIEW)
    return read_rules(await _stored(db, ""))


async def _stored(db: Db, lock: str) -> Mapping[str, Any]:
    found = await db.execute(
        f"select report_rules from businesses where id = :id {lock}",  # noqa: S608 (constants of this module)
        {"id": db.scope.business_id},
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound("business")
    stored: Mapping[str, Any] = row.report_rules
    return stored


async def set_rules(
    db: Db, *, kinds: Sequence[str], hour: int, recipients: Sequence[str] = (), skip_empty: bool = True
) -> ReportRules:
    """Replace the rules. Raises `Forbidden`, and `Invalid` that names every wrong field (kinds, hour, recipients, skip_empty)."""
    db.scope.require(Permission.CONFIGURE)
    clean = _check(kinds, hour, recipients, skip_empty)
    stored = await _stored(db, "for update")
    before = read_rules(stored)
    since = {kind: at for kind, at in before.since.items() if kind in clean["kinds"]}
    since |= {kind: now() for kind in clean["kinds"] if kind not in before.kinds}
    after = {**clean, "since": {kind: at.isoformat() for kind, at in since.items()}}
    await db.execute(
        "update businesses set report_rules = cast(:rules as jsonb) where id = :id",
        {"rules": json.dumps(after), "id": db.scope.business_id},
    )
    shown = {name: stored[name] for name in clean if name in stored}
    await audit.record(db, "reports.rules_set", "business", db.scope.business_id, before=shown, after=clean)
    return read_rules(after)


def _check(kinds: object, hour: object, recipients: object, skip_empty: object) -> dict[str, Any]:
    wrong: list[FieldError] = []
    chosen = _texts(kinds)
    if chosen is None or not set(chosen) <= set(KINDS):
        wrong.append(FieldError(field="kinds", message="Reports are daily, weekly or monthly."))
    if isinstance(hour, bool) or not isinstance(hour, int) or not 0 <= hour <= 23:
        wrong.append(FieldError(field="hour", message="Choose an hour from 0 to 23."))
    if not isinstance(skip_empty, bool):
        wrong.append(FieldError(field="skip_empty", message="Use true or false."))
    emails: list[str] = []
    try:
        emails = _check_recipients(_texts(recipients))
    except Invalid as error:
        wrong.extend(error.fields)
    if wrong:
        raise Invalid(wrong[0].message, fields=wrong)
    return {
        "kinds": [kind for kind in KINDS if kind in (chosen or ())],
        "hour": hour,
        "recipients": emails,
        "skip_empty": skip_empty,
    }


def _texts(value: object) -> list[str] | None:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        return None
    return [str(item) for item in value]


def _check_recipients(addresses: list[str] | None) -> list[str]:
    if addresses is None:
        raise Invalid("Recipients are e-mail addresses.", field="recipients")
    if len(addresses) > MOST_RECIPIENTS:
        raise Invalid(f"At most {MOST_RECIPIENTS} people get reports.", field="recipients")
    clean: list[str] = []
    for address in addresses:
        try:
            clean.append(check_email(address, "recipients"))
        except Invalid as error:
            shown = " ".join(address.split())[:60]
            raise Invalid(f"“{shown}” is not an e-mail address.", field="recipients") from error
    return list(dict.fromkeys(clean))
