"""Message templates: kept as the provider has them, shown with their variables, filled in and checked.

A variable of the body keeps the provider's own name (`1`, `first_name`); those elsewhere are called `header`, `header:name` and
`button:0`, as the adapter takes them.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import text

from omni_app.channels.contract import TemplateInfo, TemplateUse
from omni_app.channels.jobs import CheckConnection
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import FieldError, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.jobs import enqueue
from omni_app.infra.scope import Permission

USABLE = "approved"
GONE = "deleted"
HEADER, HEADER_NAMED, BUTTON = "header", "header:", "button:"
HEADER_MEDIA, FILE = "header_media", "file:"
MEDIA_KINDS = {"image": "picture", "video": "film", "document": "document"}
LONGEST_VALUE = {HEADER: 60, BUTTON: 500, HEADER_MEDIA: 2000}
LONGEST_BODY_VALUE = 1000
_LINK = re.compile(r"https://[^\s\x00-\x20<>\"']+")
_VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_]{1,60})\s*\}\}")
# Buttons that need nothing of us when the template is sent.
_PLAIN_BUTTONS = frozenset({"quick_reply", "url", "phone_number", "voice_call", "call"})
_COLUMNS = "name, language, status, category, body, header, footer, buttons, external_id, reason"

_UPSERT = text(
    """
    insert into message_templates as t (id, business_id, connection_id, name, language, status, category, body, header, footer,
      buttons, external_id, reason, updated_at)
    select n.id, c.business_id, c.id, n.name, n.language, n.status, n.category, n.body, n.header, n.footer, n.buttons,
      n.external_id, n.reason, :now
    from channel_connections c, jsonb_to_recordset(cast(:templates as jsonb)) as n(id uuid, name text, language text, status text,
      category text, body text, header jsonb, footer text, buttons jsonb, external_id text, reason text)
    where c.id = :connection_id
    on conflict (connection_id, name, language) do update set status = excluded.status, category = excluded.category,
      body = excluded.body, header = excluded.header, footer = excluded.footer, buttons = excluded.buttons,
      external_id = excluded.external_id, reason = excluded.reason, updated_at = excluded.updated_at
    """
)
# A template that vanished stays readable in old conversations.
_VANISHED = text(
    """
    update message_templates set status = 'deleted', reason = '', updated_at = :now
    where connection_id = :connection_id and status <> 'deleted' and updated_at < :now
    """
)
# An empty word of a notice says nothing of that column.
_NOTE = text(
    """
    update message_templates set status = coalesce(nullif(:status, ''), status),
      category = coalesce(nullif(:category, ''), category), reason = case when :status <> '' then :reason else reason end,
      updated_at = :now
    where connection_id = :connection_id and name = :name and language = :language and body <> ''
    returning id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateField:
    """One value somebody has to fill in. `key` names it in `TemplateUse.variables`; `header` is `header_text`, `header_media` the
    picture, film or document at the top."""

    key: str
    label: str
    longest: int


async def keep_templates(db: Db, connection_id: UUID, templates: Sequence[TemplateInfo]) -> None:
    """Make the kept templates those the provider lists now; what is not listed counts as deleted.

    Raises `Forbidden` without CONFIGURE; a connection of somebody else gets none.
    """
    db.scope.require(Permission.CONFIGURE)
    at = now()
    known = {(one.name, one.language): one for one in templates}
    if known:
        rows = [{"id": str(new_id()), **_plain(one)} for one in known.values()]
        await db.execute(_UPSERT, {"connection_id": connection_id, "templates": json.dumps(rows), "now": at})
    await db.execute(_VANISHED, {"connection_id": connection_id, "now": at})
    live.publish(db, "channel.changed", connection_id=connection_id)


