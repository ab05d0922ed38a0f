"""The list on the left: one folder, kept current row by row."""

from dataclasses import replace
from datetime import datetime
from typing import get_args
from uuid import UUID

import reflex as rx

from omni_app.conversations.handling import Priority
from omni_app.conversations.reading import (
    ConversationView,
    Filters,
    Folder,
    count_folders,
    list_conversations,
    load_conversation,
)
from omni_app.conversations.searching import LONGEST, SHORTEST, search_conversations
from omni_app.infra.errors import NotFound
from omni_app.ui.access import ViewerState, current_viewer, handler, loader, parse_id, viewer_db
from omni_app.ui.components import CHANNELS
from omni_app.ui.live import watch
from omni_app.ui.pages.inbox.lines import Row, belongs, fits, found_row, in_order, row_of
from omni_app.ui.pages.inbox.sorting_state import SortingState

FOLDERS: dict[str, str] = {
    "waiting": "Waiting",
    "mine": "Mine",
    "ai": "With AI",
    "all": "All",
    "unassigned": "Unassigned",
    "snoozed": "Snoozed",
    "closed": "Closed",
}
"""Folder -> its name, in the order shown."""

assert set(FOLDERS) == set(get_args(Folder))

PAGE = 50


class QueueState(ViewerState, rx.State):
    """While the pointer is over the list no row moves: rows change in place, and new ones are counted in `fresh`.

    A `query` of two characters takes the place of the folder; the filters narrow the folder.
    """

    folder: str = "waiting"
    rows: list[Row] = []
    counts: dict[str, int] = dict.fromkeys(FOLDERS, 0)
    fresh: int = 0
    has_more: bool = False
    search_open: bool = False
    query: str = ""
    channel: str = ""
    label_id: str = ""
    assignee: str = ""
    priority: str = ""
    unread: bool = False

    _fresh_ids: list[str] = []
    _is_held: bool = False
    _is_stale: bool = False
    _session: str = ""

    @loader
    async def load(self) -> None:
        await watch(self, QueueState.on_live, ("message.created", "conversation"))
        session = self.router.session.session_id
        if session != self._session:
            # A page loaded anew: where its pointer is has not been told yet.
            self._session, self._is_held = session, False
            await (await self.get_state(SortingState))._read()
        if not (self._is_held and self.loaded):
            await self._read()

    @handler
    async def pick(self, folder: str) -> None:
        if folder in FOLDERS:
            self.folder = folder
            await self._read()

    @rx.var
    def is_searching(self) -> bool:
        return len(self.query.strip()) >= SHORTEST

    @rx.var
    def is_filtered(self) -> bool:
        return bool(self.channel or self.label_id or self.assignee or self.priority or self.unread)

    @handler
    async def set_search_open(self, is_open: bool) -> None:
        self.search_open = bool(is_open)
        if not self.search_open and self.query:
            self.query = ""
            await self._read()

    @handler
    async def search(self, query: str) -> None:
        self.query = str(query)[:LONGEST]
        await self._read()

    @handler
    async def narrow(self, what: str, value: str) -> None:
        """Set one filter; an empty value lifts it, and so does one there is not."""
        value = str(value)
        match what:
            case "channel":
                self.channel = value if value in CHANNELS else ""
            case "label":
                self.label_id = value
            case "assignee":
                self.assignee = value
            case "priority":
                self.priority = value if value in get_args(Priority) else ""
            case "unread":
                self.unread = value == "1"
        await self._read()

    @handler
    async def clear_filters(self) -> None:
        self.channel = self.label_id = self.assignee = self.priority = ""
        self.unread = False
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
            views = await list_conversations(db, self._folder(), PAGE, before, self._filters())
        known = {row.id for row in rows}
        self.rows = [*rows, *(row_of(view, member_id) for view in views if str(view.id) not in known)]
        self.has_more = len(views) == PAGE

    @handler
    async def on_live(self, note: dict) -> None:
        if note.get("kind") == "resync":
            await self._read()
            return
        ids = note.get("ids") or {}
        conversation_id = parse_id(ids.get("conversation_id"), "conversation")
        if "deleted" in ids:
            self.rows = [row for row in self.get_value("rows") if row.id != str(conversation_id)]
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
        if self.is_searching:
            # What was found stays where it was found.
            self.rows = [
                replace(row, before=other.before, hit=other.hit, after=other.after) if other.id == row.id else other
                for other in rows
            ]
            return
        is_here = belongs(view, self.folder, member_id) and fits(view, self._filters())
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
            if self.is_searching:
                rows = [found_row(found, member_id) for found in await search_conversations(db, self.query)]
                self.has_more = False
            else:
                views = await list_conversations(db, self._folder(), limit, filters=self._filters())
                rows = [row_of(view, member_id) for view in views]
                self.has_more = len(views) == PAGE and self.folder != "waiting"
            counts = await count_folders(db)
        self.rows = rows
        self.fresh, self._fresh_ids, self._is_stale = 0, [], False
        self.counts = counts

    def _filters(self) -> Filters:
        return Filters(
            channel=self.channel,
            label_id=parse_id(self.label_id, "label") if self.label_id else None,
            assignee="none" if self.assignee == "none" else parse_id(self.assignee, "member") if self.assignee else None,
            priority=self.priority,
            unread=self.unread,
        )

    def _mark_draft(self, conversation_id: str, has_draft: bool) -> None:
        rows = self.get_value("rows")
        if any(row.id == conversation_id and row.has_draft is not has_draft for row in rows):
            self.rows = [replace(row, has_draft=has_draft) if row.id == conversation_id else row for row in rows]

    def _mark_seen(self, conversation_id: str) -> None:
        rows = self.get_value("rows")
        if any(row.id == conversation_id and row.is_unread for row in rows):
            self.rows = [replace(row, is_unread=False) if row.id == conversation_id else row for row in rows]
