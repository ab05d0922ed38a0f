"""How far a customer is trusted and why, and what abuse detection holds back."""

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.ui.account import ShellState
from omni_app.ui.components import button, callout
from omni_app.ui.pages.customers.profile_state import CustomerState
from omni_app.ui.pages.customers.showing import Pair

MAY_REPLY = ShellState.permissions.contains(Permission.REPLY.value)


def _reason(pair: rx.Var[Pair]) -> rx.Component:
    return rx.fragment(rx.el.dt(pair.label), rx.el.dd(pair.text))


def _sign(pair: rx.Var[Pair]) -> rx.Component:
    return rx.el.li(
        rx.el.span(pair.label, class_name="grow"), rx.el.span(pair.text, class_name="mut t1 nowrap"), class_name="row"
    )


def trust() -> rx.Component:
    return rx.el.section(
        rx.el.h3("Trust"),
        rx.el.div(
            rx.el.span(CustomerState.trust, class_name="big num"),
            rx.el.span(" of 100", class_name="mut"),
            class_name="trust-score",
        ),
        rx.el.dl(rx.foreach(CustomerState.trust_reasons, _reason), class_name="kv trust-reasons"),
        rx.cond(
            CustomerState.signs.length() > 0,
            rx.el.div(
                rx.el.h3("Signs of abuse"),
                rx.el.ul(rx.foreach(CustomerState.signs, _sign), class_name="trail"),
                class_name="signs-of",
            ),
        ),
    )


def held_back() -> rx.Component:
    lift = button("Lift", size="s", on_click=CustomerState.lift, busy=CustomerState.busy == "lift")
    return rx.cond(
        CustomerState.who.held != "",
        callout(
            rx.el.div(
                rx.el.span(rx.el.b(CustomerState.who.held, class_name="med"), " because of signs of abuse", class_name="grow"),
                rx.cond(MAY_REPLY, lift),
                class_name="row",
            ),
            tone="warn",
            icon_name="timer",
            style={"marginBottom": "16px"},
        ),
    )
