"""Add documents: paste a text or upload files; or give a known document a new text."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from omni_app.infra.errors import Conflict, Invalid, OmniError
from omni_app.infra.scope import Permission
from omni_app.knowledge.documents import (
    PreparedDocument,
    add_document,
    load_view,
    prepare_text,
    prepare_upload,
    replace_document,
)
from omni_app.knowledge.reading.bounds import MAX_BYTES
from omni_app.ui.access import ViewerState, current_viewer, form_text, handler, parse_id, viewer_db
from omni_app.ui.components import said
from omni_app.ui.pages.knowledge.documents import DocumentsState
from omni_app.ui.pages.knowledge.listing import plain_text
from omni_app.ui.words import count

UPLOAD_ID = "documents"
MOST_FILES = 5
_SHOWN_NAME = 80


@dataclass
class Refused:
    """A file that was not taken, and why."""

    name: str
    problem: str


def shown_name(name: object) -> str:
    """A file's name on one line, long ones cut in the middle so that the ending still shows."""
    plain = plain_text(name, 1_000) or "File without a name"
    return plain if len(plain) <= _SHOWN_NAME else f"{plain[: _SHOWN_NAME - 21]}…{plain[-20:]}"


class AddState(ViewerState, rx.State):
    is_open: bool = False
    way: str = "upload"
    """upload or paste."""
    replacing_id: str = ""
    replacing_title: str = ""
    refused: list[Refused] = []
    form: int = 0
    """Grows when the form starts over, so that its fields are empty."""

    _version: int = 0

    @handler
    async def open_new(self, way: str = "upload") -> None:
        (await current_viewer(self)).scope().require(Permission.TEACH)
        self.replacing_id = self.replacing_title = ""
        self._start(way)

    @handler
    async def open_replace(self, document_id: str) -> None:
        (await current_viewer(self)).scope().require(Permission.TEACH)
        async with viewer_db(self) as db:
            view = await load_view(db, parse_id(document_id, "document"))
        self.replacing_id, self.replacing_title, self._version = str(view.id), view.title, view.version
        self._start("upload" if view.file_name else "paste")

    def _start(self, way: str) -> None:
        self.way = "paste" if way == "paste" else "upload"
        self.refused, self.errors, self.form_error = [], {}, ""
        self.form += 1
        self.is_open = True

    @handler
    async def choose(self, way: str) -> None:
        self.way, self.refused = "paste" if way == "paste" else "upload", []

    @handler
    async def set_open(self, is_open: bool) -> None:
        self.is_open = bool(is_open)

    @handler
    async def paste(self, form: dict[str, Any]) -> Any:
        self.busy = "paste"
        yield
        raw = form.get("text") if isinstance(form, dict) else None
        title = self.replacing_title or form_text(form, "title")
        prepared = prepare_text(title, raw if isinstance(raw, str) else "")
        try:
            await self._store(prepared)
        except Conflict as error:
            raise Invalid(str(error), "text") from error
        self.is_open = False
        yield said("Text added. It answers as soon as it is read." if not self.replacing_id else "New text taken.")
        yield DocumentsState.refresh()

    @handler
    async def upload(self, files: list[rx.UploadFile]) -> Any:
        """Take what was picked or dropped; what cannot be taken is named with its reason."""
        (await current_viewer(self)).scope().require(Permission.TEACH)
        self.busy, self.refused = "upload", []
        yield
        taken, refused = 0, []
        most = 1 if self.replacing_id else MOST_FILES
        for file in files[:most]:
            name = file.name or ""
            try:
                prepared = prepare_upload(await file.read(MAX_BYTES + 1), name, self.replacing_title)
                await self._store(prepared)
                taken += 1
            except OmniError as error:
                refused.append(Refused(name=shown_name(name), problem=str(error)))
        refused += [Refused(name=shown_name(file.name), problem=f"At most {most} at a time.") for file in files[most:]]
        self.refused = refused
        if taken:
            yield DocumentsState.refresh()
            yield said(f"{count(taken, 'document')} added" if not self.replacing_id else "New file taken")
        self.is_open = bool(refused)

    @handler
    async def refuse(self, rejected: list[dict[str, Any]]) -> None:
        """The browser did not send these files: too large, or too many."""
        refused = []
        for item in (rejected if isinstance(rejected, list) else [])[:20]:
            file = item.get("file") if isinstance(item, dict) else None
            codes = str(item.get("errors"))
            problem = (
                f"This file is larger than {MAX_BYTES // 2**20} MB."
                if "file-too-large" in codes
                else f"At most {1 if self.replacing_id else MOST_FILES} at a time."
            )
            name = (file.get("name") or file.get("path")) if isinstance(file, dict) else ""
            refused.append(Refused(name=shown_name(name), problem=problem))
        self.refused = refused

    async def _store(self, prepared: PreparedDocument) -> None:
        scope = (await current_viewer(self)).scope()
        if self.replacing_id:
            await replace_document(scope, parse_id(self.replacing_id, "document"), prepared, self._version)
        else:
            await add_document(scope, prepared)
