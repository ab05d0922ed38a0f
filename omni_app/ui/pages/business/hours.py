"""Opening hours in the form: a line for each weekday and each special date, open or closed, with one or two intervals."""

import reflex as rx

from omni_app.ui.components import button, icon_button
from omni_app.ui.components.forms import error_line
from omni_app.ui.pages.business.profile import Day, Opening
from omni_app.ui.pages.business.state import BusinessState, DraftState


def _time(day: rx.Var[Day], opening: rx.Var[Opening], which: str) -> rx.Component:
    wrong = BusinessState.errors[day.field]
    return rx.el.input(
        type="time",
        name=opening.opens_name if which == "opens" else opening.closes_name,
        default_value=opening.opens if which == "opens" else opening.closes,
        class_name="input",
        aria_label=day.name + (" opens" if which == "opens" else " closes"),
        on_change=lambda clock: DraftState.set_time(opening.key, which, clock),
        custom_attrs={"aria-invalid": rx.cond(wrong, "true", "false"), "aria-describedby": "e-" + day.field},
    )


def _opening(day: rx.Var[Day], opening: rx.Var[Opening]) -> rx.Component:
    return rx.el.div(
        _time(day, opening, "opens"),
        rx.el.span("to", class_name="mut"),
        _time(day, opening, "closes"),
        rx.cond(
            day.openings.length() > 1,
            icon_button("x", "Remove these times of " + day.name, on_click=DraftState.remove_opening(opening.key)),
            icon_button("plus", "Add a second interval on " + day.name, on_click=DraftState.add_opening(day.key)),
        ),
        class_name="span-of-day",
        key=opening.key.to_string(),
    )


def _day(day: rx.Var[Day]) -> rx.Component:
    return rx.el.li(rx.el.span(day.name, class_name="med day-name"), _switch(day), _times(day), key=day.key)


def _switch(day: rx.Var[Day]) -> rx.Component:
    return rx.el.span(
        rx.el.button(
            type="button",
            class_name="sw",
            role="switch",
            aria_label="Open on " + day.name,
            custom_attrs={"aria-checked": rx.cond(day.is_open, "true", "false")},
            on_click=DraftState.toggle_day(day.key),
        ),
        rx.el.span(rx.cond(day.is_open, "Open", "Closed"), class_name="mut"),
        class_name="row day-switch",
    )


def _times(day: rx.Var[Day]) -> rx.Component:
    wrong = BusinessState.errors[day.field]
    return rx.el.div(
        rx.cond(day.is_open, rx.foreach(day.openings, lambda opening: _opening(day, opening))),
        rx.cond(wrong, error_line(wrong, "e-" + day.field)),
        class_name="day-times",
    )


def _special(day: rx.Var[Day]) -> rx.Component:
    when = rx.el.span(
        rx.el.input(
            type="date",
            name=day.date_name,
            default_value=day.date,
            class_name="input",
            aria_label="Date",
            on_change=DraftState.mark_changed,
            custom_attrs={
                "aria-invalid": rx.cond(BusinessState.errors[day.field], "true", "false"),
                "aria-describedby": "e-" + day.field,
            },
        ),
        class_name="day-name",
    )
    take_out = icon_button("trash_2", "Remove " + day.name, on_click=DraftState.remove_special(day.key))
    return rx.el.li(when, rx.el.span(_switch(day), take_out, class_name="row between"), _times(day), key=day.key)


def special_fields() -> rx.Component:
    """Dates on which the weekday's hours do not hold."""
    return rx.fragment(
        rx.el.h3("Holidays and other special days", class_name="t2 med"),
        rx.cond(DraftState.special.length() > 0, rx.el.ul(rx.foreach(DraftState.special, _special), class_name="week dates")),
        rx.el.div(
            button("Add a date", "plus", size="s", on_click=DraftState.add_special),
            rx.el.span(
                "Closed, or open at other times than on its weekday. Dates that are over leave this list.", class_name="hint"
            ),
            class_name="row wrap",
        ),
    )


def hours_fields() -> rx.Component:
    """The seven days, and the button that copies Monday to the days until Friday."""
    wrong = BusinessState.errors["opening_hours"]
    return rx.fragment(
        rx.el.ul(rx.foreach(DraftState.days, _day), class_name="week"),
        rx.cond(wrong, error_line(wrong, "e-opening_hours")),
        rx.el.div(
            button("Copy Monday to weekdays", "copy", size="s", on_click=DraftState.copy_monday),
            rx.el.span("Closing at 00:00 is midnight. Times past midnight end on the next day.", class_name="hint"),
            class_name="row wrap",
        ),
    )
