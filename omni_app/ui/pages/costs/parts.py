"""The panels of the costs page above the ledger."""

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.ui.account import ShellState
from omni_app.ui.components import button_link, channel_icon, empty_state, icon, link, panel, segmented
from omni_app.ui.components.charts import chart, numbers, series_legend
from omni_app.ui.pages.costs.ledger import LedgerState
from omni_app.ui.pages.costs.showing import AlertLine, CostLine
from omni_app.ui.pages.costs.state import CostsState

MAY_CONFIGURE = ShellState.permissions.contains(Permission.CONFIGURE.value)


def _figure(label: str, value: rx.Var[str], note: rx.Var[str], tone: str = "", title: rx.Var[str] | str = "") -> rx.Component:
    return rx.el.div(
        rx.el.span(label, class_name="mut"),
        rx.el.span(value, class_name=f"mid num {tone}".strip()),
        rx.el.span(note, class_name="t1 mut"),
        title=title,
    )


def _meter() -> rx.Component:
    spent, limit = CostsState.spent, CostsState.limit
    return rx.fragment(
        rx.el.div(
            rx.el.i(
                class_name="fc",
                style={"insetInlineStart": CostsState.spent_percent + "%", "width": CostsState.likely_percent + "%"},
            ),
            rx.el.i(
                class_name="spent",
                style={
                    "width": CostsState.spent_percent + "%",
                    "background": rx.cond(CostsState.is_paused, "var(--bad)", ""),
                },
            ),
            rx.foreach(CostsState.ticks, lambda tick: rx.el.i(class_name="tick", style={"insetInlineStart": tick[0]})),
            class_name="bm wide",
            aria_label="Spent of the monthly budget",
            custom_attrs={
                "role": "meter",
                "aria-valuenow": CostsState.spent_percent,
                "aria-valuemin": "0",
                "aria-valuemax": "100",
                "aria-valuetext": spent + " of " + limit,
            },
        ),
        rx.el.div(
            rx.cond(
                CostsState.likely_words != "",
                rx.el.span(CostsState.likely_words, class_name="lk", style={"insetInlineStart": CostsState.spent_percent + "%"}),
            ),
            rx.foreach(CostsState.ticks, lambda tick: rx.el.span(tick[1], class_name="tk", style={"insetInlineStart": tick[0]})),
            class_name="bml wide",
            aria_hidden="true",
        ),
    )


def budget() -> rx.Component:
    """The live meter of the month that runs, with where it will end."""
    top = rx.el.div(
        rx.el.div(
            rx.el.div(
                rx.el.span("Spent of the monthly budget", class_name="mut"),
                rx.el.span(CostsState.percent_words, class_name="mut num"),
                class_name="row between",
            ),
            rx.el.div(
                rx.el.span(CostsState.spent, class_name="huge num"),
                rx.el.span(" of ", CostsState.limit, class_name="mut num"),
                rx.el.span(CostsState.left, " left", class_name="mut num left"),
            ),
            _meter(),
        ),
        _figure("Likely month end", CostsState.likely, CostsState.between, title=CostsState.how),
        _figure("Held for work in progress", CostsState.held, CostsState.held_for),
        _figure("Saved by stored answers", CostsState.saved, CostsState.saved_for, "good"),
        rx.cond(
            CostsState.credit != "", _figure("Prepaid credit", CostsState.credit, rx.Var.create("left, used after the budget"))
        ),
        class_name=rx.cond(CostsState.credit != "", "top4 five", "top4"),
    )
    foot = rx.el.span(
        rx.cond(CostsState.is_paused, icon("pause", "s", "warn-text"), icon("shield_check", "s", "good-text")),
        rx.el.span(
            CostsState.stops,
            rx.cond(CostsState.ahead != "", rx.el.b(" ", CostsState.ahead, class_name="med")),
        ),
        class_name="row",
        style={"alignItems": "flex-start", "gap": "6px"},
    )
    return panel(top, footer=foot, class_name="c12", aria_label="Budget")


def past_month() -> rx.Component:
    return panel(
        rx.el.div(
            _figure("Spent", CostsState.month_total, CostsState.compared),
            _figure("Saved by stored answers", CostsState.saved, CostsState.saved_for, "good"),
            class_name="top4 two",
        ),
        class_name="c12",
        aria_label="The month in figures",
    )


