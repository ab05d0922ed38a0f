"""Message templates, as the composer lists them. Plain functions and dataclasses; nothing here touches data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from omni_app.channels.contract import TemplateInfo, TemplateUse
from omni_app.channels.templates import HEADER, fields_of, why_not

VARIABLE = "var."
HEADER_TEXT = "header_text"
"""How the inputs of the variables are named."""


@dataclass
class Gap:
    """One variable of a template. `field` is the name of its input."""

    field: str = ""
    label: str = ""
    longest: int = 1000


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
    return Template(
        key=f"{info.name}/{info.language}",
        name=info.name,
        language=info.language,
        title=info.name.replace("_", " ").strip().capitalize(),
        status=info.status.capitalize(),
        tone={"approved": "good", "pending": "warn"}.get(info.status, "bad"),
        about=" · ".join(part for part in (info.language, info.category) if part),
        why_not=why_not(info),
        header=header,
        body=info.body,
        footer=info.footer,
        buttons=[str(button.get("text") or "") for button in info.buttons if button.get("text")],
        gaps=[Gap(field=_input_of(item.key), label=item.label, longest=item.longest) for item in fields_of(info)],
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


def _input_of(key: str) -> str:
    return HEADER_TEXT if key == HEADER else VARIABLE + key


def matches(template: Template, query: str) -> bool:
    """Whether a template fits what is typed into the search."""
    typed = query.strip().casefold()
    return all(word in f"{template.name} {template.title} {template.about} {template.body}".casefold() for word in typed.split())


def in_use_first(templates: list[Template]) -> list[Template]:
    """What can be sent before what cannot, each by name."""
    return sorted(templates, key=lambda template: (bool(template.why_not), template.title.casefold(), template.language))
