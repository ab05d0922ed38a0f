"""The team's emoji on a customer's message: the choice, and what became of it."""

import reflex as rx

from omni_app.conversations.reacting import OFFERED
from omni_app.ui.components import icon
from omni_app.ui.pages.inbox.head import MAY_REPLY
from omni_app.ui.pages.inbox.lines import Line
from omni_app.ui.pages.inbox.reaction_state import ReactionState
from omni_app.ui.pages.inbox.thread_state import ThreadState
from omni_app.ui.pages.inbox.window_state import WindowState

_NAMES = dict(zip(OFFERED, ("Thumbs up", "Heart", "Laughing", "Surprised", "Sad", "Thank you"), strict=True))


def _emoji(line: rx.Var[Line], emoji: str) -> rx.Component:
    is_on = line.reacted == emoji
    return rx.el.button(
        emoji,
        type="button",
        title=_NAMES[emoji],
        aria_label=rx.cond(is_on, f"Take back: {_NAMES[emoji]}", _NAMES[emoji]),
        custom_attrs={"aria-pressed": rx.cond(is_on, "true", "false")},
        on_click=ReactionState.react(line.id, emoji),
    )


def react_picker(line: rx.Var[Line]) -> rx.Component:
    """Beside the time of a customer's message, where the channel takes emojis of the team. `inbox-channels.js` has its keys."""
    choice = rx.cond(
        WindowState.may_send,
        rx.el.div(*[_emoji(line, emoji) for emoji in OFFERED], class_name="row", role="group", aria_label="Reactions"),
        rx.el.p("The customer's last message is too old for a reaction.", class_name="mut t1"),
    )
    picker = rx.el.details(
        rx.el.summary(icon("smile_plus", "s"), rx.el.span("React", class_name="sr"), title="React"),
        rx.el.div(choice, class_name="pop"),
        class_name="emojis",
    )
    return rx.cond(ThreadState.head.has_reactions & line.may_react & MAY_REPLY, picker)


def react_trouble(line: rx.Var[Line]) -> rx.Component:
    """That an emoji did not get through, and why."""
    return rx.cond(
        line.react_state == "failed",
        rx.el.div(
            icon("circle_alert", "s"),
            rx.el.div(
                rx.el.b("The reaction was not delivered.", class_name="med"),
                rx.cond(line.react_problem != "", rx.el.div(rx.el.bdi(line.react_problem), class_name="said")),
                class_name="grow",
            ),
            class_name="went bad",
            role="group",
            aria_label="Reaction not delivered",
        ),
    )
