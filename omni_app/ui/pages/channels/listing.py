"""What is connected, and what can be."""

import reflex as rx

from omni_app.channels.connections import list_connections
from omni_app.channels.lights import load_lights
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, handler, loader, viewer_db
from omni_app.ui.live import watch
from omni_app.ui.pages.channels.showing import ConnectionLine, KindCard, connection_line, kind_cards
from omni_app.ui.words import zone_of


class ChannelsState(ViewerState, rx.State):
    lines: list[ConnectionLine] = []
    cards: list[KindCard] = []

    @loader
    async def load(self) -> None:
        await watch(self, ChannelsState.on_live, ("channel",), every=1.0)
        await self._read()

    @handler
    async def on_live(self, note: dict) -> None:
        await self._read()

    async def _read(self) -> None:
        async with viewer_db(self) as db:
            zone = zone_of((await load_business(db)).timezone)
            views, lights = await list_connections(db), await load_lights(db)
        self.lines = [connection_line(view, lights.get(view.id), zone) for view in views]
        self.cards = kind_cards(views)
