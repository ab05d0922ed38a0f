"""What a person does about a message that did not get through."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import reflex as rx

from omni_app.conversations.delivery import mark_arrived, retry_delivery
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict
from omni_app.ui.access import ViewerState, handler, parse_id, viewer_db
from omni_app.ui.components import told
from omni_app.ui.pages.inbox.thread_state import ThreadState


class DeliveryState(ViewerState, rx.State):
    """`busy` is the action and the message it is for: two messages may both have failed."""

    @handler
    async def retry(self, message_id: str) -> Any:
        """Send a message again that failed, or whose fate nobody knows."""
        self.busy = f"retry{message_id}"
        yield
        yield await self._change(retry_delivery, message_id)

    @handler
    async def mark(self, message_id: str) -> Any:
        """The customer has it: somebody knows, though the provider never said."""
        self.busy = f"arrived{message_id}"
        yield
        yield await self._change(mark_arrived, message_id)

    async def _change(self, change: Callable[[Db, UUID], Awaitable[Any]], message_id: str) -> Any:
        problem = ""
        try:
            async with viewer_db(self) as db:
                await change(db, parse_id(message_id, "message"))
        except Conflict as error:
            # A status came in the meantime: what the screen shows is old.
            problem = str(error)
        await (await self.get_state(ThreadState))._reread(message_id)
        return told(problem) if problem else rx.call_script("window.omniInbox && omniInbox.refocus()")
