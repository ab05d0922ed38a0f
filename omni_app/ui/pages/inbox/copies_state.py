"""Whom the next mail of the open conversation goes to."""

import reflex as rx

from omni_app.conversations.copies import NextMail
from omni_app.ui.access import ViewerState, handler


class CopiesState(ViewerState, rx.State):
    """`is_mail`: a reply is a mail. `cc` is what the field begins with; what staff write into it is sent with the reply."""

    is_mail: bool = False
    receiver: str = ""
    cc: str = ""
    subject: str = ""
    is_open: bool = False
    opened: int = 0

    @handler
    async def open_copies(self) -> None:
        """Show the field for copies, where there are none yet."""
        self.is_open = True

    def _show(self, mail: NextMail | None) -> None:
        """The head of the next mail; None where a reply is none."""
        shown = (mail is not None, mail.to, ", ".join(mail.cc), mail.subject) if mail else (False, "", "", "")
        if shown != (self.is_mail, self.receiver, self.cc, self.subject):
            self.is_mail, self.receiver, self.cc, self.subject = shown
            self.opened += 1
        self.is_open = bool(self.cc)
