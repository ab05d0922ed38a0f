"""Message templates, as the composer lists them. Plain functions and dataclasses; nothing here touches data."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from omni_app.channels.contract import TemplateInfo, TemplateUse

VARIABLE = "var."
HEADER_TEXT = "header_text"
"""How the inputs of the variables are named."""

_VARIABLE = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
_WHY_NOT = {
    "pending": "WhatsApp is still looking at it.",
    "rejected": "WhatsApp rejected it.",
    "paused": "WhatsApp paused it, because of complaints.",
    "disabled": "WhatsApp switched it off.",
}


@dataclass
class Gap:
    """One variable of a template. `field` is the name of its input."""

    field: str = ""
    label: str = ""


@dataclass
class Template:
    """One template. `key` is its name and language; `why_not` says why it cannot be sent, "" when it can."""

    key: str = ""
    name: str = ""
    language: str = ""
    title: str = ""
    status: str = ""
    tone: str = ""
    about: str = ""
    why_not: str = ""
    header: str = ""
    body: str = ""
    footer: str = ""
    buttons: list[str] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


def template_of(info: TemplateInfo) -> Template:
    header = str(info.header.get("text") or "")
    header_kind = str(info.header.get("kind") or ("text" if header else ""))
    why_not = _WHY_NOT.get(info.status, "") if info.status != "approved" else ""
    if info.status != "approved" and not why_not:
        why_not = f"Its state is “{info.status or 'unknown'}”."
    if not why_not and header_kind not in ("", "text", "none"):
        why_not = f"Its {header_kind} on top cannot be sent from here."
    if why_not and info.reason and info.reason.lower() != "none":
        why_not = f"{why_not} {info.reason}"
    return Template(
        key=f"{info.name}/{info.language}",
        name=info.name,
        language=info.language,
        title=info.name.replace("_", " ").strip().capitalize(),
        status=info.status.capitalize(),
        tone={"approved": "good", "pending": "warn"}.get(info.status, "bad"),
        about=" · ".join(part for part in (info.language, info.category) if part),
        why_not=why_not,
        header=header,
        body=info.body,
        footer=info.footer,
        buttons=[str(button.get("text") or "") for button in info.buttons if button.get("text")],
        gaps=[*_header_gaps(header), *_body_gaps(info.body), *_button_gaps(info.buttons)],
    )


def use_of(template: Template, filled: Mapping[str, str]) -> TemplateUse:
    """A template filled in; `filled` {field: text} is what was typed. A field that is missing counts as empty."""
    typed = {gap.field: filled.get(gap.field, "") for gap in template.gaps}
    return TemplateUse(
        name=template.name,
        language=template.language,
        variables={name.removeprefix(VARIABLE): text for name, text in typed.items() if name.startswith(VARIABLE)},
        header_text=typed.get(HEADER_TEXT, ""),
    )


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(match.group(1) for match in _VARIABLE.finditer(text)))


def _body_gaps(text: str) -> list[Gap]:
    return [Gap(field=VARIABLE + name, label=_label(name) or f"Variable {name}{_place(text, name)}") for name in _names(text)]


def _header_gaps(text: str) -> list[Gap]:
    """A numbered variable of the title is its `header_text`, a named one has its name."""
    return [
        Gap(field=f"{VARIABLE}header:{name}" if _label(name) else HEADER_TEXT, label=_label(name) or "In the title")
        for name in _names(text)
    ]


def _button_gaps(buttons: Sequence[Mapping[str, Any]]) -> list[Gap]:
    """A button's link may end in a variable (https://developers.facebook.com/docs/whatsapp/message-templates)."""
    return [
        Gap(field=f"{VARIABLE}button:{index}", label=f"End of the link of “{button.get('text') or 'the button'}”")
        for index, button in enumerate(buttons)
        if _VARIABLE.search(str(button.get("url") or ""))
    ]


def _label(name: str) -> str:
    return "" if name.isdigit() else name.replace("_", " ").capitalize()


def _place(text: str, name: str) -> str:
    """Where a numbered variable stands, so that its label means something: " in “Your visit on …”"."""
    before = re.split(r"\{\{\s*" + re.escape(name) + r"\s*\}\}", text, maxsplit=1)[0]
    words = " ".join(_VARIABLE.sub("…", before).split()[-3:])
    return f", after “{words}”" if words else ""


def matches(template: Template, query: str) -> bool:
    """Whether a template fits what is typed into the search."""
    typed = query.strip().casefold()
    return all(word in f"{template.name} {template.title} {template.about} {template.body}".casefold() for word in typed.split())
