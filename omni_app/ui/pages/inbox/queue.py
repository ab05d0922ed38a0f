"""The left pane: folders and the list of conversations."""

import reflex as rx

from omni_app.ui.components import avatar, badge, bone, button, button_link, empty_state, icon, loaded
from omni_app.ui.pages.inbox.finding import (
    filter_button,
    filter_chips,
    found_line,
    nothing_fits,
    nothing_found,
    search_box,
    search_button,
)
from omni_app.ui.pages.inbox.lines import Mark, Row
from omni_app.ui.pages.inbox.queue_state import FOLDERS, QueueState
from omni_app.ui.pages.inbox.starting import new_message_button
from omni_app.ui.pages.inbox.thread_state import ThreadState
from omni_app.ui.pages.inbox.via import via_row

_CHIPS = ("waiting", "mine", "ai", "all")
_MORE = ("unassigned", "snoozed", "closed")


def _label(folder: str) -> rx.Component:
    count = QueueState.counts[folder]
    # "All" is no work to be done, and the row has no room for a fourth number.
    shown = rx.fragment() if folder == "all" else rx.cond(count > 0, rx.el.span(count, class_name="num"))
    return rx.fragment(FOLDERS[folder], shown)


def _chip(folder: str) -> rx.Component:
    return rx.el.button(
        _label(folder),
        type="button",
        class_name="chip",
        custom_attrs={"aria-pressed": QueueState.folder == folder},
        on_click=QueueState.pick(folder),
    )


def _more() -> rx.Component:
    is_current = rx.Var.create(list(_MORE)).contains(QueueState.folder)
    return rx.dropdown_menu.root(
        rx.dropdown_menu.trigger(
            rx.el.button(
                rx.match(QueueState.folder, *[(name, _label(name)) for name in _MORE], icon("ellipsis", "s")),
                type="button",
                class_name="chip end",
                aria_label="More folders",
                custom_attrs={"aria-pressed": is_current},
            )
        ),
        rx.dropdown_menu.content(
            *[
                rx.dropdown_menu.item(
                    rx.el.span(FOLDERS[name], class_name="grow"),
                    rx.el.span(QueueState.counts[name], class_name="mut num"),
                    on_select=QueueState.pick(name),
                )
                for name in _MORE
            ],
            class_name="menu",
            align="end",
        ),
    )


def time_of(at: rx.Var[str], waits_since: rx.Var[str] | None = None) -> rx.Component:
    """A running time: `inbox.js` writes the text ("5 min", "waits 5 min") and keeps it current."""
    attributes = {"data-at": at} if waits_since is None else {"data-at": at, "data-waits": waits_since}
    return rx.el.time(date_time=at, custom_attrs=attributes)


def label_dot(color: rx.Var[str]) -> rx.Component:
    """The colour of a label; its name stands beside it."""
    return rx.el.span(class_name="lb " + color)


def label_tag(label: rx.Var[Mark]) -> rx.Component:
    return rx.el.span(label_dot(label.color), rx.el.span(label.name, class_name="trunc"), class_name="tag")


def priority_mark(priority: rx.Var[str]) -> rx.Component:
    """Nothing for what is as pressing as usual."""
    return rx.match(
        priority,
        ("urgent", rx.el.span(icon("flame", "xs"), "Urgent", class_name="prio bad")),
        ("high", rx.el.span(icon("flag", "xs"), "High", class_name="prio warn")),
        ("low", rx.el.span(icon("arrow_down", "xs"), "Low", class_name="prio mut")),
        rx.fragment(),
    )


def until_time(until: rx.Var[str]) -> rx.Component:
    """Until when a conversation sleeps; `inbox.js` writes it in the reader's own time."""
    return rx.el.time("Snoozed", date_time=until, custom_attrs={"data-until": until})


