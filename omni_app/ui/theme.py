"""One design language: the style sheet, the head of every page, and the Plotly template of each colour mode.

Colours, sizes and type live in `assets/omni.css`, Radix's own settings in `rxconfig.py`; nothing else here
names a colour value.
"""

import hashlib
from typing import Any

import reflex as rx

from omni_app.settings import ROOT

STYLESHEETS = [
    "/omni.css",
    "/pages.css",
    "/inbox.css",
    "/inbox-channels.css",
    "/costs.css",
    "/cache.css",
    "/limits.css",
    "/channels.css",
    "/sandbox.css",
]


def script_url(name: str = "omni.js") -> str:
    """Address of a script in `assets/` with a fingerprint, so a browser never runs last week's copy against today's pages."""
    body = (ROOT / "assets" / name).read_bytes()
    return f"/{name}?v={hashlib.sha256(body).hexdigest()[:8]}"


def head_components() -> list[rx.Component]:
    """Tags for the head of every page: the script is not deferred, because it sets the sidebar's width before the first paint."""
    return [
        rx.el.script(src=script_url()),
        rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
        rx.el.meta(name="color-scheme", content="light dark"),
    ]


def chart_template(text: str, axis: str, grid: str, panel: str, colors: list[str]) -> dict[str, Any]:
    """A Plotly template. Plotly reads no CSS variables, so the values of `omni.css` are repeated in `LIGHT` and `DARK`."""
    axis_style = {
        "gridcolor": grid,
        "linecolor": grid,
        "zeroline": False,
        "ticks": "",
        "tickfont": {"size": 11, "color": axis},
        "title": {"text": ""},
        "automargin": True,
    }
    return {
        "data": {"bar": [{"marker": {"line": {"color": panel, "width": 1}}}]},
        "layout": {
            "font": {"family": "Inter Variable, system-ui, sans-serif", "size": 12, "color": text},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": colors,
            "margin": {"l": 36, "r": 12, "t": 8, "b": 28},
            "barmode": "stack",
            "bargap": 0.28,
            "barcornerradius": 3,
            "showlegend": False,
            "xaxis": {**axis_style, "showgrid": False},
            "yaxis": {**axis_style, "nticks": 5},
            "hovermode": "x unified",
            "separators": ".,",
            "hoverlabel": {"bgcolor": panel, "bordercolor": grid, "font": {"size": 12, "color": text}},
        },
    }


LIGHT = chart_template(
    "#1c2024", "#60646c", "#e8e8ec", "#ffffff", ["#5b5bd6", "#00897a", "#ef5f00", "#0b76d1", "#c2298a", "#8f5400"]
)
DARK = chart_template(
    "#edeef0", "#b0b4ba", "#232528", "#161719", ["#7d79ea", "#1aa392", "#f5813c", "#3f93e0", "#e668b5", "#d9a038"]
)


def current_chart_template() -> rx.Var:
    """The template of the mode the page is in, for `rx.plotly.basic(template=…)`."""
    import plotly.graph_objs as graph  # heavy, and only pages with a real chart need it

    return rx.color_mode_cond(light=rx.Var.create(LIGHT), dark=rx.Var.create(DARK)).to(graph.layout.Template)
