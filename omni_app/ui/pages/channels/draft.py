"""Whether something is typed into a channel's form and not saved yet."""

import reflex as rx

from omni_app.ui.access import ViewerState, handler


class ChannelDraftState(ViewerState, rx.State):
    """A state of its own, so that typing leaves the messages under the fields alone."""

    is_changed: bool = False

    @handler
    async def begin(self) -> None:
        """The form has appeared empty of changes."""
        self.is_changed = False

    @handler
    async def mark_changed(self, _text: str = "") -> None:
        self.is_changed = True

    @handler
    async def mark_ticked(self, _is_on: bool = False) -> None:
        self.is_changed = True
