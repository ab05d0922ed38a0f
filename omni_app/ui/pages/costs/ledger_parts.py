"""The ledger as it is drawn: finder, filters, lines."""

from typing import Any

import reflex as rx

from omni_app.insights.costs import SERVICES
from omni_app.ui.components import (
    CHANNELS,
    button,
    channel_icon,
    channel_name,
    dialog,
    empty_state,
    form_actions,
    form_error,
    icon,
    pager,
    panel,
    select_field,
    table,
    text_field,
)
from omni_app.ui.pages.costs.ledger import LedgerState
from omni_app.ui.pages.costs.showing import LedgerLine


def _service_name(key: rx.Var[str]) -> rx.Var[str]:
    return rx.match(key, *SERVICES.items(), key)


def _select(label: str, value: rx.Var[str], on_pick: Any, *options: rx.Component) -> rx.Component:
    return rx.el.select(*options, value=value, on_change=on_pick, class_name="input", aria_label=label)


def _finder() -> rx.Component:
    return rx.el.div(
        rx.el.span(
            icon("search", "s", "mut"),
            rx.el.input(
                type="search",
                placeholder="Customer, service or note",
                aria_label="Search the ledger",
                auto_complete="off",
                max_length=200,
                default_value=LedgerState.search,
                key=LedgerState.cleared.to_string(),
                on_change=LedgerState.find.debounce(300),
            ),
            class_name="input",
        ),
        _select(
            "Service",
            LedgerState.service,
            LedgerState.set_service,
            rx.el.option("Every service", value=""),
            rx.foreach(LedgerState.services, lambda key: rx.el.option(_service_name(key), value=key)),
        ),
        _select(
            "Channel",
            LedgerState.channel,
            LedgerState.set_channel,
            rx.el.option("Every channel", value=""),
            rx.foreach(LedgerState.channels, lambda key: rx.el.option(rx.match(key, *CHANNELS.items(), key), value=key)),
            rx.el.option("Without a channel", value="none"),
        ),
        button("More filters", "list_filter", tone="ghost", on_click=LedgerState.set_more_open(True)),
        rx.cond(
            LedgerState.about_id != "",
            rx.el.span("Only ", rx.el.bdi(LedgerState.about_name), class_name="badge acc"),
        ),
        rx.cond(LedgerState.is_narrowed, button("Clear filters", "x", tone="ghost", on_click=LedgerState.clear)),
        class_name="finder people-finder",
    )


def _more() -> rx.Component:
    errors = LedgerState.errors
    return dialog(
        LedgerState.more_open,
        "More filters",
        rx.el.form(
            form_error(LedgerState),
            select_field("model", "Model", LedgerState.model_options, errors, default_value=LedgerState.model),
            rx.el.div(
                text_field("since", "From", errors, type="date", default_value=LedgerState.since),
                text_field("until", "To, this day included", errors, type="date", default_value=LedgerState.until),
                class_name="pair",
            ),
            text_field(
                "least", "Cost at least", errors, unit="$", input_mode="decimal", default_value=LedgerState.least, hint="Per line"
            ),
            text_field("note", "Note holds", errors, default_value=LedgerState.note, max_length=200),
            form_actions(
                button("Cancel", on_click=LedgerState.set_more_open(False)),
                button("Show lines", tone="primary", type="submit"),
            ),
            on_submit=LedgerState.narrow,
            no_validate=True,
            class_name="form",
        ),
        on_close=LedgerState.set_more_open,
    )


def _amount(line: rx.Var[LedgerLine]) -> rx.Component:
    return rx.fragment(line.amount, rx.el.span(line.zeros, class_name="mut"))


def _row(line: rx.Var[LedgerLine]) -> rx.Component:
    customer = rx.cond(
        line.customer_id != "",
        rx.el.a(rx.el.bdi(line.customer), href="/customers/" + line.customer_id, class_name="who-link trunc"),
    )
    return rx.el.tr(
        rx.el.td(line.time, class_name="mut num only-wide"),
        rx.el.td(line.what, class_name="lead"),
        rx.el.td(line.units, class_name="mut num", title=line.note),
        rx.el.td(
            rx.cond(
                line.channel != "",
                rx.el.span(channel_icon(line.channel), channel_name(line.channel), class_name="cell"),
                rx.el.span("–", class_name="mut"),
            ),
            class_name="only-wide",
        ),
        rx.el.td(customer, class_name="who"),
        rx.el.td(line.time, class_name="only-small num"),
        rx.el.td(
            rx.match(
                line.state,
                ("Free", rx.el.span("Free", class_name="good-text")),
                (
                    "Unknown outcome",
                    rx.el.span("Unknown outcome", class_name="warn-text", title="Booked in full: the call broke off"),
                ),
                rx.el.span(line.state, class_name="mut"),
            ),
            class_name="only-wide",
        ),
        rx.el.td(_amount(line), class_name="r num act"),
    )


def ledger() -> rx.Component:
    nothing = rx.cond(
        LedgerState.is_narrowed,
        empty_state(
            "No line matches",
            "Nothing was booked that fits these filters.",
            "search_x",
            button("Clear filters", on_click=LedgerState.clear),
            because_of_filter=True,
        ),
        empty_state("Nothing was booked yet", "Every charge stands here, with its units and its price.", "receipt_text"),
    )
    content = rx.cond(
        LedgerState.lines.length() > 0,
        rx.fragment(
            table(
                ["Time", "Service", "Units", "Channel", "Customer", ("", "only-small"), "State", ("Amount", "r")],
                LedgerState.lines,
                _row,
                "Ledger",
            ),
            rx.el.footer(
                rx.el.span(LedgerState.total_words, class_name="num", role="status"),
                pager(LedgerState.page, LedgerState.pages, LedgerState.go, "Pages of the ledger"),
                class_name="row between",
            ),
        ),
        nothing,
    )
    live = rx.el.span(rx.el.span(class_name="live"), "Live", class_name="badge good")
    return panel(
        _finder(),
        content,
        _more(),
        title="Ledger",
        about="every charge, newest first",
        end=live,
        class_name="c12 ledger",
        id="ledger",
    )
