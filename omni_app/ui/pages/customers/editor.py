"""The dialog in which a customer's details are changed."""

import reflex as rx

from omni_app.ui.components import (
    button,
    callout,
    confirm,
    dialog,
    form_actions,
    form_error,
    icon_button,
    select_field,
    text_field,
)
from omni_app.ui.components.forms import error_line
from omni_app.ui.components.leaving import unsaved
from omni_app.ui.pages.business.profile import zones
from omni_app.ui.pages.customers.editing import EditState, Row


def _clash() -> rx.Component:
    return rx.cond(
        EditState.theirs.length() > 0,
        callout(
            rx.el.b("Somebody else changed this customer. ", class_name="med"),
            "What you typed is kept. They saved:",
            rx.el.dl(
                rx.foreach(
                    EditState.theirs,
                    lambda pair: rx.el.div(rx.el.dt(pair.label), rx.el.dd(rx.el.bdi(pair.text)), class_name="row pair"),
                ),
                class_name="theirs",
            ),
            rx.el.div(button("Take their version", size="s", on_click=EditState.use_theirs), class_name="row"),
            tone="warn",
            icon_name="triangle_alert",
            role="alert",
        ),
    )


def _row(row: rx.Var[Row]) -> rx.Component:
    wrong = rx.cond(EditState.errors[row.name_field], EditState.errors[row.name_field], EditState.errors[row.value_field])
    bad = rx.cond(wrong, "true", "false")
    return rx.el.li(
        rx.el.div(
            rx.el.input(
                name=row.name_field,
                default_value=row.name,
                class_name="input",
                placeholder="Name",
                aria_label="Name of the attribute",
                auto_complete="off",
                on_change=EditState.mark_changed.throttle(1000),
                custom_attrs={"aria-invalid": bad},
            ),
            rx.el.input(
                name=row.value_field,
                default_value=row.value,
                class_name="input",
                placeholder="Value",
                aria_label="Value of the attribute",
                auto_complete="off",
                on_change=EditState.mark_changed.throttle(1000),
                custom_attrs={"aria-invalid": bad},
            ),
            icon_button("x", "Remove attribute " + row.name, on_click=EditState.remove_row(row.key)),
            class_name="row",
        ),
        rx.cond(wrong, error_line(wrong, "e-" + row.name_field)),
        key=row.key.to_string(),
    )


def _attributes() -> rx.Component:
    return rx.el.fieldset(
        rx.el.legend("Attributes", class_name="label"),
        rx.cond(EditState.rows.length() > 0, rx.el.ul(rx.foreach(EditState.rows, _row), class_name="ways")),
        rx.el.div(button("Add attribute", "plus", size="s", on_click=EditState.add_row), class_name="row"),
        rx.cond(
            EditState.errors["attributes"],
            error_line(EditState.errors["attributes"], "e-attributes"),
            rx.el.span("What your team should know, like insurance or shoe size.", class_name="hint"),
        ),
        class_name="field",
    )


def editor() -> rx.Component:
    """The dialog, and the question it asks before typed text is lost."""
    changed = EditState.mark_changed.throttle(1000)
    form = rx.el.form(
        _clash(),
        rx.cond(EditState.theirs.length() == 0, form_error(EditState)),
        text_field(
            "name",
            "Name",
            EditState.errors,
            default_value=EditState.name,
            auto_complete="off",
            auto_focus=True,
            on_change=changed,
        ),
        rx.el.div(
            text_field(
                "language",
                "Language",
                EditState.errors,
                hint="Like en or fr-CA",
                default_value=EditState.language,
                auto_complete="off",
                on_change=changed,
            ),
            text_field(
                "birthday",
                "Birthday",
                EditState.errors,
                type="date",
                default_value=EditState.birthday,
                on_change=changed,
            ),
            class_name="two",
        ),
        select_field(
            "timezone",
            "Time zone",
            [("", "Not known"), *[(zone, zone.replace("_", " ")) for zone in zones()]],
            EditState.errors,
            default_value=EditState.timezone,
            on_change=changed,
        ),
        _attributes(),
        form_actions(
            button("Cancel", tone="ghost", on_click=EditState.set_open(False)),
            button(
                rx.cond(EditState.theirs.length() > 0, "Save over theirs", "Save customer"),
                tone="primary",
                type="submit",
                busy=EditState.busy == "save",
            ),
        ),
        key=EditState.form.to_string(),
        on_submit=EditState.save,
        no_validate=True,
        class_name="form",
        custom_attrs=unsaved(EditState.is_changed),
    )
    return rx.fragment(
        dialog(EditState.is_open, "Edit details", form, on_close=EditState.set_open, wide=True),
        confirm(
            EditState.asks_discard,
            "Discard changes?",
            "What you typed is not saved.",
            keep="Keep editing",
            act="Discard changes",
            on_keep=EditState.go_on,
            on_act=EditState.discard,
        ),
    )
