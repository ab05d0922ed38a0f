"""The page `/customers`."""

from typing import Any

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.ui.account import ShellState
from omni_app.ui.components import (
    CHANNELS,
    avatar,
    badge,
    button,
    channel_icon,
    empty_state,
    icon,
    loaded,
    page_header,
    pager,
    panel,
    table,
)
from omni_app.ui.navigation import NavEntry
from omni_app.ui.pages.customers.listing import MARKS, SORTS, CustomersState
from omni_app.ui.pages.customers.showing import CustomerLine
from omni_app.ui.shell import page

MAY_ADMINISTER = ShellState.permissions.contains(Permission.ADMINISTER.value)


def _marks(line: rx.Var[CustomerLine]) -> rx.Component:
    return rx.fragment(
        rx.cond(line.is_verified, badge("Verified", "good", "badge_check")),
        rx.cond(line.is_blocked, badge("Blocked", "bad", "ban")),
        rx.cond(line.has_claims, badge("Claim", "warn", "circle_help")),
    )


def _channels(line: rx.Var[CustomerLine]) -> rx.Component:
    return rx.el.span(rx.foreach(line.channels, lambda kind: channel_icon(kind, "s")), class_name="glyphs")


def _row(line: rx.Var[CustomerLine]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.div(
                avatar(line.letters, line.tone),
                rx.el.div(
                    rx.el.div(
                        rx.el.a(rx.el.bdi(line.name), href="/customers/" + line.id, class_name="med who-link trunc"),
                        _marks(line),
                        rx.el.span(_channels(line), class_name="only-small"),
                        class_name="row",
                    ),
                    rx.cond(
                        line.tags.length() > 0,
                        rx.el.div(
                            rx.foreach(line.tags, lambda tag: badge(tag)),
                            rx.cond(line.more_tags != "", rx.el.span(line.more_tags, class_name="mut t1")),
                            class_name="row tags",
                        ),
                    ),
                    class_name="two-lines grow",
                ),
                class_name="row",
                style={"gap": "12px"},
            ),
            class_name="lead wide",
        ),
        rx.el.td(rx.el.span("seen ", class_name="only-small"), line.seen, class_name="mut"),
        rx.el.td(_channels(line), class_name="only-wide"),
        rx.el.td(line.messages, rx.el.span(" messages", class_name="only-small"), class_name="r"),
        rx.el.td(line.cost, class_name="r"),
    )


def _select(label: str, value: rx.Var[str], on_pick: Any, *options: rx.Component) -> rx.Component:
    return rx.el.select(*options, value=value, on_change=on_pick, class_name="input", aria_label=label)


def _finder() -> rx.Component:
    return rx.el.div(
        rx.el.span(
            icon("search", "s", "mut"),
            rx.el.input(
                type="search",
                placeholder="Name, e-mail or phone",
                aria_label="Search customers",
                auto_complete="off",
                max_length=200,
                default_value=CustomersState.search,
                key=CustomersState.cleared.to_string(),
                on_change=CustomersState.find.debounce(250),
            ),
            class_name="input",
        ),
        _select(
            "Which customers",
            CustomersState.mark,
            CustomersState.set_mark,
            *[rx.el.option(text, value=value) for value, text in MARKS],
        ),
        _select(
            "Channel",
            CustomersState.channel,
            CustomersState.set_channel,
            rx.el.option("Every channel", value=""),
            *[rx.el.option(text, value=value) for value, text in CHANNELS.items()],
        ),
        rx.cond(
            (CustomersState.tags.length() > 0) | (CustomersState.tag != ""),
            _select(
                "Tag",
                CustomersState.tag,
                CustomersState.set_tag,
                rx.el.option("Every tag", value=""),
                rx.foreach(CustomersState.tags, lambda tag: rx.el.option(tag.name + " (" + tag.count + ")", value=tag.name)),
            ),
        ),
        _select(
            "Order",
            CustomersState.sort,
            CustomersState.set_sort,
            *[rx.el.option(text, value=value) for value, text in SORTS],
        ),
        rx.el.span(CustomersState.total_words, class_name="mut num nowrap end", role="status"),
        class_name="finder people-finder",
    )


def _nothing() -> rx.Component:
    return rx.cond(
        CustomersState.is_narrowed,
        empty_state(
            "No customer matches",
            "Nobody fits this search and these filters.",
            "search_x",
            button("Clear filters", on_click=CustomersState.clear),
            because_of_filter=True,
        ),
        empty_state(
            "Nobody has written yet",
            "People appear here with their first message, on any channel. They never sign up.",
            "users_round",
            rx.el.a("Put the chat on your website", href="/chat-setup", class_name="btn primary"),
        ),
    )


def _list() -> rx.Component:
    return rx.fragment(
        rx.cond((CustomersState.total > 0) | CustomersState.is_narrowed, _finder()),
        rx.cond(
            CustomersState.lines.length() > 0,
            rx.fragment(
                table(
                    ["Customer", "Last seen", "Channels", ("Messages", "r"), ("Cost", "r")],
                    CustomersState.lines,
                    _row,
                    "Customers",
                ),
                rx.cond(
                    CustomersState.pages > 1,
                    rx.el.footer(pager(CustomersState.page, CustomersState.pages, CustomersState.go, "Pages of customers")),
                ),
            ),
            _nothing(),
        ),
    )


@page(
    "/customers",
    title="Customers",
    on_load=CustomersState.load,
    nav=NavEntry(group="Work", label="Customers", icon="users_round", order=20, key="c", tab=3),
)
def customers() -> rx.Component:
    return rx.el.div(
        page_header(
            "Customers",
            "Who talks to you, on which channels, and what is known of them",
            rx.cond(
                MAY_ADMINISTER & (CustomersState.total > 0),
                button("Export CSV", "download", on_click=CustomersState.export, class_name="only-wide"),
            ),
        ),
        panel(
            loaded(CustomersState, _list(), "Customers could not be loaded", CustomersState.load),
            class_name="people",
        ),
        class_name="page",
    )
