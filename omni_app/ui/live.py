"""Live updates: one Redis subscription a web process, one ordinary event for each tab that asked to be told.

A page's loader calls `watch(self, InboxState.on_live)`; `on_live(self, note)` is an ordinary `@handler`, so it proves its
session again and re-reads what it shows. The note is `{"kind": "message.created", "ids": {...}}`; the kind `resync` means that
notes may have been missed (the subscription was made anew): read everything again.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import UUID

import reflex as rx
from reflex_base.event import Event

from omni_app.infra.background import start_task
from omni_app.infra.live import RESYNC, Note, subscribe
from omni_app.infra.log import get_logger
from omni_app.ui.access import current_viewer

log = get_logger(__name__)


@dataclass(slots=True)
class _Watch:
    tell: Callable[[dict[str, Any]], Any]
    kinds: frozenset[str]
    stays: bool
    every: float = 0.0
    """Seconds that pass at least between two calls; notes that come in between are one call at their end."""
    told_at: float = float("-inf")
    is_due: bool = False
    about: str = ""
    """Only notes of this conversation; empty for all."""

    def wants(self, note: Note) -> bool:
        if note.kind == RESYNC:
            return True
        if self.about and note.ids.get("conversation_id") != self.about:
            return False
        return not self.kinds or note.kind in self.kinds or note.kind.split(".")[0] in self.kinds


# business -> tab -> what it watches, by handler. Of this process only: each process tells the tabs connected to it.
_watches: defaultdict[UUID, dict[str, dict[str, _Watch]]] = defaultdict(dict)


async def watch(
    state: rx.State, tell: Any, kinds: Collection[str] = (), *, stays: bool = False, every: float = 0.0, about: str = ""
) -> None:
    """Call `tell` (a handler with one `note: dict` argument) in this tab whenever something changes in the viewer's business.

    `kinds` narrows it: whole kinds (`message.created`) or their first word (`message`). A watch ends when the tab closes or loads
    another page; with `stays` (the shell) only when the tab closes. With `every` (seconds) a burst of notes is one call at once
    and one at its end: for pages that read everything again whatever the note says. `about` (a conversation's id) keeps notes of
    other conversations away: answers that stream come many times a second.
    """
    viewer = await current_viewer(state)
    tab = state.router.session.client_token
    for business_id, tabs in _watches.items():
        if business_id != viewer.business_id:
            tabs.pop(tab, None)
    _watches[viewer.business_id].setdefault(tab, {})[repr(tell)] = _Watch(tell, frozenset(kinds), stays, every, about=about)


def unwatch_page(state: rx.State) -> None:
    """Forget what the page before this one watched; the shell calls it at each page load."""
    tab = state.router.session.client_token
    for tabs in _watches.values():
        if tab in tabs:
            tabs[tab] = {name: item for name, item in tabs[tab].items() if item.stays}


async def _tell(app: rx.App, note: Note, tabs: dict[str, dict[str, _Watch]], connected: Collection[str]) -> None:
    body = {"kind": note.kind, "ids": dict(note.ids)}
    calls: list[tuple[int, str, _Watch]] = []
    for tab in list(tabs):
        if tab not in connected:
            tabs.pop(tab, None)
            continue
        # A page before its frame, and what a page watched first before the rest: that is what people look at.
        wanting = sorted((item for item in tabs[tab].values() if item.wants(note)), key=lambda item: item.stays)
        calls += [(rank, tab, item) for rank, item in enumerate(wanting)]
    for _, tab, item in sorted(calls, key=lambda call: call[0]):
        await _call(app, tab, item, body)


async def _call(app: rx.App, tab: str, item: _Watch, body: dict[str, Any]) -> None:
    wait = item.told_at + item.every - monotonic()
    if item.is_due:
        return
    if wait > 0:
        item.is_due = True
        start_task(_call_later(app, tab, item, body, wait), "live note, later")
        return
    item.told_at = monotonic()
    (event,) = Event.from_event_type(item.tell(body))
    await app.event_processor.enqueue(tab, event)


async def _call_later(app: rx.App, tab: str, item: _Watch, body: dict[str, Any], wait: float) -> None:
    await asyncio.sleep(wait)
    item.is_due = False
    if tab in app.event_namespace.token_to_sid:
        await _call(app, tab, item, body)


async def pump(app: rx.App) -> None:
    """Carry notes to tabs until the process ends; registered as a lifespan task."""
    while True:
        try:
            async for note in subscribe():
                connected = app.event_namespace.token_to_sid
                ids = list(_watches) if note.business_id is None else [note.business_id]
                for business_id in ids:
                    if tabs := _watches.get(business_id):
                        await _tell(app, note, tabs, connected)
        except Exception:
            # Whatever one note did must not end live updates for everybody; asyncio.CancelledError passes through.
            log.exception("live pump failed")
            await asyncio.sleep(1)
