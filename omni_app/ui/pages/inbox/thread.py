"""The middle pane: the head, the thread, the composer; or what stands there while nothing is open."""

import reflex as rx

from omni_app.ui.components import bone, empty_state, loaded
from omni_app.ui.pages.inbox.composer import composer
from omni_app.ui.pages.inbox.head import MAY_REPLY, hand_over_card, head
from omni_app.ui.pages.inbox.messages import messages
from omni_app.ui.pages.inbox.thread_state import ThreadState
from omni_app.ui.pages.inbox.via import trouble_strip

HEAD = ThreadState.head


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
    opened = rx.fragment(head(), trouble_strip(), hand_over_card(), messages(), composer(MAY_REPLY))
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
