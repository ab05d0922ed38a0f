"""Message templates in Meta's form: read from its list, and filled in for sending.

https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview
"""

from collections.abc import Mapping
from typing import Any

from omni_app.channels.adapters.whatsapp.graph import call
from omni_app.channels.adapters.whatsapp.reading import parts, text_of
from omni_app.channels.adapters.whatsapp.settings import WhatsAppSettings
from omni_app.channels.contract import TemplateInfo, TemplateUse
from omni_app.infra.http import Http

MOST_PAGES = 20
FIELDS = "id,name,language,status,category,components,rejected_reason"
HEADER, BUTTON = "header:", "button:"
"""How variables outside the body are named in `TemplateUse.variables`: `header:name`, `button:0`."""


def template_body(use: TemplateUse, header: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The `template` object of a send; `header` is the parameter of a file in the head."""
    components: list[dict[str, Any]] = []
    heads = [dict(header)] if header else []
    if use.header_text:
        heads.append({"type": "text", "text": use.header_text})
    heads.extend(_named(name.removeprefix(HEADER), text) for name, text in use.variables.items() if name.startswith(HEADER))
    if heads:
        components.append({"type": "header", "parameters": heads})
    body = {name: text for name, text in use.variables.items() if not name.startswith((HEADER, BUTTON))}
    if body:
        components.append({"type": "body", "parameters": _body(body)})
    for name, text in use.variables.items():
        if name.startswith(BUTTON):
            index = name.removeprefix(BUTTON)
            parameter = {"type": "text", "text": text}
            components.append({"type": "button", "sub_type": "url", "index": index, "parameters": [parameter]})
    made: dict[str, Any] = {"name": use.name, "language": {"code": use.language}}
    if components:
        made["components"] = components
    return made


def _body(variables: Mapping[str, str]) -> list[dict[str, str]]:
    if all(name.isdigit() for name in variables):
        return [{"type": "text", "text": variables[name]} for name in sorted(variables, key=int)]
    return [_named(name, text) for name, text in variables.items()]


def _named(name: str, text: str) -> dict[str, str]:
    return {"type": "text", "parameter_name": name, "text": text}


async def list_templates(settings: WhatsAppSettings, http: Http) -> tuple[TemplateInfo, ...]:
    """All templates of the account. Raises `Refused`, `Revoked`, `Unavailable`."""
    found: list[TemplateInfo] = []
    after = ""
    for _ in range(MOST_PAGES):
        query = {"fields": FIELDS, "limit": "100", **({"after": after} if after else {})}
        page = await call(settings, http, "GET", f"{settings.business_account_id}/message_templates", query=query)
        found.extend(info for one in parts(page, "data") if (info := read_template(one)) is not None)
        paging = page.get("paging")
        cursors = paging.get("cursors") if isinstance(paging, dict) else None
        after = text_of(cursors.get("after"), 2000) if isinstance(cursors, dict) else ""
        if not after or not isinstance(paging, dict) or not paging.get("next"):
            break
    return tuple(found)


def read_template(template: Mapping[str, Any]) -> TemplateInfo | None:
    """One template of Meta's list, None when it has no name or language."""
    name, language = text_of(template.get("name"), 600), text_of(template.get("language"), 20)
    if not name or not language:
        return None
    components = {text_of(one.get("type"), 40).upper(): one for one in parts(template, "components")}
    head, body = components.get("HEADER", {}), components.get("BODY", {})
    kind = text_of(head.get("format"), 20).lower()
    reason = text_of(template.get("rejected_reason"), 300)
    return TemplateInfo(
        name=name,
        language=language,
        status=text_of(template.get("status"), 40).lower(),
        category=text_of(template.get("category"), 40).lower(),
        body=text_of(body.get("text"), 4000),
        header={"kind": kind, "text": text_of(head.get("text"), 200)} if kind else {},
        footer=text_of(components.get("FOOTER", {}).get("text"), 200),
        buttons=tuple(_button(one) for one in parts(components.get("BUTTONS", {}), "buttons")),
        external_id=text_of(template.get("id"), 60),
        reason="" if reason.upper() == "NONE" else reason,
    )


def _button(button: Mapping[str, Any]) -> dict[str, str]:
    made = {"type": text_of(button.get("type"), 40).lower(), "text": text_of(button.get("text"), 100)}
    if url := text_of(button.get("url"), 2000):
        made["url"] = url
    return made
