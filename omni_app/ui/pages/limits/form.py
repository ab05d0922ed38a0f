"""The form of limits and of what counts as abuse."""

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.ui.account import ShellState
from omni_app.ui.components import button, field, form_error, icon, panel
from omni_app.ui.components.leaving import unsaved
from omni_app.ui.pages.limits.rules import LADDER_FIELDS, LIMIT_FIELDS, SIGN_FIELDS, Field, RulesState

MAY_CHANGE = ShellState.permissions.contains(Permission.CONFIGURE.value)


def _number(one: Field) -> rx.Component:
    control = rx.el.span(
        rx.el.input(
            id=f"f-{one.name}",
            name=one.name,
            default_value=RulesState.values[one.name],
            input_mode="numeric",
            auto_complete="off",
            max_length=7,
            on_change=RulesState.mark_changed.throttle(500),
            custom_attrs={
                "aria-invalid": rx.cond(RulesState.errors[one.name], "true", "false"),
                "aria-describedby": f"e-{one.name} h-{one.name}",
            },
        ),
        rx.el.span(one.unit, class_name="unit"),
        class_name="input",
    )
    return field(one.name, one.label, control, RulesState.errors, one.hint)


def _pairs(fields: tuple[Field, ...]) -> rx.Component:
    return rx.el.div(*[_number(one) for one in fields], class_name="two")


def _switch() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.div("Look for abuse", class_name="label"),
            rx.el.div("Off: messages are only counted", class_name="hint"),
            class_name="grow",
        ),
        rx.el.button(
            type="button",
            class_name="sw",
            role="switch",
            aria_checked=RulesState.is_on,
            aria_label="Look for abuse",
            on_click=RulesState.toggle,
            disabled=~MAY_CHANGE,
        ),
        class_name="row between",
    )


def _save_bar() -> rx.Component:
    state = rx.cond(
        RulesState.form_error != "",
        rx.el.span(icon("circle_alert", "s"), RulesState.form_error, class_name="row bad"),
        rx.cond(RulesState.is_changed, rx.el.span(rx.el.span(class_name="dot warn"), "Unsaved changes", class_name="row med")),
    )
    return rx.el.div(
        state,
        rx.el.span(
            rx.cond(RulesState.is_changed, button("Discard changes", tone="ghost", on_click=RulesState.discard)),
            button("Save limits", tone="primary", type="submit", busy=RulesState.busy == "save"),
            class_name="row end",
        ),
        class_name="save-bar",
    )


def rules_form() -> rx.Component:
    """All of it; fields nobody can change when the person's role is not allowed to."""
    return rx.el.form(
        form_error(RulesState),
        rx.el.fieldset(
            panel(
                rx.el.div(_pairs(LIMIT_FIELDS), class_name="form"),
                title="How much one customer may ask",
                about="above it they are told when to come back",
            ),
            panel(
                rx.el.div(
                    _switch(),
                    rx.el.h3("What counts as a sign"),
                    _pairs(SIGN_FIELDS),
                    rx.el.h3("What follows"),
                    _pairs(LADDER_FIELDS),
                    class_name="form",
                ),
                title="Abuse",
                about="noted first, then slowed down, then blocked for a time",
            ),
            disabled=~MAY_CHANGE,
        ),
        rx.cond(MAY_CHANGE, _save_bar()),
        key=RulesState.form.to_string(),
        on_submit=RulesState.save,
        no_validate=True,
        class_name="limits-form",
        aria_label="Limits",
        custom_attrs=unsaved(RulesState.is_changed),
    )
