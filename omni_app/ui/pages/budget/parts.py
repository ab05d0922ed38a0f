"""The panels of the budget page about money."""

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.ui.account import ShellState
from omni_app.ui.components import (
    button,
    button_link,
    callout,
    dialog,
    form_actions,
    form_error,
    icon,
    meter,
    pager,
    panel,
    select_field,
    table,
    text_field,
)
from omni_app.ui.components.leaving import WATCHED
from omni_app.ui.pages.budget.state import BudgetState, MoveLine

MAY_CONFIGURE = ShellState.permissions.contains(Permission.CONFIGURE.value)
BOOKINGS = [("payment", "A payment"), ("correction", "A correction: take credit out again")]
MAY_OWN = ShellState.permissions.contains(Permission.OWN.value)


def month() -> rx.Component:
    """Where the month stands, and the limit."""
    form = rx.el.form(
        text_field(
            "limit",
            "Monthly budget",
            BudgetState.errors,
            hint="In US dollars, for everything that is paid. It holds from the next call on, and for the months to come.",
            unit="$",
            input_mode="decimal",
            auto_complete="off",
            default_value=BudgetState.limit_plain,
            key="limit-" + BudgetState.limit_edition.to_string(),
        ),
        form_actions(button("Save budget", tone="primary", type="submit", busy=BudgetState.busy == "limit")),
        on_submit=BudgetState.save_limit,
        no_validate=True,
        class_name="form",
        custom_attrs=WATCHED,
    )
    return panel(
        rx.el.div(
            rx.el.span(
                rx.el.span(BudgetState.spent, class_name="huge num"), rx.el.span(" of ", BudgetState.limit, class_name="mut")
            ),
            rx.el.span(BudgetState.percent_words, class_name="mut num"),
            class_name="row between",
            style={"alignItems": "baseline"},
        ),
        meter(
            "Spent this month",
            BudgetState.spent,
            BudgetState.limit,
            BudgetState.percent,
            BudgetState.reserved_percent,
            rx.cond(BudgetState.is_spent, "var(--bad)", ""),
        ),
        rx.el.dl(
            rx.el.dt("Left this month"),
            rx.el.dd(BudgetState.left),
            rx.el.dt("Held for work in progress"),
            rx.el.dd(BudgetState.held),
            rx.cond(BudgetState.excess != "", rx.el.dt("Beyond the budget")),
            rx.cond(BudgetState.excess != "", rx.el.dd(BudgetState.excess)),
            rx.el.dt("Starts over"),
            rx.el.dd(BudgetState.renews),
            class_name="sum",
        ),
        rx.cond(MAY_CONFIGURE, form),
        title="This month",
        about=BudgetState.month,
        end=button_link("See costs", "/costs", tone="ghost", size="s"),
        padded=True,
        class_name="money",
    )


def at_hundred() -> rx.Component:
    """What happens when the money is spent."""

    def line(icon_name: str, title: str, about: str | rx.Var[str]) -> rx.Component:
        return rx.el.li(
            icon(icon_name), rx.el.span(rx.el.b(title, class_name="med"), rx.el.br(), rx.el.span(about, class_name="t1 mut"))
        )

    return panel(
        rx.el.ul(
            line("zap", "Free answers go on", "Stored answers, FAQ and passages cost nothing and never stop."),
            line("wallet", "Credit first", "Where there is prepaid credit, paid answers go on from it before anything pauses."),
            line(
                "pause",
                "Paid answers pause",
                "Until the month starts over (" + BudgetState.renews + "), the budget is raised, or credit is added.",
            ),
            line("users_round", "Customers are told", "Who asks what only a model could answer is offered a person."),
            line("bell", "Your team sees it", "A strip on every page, and a mail. Nothing is ever spent beyond the budget."),
            class_name="flow",
        ),
        title="What happens at 100%",
        padded=True,
    )


def _move(line: rx.Var[MoveLine]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(line.at, class_name="lead"),
        rx.el.td(line.note, class_name="mut wide"),
        rx.el.td(line.by, class_name="mut"),
        rx.el.td(line.amount, class_name=rx.cond(line.is_plus, "r num plus act", "r num act")),
    )


