"""The middle pane: who talks, what was said, and what can be done."""

from typing import Any

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.ui.account import ShellState
from omni_app.ui.components import badge, bone, button, channel_icon, channel_name, empty_state, icon, icon_button, loaded
from omni_app.ui.pages.inbox.composer import composer
from omni_app.ui.pages.inbox.lines import Line
from omni_app.ui.pages.inbox.profile_state import ProfileState
from omni_app.ui.pages.inbox.queue import status_badge
from omni_app.ui.pages.inbox.receipt import receipt_line
from omni_app.ui.pages.inbox.thread_state import ThreadState

HEAD = ThreadState.head
MAY_REPLY = ShellState.permissions.contains(Permission.REPLY.value)


def _state_button(label: str, icon_name: str, busy: str, on_click: Any, key: str = "", class_name: str = "") -> rx.Component:
    attributes = {"data-hotkey": key} if key else {}
    return button(
        label,
        icon_name,
        size="s",
        busy=ThreadState.busy == busy,
        on_click=on_click,
        custom_attrs=attributes,
        class_name=class_name,
    )


def _actions() -> rx.Component:
    """Only what applies, and only for roles that may."""
    take = _state_button("Take over", "user_check", "take", ThreadState.take, "t", "main-act")
    give_back = _state_button("Hand back to AI", "sparkles", "give_back", ThreadState.give_back, "h", "hide-s")
    close = _state_button("Close", "check", "close", ThreadState.close, "e", "close-act")
    reopen = _state_button("Reopen", "rotate_ccw", "reopen", ThreadState.reopen, class_name="main-act")
    is_human = HEAD.holder != "ai"
    open_ones = rx.fragment(rx.cond(HEAD.holder != "me", take), rx.cond(is_human, give_back), close)
    return rx.cond(MAY_REPLY, rx.cond(HEAD.status == "closed", reopen, open_ones))


def _menu_item(label: str, icon_name: str, on_select: Any, class_name: str = "") -> rx.Component:
    return rx.dropdown_menu.item(icon(icon_name, "s"), label, on_select=on_select, class_name=class_name)


def _menu() -> rx.Component:
    """What does not stand in the head; on small screens also what has no room there."""
    is_open, is_human = HEAD.status != "closed", HEAD.holder != "ai"
    return rx.cond(
        MAY_REPLY,
        rx.dropdown_menu.root(
            rx.dropdown_menu.trigger(icon_button("ellipsis", "More", "s")),
            rx.dropdown_menu.content(
                rx.cond(is_open & is_human, _menu_item("Hand back to AI", "sparkles", ThreadState.give_back, "only-s")),
                rx.cond(is_open, _menu_item("Close", "check", ThreadState.close, "only-s")),
                rx.cond(
                    ProfileState.profile.is_blocked,
                    _menu_item("Unblock customer", "shield_check", ProfileState.unblock),
                    _menu_item("Block customer", "ban", ProfileState.set_block_open(True)),
                ),
                class_name="menu",
                align="end",
            ),
        ),
    )


def _head() -> rx.Component:
    return rx.el.div(
        rx.el.a(
            icon("arrow_left"), href="/inbox", class_name="ib back", aria_label="Back to the list", custom_attrs={"data-back": ""}
        ),
        rx.el.h2(rx.el.bdi(HEAD.name), class_name="trunc"),
        rx.el.span(
            channel_icon(HEAD.channel, "xs"), rx.el.span(channel_name(HEAD.channel), class_name="hide-m"), class_name="badge"
        ),
        rx.el.span(status_badge(HEAD), class_name="row st"),
        rx.cond(ProfileState.profile.is_blocked, badge("Blocked", "bad", "ban")),
        rx.el.span(
            _actions(),
            rx.el.button(
                icon("panel_right"),
                type="button",
                class_name="ib s open-prof",
                aria_label="Show customer",
                title="Show customer",
                custom_attrs={"data-drawer": "open"},
            ),
            _menu(),
            class_name="end row acts-row",
        ),
        class_name="ph",
    )


def _text(line: rx.Var[Line]) -> rx.Component:
    # React writes it as text, never as markup; `isolate` keeps direction marks from reaching what stands beside it.
    return rx.el.div(line.text, class_name="b", dir="auto")


