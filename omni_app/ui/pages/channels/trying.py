"""Send one test message over the connection on the page."""

from typing import Any

import reflex as rx

from omni_app.channels.testing import send_test
from omni_app.infra.errors import Invalid, OmniError
from omni_app.ui.access import ViewerState, current_viewer, form_text, handler, parse_id, words_of


class TryOutState(ViewerState, rx.State):
    """A state of its own: its messages must not stand in the form of the settings."""

    sent: str = ""
    refused: str = ""
    """Why the last one was not sent, in the provider's words; they stay, as somebody has to act on them."""

    @handler
    async def begin(self) -> None:
        self.sent = self.refused = ""

    @handler
    async def send(self, form: dict[str, Any]) -> Any:
        self.busy, self.sent, self.refused = "send", "", ""
        yield
        scope = (await current_viewer(self)).scope()
        try:
            self.sent = await send_test(scope, parse_id(self.channel_id, "connection"), form_text(form, "to"))
        except Invalid:
            raise
        except OmniError as error:
            self.refused = " ".join(filter(None, words_of(error)))