def status_words(row: rx.Var[Row]) -> rx.Component:
    """Where the conversation stands, as a mark and a word."""
    holder = rx.match(
        row.holder,
        ("ai", rx.el.span(icon("sparkles", "xs"), "With AI", class_name="acc")),
        ("me", rx.el.span(icon("user_check", "xs"), "Yours")),
        ("member", rx.el.span(icon("user_check", "xs"), row.holder_name)),
        rx.el.span(icon("user_x", "xs"), "Unassigned"),
    )
    return rx.match(
        row.status,
        ("closed", rx.el.span(icon("check", "xs"), "Closed")),
        ("snoozed", rx.el.span(icon("clock", "xs"), until_time(row.until))),
        ("waiting", rx.el.span(icon("hand", "xs"), "Waiting", class_name="warn")),
        holder,
    )


def _words(row: rx.Var[Row]) -> rx.Component:
    """The last message, or where a search found its words."""
    found = rx.fragment(rx.el.bdi(row.before, dir="auto"), rx.el.mark(row.hit), rx.el.bdi(row.after, dir="auto"))
    last = rx.fragment(
        rx.cond(row.has_draft, rx.el.span("Draft ", class_name="drafted")),
        rx.cond(row.subject != "", rx.el.span(rx.el.bdi(row.subject, dir="auto"), " – ", class_name="subj")),
        rx.cond(row.who != "", rx.el.span(row.who + " ", class_name="mut")),
        rx.el.bdi(row.text, dir="auto"),
    )
    return rx.el.span(rx.cond(row.hit != "", found, last), class_name="p trunc", dir="auto")


def _row(row: rx.Var[Row]) -> rx.Component:
    names = rx.cond(row.is_unread, "it un", "it") + rx.cond(row.id == ThreadState.conversation_id, " on", "")
    return rx.el.a(
        avatar(row.letters, row.tone, channel=row.channel),
        rx.el.span(
            rx.el.span(
                rx.el.b(row.name, class_name="trunc", dir="auto"),
                rx.cond(row.is_unread, rx.el.span(class_name="un-dot", role="img", aria_label="Unread")),
                time_of(row.at, row.waits_since),
                class_name="hd",
            ),
            _words(row),
            rx.el.span(
                status_words(row),
                via_row(row),
                priority_mark(row.priority),
                rx.foreach(row.labels, label_tag),
                rx.cond((row.reason != "") & (row.labels.length() == 0), rx.el.span(row.reason, class_name="trunc why")),
                rx.cond(
                    (row.holder_letters != "") & (row.status != "closed"),
                    rx.el.span(avatar(row.holder_letters, row.holder_tone, "xs"), title=row.holder_name, class_name="end"),
                ),
                class_name="m",
            ),
            class_name="stack grow",
        ),
        href="/inbox?conversation=" + row.id,
        class_name=names,
        custom_attrs={
            "data-row": row.id,
            "aria-current": rx.cond(row.id == ThreadState.conversation_id, "true", "false"),
        },
        key=row.id,
    )


def _demo_link() -> rx.Component:
    return button_link("Open the demo website", "/demo", "external_link", target="_blank")


def _empty() -> rx.Component:
    waiting = empty_state(
        "No one waits",
        "People who ask for the team show here, the longest wait first.",
        "coffee",
        rx.cond(
            QueueState.counts["all"] > 0,
            button("Show all conversations", on_click=QueueState.pick("all")),
            _demo_link(),
        ),
    )
    folders = rx.match(
        QueueState.folder,
        ("waiting", waiting),
        (
            "mine",
            empty_state(
                "You have no conversation",
                "Take one over, or reply to it, and it is yours.",
                "inbox",
                button("Show who waits", on_click=QueueState.pick("waiting")),
            ),
        ),
        (
            "unassigned",
            empty_state(
                "Everyone has an owner",
                "Conversations that were handed over and not taken show here.",
                "user_check",
                button("Show all conversations", on_click=QueueState.pick("all")),
                because_of_filter=True,
            ),
        ),
        ("ai", empty_state("The AI talks with no one", "Ask it something on the demo website.", "sparkles", _demo_link())),
        (
            "snoozed",
            empty_state(
                "Nothing is snoozed",
                "Snooze a conversation to see it again later.",
                "clock",
                button("Show all conversations", on_click=QueueState.pick("all")),
                because_of_filter=True,
            ),
        ),
        (
            "closed",
            empty_state(
                "Nothing is closed yet",
                "Close a conversation when it is done.",
                "check",
                button("Show all conversations", on_click=QueueState.pick("all")),
                because_of_filter=True,
            ),
        ),
        empty_state(
            "No conversations yet",
            "Put the chat on your website, or try it on the demo website.",
            "messages_square",
            button_link("Get the code", "/chat-setup"),
            _demo_link(),
        ),
    )
    return rx.cond(QueueState.is_searching, nothing_found(), rx.cond(QueueState.is_filtered, nothing_fits(), folders))


