"""The list of documents: search, pages, progress, delete, retry."""

from typing import Any

import reflex as rx

from omni_app.infra.errors import Invalid
from omni_app.knowledge.documents import delete_document, list_documents, retry_document
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, handler, loader, parse_id, viewer_db
from omni_app.ui.components import said
from omni_app.ui.live import watch
from omni_app.ui.pages.knowledge.listing import MAX_SEARCH, PAGE_SIZE, plain_text
from omni_app.ui.pages.knowledge.showing import DocumentLine, line_of
from omni_app.ui.words import count, zone_of


class DocumentsState(ViewerState, rx.State):
    lines: list[DocumentLine] = []
    search: str = ""
    cleared: int = 0
    """Grows when the search box is emptied from outside, so that it shows it."""
    total: int = 0
    total_words: str = ""
    page: int = 1
    pages: int = 1
    deleting_id: str = ""
    deleting_title: str = ""

    @loader
    async def load(self) -> None:
        # A long document says twice a second how far it is; the list need not be read more often than that.
        await watch(self, DocumentsState.on_live, ("document",), every=0.5)
        await self._read()

    @handler
    async def on_live(self, note: dict) -> None:
        await self._read()

    @handler
    async def refresh(self) -> None:
        await self._read()

    @handler
    async def find(self, text: str) -> None:
        self.search, self.page = plain_text(text, MAX_SEARCH), 1
        await self._read()

    @handler
    async def clear(self) -> None:
        self.search, self.page, self.cleared = "", 1, self.cleared + 1
        await self._read()

    @handler
    async def go(self, page: int) -> None:
        self.page = max(1, min(page, self.pages)) if isinstance(page, int) else 1
        await self._read()

    async def _read(self) -> None:
        async with viewer_db(self) as db:
            zone = zone_of((await load_business(db)).timezone)
            views, total = await list_documents(db, self.search, self.page, PAGE_SIZE)
            if not views and total:
                # Somebody deleted what this page showed.
                self.page = -(-total // PAGE_SIZE)
                views, total = await list_documents(db, self.search, self.page, PAGE_SIZE)
        self.total, self.pages = total, max(1, -(-total // PAGE_SIZE))
        self.total_words = count(total, "document") + (" found" if self.search else "")
        self.lines = [line_of(view, zone) for view in views]

    @handler
    async def ask_delete(self, document_id: str) -> None:
        line = next((line for line in self.lines if line.id == document_id), None)
        if line is None:
            raise Invalid("This document is not on the list any more.")
        self.deleting_id, self.deleting_title = line.id, line.title

    @handler
    async def keep(self, is_open: bool = False) -> None:
        self.deleting_id = ""

    @handler
    async def delete(self) -> Any:
        self.busy = "delete"
        yield
        document_id, self.deleting_id = parse_id(self.deleting_id, "document"), ""
        try:
            async with viewer_db(self) as db:
                await delete_document(db, document_id)
        finally:
            await self._read()
        yield said("Document deleted")

    @handler
    async def retry(self, document_id: str) -> Any:
        async with viewer_db(self) as db:
            await retry_document(db, parse_id(document_id, "document"))
        await self._read()
        return said("Reading it once more")
