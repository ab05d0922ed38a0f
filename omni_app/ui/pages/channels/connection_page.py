"""The page `/channels/<id>`: settings, templates and events of one connection."""

import reflex as rx

from omni_app.ui.components import badge, button_link, channel_icon, confirm, empty_state, icon, loaded, tab, tab_panel, tabs
from omni_app.ui.pages.channels.connection import ConnectionState
from omni_app.ui.pages.channels.connection_parts import LINE, settings_tab, steps, templates_tab, trouble
from omni_app.ui.pages.channels.events import EventsState
from omni_app.ui.pages.channels.events_parts import events_tab
from omni_app.ui.pages.channels.new_page import head
from omni_app.ui.pages.channels.page import light
from omni_app.ui.shell import page


def _tab(key: str, label: str, glyph: str, *after: rx.Component) -> rx.Component:
    words = rx.fragment(icon(glyph, "s"), label, *after)
    return tab(words, ConnectionState.tab == key, ConnectionState.pick(key), "connection-shown")


def _tabs() -> rx.Component:
    failed = rx.cond(LINE.failed > 0, badge(rx.fragment(LINE.failed, " failed"), "bad"))
    return tabs(
        _tab("settings", "Settings", "settings_2"),
        rx.cond(ConnectionState.has_templates, _tab("templates", "Templates", "layout_template")),
        _tab("events", "Events", "list", failed),
        label="What is shown of this connection",
    )


def _content() -> rx.Component:
    return rx.fragment(
        _tabs(),
        trouble(),
        tab_panel(
            rx.match(
                ConnectionState.tab,
                ("templates", templates_tab()),
                ("events", events_tab()),
                rx.fragment(steps(), settings_tab()),
            ),
            panel_id="connection-shown",
            label=rx.match(ConnectionState.tab, ("templates", "Templates"), ("events", "Events"), "Settings"),
        ),
    )


@page("/channels/[channel_id]", title="Channel", on_load=[ConnectionState.load, EventsState.load])
def connection() -> rx.Component:
    gone = empty_state(
        "This connection is gone",
        "Somebody removed it. Its conversations are in the inbox.",
        "unplug",
        button_link("All channels", "/channels", "arrow_left"),
        because_of_filter=True,
    )
    # What was shown before stays loaded when this one cannot be read.
    is_known = ConnectionState.loaded & (ConnectionState.problem == "")
    title = rx.el.h1(
        rx.cond(
            is_known,
            rx.fragment(channel_icon(LINE.channel, "l"), rx.el.span(LINE.name)),
            "Channel",
        ),
        class_name="row",
    )
    marks = rx.cond(
        is_known,
        rx.el.span(light(LINE), rx.cond(LINE.is_sandbox, badge("Sandbox", "info")), class_name="row marks"),
    )
    return rx.el.div(
        head(title, marks),
        rx.cond(
            ConnectionState.is_gone,
            gone,
            loaded(ConnectionState, _content(), "This connection could not be opened", ConnectionState.load),
        ),
        rx.cond(
            ConnectionState.problem != "",
            rx.el.div(button_link("All channels", "/channels", "arrow_left"), class_name="row center after"),
        ),
        confirm(
            ConnectionState.is_removing,
            "Remove “" + LINE.name + "”?",
            rx.el.ul(
                rx.el.li("Its settings, templates and everything its provider sent are deleted."),
                rx.el.li("Its webhook addresses stop working at once."),
                rx.el.li("Answers that wait to be sent are not sent."),
                rx.el.li("Conversations and customers stay, but nobody can answer over it."),
                class_name="goes",
            ),
            keep="Keep connection",
            act="Remove connection",
            on_keep=ConnectionState.keep,
            on_act=ConnectionState.remove,
            busy=ConnectionState.busy == "remove",
        ),
        class_name="page channels",
    )