def _read_mark() -> rx.Component:
    return rx.el.span(icon("check_check", "s"), class_name="info", title="Read", role="img", aria_label="Read")


def _customer_line(line: rx.Var[Line]) -> rx.Component:
    return rx.el.div(
        rx.el.span(HEAD.name, " wrote: ", class_name="sr"),
        _text(line),
        rx.el.div(line.time, class_name="meta"),
        class_name="msg",
        custom_attrs={"data-seq": line.seq},
    )


def _ai_line(line: rx.Var[Line]) -> rx.Component:
    return rx.el.div(
        _text(line),
        rx.el.div(
            receipt_line(line),
            rx.el.span(line.time),
            rx.cond(line.is_read, _read_mark()),
            class_name="meta",
        ),
        class_name="msg out ai",
        custom_attrs={"data-seq": line.seq},
    )


def _staff_line(line: rx.Var[Line]) -> rx.Component:
    return rx.el.div(
        _text(line),
        rx.el.div(rx.el.bdi(line.author), rx.el.span(line.time), rx.cond(line.is_read, _read_mark()), class_name="meta"),
        class_name="msg out staff",
        custom_attrs={"data-seq": line.seq},
    )


def _system_line(line: rx.Var[Line]) -> rx.Component:
    return rx.el.div(
        icon("arrow_right_left", "xs"),
        rx.el.span(rx.el.bdi(line.text), " · ", line.time),
        class_name="ev",
        custom_attrs={"data-seq": line.seq},
    )


def _line(line: rx.Var[Line]) -> rx.Component:
    return rx.fragment(
        rx.cond(line.day != "", rx.el.div(line.day, class_name="day")),
        rx.match(
            line.kind,
            ("customer", _customer_line(line)),
            ("ai", _ai_line(line)),
            ("staff", _staff_line(line)),
            _system_line(line),
        ),
        key=line.id,
    )


def _messages() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.cond(
                ThreadState.has_earlier,
                button(
                    "Show earlier messages",
                    "arrow_up",
                    tone="ghost",
                    size="s",
                    class_name="earlier",
                    on_click=ThreadState.earlier,
                ),
            ),
            rx.foreach(ThreadState.lines, _line),
            class_name="thread",
            role="log",
            aria_label="Messages",
            tab_index=0,
            custom_attrs={
                "data-thread": ThreadState.conversation_id,
                "data-last": ThreadState.last_seq,
                "data-read": ThreadState.read_seq,
            },
        ),
        # `inbox.js` fills and shows it, and clicks the hidden button once what is new was on a visible page.
        rx.el.button(icon("arrow_down", "xs"), rx.el.span(), type="button", class_name="jump", custom_attrs={"data-jump": ""}),
        rx.el.button(
            type="button",
            hidden=True,
            tab_index=-1,
            aria_hidden="true",
            on_click=ThreadState.seen,
            custom_attrs={"data-seen": ""},
        ),
        class_name="thread-at",
    )


def _skeleton() -> rx.Component:
    widths = [("58%", ""), ("64%", " out"), ("36%", ""), ("52%", " out"), ("44%", "")]
    return rx.el.div(
        *[rx.el.div(bone("100%", "38px"), class_name=f"msg bone{side}", style={"width": width}) for width, side in widths],
        class_name="thread loading",
        aria_busy="true",
        aria_label="Loading",
    )


def _nothing_open() -> rx.Component:
    return empty_state(
        "Pick a conversation",
        rx.fragment(rx.el.kbd("J"), " and ", rx.el.kbd("K"), " move through the list, ", rx.el.kbd("?"), " shows all shortcuts."),
        "messages_square",
        because_of_filter=True,
    )


def thread_pane() -> rx.Component:
    opened = rx.fragment(_head(), _messages(), composer(MAY_REPLY))
    return rx.el.section(
        loaded(
            ThreadState,
            rx.cond(ThreadState.conversation_id != "", opened, _nothing_open()),
            "This conversation could not be opened",
            ThreadState.load,
            _skeleton(),
        ),
        class_name="pane conv",
        aria_label=rx.cond(ThreadState.conversation_id != "", "Conversation with " + HEAD.name, "Conversation"),
    )
