"""The frame of the pages before sign-in, and the step that turns a ticket into a session cookie."""

import json
from typing import Any

import reflex as rx

from omni_app.ui.components import button, channel_icon, omni_mark

_FEED = [
    ("voice", "“Can someone see my tooth today?”", "Answered in 0.9 s", "booked", "16:15"),
    ("whatsapp", "“What happens with my deposit?”", "Handed to Maya with a summary", "gpt-4o", "$0.0082"),
    ("chat", "“Do you bill Sun Life?”", "From the FAQ", "cache", "$0"),
    ("email", "“Please send me the scan result”", "Sent, opened", "e-mail", "$0.0001"),
]


def complete_sign_in(ticket: str, next_path: str) -> rx.event.EventSpec:
    """Let the browser trade the one-time `ticket` for the session cookie and load `next_path` afresh.

    Only an HTTP answer can set an HttpOnly cookie, and the page's socket keeps the headers it was opened with.
    """
    return rx.call_script(f"window.omni.completeSignIn({json.dumps(ticket)}, {json.dumps(next_path)})")


def _example(kind: str, quote: str, note: str, first: str, second: str) -> rx.Component:
    return rx.el.div(
        channel_icon(kind),
        rx.el.div(rx.el.b(quote, class_name="trunc"), rx.el.small(note), class_name="trunc"),
        rx.el.span(first, rx.el.br(), second, class_name="c"),
        class_name="f",
    )


def frame(*content: rx.Component) -> rx.Component:
    """Two halves: the form, and an example of what Omni does (left out on small screens and for screen readers)."""
    return rx.el.div(
        rx.el.main(
            rx.el.div(rx.el.span(omni_mark()), "Omni", class_name="om"),
            rx.el.div(*content, class_name="box"),
            rx.el.div(
                rx.el.a("API", href="/api/docs", target="_blank"),
                rx.el.a("Demo website", href="/demo", target="_blank"),
                class_name="ft",
            ),
            class_name="lf",
            id="main",
        ),
        rx.el.aside(
            rx.el.h2("Every customer, every channel, one memory."),
            rx.el.p("See who is waiting, what the assistant said and what it cost."),
            rx.el.div(*[_example(*item) for item in _FEED], class_name="feed"),
            class_name="rgt",
            custom_attrs={"aria-hidden": "true"},
        ),
        class_name="si",
    )


def form(*content: rx.Component, label: str, on_submit: Any) -> rx.Component:
    """The form of one of these pages; should the browser ever send it by itself, no password stands in the address."""
    return rx.el.form(*content, on_submit=on_submit, method="post", no_validate=True, class_name="form", aria_label=label)


def submit(label: str, busy: rx.Var[bool]) -> rx.Component:
    """The form's button. It wakes up with the page's socket: before that the browser would send the form by itself."""
    return button(
        label, tone="primary", size="l", class_name="block waits", type="submit", busy=busy, disabled=~rx.State.is_hydrated
    )


def heading(title: str, *about: str | rx.Component) -> rx.Component:
    return rx.el.div(rx.el.h1(title), rx.el.p(*about, class_name="mut t3", style={"marginTop": "4px"}))
