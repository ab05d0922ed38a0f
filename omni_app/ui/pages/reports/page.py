"""The reports page."""

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.ui.account import ShellState
from omni_app.ui.components import (
    badge,
    bone,
    button,
    empty_state,
    form_actions,
    form_error,
    icon_button,
    loaded,
    mail_frame,
    page_header,
    pager,
    panel,
    segmented,
    select_field,
    table,
    text_area_field,
)
from omni_app.ui.components.leaving import WATCHED
from omni_app.ui.navigation import NavEntry
from omni_app.ui.pages.reports.state import FIELDS, HOURS, ReportsState, SendLine
from omni_app.ui.shell import page


def _may_change() -> rx.Var[bool]:
    return ShellState.permissions.contains(Permission.CONFIGURE.value)


def _preview() -> rx.Component:
    drawing = rx.el.div(
        bone("40%", "14px"),
        bone("60%", "26px"),
        bone("100%", "180px"),
        bone("100%", "120px"),
        aria_busy="true",
        aria_label="Drawing the report",
        style={"display": "grid", "gap": "16px", "padding": "var(--space-5)"},
    )
    mail = rx.cond(
        ReportsState.is_plain,
        rx.el.pre(
            ReportsState.text,
            dir="auto",
            custom_attrs={"tabindex": "0", "aria-label": "The report as plain text"},
            style={
                "margin": "0",
                "padding": "var(--space-4)",
                "overflow": "auto",
                "maxHeight": "70dvh",
                "fontSize": "12px",
                "lineHeight": "18px",
            },
        ),
        mail_frame(ReportsState.html, "The report as it looks in a mail program", ReportsState.preview_for),
    )
    return panel(
        rx.el.div(
            segmented(list(FIELDS.items()), ReportsState.kind, ReportsState.show, "Kind of report"),
            segmented(
                [("page", "Mail"), ("text", "Plain text")],
                rx.cond(ReportsState.is_plain, "text", "page"),
                ReportsState.set_look,
                "How to show it",
            ),
            class_name="row between",
            style={"padding": "0 var(--space-4) var(--space-3)", "flexWrap": "wrap", "gap": "8px"},
        ),
        rx.cond(
            ReportsState.preview_for != "",
            rx.el.div(
                rx.el.p(
                    rx.el.span("Subject: ", class_name="mut"),
                    ReportsState.subject,
                    dir="auto",
                    style={"padding": "10px var(--space-4)", "overflowWrap": "anywhere"},
                ),
                rx.el.div(mail, style={"borderTop": "1px solid var(--line-soft)"}),
                style={"borderTop": "1px solid var(--line-soft)"},
            ),
            rx.cond(ReportsState.busy == "preview", drawing, _not_drawn()),
        ),
        title="Preview",
        about="the newest whole period",
        footer=rx.cond(
            _may_change(),
            rx.el.div(
                rx.el.span("All: ", ReportsState.gets, class_name="mut", style={"overflowWrap": "anywhere", "flex": "1 1 220px"}),
                button("Send to me", "mail", busy=ReportsState.busy == "send-me", on_click=ReportsState.send("me")),
                button("Send to all", "send", busy=ReportsState.busy == "send-all", on_click=ReportsState.send("all")),
                class_name="row",
                style={"flexWrap": "wrap", "gap": "8px"},
            ),
            rx.el.span("Goes to ", ReportsState.gets),
        ),
        class_name="c8",
    )


def _not_drawn() -> rx.Component:
    return empty_state(
        "No preview",
        "The report could not be drawn. Nothing is lost.",
        "image_off",
        button("Try again", "rotate_cw", on_click=ReportsState.show(ReportsState.kind)),
    )


def _box(name: str, label: str, checked: rx.Var[bool], hint: str = "") -> rx.Component:
    words = [rx.el.span(label), rx.el.span(hint, class_name="hint")] if hint else [rx.el.span(label)]
    return rx.el.label(
        rx.el.input(
            type="checkbox",
            class_name="cb",
            name=name,
            default_checked=checked,
            key=f"{name}-{ReportsState.stamp}",
            style={"marginTop": "2px", "flex": "none"},
        ),
        rx.el.span(*words, style={"display": "grid", "gap": "1px"}),
        class_name="row",
        style={"gap": "9px", "alignItems": "flex-start"},
    )


