"""The page `/cache`: what was answered before, and what serving it again saves."""

import reflex as rx

from omni_app.ui.components import bone, loaded, page_header, segmented, skeleton_rows
from omni_app.ui.navigation import NavEntry
from omni_app.ui.pages.cache.entries import EntriesState
from omni_app.ui.pages.cache.listed import dialogs, entries, suggestions
from omni_app.ui.pages.cache.parts import figures, hits, settings, tiers, warming
from omni_app.ui.pages.cache.settings import RulesState
from omni_app.ui.pages.cache.state import CacheState
from omni_app.ui.pages.cache.warming import WarmState
from omni_app.ui.pages.knowledge.suggested import SuggestedState
from omni_app.ui.shell import page

PERIODS = [("today", "Today"), ("week", "7 days"), ("month", "30 days")]


def _skeleton() -> rx.Component:
    figure = rx.el.div(bone("96px"), rx.el.div(bone("72px", "26px"), class_name="v"), bone("120px"), class_name="kpi")

    def block(columns: str, *content: rx.Component) -> rx.Component:
        return rx.el.section(rx.el.header(bone("130px", "14px")), *content, class_name=f"panel {columns}")

    return rx.el.div(
        rx.el.div(*[figure] * 4, class_name="kpis n4"),
        rx.el.div(
            block("c8", rx.el.div(bone("100%", "248px"), class_name="body")),
            block("c4", rx.el.div(bone("60%", "24px"), rx.el.br(), bone("100%"), class_name="body")),
            block("c8", skeleton_rows(5)),
            block("c4", skeleton_rows(4)),
            class_name="cols fill",
        ),
        class_name="loading",
        aria_busy="true",
        aria_label="Loading",
    )


@page(
    "/cache",
    title="Cache",
    on_load=[CacheState.load, EntriesState.load, RulesState.load, SuggestedState.load, WarmState.load],
    nav=NavEntry(group="Understand", label="Cache", icon="database_zap", order=30),
)
def cache() -> rx.Component:
    content = rx.fragment(
        figures(),
        rx.el.div(hits(), warming(), tiers(), settings(), class_name="cols fill"),
        rx.el.div(entries(), suggestions(), class_name="cols below"),
    )
    return rx.el.div(
        page_header(
            "Cache",
            "Answers that were given before are served again at no cost",
            segmented(PERIODS, CacheState.period, CacheState.set_period, "Period"),
        ),
        loaded(CacheState, content, "The cache could not be loaded", CacheState.load, _skeleton()),
        dialogs(),
        class_name="page",
    )
