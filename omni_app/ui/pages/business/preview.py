"""The chat widget as a visitor will see it, drawn from what is typed; its rules in `assets/pages.css` follow `widget.js`."""

import reflex as rx

from omni_app.tenancy.widget_look import DEFAULT_GREETING
from omni_app.ui.components import icon
from omni_app.ui.pages.business.profile import QUESTIONS
from omni_app.ui.pages.business.state import DraftState


def greeting_when_empty(name: rx.Var[str]) -> rx.Var[str]:
    """What the widget says when no greeting is written."""
    before, after = DEFAULT_GREETING
    return before + name + after


def _greeting() -> rx.Var[str]:
    return rx.cond(DraftState.greeting.strip() != "", DraftState.greeting, greeting_when_empty(DraftState.name))


def _head() -> rx.Component:
    return rx.el.div(
        rx.el.span(DraftState.letters, class_name="ow-mark"),
        rx.el.div(
            rx.el.b(DraftState.name, dir="auto"),
            rx.el.small(rx.el.i(class_name="ow-on"), "Answers in seconds"),
            class_name="grow",
        ),
        rx.el.span(icon("chevron_down", "l"), class_name="ow-ib"),
        class_name="ow-head",
    )


def _talk() -> rx.Component:
    questions = [
        rx.cond(DraftState.questions[place] != "", rx.el.span(DraftState.questions[place], dir="auto"))
        for place in range(QUESTIONS)
    ]
    return rx.el.div(
        rx.el.div(
            rx.el.div(_greeting(), class_name="ow-b", dir="auto"),
            rx.el.div(icon("sparkles", "xs"), "Assistant", class_name="ow-meta"),
            class_name="ow-m",
        ),
        rx.el.div(
            rx.el.div("Are you open today?", class_name="ow-b"), rx.el.div("Read", class_name="ow-meta"), class_name="ow-m me"
        ),
        rx.el.div(*questions, class_name="ow-q"),
        class_name="ow-log",
    )


def preview() -> rx.Component:
    """The open panel, and the launcher with its badge."""
    return rx.el.section(
        rx.el.h2("Preview", class_name="label"),
        rx.el.div(
            rx.el.div(
                _head(),
                _talk(),
                rx.el.div(rx.el.span("Write a message"), rx.el.span(icon("arrow_up"), class_name="ow-send"), class_name="ow-in"),
                rx.el.div("Answers by an AI assistant and our team", class_name="ow-foot"),
                class_name="ow-panel",
            ),
            rx.el.div(icon("message_circle", "l"), rx.el.em("1"), class_name="ow-launch"),
            class_name="ow",
            style={
                "--ow-primary": DraftState.primary,
                "--ow-on-primary": DraftState.on_primary,
                "--ow-accent": DraftState.accent,
                "--ow-on-accent": DraftState.on_accent,
            },
        ),
        class_name="biz-preview",
        aria_label="Preview of the chat widget",
    )
