"""FAQs worth writing: what the page of suggestions shows, and what can be done with one."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from omni_app.knowledge.suggestions import (
    DISMISSED,
    OPEN,
    SuggestionView,
    dismiss_suggestion,
    list_suggestions,
    restore_suggestion,
)
from omni_app.llm.registry import find_language_model
from omni_app.orchestrator.suggesting import MOST, suggest_faqs
from omni_app.ui.access import ViewerState, current_viewer, handler, loader, parse_id, viewer_db
from omni_app.ui.components import said
from omni_app.ui.live import watch
from omni_app.ui.pages.knowledge.listing import first_line
from omni_app.ui.words import cost, count


@dataclass
class SuggestionLine:
    id: str
    question: str
    kind: str
    """often_asked or not_known."""
    answer: str
    examples: str
    asked: str
    saving: str


class SuggestedState(ViewerState, rx.State):
    lines: list[SuggestionLine] = []
    total_words: str = ""
    status: str = OPEN
    has_model: bool = False

    @loader
    async def load(self) -> None:
        await watch(self, SuggestedState.on_live, ("suggestion", "faq"), every=1.0)
        await self._read()

    @handler
    async def on_live(self, note: dict) -> None:
        await self._read()

    @handler
    async def show(self, status: str) -> None:
        self.status = DISMISSED if status == DISMISSED else OPEN
        await self._read()

    @handler
    async def look(self) -> Any:
        """Look through the conversations of the last 30 days now."""
        self.busy = "look"
        yield
        found = await suggest_faqs((await current_viewer(self)).scope())
        await self._read()
        yield said(f"{count(found, 'FAQ')} worth writing" if found else "Nothing is asked often without an FAQ.")

    @handler
    async def dismiss(self, suggestion_id: str) -> Any:
        async with viewer_db(self) as db:
            await dismiss_suggestion(db, parse_id(suggestion_id, "suggestion"))
        await self._read()
        return said("Put aside. It stays under “Put aside”.")

    @handler
    async def restore(self, suggestion_id: str) -> Any:
        async with viewer_db(self) as db:
            await restore_suggestion(db, parse_id(suggestion_id, "suggestion"))
        await self._read()
        return said("Brought back")

    async def _read(self) -> None:
        async with viewer_db(self) as db:
            found, total = await list_suggestions(db, self.status, 1, MOST)
        self.has_model = find_language_model() is not None
        self.lines = [line_of(one) for one in found]
        self.total_words = count(total, "suggestion")


def line_of(view: SuggestionView) -> SuggestionLine:
    """A suggestion as a row."""
    others = " · ".join(view.examples[:2])
    return SuggestionLine(
        id=str(view.id),
        question=view.question,
        kind=view.kind,
        answer=first_line(view.answer),
        examples=f"Also: {others}" if others else "",
        asked=f"{view.asked:,}",
        saving=cost(view.saving_nusd),
    )
