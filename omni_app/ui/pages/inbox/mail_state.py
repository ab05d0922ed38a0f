"""The open mails: who wrote to whom, the mail as its sender made it, and who else gets the answer."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from omni_app.conversations.reading import list_messages
from omni_app.infra.errors import NotFound
from omni_app.ui.access import ViewerState, handler, parse_id, viewer_db
from omni_app.ui.pages.inbox.thread_state import ThreadState


@dataclass
class MailHead:
    """The head of one mail, shown on request."""

    message_id: str = ""
    sender: str = ""
    to: str = ""
    cc: str = ""
    subject: str = ""


class MailState(ViewerState, rx.State):
    """`shown` is the mail whose head stands open; `original` the address of the one shown as its sender made it."""

    shown: MailHead = MailHead()
    original: str = ""
    original_id: str = ""

    @handler
    async def show_head(self, message_id: str) -> None:
        """Show who a mail was from and to, or hide it again."""
        if self.get_value("shown").message_id == message_id:
            self.shown = MailHead()
            return
        thread = await self.get_state(ThreadState)
        seq = next((line.seq for line in thread.get_value("lines") if line.id == message_id and line.kind != "note"), None)
        if seq is None:
            raise NotFound("message")
        conversation_id = parse_id(thread.conversation_id, "conversation")
        async with viewer_db(self) as db:
            (message,) = await list_messages(db, conversation_id, after=seq - 1, before=seq + 1, limit=1, with_mail=True)
        self.shown = MailHead(message_id=message_id, to=", ".join(message.to), cc=", ".join(message.cc), subject=message.subject)

    @handler
    async def show_original(self, message_id: str) -> Any:
        """Open the mail as its sender made it, in a frame that may do nothing."""
        raise NotFound("mail")

    @handler
    async def close_original(self, is_open: bool = False) -> None:
        self.original, self.original_id = "", ""
