"""How long the customer of the open conversation may be written to freely."""

import reflex as rx

from omni_app.conversations.windows import ReplyWindow, load_window
from omni_app.ui.access import ViewerState, handler, parse_id, viewer_db


class WindowState(ViewerState, rx.State):
    """`closes_at` (ISO 8601, "" without an end) is counted down in the browser by `inbox-channels.js`.

    `why` says in words why free text may not go out; `templates_only`: a template may.
    """

    closes_at: str = ""
    may_send: bool = True
    templates_only: bool = False
    why: str = ""

    _conversation_id: str = ""

    @handler
    async def look(self) -> None:
        """The time is up as the browser counts it: look whether it is."""
        if self._conversation_id:
            await self._read()

    async def _read(self) -> None:
        async with viewer_db(self) as db:
            window = await load_window(db, parse_id(self._conversation_id, "conversation"))
        self._show(self._conversation_id, window)

    def _show(self, conversation_id: str, window: ReplyWindow | None) -> None:
        """The window of a conversation as it stands; None when none is open."""
        self._conversation_id = conversation_id
        if window is None:
            self.closes_at, self.may_send, self.templates_only, self.why = "", True, False, ""
            return
        closes_at = window.closes_at.isoformat() if window.closes_at and window.may_send else ""
        if (closes_at, window.may_send) != (self.closes_at, self.may_send) or window.why != self.why:
            self.closes_at, self.may_send, self.why = closes_at, window.may_send, window.why
            self.templates_only = window.templates_only
