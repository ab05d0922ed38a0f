"""Fields with label, hint and error. No state in here: pass the page's `errors` dictionary.

    rx.el.form(
        form_error(KeysState),
        text_field("name", "Name", KeysState.errors, hint="Where the key is used", required=True),
        form_actions(button("Create key", tone="primary", type="submit")),
        on_submit=KeysState.create, class_name="form",
    )

A handler that raises `Invalid(field="name")` fills `errors["name"]`; the message appears under that field.
"""

from typing import Any

import reflex as rx

from omni_app.ui.components.basics import Text
from omni_app.ui.components.icons import icon
from omni_app.ui.components.panels import callout


def error_line(text: Text, id_: str) -> rx.Component:
    return rx.el.span(icon("circle_alert", "xs"), rx.el.span(text), class_name="errline", id=id_)


def field(
    name: str,
    label: Text,
    control: rx.Component,
    errors: rx.Var[dict[str, str]] | None = None,
    hint: Text | rx.Component | None = None,
    beside: rx.Component | None = None,
) -> rx.Component:
    """Label above, hint below, error below in red. The control must carry `id=f"f-{name}"`."""
    heading = rx.el.label(label, html_for=f"f-{name}", class_name="label")
    parts: list[rx.Component] = [rx.el.div(heading, beside, class_name="top") if beside is not None else heading, control]
    hint_line = rx.el.span(hint, class_name="hint", id=f"h-{name}") if hint is not None else rx.fragment()
    if errors is None:
        parts.append(hint_line)
    else:
        parts.append(rx.cond(errors[name], error_line(errors[name], f"e-{name}"), hint_line))
    return rx.el.div(*parts, class_name="field")


def _describe(name: str, errors: rx.Var[dict[str, str]] | None, props: dict[str, Any]) -> dict[str, Any]:
    attributes = props.pop("custom_attrs", {})
    if errors is not None:
        attributes["aria-invalid"] = rx.cond(errors[name], "true", "false")
        attributes["aria-describedby"] = f"e-{name} h-{name}"
    return {"id": f"f-{name}", "name": name, "custom_attrs": attributes, **props}


def text_field(
    name: str,
    label: Text,
    errors: rx.Var[dict[str, str]] | None = None,
    hint: Text | rx.Component | None = None,
    beside: rx.Component | None = None,
    unit: str | None = None,
    **props: Any,
) -> rx.Component:
    """One line of text; `unit` is shown inside, before the text. Other arguments go to the input."""
    control: rx.Component
    if unit is None:
        control = rx.el.input(class_name="input", **_describe(name, errors, props))
    else:
        control = rx.el.span(
            rx.el.span(unit, class_name="unit"), rx.el.input(**_describe(name, errors, props)), class_name="input"
        )
    return field(name, label, control, errors, hint, beside)


def password_field(
    name: str,
    label: Text,
    errors: rx.Var[dict[str, str]] | None = None,
    hint: Text | rx.Component | None = None,
    beside: rx.Component | None = None,
    **props: Any,
) -> rx.Component:
    """A password with a button that shows it; the button works in the browser alone (`omni.js`)."""
    control = rx.el.span(
        rx.el.input(type="password", **_describe(name, errors, props)),
        rx.el.button(
            rx.el.span(icon("eye"), class_name="hidden-eye"),
            rx.el.span(icon("eye_off"), class_name="shown"),
            type="button",
            class_name="peek",
            aria_label="Show password",
            custom_attrs={"data-peek": f"f-{name}", "aria-pressed": "false"},
        ),
        class_name="input",
    )
    return field(name, label, control, errors, hint, beside)


def text_area_field(
    name: str,
    label: Text,
    errors: rx.Var[dict[str, str]] | None = None,
    hint: Text | rx.Component | None = None,
    rows: int = 4,
    **props: Any,
) -> rx.Component:
    control = rx.el.textarea(class_name="input", rows=str(rows), **_describe(name, errors, props))
    return field(name, label, control, errors, hint)


def select_field(
    name: str,
    label: Text,
    options: list[tuple[str, str]] | rx.Var[list[tuple[str, str]]],
    errors: rx.Var[dict[str, str]] | None = None,
    hint: Text | rx.Component | None = None,
    **props: Any,
) -> rx.Component:
    """A choice of one; `options` are (value, text). The browser's own list: right on phones and with the keyboard."""
    choices = (
        [rx.el.option(text, value=value) for value, text in options]
        if isinstance(options, list)
        else [rx.foreach(options, lambda option: rx.el.option(option[1], value=option[0]))]
    )
    control = rx.el.select(*choices, class_name="input", **_describe(name, errors, props))
    return field(name, label, control, errors, hint)


def form_error(state: Any) -> rx.Component:
    """The summary at the top of a form: how many fields need a change, or what went wrong as a whole."""
    return rx.cond(
        state.form_error != "",
        callout(state.form_error, tone="bad", icon_name="circle_x", role="alert", custom_attrs={"tabindex": "-1"}),
    )


def form_actions(*buttons: rx.Component) -> rx.Component:
    """The row of buttons under a form: the safe one first, the main one last."""
    return rx.el.div(*buttons, class_name="acts")
