"""The right pane: the customer. Below 1240 px it is a drawer that `inbox.js` opens and closes."""

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.ui.account import ShellState
from omni_app.ui.components import (
    avatar,
    badge,
    button,
    callout,
    channel_icon,
    dialog,
    form_actions,
    form_error,
    icon,
    text_area_field,
)
from omni_app.ui.pages.inbox.presence_state import PresenceState
from omni_app.ui.pages.inbox.profile_shapes import Past, Point
from omni_app.ui.pages.inbox.profile_state import ProfileState
from omni_app.ui.pages.inbox.queue import label_tag
from omni_app.ui.pages.inbox.thread_state import ThreadState

SHOWN = ProfileState.profile
HEAD = ThreadState.head


def _point(point: rx.Var[Point]) -> rx.Component:
    """A way to reach them; one that was only typed into the chat says so."""
    claimed = rx.el.li(
        channel_icon(point.channel),
        rx.el.span("claims ", rx.el.bdi(point.value), " – not proven", class_name="grow claims", title=point.value),
        class_name="claimed",
    )
    return rx.cond(point.is_proven, _proven(point), claimed)


def _claims() -> rx.Component:
    """What a claim means, once under the list."""
    return rx.cond(
        SHOWN.claim != "",
        rx.el.p(
            "Typed by the visitor. It joins no known customer until a code sent there, or your own website, proves it.",
            class_name="mut t1",
        ),
    )


def _proven(point: rx.Var[Point]) -> rx.Component:
    return rx.el.li(
        channel_icon(point.channel),
        rx.el.bdi(point.value, class_name="grow trunc num", title=point.value),
        rx.el.span(icon("badge_check", "s"), class_name="good", role="img", aria_label="Proven", title="Proven"),
    )


def _figure(value: rx.Var[str], label: str) -> rx.Component:
    return rx.el.div(rx.el.b(value), rx.el.span(label))


def _who() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            avatar(SHOWN.letters, SHOWN.tone, "l"),
            rx.el.div(
                rx.el.div(rx.el.bdi(SHOWN.name), class_name="str big-name trunc"),
                rx.el.div(
                    rx.cond(PresenceState.is_here, rx.el.span("Here now", class_name="good"), "Customer since " + SHOWN.since),
                    class_name="mut t1",
                ),
                class_name="grow",
            ),
            class_name="row who",
        ),
        rx.cond(
            SHOWN.tags.length() > 0,
            rx.el.div(rx.foreach(SHOWN.tags, lambda tag: badge(tag)), class_name="row wrap tags"),
        ),
        rx.cond(
            SHOWN.is_blocked,
            callout(rx.el.b("Blocked. ", class_name="med"), rx.el.bdi(SHOWN.block_reason), tone="bad gap", icon_name="ban"),
        ),
        rx.cond(
            SHOWN.held != "",
            callout(rx.el.a(SHOWN.held, href="/limits", class_name="link"), " for abuse", tone="warn gap", icon_name="timer"),
        ),
    )


def _block_button() -> rx.Component:
    return rx.cond(
        ShellState.permissions.contains(Permission.REPLY.value),
        rx.el.section(
            rx.cond(
                SHOWN.is_blocked,
                button(
                    "Unblock customer",
                    "shield_check",
                    size="s",
                    busy=ProfileState.busy == "unblock",
                    on_click=ProfileState.unblock,
                ),
                button("Block customer", "ban", tone="ghost", size="s", on_click=ProfileState.set_block_open(True)),
            )
        ),
    )


def _detail(label: str, value: rx.Var[str]) -> rx.Component:
    return rx.fragment(rx.el.dt(label), rx.el.dd(value))


def _past(past: rx.Var[Past]) -> rx.Component:
    """Another conversation: its summary, or the last thing said."""
    return rx.el.li(
        channel_icon(past.channel, "s"),
        rx.el.a(
            rx.el.span(rx.cond(past.summary != "", past.summary, past.title), class_name="past", dir="auto"),
            href="/inbox?conversation=" + past.id,
        ),
        rx.el.time(past.when),
        key=past.id,
    )