def _skeleton() -> rx.Component:
    widths = [("46%", "88%"), ("38%", "72%"), ("52%", "80%"), ("34%", "64%"), ("44%", "84%"), ("40%", "76%")]
    return rx.el.div(
        *[
            rx.el.div(
                bone("36px", "36px", True), rx.el.div(bone(first), bone(second), bone("30%"), class_name="bones"), class_name="it"
            )
            for first, second in widths
        ],
        class_name="list loading",
        aria_busy="true",
        aria_label="Loading",
    )


def _list() -> rx.Component:
    fresh = rx.cond(
        QueueState.fresh > 0,
        rx.el.button(
            icon("arrow_up", "xs"),
            rx.el.span(QueueState.fresh, " new"),
            type="button",
            class_name="fresh",
            on_click=QueueState.show_fresh,
        ),
    )
    rows = rx.el.nav(
        rx.foreach(QueueState.rows, _row),
        rx.cond(QueueState.has_more, button("Show older", tone="ghost", class_name="block", on_click=QueueState.older)),
        class_name="list",
        aria_label="Conversations",
        on_mouse_enter=QueueState.hold(True),
        on_mouse_leave=QueueState.hold(False),
    )
    return rx.fragment(
        rx.el.div(fresh, class_name="fresh-at", role="status"), rx.cond(QueueState.rows.length() > 0, rows, _empty())
    )


def queue_pane() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.h1("Inbox"),
            rx.cond(QueueState.counts["waiting"] > 0, rx.el.span(QueueState.counts["waiting"], " waiting", class_name="mut num")),
            rx.el.span(new_message_button(), search_button(), filter_button(), class_name="end row"),
            class_name="ph",
        ),
        search_box(),
        rx.cond(
            QueueState.is_searching,
            rx.fragment(),
            rx.fragment(
                rx.el.div(*[_chip(name) for name in _CHIPS], _more(), class_name="filters", role="group", aria_label="Folders"),
                filter_chips(),
            ),
        ),
        found_line(),
        loaded(QueueState, _list(), "The inbox could not be loaded", QueueState.load, _skeleton()),
        rx.el.span(hidden=True, custom_attrs={"data-waiting": QueueState.counts["waiting"]}),
        class_name="pane queue",
        aria_label="Queue",
    )


def status_badge(row: rx.Var[Row]) -> rx.Component:
    """The same for the head of the conversation."""
    holder = rx.match(
        row.holder,
        ("ai", badge("AI answers", "acc", "sparkles")),
        ("me", badge("Yours", "good", "user_check")),
        ("member", badge(rx.el.span(row.holder_name, class_name="trunc"), "info", "user_check")),
        badge("Unassigned", "warn", "user_x"),
    )
    waiting = rx.match(
        row.holder,
        ("me", badge("Yours, waiting", "warn", "hand")),
        ("member", badge(rx.el.span(row.holder_name, ", waiting", class_name="trunc"), "warn", "hand")),
        badge("Waiting for a person", "warn", "hand"),
    )
    snoozed = badge(until_time(row.until), "", "clock")
    return rx.match(row.status, ("closed", badge("Closed", "", "check")), ("snoozed", snoozed), ("waiting", waiting), holder)
