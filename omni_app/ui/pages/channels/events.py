"""What a connection's provider sent: listed, looked at, handled again."""

from typing import Any

import reflex as rx

from omni_app.channels.connections import load_connection
from omni_app.channels.events import STATUSES, list_events, read_event, replay_event
from omni_app.channels.registry import load_adapter
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, handler, loader, parse_id, viewer_db
from omni_app.ui.components import said
from omni_app.ui.live import watch
from omni_app.ui.pages.channels.showing import EVENT_WORDS, EventLine, content_words, event_line, hook_titles
from omni_app.ui.words import count, zone_of

ON_A_PAGE = 25


class EventsState(ViewerState, rx.State):
    """The content of an event stays here only while it is shown."""

    events: list[EventLine] = []
    total: str = ""
    status: str = ""
    number: int = 1
    pages: int = 1
    content: str = ""
    content_title: str = ""

    _of: str = ""

    @loader
    async def load(self) -> None:
        # An event that was handled shows as the message it became.
        await watch(self, EventsState.on_live, ("channel", "message", "conversation"), every=2.0)
        if self._of != str(self.channel_id):
            self._of, self.status = str(self.channel_id), ""
        self.number, self.content = 1, ""
        await self._read()

    @handler
    async def on_live(self, note: dict) -> None:
        if self._of:
            await self._read()

    async def _read(self) -> None:
        connection_id = parse_id(self._of or self.channel_id, "connection")
        async with viewer_db(self) as db:
            zone = zone_of((await load_business(db)).timezone)
            view = await load_connection(db, connection_id)
            found, total = await list_events(db, connection_id, self.status, self.number, ON_A_PAGE)
            if not found and self.number > 1:
                self.number = 1
                found, total = await list_events(db, connection_id, self.status, 1, ON_A_PAGE)
        titles = hook_titles(load_adapter(view.kind))
        self.events = [event_line(one, titles, zone) for one in found]
        self.total, self.pages = count(total, "event"), max(1, -(-total // ON_A_PAGE))

    @handler
    async def refresh(self) -> None:
        await self._read()

    @handler
    async def filter_by(self, status: str) -> None:
        self.status, self.number = status if status in STATUSES else "", 1
        await self._read()

    @handler
    async def go(self, number: int) -> None:
        self.number = max(1, min(number, self.pages)) if isinstance(number, int) else 1
        await self._read()

    @handler
    async def look(self, event_id: str) -> None:
        async with viewer_db(self) as db:
            content = await read_event(db, parse_id(event_id, "event"))
        line = next((one for one in self.events if one.id == event_id), None)
        self.content_title = f"{line.what}, {line.at}" if line is not None else "Event"
        self.content = content_words(content) or "It has no content."

    @handler
    async def close(self, is_open: bool = False) -> None:
        self.content = ""

    @handler
    async def repeat(self, event_id: str) -> Any:
        async with viewer_db(self) as db:
            await replay_event(db, parse_id(event_id, "event"))
        await self._read()
        return said("It is being handled again")


FILTERS = [("", "All"), *((status, EVENT_WORDS[status]) for status in STATUSES)]
