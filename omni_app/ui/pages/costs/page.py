"""The page `/costs`."""

import reflex as rx

from omni_app.ui.components import bone, button, button_link, empty_state, loaded, page_header, skeleton_rows
from omni_app.ui.navigation import NavEntry
from omni_app.ui.pages.costs import parts
from omni_app.ui.pages.costs.ledger import LedgerState
from omni_app.ui.pages.costs.ledger_parts import ledger
from omni_app.ui.pages.costs.state import CostsState
from omni_app.ui.shell import page


def _skeleton() -> rx.Component:
    def block(columns: str, *content: rx.Component) -> rx.Component:
        return rx.el.section(rx.el.header(bone("130px", "14px")), *content, class_name=f"panel {columns}")

    return rx.el.div(
        block("c12", rx.el.div(bone("220px", "28px"), rx.el.br(), bone("100%", "12px"), class_name="body")),
        block("c8", rx.el.div(bone("100%", "224px"), class_name="body")),
        block("c4", skeleton_rows(3)),
        block("c6", skeleton_rows(4)),
        block("c6", skeleton_rows(4)),
        class_name="cols loading",
        aria_busy="true",
        aria_label="Loading",
    )


def _months() -> rx.Component:
    return rx.cond(
        CostsState.months.length() > 1,
        rx.el.select(
            rx.foreach(CostsState.months, lambda month: rx.el.option(month[1], value=month[0])),
            value=CostsState.month,
            on_change=CostsState.set_month,
            class_name="input months",
            aria_label="Month",
        ),
    )


def _content() -> rx.Component:
    first = rx.el.section(
        empty_state(
            "Nothing was spent yet",
            "Answers from FAQ, passages and the cache cost nothing. The first paid answer shows here.",
            "wallet",
            button_link("See what answers cost", "/prices"),
        ),
        class_name="panel c12",
    )
    return rx.el.div(
        rx.cond(CostsState.is_now, parts.budget(), parts.past_month()),
        rx.cond(
            CostsState.has_lines,
            rx.fragment(parts.per_day(), parts.alerts(), parts.breakdowns(), ledger()),
            first,
        ),
        class_name="cols fill",
    )


@page(
    "/costs",
    title="Costs",
    on_load=[CostsState.load, LedgerState.load],
    nav=NavEntry(group="Understand", label="Costs", icon="wallet", order=20, tab=4),
)
def costs() -> rx.Component:
    return rx.el.div(
        page_header(
            "Costs",
            rx.cond(CostsState.about != "", CostsState.about, "What was spent, and on what"),
            _months(),
            rx.cond(CostsState.has_lines, button("Export CSV", "download", on_click=LedgerState.export)),
            rx.cond(parts.MAY_CONFIGURE, button_link("Change budget", "/budget", tone="primary")),
        ),
        loaded(CostsState, _content(), "Costs could not be loaded", CostsState.load, _skeleton()),
        class_name="page costs",
    )
