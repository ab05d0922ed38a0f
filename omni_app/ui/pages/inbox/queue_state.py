"""The list on the left: one folder, kept current row by row."""

from dataclasses import replace
from datetime import datetime
from typing import get_args
from uuid import UUID

import reflex as rx

from omni_app.conversations.reading import (
    ConversationView,
    Folder,
    count_folders,
    list_conversations,
    load_conversation,
)
from omni_app.infra.errors import NotFound
from omni_app.ui.access import ViewerState, current_viewer, handler, loader, parse_id, viewer_db
from omni_app.ui.live import watch
from omni_app.ui.pages.inbox.lines import Row, belongs, in_order, row_of

FOLDERS: dict[str, str] = {
    "waiting": "Waiting",
    "mine": "Mine",
    "ai": "With AI",
    "all": "All",
    "unassigned": "Unassigned",
    "closed": "Closed",
}
"""Folder -> its name, in the order shown."""

assert set(FOLDERS) == set(get_args(Folder))

PAGE = 50


class QueueState(ViewerState, rx.State):
    """While the pointer is over the list no row moves: rows change in place, and new ones are counted in `fresh`."""

    folder: str = "waiting"
    rows: list[Row] = []
    counts: dict[str, int] = dict.fromkeys(FOLDERS, 0)
    fresh: int = 0
    has_more: bool = False

    _fresh_ids: list[str] = []
    _is_held: bool = False
    _is_stale: bool = False
    _session: str = ""

    @loader
    async def load(self) -> None:
        await watch(self, QueueState.on_live, ("message", "conversation"))
        session = self.router.session.session_id
        if session != self._session:
            # A page loaded anew: where its pointer is has not been told yet.
            self._session, self._is_held = session, False
        if not (self._is_held and self.loaded):
            await self._read()

    @handler
    async def pick(self, folder: str) -> None:
        if folder in FOLDERS:
            self.folder = folder
            await self._read()

    @handler
    async def show_fresh(self) -> None:
        await self._read()

    @handler
    async def hold(self, is_held: bool) -> None:
        self._is_held = bool(is_held)
        if not self._is_held and self._is_stale:
            await self._read()

    @handler
    async def older(self) -> None:
        rows = self.get_value("rows")
        before = datetime.fromisoformat(rows[-1].at) if rows else None
        member_id = (await current_viewer(self)).member_id
        async with viewer_db(self) as db:
            views = await list_conversations(db, self._folder(), PAGE, before)
        known = {row.id for row in rows}
        self.rows = [*rows, *(row_of(view, member_id) for view in views if str(view.id) not in known)]
        self.has_more = len(views) == PAGE

    @handler
    async def on_live(self, note: dict) -> None:
        if note.get("kind") == "resync":
            await self._read()
            return
        conversation_id = parse_id((note.get("ids") or {}).get("conversation_id"), "conversation")
        member_id = (await current_viewer(self)).member_id
        async with viewer_db(self) as db:
            try:
                view = await load_conversation(db, conversation_id)
            except NotFound:
                return
            counts = await count_folders(db) if self._changes_counts(view, member_id) else None
        self._place(view, member_id)
        if counts is not None:
            self.counts = counts

    def _folder(self) -> Folder:
        return self.folder  # type: ignore[return-value]

    def _changes_counts(self, view: ConversationView, member_id: UUID) -> bool:
        """Whether the row shown before this change stood in other folders; unknown rows may have."""
        now = row_of(view, member_id)
        return all((row.id, row.status, row.holder) != (now.id, now.status, now.holder) for row in self.get_value("rows"))

    def _place(self, view: ConversationView, member_id: UUID) -> None:
        row, rows = row_of(view, member_id), self.get_value("rows")
        is_here = belongs(view, self.folder, member_id)
        is_known = any(other.id == row.id for other in rows)
        if self._is_held:
            self._is_stale = True
            if is_known:
                self.rows = [row if other.id == row.id else other for other in rows]
            elif is_here and row.id not in self._fresh_ids:
                self._fresh_ids = [*self._fresh_ids, row.id]
                self.fresh = len(self._fresh_ids)
            return
        if is_here or is_known:
            others = [other for other in rows if other.id != row.id]
            self.rows = in_order([*others, row] if is_here else others, self.folder)

    async def _read(self) -> None:
        member_id = (await current_viewer(self)).member_id
        limit = 200 if self.folder == "waiting" else PAGE
        async with viewer_db(self) as db:
            views = await list_conversations(db, self._folder(), limit)
            counts = await count_folders(db)
        self.rows = [row_of(view, member_id) for view in views]
        self.has_more = len(views) == PAGE and self.folder != "waiting"
        self.fresh, self._fresh_ids, self._is_stale = 0, [], False
        self.counts = counts

    def _mark_seen(self, conversation_id: str) -> None:
        rows = self.get_value("rows")
        if any(row.id == conversation_id and row.is_unread for row in rows):
            self.rows = [replace(row, is_unread=False) if row.id == conversation_id else row for row in rows]
