"""The page `/prices`."""

import reflex as rx

from omni_app.budgets.listed import UNITS
from omni_app.infra.scope import Permission
from omni_app.ui.account import ShellState
from omni_app.ui.components import (
    badge,
    button,
    dialog,
    empty_state,
    field,
    form_actions,
    form_error,
    icon,
    loaded,
    page_header,
    panel,
    table,
    text_field,
)
from omni_app.ui.navigation import NavEntry
from omni_app.ui.pages.prices.showing import PriceLine, TypicalLine, VersionLine
from omni_app.ui.pages.prices.state import PricesState
from omni_app.ui.shell import page

MAY_ADMINISTER = ShellState.permissions.contains(Permission.ADMINISTER.value)


def _row(line: rx.Var[PriceLine]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.span(line.model, class_name="med"),
            rx.cond(line.is_planned, badge("Planned", "info"), rx.cond(line.is_own, badge("Own price", "acc"))),
            class_name="lead named",
        ),
        rx.el.td(
            rx.el.span(line.price, class_name="num med"),
            rx.el.span(" ", line.of, class_name="mut"),
        ),
        rx.el.td(
            rx.cond(line.listed != "", rx.fragment("list ", rx.el.span(line.listed, class_name="num")), ""),
            class_name=rx.cond(line.listed != "", "mut", "gone"),
        ),
        rx.el.td(line.valid, class_name="mut wide", title=line.note),
        rx.el.td(
            rx.el.span(
                button("History", size="s", tone="ghost", on_click=PricesState.show_history(line.key)),
                rx.cond(MAY_ADMINISTER, button("Change", size="s", on_click=PricesState.start_change(line.key))),
                class_name="row",
            ),
            class_name="r act",
        ),
    )


def _typical(line: rx.Var[TypicalLine]) -> rx.Component:
    return rx.el.div(
        rx.el.span(line.model, class_name="mut"),
        rx.el.span(line.each, class_name="mid num"),
        rx.el.span(line.thousand, " for a thousand", class_name="t1 mut"),
    )


def _unit_field() -> rx.Component:
    return field(
        "unit",
        "For",
        rx.el.select(
            *[rx.el.option(words, value=unit) for unit, words in UNITS.items()],
            value=PricesState.edit_unit,
            on_change=PricesState.set_unit,
            class_name="input",
            id="f-unit",
            name="unit",
        ),
        PricesState.errors,
    )


def _edit() -> rx.Component:
    errors = PricesState.errors
    names = rx.el.div(
        text_field("provider", "Provider", errors, hint="Like openai, sms or whatsapp", auto_complete="off"),
        text_field("model", "Model", errors, hint="Empty: every model of the provider", auto_complete="off"),
        class_name="pair",
    )
    return dialog(
        PricesState.editing != "",
        PricesState.edit_title,
        rx.el.form(
            form_error(PricesState),
            rx.cond(PricesState.editing == "new", rx.fragment(names, _unit_field())),
            text_field(
                "price",
                "Price in dollars " + PricesState.edit_of,
                errors,
                unit="$",
                input_mode="decimal",
                auto_complete="off",
                default_value=PricesState.edit_value,
                key=PricesState.editing + PricesState.edit_value,
            ),
            rx.el.div(
                text_field("valid_from", "First day", errors, type="date", hint="Empty: from now on"),
                text_field("valid_until", "Last day", errors, type="date", hint="Empty: for good"),
                class_name="pair",
            ),
            text_field("note", "Note", errors, hint="Like the contract it comes from; may be empty", max_length=300),
            form_actions(
                button("Cancel", on_click=PricesState.close_edit(False)),
                button("Save price", tone="primary", type="submit", busy=PricesState.busy == "price"),
            ),
            on_submit=PricesState.save,
            no_validate=True,
            class_name="form",
        ),
        about="Your own price is charged instead of the list's. The version before it ends where this one begins.",
        on_close=PricesState.close_edit,
    )


def _version(line: rx.Var[VersionLine]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.span(line.price, class_name="med num"),
            " ",
            rx.match(
                line.state,
                ("now", badge("Holds now", "good")),
                ("planned", badge("Planned", "info")),
                ("taken back", badge("Taken back")),
                rx.fragment(),
            ),
            rx.el.br(),
            rx.el.span(line.valid, " · ", line.origin, class_name="t1 mut"),
            rx.cond(line.note != "", rx.el.span(rx.el.br(), line.note, class_name="t1 mut")),
        ),
        rx.cond(
            MAY_ADMINISTER & line.may_end,
            button(rx.cond(line.state == "planned", "Take back", "End now"), size="s", on_click=PricesState.end(line.id)),
        ),
    )


def _history() -> rx.Component:
    return dialog(
        PricesState.history_key != "",
        PricesState.history_title,
        rx.el.ul(rx.foreach(PricesState.versions, _version), class_name="was"),
        form_actions(button("Close", on_click=PricesState.close_history(False))),
        about="What was used keeps the price it was booked with.",
        on_close=PricesState.close_history,
    )


def _content() -> rx.Component:
    finder = rx.el.div(
        rx.el.span(
            icon("search", "s", "mut"),
            rx.el.input(
                type="search",
                placeholder="Provider, model or unit",
                aria_label="Search prices",
                auto_complete="off",
                max_length=100,
                on_change=PricesState.find.debounce(200),
            ),
            class_name="input",
        ),
        class_name="finder",
    )
    listed = rx.cond(
        PricesState.shown.length() > 0,
        table(
            ["What", "Price", "List", "Holds", ("", "r")],
            PricesState.shown,
            _row,
            "Prices",
        ),
        rx.cond(
            PricesState.search != "",
            empty_state("No price matches", "Nothing on the list has this name.", "search_x", because_of_filter=True),
            empty_state("No prices yet", "Until a price is known, no paid service is called.", "tags"),
        ),
    )
    return rx.el.div(
        rx.cond(
            PricesState.typical.length() > 0,
            panel(
                rx.el.div(rx.foreach(PricesState.typical, _typical), class_name="typical"),
                title="What an answer costs at these prices",
                footer=PricesState.typical_about,
                class_name="c12",
            ),
        ),
        panel(
            finder,
            listed,
            title="Price table",
            about="in US dollars",
            footer="A service without a price is not called: Omni says so instead of spending an unknown amount.",
            class_name="c12 price-table",
        ),
        class_name="cols",
    )


@page(
    "/prices",
    title="Prices",
    on_load=PricesState.load,
    nav=NavEntry(group="Set up", label="Prices", icon="tags", order=19),
)
def prices() -> rx.Component:
    return rx.el.div(
        page_header(
            "Prices",
            "What one unit of each service costs: by the list, or by your own contract",
            rx.cond(MAY_ADMINISTER, button("Add own price", "plus", tone="primary", on_click=PricesState.start_new)),
        ),
        loaded(PricesState, _content(), "Prices could not be loaded", PricesState.load),
        _edit(),
        _history(),
        class_name="page",
    )
