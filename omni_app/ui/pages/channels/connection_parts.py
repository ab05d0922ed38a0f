"""The parts of one connection's page: its light, setting it up, trying it, its templates."""

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.ui.account import ShellState
from omni_app.ui.components import (
    badge,
    button,
    callout,
    empty_state,
    form_error,
    icon,
    panel,
    table,
    text_field,
)
from omni_app.ui.pages.channels.connection import ConnectionState
from omni_app.ui.pages.channels.form import connection_form, guide, progress
from omni_app.ui.pages.channels.page import light
from omni_app.ui.pages.channels.showing import TemplateLine
from omni_app.ui.pages.channels.trying import TryOutState

LINE = ConnectionState.line
MAY_REMOVE = ShellState.permissions.contains(Permission.ADMINISTER.value)


def check_button(tone: str = "outline") -> rx.Component:
    return button("Test connection", "plug_zap", tone=tone, on_click=ConnectionState.check, busy=ConnectionState.busy == "check")


def trouble() -> rx.Component:
    """What stands in the way, in the provider's words, with the next step."""
    said = rx.cond(LINE.detail != "", rx.el.p(LINE.detail, class_name="said-by"))
    again = rx.el.div(
        button("Test again", "rotate_cw", size="s", on_click=ConnectionState.check, busy=ConnectionState.busy == "check"),
        class_name="row after",
    )
    return rx.match(
        LINE.light,
        (
            "revoked",
            callout(
                rx.el.b("The provider takes nothing from this account any more.", class_name="med"),
                said,
                rx.el.p("Answers wait meanwhile. Give it new credentials below, save, and test."),
                again,
                tone="bad",
                icon_name="unplug",
                role="status",
                class_name="above",
            ),
        ),
        (
            "failing",
            callout(
                rx.el.b("The provider does not take what is sent.", class_name="med"),
                said,
                again,
                tone="bad",
                icon_name="triangle_alert",
                role="status",
                class_name="above",
            ),
        ),
        (
            "paused",
            callout(
                rx.el.b(LINE.words, ". ", class_name="med"),
                "It failed several times in a row. Then one message tries again.",
                said,
                again,
                tone="warn",
                icon_name="pause",
                role="status",
                class_name="above",
            ),
        ),
        (
            "off",
            callout(
                rx.el.b("Switched off. ", class_name="med"),
                "Nothing goes out. What comes in is kept and answered once it is on.",
                icon_name="power_off",
                class_name="above",
            ),
        ),
        rx.fragment(),
    )


def steps() -> rx.Component:
    """Shown until the first test went well."""
    paste = progress(("Fill in the fields", "done"), ("Paste the addresses", "now"), ("Test", "now"))
    test = progress(("Fill in the fields", "done"), ("Test", "now"))
    return rx.cond(LINE.light == "untested", rx.cond(ConnectionState.has_webhooks, paste, test))


def _outcome() -> rx.Component:
    asking = rx.el.p("Asking the provider …", class_name="mut t1", role="status")
    told = rx.cond(
        ConnectionState.outcome != "",
        rx.cond(
            ConnectionState.is_outcome_good,
            callout(ConnectionState.outcome, tone="good", icon_name="circle_check", role="status"),
            callout(ConnectionState.outcome, tone="bad", icon_name="circle_x", role="alert"),
        ),
    )
    return rx.cond(ConnectionState.busy == "check", asking, told)


def _fact(label: str, *value: rx.Component | rx.Var[str]) -> rx.Component:
    return rx.fragment(rx.el.dt(label), rx.el.dd(*value))


def health_panel() -> rx.Component:
    return panel(
        rx.el.dl(
            _fact("State", light(LINE)),
            rx.cond(LINE.tested != "", _fact("Last contact", LINE.tested)),
            _fact("Kind", LINE.title),
            _fact("Account", rx.el.span(LINE.account, class_name="mono")),
            _fact("Last event", rx.cond(LINE.last_event != "", LINE.last_event, "none yet")),
            rx.cond(LINE.is_sandbox, _fact("Provider", badge("Sandbox", "info"))),
            class_name="facts",
        ),
        rx.el.div(
            rx.cond(LINE.light == "untested", check_button("primary"), check_button()),
            rx.cond(
                LINE.is_on,
                button(
                    "Switch off",
                    "power_off",
                    on_click=ConnectionState.switch(False),
                    busy=ConnectionState.busy == "switch",
                ),
                button(
                    "Switch on",
                    "power",
                    on_click=ConnectionState.switch(True),
                    busy=ConnectionState.busy == "switch",
                ),
            ),
            class_name="row wrap",
        ),
        _outcome(),
        title="Health",
        padded=True,
        class_name="health",
    )


