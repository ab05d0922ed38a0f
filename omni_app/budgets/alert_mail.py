"""What a budget alert says in a mail: plain sentences, amounts with two decimals, and what to do about it."""

from dataclasses import dataclass
from datetime import date

from omni_app.budgets.alerts import EXCESS, FULL
from omni_app.budgets.models import CREDIT
from omni_app.infra.money import show

_GO_ON = "Answers from FAQs, documents and the cache cost nothing and go on."


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFacts:
    """What happened (`period_start`, `kind`, `percent`, and the level then) and how things stand now, nano-dollars.

    `credit_left_nusd`: of the prepaid credit, 0 without one; `month_left_nusd`: of this month's budget.
    """

    business_name: str
    period_start: date
    kind: str
    percent: int
    spent_nusd: int
    limit_nusd: int
    reserved_nusd: int
    credit_left_nusd: int
    month_left_nusd: int


def write_alert(facts: AlertFacts, link: str) -> tuple[str, str]:
    """The subject and the text of the mail; `link` leads to the page where the budget is changed."""
    name = facts.business_name
    if facts.period_start == CREDIT:
        subject, sentences = _about_credit(facts)
    elif facts.kind == EXCESS:
        subject, sentences = _about_excess(facts)
    else:
        subject, sentences = _about_month(facts)
    return f"{name}: {subject}", "\n\n".join([*sentences, f"See the budget or change it: {link}"]) + "\n"


def _month(facts: AlertFacts) -> str:
    return f"{facts.period_start:%B %Y}"


def _next_month(facts: AlertFacts) -> str:
    start = facts.period_start
    following = date(start.year + start.month // 12, start.month % 12 + 1, 1)
    return f"{following.day} {following:%B %Y}"


def _about_month(facts: AlertFacts) -> tuple[str, list[str]]:
    spent, limit, month = show(facts.spent_nusd), show(facts.limit_nusd), _month(facts)
    if facts.percent < FULL:
        return f"{facts.percent} % of the budget for {month} is spent", [
            f"{facts.business_name} has spent {spent} of its budget of {limit} for {month}.",
            f"When all of it is spent, {_what_then(facts)} {_GO_ON}",
        ]
    return f"the budget for {month} is spent", [
        f"{facts.business_name} has spent {spent} of its budget of {limit} for {month}, and what is left pays no further answer.",
        f"From now on {_what_then(facts)} {_GO_ON}",
    ]


def _what_then(facts: AlertFacts) -> str:
    if facts.credit_left_nusd > 0:
        return f"paid answers are paid from the prepaid credit, of which {show(facts.credit_left_nusd)} is left."
    return f"paid answers pause until {_next_month(facts)}, unless you raise the budget or pay in credit before."


def _about_credit(facts: AlertFacts) -> tuple[str, list[str]]:
    used = f"{show(facts.spent_nusd)} of the {show(facts.limit_nusd)} that {facts.business_name} ever paid in is used."
    if facts.kind == EXCESS:
        return "more was billed than the prepaid credit holds", [used, _WHY_EXCESS]
    if facts.percent < FULL:
        return f"{facts.percent} % of the prepaid credit is used", [used]
    if facts.month_left_nusd > 0:
        return "the prepaid credit is used up", [used, f"Of this month's budget {show(facts.month_left_nusd)} is left."]
    return "the prepaid credit is used up", [
        used,
        f"The month's budget is spent as well, so paid answers pause until you pay in credit or raise the budget. {_GO_ON}",
    ]


_WHY_EXCESS = (
    "That happens when a provider bills more than a call should have cost at most, or when a budget is set below what was "
    "spent already. It is booked in full, and the audit trail names the cause. Further paid calls are refused until there is "
    "room again."
)


def _about_excess(facts: AlertFacts) -> tuple[str, list[str]]:
    level = f"{show(facts.spent_nusd)} is spent"
    if facts.reserved_nusd:
        level += f" and {show(facts.reserved_nusd)} is held for calls under way"
    return f"more than the budget for {_month(facts)}", [
        f"The budget of {facts.business_name} for {_month(facts)} is {show(facts.limit_nusd)}, but {level}.",
        _WHY_EXCESS,
    ]
