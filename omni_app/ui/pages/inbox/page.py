"""The page: three panes that fill the window."""

import reflex as rx

from omni_app.ui.navigation import NavEntry, register_keys
from omni_app.ui.pages.inbox.carried import original_dialog
from omni_app.ui.pages.inbox.head import delete_dialog, transfer_dialog
from omni_app.ui.pages.inbox.presence_state import PresenceState
from omni_app.ui.pages.inbox.profile import block_dialog, profile_pane
from omni_app.ui.pages.inbox.queue import queue_pane
from omni_app.ui.pages.inbox.queue_state import QueueState
from omni_app.ui.pages.inbox.starting import new_message_dialog
from omni_app.ui.pages.inbox.thread import thread_pane
from omni_app.ui.pages.inbox.thread_state import ThreadState
from omni_app.ui.shell import page
from omni_app.ui.theme import script_url

register_keys(
    "Inbox",
    [
        (("J", "K"), "Next, previous conversation"),
        (("R",), "Write a reply"),
        (("N",), "Write a note"),
        (("C",), "Begin a conversation"),
        (("/",), "Insert a canned answer"),
        (("S",), "Search conversations"),
        (("T",), "Take over"),
        (("H",), "Hand back to the AI"),
        (("E",), "Close the conversation"),
        (("Z",), "Snooze the conversation"),
        (("Ctrl", "↵"), "Send"),
    ],
)


@page(
    "/inbox",
    title="Inbox",
    # The thread first: its watch is told first, so a new message is on the screen before the list changes.
    on_load=[ThreadState.load, QueueState.load],
    nav=NavEntry(group="Work", label="Inbox", icon="inbox", order=10, key="i", tab=2, counts_waiting=True),
    rail=True,
    full=True,
)
def inbox() -> rx.Component:
    return rx.el.div(
        queue_pane(),
        thread_pane(),
        profile_pane(),
        block_dialog(),
        transfer_dialog(),
        delete_dialog(),
        original_dialog(),
        new_message_dialog(),
        rx.el.script(src=script_url("inbox-writing.js"), async_=True),
        rx.el.script(src=script_url("inbox-channels.js"), async_=True),
        rx.el.script(src=script_url("inbox.js"), async_=True),
        class_name="inbox",
        on_unmount=PresenceState.leave,
        custom_attrs={"data-view": rx.cond(ThreadState.conversation_id != "", "conversation", rx.Var("undefined"))},
    )
