"""Draw a report's charts as PNG with matplotlib, without a browser: 560 px wide at twice the resolution, in the light colours.

Drawing takes processor time, so it runs in a worker, or by `draw_apart` in a process of its own where pages are served. As a
module (`python -m omni_app.insights.report_drawing`) it reads charts as JSON and writes their images as JSON.
"""

import asyncio
import base64
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from omni_app.infra.errors import Unavailable
from omni_app.infra.log import get_logger
from omni_app.settings import ROOT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

log = get_logger(__name__)

WIDTH = 560
_SCALE = 2
_SECONDS = 60.0

_TEXT, _AXIS, _GRID, _PANEL, _BAD = "#1c2024", "#60646c", "#e8e8ec", "#ffffff", "#ce2c31"
_MAIN, _MUTE = "#5b5bd6", "#b9bbc6"
_PALETTE = ("#5b5bd6", "#00897a", "#ef5f00", "#0b76d1", "#c2298a", "#8f5400")
_NUSD = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One picture. `kind` bars: one row a label, with `texts` at their ends. days: one column a label in nano-dollars, `before`
    as hollow columns behind. total: the sum up to each day as a line, `before` dashed, `limit` as a red line when it is near.

    `name` is its content id, `alt` the sentence that says the same.
    """

    name: str
    kind: Literal["bars", "days", "total"]
    alt: str
    labels: tuple[str, ...]
    values: tuple[int, ...]
    texts: tuple[str, ...] = ()
    colors: tuple[str, ...] = ()
    before: tuple[int, ...] = ()
    before_name: str = ""
    limit: int = 0


def draw(charts: Sequence[Chart]) -> dict[str, bytes]:
    """{name: PNG}. Blocks for about a tenth of a second a chart, the first time a second or two for loading matplotlib."""
    return {chart.name: _png(chart) for chart in charts}


def _png(chart: Chart) -> bytes:
    # Loaded here alone: it takes a second and 50 MB, which no process should pay that never draws.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height = 12 + 36 * len(chart.labels) if chart.kind == "bars" else 240
    # One inch is 100 px, so that points are 0.72 px.
    figure = Figure(figsize=(WIDTH / 100, height / 100), dpi=100 * _SCALE, facecolor=_PANEL)
    FigureCanvasAgg(figure)
    {"bars": _bars, "days": _columns, "total": _lines}[chart.kind](figure, chart)
    file = io.BytesIO()
    figure.savefig(file, format="png", facecolor=_PANEL)
    return file.getvalue()


def _px(size: float) -> float:
    return size * 0.72


def _bare(axes: "Axes") -> None:
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(length=0, labelsize=_px(13), labelcolor=_AXIS)
    axes.set_facecolor(_PANEL)


def _bars(figure: "Figure", chart: Chart) -> None:
    # Room for the longest label before the bars and for the longest figure behind them, at about 8 px a sign.
    left = (14 + 8 * max(len(_short(label)) for label in chart.labels)) / WIDTH
    right = (16 + 8 * max(len(text) for text in chart.texts)) / WIDTH
    axes = figure.add_axes((left, 0.0, max(0.2, 1 - left - right), 1.0))
    _bare(axes)
    places = range(len(chart.labels))
    most = max(chart.values) or 1
    colors = chart.colors or _PALETTE[:1] * len(chart.labels)
    axes.barh(places, chart.values, height=0.56, color=colors)
    axes.set_xlim(0, most)
    axes.set_ylim(len(chart.labels) - 0.5, -0.5)
    axes.set_xticks([])
    axes.set_yticks(places, [_short(label) for label in chart.labels], fontsize=_px(14), color=_TEXT, parse_math=False)
    for place, (value, text) in enumerate(zip(chart.values, chart.texts, strict=True)):
        axes.annotate(text, (value, place), (_px(8), 0), textcoords="offset points", va="center", fontsize=_px(14), color=_TEXT)


def _columns(figure: "Figure", chart: Chart) -> None:
    axes = figure.add_axes((0.11, 0.14, 0.87, 0.75))
    _money_axis(axes, max(*chart.values, *chart.before))
    places = range(len(chart.labels))
    axes.bar([place - 0.19 for place in places], _dollars(chart.values), width=0.36, color=_MAIN, zorder=2)
    axes.bar(
        [place + 0.19 for place in places],
        _dollars(chart.before),
        width=0.34,
        facecolor=_PANEL,
        edgecolor=_MUTE,
        linewidth=1,
        zorder=2,
    )
    axes.set_xticks(places, chart.labels)
    axes.set_xlim(-0.6, len(chart.labels) - 0.4)
    _key(figure, ("this week", _MAIN, True), (chart.before_name, _MUTE, False))


def _lines(figure: "Figure", chart: Chart) -> None:
    axes = figure.add_axes((0.11, 0.14, 0.87, 0.75))
    now, before = _sums(chart.values), _sums(chart.before)
    most = max(now[-1], before[-1] if before else 0)
    # A limit far above would press the lines to the floor.
    is_near = 0 < chart.limit <= 2.5 * most
    _money_axis(axes, max(most, chart.limit) if is_near else most)
    axes.plot(range(len(before)), _dollars(before), color=_MUTE, linewidth=1.5, linestyle=(0, (4, 3)), zorder=2)
    axes.fill_between(range(len(now)), _dollars(now), color=_MAIN, alpha=0.12, linewidth=0, zorder=2)
    axes.plot(range(len(now)), _dollars(now), color=_MAIN, linewidth=2, zorder=3)
    if is_near:
        axes.axhline(chart.limit / _NUSD, color=_BAD, linewidth=1, zorder=3)
        axes.annotate(
            "budget", (0, chart.limit / _NUSD), (0, 3), textcoords="offset points", fontsize=_px(13), color=_BAD, va="bottom"
        )
    shown = [place for place in range(len(chart.labels)) if place % 5 == 0]
    axes.set_xticks(shown, [chart.labels[place] for place in shown])
    axes.set_xlim(0, max(len(now), len(before), 2) - 1)
    _key(figure, ("sum of this month", _MAIN, True), (chart.before_name, _MUTE, False))


def _money_axis(axes: "Axes", most: int) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    _bare(axes)
    top = max(most, 1) / _NUSD
    axes.set_ylim(0, top * 1.12)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]))
    places = 0 if top >= 10 else 2 if top >= 0.05 else 4
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"${value:,.{places}f}"))
    axes.grid(axis="y", color=_GRID, linewidth=1, zorder=0)
    axes.set_axisbelow(True)


def _key(figure: "Figure", *entries: tuple[str, str, bool]) -> None:
    """Name what is drawn, at the top: a filled or hollow square and a word."""
    from matplotlib.patches import Rectangle

    left = 0.11
    for name, color, is_filled in entries:
        square = Rectangle(
            (left, 0.945), 0.018, 0.04, transform=figure.transFigure, facecolor=color if is_filled else _PANEL, edgecolor=color
        )
        figure.add_artist(square)
        figure.text(left + 0.026, 0.965, name, fontsize=_px(13), color=_AXIS, va="center")
        left += 0.06 + 0.0145 * len(name)


def _short(label: str) -> str:
    return label if len(label) <= 28 else label[:27] + "…"


def _dollars(values: Sequence[int]) -> list[float]:
    return [value / _NUSD for value in values]


def _sums(values: Sequence[int]) -> list[int]:
    total, sums = 0, []
    for value in values:
        total += value
        sums.append(total)
    return sums


async def draw_apart(charts: Sequence[Chart]) -> dict[str, bytes]:
    """As `draw`, in a process of its own, which ends afterwards. Raises `Unavailable` when that fails."""
    if not charts:
        return {}
    return await asyncio.to_thread(_run, json.dumps([asdict(chart) for chart in charts]))


def _run(charts: str) -> dict[str, bytes]:
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__],
            input=charts.encode(),
            capture_output=True,
            cwd=ROOT,
            # Nothing of this process's environment: there are secrets in it.
            env={"PYTHONIOENCODING": "utf-8", "LC_ALL": "C.UTF-8"},
            timeout=_SECONDS,
            check=True,
        )
    except (subprocess.SubprocessError, OSError) as error:
        log.warning("charts could not be drawn", error=str(error)[:300])
        raise Unavailable("Drawing the charts") from error
    return {name: base64.b64decode(data) for name, data in json.loads(done.stdout).items()}


def _read(parts: list[dict[str, Any]]) -> list[Chart]:
    def one(part: dict[str, Any]) -> Chart:
        values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in part.items()}
        return Chart(**values)

    return [one(part) for part in parts]


if __name__ == "__main__":
    drawn = draw(_read(json.load(sys.stdin)))
    print(json.dumps({name: base64.b64encode(data).decode() for name, data in drawn.items()}))
