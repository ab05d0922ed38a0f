"""Ask the assistant on the side: which FAQ would answer, how sure that is, and what a customer would read."""

from typing import Any

import reflex as rx

from omni_app.orchestrator.trying import try_question
from omni_app.ui.access import ViewerState, current_viewer, form_text, handler, loader
from omni_app.ui.live import watch


class TryState(ViewerState, rx.State):
    asked: str = ""
    answer: str = ""
    source: str = ""
    """faq, none, model or person; empty before the first question."""
    faq_id: str = ""
    faq_question: str = ""
    percent: str = ""
    needed: str = ""
    is_sure: bool = False

    @loader
    async def load(self) -> None:
        await watch(self, TryState.on_live, ("faq",))

    @handler
    async def begin(self) -> None:
        """The page appears with an empty box."""
        self.asked = self.source = ""

    @handler
    async def on_live(self, note: dict) -> None:
        # A changed FAQ may change the answer on the screen.
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
        self.is_sure = trial.confidence is not None and trial.confidence >= trial.needed
