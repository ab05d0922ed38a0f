"""The sandbox page: a phone to write from, and what the provider does behind it."""

import reflex as rx

from omni_app.channels.simulating import FAULTS
from omni_app.infra.scope import Permission
from omni_app.ui.components import (
    badge,
    button,
    button_link,
    channel_icon,
    empty_state,
    form_error,
    icon,
    icon_button,
    loaded,
    page_header,
    panel,
    select_field,
    text_area_field,
    text_field,
)
from omni_app.ui.navigation import NavEntry
from omni_app.ui.pages.sandbox.state import KINDS, MAIL_KINDS, BubbleLine, HookLine, PhoneLine, SandboxState, ThreadLine
from omni_app.ui.shell import page


def _phone_tab(line: rx.Var[PhoneLine]) -> rx.Component:
    return rx.el.button(
        channel_icon(line.channel),
        rx.el.span(line.name, class_name="trunc"),
        type="button",
        class_name="btn outline s",
        custom_attrs={"aria-pressed": rx.cond(line.id == SandboxState.phone, "true", "false")},
        on_click=SandboxState.pick_phone(line.id),
    )


def _thread(line: rx.Var[ThreadLine]) -> rx.Component:
    return rx.el.button(
        rx.el.span(
            rx.el.span(line.name, class_name="med trunc grow"), rx.el.span(line.at, class_name="t1 mut"), class_name="row"
        ),
        rx.el.span(rx.cond(line.last != "", line.last, line.address), class_name="t1 mut trunc"),
        type="button",
        class_name="m",
        custom_attrs={"aria-current": rx.cond(line.address == SandboxState.address, "true", "false")},
        on_click=SandboxState.pick_thread(line.address),
    )


def _new_customer() -> rx.Component:
    return rx.el.form(
        form_error(SandboxState),
        text_field("name", "Name", SandboxState.errors, placeholder="Ann Lee", max_length=80),
        text_field(
            "address",
            rx.cond(SandboxState.channel == "email", "Mail address", "Phone number"),
            SandboxState.errors,
            placeholder=rx.cond(SandboxState.channel == "email", "ann@example.com", "+1 902 555 0123"),
            max_length=200,
        ),
        rx.el.div(
            button("Cancel", size="s", tone="ghost", on_click=SandboxState.set_new(False)),
            button("Be this customer", size="s", tone="primary", type="submit"),
            class_name="row end",
        ),
        on_submit=SandboxState.start,
        class_name="form sandbox-new",
    )


def _customers() -> rx.Component:
    return panel(
        rx.cond(SandboxState.is_new, _new_customer()),
        rx.cond(
            SandboxState.threads.length() > 0,
            rx.el.div(rx.foreach(SandboxState.threads, _thread), class_name="list", aria_label="Customers you played"),
            rx.cond(
                SandboxState.is_new, rx.fragment(), rx.el.p("Nobody has written yet. Be somebody.", class_name="mut sandbox-pad")
            ),
        ),
        title="Who you are",
        end=button("New customer", "user_plus", size="s", on_click=SandboxState.set_new(True)),
    )


def _choice(title: rx.Var[str], message_id: rx.Var[str]) -> rx.Component:
    return rx.el.button(title, type="button", class_name="btn outline s", on_click=SandboxState.press(title, message_id))


def _bubble(line: rx.Var[BubbleLine]) -> rx.Component:
    return rx.el.li(
        rx.cond(line.subject != "", rx.el.b(line.subject, class_name="subject", dir="auto")),
        rx.el.span(line.text, class_name="words", dir="auto"),
        rx.cond(
            line.choices.length() > 0,
            rx.el.span(rx.foreach(line.choices, lambda title: _choice(title, line.id)), class_name="row wrap"),
        ),
        rx.el.span(line.at, rx.cond(line.state != "", " · " + line.state, ""), class_name="meta"),
        class_name=rx.cond(line.is_ours, "in", "out"),
    )


def _kinds() -> rx.Component:
    return rx.cond(
        SandboxState.channel == "email",
        select_field("kind", "What to send", MAIL_KINDS),
        select_field("kind", "What to send", KINDS),
    )


