"""The page `/channels`: what is connected and how it stands, and what can be connected."""

from typing import Any

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.ui.components import badge, bone, button_link, channel_icon, empty_state, icon, loaded, page_header, panel
from omni_app.ui.navigation import NavEntry
from omni_app.ui.pages.channels.listing import ChannelsState
from omni_app.ui.pages.channels.showing import ConnectionLine, KindCard
from omni_app.ui.shell import page


def light(line: Any) -> rx.Component:
    """The health light with its words."""
    return rx.match(
        line.light,
        ("ok", badge(line.words, "good", "circle_check")),
        ("revoked", badge(line.words, "bad", "unplug")),
        ("failing", badge(line.words, "bad", "triangle_alert")),
        ("paused", badge(line.words, "warn", "pause")),
        ("off", badge(line.words, "", "power_off")),
        badge(line.words, "warn", "circle_help"),
    )


def _connection(line: rx.Var[ConnectionLine]) -> rx.Component:
    trouble = (line.light == "revoked") | (line.light == "failing") | (line.light == "paused")
    return rx.el.li(
        rx.el.a(
            channel_icon(line.channel, "l"),
            rx.el.span(
                rx.el.span(
                    rx.el.span(line.name, class_name="med trunc"),
                    light(line),
                    rx.cond(line.is_sandbox, badge("Sandbox", "info")),
                    class_name="row wrap",
                ),
                rx.el.span(line.title, " · ", rx.el.span(line.account, class_name="num"), class_name="mut t1 trunc"),
                rx.cond(trouble & (line.detail != ""), rx.el.span(line.detail, class_name="said-by t1")),
                class_name="words",
            ),
            rx.el.span(
                rx.cond(line.last_event != "", rx.fragment("last event ", line.last_event), "no events yet"),
                rx.cond(line.failed > 0, rx.el.span(line.failed, " failed", class_name="bad")),
                class_name="mut t1 num last",
            ),
            icon("chevron_right", "s", "mut"),
            href="/channels/" + line.id,
        ),
        key=line.id,
    )


def _card(title: Any, about: Any, glyph: rx.Component, href: Any, label: Any, note: rx.Component | None = None) -> rx.Component:
    return rx.el.li(
        rx.el.a(
            rx.el.span(glyph, rx.el.span(title, class_name="med"), note or rx.fragment(), class_name="row"),
            rx.el.span(about, class_name="mut about"),
            rx.el.span(label, icon("arrow_right", "s"), class_name="row acc med t1"),
            href=href,
        )
    )


def _kind(card: rx.Var[KindCard]) -> rx.Component:
    return _card(
        card.title,
        card.summary,
        channel_icon(card.channel),
        "/channels/new/" + card.kind,
        rx.cond(card.connected > 0, "Connect another", "Connect"),
        rx.cond(card.connected > 0, rx.el.span(card.connected, " connected", class_name="mut t1 end")),
    )


def _content() -> rx.Component:
    connected = rx.cond(
        ChannelsState.lines.length() > 0,
        rx.el.ul(rx.foreach(ChannelsState.lines, _connection), class_name="connections"),
        empty_state(
            "Nothing is connected yet",
            "The chat on your website works already. Connect a mailbox or WhatsApp to answer there too.",
            "plug",
            button_link("Choose a channel", "#connect", "arrow_down", tone="primary"),
        ),
    )
    return rx.fragment(
        panel(connected, title="Connected"),
        rx.el.section(
            rx.el.h2("Connect a channel", class_name="h2", id="connect"),
            rx.el.ul(
                _card(
                    "Website chat",
                    "A chat on your own pages. It is always there; put its line of code on your website.",
                    channel_icon("chat"),
                    "/chat-setup",
                    "Set up",
                ),
                rx.foreach(ChannelsState.cards, _kind),
                class_name="kinds",
            ),
            class_name="connect",
        ),
    )


def _skeleton() -> rx.Component:
    row = rx.el.div(bone("20px", "20px", True), bone("34%"), bone("18%"), class_name="row bones")
    return rx.el.div(panel(row, row, title="Connected"), class_name="loading", aria_busy="true", aria_label="Loading")


@page(
    "/channels",
    title="Channels",
    on_load=ChannelsState.load,
    nav=NavEntry(group="Set up", label="Channels", icon="plug", order=1, permission=Permission.CONFIGURE),
)
def channels() -> rx.Component:
    return rx.el.div(
        page_header("Channels", "Where customers reach you, and how each connection stands"),
        loaded(ChannelsState, _content(), "Channels could not be loaded", ChannelsState.load, _skeleton()),
        class_name="page channels",
    )
