"""The plan on the budget page."""

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.ui.account import ShellState
from omni_app.ui.components import badge, button, dialog, form_actions, icon, panel
from omni_app.ui.pages.budget.plan_state import PlanLine, PlanState, UseLine

MAY_OWN = ShellState.permissions.contains(Permission.OWN.value)


def _use(line: rx.Var[UseLine]) -> rx.Component:
    return rx.el.div(
        rx.el.span(line.label, class_name="mut"),
        rx.el.span(line.words, class_name="num"),
        rx.el.div(
            rx.el.i(class_name="spent", style={"width": line.percent + "%", "background": line.tone}),
            class_name="bm",
            aria_hidden="true",
        ),
        class_name="use",
    )


def _plan(line: rx.Var[PlanLine]) -> rx.Component:
    choose = rx.cond(
        line.is_current,
        rx.fragment(),
        rx.cond(
            line.obstacle != "",
            rx.el.span(line.obstacle, class_name="t1 mut"),
            rx.cond(
                MAY_OWN,
                button(
                    "Change to " + line.label,
                    on_click=PlanState.ask(line.name),
                ),
            ),
        ),
    )
    return rx.el.li(
        rx.el.div(
            rx.el.h3(line.label, class_name="med"), rx.cond(line.is_current, badge("Your plan", "acc")), class_name="row between"
        ),
        rx.el.div(line.price, rx.el.small(" a month"), class_name="price num"),
        rx.el.ul(
            rx.foreach(
                line.quotas,
                lambda quota: rx.el.li(icon("check", "xs", "good"), " ", quota, class_name="t1"),
            )
        ),
        choose,
        class_name=rx.cond(line.is_current, "on", ""),
        aria_label=line.label,
    )


def plan() -> rx.Component:
    return panel(
        rx.el.div(rx.foreach(PlanState.uses, _use), class_name="body uses"),
        rx.el.ul(rx.foreach(PlanState.plans, _plan), class_name="plans"),
        title="Plan",
        about=PlanState.since,
        footer="The plan is what Omni costs. What answers cost comes from the budget above.",
        class_name="c12",
    )


def change_dialog() -> rx.Component:
    return dialog(
        PlanState.wanted != "",
        "Change to " + PlanState.wanted_label + "?",
        form_actions(
            button("Keep the plan", on_click=PlanState.keep(False)),
            button("Change plan", tone="primary", on_click=PlanState.change, busy=PlanState.busy == "plan"),
        ),
        about=PlanState.wanted_words,
        on_close=PlanState.keep,
    )
