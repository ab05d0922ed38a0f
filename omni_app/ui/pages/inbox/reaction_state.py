"""An emoji of the team on a customer's message."""

from typing import Any

import reflex as rx

from omni_app.conversations.reacting import react
from omni_app.infra.errors import Conflict
from omni_app.ui.access import ViewerState, handler, parse_id, viewer_db
from omni_app.ui.components import told
from omni_app.ui.pages.inbox.thread_state import ThreadState


class ReactionState(ViewerState, rx.State):
    """`busy` is the message an emoji is on its way to."""

    @handler
    async def react(self, message_id: str, emoji: str) -> Any:
        """Put the emoji on the message, or take it off when it is there already."""
        self.busy = f"react{message_id}"
        yield
        thread = await self.get_state(ThreadState)
        line, problem = thread._line(message_id), ""
        is_there = line.reacted == emoji and line.react_state != "failed"
        try:
            async with viewer_db(self) as db:
                await react(db, parse_id(message_id, "message"), "" if is_there else str(emoji))
        except Conflict as error:
            problem = str(error)
        await thread._reread(message_id)
        yield told(problem) if problem else rx.call_script("window.omniChannels && omniChannels.closeEmojis()")