def _composer() -> rx.Component:
    return rx.el.form(
        form_error(SandboxState),
        rx.cond(
            SandboxState.channel == "email",
            text_field("subject", "Subject", hint="Empty: an answer to the last mail you got", max_length=200),
        ),
        text_area_field("text", "What you write", SandboxState.errors, rows="3", max_length=4000),
        rx.el.div(
            _kinds(),
            button("Send as customer", "send", tone="primary", type="submit", busy=SandboxState.busy == "send"),
            class_name="sandbox-send",
        ),
        key=SandboxState.draft_key,
        on_submit=SandboxState.send,
        class_name="form",
    )


def _device() -> rx.Component:
    talk = rx.fragment(
        rx.el.div(
            channel_icon(SandboxState.channel),
            rx.el.b(SandboxState.name, class_name="trunc"),
            rx.el.span(SandboxState.address, class_name="t1 mut trunc"),
            class_name="bar",
        ),
        rx.cond(
            SandboxState.bubbles.length() > 0,
            rx.el.ol(rx.foreach(SandboxState.bubbles, _bubble), class_name="talk", aria_live="polite", aria_label="Messages"),
            rx.el.p("Write something: the answer arrives here, the way your customers get it.", class_name="mut talk"),
        ),
        _composer(),
    )
    nobody = empty_state(
        "Be a customer",
        "Choose a name and an address, then write to your business.",
        "smartphone",
        button("New customer", "user_plus", tone="primary", on_click=SandboxState.set_new(True)),
    )
    return rx.el.section(
        rx.cond(SandboxState.address != "", talk, nobody), class_name="panel sandbox-phone", aria_label="The customer's device"
    )


def _failures() -> rx.Component:
    return panel(
        rx.el.form(
            select_field("fault", "Let the provider fail", list(FAULTS.items()), SandboxState.errors),
            text_field("count", "How many requests", SandboxState.errors, default_value="1", input_mode="numeric", max_length=3),
            rx.el.div(
                button("Clear all", size="s", tone="ghost", on_click=SandboxState.clear),
                button("Play it", "zap", size="s", type="submit"),
                class_name="row end",
            ),
            on_submit=SandboxState.play,
            reset_on_submit=False,
            class_name="form",
        ),
        rx.cond(
            SandboxState.faults.length() > 0,
            rx.el.ul(
                rx.foreach(SandboxState.faults, lambda words: rx.el.li(icon("zap", "s"), words)),
                class_name="sandbox-faults",
                aria_label="Failures in force",
            ),
        ),
        title="When things go wrong",
        padded=True,
    )


def _hook(line: rx.Var[HookLine]) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            rx.el.span(line.what, class_name="med"),
            rx.el.span(line.at, class_name="t1 mut"),
            rx.cond(
                line.tries == 0,
                badge("on its way", "info"),
                rx.cond(line.is_good, badge(line.answer, "good"), badge(line.answer, "bad")),
            ),
            class_name="row wrap grow",
        ),
        icon_button("repeat", "Send this webhook once more", on_click=SandboxState.again(line.id)),
    )


def _hooks() -> rx.Component:
    return panel(
        rx.cond(
            SandboxState.hooks.length() > 0,
            rx.el.ul(rx.foreach(SandboxState.hooks, _hook), class_name="sandbox-hooks", aria_label="Webhooks, newest first"),
            rx.el.p("Each webhook the provider sends to Omni is listed here.", class_name="mut sandbox-pad"),
        ),
        title="Webhooks to Omni",
    )


@page(
    "/sandbox",
    title="Sandbox",
    on_load=SandboxState.load,
    nav=NavEntry(group="Set up", label="Sandbox", icon="flask_conical", order=15, permission=Permission.REPLY),
)
def sandbox() -> rx.Component:
    content = rx.cond(
        SandboxState.phones.length() > 0,
        rx.fragment(
            rx.el.div(
                rx.foreach(SandboxState.phones, _phone_tab),
                class_name="row wrap sandbox-tabs",
                role="group",
                aria_label="Channel",
            ),
            rx.el.div(_customers(), _device(), rx.el.div(_failures(), _hooks(), class_name="col"), class_name="sandbox"),
        ),
        panel(
            empty_state(
                "No sandbox connection",
                "Connect a channel to the built-in simulator, and be its customer without an account anywhere.",
                "flask_conical",
                button_link("Channels", "/channels", "plug", tone="primary"),
            )
        ),
    )
    return rx.el.div(
        page_header("Sandbox", "Write to your business as a customer would, see what arrives, and let the provider fail."),
        loaded(SandboxState, content, "The sandbox could not be reached", SandboxState.load),
        class_name="page wide",
    )
