"""Limits and budget: what is spent, what is held back for calls under way, and both limits."""

from typing import Any

import reflex as rx

from omni_app.budgets.budget import load_budget, set_limit
from omni_app.infra import money
from omni_app.infra.errors import FieldError, Invalid
from omni_app.infra.scope import Permission
from omni_app.tenancy.businesses import load_business, update_business
from omni_app.ui.access import ViewerState, form_text, handler, loader, viewer_db
from omni_app.ui.account import ShellState
from omni_app.ui.components import button, form_actions, form_error, loaded, meter, page_header, panel, said, text_field
from omni_app.ui.live import watch
from omni_app.ui.navigation import NavEntry
from omni_app.ui.shell import page


def read_amount(text: str) -> int:
    """Nano-dollars of "120", "120.50" or "$1,200". Raise ValueError for anything else, and for amounts below zero."""
    amount = money.to_nusd(text.strip().removeprefix("$").replace(",", "").strip())
    if amount < 0:
        raise ValueError("below zero")
    return amount


def read_limits(form: object) -> tuple[int, int]:
    """(messages a day, budget in nano-dollars) of the form. Raise `Invalid` that names each wrong field."""
    wrong: list[FieldError] = []
    messages = limit_nusd = 0
    try:
        messages = int(form_text(form, "daily_messages").replace(",", ""))
        if not 1 <= messages <= 10_000:
            raise ValueError
    except ValueError:
        wrong.append(FieldError(field="daily_messages", message="Write a number from 1 to 10,000."))
    try:
        limit_nusd = read_amount(form_text(form, "limit"))
    except ValueError:
        wrong.append(FieldError(field="limit", message="Write an amount in dollars, like 120 or 120.50."))
    if wrong:
        raise Invalid("The limits were not saved.", fields=wrong)
    return messages, limit_nusd


class LimitsState(ViewerState, rx.State):
    spent: str = ""
    limit: str = ""
    limit_plain: str = ""
    reserved: str = ""
    left: str = ""
    month: str = ""
    percent: str = "0"
    reserved_percent: str = "0"
    percent_text: str = ""
    daily_messages: int = 50
    is_spent: bool = False

    @loader
    async def load(self) -> None:
        await watch(self, LimitsState.on_live, ("budget", "business", "message.created"), every=1.0)
        await self._read()

    @handler
    async def on_live(self, note: dict) -> None:
        await self._read()

    async def _read(self) -> None:
        async with viewer_db(self) as db:
            budget = await load_budget(db)
            self.daily_messages = (await load_business(db)).daily_messages
        limit = budget.limit_nusd
        self.spent, self.limit, self.reserved = money.show(budget.spent_nusd), money.show(limit), money.show(budget.reserved_nusd)
        self.limit_plain = f"{money.dollars(limit):.2f}"
        self.left = money.show(budget.left_nusd)
        self.month = f"{budget.period_start:%B %Y}"
        self.percent = _percent(budget.spent_nusd, limit)
        self.reserved_percent = _percent(budget.reserved_nusd, limit, 100 - float(self.percent))
        self.percent_text = f"{float(self.percent):.0f}%"
        self.is_spent = budget.is_spent

    @handler
    async def save(self, form: dict[str, Any]) -> Any:
        self.busy = "save"
        yield
        messages, limit_nusd = read_limits(form)
        async with viewer_db(self) as db:
            await update_business(db, daily_messages=messages)
            await set_limit(db, limit_nusd)
        await self._read()
        yield said("Limits saved")
        yield ShellState.on_live({})


def _percent(part: int, whole: int, most: float = 100.0) -> str:
    """A share as text for a style value, never above `most`."""
    return f"{min(most, 100 * part / whole):.2f}" if whole else "0"


def _money() -> rx.Component:
    return panel(
        rx.el.div(
            rx.el.span(
                rx.el.span(LimitsState.spent, class_name="big num"), " ", rx.el.span("of ", LimitsState.limit, class_name="mut")
            ),
            rx.el.span(LimitsState.percent_text, class_name="mut num"),
            class_name="row between",
            style={"alignItems": "baseline"},
        ),
        meter(
            "Spent this month, in dollars",
            LimitsState.spent,
            LimitsState.limit,
            LimitsState.percent,
            LimitsState.reserved_percent,
            rx.cond(LimitsState.is_spent, "var(--bad)", ""),
        ),
        rx.el.p(LimitsState.left, " left, ", LimitsState.reserved, " held for answers under way.", class_name="t1 mut"),
        title="Spend and budget",
        end=rx.el.span(LimitsState.month, class_name="mut"),
        footer="Omni never spends more than the budget. When it is used up, cache and FAQ still answer.",
        padded=True,
        class_name="c6",
    )


def _form() -> rx.Component:
    return panel(
        rx.el.form(
            form_error(LimitsState),
            text_field(
                "limit",
                "Monthly budget",
                LimitsState.errors,
                hint="In US dollars, for all paid answers",
                unit="$",
                input_mode="decimal",
                default_value=LimitsState.limit_plain,
                key=LimitsState.limit_plain,
            ),
            text_field(
                "daily_messages",
                "Messages a customer may send in 24 hours",
                LimitsState.errors,
                hint="Above it Omni asks to come back later; your team can still write",
                input_mode="numeric",
                default_value=LimitsState.daily_messages.to_string(),
                key=LimitsState.daily_messages.to_string(),
            ),
            form_actions(button("Save limits", tone="primary", type="submit", busy=LimitsState.busy == "save")),
            on_submit=LimitsState.save,
            no_validate=True,
            class_name="form",
        ),
        title="Limits",
        class_name="c6",
    )


@page(
    "/limits",
    title="Limits and budget",
    on_load=LimitsState.load,
    nav=NavEntry(group="Set up", label="Limits and budget", icon="gauge", order=20),
)
def limits() -> rx.Component:
    may_change = ShellState.permissions.contains(Permission.CONFIGURE.value)
    content = rx.el.div(_money(), rx.cond(may_change, _form()), class_name="cols")
    return rx.el.div(
        page_header("Limits and budget", "How much answers may cost, and how much one customer may ask"),
        loaded(LimitsState, content, "Limits could not be loaded", LimitsState.load),
        class_name="page",
    )
