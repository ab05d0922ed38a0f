"""The panel that asks common questions ahead: an estimate first, a limit, progress, and a stop."""

from decimal import Decimal
from typing import Any

import reflex as rx

from omni_app.infra.errors import Invalid
from omni_app.infra.money import NUSD, dollars, to_nusd
from omni_app.orchestrator.warming import WarmingView, find_last_warming, plan_warming, start_warming, stop_warming
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, current_viewer, form_text, handler, loader, parse_id, viewer_db
from omni_app.ui.components import said
from omni_app.ui.live import watch
from omni_app.ui.pages.cache.showing import plan_words, run_words
from omni_app.ui.words import cost, zone_of

_CENT = NUSD // 100
SHOWN_QUESTIONS = 5


class WarmState(ViewerState, rx.State):
    plan: str = ""
    left_out: str = ""
    questions: list[str] = []
    more: str = ""
    can_start: bool = False
    proposal: str = ""
    """The limit that is proposed: half as much again as what is expected, in dollars."""
    form: int = 0

    run_id: str = ""
    is_running: bool = False
    progress: str = ""
    percent: str = "0"
    spent: str = ""
    last: str = ""

    @loader
    async def load(self) -> None:
        await watch(self, WarmState.on_live, ("warming",), every=0.5)
        await self._read_run()
        if not self.is_running:
            await self._read_plan()

    @handler
    async def on_live(self, note: dict) -> None:
        was_running = self.is_running
        await self._read_run()
        if was_running and not self.is_running:
            await self._read_plan()

    @handler
    async def start(self, form: dict[str, Any]) -> Any:
        self.busy = "start"
        yield
        limit = dollars_of(form_text(form, "limit"), "limit")
        try:
            await start_warming((await current_viewer(self)).scope(), limit)
        except Invalid as error:
            raise Invalid(str(error), "limit") from error
        await self._read_run()
        yield said("Warming started")

    @handler
    async def stop(self) -> Any:
        async with viewer_db(self) as db:
            await stop_warming(db, parse_id(self.run_id, "warming run"))
        await self._read_run()
        await self._read_plan()
        return said("Warming stopped. What is stored stays.")

    async def _read_run(self) -> None:
        async with viewer_db(self) as db:
            run = await find_last_warming(db)
            zone = zone_of((await load_business(db)).timezone) if run is not None else None
        self._show_run(run, zone)

    def _show_run(self, run: WarmingView | None, zone: object) -> None:
        self.run_id, self.is_running = (str(run.id), run.is_running) if run else ("", False)
        if run is None:
            self.last = ""
        elif run.is_running:
            self.progress = f"{run.done:,} of {run.wanted:,} questions"
            self.percent = f"{100 * run.done / run.wanted:.0f}" if run.wanted else "0"
            self.spent = f"{cost(run.cost_nusd)} of {cost(run.limit_nusd)}"
        else:
            self.last = run_words(run, zone)

    async def _read_plan(self) -> None:
        plan = await plan_warming((await current_viewer(self)).scope())
        self.plan, self.left_out = plan_words(plan)
        self.questions = list(plan.questions[:SHOWN_QUESTIONS])
        rest = len(plan.questions) - len(self.questions)
        self.more = f"and {rest:,} more" if rest > 0 else ""
        self.can_start = bool(plan.questions) and not plan.problem
        cents = max(1, -(-plan.expected_nusd * 3 // (2 * _CENT)))
        self.proposal, self.form = f"{dollars(cents * _CENT):.2f}", self.form + 1


def dollars_of(typed: str, field: str) -> int:
    """Nano-dollars of an amount somebody typed. Raises `Invalid` for anything that is none."""
    plain = typed.strip().removeprefix("$").strip().replace(",", "")
    try:
        return to_nusd(Decimal(plain))
    except (ValueError, ArithmeticError):
        raise Invalid("Write an amount in dollars, such as 0.50.", field) from None