def try_panel() -> rx.Component:
    """Send one message to oneself."""
    form = rx.el.form(
        form_error(TryOutState),
        text_field(
            "to",
            ConnectionState.to_label,
            TryOutState.errors,
            hint=ConnectionState.to_hint,
            placeholder=ConnectionState.to_example,
            max_length=254,
            auto_complete="off",
        ),
        rx.cond(
            TryOutState.sent != "",
            rx.cond(
                TryOutState.told == "",
                callout(TryOutState.sent, " Look whether it arrives.", tone="good", icon_name="circle_check", role="status"),
                rx.cond(
                    TryOutState.is_lost,
                    callout(TryOutState.told, tone="bad", icon_name="circle_x", role="alert"),
                    callout(TryOutState.sent, " ", TryOutState.told, tone="good", icon_name="circle_check", role="status"),
                ),
            ),
        ),
        rx.cond(
            TryOutState.refused != "",
            callout(TryOutState.refused, tone="bad", icon_name="circle_x", role="alert"),
        ),
        rx.el.div(
            button("Send test", "send", type="submit", busy=TryOutState.busy == "send", disabled=~LINE.is_on),
            class_name="acts",
        ),
        on_submit=TryOutState.send,
        on_mount=TryOutState.begin,
        no_validate=True,
        class_name="form",
        key="try-" + LINE.id,
    )
    return panel(form, title="Send a test message")


def settings_tab() -> rx.Component:
    pasting = panel(
        guide(ConnectionState.pasting),
        rx.el.p(
            "Whoever knows an address can knock there. Keep it between you and the provider.",
            class_name="mut t1",
        ),
        title="Webhook addresses",
        about="paste them at the provider",
        padded=True,
        class_name="addresses",
    )
    how = rx.el.details(
        rx.el.summary(icon("chevron_right", "s", "turn"), "The whole guide"),
        guide(ConnectionState.steps),
        class_name="more-settings panel guide-panel",
    )
    return rx.el.div(
        rx.el.div(
            rx.cond(ConnectionState.has_webhooks, pasting),
            how,
            panel(connection_form(ConnectionState, "Save settings"), title="Settings"),
            class_name="c7 stack gaps",
        ),
        rx.el.div(
            health_panel(),
            try_panel(),
            rx.cond(
                MAY_REMOVE,
                panel(
                    rx.el.p("Conversations stay. Nobody can answer over it any more.", class_name="mut"),
                    rx.el.div(
                        button("Remove connection", "trash_2", on_click=ConnectionState.ask_remove), class_name="row after"
                    ),
                    title="Remove",
                    padded=True,
                ),
            ),
            class_name="c5 stack gaps",
        ),
        class_name="cols",
    )


def _template(line: rx.Var[TemplateLine]) -> rx.Component:
    state = rx.match(
        line.status, ("good", badge(line.words, "good")), ("bad", badge(line.words, "bad")), badge(line.words, "warn")
    )
    return rx.el.tr(
        rx.el.td(
            rx.el.span(
                rx.el.span(line.name, class_name="med"),
                rx.el.span(line.text, class_name="mut t1 tpl-text", dir="auto"),
                rx.cond(
                    line.buttons.length() > 0,
                    rx.el.span(rx.foreach(line.buttons, lambda text: badge(text, "line")), class_name="row wrap"),
                ),
                rx.cond(line.reason != "", rx.el.span(line.reason, class_name="t1 warn wraps")),
                class_name="two-lines",
            ),
            class_name="lead",
        ),
        rx.el.td(line.language),
        rx.el.td(state),
        rx.el.td(line.category),
        key=line.key,
    )


def templates_tab() -> rx.Component:
    return panel(
        rx.cond(
            ConnectionState.templates.length() > 0,
            table(["Template", "Language", "Status", "Category"], ConnectionState.templates, _template, "Templates"),
            empty_state(
                "No templates yet",
                "Write them at the provider. A test of the connection reads them.",
                "layout_template",
                check_button("primary"),
            ),
        ),
        title="Templates",
        about="as the provider keeps them",
        end=button("Read again", "rotate_cw", size="s", on_click=ConnectionState.check, busy=ConnectionState.busy == "check"),
        class_name="channel-templates",
    )
