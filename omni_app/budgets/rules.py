"""What the owner set about alerts and caps: which shares of the budget are told, to whom, what one customer may cost a month."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from omni_app import audit
from omni_app.budgets.caps import apply_caps
from omni_app.budgets.periods import MAX_LIMIT_NUSD
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import FieldError, Invalid, NotFound
from omni_app.infra.money import show
from omni_app.infra.scope import Permission
from omni_app.tenancy.checks import check_email

MOST_PERCENTS = 10
MOST_EMAILS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRules:
    """`alert_percents`: shares of the month's budget, 1 to 99, ascending; 100 is always told. `alert_emails` empty: owners and
    admins. Caps: nano-dollars that one customer or one campaign may cost in a month; None: no cap."""

    alert_percents: tuple[int, ...] = (75, 90)
    alert_emails: tuple[str, ...] = ()
    customer_cap_nusd: int | None = None
    campaign_cap_nusd: int | None = None


def read_rules(stored: Mapping[str, Any]) -> BudgetRules:
    """The rules of `businesses.budget_rules`; what is missing there has its default."""
    usual = BudgetRules()
    return BudgetRules(
        alert_percents=tuple(stored.get("alert_percents", usual.alert_percents)),
        alert_emails=tuple(stored.get("alert_emails", usual.alert_emails)),
        customer_cap_nusd=stored.get("customer_cap_nusd"),
        campaign_cap_nusd=stored.get("campaign_cap_nusd"),
    )


async def load_rules(db: Db) -> BudgetRules:
    """The rules of this business. Raise `Forbidden`, `NotFound`."""
    db.scope.require(Permission.VIEW)
    found = await db.execute("select budget_rules from businesses where id = :id", {"id": db.scope.business_id})
    row = found.one_or_none()
    if row is None:
        raise NotFound("business")
    return read_rules(row.budget_rules)


async def set_rules(db: Db, rules: BudgetRules) -> BudgetRules:
    """Replace the rules; caps hold at once, for this month too. Raise `Forbidden`, or `Invalid` naming each wrong field.

    What a customer or a campaign cost this month already counts; one who is above a new cap gets free answers only.
    """
    db.scope.require(Permission.CONFIGURE)
    clean = _check(rules)
    found = await db.execute("select budget_rules from businesses where id = :id for no key update", {"id": db.scope.business_id})
    row = found.one_or_none()
    if row is None:
        raise NotFound("business")
    before = read_rules(row.budget_rules)
    if clean == before:
        return before
    await db.execute(
        "update businesses set budget_rules = cast(:rules as jsonb) || jsonb_build_object("
        "'alert_percents', cast(:percents as int[]), 'alert_emails', cast(:emails as text[])) where id = :id",
        {
            "id": db.scope.business_id,
            "rules": _caps_json(clean),
            "percents": list(clean.alert_percents),
            "emails": list(clean.alert_emails),
        },
    )
    caps, old_caps = (clean.customer_cap_nusd, clean.campaign_cap_nusd), (before.customer_cap_nusd, before.campaign_cap_nusd)
    if caps != old_caps:
        await apply_caps(db, now(), *caps, is_new=old_caps == (None, None))
    await audit.record(db, "budget.rules_set", "budget", before=asdict(before), after=asdict(clean))
    live.publish(db, "budget.changed")
    return clean


def _caps_json(rules: BudgetRules) -> str:
    def number(value: int | None) -> str:
        return "null" if value is None else str(value)

    return f'{{"customer_cap_nusd": {number(rules.customer_cap_nusd)}, "campaign_cap_nusd": {number(rules.campaign_cap_nusd)}}}'


def _check(rules: BudgetRules) -> BudgetRules:
    wrong: list[FieldError] = []
    percents = _check_percents(rules.alert_percents, wrong)
    emails = _check_emails(rules.alert_emails, wrong)
    for name in ("customer_cap_nusd", "campaign_cap_nusd"):
        cap = getattr(rules, name)
        if cap is not None and (isinstance(cap, bool) or not isinstance(cap, int) or not 0 <= cap <= MAX_LIMIT_NUSD):
            message = f"Write an amount between $0 and {show(MAX_LIMIT_NUSD, 0)}, or leave it empty for no cap."
            wrong.append(FieldError(field=name, message=message))
    if wrong:
        raise Invalid(wrong[0].message, fields=wrong)
    return BudgetRules(
        alert_percents=percents,
        alert_emails=emails,
        customer_cap_nusd=rules.customer_cap_nusd,
        campaign_cap_nusd=rules.campaign_cap_nusd,
    )


def _check_percents(percents: Sequence[int], wrong: list[FieldError]) -> tuple[int, ...]:
    is_right = len(percents) <= MOST_PERCENTS and all(
        isinstance(one, int) and not isinstance(one, bool) and 1 <= one <= 99 for one in percents
    )
    if not is_right:
        message = f"Write up to {MOST_PERCENTS} whole percentages from 1 to 99. 100 % is always told."
        wrong.append(FieldError(field="alert_percents", message=message))
        return ()
    return tuple(sorted(set(percents)))


def _check_emails(emails: Sequence[str], wrong: list[FieldError]) -> tuple[str, ...]:
    if len(emails) > MOST_EMAILS:
        wrong.append(FieldError(field="alert_emails", message=f"Write up to {MOST_EMAILS} addresses."))
        return ()
    clean: dict[str, None] = {}
    for email in emails:
        try:
            clean[check_email(email, "alert_emails")] = None
        except Invalid as error:
            wrong.extend(error.fields)
    return tuple(clean)
