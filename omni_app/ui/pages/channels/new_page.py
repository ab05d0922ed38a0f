"""The page `/channels/new/<kind>`: the guide beside the form; saving leads on to the addresses and the test."""

import reflex as rx

from omni_app.ui.components import button_link, channel_icon, icon, link, loaded, panel
from omni_app.ui.pages.channels.connecting import ConnectState
from omni_app.ui.pages.channels.form import connection_form, guide, progress
from omni_app.ui.shell import page


def head(title: rx.Component, *after: rx.Component) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.p(link(rx.fragment(icon("arrow_left", "s"), "Channels"), "/channels"), class_name="back"),
            title,
        ),
        *after,
        class_name="head",
    )


def _content() -> rx.Component:
    with_addresses = progress(("Fill in the fields", "now"), ("Paste the addresses", "later"), ("Test", "later"))
    without = progress(("Fill in the fields", "now"), ("Test", "later"))
    return rx.fragment(
        rx.cond(ConnectState.has_webhooks, with_addresses, without),
        rx.el.div(
            panel(
                connection_form(ConnectState, "Save and go on", button_link("Cancel", "/channels", tone="ghost")),
                title="Your account",
                class_name="c7",
            ),
            panel(guide(ConnectState.steps), title="At the provider", class_name="c5", padded=True),
            class_name="cols",
        ),
    )


@page("/channels/new/[channel_kind]", title="Connect a channel", on_load=ConnectState.load)
def connect() -> rx.Component:
    return rx.el.div(
        head(
            rx.el.h1(
                rx.cond(
                    ConnectState.loaded,
                    rx.fragment(channel_icon(ConnectState.channel, "l"), rx.el.span("Connect ", ConnectState.title)),
                    "Connect a channel",
                ),
                class_name="row",
            )
        ),
        loaded(ConnectState, _content(), "This channel cannot be connected", ConnectState.load),
        rx.cond(
            ConnectState.problem != "",
            rx.el.div(button_link("All channels", "/channels", "arrow_left"), class_name="row center after"),
        ),
        class_name="page channels",
    )
