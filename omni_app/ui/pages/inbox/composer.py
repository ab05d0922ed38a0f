"""Where staff write. The text is the browser's own until it is sent: `inbox.js` keeps a draft for each conversation."""

import reflex as rx

from omni_app.conversations.receiving import MAX_TEXT
from omni_app.ui.components import button, icon
from omni_app.ui.pages.inbox.thread_state import ThreadState

HEAD = ThreadState.head


def _hint() -> rx.Component:
    """What a reply does besides being sent."""
    return rx.match(
        HEAD.holder,
        ("ai", rx.el.span(icon("sparkles", "xs"), "The AI answers. Your reply takes over.", class_name="hint-line")),
        ("nobody", rx.el.span(icon("hand", "xs"), _reason(), class_name="hint-line")),
        ("member", rx.el.span(icon("user_check", "xs"), HEAD.holder_name, " has this conversation.", class_name="hint-line")),
        rx.fragment(),
    )


def _reason() -> rx.Component:
    return rx.cond(
        HEAD.reason != "",
        rx.fragment("Handed over: ", HEAD.reason, ". Your reply takes it."),
        rx.fragment("No one has it. Your reply takes it."),
    )


def _form() -> rx.Component:
    return rx.el.form(
        rx.el.textarea(
            name="text",
            id="reply",
            class_name="tx",
            rows="2",
            placeholder="Write a reply",
            aria_label="Reply to " + HEAD.name,
            custom_attrs={
                "dir": "auto",
                "data-limit": MAX_TEXT,
                "aria-describedby": "reply-error",
                "aria-invalid": rx.cond(ThreadState.errors["text"], "true", "false"),
            },
        ),
        rx.el.input(
            type="hidden", name="conversation", default_value=ThreadState.conversation_id, key=ThreadState.conversation_id
        ),
        rx.el.input(type="hidden", name="draft", default_value=""),
        rx.el.div(
            rx.cond(
                ThreadState.errors["text"],
                rx.el.span(icon("circle_alert", "xs"), rx.el.span(ThreadState.errors["text"]), class_name="errline"),
            ),
            id="reply-error",
            role="alert",
        ),
        rx.el.div(
            _hint(),
            rx.el.span(class_name="left end num", role="status", custom_attrs={"data-left": ""}),
            button(
                rx.fragment("Send", rx.el.kbd("Ctrl ↵", class_name="hide-s on-solid")),
                tone="primary",
                type="submit",
                busy=ThreadState.busy == "send",
            ),
            class_name="bot",
        ),
        on_submit=ThreadState.send,
        no_validate=True,
        class_name="comp",
        custom_attrs={"data-composer": ThreadState.conversation_id},
    )


def _off(*words: rx.Component | str) -> rx.Component:
    return rx.el.div(icon("lock", "s"), rx.el.span(*words, class_name="grow"), class_name="comp off", role="note")


def composer(may_reply: rx.Var[bool]) -> rx.Component:
    """The form, or why there is none."""
    closed = rx.el.div(
        icon("check", "s"),
        rx.el.span("This conversation is closed. Reopen it to reply.", class_name="grow"),
        button("Reopen", "rotate_ccw", size="s", busy=ThreadState.busy == "reopen", on_click=ThreadState.reopen),
        class_name="comp off",
        role="note",
    )
    return rx.cond(
        may_reply,
        rx.cond(HEAD.status == "closed", closed, _form()),
        _off("You can read along. Ask an owner for the role “Agent” to reply."),
    )
