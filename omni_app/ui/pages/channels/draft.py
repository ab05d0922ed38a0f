"""What is typed into a channel's form and not saved yet: the page asks before it is lost."""

from typing import Any

import reflex as rx

from omni_app.ui.access import ViewerState, handler
from omni_app.ui.components import confirm
from omni_app.ui.components.leaving import guard_leaving

GUARD_LEAVING = guard_leaving("omniChannelGuard", ".channel-form", "ask-leave-channel")


class ChannelDraftState(ViewerState, rx.State):
    """A state of its own, so that typing leaves the messages under the fields alone."""

    is_changed: bool = False
    asks_leave: bool = False

    @handler
    async def begin(self) -> None:
        """The form has appeared empty of changes."""
        self.is_changed = self.asks_leave = False

    @handler
    async def mark_changed(self, _text: str = "") -> None:
        self.is_changed = True

    @handler
    async def mark_ticked(self, _is_on: bool = False) -> None:
        self.is_changed = True

    @handler
    async def ask_leave(self) -> None:
        self.asks_leave = True

    @handler
    async def stay(self, is_open: bool = False) -> None:
        self.asks_leave = False

    @handler
    async def leave(self) -> Any:
        self.is_changed = self.asks_leave = False
        yield
        yield rx.call_script("window.omniLeave && window.omniLeave.click()")


def leave_guard() -> rx.Component:
    """The question, and the hidden button by which the page's script asks it."""
    return rx.fragment(
        rx.el.button(id="ask-leave-channel", type="button", hidden=True, on_click=ChannelDraftState.ask_leave),
        confirm(
            ChannelDraftState.asks_leave,
            "Leave without saving?",
            "What you typed on this page is not saved.",
            keep="Keep editing",
            act="Discard changes",
            on_keep=ChannelDraftState.stay,
            on_act=ChannelDraftState.leave,
        ),
    )
