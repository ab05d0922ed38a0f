"""The search box and the filters above the list."""

import reflex as rx

from omni_app.conversations.searching import LONGEST, SHORTEST
from omni_app.ui.components import CHANNELS, button, channel_name, icon
from omni_app.ui.pages.inbox.queue_state import QueueState
from omni_app.ui.pages.inbox.sorting_state import PRIORITIES, SortingState


def search_box() -> rx.Component:
    """Looks through every folder while one types; Escape closes it."""
    return rx.cond(
        QueueState.search_open,
        rx.el.div(
            icon("search", "s"),
            rx.el.input(
                type="search",
                default_value=QueueState.query,
                placeholder="Name, words, e-mail, phone, label",
                aria_label="Search conversations",
                auto_focus=True,
                max_length=LONGEST,
                on_change=QueueState.search.debounce(250),
                custom_attrs={"data-search": ""},
            ),
            rx.el.button(
                icon("x", "s"),
                type="button",
                class_name="drop",
                aria_label="Close the search",
                on_click=QueueState.set_search_open(False),
                custom_attrs={"data-search-close": ""},
            ),
            class_name="input find",
            role="search",
        ),
    )


def search_button() -> rx.Component:
    return rx.el.button(
        icon("search"),
        type="button",
        class_name="ib s",
        aria_label="Search",
        title="Search",
        custom_attrs={"data-search-open": "", "aria-pressed": rx.cond(QueueState.search_open, "true", "false")},
        on_click=QueueState.set_search_open(~QueueState.search_open),
    )


def _choice(what: str, label: str, value: rx.Var[str], options: list[rx.Component]) -> rx.Component:
    return rx.el.div(
        rx.el.label(label, html_for=f"filter-{what}", class_name="label"),
        rx.el.select(
            rx.el.option("Any", value=""),
            *options,
            id=f"filter-{what}",
            class_name="input",
            value=value,
            on_change=lambda picked: QueueState.narrow(what, picked),
        ),
        class_name="field",
    )


def filter_button() -> rx.Component:
    people = [
        rx.el.option("Nobody", value="none"),
        rx.foreach(SortingState.people, lambda person: rx.el.option(person.name, value=person.id)),
    ]
    labels = [rx.foreach(SortingState.labels, lambda label: rx.el.option(label.name, value=label.id))]
    return rx.popover.root(
        rx.popover.trigger(
            rx.el.button(
                icon("list_filter"),
                type="button",
                class_name=rx.cond(QueueState.is_filtered, "ib s lit", "ib s"),
                aria_label="Filter",
                title="Filter",
            )
        ),
        rx.popover.content(
            _choice(
                "channel", "Channel", QueueState.channel, [rx.el.option(name, value=kind) for kind, name in CHANNELS.items()]
            ),
            _choice("label", "Label", QueueState.label_id, labels),
            _choice("assignee", "Assigned to", QueueState.assignee, people),
            _choice(
                "priority", "Priority", QueueState.priority, [rx.el.option(name, value=key) for key, name in PRIORITIES.items()]
            ),
            rx.el.label(
                rx.el.input(
                    type="checkbox",
                    class_name="cb",
                    checked=QueueState.unread,
                    on_change=lambda on: QueueState.narrow("unread", rx.cond(on, "1", "")),
                ),
                "Unread only",
                class_name="row",
            ),
            class_name="picker pop form",
            align="end",
            aria_label="Filter",
        ),
    )


def _set(what: str, is_on: rx.Var[bool], words: rx.Component | rx.Var[str] | str) -> rx.Component:
    return rx.cond(
        is_on,
        rx.el.button(
            words,
            icon("x", "xs"),
            type="button",
            class_name="chip set",
            custom_attrs={"aria-pressed": "true"},
            on_click=QueueState.narrow(what, ""),
        ),
    )


def _name_of(options: rx.Var[list], value: rx.Var[str]) -> rx.Component:
    return rx.foreach(options, lambda option: rx.cond(option.id == value, rx.el.span(option.name, class_name="trunc")))


def filter_chips() -> rx.Component:
    """What narrows the list now; each goes with a press, and all with one."""
    return rx.cond(
        QueueState.is_filtered,
        rx.el.div(
            _set("channel", QueueState.channel != "", channel_name(QueueState.channel)),
            _set("label", QueueState.label_id != "", _name_of(SortingState.labels, QueueState.label_id)),
            _set(
                "assignee",
                QueueState.assignee != "",
                rx.cond(QueueState.assignee == "none", "Nobody", _name_of(SortingState.people, QueueState.assignee)),
            ),
            _set("priority", QueueState.priority != "", rx.match(QueueState.priority, *PRIORITIES.items(), "")),
            _set("unread", QueueState.unread, "Unread"),
            rx.el.button("Clear", type="button", class_name="link", on_click=QueueState.clear_filters),
            class_name="filters sets",
            role="group",
            aria_label="Filters",
        ),
    )


def found_line() -> rx.Component:
    """How many the search found."""
    return rx.cond(
        QueueState.is_searching,
        rx.el.div(
            rx.cond(QueueState.rows.length() == 30, "The newest 30 found", rx.fragment(QueueState.rows.length(), " found")),
            class_name="grp",
            role="status",
        ),
        rx.cond(
            QueueState.search_open & (QueueState.query != ""),
            rx.el.div(f"Write at least {SHORTEST} characters.", class_name="grp", role="status"),
        ),
    )


def nothing_found() -> rx.Component:
    clear = button("Clear search", on_click=QueueState.set_search_open(False))
    return rx.el.div(
        rx.el.span(icon("search", "l"), class_name="ic n"),
        rx.el.h3("No conversation matches"),
        rx.el.p("Try fewer letters, a whole e-mail address, or the last four digits of a number."),
        rx.el.div(clear, class_name="row"),
        class_name="empty",
    )


def nothing_fits() -> rx.Component:
    clear = button("Clear filters", on_click=QueueState.clear_filters)
    return rx.el.div(
        rx.el.span(icon("list_filter", "l"), class_name="ic n"),
        rx.el.h3("No conversation fits"),
        rx.el.p("The filters hide everything in this folder."),
        rx.el.div(clear, class_name="row"),
        class_name="empty",
    )
