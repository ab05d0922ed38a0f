"""The one form of the page: who the business is, when it is open, the assistant's words, the widget's colours."""

import reflex as rx

from omni_app.ui.components import (
    button,
    callout,
    field,
    form_error,
    icon,
    panel,
    select_field,
    text_area_field,
    text_field,
)
from omni_app.ui.components.forms import error_line
from omni_app.ui.components.leaving import unsaved
from omni_app.ui.pages.business.hours import hours_fields, special_fields
from omni_app.ui.pages.business.preview import greeting_when_empty
from omni_app.ui.pages.business.profile import QUESTIONS, zones
from omni_app.ui.pages.business.state import BusinessState, DraftState

_ERRORS = BusinessState.errors
_COLORS = [
    ("primary", "Primary", "Head, visitor's messages, buttons"),
    ("on_primary", "Text on primary", ""),
    ("accent", "Accent", "The badge that counts new messages"),
]


def _changed() -> rx.event.EventSpec:
    return DraftState.mark_changed.throttle(300)


def _about() -> rx.Component:
    return panel(
        rx.el.div(
            text_field(
                "name",
                "Name",
                _ERRORS,
                default_value=BusinessState.name,
                on_change=lambda text: DraftState.show("name", text),
                auto_complete="organization",
            ),
            text_field(
                "industry",
                "Industry",
                _ERRORS,
                placeholder="Dental clinic",
                default_value=BusinessState.industry,
                on_change=_changed(),
            ),
            class_name="two",
        ),
        rx.el.div(
            text_field(
                "timezone",
                "Time zone",
                _ERRORS,
                hint="Type a city, like Berlin. Opening hours are counted in it.",
                default_value=BusinessState.timezone,
                list="zones",
                auto_complete="off",
                spell_check=False,
                on_change=_changed(),
            ),
            select_field(
                "locale",
                "Language",
                BusinessState.locales,
                _ERRORS,
                hint="The widget's own words, and the direction it is read in",
                default_value=BusinessState.locale,
                on_change=_changed(),
            ),
            class_name="two",
        ),
        rx.el.datalist(rx.foreach(rx.Var.create(zones()), lambda name: rx.el.option(value=name)), id="zones"),
        title="About",
        padded=True,
    )


def _contact() -> rx.Component:
    return panel(
        rx.el.div(
            text_field(
                "contact.phone",
                "Phone",
                _ERRORS,
                type="tel",
                auto_complete="tel",
                default_value=BusinessState.contact["phone"],
                on_change=_changed(),
            ),
            text_field(
                "contact.email",
                "E-mail",
                _ERRORS,
                type="email",
                auto_complete="email",
                default_value=BusinessState.contact["email"],
                on_change=_changed(),
            ),
            class_name="two",
        ),
        text_area_field(
            "contact.address",
            "Address",
            _ERRORS,
            rows=2,
            default_value=BusinessState.contact["address"],
            on_change=_changed(),
        ),
        title="Contact",
        about="The assistant gives these to customers",
        padded=True,
    )


def _question(place: int) -> rx.Component:
    return rx.el.input(
        name=f"suggestions.{place}",
        class_name="input",
        aria_label=f"Suggested question {place + 1}",
        max_length=80,
        auto_complete="off",
        dir="auto",
        default_value=BusinessState.questions[place],
        on_change=lambda text: DraftState.show_question(place, text),
        custom_attrs={"aria-invalid": rx.cond(_ERRORS["suggestions"], "true", "false")},
    )


def _words() -> rx.Component:
    return panel(
        text_area_field(
            "greeting",
            "Greeting",
            _ERRORS,
            hint="The first words in an empty chat",
            rows=2,
            dir="auto",
            placeholder=greeting_when_empty(DraftState.name),
            default_value=BusinessState.greeting,
            on_change=lambda text: DraftState.show("greeting", text),
        ),
        rx.el.fieldset(
            rx.el.legend("Suggested questions", class_name="label"),
            rx.el.div(*[_question(place) for place in range(QUESTIONS)], class_name="questions"),
            rx.cond(
                _ERRORS["suggestions"],
                error_line(_ERRORS["suggestions"], "e-suggestions"),
                rx.el.span("Up to five, shown as buttons. Empty lines are left out.", class_name="hint"),
            ),
            class_name="field",
        ),
        text_area_field(
            "rules",
            "Rules for the assistant",
            _ERRORS,
            hint="What it must never talk about, and how it should speak",
            rows=5,
            dir="auto",
            placeholder="Never give medical advice.\nNever promise a price that is not on the list.",
            default_value=BusinessState.rules,
            on_change=_changed(),
        ),
        title="The assistant's words",
        padded=True,
    )