async def keep_template(db: Db, connection_id: UUID, template: TemplateInfo) -> None:
    """Take what a notice says of one template. Of one that is new, or whose content changed, all are read anew by a job."""
    db.scope.require(Permission.CONFIGURE)
    values = {
        "connection_id": connection_id,
        "name": template.name,
        "language": template.language,
        "status": template.status,
        "category": template.category,
        "reason": template.reason,
        "now": now(),
    }
    is_known = (await db.execute(_NOTE, values)).first() is not None
    if not is_known or not (template.status or template.category):
        await enqueue(db, CheckConnection(connection_id=connection_id))
    live.publish(db, "channel.changed", connection_id=connection_id)


async def list_templates(db: Db, connection_id: UUID, usable_only: bool = False) -> list[TemplateInfo]:
    """The templates of a connection by name, those at the provider no more left out. Raises `Forbidden` without VIEW."""
    db.scope.require(Permission.VIEW)
    found = await db.execute(
        f"""select {_COLUMNS} from message_templates where connection_id = :id and status <> :gone
            order by name, language""",  # noqa: S608 (constants)
        {"id": connection_id, "gone": GONE},
    )
    templates = [_info(row) for row in found]
    return [template for template in templates if not why_not(template)] if usable_only else templates


async def load_template(db: Db, connection_id: UUID, name: str, language: str) -> TemplateInfo:
    """One template. Raises `NotFound`, `Forbidden` without VIEW."""
    db.scope.require(Permission.VIEW)
    found = await db.execute(
        f"select {_COLUMNS} from message_templates where connection_id = :id and name = :name and language = :language",  # noqa: S608
        {"id": connection_id, "name": name, "language": language},
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound("template")
    return _info(row)


def fields_of(template: TemplateInfo) -> tuple[TemplateField, ...]:
    """What has to be filled in, in the order it is read."""
    found: list[TemplateField] = []
    head = str(template.header.get("text") or "")
    if what := MEDIA_KINDS.get(str(template.header.get("kind") or "")):
        longest = LONGEST_VALUE[HEADER_MEDIA]
        found.append(TemplateField(key=HEADER_MEDIA, label=f"{what.capitalize()} at the top", longest=longest))
    for name in _names(head):
        key = HEADER if name.isdigit() else HEADER_NAMED + name
        found.append(TemplateField(key=key, label=_label("Header", name), longest=LONGEST_VALUE[HEADER]))
    for name in _names(template.body):
        found.append(TemplateField(key=name, label=_label("", name), longest=LONGEST_BODY_VALUE))
    for index, button in enumerate(template.buttons):
        if _names(str(button.get("url") or "")):
            label = f"End of the address behind “{button.get('text') or 'the button'}”"
            found.append(TemplateField(key=f"{BUTTON}{index}", label=label, longest=LONGEST_VALUE[BUTTON]))
    return tuple(found)


def why_not(template: TemplateInfo) -> str:
    """Why a template cannot be sent from here, in words; "" when it can."""
    if template.status != USABLE:
        state = template.status.replace("_", " ") or "without a state"
        return f"The provider says: {state}{f', {template.reason}' if template.reason else ''}."
    kind = str(template.header.get("kind") or "")
    if kind not in {"", "text", *MEDIA_KINDS}:
        return f"It begins with a {kind}, which cannot be added here."
    if any(str(button.get("type") or "") not in _PLAIN_BUTTONS for button in template.buttons):
        return "It has a button that cannot be filled in here."
    return ""


def preview(template: TemplateInfo, variables: Mapping[str, str]) -> str:
    """The text as the customer is going to read it; what is not filled in yet stays a `{{variable}}`."""
    head = _filled(str(template.header.get("text") or ""), variables, HEADER)
    body = _filled(template.body, variables, "")
    return "\n\n".join(part for part in (head, body, template.footer) if part.strip())


def check_use(template: TemplateInfo, use: TemplateUse) -> TemplateUse:
    """What somebody filled in, clean.

    Raises `Invalid` with the composer's name of each wrong field: `var.<key>`, `header_text`.
    """
    if reason := why_not(template):
        raise Invalid(f"This template cannot be sent. {reason}", "template")
    given = values_of(use)
    fields = fields_of(template)
    wrong: list[FieldError] = []
    clean: dict[str, str] = {}
    for field in fields:
        clean[field.key] = given.pop(field.key, "").strip()
        problem = _media_problem(clean[field.key]) if field.key == HEADER_MEDIA else _problem(clean[field.key], field.longest)
        if problem:
            wrong.append(FieldError(field=_field(field.key), message=f"{field.label}: {problem}"))
    wrong.extend(FieldError(field=_field(key), message="The template has no such variable.") for key in sorted(given))
    if wrong:
        raise Invalid(wrong[0].message if len(wrong) == 1 else "Some variables cannot be accepted.", fields=wrong)
    header, media = clean.pop(HEADER, ""), clean.pop(HEADER_MEDIA, "")
    kind = str(template.header.get("kind") or "") if media else ""
    return TemplateUse(
        name=template.name,
        language=template.language,
        variables=clean,
        header_text=header,
        header_kind=kind,
        header_media=media,
    )


def values_of(use: TemplateUse) -> dict[str, str]:
    """All values by the keys of `fields_of`."""
    named = {HEADER: use.header_text, HEADER_MEDIA: use.header_media}
    return {**use.variables, **{key: value for key, value in named.items() if value}}


def _field(key: str) -> str:
    return {HEADER: "header_text", HEADER_MEDIA: HEADER_MEDIA}.get(key, f"var.{key}")


def _media_problem(value: str) -> str:
    """The provider fetches what a link names, so it must be open to everybody."""
    if not value:
        return "write a link, or choose a file."
    if value.startswith(FILE):
        try:
            UUID(value.removeprefix(FILE))
        except ValueError:
            return "choose a file."
        return ""
    parts = urlsplit(value) if _LINK.fullmatch(value) else None
    if parts is None or parts.scheme != "https" or "." not in (parts.hostname or "") or len(value) > LONGEST_VALUE[HEADER_MEDIA]:
        return "a link begins with https:// and names a file on the web."
    return ""


def _problem(value: str, longest: int) -> str:
    """The provider's rules for a variable: https://developers.facebook.com/docs/whatsapp/message-templates/guidelines."""
    if not value:
        return "write something."
    if len(value) > longest:
        return f"at most {longest} characters; this has {len(value)}."
    if re.search(r"[\n\r\t\x00]", value):
        return "no line breaks and no tabs."
    if "     " in value:
        return "no more than four spaces in a row."
    return ""


def _names(text_: str) -> list[str]:
    """The variables of a text, each once: numbers in their order, names as they are read."""
    names = list(dict.fromkeys(_VARIABLE.findall(text_)))
    return sorted(names, key=int) if names and all(name.isdigit() for name in names) else names


def _label(where: str, name: str) -> str:
    what = f"variable {name}" if name.isdigit() else name.replace("_", " ")
    return f"{where} {what}".strip().capitalize() if where or name.isdigit() else what.capitalize()


def _filled(text_: str, variables: Mapping[str, str], place: str) -> str:
    def value(found: re.Match[str]) -> str:
        name = found.group(1)
        key = name if not place else place if name.isdigit() else f"{place}:{name}"
        return str(variables.get(key) or "").strip() or found.group()

    return _VARIABLE.sub(value, text_)


def _plain(template: TemplateInfo) -> dict[str, Any]:
    return {
        **asdict(template),
        "header": dict(template.header),
        "buttons": [dict(button) for button in template.buttons],
    }


def _info(row: Any) -> TemplateInfo:
    return TemplateInfo(
        name=row.name,
        language=row.language,
        status=row.status,
        category=row.category,
        body=row.body,
        header=dict(row.header),
        footer=row.footer,
        buttons=tuple(row.buttons),
        external_id=row.external_id,
        reason=row.reason,
    )
