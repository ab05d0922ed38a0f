"""Overview: what happens today, what it costs, who waits, and what to teach next."""

import reflex as rx

from omni_app.ui.components import bone, loaded, page_header, segmented, skeleton_rows
from omni_app.ui.navigation import NavEntry
from omni_app.ui.pages.overview import parts
from omni_app.ui.pages.overview.showing import PERIODS
from omni_app.ui.pages.overview.state import OverviewState
from omni_app.ui.shell import page

# Waits and the hour move on without a note from the server, so the page asks again each minute while somebody looks at it.
_EACH_MINUTE = """
clearInterval(window.omniMinute);
window.omniMinute = setInterval(() => {
  const again = document.getElementById("each-minute");
  if (!again) clearInterval(window.omniMinute);
  else if (!document.hidden) again.click();
}, 60000);
"""


def _skeleton() -> rx.Component:
    """The shape of the page: four figures, a chart with the budget beside it, the lists."""
    figure = rx.el.div(bone("96px"), rx.el.div(bone("72px", "26px"), class_name="v"), bone("120px"), class_name="kpi")

    def block(columns: str, *content: rx.Component) -> rx.Component:
        return rx.el.section(rx.el.header(bone("130px", "14px")), *content, class_name=f"panel {columns}")

    return rx.el.div(
        rx.el.div(*[figure] * 4, class_name="kpis n4"),
        rx.el.div(
            block("c8", rx.el.div(bone("100%", "212px"), class_name="body")),
            block("c4", rx.el.div(bone("60%", "24px"), rx.el.br(), bone("100%"), class_name="body")),
            block("c8", skeleton_rows(4)),
            block("c4", skeleton_rows(4)),
            class_name="cols fill",
        ),
        class_name="loading",
        aria_busy="true",
        aria_label="Loading",
    )


def _content() -> rx.Component:
    full = rx.fragment(
        parts.figures(),
        rx.el.div(
            rx.cond(OverviewState.is_new, parts.get_ready()),
            parts.answers(),
            parts.budget(),
            parts.waiting(),
            parts.channels(),
            parts.questions(),
            class_name="cols fill",
        ),
    )
    first = rx.el.div(parts.get_ready(), parts.budget(), class_name="cols fill")
    return rx.cond(OverviewState.has_conversations, full, first)


@page(
    "/",
    title="Overview",
    on_load=OverviewState.load,
    nav=NavEntry(group="", label="Overview", icon="house", order=1, key="o", tab=1),
)
def overview() -> rx.Component:
    return rx.el.div(
        page_header(
            "Overview",
            rx.cond(OverviewState.headline != "", OverviewState.headline, " "),
            rx.cond(
                OverviewState.has_conversations,
                segmented(PERIODS, OverviewState.period, OverviewState.set_period, "Period"),
            ),
        ),
        loaded(OverviewState, _content(), "The overview could not be loaded", OverviewState.load, _skeleton()),
        rx.el.button(id="each-minute", type="button", hidden=True, on_click=OverviewState.on_minute),
        on_mount=rx.call_script(_EACH_MINUTE),
        class_name="page",
    )
