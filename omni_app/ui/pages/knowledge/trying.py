"""Ask the assistant on the side: which FAQ or passage would answer, how sure that is, and what a customer would read."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from omni_app.knowledge.retrieval import FoundPassage, quote
from omni_app.orchestrator.trying import try_question
from omni_app.ui.access import ViewerState, current_viewer, form_text, handler, loader
from omni_app.ui.live import watch

# Beside the best passage others help nobody decide.
SHOWN_PASSAGES = 1


@dataclass
class PassageLine:
    """A passage that is close: where it stands, and how sure it is to answer."""

    title: str
    href: str
    percent: str
    is_sure: bool


def passage_line(found: FoundPassage, asked: str, needed: float) -> PassageLine:
    said = quote(found, asked)
    where = f"{found.title} › {found.heading}" if found.heading and found.heading != found.title else found.title
    page = f", page {found.page}" if found.page else ""
    return PassageLine(
        title=where + page,
        href=f"/knowledge/documents/{found.document_id}?start={said.start}&end={said.end}",
        percent=f"{100 * found.confidence:.0f}",
        is_sure=found.confidence >= needed,
    )


class TryState(ViewerState, rx.State):
    asked: str = ""
    answer: str = ""
    source: str = ""
    """faq, passage, none, model or person; empty before the first question."""
    faq_id: str = ""
    faq_question: str = ""
    percent: str = ""
    needed: str = ""
    is_sure: bool = False
    passages: list[PassageLine] = []
    passage_needed: str = ""

    @loader
    async def load(self) -> None:
        await watch(self, TryState.on_live, ("faq", "document"), every=1.0)

    @handler
    async def begin(self) -> None:
        """The page appears with an empty box."""
        self.asked = self.source = ""

    @handler
    async def on_live(self, note: dict) -> None:
        # A changed FAQ or document may change the answer on the screen.
        if self.source:
            await self._ask()

    @handler
    async def ask(self, form: dict[str, Any]) -> Any:
        self.busy = "ask"
        yield
        self.asked = form_text(form, "text")
        await self._ask()

    async def _ask(self) -> None:
        trial = await try_question((await current_viewer(self)).scope(), self.asked)
        self.answer, self.source = trial.answer, trial.source
        self.faq_id = str(trial.faq.id) if trial.faq else ""
        self.faq_question = trial.faq.question if trial.faq else ""
        self.percent = f"{100 * trial.confidence:.0f}" if trial.confidence is not None else ""
        self.needed = f"{100 * trial.needed:.0f}"
        self.passage_needed = f"{100 * trial.passage_needed:.0f}"
        self.passages = [passage_line(one, self.asked, trial.passage_needed) for one in trial.passages[:SHOWN_PASSAGES]]
        self.is_sure = trial.confidence is not None and trial.confidence >= trial.needed
