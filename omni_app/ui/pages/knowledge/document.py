"""One document: its text with the span a source points at, rename, retry, delete."""

from typing import Any

import reflex as rx

from omni_app.infra.errors import Conflict, Invalid, NotFound
from omni_app.insights.document_use import count_uses
from omni_app.knowledge.documents import delete_document, load_document, rename_document, retry_document
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, form_text, handler, loader, parse_id, viewer_db
from omni_app.ui.components import said
from omni_app.ui.live import watch
from omni_app.ui.pages.knowledge.showing import DocumentLine, Piece, line_of, part_of, pieces_of, split_text
from omni_app.ui.words import count, zone_of

_SHOW_MARK = "setTimeout(() => document.querySelector('.doctext mark')?.scrollIntoView({block: 'center'}), 60)"
_EMPTY = DocumentLine("", "", "text", "", "", "", "", False, "", "0", "")


class DocumentState(ViewerState, rx.State):
    line: DocumentLine = _EMPTY
    pieces: list[Piece] = []
    part: int = 1
    parts: int = 1
    uses: str = ""
    passages: str = ""
    added: str = ""
    has_mark: bool = False
    is_gone: bool = False
    is_renaming: bool = False
    is_deleting: bool = False
    form: int = 0

    _version: int = 0
    _seen_version: int = 0
    """What the title in the dialog was typed over; a change that comes meanwhile must be noticed."""
    _start: int = 0
    _end: int = 0

    @loader
    async def load(self) -> Any:
        await watch(self, DocumentState.on_live, ("document",), every=0.5)
        asked = self.router.url.query_parameters
        self._start, self._end = _number(asked.get("start")), _number(asked.get("end"))
        self.is_renaming = self.is_deleting = False
        self.part, self.is_gone = 0, False
        await self._read()
        return rx.call_script(_SHOW_MARK) if self.has_mark else None

    @handler
    async def on_live(self, note: dict) -> None:
        if note.get("ids", {}).get("document_id") in (self.line.id, None):
            try:
                await self._read()
            except NotFound:
                # Somebody deleted what is on the screen: say so there.
                self.is_gone = True

    @handler
    async def go(self, part: int) -> None:
        self.part = max(1, min(part, self.parts)) if isinstance(part, int) else 1
        await self._read()

    async def _read(self) -> None:
        async with viewer_db(self) as db:
            document = await load_document(db, parse_id(self.document_id, "document"))
            zone = zone_of((await load_business(db)).timezone)
            uses = await count_uses(db, document.view.id)
        parts = split_text(document.text)
        mark = (self._start, min(self._end, len(document.text)))
        if self.part == 0:
            self.part = 1 + (part_of(parts, mark[0]) if mark[1] > mark[0] else 0)
        self.parts, self.part = len(parts), min(self.part, len(parts))
        self.line, self._version = line_of(document.view, zone), document.view.version
        self.pieces = pieces_of(document, parts[self.part - 1], mark) if document.text else []
        self.has_mark = mark[1] > mark[0]
        self.uses = count(uses, "answer") + " in 30 days" if uses else "Not used in 30 days"
        self.passages = count(document.view.passages, "passage")
        self.added = document.view.created_by

    @handler
    async def ask_rename(self) -> None:
        self.is_renaming, self.form, self._seen_version = True, self.form + 1, self._version

    @handler
    async def set_renaming(self, is_open: bool) -> None:
        self.is_renaming = bool(is_open)

    @handler
    async def rename(self, form: dict[str, Any]) -> Any:
        try:
            async with viewer_db(self) as db:
                await rename_document(db, parse_id(self.document_id, "document"), form_text(form, "title"), self._seen_version)
        except Conflict as error:
            # Their change is on the page now; saving again is a decision made with it in view.
            await self._read()
            self._seen_version = self._version
            raise Invalid(str(error), "title") from error
        self.is_renaming = False
        await self._read()
        return said("Document renamed")

    @handler
    async def retry(self) -> Any:
        async with viewer_db(self) as db:
            await retry_document(db, parse_id(self.document_id, "document"))
        await self._read()
        return said("Reading it once more")

    @handler
    async def ask_delete(self) -> None:
        self.is_deleting = True

    @handler
    async def keep(self, is_open: bool = False) -> None:
        self.is_deleting = False

    @handler
    async def delete(self) -> Any:
        self.busy = "delete"
        yield
        async with viewer_db(self) as db:
            await delete_document(db, parse_id(self.document_id, "document"))
        self.is_deleting = False
        yield said("Document deleted")
        yield rx.redirect("/knowledge/documents")


def _number(value: object) -> int:
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0
