"""The figures of the cache page."""

import plotly.graph_objs as graph
import reflex as rx

from omni_app.infra.clock import now
from omni_app.insights.cache_figures import load_cache_report
from omni_app.insights.periods import period_of
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, handler, loader, viewer_db
from omni_app.ui.components.charts import NumbersLine
from omni_app.ui.live import watch
from omni_app.ui.pages.cache.showing import FigureLine, TierLine, figure_lines, hits_chart, tier_lines, value_words

LIVE_KINDS = ("cache", "message.created", "faq", "warming")


class CacheState(ViewerState, rx.State):
    period: str = "week"
    figures: list[FigureLine] = []
    worth: str = ""
    tiers: list[TierLine] = []
    has_answers: bool = False
    figure: graph.Figure = graph.Figure()
    heads: list[str] = []
    lines: list[NumbersLine] = []
    sentence: str = ""

    @loader
    async def load(self) -> None:
        await watch(self, CacheState.on_live, LIVE_KINDS, every=5.0)
        await self._read()

    @handler
    async def on_live(self, note: dict) -> None:
        await self._read()

    @handler
    async def set_period(self, name: str) -> None:
        period_of(name, "UTC", now())  # raises for anything but the three
        self.period = name
        await self._read()

    async def _read(self) -> None:
        async with viewer_db(self) as db:
            period = period_of(self.period, (await load_business(db)).timezone, now())
            report = await load_cache_report(db, period)
        drawn = hits_chart(report, period)
        self.figures, self.worth, self.tiers = figure_lines(report), value_words(report), tier_lines(report)
        self.has_answers = report.answers > 0
        self.figure, self.heads, self.lines, self.sentence = drawn.figure, drawn.heads, drawn.lines, drawn.sentence