def per_day() -> rx.Component:
    mark = {"border": "1px dashed var(--chart-axis)"}
    has_spend = (CostsState.series.length() > 0) | CostsState.has_other
    legend = series_legend(
        CostsState.series,
        rx.cond(CostsState.has_other, rx.el.span(rx.el.i(class_name="sq", style={"background": "var(--chart-mute)"}), "Other")),
        rx.cond(CostsState.is_now, rx.el.span(rx.el.i(class_name="sq", style=mark), "Expected")),
    )
    return panel(
        rx.cond(
            has_spend,
            rx.fragment(
                rx.el.div(chart(CostsState.figure, CostsState.sentence), class_name="body"),
                numbers("Day", CostsState.heads, CostsState.lines, "Spend per day"),
            ),
            empty_state("Nothing spent", "Each paid answer, message or call will stand here on its day.", "wallet"),
        ),
        title="Spend per day",
        end=rx.cond(has_spend, legend),
        footer=rx.cond(CostsState.compared != "", CostsState.compared, CostsState.sentence),
        class_name="c8",
    )


def _alert(line: rx.Var[AlertLine]) -> rx.Component:
    return rx.el.li(
        rx.el.div(rx.el.span(line.title, class_name="med"), rx.el.br(), rx.el.span(line.about, class_name="t1 mut")),
        rx.cond(line.is_told, icon("bell_ring", "s", "warn-text"), icon("bell", "s", "mut")),
    )


def alerts() -> rx.Component:
    return panel(
        rx.el.ul(
            rx.foreach(CostsState.alerts, _alert),
            rx.cond(
                CostsState.unusual != "",
                rx.el.li(
                    rx.el.div(
                        icon("triangle_alert"),
                        rx.el.div(
                            rx.el.span(CostsState.unusual, class_name="med"),
                            rx.el.br(),
                            rx.el.span(CostsState.unusual_about, class_name="t1"),
                            class_name="grow",
                        ),
                        class_name="callout warn",
                    ),
                    class_name="whole",
                ),
            ),
            class_name="al",
        ),
        title="Alerts",
        end=rx.cond(MAY_CONFIGURE, button_link("Change", "/budget", tone="ghost", size="s")),
        class_name="c4",
    )


def _line(line: rx.Var[CostLine], by: rx.Var[str]) -> rx.Component:
    color = rx.match(line.place, (1, "var(--chart-1)"), (2, "var(--chart-2)"), (3, "var(--chart-3)"), "var(--slate-8)")
    name = rx.cond(
        line.href != "",
        link(rx.el.bdi(line.label), line.href, "trunc"),
        rx.el.span(line.label, class_name="trunc"),
    )
    return rx.el.tr(
        rx.el.td(
            rx.el.span(
                rx.cond((by == "channel") & (line.key != ""), rx.el.span(channel_icon(line.key), aria_hidden="true")),
                name,
                class_name="cell",
            )
        ),
        rx.el.td(
            rx.el.span(rx.el.i(style={"width": line.width, "background": color}), class_name="hb", aria_hidden="true"),
            class_name="b",
        ),
        rx.el.td(line.note, class_name="mut u"),
        rx.el.td(line.change, class_name="mut ch-of", title="Against as many days before"),
        rx.el.td(
            rx.cond(
                (line.key != "") | (by == "channel"),
                rx.el.button(
                    line.value,
                    type="button",
                    class_name="link num",
                    title="Show these lines in the ledger",
                    aria_label=line.label + ": " + line.value + ". Show the lines",
                    on_click=LedgerState.show_only(by, line.key, line.label),
                ),
                rx.el.span(line.value, class_name="num"),
            )
        ),
    )


def _breakdown(lines: rx.Var[list[CostLine]], by: rx.Var[str], label: str) -> rx.Component:
    return rx.cond(
        lines.length() > 0,
        rx.el.table(rx.el.tbody(rx.foreach(lines, lambda line: _line(line, by))), class_name="brk", aria_label=label),
        rx.el.p("Nothing was spent in this month.", class_name="mut quiet-note"),
    )


def breakdowns() -> rx.Component:
    return rx.fragment(
        panel(
            _breakdown(CostsState.left_lines, CostsState.left_by, "Costs by service or model"),
            title="What it went to",
            end=segmented([("service", "Services"), ("model", "Models")], CostsState.left_by, CostsState.set_left, "Group by"),
            class_name="c6 seg-head",
        ),
        panel(
            _breakdown(CostsState.right_lines, CostsState.right_by, "Costs by channel, customer or conversation"),
            title="Whom it was for",
            end=segmented(
                [("channel", "Channels"), ("customer", "Customers"), ("conversation", "Conversations")],
                CostsState.right_by,
                CostsState.set_right,
                "Group by",
            ),
            class_name="c6 seg-head",
        ),
    )
