"""The head of the conversation: who it is, who else looks at it, and what can be done with it."""

from typing import Any

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.ui.account import ShellState
from omni_app.ui.components import (
    avatar,
    badge,
    button,
    dialog,
    form_actions,
    form_error,
    icon,
    icon_button,
    text_area_field,
    text_field,
)
from omni_app.ui.pages.inbox.lines import Mark
from omni_app.ui.pages.inbox.presence_state import PresenceState, Viewer
from omni_app.ui.pages.inbox.profile_state import ProfileState
from omni_app.ui.pages.inbox.queue import label_dot, priority_mark, status_badge, time_of
from omni_app.ui.pages.inbox.sorting_state import PRIORITIES, SNOOZES, Person, SortingState
from omni_app.ui.pages.inbox.thread_state import ThreadState
from omni_app.ui.pages.inbox.via import via_line

HEAD = ThreadState.head
MAY_REPLY = ShellState.permissions.contains(Permission.REPLY.value)
MAY_DELETE = ShellState.permissions.contains(Permission.ADMINISTER.value)


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


def _label_item(label: rx.Var[Mark]) -> rx.Component:
    return rx.el.button(
        label_dot(label.color),
        rx.el.span(label.name, class_name="grow trunc"),
        rx.cond(label.is_on, icon("check", "s")),
        type="button",
        class_name="pick",
        custom_attrs={"aria-pressed": rx.cond(label.is_on, "true", "false")},
        on_click=SortingState.toggle_label(label.id),
    )


def _label_picker() -> rx.Component:
    add = rx.el.button(
        icon("plus", "s"),
        rx.el.span("Create “", SortingState.label_text, "”", class_name="grow trunc"),
        type="button",
        class_name="pick",
        on_click=SortingState.add_label,
    )
    return rx.popover.root(
        rx.popover.trigger(icon_button("tag", "Labels", "s")),
        rx.popover.content(
            rx.el.input(
                class_name="input",
                placeholder="Find or create a label",
                aria_label="Find or create a label",
                value=SortingState.label_text,
                on_change=SortingState.type_label,
                max_length=30,
            ),
            rx.el.div(
                rx.foreach(SortingState.shown_labels, _label_item),
                rx.cond(SortingState.may_create, add),
                rx.cond(
                    (SortingState.labels.length() == 0) & (SortingState.label_text == ""),
                    rx.el.p("No labels yet. Type a name to create one.", class_name="mut t1"),
                ),
                class_name="picks",
                role="group",
                aria_label="Labels",
            ),
            class_name="picker pop",
            align="end",
            aria_label="Labels",
        ),
    )


def _snooze_items() -> list[rx.Component]:
    items = [rx.dropdown_menu.item(label, on_select=SortingState.put_aside(choice)) for choice, label in SNOOZES.items()]
    wake = rx.dropdown_menu.item(icon("alarm_clock_off", "s"), "Wake it now", on_select=SortingState.wake_up)
    return [rx.cond(HEAD.status == "snoozed", wake), *items]


def _snooze_menu() -> rx.Component:
    return rx.dropdown_menu.root(
        rx.dropdown_menu.trigger(
            rx.el.button(
                icon("clock"),
                type="button",
                class_name="ib s hide-s",
                aria_label="Snooze",
                title="Snooze",
                custom_attrs={"data-hotkey": "z"},
            )
        ),
        rx.dropdown_menu.content(*_snooze_items(), class_name="menu", align="end"),
    )


def _menu_item(label: str, icon_name: str, on_select: Any, class_name: str = "") -> rx.Component:
    return rx.dropdown_menu.item(icon(icon_name, "s"), label, on_select=on_select, class_name=class_name)


def _sub_menu(label: str, icon_name: str, items: list[rx.Component], class_name: str = "") -> rx.Component:
    return rx.dropdown_menu.sub(
        rx.dropdown_menu.sub_trigger(icon(icon_name, "s"), label, class_name=class_name),
        rx.dropdown_menu.sub_content(*items, class_name="menu"),
    )


def _menu() -> rx.Component:
    """What does not stand in the head; on small screens also what has no room there."""
    is_open, is_human = HEAD.status != "closed", HEAD.holder != "ai"
    priorities = [
        rx.dropdown_menu.item(
            rx.el.span(label, class_name="grow"),
            rx.cond(HEAD.priority == name, icon("check", "s")),
            on_select=SortingState.prioritise(name),
        )
        for name, label in PRIORITIES.items()
    ]
    return rx.cond(
        MAY_REPLY,
        rx.dropdown_menu.root(
            rx.dropdown_menu.trigger(icon_button("ellipsis", "More", "s")),
            rx.dropdown_menu.content(
                rx.cond(is_open & is_human, _menu_item("Hand back to AI", "sparkles", ThreadState.give_back, "only-s")),
                rx.cond(is_open, _menu_item("Close", "check", ThreadState.close, "only-s")),
                rx.cond(is_open, _menu_item("Transfer", "arrow_right_left", SortingState.set_transfer_open(True))),
                rx.cond(is_open, _sub_menu("Snooze", "clock", _snooze_items(), "only-s")),
                _sub_menu("Priority", "flag", priorities),
                rx.cond(
                    ProfileState.profile.is_blocked,
                    _menu_item("Unblock customer", "shield_check", ProfileState.unblock),
                    _menu_item("Block customer", "ban", ProfileState.set_block_open(True)),
                ),
                rx.cond(MAY_DELETE, _menu_item("Delete conversation", "trash_2", SortingState.set_delete_open(True))),
                rx.dropdown_menu.separator(),
                rx.dropdown_menu.item(
                    icon("volume_2", "s"),
                    rx.el.span("Sound for new messages", class_name="grow"),
                    # `inbox.js` keeps the choice in this browser and writes whether it is on.
                    rx.el.span(class_name="mut", custom_attrs={"data-sound-state": ""}),
                    on_select=rx.call_script("window.omniInbox && omniInbox.toggleSound()"),
                ),
                class_name="menu",
                align="end",
            ),
        ),
    )


