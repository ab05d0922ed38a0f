"""The dialog in which staff begin a conversation: channel, customer, and a mail, a text or a template."""

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.ui.account import ShellState
from omni_app.ui.components import (
    avatar,
    button,
    button_link,
    dialog,
    form_actions,
    form_error,
    icon,
    icon_button,
    text_area_field,
    text_field,
)
from omni_app.ui.components.forms import error_line
from omni_app.ui.pages.inbox.starting_state import Known, StartingState
from omni_app.ui.pages.inbox.template_picker import gap_field, template_shown

WAY, ERRORS, TEMPLATE = StartingState.way, StartingState.errors, StartingState.template


def new_message_button() -> rx.Component:
    return rx.cond(
        ShellState.permissions.contains(Permission.REPLY.value),
        icon_button("square_pen", "New message", "s", on_click=StartingState.set_open(True), custom_attrs={"data-new": ""}),
    )


def _ways() -> rx.Component:
    return rx.el.div(
        rx.el.label("By", html_for="f-way", class_name="label"),
        rx.el.select(
            rx.foreach(StartingState.ways, lambda way: rx.el.option(way.label, value=way.id)),
            id="f-way",
            name="way",
            class_name="input",
            value=WAY.id,
            on_change=StartingState.pick_way,
        ),
        class_name="field",
    )


def _known(known: rx.Var[Known]) -> rx.Component:
    return rx.el.li(
        rx.el.button(
            avatar(known.letters, known.tone, "s"),
            rx.el.span(rx.el.bdi(known.name), class_name="grow trunc"),
            rx.el.span(known.about, class_name="mut trunc"),
            type="button",
            class_name="pick",
            on_click=StartingState.pick_customer(known.id),
        ),
        key=known.id,
    )


def _to() -> rx.Component:
    chosen = rx.el.span(
        avatar(StartingState.to.letters, StartingState.to.tone, "s"),
        rx.el.bdi(StartingState.to.name, class_name="grow trunc"),
        rx.el.button(
            icon("x", "xs"),
            type="button",
            class_name="drop",
            aria_label="Choose somebody else",
            on_click=StartingState.pick_customer(""),
        ),
        class_name="input",
    )
    finder = rx.fragment(
        rx.el.input(
            id="f-address",
            name="address",
            class_name="input",
            placeholder=rx.cond(
                WAY.needs_template, "Name of a customer, or a number like +1 902 555 0100", "Name of a customer, or an address"
            ),
            default_value=StartingState.typed,
            on_change=StartingState.search.debounce(200),
            max_length=120,
            auto_complete="off",
            custom_attrs={"aria-invalid": rx.cond(ERRORS["address"], "true", "false"), "aria-describedby": "e-address"},
        ),
        rx.cond(
            StartingState.found.length() > 0,
            rx.el.ul(rx.foreach(StartingState.found, _known), class_name="found", aria_label="Customers found"),
        ),
    )
    return rx.el.div(
        rx.el.label("To", html_for="f-address", class_name="label"),
        rx.cond(StartingState.to.id != "", chosen, finder),
        rx.cond(ERRORS["address"], error_line(ERRORS["address"], "e-address")),
        rx.cond(ERRORS["customer"], error_line(ERRORS["customer"], "e-customer")),
        class_name="field",
    )


def _template() -> rx.Component:
    nothing = rx.el.p("No approved template yet. Testing the channel reads them from the provider.", class_name="mut t1")
    choice = rx.el.select(
        rx.el.option("Choose a template", value=""),
        rx.foreach(StartingState.templates, lambda item: rx.el.option(item.title + " (" + item.language + ")", value=item.key)),
        id="f-template",
        name="template",
        class_name="input",
        value=TEMPLATE.key,
        on_change=StartingState.pick_template,
        custom_attrs={"aria-invalid": rx.cond(ERRORS["template"], "true", "false"), "aria-describedby": "e-template"},
    )
    return rx.fragment(
        rx.el.div(
            rx.el.label("Template", html_for="f-template", class_name="label"),
            rx.cond(StartingState.templates.length() > 0, choice, nothing),
            rx.cond(ERRORS["template"], error_line(ERRORS["template"], "e-template")),
            class_name="field",
        ),
        rx.cond(
            TEMPLATE.key != "",
            rx.fragment(template_shown(TEMPLATE), rx.foreach(TEMPLATE.gaps, lambda gap: gap_field(gap, ERRORS, TEMPLATE.key))),
        ),
    )


def _words() -> rx.Component:
    mail = rx.fragment(
        text_field("subject", "Subject", ERRORS, max_length=200, auto_complete="off"),
        text_field("cc", "Cc", ERRORS, hint="Addresses with commas between them. Leave it empty for none", auto_complete="off"),
    )
    return rx.fragment(rx.cond(WAY.has_subject, mail), text_area_field("text", "Message", ERRORS, rows=6))


def new_message_dialog() -> rx.Component:
    nothing = rx.fragment(
        rx.el.p("No channel that may write first is connected: connect e-mail or WhatsApp."),
        form_actions(button("Close", on_click=StartingState.set_open(False)), button_link("Open channels", "/channels")),
    )
    form = rx.el.form(
        form_error(StartingState),
        _ways(),
        _to(),
        # There from the beginning: a field that appears while somebody types moves what they are about to press.
        rx.cond(
            StartingState.to.id == "",
            text_field("name", "Name", ERRORS, hint="For somebody new, until they say it themselves", max_length=120),
        ),
        rx.cond(WAY.needs_template, _template(), _words()),
        form_actions(
            button("Write nothing", on_click=StartingState.set_open(False)),
            button("Send message", "send", tone="primary", type="submit", busy=StartingState.busy == "start"),
        ),
        on_submit=StartingState.start,
        no_validate=True,
        class_name="form",
    )
    return dialog(
        StartingState.open,
        "New message",
        rx.cond(StartingState.ways.length() > 0, form, nothing),
        on_close=StartingState.set_open,
        stays=True,
    )
