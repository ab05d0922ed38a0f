"""Charts drawn by Plotly, as `look.md` §7 wants them: the template of the page's mode, one sentence as a label, a table behind.

Colours come from the template, so a figure is built once for light and dark; only what must look pale is named here. Load this
only into pages with a real chart: it brings 350 KiB to the browser.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import plotly.graph_objs as graph
import reflex as rx

from omni_app.ui.components.basics import Text
from omni_app.ui.theme import current_chart_template

PALE = "rgba(139,141,152,.45)"
HOLLOW = "rgba(139,141,152,.10)"
LINE = "rgba(139,141,152,.85)"
LIMIT = "#e5484d"
MOST_SERIES = 3
"""More than three colours in a stack are not told apart; the rest is "Other"."""


@dataclass
class NumbersLine:
    """One line of the table behind a chart."""

    label: str
    cells: list[str]


def stacked_days(
    days: Sequence[date],
    series: Mapping[str, Sequence[float]],
    *,
    other: Sequence[float] | None = None,
    expected: Mapping[date, float] | None = None,
    before: Sequence[float | None] | None = None,
    before_name: str = "",
    prefix: str = "$",
) -> graph.Figure:
    """Bars of each day, one colour for each of up to three `series`, `other` in grey, `expected` as hollow bars on top.

    `before` is a thin line to compare with, one value for each day, named at its end. Values in whole units (dollars).
    """
    figure = graph.Figure()
    for name, values in list(series.items())[:MOST_SERIES]:
        figure.add_bar(x=list(days), y=list(values), name=name)
    if other is not None and any(other):
        figure.add_bar(x=list(days), y=list(other), name="Other", marker={"color": PALE})
    if expected:
        style = {"color": HOLLOW, "line": {"color": LINE, "width": 1}}
        figure.add_bar(x=list(expected), y=list(expected.values()), name="Expected", marker=style)
    if before is not None and any(before):
        line = {"color": LINE, "width": 2, "dash": "dot"}
        figure.add_scatter(x=list(days), y=list(before), name=before_name, mode="lines", line=line)
    figure.update_layout(
        xaxis={
            "type": "date",
            "tickformat": "%-d",
            "hoverformat": "%A %-d %B",
            "dtick": 7 * 86_400_000,
            "tick0": days[0],
            "automargin": False,
        },
        yaxis={"tickprefix": prefix, "tickformat": _tick_format(figure), "hoverformat": ",.4~f", "rangemode": "tozero"},
        margin={"l": 40, "r": 8, "t": 8, "b": 24},
        dragmode=False,
    )
    return figure


def _tick_format(figure: graph.Figure) -> str:
    """Decimals of the axis: none for tens of dollars, four for parts of a cent."""
    most = max((float(value) for trace in figure.data for value in trace.y if value is not None), default=0.0)
    return ",.0f" if most >= 5 else ",.2f" if most >= 0.04 else ",.4f"


def chart(figure: Any, label: Text, height: str = "248px") -> rx.Component:
    """A figure from a state's var; `label` says in one sentence what it shows."""
    return rx.el.div(
        rx.plotly.basic(
            data=figure,
            template=current_chart_template(),
            config={"displayModeBar": False, "responsive": True},
            use_resize_handler=True,
            style={"width": "100%", "height": height},
        ),
        class_name="plot",
        role="img",
        aria_label=label,
        style={"minHeight": height},
    )


def numbers(first: Text, heads: rx.Var[list[str]], lines: rx.Var[list[NumbersLine]], label: str) -> rx.Component:
    """The table behind a chart, folded away; `first` is the head of its first column."""

    def row(line: rx.Var[NumbersLine]) -> rx.Component:
        return rx.el.tr(rx.el.th(line.label, scope="row"), rx.foreach(line.cells, lambda cell: rx.el.td(cell, class_name="r")))

    return rx.el.details(
        rx.el.summary("Show as a table", class_name="link"),
        rx.el.div(
            rx.el.table(
                rx.el.thead(
                    rx.el.tr(
                        rx.el.th(first, scope="col"),
                        rx.foreach(heads, lambda head: rx.el.th(head, scope="col", class_name="r")),
                    )
                ),
                rx.el.tbody(rx.foreach(lines, row)),
                class_name="table",
                aria_label=label,
            ),
            class_name="scroll",
        ),
        class_name="numbers",
    )


def series_legend(names: rx.Var[list[str]], *more: rx.Component) -> rx.Component:
    """The names of the first three colours of a stack, in its order, and `more` beside them."""
    return rx.el.span(
        rx.foreach(
            names,
            lambda name, place: rx.el.span(
                rx.el.i(class_name="sq", style={"background": "var(--chart-" + (place + 1).to_string() + ")"}), name
            ),
        ),
        *more,
        class_name="legend",
    )
