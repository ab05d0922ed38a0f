"""The form of a connection, drawn from its fields; and the guide beside it."""

from typing import Any

import reflex as rx

from omni_app.ui.components import (
    button,
    copy_button,
    form_error,
    icon,
    text_area_field,
    text_field,
)
from omni_app.ui.components.forms import error_line
from omni_app.ui.components.leaving import unsaved
from omni_app.ui.pages.channels.draft import ChannelDraftState
from omni_app.ui.pages.channels.fields import Choice, SettingField
from omni_app.ui.pages.channels.showing import AddressLine, StepLine

Errors = rx.Var[dict[str, str]]


def _typed() -> Any:
    return ChannelDraftState.mark_changed.throttle(1000)


def _attributes(name: rx.Var[str], errors: Errors) -> dict[str, Any]:
    return {
        "aria-invalid": rx.cond(errors[name], "true", "false"),
        "aria-describedby": "e-" + name + " h-" + name,
    }


def _label(line: rx.Var[SettingField]) -> rx.Component:
    return rx.el.label(
        line.label,
        rx.cond(line.is_optional, rx.el.span(" optional", class_name="mut t1")),
        html_for="f-" + line.name,
        class_name="label",
    )


def _under(line: rx.Var[SettingField], errors: Errors) -> rx.Component:
    return rx.cond(
        errors[line.name],
        error_line(errors[line.name], "e-" + line.name),
        rx.cond(line.help != "", rx.el.span(line.help, class_name="hint", id="h-" + line.name)),
    )


def _box(line: rx.Var[SettingField], errors: Errors) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="checkbox",
            class_name="cb",
            id="f-" + line.name,
            name=line.name,
            default_checked=line.value == "true",
            on_change=ChannelDraftState.mark_ticked,
        ),
        rx.el.span(rx.el.span(line.label), _under(line, errors), class_name="box-words"),
        class_name="row tick",
    )


def _control(line: rx.Var[SettingField], errors: Errors) -> rx.Component:
    shared: dict[str, Any] = {
        "id": "f-" + line.name,
        "name": line.name,
        "default_value": line.value,
        "on_change": _typed(),
        "custom_attrs": _attributes(line.name, errors),
    }
    plain = {"placeholder": line.placeholder, "auto_complete": "off", "spell_check": False}
    secret = rx.el.span(
        rx.el.input(
            type="password", **{**shared, **plain, "auto_complete": "new-password", "default_value": ""}, class_name="secret"
        ),
        rx.el.button(
            rx.el.span(icon("eye"), class_name="hidden-eye"),
            rx.el.span(icon("eye_off"), class_name="shown"),
            type="button",
            class_name="peek",
            aria_label="Show " + line.label,
            custom_attrs={"data-peek": "f-" + line.name, "aria-pressed": "false"},
        ),
        class_name="input",
    )
    choice = rx.el.select(
        rx.foreach(line.choices, lambda one: _option(one)),
        **shared,
        class_name="input",
    )
    return rx.match(
        line.kind,
        ("secret", secret),
        ("area", rx.el.textarea(rows="3", class_name="input", **shared, **plain)),
        ("number", rx.el.input(input_mode="numeric", class_name="input", **shared, **plain)),
        ("choice", choice),
        rx.el.input(class_name="input", **shared, **plain),
    )


def _option(one: rx.Var[Choice]) -> rx.Component:
    return rx.el.option(one.text, value=one.value)


def _line(line: rx.Var[SettingField], errors: Errors) -> rx.Component:
    drawn = rx.el.div(_label(line), _control(line, errors), _under(line, errors), class_name="field")
    return rx.el.div(rx.cond(line.kind == "box", _box(line, errors), drawn), key=line.name)


def _networks(state: Any) -> rx.Component:
    return text_area_field(
        "allowed_ips",
        "Take webhooks only from",
        state.errors,
        hint="Addresses or ranges, one a line. Empty: from anywhere; each request is checked all the same.",
        rows=3,
        default_value=state.networks,
        placeholder="203.0.113.0/24",
        spell_check=False,
        on_change=_typed(),
    )


def connection_form(state: Any, submit_label: str, *beside: rx.Component) -> rx.Component:
    """`state` has name, fields, more_fields, networks, has_webhooks, opens_more, form, errors, form_error, busy and save."""
    more = rx.el.details(
        rx.el.summary(icon("chevron_right", "s", "turn"), "More settings"),
        rx.el.div(
            rx.foreach(state.more_fields, lambda line: _line(line, state.errors)),
            rx.cond(state.has_webhooks, _networks(state)),
            class_name="form",
        ),
        open=state.opens_more,
        class_name="more-settings",
    )
    return rx.el.form(
        form_error(state),
        text_field(
            "name",
            "Name",
            state.errors,
            hint="How your team calls it, like “Front desk”",
            default_value=state.name,
            max_length=80,
            auto_complete="off",
            on_change=_typed(),
        ),
        rx.foreach(state.fields, lambda line: _line(line, state.errors)),
        rx.cond((state.more_fields.length() > 0) | state.has_webhooks, more),
        rx.el.div(
            rx.cond(
                ChannelDraftState.is_changed,
                rx.el.span(rx.el.span(class_name="dot warn"), "Not saved yet", class_name="row mut unsaved"),
            ),
            *beside,
            button(submit_label, tone="primary", type="submit", busy=state.busy == "save"),
            class_name="acts",
        ),
        key=state.form.to_string(),
        on_submit=state.save,
        on_mount=ChannelDraftState.begin(),
        no_validate=True,
        class_name="form channel-form",
        custom_attrs=unsaved(ChannelDraftState.is_changed),
    )


def _address(line: rx.Var[AddressLine]) -> rx.Component:
    """A webhook address to copy."""
    return rx.el.div(
        rx.el.span(line.title, class_name="label"),
        rx.el.div(rx.el.code(line.url, class_name="code"), copy_button(line.url, "Copy", ""), class_name="address"),
        key=line.url,
        class_name="field",
    )


def _step(step: rx.Var[StepLine]) -> rx.Component:
    return rx.el.li(
        rx.el.h3(step.title),
        rx.el.p(step.text),
        rx.foreach(step.addresses, _address),
        key=step.title,
    )


def guide(steps: rx.Var[list[StepLine]]) -> rx.Component:
    """The steps at the provider, numbered."""
    return rx.el.ol(rx.foreach(steps, _step), class_name="guide")


def progress(*steps: tuple[str, Any]) -> rx.Component:
    """How far the connection is: (words, "done", "now" or "later") for each step."""
    return rx.el.ol(
        *[
            rx.el.li(
                rx.el.span(
                    rx.cond(rx.Var.create(state) == "done", icon("check", "xs"), rx.el.span(str(number))), class_name="no"
                ),
                words,
                class_name=state,
                custom_attrs={"aria-current": rx.cond(rx.Var.create(state) == "now", "step", "false")},
            )
            for number, (words, state) in enumerate(steps, 1)
        ],
        class_name="setup-steps",
        aria_label="Steps",
    )
