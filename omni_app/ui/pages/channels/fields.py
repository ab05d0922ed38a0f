"""The set-up form of a channel, made from its adapter's settings model, and what was written into it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from omni_app.channels.contract import Adapter

ADVANCED = "advanced"


@dataclass
class Choice:
    value: str
    text: str


@dataclass
class SettingField:
    """One field. `kind`: text, secret, area, number, choice, box. Of a secret only `is_set` comes here."""

    name: str
    label: str
    help: str
    placeholder: str
    kind: str
    value: str
    is_set: bool = False
    is_optional: bool = False
    is_advanced: bool = False
    choices: list[Choice] = field(default_factory=list)


def setting_fields(
    adapter: Adapter, values: Mapping[str, str] | None = None, has: frozenset[str] = frozenset()
) -> list[SettingField]:
    """In the order of the model, with `values` as saved (None: a new connection); `has` names the secrets that are set."""
    return [
        _field(name, info, None if values is None else values.get(name, ""), name in has)
        for name, info in adapter.settings_model.model_fields.items()
    ]


def _field(name: str, info: FieldInfo, value: str | None, is_set: bool) -> SettingField:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    kind, choices = _kind(info, extra)
    given = "" if kind == "secret" else _default(info) if value is None else value
    return SettingField(
        name=name,
        label=info.title or name.replace("_", " ").capitalize(),
        help=info.description or "",
        placeholder="Set. Leave empty to keep it." if is_set else str(extra.get("placeholder", "")),
        kind=kind,
        value=given,
        is_set=is_set,
        is_optional=not info.is_required() and kind in ("text", "area") and not _default(info),
        is_advanced=extra.get("group") == ADVANCED,
        choices=choices,
    )


def _kind(info: FieldInfo, extra: Mapping[str, Any]) -> tuple[str, list[Choice]]:
    kind = info.annotation
    if get_origin(kind) is Literal:
        return "choice", [Choice(str(one), _CHOICES.get(str(one), str(one))) for one in get_args(kind)]
    if kind is bool:
        return "box", []
    if kind is int:
        return "number", []
    if kind is SecretStr:
        return "secret", []
    return ("area" if extra.get("multiline") else "text"), []


_CHOICES = {"tls": "TLS", "starttls": "STARTTLS", "none": "None"}


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return ""
    default = info.get_default(call_default_factory=True)
    if isinstance(default, SecretStr):
        return ""
    if isinstance(default, bool):
        return "true" if default else "false"
    return "" if default is None else str(default)


def typed_settings(adapter: Adapter, form: object) -> dict[str, str]:
    """What a submitted form says of the adapter's fields; whatever else is in it is left out."""
    given = form if isinstance(form, dict) else {}
    values: dict[str, str] = {}
    for one in setting_fields(adapter):
        value = given.get(one.name)
        if one.kind == "box":
            values[one.name] = "true" if value in ("on", "true", True) else "false"
        elif isinstance(value, str):
            values[one.name] = value
    return values


def typed_networks(form: object) -> list[str]:
    """The addresses requests may come from, one a line or separated by commas."""
    text = form.get("allowed_ips") if isinstance(form, dict) else ""
    return text.replace(",", "\n").split() if isinstance(text, str) else []
