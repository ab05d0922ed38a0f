"""Over which channel, account and address a conversation runs, and why its messages wait when they do."""

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.ui.account import ShellState
from omni_app.ui.components import badge, button_link, channel_icon, channel_name, icon
from omni_app.ui.pages.inbox.lines import Row
from omni_app.ui.pages.inbox.profile_shapes import Point
from omni_app.ui.pages.inbox.profile_state import ProfileState
from omni_app.ui.pages.inbox.thread_state import ThreadState

HEAD = ThreadState.head
MAY_CONFIGURE = ShellState.permissions.contains(Permission.CONFIGURE.value)


def sandbox_mark() -> rx.Component:
    """On everything that goes to the built-in simulator and reaches nobody."""
    return rx.el.span("Sandbox", class_name="badge line sbx", title="Goes to the simulator, reaches nobody")


def via_row(row: rx.Var[Row]) -> rx.Component:
    """The channel of a conversation in the list, by the name of its account when it has one."""
    return rx.el.span(
        rx.cond(row.connection != "", row.connection, channel_name(row.channel)),
        rx.cond(row.is_sandbox, rx.fragment(" · ", rx.el.span("Sandbox", class_name="med"))),
        class_name="trunc via",
        title=channel_name(row.channel),
    )


def _address(point: rx.Var[Point]) -> rx.Component:
    return rx.cond(point.id == HEAD.contact_point_id, rx.el.span(" · ", rx.el.bdi(point.value), class_name="num"))


def via_line() -> rx.Component:
    """Under the customer's name: "WhatsApp · +1 902 555 0148 · Front desk", for mail its subject before that."""
    return rx.el.div(
        channel_icon(HEAD.channel, "xs"),
        rx.cond(HEAD.is_sandbox, sandbox_mark()),
        rx.el.span(
            rx.cond(HEAD.subject != "", rx.fragment(rx.el.span(rx.el.bdi(HEAD.subject), class_name="subj"), " · ")),
            channel_name(HEAD.channel),
            rx.cond(HEAD.contact_point_id != "", rx.foreach(ProfileState.profile.points, _address)),
            rx.cond(HEAD.connection != "", rx.fragment(" · ", rx.el.bdi(HEAD.connection))),
            class_name="trunc",
        ),
        class_name="via",
    )


def trouble_strip() -> rx.Component:
    """The account is off or was disconnected: what is written now waits. Whoever may set channels up gets the way there."""
    return rx.cond(
        (HEAD.trouble != "") & (HEAD.status != "closed"),
        rx.el.div(
            icon("unplug"),
            rx.el.div(
                rx.el.b(HEAD.trouble, class_name="med"),
                rx.cond(HEAD.trouble_detail != "", rx.el.div(rx.el.bdi(HEAD.trouble_detail), class_name="mut t1")),
                class_name="grow",
            ),
            rx.cond(MAY_CONFIGURE, button_link("Open channels", "/channels", size="s"), badge("Tell an owner", "line")),
            class_name="callout warn waits-for",
            role="status",
        ),
    )