def _settings() -> rx.Component:
    hints = {
        "daily": "About the day before",
        "weekly": "Mondays, about the week before",
        "monthly": "On the 1st, about the month before",
    }
    form = rx.el.form(
        form_error(ReportsState),
        rx.el.fieldset(
            rx.el.legend("Reports by e-mail", class_name="label", style={"marginBottom": "8px"}),
            *[_box(kind, label, ReportsState.kinds.contains(kind), hints[kind]) for kind, label in FIELDS.items()],
            style={"display": "grid", "gap": "8px"},
        ),
        select_field(
            "hour",
            "At",
            HOURS,
            ReportsState.errors,
            hint=rx.el.span("By the clock of ", ReportsState.place),
            default_value=ReportsState.hour,
            key=f"hour-{ReportsState.stamp}",
        ),
        text_area_field(
            "recipients",
            "Recipients",
            ReportsState.errors,
            hint="One address a line. Empty: the owners",
            rows=3,
            default_value=ReportsState.recipients,
            key=f"to-{ReportsState.stamp}",
            spell_check=False,
            auto_complete="off",
        ),
        _box("skip_empty", "Skip when nothing happened", ReportsState.skip_empty, "Nothing asked and nothing spent"),
        form_actions(button("Save settings", tone="primary", type="submit", busy=ReportsState.busy == "save")),
        on_submit=ReportsState.save,
        no_validate=True,
        class_name="form",
        custom_attrs=WATCHED,
    )
    return panel(form, title="Settings", class_name="c4")


def _status(line: rx.Var[SendLine]) -> rx.Component:
    return rx.match(
        line.status,
        ("sent", badge("Sent", "good", "check")),
        ("failed", badge("Not to all", "bad", "circle_x")),
        ("waiting", badge("On its way", "info", "clock")),
        ("skipped", badge("Skipped")),
        badge("Nobody to write to", "warn", "triangle_alert"),
    )


def _row(line: rx.Var[SendLine]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.div(
                rx.el.span(line.name, class_name="med trunc"),
                rx.el.span(line.period, class_name="mut t1 trunc"),
                class_name="two-lines",
            ),
            class_name="lead",
        ),
        rx.el.td(
            rx.el.div(
                rx.el.span(line.at),
                rx.cond(line.by != "", rx.el.span("asked for by ", line.by, class_name="mut t1")),
                class_name="two-lines",
            )
        ),
        rx.el.td(_status(line)),
        rx.el.td(
            rx.cond(
                line.people.length() > 0,
                rx.el.div(
                    rx.foreach(line.people, lambda one: rx.el.div(one)),
                    style={"whiteSpace": "normal", "overflowWrap": "anywhere", "padding": "8px 0"},
                ),
                rx.cond(
                    line.status == "skipped",
                    rx.el.span("Nothing happened, or reports were off", class_name="mut"),
                    rx.el.span("–", class_name="mut"),
                ),
            ),
            class_name="wide",
        ),
    )


def _history() -> rx.Component:
    rows = table(["Report", "When", "Status", "To"], ReportsState.sends, _row, "Reports that went out")
    return panel(
        rx.cond(
            ReportsState.sends.length() > 0,
            rx.fragment(rows, pager(ReportsState.number, ReportsState.pages, ReportsState.turn, "Pages of reports")),
            empty_state("No report yet", "The first one goes out when its hour has come.", "mail"),
        ),
        title="Sent",
        end=icon_button("rotate_cw", "Read again", "s", on_click=ReportsState.refresh),
        class_name="c12",
    )


@page(
    "/reports",
    title="Reports",
    on_load=[ReportsState.load, ReportsState.show_first],
    nav=NavEntry(group="Understand", label="Reports", icon="file_text", order=40),
)
def reports() -> rx.Component:
    content = rx.el.div(_preview(), rx.cond(_may_change(), _settings()), _history(), class_name="cols")
    return rx.el.div(
        page_header("Reports", "What answers cost and brought, by e-mail"),
        loaded(ReportsState, content, "Reports could not be loaded", ReportsState.load),
        class_name="page",
    )
