"""Rounds over the open widgets: who is here is renewed, who fell silent is let go, opening and closing time is told."""

import asyncio
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from omni_app.api.chat import shapes
from omni_app.api.chat.hub import Visitor, hub
from omni_app.conversations.presence import visitors_are_here
from omni_app.infra.log import get_logger
from omni_app.tenancy.businesses import BusinessView, find_business_by_widget_key

log = get_logger(__name__)

EVERY_SECONDS = 15.0
# A widget pings every 25 seconds.
SILENT_SECONDS = 120.0


async def keep_widgets() -> None:
    """For ever, every `EVERY_SECONDS`."""
    online: dict[UUID, bool] = {}
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        try:
            await visitors_are_here(hub.conversations())
            for visitor in silent_ones(hub, asyncio.get_running_loop().time()):
                let_go(visitor)
            online = await tell_hours(online)
        except (SQLAlchemyError, OSError) as error:
            log.warning("round over the open widgets not finished", error=type(error).__name__)


def silent_ones(widgets: Iterable[Visitor], at: float) -> list[Visitor]:
    """Who said nothing for `SILENT_SECONDS`: dead connections the network did not tell us about."""
    return [visitor for visitor in widgets if at - visitor.heard_at > SILENT_SECONDS]


def let_go(visitor: Visitor) -> None:
    """End the task that waits for this socket: Granian keeps a close from beside it until that wait is over."""
    visitor.is_let_go = True
    if visitor.task is not None:
        visitor.task.cancel()


async def tell_hours(before: dict[UUID, bool]) -> dict[UUID, bool]:
    """Wake the widgets of a business that opened or closed since the last round. Also gives them its settings of today."""
    known: dict[str, BusinessView | None] = {}
    after: dict[UUID, bool] = {}
    for visitor in hub:
        key = visitor.business.widget_key
        if key not in known:
            known[key] = await find_business_by_widget_key(key)
        business = known[key]
        if business is None:
            continue
        visitor.business = business
        after[business.id] = shapes.availability(business)["online"]
        if before.get(business.id, after[business.id]) != after[business.id]:
            hub.wake(visitor)
    return after
