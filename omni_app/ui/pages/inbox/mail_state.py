"""The open mails: who wrote to whom, the mail as its sender made it, and who else gets the answer."""

from dataclasses import dataclass

import reflex as rx

from omni_app.conversations.mail_html import sign_html_link
from omni_app.conversations.reading import list_messages
from omni_app.infra.errors import NotFound
from omni_app.ui.access import ViewerState, current_viewer, handler, parse_id, viewer_db
from omni_app.ui.pages.inbox.thread_state import ThreadState


@dataclass
class MailHead:
    """The head of one mail, shown on request."""

    message_id: str = ""
    sender: str = ""
    receivers: str = ""
    copies: str = ""
    subject: str = ""


class MailState(ViewerState, rx.State):
    """`shown` is the mail whose head stands open; `original` the address of the one shown as its sender made it."""

    shown: MailHead = MailHead()
    original: str = ""

    @handler
    async def show_head(self, message_id: str) -> None:
        """Show who a mail was from and to, or hide it again."""
        if self.get_value("shown").message_id == message_id:
            self.shown = MailHead()
            return
        thread = await self.get_state(ThreadState)
        seq = thread._line(message_id).seq
        conversation_id = parse_id(thread.conversation_id, "conversation")
        async with viewer_db(self) as db:
            (message,) = await list_messages(db, conversation_id, after=seq - 1, before=seq + 1, limit=1, with_mail=True)
        self.shown = MailHead(
            message_id=message_id,
            sender=message.sender,
            receivers=", ".join(message.to),
            copies=", ".join(message.cc),
            subject=message.subject,
        )

    @handler
    async def show_original(self, message_id: str) -> None:
        """Open the mail as its sender made it, under a link that works for five minutes."""
        line = (await self.get_state(ThreadState))._line(message_id)
        if not line.has_html:
            raise NotFound("mail")
        viewer = await current_viewer(self)
        self.original = sign_html_link(parse_id(line.id, "message"), viewer.business_id)

    @handler
    async def close_original(self, is_open: bool = False) -> None:
        self.original = ""
