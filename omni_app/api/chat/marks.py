"""Delivered, read and page of open widgets, written in batches: none of it is worth a transaction of its own."""

import asyncio
from collections import defaultdict
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from omni_app.conversations.marks import Page, keep_pages, mark_team_messages
from omni_app.infra.database import open_db
from omni_app.infra.log import get_logger
from omni_app.infra.scope import system_scope

log = get_logger(__name__)

EVERY_SECONDS = 0.3


class Marks:
    """What waits to be written, the furthest of each conversation."""

    def __init__(self) -> None:
        self._delivered: defaultdict[UUID, dict[UUID, int]] = defaultdict(dict)
        self._read: defaultdict[UUID, dict[UUID, int]] = defaultdict(dict)
        self._pages: defaultdict[UUID, dict[UUID, Page]] = defaultdict(dict)
        self._any = asyncio.Event()

    def delivered(self, business_id: UUID, conversation_id: UUID, seq: int) -> None:
        waiting = self._delivered[business_id]
        waiting[conversation_id] = max(seq, waiting.get(conversation_id, 0))
        self._any.set()

    def read(self, business_id: UUID, conversation_id: UUID, seq: int) -> None:
        waiting = self._read[business_id]
        waiting[conversation_id] = max(seq, waiting.get(conversation_id, 0))
        self._any.set()

    def page(self, business_id: UUID, conversation_id: UUID, page: Page) -> None:
        self._pages[business_id][conversation_id] = page
        self._any.set()

    async def run(self) -> None:
        """Write what waits, for ever. What a database that is away did not take is dropped: marks are told again."""
        while True:
            await self._any.wait()
            await asyncio.sleep(EVERY_SECONDS)
            await self.write()

    async def write(self) -> None:
        self._any.clear()
        delivered, self._delivered = self._delivered, defaultdict(dict)
        read, self._read = self._read, defaultdict(dict)
        pages, self._pages = self._pages, defaultdict(dict)
        for business_id in {*delivered, *read, *pages}:
            try:
                async with open_db(system_scope(business_id)) as db:
                    if got := _beyond(delivered.get(business_id, {}), read.get(business_id, {})):
                        await mark_team_messages(db, got, "delivered")
                    if seen := read.get(business_id):
                        await mark_team_messages(db, seen, "read")
                    if where := pages.get(business_id):
                        await keep_pages(db, where)
            except (SQLAlchemyError, OSError) as error:
                log.warning("marks not written", error=type(error).__name__)


def _beyond(delivered: dict[UUID, int], read: dict[UUID, int]) -> dict[UUID, int]:
    """What was read needs no mark of having come."""
    return {conversation_id: seq for conversation_id, seq in delivered.items() if seq > read.get(conversation_id, 0)}


marks = Marks()
