"""Send one test message over the connection on the page."""

from typing import Any

import reflex as rx

from omni_app.channels.testing import send_test
from omni_app.channels.tried import Tried, load_tried
from omni_app.infra.errors import Invalid, OmniError
from omni_app.ui.access import ViewerState, current_viewer, form_text, handler, parse_id, viewer_db, words_of


class TryOutState(ViewerState, rx.State):
    """A state of its own: its messages must not stand in the form of the settings."""

    sent: str = ""
    told: str = ""
    """What the provider told later of the one sent from here; `is_lost` when it will not arrive."""
    is_lost: bool = False
    refused: str = ""
    """Why the last one was not sent, in the provider's words; they stay, as somebody has to act on them."""

    @handler
    async def begin(self) -> None:
        self.sent = self.refused = self.told = ""

    def _show(self, tried: Tried) -> None:
        """The provider's news, while the message they are about stands on the screen."""
        if self.sent and tried.is_told:
            self.told, self.is_lost = " ".join(filter(None, (tried.words, tried.problem))), tried.is_lost

    @handler
    async def send(self, form: dict[str, Any]) -> Any:
        self.busy, self.sent, self.refused, self.told = "send", "", "", ""
        yield
        scope = (await current_viewer(self)).scope()
        try:
            connection_id = parse_id(self.channel_id, "connection")
            self.sent = await send_test(scope, connection_id, form_text(form, "to"))
            # The provider may have been faster than this answer.
            async with viewer_db(self) as db:
                self._show(await load_tried(db, connection_id))
        except Invalid:
            raise
        except OmniError as error:
            self.refused = " ".join(filter(None, words_of(error)))
