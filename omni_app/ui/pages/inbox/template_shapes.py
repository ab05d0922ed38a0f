"""Message templates, as the composer lists them. Plain functions and dataclasses; nothing here touches data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from omni_app.channels.contract import TemplateInfo, TemplateUse
from omni_app.channels.templates import FILE, HEADER, HEADER_MEDIA, MEDIA_KINDS, fields_of, why_not
from omni_app.ui.access import form_text

VARIABLE = "var."
HEADER_TEXT = "header_text"
HEADER_FILE = "header_file"
"""How the inputs of the variables are named."""


@dataclass
class Gap:
    """One variable of a template. `field` is the name of its input; `is_media`: a link to a file, or a file that is stored."""

    field: str = ""
    label: str = ""
    longest: int = 1000
    is_media: bool = False


@dataclass
class HeaderFile:
    """A file of the conversation that may stand at the top of a template."""

    id: str = ""
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
    header_kind: str = ""
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
        header_kind=kind if (kind := str(info.header.get("kind") or "")) in MEDIA_KINDS else "",
        body=info.body,
        footer=info.footer,
        buttons=[str(button.get("text") or "") for button in info.buttons if button.get("text")],
        gaps=[
            Gap(field=_input_of(item.key), label=item.label, longest=item.longest, is_media=item.key == HEADER_MEDIA)
            for item in fields_of(info)
        ],
    )


def use_of(template: Template, filled: Mapping[str, str]) -> TemplateUse:
    """A template filled in; `filled` {field: text} is what was typed. A field that is missing counts as empty."""
    typed = {gap.field: filled.get(gap.field, "") for gap in template.gaps}
    return TemplateUse(
        name=template.name,
        language=template.language,
        variables={name.removeprefix(VARIABLE): text for name, text in typed.items() if name.startswith(VARIABLE)},
        header_text=typed.get(HEADER_TEXT, ""),
        header_media=typed.get(HEADER_MEDIA, ""),
    )


def typed_into(template: Template, form: object) -> dict[str, str]:
    """What a submitted form says of each variable; a chosen file stands for the link it was chosen instead of."""
    typed = {gap.field: form_text(form, gap.field) for gap in template.gaps}
    if HEADER_MEDIA in typed and (chosen := form_text(form, HEADER_FILE)):
        typed[HEADER_MEDIA] = FILE + chosen
    return typed


def _input_of(key: str) -> str:
    return {HEADER: HEADER_TEXT, HEADER_MEDIA: HEADER_MEDIA}.get(key, VARIABLE + key)


def matches(template: Template, query: str) -> bool:
    """Whether a template fits what is typed into the search."""
    typed = query.strip().casefold()
    return all(word in f"{template.name} {template.title} {template.about} {template.body}".casefold() for word in typed.split())


def in_use_first(templates: list[Template]) -> list[Template]:
    """What can be sent before what cannot, each by name."""
    return sorted(templates, key=lambda template: (bool(template.why_not), template.title.casefold(), template.language))
