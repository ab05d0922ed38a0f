"""How far one of our messages got, in a mark and in words; and what a person can do when it did not arrive."""

import reflex as rx

from omni_app.ui.components import button, icon
from omni_app.ui.pages.inbox.delivery_state import DeliveryState
from omni_app.ui.pages.inbox.head import MAY_REPLY
from omni_app.ui.pages.inbox.lines import Line


def _mark(icon_name: str, words: str, class_name: str = "") -> rx.Component:
    return rx.el.span(
        rx.el.span(icon(icon_name, "s"), role="img", aria_label=words, class_name="row"),
        rx.el.span(words, aria_hidden="true"),
        class_name=f"reach {class_name}".strip(),
    )


def reached(line: rx.Var[Line]) -> rx.Component:
    """Beside the time of a message. The words are read once: the mark carries them for screen readers."""
    return rx.match(
        line.status,
        ("read", _mark("check_check", "Read", "info")),
        ("delivered", _mark("check_check", "Delivered")),
        ("queued", _mark("clock", "Waiting to be sent")),
        ("sending", _mark("clock", "Being sent")),
        ("unknown", _mark("circle_help", "Not known whether it arrived", "warn")),
        ("failed", _mark("circle_alert", "Not delivered", "bad")),
        ("", rx.fragment()),
        _mark("check", "Sent"),
    )


def _act(label: str, icon_name: str, busy: str, line: rx.Var[Line], on_click: rx.EventHandler) -> rx.Component:
    return button(label, icon_name, size="s", busy=DeliveryState.busy == busy + line.id, on_click=on_click(line.id))


def _failed(line: rx.Var[Line]) -> rx.Component:
    return rx.el.div(
        icon("circle_alert", "s"),
        rx.el.div(
            rx.el.b("This was not delivered.", class_name="med"),
            rx.cond(line.problem != "", rx.el.div(rx.el.bdi(line.problem), class_name="said")),
            class_name="grow",
        ),
        rx.cond(line.can_retry & MAY_REPLY, _act("Try again", "rotate_cw", "retry", line, DeliveryState.retry)),
        class_name="went bad",
        role="group",
        aria_label="Not delivered",
    )


def _unknown(line: rx.Var[Line]) -> rx.Component:
    asked = rx.el.div(
        icon("circle_help", "s"),
        rx.el.div(
            rx.el.b("We do not know whether this arrived.", class_name="med"),
            rx.el.div("The connection broke while it was sent. Sending again may bring it twice.", class_name="said"),
            rx.cond(
                MAY_REPLY,
                rx.el.div(
                    _act("It arrived", "check", "arrived", line, DeliveryState.mark),
                    _act("Send again", "rotate_cw", "retry", line, DeliveryState.retry),
                    class_name="row wrap",
                ),
            ),
            class_name="grow",
        ),
        class_name="went warn",
        role="group",
        aria_label="Not known whether it arrived",
    )
    waits = rx.el.div(
        icon("clock", "s"),
        rx.el.div("We do not know yet whether this arrived, and wait for word from the channel.", class_name="grow"),
        class_name="went",
    )
    return rx.cond(line.is_asked, asked, waits)


def _waits(line: rx.Var[Line]) -> rx.Component:
    return rx.cond(
        line.problem != "",
        rx.el.div(
            icon("clock", "s"),
            rx.el.div(
                rx.el.b("It is tried again by itself.", class_name="med"),
                rx.el.div(rx.el.bdi(line.problem), class_name="said"),
                class_name="grow",
            ),
            class_name="went",
        ),
    )


def trouble_of_line(line: rx.Var[Line]) -> rx.Component:
    """Under a message that did not get through: the provider's words, and what to do."""
    return rx.match(line.status, ("failed", _failed(line)), ("unknown", _unknown(line)), ("queued", _waits(line)), rx.fragment())
