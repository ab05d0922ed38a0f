"""What a provider sent, as a list with the content of one behind a dialog."""

import reflex as rx

from omni_app.ui.components import (
    badge,
    button,
    copy_button,
    dialog,
    empty_state,
    form_actions,
    icon_button,
    loaded,
    pager,
    panel,
    table,
)
from omni_app.ui.pages.channels.events import FILTERS, EventsState
from omni_app.ui.pages.channels.showing import EventLine


def _row(line: rx.Var[EventLine]) -> rx.Component:
    state = rx.match(
        line.status,
        ("handled", badge(line.words, "good")),
        ("failed", badge(line.words, "bad")),
        ("refused", badge(line.words, "warn")),
        ("new", badge(line.words, "info")),
        badge(line.words),
    )
    return rx.el.tr(
        rx.el.td(
            rx.el.span(
                rx.el.span(line.what, class_name="med"),
                rx.cond(
                    line.detail != "",
                    rx.el.span(line.detail, class_name=rx.cond(line.status == "failed", "t1 bad wraps", "t1 mut wraps")),
                ),
                class_name="two-lines",
            ),
            class_name="lead",
        ),
        rx.el.td(state),
        rx.el.td(line.at, class_name="num"),
        rx.el.td(line.about, class_name="mut num"),
        rx.el.td(
            rx.el.span(
                rx.cond(line.can_repeat, button("Handle again", size="s", on_click=EventsState.repeat(line.id))),
                rx.cond(line.can_open, button("Look", size="s", tone="ghost", on_click=EventsState.look(line.id))),
                class_name="row",
            ),
            class_name="r act",
        ),
        key=line.id,
    )


def _content_dialog() -> rx.Component:
    return dialog(
        EventsState.content != "",
        EventsState.content_title,
        rx.el.pre(EventsState.content, class_name="code raw", tab_index=0, aria_label="Content", dir="ltr"),
        form_actions(
            copy_button(EventsState.content, "Copy", ""), button("Close", tone="primary", on_click=EventsState.close(False))
        ),
        about="Exactly what the provider sent. That you looked is noted in the audit trail.",
        on_close=EventsState.close,
        wide=True,
    )


def events_tab() -> rx.Component:
    finder = rx.el.div(
        rx.el.label("Status", html_for="event-status", class_name="sr"),
        rx.el.select(
            *[rx.el.option(words, value=status) for status, words in FILTERS],
            value=EventsState.status,
            on_change=EventsState.filter_by,
            id="event-status",
            class_name="input",
        ),
        rx.el.span(EventsState.total, class_name="mut t1 num"),
        rx.el.span(icon_button("rotate_cw", "Read again", on_click=EventsState.refresh), class_name="end"),
        class_name="finder",
    )
    listed = rx.cond(
        EventsState.events.length() > 0,
        rx.fragment(
            table(["Event", "Status", "Received", "Size", ("", "r")], EventsState.events, _row, "Events"),
            rx.cond(EventsState.pages > 1, rx.el.footer(pager(EventsState.number, EventsState.pages, EventsState.go))),
        ),
        rx.cond(
            EventsState.status != "",
            empty_state(
                "No event has this status",
                "Others are there.",
                "search_x",
                button("Show all", on_click=EventsState.filter_by("")),
                because_of_filter=True,
            ),
            empty_state("Nothing came in yet", "Write to this channel from a phone or mailbox. It shows here at once.", "inbox"),
        ),
    )
    return rx.fragment(
        panel(
            finder,
            loaded(EventsState, listed, "Events could not be loaded", EventsState.load),
            title="Events",
            about="what the provider sent, newest first",
            class_name="channel-events",
        ),
        _content_dialog(),
    )
