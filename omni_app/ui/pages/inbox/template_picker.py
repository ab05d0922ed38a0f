"""The composer while only a template may go out: the list, the variables, and what the customer will read."""

import reflex as rx

from omni_app.ui.components import badge, button, icon, loaded
from omni_app.ui.pages.inbox.template_shapes import HEADER_FILE, Gap, Template
from omni_app.ui.pages.inbox.template_state import TemplateState
from omni_app.ui.pages.inbox.thread_state import ThreadState

PICKED = TemplateState.picked


def _item(template: rx.Var[Template]) -> rx.Component:
    return rx.el.li(
        rx.el.button(
            rx.el.span(
                rx.el.span(template.title, class_name="grow trunc med"),
                rx.cond(template.why_not != "", badge(template.status, "warn")),
                class_name="row",
            ),
            rx.el.span(template.about, class_name="mut trunc"),
            type="button",
            class_name="tpl-item",
            custom_attrs={"aria-pressed": rx.cond(template.key == TemplateState.chosen, "true", "false")},
            on_click=TemplateState.pick(template.key),
        ),
        key=template.key,
    )


def _list() -> rx.Component:
    nothing = rx.el.p(
        rx.cond(
            TemplateState.templates.length() > 0,
            "No template matches.",
            "No templates yet. Write them at the provider; testing the channel reads them.",
        ),
        class_name="tpl-none",
    )
    return rx.el.div(
        rx.el.div(
            icon("search", "s"),
            rx.el.input(
                type="search",
                placeholder="Find a template",
                aria_label="Find a template",
                on_change=TemplateState.search.debounce(150),
                max_length=60,
            ),
            class_name="input",
        ),
        loaded(
            TemplateState,
            rx.cond(
                TemplateState.shown.length() > 0,
                rx.el.ul(rx.foreach(TemplateState.shown, _item), aria_label="Templates"),
                nothing,
            ),
            "The templates could not be read",
            TemplateState.load,
        ),
        class_name="tpl-list",
    )


def gap_field(gap: rx.Var[Gap], errors: rx.Var[dict[str, str]], key: rx.Var[str]) -> rx.Component:
    """The input of one variable; `key` is the template's, so that another one starts empty."""
    error = errors[gap.field]
    return rx.el.div(
        rx.el.label(gap.label, html_for=gap.field, class_name="label"),
        rx.el.input(
            id=gap.field,
            name=gap.field,
            class_name="input",
            max_length=gap.longest,
            auto_complete="off",
            placeholder=rx.cond(gap.is_media, "https://…", ""),
            custom_attrs={"dir": "auto", "aria-invalid": rx.cond(error, "true", "false"), "aria-describedby": "e-" + gap.field},
        ),
        rx.cond(error, rx.el.span(icon("circle_alert", "xs"), rx.el.span(error), class_name="errline", id="e-" + gap.field)),
        class_name="field",
        key=key + gap.field,
    )


def _stored_files() -> rx.Component:
    """Instead of a link: a file that stands in the conversation already."""
    choice = rx.el.select(
        rx.el.option("None: the link above", value=""),
        rx.foreach(TemplateState.files, lambda file: rx.el.option(file.label, value=file.id)),
        id="f-header-file",
        name=HEADER_FILE,
        class_name="input",
    )
    return rx.cond(
        TemplateState.files.length() > 0,
        rx.el.div(
            rx.el.label("Or a file of this conversation", html_for="f-header-file", class_name="label"),
            choice,
            class_name="field",
            key=TemplateState.chosen + "-file",
        ),
    )


def _part(part: str, text: rx.Var[str], class_name: str = "") -> rx.Component:
    """`inbox-channels.js` fills the variables in as they are typed."""
    return rx.el.span(class_name=class_name, dir="auto", custom_attrs={"data-part": part, "data-text": text})


def template_shown(template: rx.Var[Template]) -> rx.Component:
    """What the customer is going to read; inside the form with the variables."""
    return rx.fragment(
        rx.el.div(
            rx.match(
                template.header_kind,
                ("image", rx.el.span(icon("image", "s"), "Picture", class_name="h")),
                ("video", rx.el.span(icon("video", "s"), "Film", class_name="h")),
                ("document", rx.el.span(icon("file_text", "s"), "Document", class_name="h")),
                rx.fragment(),
            ),
            rx.cond(template.header != "", _part("header", template.header, "h")),
            _part("body", template.body),
            rx.cond(template.footer != "", rx.el.span(template.footer, class_name="f")),
            class_name="tpl-shown",
            role="group",
            aria_label="What the customer reads",
            custom_attrs={"data-template": template.key},
            key=template.key,
        ),
        rx.cond(
            template.buttons.length() > 0, rx.el.div(rx.foreach(template.buttons, lambda text: badge(text)), class_name="btns")
        ),
    )


def _chosen() -> rx.Component:
    problem = rx.cond(
        TemplateState.form_error != "",
        rx.el.p(icon("circle_alert", "xs"), TemplateState.form_error, class_name="errline", role="alert", tab_index=-1),
    )
    refused = rx.el.p(
        icon("circle_alert", "s"), rx.el.span("This template cannot be sent. ", PICKED.why_not), class_name="errline"
    )
    send = button("Send template", "send", tone="primary", type="submit", busy=TemplateState.busy == "send")
    return rx.el.form(
        template_shown(PICKED),
        rx.cond(
            PICKED.why_not != "",
            refused,
            rx.fragment(
                rx.foreach(
                    PICKED.gaps,
                    lambda gap: rx.fragment(
                        gap_field(gap, TemplateState.errors, TemplateState.chosen), rx.cond(gap.is_media, _stored_files())
                    ),
                ),
                problem,
                rx.el.div(send, class_name="row"),
            ),
        ),
        on_submit=TemplateState.send,
        no_validate=True,
        class_name="tpl-form",
        aria_label="Send a template",
    )


def template_picker() -> rx.Component:
    return rx.el.div(
        _list(),
        rx.cond(
            TemplateState.chosen != "",
            _chosen(),
            rx.el.p("Choose a template on the left to fill it in.", class_name="tpl-none"),
        ),
        class_name="tpl",
        on_mount=TemplateState.load,
        key=ThreadState.conversation_id,
    )