def _conversation() -> rx.Component:
    """Labels and the page of the open conversation."""
    return rx.cond(
        (HEAD.labels.length() > 0) | (HEAD.page_title != ""),
        rx.el.section(
            rx.el.h3("This conversation"),
            rx.cond(HEAD.labels.length() > 0, rx.el.div(rx.foreach(HEAD.labels, label_tag), class_name="row wrap tags-of")),
            rx.cond(
                HEAD.page_title != "",
                rx.el.div(
                    icon("globe", "xs"),
                    rx.cond(
                        HEAD.page_url != "",
                        rx.el.a(
                            HEAD.page_title,
                            href=HEAD.page_url,
                            target="_blank",
                            rel="noopener noreferrer",
                            class_name="link trunc",
                        ),
                        rx.el.bdi(HEAD.page_title, class_name="trunc"),
                    ),
                    class_name="row mut t1",
                    title=HEAD.page_url,
                ),
            ),
        ),
    )


def _content() -> rx.Component:
    return rx.el.div(
        _who(),
        rx.el.section(
            rx.el.div(
                _figure(SHOWN.conversations, "conversations"),
                _figure(SHOWN.messages, "messages"),
                _figure(SHOWN.cost, "cost to serve"),
                class_name="met",
            )
        ),
        rx.el.section(rx.el.h3("Reached on"), rx.el.ul(rx.foreach(SHOWN.points, _point), class_name="ids"), _claims()),
        _conversation(),
        rx.cond(
            SHOWN.past.length() > 0,
            rx.el.section(rx.el.h3("Earlier conversations"), rx.el.ol(rx.foreach(SHOWN.past, _past), class_name="tl")),
        ),
        rx.el.section(
            rx.el.h3("Details"),
            rx.el.dl(
                _detail("First seen", SHOWN.since),
                _detail("Last seen", SHOWN.seen),
                rx.cond(SHOWN.language != "", _detail("Language", SHOWN.language)),
                class_name="kv",
            ),
        ),
        _block_button(),
        class_name="prof",
    )


def _nobody() -> rx.Component:
    return rx.el.div(rx.el.section(rx.el.p("Open a conversation to see who writes.", class_name="mut")), class_name="prof")


def block_dialog() -> rx.Component:
    """Names the customer and the effect, and asks why."""
    return dialog(
        ProfileState.block_open,
        "Block " + SHOWN.name + "?",
        rx.el.form(
            form_error(ProfileState),
            text_area_field("reason", "Reason", ProfileState.errors, hint="Your team sees it, the customer does not", rows=2),
            form_actions(
                button("Keep customer", on_click=ProfileState.set_block_open(False)),
                button("Block customer", tone="danger", type="submit", busy=ProfileState.busy == "block"),
            ),
            on_submit=ProfileState.block,
            no_validate=True,
            class_name="form",
        ),
        on_close=ProfileState.set_block_open,
        about="Their messages are refused on every channel until you unblock them.",
    )


def profile_pane() -> rx.Component:
    return rx.fragment(
        rx.el.div(class_name="shade", custom_attrs={"data-drawer": "close"}),
        rx.el.aside(
            rx.el.div(
                rx.el.h2("Customer"),
                rx.cond(
                    SHOWN.id != "",
                    rx.el.a(
                        icon("arrow_up_right"),
                        href="/customers/" + SHOWN.id,
                        class_name="ib s end",
                        aria_label="Open the full profile",
                        title="Open the full profile",
                    ),
                ),
                rx.el.button(
                    icon("x"),
                    type="button",
                    class_name="ib s open-prof",
                    aria_label="Close the customer panel",
                    custom_attrs={"data-drawer": "close"},
                ),
                class_name="ph",
            ),
            rx.cond(SHOWN.id != "", _content(), _nobody()),
            class_name="pane profile",
            aria_label="Customer",
        ),
    )
