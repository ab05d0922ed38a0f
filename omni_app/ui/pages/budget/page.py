"""The page `/budget`."""

import reflex as rx

from omni_app.ui.components import loaded, page_header
from omni_app.ui.navigation import NavEntry
from omni_app.ui.pages.budget import parts, plan_parts
from omni_app.ui.pages.budget.plan_state import PlanState
from omni_app.ui.pages.budget.state import BudgetState
from omni_app.ui.shell import page


@page(
    "/budget",
    title="Budget and plan",
    on_load=[BudgetState.load, PlanState.load],
    nav=NavEntry(group="Set up", label="Budget and plan", icon="piggy_bank", order=18),
)
def budget() -> rx.Component:
    content = rx.el.div(
        rx.el.div(parts.month(), parts.at_hundred(), class_name="c6 stack money-col"),
        rx.el.div(parts.credit(), rx.cond(parts.MAY_CONFIGURE, parts.rules()), class_name="c6 stack money-col"),
        plan_parts.plan(),
        class_name="cols",
    )
    return rx.el.div(
        page_header("Budget and plan", "How much answers may cost, what happens then, and what your plan allows"),
        loaded(BudgetState, content, "The budget could not be loaded", BudgetState.load),
        parts.top_up_dialog(),
        plan_parts.change_dialog(),
        class_name="page",
    )
