"""What everybody sees of an answer while it is made: dots, then the half-written text, as live notes.

Notes may be lost; the recorded message decides. It has the id of the stream, so it takes the half text's place.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from omni_app.conversations.answering import holds_turn, renew_turn
from omni_app.conversations.presence import show_typing
from omni_app.infra.background import start_task
from omni_app.infra.database import open_db
from omni_app.infra.ids import new_id
from omni_app.infra.live import publish_now
from omni_app.infra.scope import Scope

# An answer that is there at once needs no dots.
DOTS_AFTER_SECONDS = 0.15
# Readers forget dots after five seconds (`presence.TYPING`).
DOTS_AGAIN_SECONDS = 3.0
# Between two pieces of text; faster than anybody reads.
PACE_SECONDS = 0.06
LOOK_AGAIN_SECONDS = 1.0
# How long the end of an answer waits for a note that is on its way; a Redis that is away must not hold it up.
PATIENCE_SECONDS = 2.0


class LiveAnswer:
    """One turn's answer in the making. Call `start`, then `write`, and always `stop` before recording and `end` after it."""

    def __init__(self, scope: Scope, conversation_id: UUID, turn_id: UUID, fence: int) -> None:
        self.message_id = new_id()
        # A person took over, or another turn did: nothing of this answer will be kept.
        self.is_lost = False
        self._scope = scope
        self._conversation_id = conversation_id
        self._turn_id = turn_id
        self._fence = fence
        self._text = ""
        self._shown = ""
        self._has_dots = False
        self._changed = asyncio.Event()
        self._stopped = asyncio.Event()
        # The pace is for text that grows; its end waits for nothing.
        self._no_more = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Show dots soon, unless the answer is there before."""
        self._timer = asyncio.get_running_loop().call_later(DOTS_AFTER_SECONDS, self.think)

    def think(self) -> None:
        """Show dots now: this takes a moment."""
        if self._task is None and not self._stopped.is_set():
            self._task = start_task(self._publish(), "half-written answer")

    def write(self, text: str) -> None:
        """The whole text so far."""
        self._text = text
        self._changed.set()
        self.think()

    async def write_whole(self, text: str) -> None:
        """The text is complete: it is on its way when this returns, before anything else is done about it."""
        self._no_more.set()
        if text != self._shown and not self.is_lost:
            self._text = self._shown = text
            await asyncio.wait({start_task(self._show(text), "whole answer")}, timeout=PATIENCE_SECONDS)

    async def stop(self) -> None:
        """Show nothing more: after this returns no half text can overtake the recorded answer."""
        if self._timer is not None:
            self._timer.cancel()
        self._stopped.set()
        self._no_more.set()
        self._changed.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=PATIENCE_SECONDS)
            self._task.cancel()

    def end(self, *, is_recorded: bool) -> None:
        """Take the dots away, and a half text that will never be whole."""
        if self._has_dots:
            start_task(show_typing(self._scope.business_id, self._conversation_id, "assistant", "", False), "no dots")
        if self._shown and not is_recorded:
            start_task(self._show(""), "half text taken back")

    async def _publish(self) -> None:
        loop = asyncio.get_running_loop()
        dots_at, look_at = loop.time(), loop.time() + LOOK_AGAIN_SECONDS
        while not self._stopped.is_set():
            if loop.time() >= dots_at and not self._text:
                self._has_dots = True
                await show_typing(self._scope.business_id, self._conversation_id, "assistant", "", True)
                dots_at = loop.time() + DOTS_AGAIN_SECONDS
            if loop.time() >= look_at:
                await self._look()
                look_at = loop.time() + LOOK_AGAIN_SECONDS
            if self._text != self._shown and not self._stopped.is_set():
                self._changed.clear()
                self._shown = self._text
                await self._show(self._shown)
                await self._pause(self._no_more, PACE_SECONDS)
            else:
                self._changed.clear()
                await self._pause(self._changed, (look_at if self._text else min(dots_at, look_at)) - loop.time())

    async def _pause(self, until: asyncio.Event, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                await until.wait()

    async def _show(self, text: str) -> None:
        ids = {"conversation_id": self._conversation_id, "message_id": self.message_id}
        await publish_now(self._scope.business_id, "message.streaming", **ids, text=text)

    async def renew(self, lease: timedelta) -> None:
        """Hold the conversation for `lease` from now on, after waiting for somebody else's answer."""
        async with open_db(self._scope) as db:
            self.is_lost = not await renew_turn(db, self._conversation_id, self._turn_id, self._fence, lease)

    async def _look(self) -> None:
        try:
            async with open_db(self._scope) as db:
                self.is_lost = not await holds_turn(db, self._conversation_id, self._turn_id, self._fence)
        except (SQLAlchemyError, OSError):
            return  # The recording decides.
