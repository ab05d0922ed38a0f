"""The customer's device: a phone for chats, a mail program for mail."""

import reflex as rx

from omni_app.ui.components import (
    avatar,
    button,
    callout,
    channel_icon,
    empty_state,
    icon,
    link,
    select_field,
    text_area_field,
    text_field,
)
from omni_app.ui.pages.sandbox.acting import CHAT_KINDS, MAIL_KINDS, SMS_KINDS
from omni_app.ui.pages.sandbox.showing import BubbleLine
from omni_app.ui.pages.sandbox.state import SandboxState

# Enter sends in a chat (Shift with it makes a new line), Ctrl and Enter in a mail.
_KEYS = """if (!window.omniSandboxKeys) {
  window.omniSandboxKeys = true;
  document.addEventListener("keydown", (event) => {
    const form = event.key === "Enter" && !event.isComposing && event.target.matches("textarea") && event.target.form;
    if (!form || form.id !== "sandbox-composer" || event.shiftKey) return;
    if (!form.dataset.enter && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    if (form.querySelector("[type=submit]").getAttribute("aria-busy") !== "true") form.requestSubmit();
  });
}"""


def _choice(title: rx.Var[str], message_id: rx.Var[str]) -> rx.Component:
    return rx.el.button(title, type="button", class_name="btn outline s", on_click=SandboxState.press(title, message_id))


def _kind_mark(name: rx.Var[str]) -> rx.Component:
    return rx.match(
        name,
        ("image", icon("image", "s")),
        ("mic", icon("mic", "s")),
        ("video", icon("video", "s")),
        ("map_pin", icon("map_pin", "s")),
        ("smile", icon("smile", "s")),
        ("user", icon("user", "s")),
        ("circle_help", icon("circle_help", "s")),
        icon("file_text", "s"),
    )


def _meta(line: rx.Var[BubbleLine]) -> rx.Component:
    return rx.el.span(
        rx.cond(line.is_lost, icon("circle_alert", "xs")),
        line.at,
        rx.cond(line.state != "", " · " + line.state, ""),
        class_name=rx.cond(line.is_lost, "meta lost", "meta"),
    )


def _bubble(line: rx.Var[BubbleLine]) -> rx.Component:
    return rx.el.li(
        rx.el.span(rx.cond(line.is_ours, "The business:", "You:"), class_name="sr"),
        rx.cond(line.subject != "", rx.el.b(line.subject, class_name="subject", dir="auto")),
        rx.cond(line.what != "", rx.el.span(_kind_mark(line.icon), line.what, class_name="sort")),
        rx.cond(line.text != "", rx.el.span(line.text, class_name="words", dir="auto")),
        rx.foreach(line.files, lambda name: rx.el.span(icon("paperclip", "s"), name, class_name="sort")),
        rx.cond(
            line.quote != "",
            rx.el.details(rx.el.summary("What was said before"), rx.el.span(line.quote, class_name="words", dir="auto")),
        ),
        rx.cond(
            line.choices.length() > 0,
            rx.el.span(rx.foreach(line.choices, lambda title: _choice(title, line.id)), class_name="choices"),
        ),
        rx.cond(
            line.reactions.length() > 0,
            rx.el.span(rx.foreach(line.reactions, lambda said: rx.el.span(said, class_name="react")), class_name="reacts"),
        ),
        _meta(line),
        class_name=rx.cond(line.is_ours, "in", "out"),
        key=line.id,
    )


def _talk() -> rx.Component:
    """A reversed column: the browser keeps its end, the newest message, in view by itself."""
    empty = rx.el.p("Write something. The answer arrives here, the way your customers get it.", class_name="mut first")
    return rx.el.div(
        rx.cond(SandboxState.bubbles.length() > 0, rx.el.ol(rx.foreach(SandboxState.bubbles, _bubble)), empty),
        class_name=rx.cond(SandboxState.is_mail, "talk mails", "talk"),
        tab_index=0,
        role="log",
        aria_label="Messages",
    )


def _composer() -> rx.Component:
    def kinds(options: list[tuple[str, str]]) -> rx.Component:
        return select_field("kind", "What to send", options, SandboxState.errors)

    return rx.el.form(
        rx.cond(
            SandboxState.is_mail,
            text_field(
                "subject", "Subject", placeholder="Empty: an answer to the last mail", max_length=200, auto_complete="off"
            ),
        ),
        text_area_field(
            "text",
            rx.cond(SandboxState.is_mail, "Mail", "Message"),
            SandboxState.errors,
            rows="2",
            max_length=4000,
        ),
        rx.el.div(
            rx.match(
                SandboxState.channel,
                ("email", kinds(MAIL_KINDS)),
                ("sms", kinds(SMS_KINDS)),
                kinds(CHAT_KINDS),
            ),
            button("Send", "send", tone="primary", type="submit", busy=SandboxState.busy == "send"),
            class_name="sandbox-send",
        ),
        id="sandbox-composer",
        on_submit=SandboxState.send,
        reset_on_submit=False,
        class_name="form",
        custom_attrs={"data-enter": rx.cond(SandboxState.is_mail, "", "sends")},
        on_mount=rx.call_script(_KEYS),
    )


def _bar() -> rx.Component:
    return rx.el.div(
        channel_icon(SandboxState.channel),
        rx.el.span(
            rx.el.b(SandboxState.name, class_name="trunc"),
            rx.el.span(SandboxState.address, class_name="t1 mut trunc"),
            class_name="who",
        ),
        rx.cond(
            SandboxState.conversation != "",
            link(
                rx.fragment("Open in inbox", icon("arrow_right", "s")),
                "/inbox?conversation=" + SandboxState.conversation,
                "to",
            ),
        ),
        class_name="sandbox-bar",
    )


def _notices() -> rx.Component:
    away = callout(
        "The sandbox does not answer. What you see may be old. ",
        rx.el.button("Try again", type="button", class_name="link", on_click=SandboxState.load),
        tone="warn",
        icon_name="cloud_off",
        role="status",
    )
    trouble = callout(
        SandboxState.trouble + " ",
        link("Open the connection", "/channels/" + SandboxState.phone),
        tone="warn",
        icon_name="triangle_alert",
        role="status",
    )
    return rx.fragment(rx.cond(SandboxState.is_away, away), rx.cond(SandboxState.trouble != "", trouble))


def device() -> rx.Component:
    nobody = empty_state(
        "Be a customer",
        "Choose a name and an address, then write to your business.",
        "smartphone",
        button("New customer", "user_plus", tone="primary", on_click=SandboxState.begin_new),
    )
    gone = empty_state(
        "The sandbox does not know this account",
        "It was emptied, or the connection has other secrets. Connect the account anew.",
        "unplug",
        rx.el.a("Open the connection", href="/channels/" + SandboxState.phone, class_name="btn outline"),
    )
    return rx.el.section(
        _notices(),
        rx.cond(
            SandboxState.is_gone,
            gone,
            rx.cond(SandboxState.address != "", rx.fragment(_bar(), _talk(), _composer()), nobody),
        ),
        class_name=rx.cond(SandboxState.is_mail, "panel sandbox-device mail", "panel sandbox-device phone"),
        aria_label="The customer's device",
    )


def face(letters: rx.Var[str], tone: rx.Var[str]) -> rx.Component:
    return avatar(letters, tone, "s", custom_attrs={"aria-hidden": "true"})
