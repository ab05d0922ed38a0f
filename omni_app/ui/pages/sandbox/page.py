"""The sandbox page: who to be, their device, and what the provider does behind it."""

import reflex as rx

from omni_app.channels.simulating import FAULTS
from omni_app.infra.scope import Permission
from omni_app.ui.components import (
    badge,
    button,
    button_link,
    channel_icon,
    empty_state,
    icon,
    icon_button,
    loaded,
    page_header,
    panel,
    select_field,
    text_field,
)
from omni_app.ui.navigation import NavEntry
from omni_app.ui.pages.sandbox.device import device, face
from omni_app.ui.pages.sandbox.showing import HookLine, PhoneLine, ThreadLine
from omni_app.ui.pages.sandbox.state import SandboxState
from omni_app.ui.shell import page


def _phone_tab(line: rx.Var[PhoneLine]) -> rx.Component:
    return rx.el.button(
        channel_icon(line.channel),
        rx.el.span(line.name, class_name="trunc"),
        rx.cond(line.trouble != "", icon("triangle_alert", "s")),
        type="button",
        class_name="btn outline",
        custom_attrs={"aria-pressed": rx.cond(line.id == SandboxState.phone, "true", "false")},
        on_click=SandboxState.pick_phone(line.id),
    )


def _thread(line: rx.Var[ThreadLine]) -> rx.Component:
    return rx.el.button(
        face(line.letters, line.tone),
        rx.el.span(
            rx.el.span(
                rx.el.span(line.name, class_name="med trunc"), rx.el.span(line.at, class_name="t1 mut hour"), class_name="top"
            ),
            rx.el.span(rx.cond(line.last != "", line.last, line.address), class_name="t1 mut trunc", dir="auto"),
            class_name="lines",
        ),
        type="button",
        class_name="person",
        custom_attrs={"aria-current": rx.cond(line.address == SandboxState.address, "true", "false")},
        on_click=SandboxState.pick_thread(line.address),
        key=line.address,
    )


def _new_customer() -> rx.Component:
    label = rx.match(
        SandboxState.channel,
        ("email", "Mail address"),
        ("telegram", "Telegram id"),
        ("instagram", "Instagram id"),
        "Phone number",
    )
    return rx.el.form(
        text_field("name", "Name", SandboxState.errors, default_value=SandboxState.new_name, max_length=80, auto_complete="off"),
        text_field(
            "address", label, SandboxState.errors, default_value=SandboxState.new_address, max_length=254, auto_complete="off"
        ),
        rx.el.div(
            button("Cancel", size="s", tone="ghost", on_click=SandboxState.stop_new),
            button("Be this customer", size="s", type="submit"),
            class_name="row end",
        ),
        on_submit=SandboxState.start,
        reset_on_submit=False,
        class_name="form sandbox-new",
    )


def _people() -> rx.Component:
    nobody = rx.el.p("Nobody wrote yet. Be the first.", class_name="mut sandbox-pad")
    return panel(
        rx.cond(SandboxState.is_new, _new_customer()),
        rx.cond(
            SandboxState.threads.length() > 0,
            rx.el.div(
                rx.foreach(SandboxState.threads, _thread),
                class_name="sandbox-people",
                role="group",
                aria_label="Customers you played",
            ),
            rx.cond(SandboxState.is_new, rx.fragment(), nobody),
        ),
        title="Who you are",
        end=button("New customer", "user_plus", size="s", on_click=SandboxState.begin_new),
    )


def _failures() -> rx.Component:
    in_force = rx.el.div(
        rx.el.ul(
            rx.foreach(SandboxState.faults, lambda words: rx.el.li(icon("zap", "s"), rx.el.span(words))),
            aria_label="Failures in force",
        ),
        button("Clear all", size="s", on_click=SandboxState.clear),
        class_name="sandbox-faults",
    )
    return panel(
        rx.cond(SandboxState.faults.length() > 0, in_force),
        rx.el.form(
            select_field("fault", "Let the provider fail", list(FAULTS.items()), SandboxState.errors),
            text_field("count", "How many requests", SandboxState.errors, default_value="1", input_mode="numeric", max_length=3),
            rx.el.div(button("Play it", "zap", size="s", type="submit"), class_name="row end"),
            on_submit=SandboxState.play,
            reset_on_submit=False,
            class_name="form",
        ),
        title="When things go wrong",
        padded=True,
    )


def _hook(line: rx.Var[HookLine]) -> rx.Component:
    outcome = rx.match(
        line.tone,
        ("good", badge(line.answer, "good", "check")),
        ("info", badge(line.answer, "info", "clock")),
        ("warn", badge(line.answer, "warn", "triangle_alert")),
        badge(line.answer, "bad", "circle_alert"),
    )
    return rx.el.li(
        rx.el.span(
            rx.el.span(line.what, class_name="med"),
            rx.el.span(line.at, rx.cond(line.tries > 1, f" · {line.tries} tries", ""), class_name="t1 mut"),
            outcome,
            class_name="lines",
        ),
        icon_button("repeat", "Send this webhook once more", on_click=SandboxState.again(line.id)),
        key=line.id,
    )


def _hooks() -> rx.Component:
    nothing = rx.cond(
        SandboxState.kind == "smtp",
        "A mailbox sends no webhooks: Omni looks into it every few seconds.",
        "Each webhook the provider sends to Omni is listed here.",
    )
    return panel(
        rx.cond(
            SandboxState.hooks.length() > 0,
            rx.el.ul(rx.foreach(SandboxState.hooks, _hook), class_name="sandbox-hooks", aria_label="Webhooks, newest first"),
            rx.el.p(nothing, class_name="mut sandbox-pad"),
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
    tabs = rx.el.div(rx.foreach(SandboxState.phones, _phone_tab), class_name="sandbox-tabs", role="group", aria_label="Channel")
    columns = rx.el.div(_people(), device(), rx.el.div(_failures(), _hooks(), class_name="beside"), class_name="sandbox")
    none = panel(
        empty_state(
            "No sandbox connection",
            "Connect a channel to the built-in simulator, and be its customer without an account anywhere.",
            "flask_conical",
            button_link("Channels", "/channels", "plug", tone="primary"),
        )
    )
    return rx.el.div(
        page_header("Sandbox", "Write to your business as a customer would, see what arrives, and let the provider fail."),
        loaded(
            SandboxState,
            rx.cond(SandboxState.phones.length() > 0, rx.fragment(tabs, columns), none),
            "The sandbox could not be reached",
            SandboxState.load,
        ),
        class_name="page wide",
    )