def _color(name: str, label: str, about: str) -> rx.Component:
    value = getattr(DraftState, name)
    wrong = _ERRORS[f"colors.{name}"]
    text_id = f"colors.{name}"
    control = rx.el.span(
        rx.el.input(
            type="color",
            class_name="swatch",
            aria_label=f"Pick {label.lower()}",
            default_value=value,
            key=f"picker-{name}-" + DraftState.pickers[name].to_string(),
            on_change=lambda color: DraftState.pick_color(name, color).debounce(100),
        ),
        rx.el.input(
            id=f"f-{text_id}",
            name=text_id,
            default_value=value,
            key=f"text-{name}-" + DraftState.texts[name].to_string(),
            max_length=7,
            auto_complete="off",
            spell_check=False,
            on_change=lambda text: DraftState.show_color(name, text),
            custom_attrs={
                "aria-invalid": rx.cond(wrong, "true", "false"),
                "aria-describedby": f"e-{text_id} h-{text_id}",
            },
        ),
        class_name="input mono",
    )
    return field(text_id, label, control, _ERRORS, hint=about or _verdict())


def _verdict() -> rx.Component:
    """How well the text reads on the primary colour, in figures."""
    return rx.el.span(
        rx.cond(DraftState.is_hard_to_read, icon("triangle_alert", "xs"), icon("check", "xs", "good")),
        DraftState.ratio,
        " on primary",
        class_name=rx.cond(DraftState.is_hard_to_read, "ratio bad num", "ratio num"),
    )


def _colors() -> rx.Component:
    names = {"#ffffff": "Use white text", "#000000": "Use black text"}
    warning = callout(
        "Text on primary is hard to read. It needs 4.5:1.",
        rx.el.div(
            button(rx.match(DraftState.readable, *names.items(), "Use dark text"), size="s", on_click=DraftState.use_readable),
            class_name="row",
            style={"marginTop": "8px"},
        ),
        tone="warn",
        icon_name="triangle_alert",
        role="status",
    )
    return panel(
        rx.el.div(*[_color(*color) for color in _COLORS], class_name="colors"),
        rx.cond(_ERRORS["colors"], error_line(_ERRORS["colors"], "e-colors")),
        rx.cond(DraftState.is_hard_to_read, warning),
        title="Widget colours",
        padded=True,
    )


def _save_bar() -> rx.Component:
    state = rx.cond(
        BusinessState.form_error != "",
        rx.el.span(icon("circle_alert", "s"), BusinessState.form_error, class_name="row bad"),
        rx.cond(
            DraftState.is_changed,
            rx.el.span(rx.el.span(class_name="dot warn"), "Unsaved changes", class_name="row med"),
        ),
    )
    return rx.el.div(
        state,
        rx.el.span(
            rx.cond(DraftState.is_changed, button("Discard changes", tone="ghost", on_click=DraftState.discard)),
            button("Save changes", tone="primary", type="submit", busy=BusinessState.busy == "save"),
            class_name="row end",
        ),
        class_name="save-bar",
    )


def business_form(may_change: rx.Var[bool]) -> rx.Component:
    """All of it; fields nobody can change when the person's role is not allowed to."""
    return rx.el.form(
        form_error(BusinessState),
        rx.el.fieldset(
            _about(),
            _contact(),
            panel(hours_fields(), special_fields(), title="Opening hours", padded=True, class_name="hours"),
            _words(),
            _colors(),
            disabled=~may_change,
        ),
        rx.cond(may_change, _save_bar()),
        key=BusinessState.form.to_string(),
        on_submit=BusinessState.save,
        on_mount=DraftState.begin(),
        no_validate=True,
        class_name="biz-form",
        aria_label="Business",
        custom_attrs=unsaved(DraftState.is_changed),
    )
