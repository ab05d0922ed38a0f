"""The money of a business: budget, credit, alerts, caps."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import reflex as rx

from omni_app.budgets.budget import BudgetView, load_budget, set_limit
from omni_app.budgets.credit import MOST_AT_ONCE_NUSD, list_movements, top_up
from omni_app.budgets.rules import BudgetRules, load_rules, set_rules
from omni_app.infra import money
from omni_app.infra.errors import FieldError, Invalid
from omni_app.infra.ids import new_id
from omni_app.insights.costs import load_zone
from omni_app.ui.access import ViewerState, form_text, handler, loader, viewer_db
from omni_app.ui.account import ShellState
from omni_app.ui.components import said, told
from omni_app.ui.live import watch
from omni_app.ui.pages.budget.amounts import read_amount, read_cap, read_emails, read_percents
from omni_app.ui.words import cost, when

MOVES_SHOWN = 8


@dataclass
class MoveLine:
    at: str
    amount: str
    is_plus: bool
    note: str
    by: str


def plain(nusd: int) -> str:
    """An amount as it stands in a field: "120.00"."""
    return f"{money.dollars(nusd):.2f}"


def read_rules(form: object) -> BudgetRules:
    """Alerts and caps of the form. Raise `Invalid` that names every wrong field."""
    wrong: list[FieldError] = []
    found: dict[str, Any] = {"alert_emails": read_emails(form_text(form, "alert_emails"))}
    readers: list[tuple[str, Any]] = [
        ("alert_percents", lambda text: read_percents(text)),
        ("customer_cap", lambda text: read_cap(text, "customer_cap", "The cap for one customer")),
        ("campaign_cap", lambda text: read_cap(text, "campaign_cap", "The cap for one campaign")),
    ]
    for name, reader in readers:
        try:
            found[name] = reader(form_text(form, name))
        except Invalid as error:
            wrong.extend(error.fields)
    if wrong:
        raise Invalid("Nothing was saved.", fields=wrong)
    return BudgetRules(
        alert_percents=found["alert_percents"],
        alert_emails=found["alert_emails"],
        customer_cap_nusd=found["customer_cap"],
        campaign_cap_nusd=found["campaign_cap"],
    )


class BudgetState(ViewerState, rx.State):
    month: str = ""
    spent: str = ""
    limit: str = ""
    limit_plain: str = ""
    percent: str = "0"
    reserved_percent: str = "0"
    percent_words: str = ""
    left: str = ""
    held: str = ""
    renews: str = ""
    excess: str = ""
    is_paused: bool = False
    is_spent: bool = False

    credit_left: str = ""
    credit_spent: str = ""
    credit_total: str = ""
    has_credit: bool = False
    moves: list[MoveLine] = []
    moves_page: int = 1
    moves_pages: int = 1

    percents: str = ""
    emails: str = ""
    customer_cap: str = ""
    campaign_cap: str = ""
    limit_edition: int = 0
    """Grows when the field of the limit must take the stored value; `rules_edition` is the same for alerts and caps."""
    rules_edition: int = 0

    topping_up: bool = False
    top_up_id: str = ""
    """Names this one payment: pressing twice books it once."""

    @loader
    async def load(self) -> None:
        await watch(self, BudgetState.on_live, ("budget", "message.created"), every=2.0)
        await self._read()
        # Whoever types already keeps it: fields take a stored value anew only when it is another one than before.
        before = self.limit_plain, self._rules_shown()
        await self._read_limit()
        await self._read_rules()
        self.limit_edition += self.limit_plain != before[0]
        self.rules_edition += self._rules_shown() != before[1]

    @handler
    async def on_live(self, note: dict) -> None:
        # Fields that somebody fills in are left alone.
        await self._read()

    async def _read(self) -> None:
        async with viewer_db(self) as db:
            zone = await load_zone(db)
            budget = await load_budget(db)
            moves = await list_movements(db, self.moves_page, MOVES_SHOWN)
        self._show_budget(budget)
        self.moves_pages = max(1, -(-moves.total // MOVES_SHOWN))
        self.moves = [
            MoveLine(
                at=when(item.created_at, zone),
                amount=("+" if item.amount_nusd > 0 else "−") + money.show(abs(item.amount_nusd)),
                is_plus=item.amount_nusd > 0,
                note=item.note,
                by=item.created_by,
            )
            for item in moves.items
        ]

    async def _read_limit(self) -> None:
        async with viewer_db(self) as db:
            self.limit_plain = plain((await load_budget(db)).limit_nusd)

    async def _read_rules(self) -> None:
        async with viewer_db(self) as db:
            rules = await load_rules(db)
        self.percents = ", ".join(str(percent) for percent in rules.alert_percents)
        self.emails = ", ".join(rules.alert_emails)
        self.customer_cap = "" if rules.customer_cap_nusd is None else plain(rules.customer_cap_nusd)
        self.campaign_cap = "" if rules.campaign_cap_nusd is None else plain(rules.campaign_cap_nusd)

    def _rules_shown(self) -> tuple[str, ...]:
        return self.percents, self.emails, self.customer_cap, self.campaign_cap

    def _show_budget(self, budget: BudgetView) -> None:
        spent = min(budget.percent, 100.0)
        reserved = 100 * budget.reserved_nusd / budget.limit_nusd if budget.limit_nusd else 0.0
        self.spent, self.limit = money.show(budget.spent_nusd), money.show(budget.limit_nusd)
        self.percent, self.reserved_percent = f"{spent:.2f}", f"{min(reserved, 100 - spent):.2f}"
        self.percent_words = f"{budget.percent:.0f}%"
        self.left, self.held = money.show(budget.left_nusd), cost(budget.reserved_nusd + budget.credit_reserved_nusd)
        self.excess = cost(budget.excess_nusd) if budget.excess_nusd else ""
        self.month = f"{budget.period_start:%B %Y}"
        after = (budget.period_start + timedelta(days=32)).replace(day=1)
        self.renews = f"{after.day} {after:%B}"
        self.is_paused, self.is_spent = budget.is_paused, budget.is_spent
        self.credit_left, self.credit_total = money.show(budget.credit_left_nusd), money.show(budget.credit_total_nusd)
        self.credit_spent = money.show(budget.credit_spent_nusd)
        self.has_credit = budget.credit_total_nusd > 0

    @handler
    async def save_limit(self, form: dict[str, Any]) -> Any:
        self.busy = "limit"
        yield
        amount = read_amount(form_text(form, "limit"), "limit", "The monthly budget")
        async with viewer_db(self) as db:
            budget = await set_limit(db, amount)
        await self._read()
        await self._read_limit()
        self.limit_edition += 1
        yield ShellState.on_live({})
        if budget.spent_nusd >= amount and not budget.credit_left_nusd:
            yield told("Budget saved. Paid answers are paused now.", f"{money.show(budget.spent_nusd)} is spent already.")
        else:
            yield said(f"The budget is {money.show(amount)} a month now")

    @handler
    async def save_rules(self, form: dict[str, Any]) -> Any:
        self.busy = "rules"
        yield
        rules = read_rules(form)
        async with viewer_db(self) as db:
            await set_rules(db, rules)
        await self._read_rules()
        self.rules_edition += 1
        yield said("Alerts and caps saved")

    @handler
    async def set_topping_up(self, is_open: bool) -> None:
        self.topping_up, self.top_up_id = bool(is_open), str(new_id()) if is_open else ""

    @handler
    async def pay_in(self, form: dict[str, Any]) -> Any:
        if not self.top_up_id:  # the second click of two: the first has booked it
            return
        self.busy = "top-up"
        yield
        amount = read_amount(form_text(form, "amount"), "amount", "The amount", most_nusd=MOST_AT_ONCE_NUSD, above_zero=True)
        is_correction = form_text(form, "kind") == "correction"
        async with viewer_db(self) as db:
            await top_up(db, -amount if is_correction else amount, form_text(form, "note"), client_id=self.top_up_id)
        self.topping_up, self.top_up_id, self.moves_page = False, "", 1
        await self._read()
        yield ShellState.on_live({})
        if is_correction:
            yield said(f"{money.show(amount)} of credit taken out")
        else:
            yield said(f"{money.show(amount)} of credit added. It works from the next call on.")

    @handler
    async def go_moves(self, page: int) -> None:
        self.moves_page = max(1, min(page, self.moves_pages)) if isinstance(page, int) else 1
        await self._read()