def _viewer(viewer: rx.Var[Viewer]) -> rx.Component:
    what = rx.cond(viewer.is_typing, " is typing", " is viewing")
    return rx.el.span(
        avatar(viewer.letters, viewer.tone, "xs"),
        rx.el.span(rx.el.bdi(viewer.first), what, class_name="hide-m"),
        class_name=rx.cond(viewer.is_typing, "viewer warn", "viewer"),
        title=viewer.name + what,
    )


def head() -> rx.Component:
    return rx.el.div(
        rx.el.a(
            icon("arrow_left"), href="/inbox", class_name="ib back", aria_label="Back to the list", custom_attrs={"data-back": ""}
        ),
        rx.el.div(
            rx.el.div(
                rx.el.h2(rx.el.bdi(HEAD.name), class_name="trunc"),
                rx.cond(
                    PresenceState.is_here, rx.el.span(class_name="dot good", role="img", aria_label="Here now", title="Here now")
                ),
                class_name="row",
            ),
            via_line(),
            class_name="who-at",
        ),
        rx.el.span(status_badge(HEAD), class_name="row st"),
        priority_mark(HEAD.priority),
        rx.cond(ProfileState.profile.is_blocked, badge("Blocked", "bad", "ban")),
        rx.el.span(rx.foreach(PresenceState.viewers, _viewer), class_name="viewers", role="status"),
        rx.el.span(
            _actions(),
            rx.cond(MAY_REPLY, rx.fragment(_label_picker(), rx.cond(HEAD.status != "closed", _snooze_menu()))),
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


def hand_over_card() -> rx.Component:
    """Why a person is needed: on top of a thread that waits for one."""
    claim = ProfileState.profile.claim
    return rx.cond(
        (HEAD.status == "waiting") & (HEAD.reason != ""),
        rx.el.section(
            icon("hand"),
            rx.el.div(
                rx.el.div(
                    rx.el.b(
                        rx.cond(HEAD.holder == "ai", "Waits for a person: ", "Handed over: "),
                        rx.el.bdi(HEAD.reason),
                        class_name="med",
                    ),
                    rx.el.span(" · ", time_of(HEAD.at, HEAD.waits_since), class_name="mut num"),
                ),
                rx.cond(HEAD.summary != "", rx.el.p(HEAD.summary, dir="auto")),
                rx.cond(
                    claim != "",
                    rx.el.p(
                        "Asked for an answer to ", rx.el.bdi(claim, class_name="med"), " – claimed, not proven.", class_name="mut"
                    ),
                ),
                class_name="grow",
            ),
            class_name="callout warn handed",
            aria_label="Hand-over",
        ),
    )


def _person_option(person: rx.Var[Person]) -> rx.Component:
    return rx.cond(
        person.may_reply,
        rx.el.option(person.name, rx.cond(person.is_me, " (you)", ""), value=person.id),
    )


def transfer_dialog() -> rx.Component:
    people = rx.el.div(
        rx.el.label("To", html_for="f-member_id", class_name="label"),
        rx.el.select(
            rx.el.option("The team: whoever takes it first", value="none"),
            rx.foreach(SortingState.people, _person_option),
            name="member_id",
            id="f-member_id",
            class_name="input",
        ),
        rx.cond(
            SortingState.errors["member_id"],
            rx.el.span(icon("circle_alert", "xs"), rx.el.span(SortingState.errors["member_id"]), class_name="errline"),
        ),
        class_name="field",
    )
    return dialog(
        SortingState.transfer_open,
        "Transfer this conversation",
        rx.el.form(
            form_error(SortingState),
            people,
            text_area_field(
                "reason", "Reason", SortingState.errors, hint="A note for your team. The customer never sees it", rows=2
            ),
            form_actions(
                button("Keep it here", on_click=SortingState.set_transfer_open(False)),
                button("Transfer", tone="primary", type="submit", busy=SortingState.busy == "transfer"),
            ),
            on_submit=SortingState.transfer,
            no_validate=True,
            class_name="form",
        ),
        on_close=SortingState.set_transfer_open,
        about="The customer reads who looks after them now.",
    )


def delete_dialog() -> rx.Component:
    return dialog(
        SortingState.delete_open,
        "Delete the conversation with " + HEAD.name + "?",
        rx.el.form(
            form_error(SortingState),
            rx.el.input(type="hidden", name="expected", value=HEAD.name, read_only=True),
            text_field("name", "Type “" + HEAD.name + "” to confirm", SortingState.errors, auto_complete="off"),
            form_actions(
                button("Keep conversation", on_click=SortingState.set_delete_open(False)),
                button("Delete conversation", tone="danger", type="submit", busy=SortingState.busy == "delete"),
            ),
            on_submit=SortingState.delete,
            no_validate=True,
            class_name="form",
        ),
        on_close=SortingState.set_delete_open,
        about="Its messages, notes, files and memories go for good. The customer stays.",
    )
