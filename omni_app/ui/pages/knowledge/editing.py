"""Write an FAQ: new or known, with unsaved changes guarded and a change by somebody else told in words."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import reflex as rx

from omni_app.infra.errors import Conflict, FieldError, Invalid, NotFound
from omni_app.infra.scope import Permission
from omni_app.insights.questions import load_question_text
from omni_app.knowledge.faqs import MAX_PHRASINGS, MAX_QUESTION, FaqView, create_faq, load_faq, prepare_faq, update_faq
from omni_app.knowledge.suggestions import load_suggestion, take_suggestion
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, current_viewer, form_text, handler, loader, parse_id, viewer_db
from omni_app.ui.components import said
from omni_app.ui.live import watch
from omni_app.ui.pages.knowledge.listing import KnowledgeState, plain_text
from omni_app.ui.words import when, zone_of

_EMPTY_MORE = "(document.getElementById('f-more') || {}).value = ''"
_FORGET_QUERY = "history.replaceState(history.state, '', location.pathname)"


@dataclass
class Row:
    """One phrasing in the form: its input is called `p-<key>` and keeps what is typed in the browser."""

    key: int
    name: str
    text: str


def lines_of(text: str) -> list[str]:
    """The phrasings in a pasted text: one a line, list marks and empty lines left out."""
    found = (line.strip().lstrip("•*-–·").strip() for line in text.splitlines())
    return [line for line in found if line]


class EditorState(ViewerState, rx.State):
    is_open: bool = False
    faq_id: str = ""
    question: str = ""
    answer: str = ""
    rows: list[Row] = []
    form: int = 0
    """Grows when the form starts over, so that its fields take the new texts."""
    is_changed: bool = False
    asks_discard: bool = False
    clash: str = ""
    """changed or deleted: somebody else was faster. What they wrote stands in `their_*`."""
    their_question: str = ""
    their_answer: str = ""
    their_phrasings: list[str] = []
    their_time: str = ""

    _version: int = 0
    _their_version: int = 0
    _next_key: int = 0
    _suggestion_id: str = ""

    @loader
    async def load(self) -> None:
        # A connection that comes back loads again, perhaps while somebody writes: what is open stays open.
        await watch(self, EditorState.on_live, ("faq",))

    @handler
    async def begin(self) -> Any:
        """The page appears: close what an earlier visit left open, and open what the address asks for."""
        self.is_open = self.asks_discard = self.is_changed = False
        asked = self.router.url.query_parameters
        if message_id := asked.get("from"):
            async with viewer_db(self) as db:
                text = await load_question_text(db, parse_id(message_id, "question"))
            if Permission.TEACH in (await current_viewer(self)).permissions:
                self._start(plain_text(text, MAX_QUESTION))
            return rx.call_script(_FORGET_QUERY)
        if suggestion_id := asked.get("suggestion"):
            await self._open_suggestion(suggestion_id)
            return rx.call_script(_FORGET_QUERY)
        if faq_id := asked.get("faq"):
            await self._open(parse_id(faq_id, "FAQ"))
            return rx.call_script(_FORGET_QUERY)
        return None

    @handler
    async def on_live(self, note: dict) -> None:
        if self.is_open and self.faq_id and note.get("ids", {}).get("faq_id") in (self.faq_id, None):
            await self._compare()

    @handler
    async def open_new(self, question: str = "") -> None:
        (await current_viewer(self)).scope().require(Permission.TEACH)
        self._start(plain_text(question, MAX_QUESTION))

    @handler
    async def open_faq(self, faq_id: str) -> None:
        await self._open(parse_id(faq_id, "FAQ"))

    @handler
    async def open_suggestion(self, suggestion_id: str) -> None:
        await self._open_suggestion(suggestion_id)

    async def _open_suggestion(self, suggestion_id: str) -> None:
        """Write an FAQ from a suggestion; saving it takes the suggestion."""
        (await current_viewer(self)).scope().require(Permission.TEACH)
        async with viewer_db(self) as db:
            found = await load_suggestion(db, parse_id(suggestion_id, "suggestion"))
        self._start(plain_text(found.question, MAX_QUESTION), found.answer, found.examples)
        self._suggestion_id = str(found.id)

    async def _open(self, faq_id: UUID) -> None:
        async with viewer_db(self) as db:
            faq = await load_faq(db, faq_id)
        self._start(faq.question, faq.answer, faq.phrasings, faq)

    def _start(self, question: str, answer: str = "", phrasings: tuple[str, ...] = (), faq: FaqView | None = None) -> None:
        self.faq_id, self._version = (str(faq.id), faq.version) if faq else ("", 0)
        self.question, self.answer = question, answer
        self.rows = []
        self._add(phrasings)
        self.is_changed, self.asks_discard, self.clash, self._their_version = False, False, "", 0
        self._suggestion_id = ""
        self.errors, self.form_error = {}, ""
        self.form += 1
        self.is_open = True

    def _add(self, texts: Any) -> None:
        for text in list(texts)[: MAX_PHRASINGS + 1 - len(self.rows)]:
            self.rows.append(Row(self._next_key, f"p-{self._next_key}", text))
            self._next_key += 1

    @handler
    async def mark_changed(self, _text: str = "") -> None:
        self.is_changed = True

    @handler
    async def add_rows(self, text: str) -> None:
        texts = [plain_text(line, MAX_QUESTION + 1) for line in lines_of(text)] if isinstance(text, str) else []
        self.is_changed = self.is_changed or bool(texts)
        self._add(texts)
        if len(self.rows) > MAX_PHRASINGS:
            self.rows = self.rows[:MAX_PHRASINGS]
            raise Invalid(f"An FAQ has at most {MAX_PHRASINGS} phrasings. The first {MAX_PHRASINGS} are kept.", "phrasings")

    @handler
    async def remove_row(self, key: int) -> None:
        self.rows = [row for row in self.rows if row.key != key]
        self.is_changed = True

    @handler
    async def set_open(self, is_open: bool) -> None:
        """Close, unless something would be lost: then ask."""
        if is_open:
            return
        if self.is_changed:
            self.asks_discard = True
        else:
            self.is_open = False

    @handler
    async def go_on(self, is_open: bool = False) -> None:
        self.asks_discard = False

    @handler
    async def discard(self) -> None:
        self.asks_discard = self.is_changed = self.is_open = False

    @handler
    async def use_theirs(self) -> None:
        await self._open(parse_id(self.faq_id, "FAQ"))

    @handler
    async def save(self, form: dict[str, Any]) -> Any:
        viewer = await current_viewer(self)
        viewer.scope().require(Permission.TEACH)
        self.busy = "save"
        # What waits in the box for several lines is meant to be saved too; as rows it is not added twice.
        typed = {row.key: plain_text(form_text(form, row.name), MAX_QUESTION + 1) for row in self.rows}
        before = len(self.rows)
        self._add(plain_text(line, MAX_QUESTION + 1) for line in lines_of(form_text(form, "more")))
        typed |= {row.key: row.text for row in self.rows[before:]}
        yield rx.call_script(_EMPTY_MORE)
        filled = [row for row in self.rows if typed[row.key]]
        prepared = await self._prepare(form, [typed[row.key] for row in filled], filled)
        is_new = not self.faq_id or self.clash == "deleted"
        try:
            async with viewer_db(self) as db:
                if is_new and self._suggestion_id:
                    await take_suggestion(db, parse_id(self._suggestion_id, "suggestion"), prepared)
                elif is_new:
                    await create_faq(db, prepared)
                else:
                    await update_faq(db, parse_id(self.faq_id, "FAQ"), prepared, self._their_version or self._version)
        except (Conflict, NotFound) as error:
            if not is_new and await self._compare():
                return
            raise Invalid(str(error), "question") from error
        self.is_open = self.is_changed = False
        yield said("FAQ saved. The next answer uses it.")
        yield KnowledgeState.refresh()

    async def _prepare(self, form: dict[str, Any], phrasings: list[str], rows: list[Row]) -> Any:
        try:
            return await prepare_faq(form_text(form, "question"), form_text(form, "answer"), phrasings)
        except Invalid as error:
            # The domain counts the phrasings it got; the form knows its rows by key.
            fields = [FieldError(field=_field(item.field, rows), message=item.message) for item in error.fields]
            raise Invalid(str(error), fields=fields) from error

    async def _compare(self) -> bool:
        """Look whether somebody else changed or deleted the FAQ that is open; keep what is typed here."""
        try:
            async with viewer_db(self) as db:
                faq = await load_faq(db, parse_id(self.faq_id, "FAQ"))
                zone = zone_of((await load_business(db)).timezone)
        except NotFound:
            self.clash, self.is_changed = "deleted", True
            return True
        if faq.version in (self._version, self._their_version):
            return False
        self.clash, self._their_version = "changed", faq.version
        self.their_question, self.their_answer = faq.question, faq.answer
        self.their_phrasings, self.their_time = list(faq.phrasings), when(faq.updated_at, zone)
        return True


def _field(name: str, rows: list[Row]) -> str:
    place = name.removeprefix("phrasings.")
    return rows[int(place)].name if place.isdigit() and int(place) < len(rows) else name