def credit() -> rx.Component:
    body = rx.cond(
        BudgetState.has_credit,
        rx.fragment(
            rx.el.div(
                rx.el.span(rx.el.span(BudgetState.credit_left, class_name="big num"), rx.el.span(" left", class_name="mut")),
                rx.el.span(BudgetState.credit_spent, " used of ", BudgetState.credit_total, " paid in", class_name="mut num t1"),
                class_name="row between body",
                style={"alignItems": "baseline"},
            ),
            table(["When", "Note", "By", ("Amount", "r")], BudgetState.moves, _move, "Movements of the credit"),
            rx.cond(
                BudgetState.moves_pages > 1,
                rx.el.footer(pager(BudgetState.moves_page, BudgetState.moves_pages, BudgetState.go_moves, "Pages of movements")),
            ),
        ),
        rx.el.p(
            "No credit is paid in. Credit is used after the monthly budget and never runs out with the month.",
            class_name="mut quiet-note",
        ),
    )
    return panel(
        body,
        title="Prepaid credit",
        end=rx.cond(MAY_OWN, button("Add credit", "plus", size="s", on_click=BudgetState.set_topping_up(True))),
        class_name="moves",
    )


def top_up_dialog() -> rx.Component:
    return dialog(
        BudgetState.topping_up,
        "Add or correct credit",
        rx.el.form(
            form_error(BudgetState),
            select_field("kind", "Book", BOOKINGS, BudgetState.errors),
            text_field(
                "amount", "Amount", BudgetState.errors, unit="$", input_mode="decimal", auto_focus=True, auto_complete="off"
            ),
            text_field("note", "Note", BudgetState.errors, hint="Like the number of the invoice; may be empty", max_length=300),
            form_actions(
                button("Cancel", on_click=BudgetState.set_topping_up(False)),
                button("Book", tone="primary", type="submit", busy=BudgetState.busy == "top-up"),
            ),
            on_submit=BudgetState.pay_in,
            no_validate=True,
            class_name="form",
        ),
        about="Credit is used when the month's budget is spent, works from the next call on and stays until it is used.",
        on_close=BudgetState.set_topping_up,
    )


def rules() -> rx.Component:
    """Alerts and caps."""
    edition = BudgetState.rules_edition.to_string()
    return panel(
        rx.el.form(
            form_error(BudgetState),
            text_field(
                "alert_percents",
                "Tell us at",
                BudgetState.errors,
                hint="Percentages of the month's budget, like 75, 90. Each is told once a month, and 100% always.",
                auto_complete="off",
                default_value=BudgetState.percents,
                key="percents-" + edition,
            ),
            text_field(
                "alert_emails",
                "Mail goes to",
                BudgetState.errors,
                hint="Addresses with commas between. Empty: every owner and admin.",
                auto_complete="off",
                default_value=BudgetState.emails,
                key="emails-" + edition,
            ),
            rx.el.div(
                text_field(
                    "customer_cap",
                    "Cap for one customer a month",
                    BudgetState.errors,
                    hint="Empty: no cap",
                    unit="$",
                    input_mode="decimal",
                    auto_complete="off",
                    default_value=BudgetState.customer_cap,
                    key="customer-" + edition,
                ),
                text_field(
                    "campaign_cap",
                    "Cap for one campaign a month",
                    BudgetState.errors,
                    hint="Empty: no cap",
                    unit="$",
                    input_mode="decimal",
                    auto_complete="off",
                    default_value=BudgetState.campaign_cap,
                    key="campaign-" + edition,
                ),
                class_name="pair",
            ),
            callout("Whoever reaches a cap goes on with free answers; nobody else notices.", icon_name="info"),
            form_actions(button("Save alerts and caps", type="submit", busy=BudgetState.busy == "rules")),
            on_submit=BudgetState.save_rules,
            no_validate=True,
            class_name="form",
            custom_attrs=WATCHED,
        ),
        title="Alerts and caps",
        padded=True,
    )
