"""A report as a mail: HTML by a template that escapes everything, and plain text that says the same in aligned columns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from omni_app.insights.report_content import Content, Section
from omni_app.insights.report_drawing import WIDTH
from omni_app.settings import load_settings

_LINE = 72
_SHADES = {"good": "#5b5bd6", "warn": "#d97706", "bad": "#ce2c31"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMail:
    """One report ready to queue; `html` shows `images` {content id: PNG}."""

    subject: str
    text: str
    html: str
    images: dict[str, bytes] = field(default_factory=dict)


def render(content: Content, timezone: str, images: dict[str, bytes]) -> ReportMail:
    """The mail of a report whose charts are drawn already; a chart without an image is left out, its table stays."""
    base = load_settings().base_url
    html = _template().render(
        content=content,
        timezone=timezone,
        images=images,
        width=WIDTH,
        shade=_SHADES[content.budget.tone],
        costs_url=f"{base}/costs",
        reports_url=f"{base}/reports",
    )
    return ReportMail(subject=content.subject, text=_text(content, timezone, base), html=html, images=images)


@lru_cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report_mail.html")


def _text(content: Content, timezone: str, base: str) -> str:
    parts = [f"{content.title} · {content.business_name}\n{content.period}\n\n{content.lead}"]
    if not content.is_empty:
        wide = max(len(figure.label) for figure in content.figures)
        value = max(len(figure.value) for figure in content.figures)
        parts.append("\n".join(f"{figure.label:<{wide}}  {figure.value:>{value}}  {figure.note}" for figure in content.figures))
    parts.append("\n".join((f"{content.budget.title}: {content.budget.used}", *content.budget.notes)))
    parts.extend(_table(section) for section in content.sections)
    parts.append(f"Costs in US dollars, days as in {timezone}.\nAll costs: {base}/costs\nChange or stop reports: {base}/reports")
    return "\n\n".join(parts) + "\n"


def _table(section: Section) -> str:
    lines = (section.heads, *section.rows)
    widths = [max(len(line[place]) for line in lines) for place in range(len(section.heads))]
    widths[0] = min(widths[0], _LINE - sum(widths[1:]) - 2 * len(widths[1:]))
    drawn = [_aligned(line, widths) for line in lines]
    parts = [section.title, "-" * len(section.title), *drawn]
    return "\n".join((*parts, section.note) if section.note else parts)


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = cells[0] if len(cells[0]) <= widths[0] else cells[0][: widths[0] - 1] + "…"
    rest = (f"{cell:>{width}}" for cell, width in zip(cells[1:], widths[1:], strict=True))
    return "  ".join((f"{first:<{widths[0]}}", *rest))
